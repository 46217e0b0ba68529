import Hardware

extension Nest {
    /// Visits every command in the order of issue, with the indices of the loops around it, outermost first.
    ///
    /// The order and number of commands are what `counts(on:)` and Timing evaluate without visiting them.
    public func forEachCommand(_ visit: (Command, [Int]) throws -> Void) rethrows {
        var indices: [Int] = []
        func walk(_ nodes: [NestNode]) throws {
            for node in nodes {
                switch node {
                case .command(let command): try visit(command, indices)
                case .release: break
                case .loop(let count, let body):
                    indices.append(0)
                    for index in 0..<count {
                        indices[indices.count - 1] = index
                        try walk(body)
                    }
                    indices.removeLast()
                }
            }
        }
        try walk(body)
    }

    /// Commands of all turns; `Int.max` where there are more.
    public var commandCount: Int {
        func count(_ nodes: [NestNode]) -> Int {
            nodes.reduce(0) { sum, node in
                let more: Int
                switch node {
                case .command: more = 1
                case .release: more = 0
                case .loop(let turns, let body):
                    let (value, overflow) = count(body).multipliedReportingOverflow(by: turns)
                    more = overflow ? .max : value
                }
                let (value, overflow) = sum.addingReportingOverflow(more)
                return overflow ? .max : value
            }
        }
        return count(body)
    }

    /// What the nest does, in closed form: each command's counts times the turns of the loops around it.
    public func counts(on model: MachineModel) throws(ScheduleError) -> ActionCounts {
        var total = ActionCounts()
        var wanted = [(read: Int, written: Int)](repeating: (0, 0), count: usefulBytes.count)
        var loops: [Int] = []

        func count(_ command: Command) throws(ScheduleError) {
            var times = 1
            for turns in loops { times = try Checked.product(times, turns, "the count of commands") }
            var one = try Self.counts(of: command, on: model)
            let moved: (transfer: Transfer, isRead: Bool)?
            switch command.work {
            case .load(let transfer): moved = (transfer, true)
            case .store(let transfer): moved = (transfer, false)
            default: moved = nil
            }
            if let (transfer, isRead) = moved {
                let bytes = try Checked.product(transfer.bytes, times, "the count of DRAM bytes")
                var starts = [transfer.offset.base % model.burstBytes: 1]
                for (depth, turns) in loops.enumerated() {
                    let stride = depth < transfer.offset.strides.count ? transfer.offset.strides[depth] : 0
                    model.spread(&starts, count: turns, stride: stride)
                }
                let bursts = model.bursts(transfer, starts: starts)
                let padding = try Checked.product(bursts, model.burstBytes, "the count of DRAM bytes") - bytes
                // Refetches are told from first fetches when all of an operand is known.
                if isRead {
                    total.dramRead.padding = try Checked.sum(total.dramRead.padding, padding, "the count of DRAM bytes")
                    wanted[transfer.operand].read = try Checked.sum(
                        wanted[transfer.operand].read, bytes, "the count of DRAM bytes")
                } else {
                    total.dramWritten.padding = try Checked.sum(
                        total.dramWritten.padding, padding, "the count of DRAM bytes")
                    wanted[transfer.operand].written = try Checked.sum(
                        wanted[transfer.operand].written, bytes, "the count of DRAM bytes")
                }
                one.dramRead = DRAMBytes()
                one.dramWritten = DRAMBytes()
            }
            try total.combine(one, times: times)
        }
        func walk(_ nodes: [NestNode]) throws(ScheduleError) {
            for node in nodes {
                switch node {
                case .command(let command): try count(command)
                case .release: break
                case .loop(let turns, let body):
                    loops.append(turns)
                    try walk(body)
                    loops.removeLast()
                }
            }
        }
        try walk(body)
        for (operand, bytes) in wanted.enumerated() {
            let useful = usefulBytes[operand]
            total.dramRead.useful += min(useful, bytes.read)
            total.dramRead.refetch += bytes.read - min(useful, bytes.read)
            total.dramWritten.useful += min(useful, bytes.written)
            total.dramWritten.refetch += bytes.written - min(useful, bytes.written)
        }
        return total
    }

    /// Counts of one command but for DRAM.
    ///
    /// - Throws: `ScheduleError.tooLarge` where 64 bits do not hold one.
    public static func counts(of command: Command, on model: MachineModel) throws(ScheduleError) -> ActionCounts {
        var counts = ActionCounts()
        for access in command.accesses {
            if access.read > 0 { counts.sramRead[access.buffer, default: 0] += access.read }
            if access.written > 0 { counts.sramWritten[access.buffer, default: 0] += access.written }
        }
        switch command.work {
        case .load, .store: break
        case .perturb(let weights, let signs, let draws):
            counts.perturbedWeights = weights * signs
            for purpose in draws { counts.randomBits[purpose] = weights * model.randomBits(purpose) }
        case .draw(let values, let draws):
            for purpose in draws { counts.randomBits[purpose] = values * model.randomBits(purpose) }
        case .update(let weights, let draws):
            counts.updatedWeights = weights
            for purpose in draws { counts.randomBits[purpose] = weights * model.randomBits(purpose) }
        case .matmul(let block):
            let array = model.array(block.format)
            let cycles = array.cycles(block)
            counts.macs[block.format] = block.macs
            counts.arrayCycles = cycles
            counts.slots = try array.slots(cycles: cycles)
            counts.idleSlots = counts.slots - block.macs
            counts.registerBits = try array.registerBits(block)
        case .vector(let work):
            counts.vectorOperations = work.operations.filter { $0.value > 0 }
        }
        return counts
    }
}
