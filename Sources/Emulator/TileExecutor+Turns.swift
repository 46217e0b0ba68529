import Kernels
import Programs

/// An operation whose outermost loop's turns touch nothing of each other's, on several threads: each has a chip of its own and takes some of the turns; DRAM and resident tensors
/// are the first executor's. Only unchecked runs do this: maps of written bytes have one writer.
extension TileExecutor {
    /// The loop whose turns are shared among threads; nil where one thread runs them all.
    func sharedTurns(_ nest: PreparedNest) -> PreparedNest.Turns? {
        guard threads > 1, !checks, clock == nil, let turns = nest.turns, !nest.nest.cutsRows else { return nil }
        switch action {
        // A running loss, pooled rows and drawn biases pass from turn to turn, or to the caller.
        case .product(let product): return product.biasSign == .none ? turns : nil
        case .embed, .quantizeRows, .quantizeColumns, .softmax, .addNorm, .activation: return turns
        case .update: return isUpdateInPlace ? nil : turns
        default: return nil
        }
    }

    /// Runs the operation, its turns in as many parts as there are threads.
    func share(_ turns: PreparedNest.Turns) throws(TileError) {
        let parts = min(threads, turns.count)
        while helpers.count < parts - 1 {
            helpers.append(
                try TileExecutor(
                    scheduled, parameters: parameters, kernels: kernels, threads: 1, options: options, helperOf: self))
        }
        for helper in helpers.prefix(parts - 1) { helper.follow(self) }
        let all = threads
        threads = 1
        defer { threads = all }
        var executors = [self] + helpers.prefix(parts - 1)
        var outcomes = [Result<Void, TileError>](repeating: .success(()), count: parts)
        executors.withUnsafeMutableBufferPointer { executors in
            outcomes.withUnsafeMutableBufferPointer { outcomes in
                let (work, results) = (SharedBuffer(executors), SharedBuffer(outcomes))
                parallelFor(parts, threads: all) { part in
                    let range = turns.count * part / parts..<turns.count * (part + 1) / parts
                    results[part] = Result { () throws(TileError) in
                        try work[part].walk(turns, range, isFirst: part == 0)
                    }
                }
            }
        }
        // Parts are in the order of turns: the first part's fault is the one that one thread would find.
        for outcome in outcomes { try outcome.get() }
        for helper in helpers.prefix(parts - 1) { join(helper) }
    }

    private func join(_ helper: TileExecutor) {
        macs += helper.macs
        for (number, found) in helper.perturbations { count(found.statistics, of: found.weights, number) }
        for (number, found) in helper.updates { updates[number] = (updates[number] ?? UpdateStatistics()) + found }
        if let found = helper.accumulators { accumulators = accumulators.map { $0 + found } }
    }
}
