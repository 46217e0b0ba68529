import Kernels
import Programs

/// The passes with +d and with −d of a query, where each fetches its own weights: neither reads what the other writes, so two threads run them at once. The partner
/// has a chip of its own and its own bytes for what its pass writes; all else, weights above all, it reads where the first executor has it.
extension TileExecutor {
    /// The operations of the two passes that begin at `number`; nil where no two passes do, or nothing is gained.
    func passes(from number: Int) -> (plus: Range<Int>, minus: Range<Int>)? {
        let operations = scheduled.program.operations
        guard threads > 1, clock == nil, observer == nil, operations[number].pass == .plus else { return nil }
        let middle = operations[number...].firstIndex { $0.pass != .plus } ?? operations.endIndex
        guard middle < operations.endIndex, operations[middle].pass == .minus else { return nil }
        let end = operations[middle...].firstIndex { $0.pass != .minus } ?? operations.endIndex
        // What one pass leaves to the other, if anything, is no longer there when both run at once.
        let written = Set(operations[number..<middle].flatMap { $0.writes.map(\.index) })
        let isApart = operations[middle..<end].allSatisfy { operation in
            (operation.reads + operation.writes).allSatisfy { !written.contains($0.index) }
        }
        return isApart ? (number..<middle, middle..<end) : nil
    }

    /// Made when first asked for.
    private func partner() throws(TileError) -> TileExecutor {
        if let other { return other }
        let made = try TileExecutor(
            scheduled, parameters: parameters, kernels: kernels, threads: 1, options: options, partnerOf: self)
        other = made
        return made
    }

    /// Cycles and commands of the register-level array so far.
    var registerCycles: (cycles: Int, commands: Int) {
        let others = other?.registerCycles ?? (cycles: 0, commands: 0)
        return (registers.cycles + others.cycles, registers.commands + others.commands)
    }

    /// Runs both passes. The first pass's fault counts where both have one, as it would be found first.
    func run(_ passes: (plus: Range<Int>, minus: Range<Int>)) throws(EmulatorError) {
        let other: TileExecutor
        do throws(TileError) { other = try partner() } catch { throw .tile(error) }
        other.take(passes.minus, from: self)
        var outcomes: [Result<Void, EmulatorError>] = [.success(()), .success(())]
        var executors = [(self, passes.plus, threads - threads / 2), (other, passes.minus, threads / 2)]
        executors.withUnsafeMutableBufferPointer { executors in
            outcomes.withUnsafeMutableBufferPointer { outcomes in
                let (work, results) = (SharedBuffer(executors), SharedBuffer(outcomes))
                parallelFor(2, threads: 2) { index in
                    let (executor, operations, threads) = work[index]
                    results[index] = Result { () throws(EmulatorError) in
                        try executor.run(operations, threads: threads)
                    }
                }
            }
        }
        for outcome in outcomes { try outcome.get() }
        join(other, passes.minus)
    }

    /// Takes over, before its pass, what the first executor has.
    private func take(_ operations: Range<Int>, from first: TileExecutor) {
        results = [:]
        macs = 0
        stepContext = first.stepContext
        query = first.query
        accumulators = first.accumulators == nil ? nil : AccumulatorStatistics()
        own = Set(scheduled.program.operations[operations].flatMap { $0.writes.map(\.index) })
        residents = first.residents
    }

    /// Takes back what the partner's pass leaves, and drops what it was the last to read.
    private func join(_ other: TileExecutor, _ operations: Range<Int>) {
        results.merge(other.results) { _, new in new }
        macs += other.macs
        if let found = other.accumulators { accumulators = accumulators.map { $0 + found } }
        let lifetimes = scheduled.memory.lifetimes
        for index in other.own ?? [] {
            guard let life = lifetimes[index], !operations.contains(life.upperBound) else { continue }
            dram.copy(index, from: other.dram)
            if let resident = other.residents.removeValue(forKey: index) { residents[index] = resident }
        }
        for (index, resident) in residents where lifetimes[index].map({ operations.contains($0.upperBound) }) ?? false {
            residents[index] = nil
            recycle(resident)
        }
        // The rest are the first executor's.
        other.residents = [:]
    }
}
