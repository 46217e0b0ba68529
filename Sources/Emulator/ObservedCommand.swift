import Kernels
import NumberFormats
import Programs

/// A command of a tiled run, while its observer is told of it. Pointers are valid until the observer returns.
public struct ObservedCommand {
    unowned(unsafe) let executor: TileExecutor
    /// Number of its operation in the program.
    public let operation: Int
    /// Number of its nest in the scheduled program.
    public let nest: Int
    /// Its place among the nest's commands, in the order of the text.
    public let index: Int
    public let command: Command
    /// Indices of the loops around it, outermost first; zeros behind them.
    public let indices: [Int]

    public var action: Action { executor.action }
    /// The query whose passes run; the number of queries once all have.
    public var query: Int { executor.query }
    /// What the step draws, and its number; nil in inference.
    public var step: (settings: StepSettings, number: Int)? {
        executor.stepContext.map { ($0.settings, $0.step) }
    }
    /// Number of the head among the tensors that draw; a new head's bias has the next.
    public var headNumber: Int { executor.parameters.shape.headNumber }
    /// Codes that the command limited to their range, once it has run.
    public var clamped: UInt64 { executor.clamped }
    /// Values that wait for the vector unit.
    public var drawn: [Int32] { executor.drawn }
    /// Codes that wait for the update, taken back from an in-place perturbation.
    public var restored: [Int8] { executor.restored }

    /// The bytes that a view names, as they stand; nil where there is no such tile, which the run itself will find.
    public func tile(_ view: TileView) -> ObservedTile? {
        let offset = view.offset.value(at: indices)
        guard view.dimensions.count <= 3, offset >= 0 else { return nil }
        let start: UnsafePointer<UInt8>
        if let buffer = view.buffer {
            let slot = executor.slots[buffer]
            guard slot.taken > 0, offset + view.extent <= slot.bytes else { return nil }
            if let source = slot.source {
                guard offset + view.extent <= slot.sourceBytes else { return nil }
                start = UnsafePointer(source)
            } else {
                start = UnsafePointer(executor.chipBase + slot.newest)
            }
        } else {
            guard let operand = view.operand, executor.operands.indices.contains(operand) else { return nil }
            let place = executor.places[operand]
            guard let base = place.base, !place.isInDRAM, offset + view.extent <= place.bytes else { return nil }
            start = UnsafePointer(base)
        }
        return ObservedTile(start: start + offset, dimensions: view.dimensions, runBytes: view.runBytes)
    }

    /// The tile of a load that has run, or of a store, one run.
    public func tile(_ transfer: Transfer, in buffer: Int) -> ObservedTile? {
        let slot = executor.slots[buffer]
        guard slot.taken > 0, transfer.bytes <= slot.bytes else { return nil }
        if slot.source != nil, transfer.bytes > slot.sourceBytes { return nil }
        let start = slot.source.map { UnsafePointer($0) } ?? UnsafePointer(executor.chipBase + slot.newest)
        return ObservedTile(start: start, dimensions: [], runBytes: transfer.bytes)
    }
}

extension ObservedCommand {
    /// A matmul command's way through the machine's array, at its beginning; nil for other commands. It moves nothing of the run.
    ///
    /// - Throws: where the register-level array cannot execute it.
    public func registerRun() throws(SystolicArrayError) -> SystolicRun? {
        guard case .matmul(let block) = command.work, case .product(let product) = action,
            let views = command.part?.views, views.count == 3, let first = tile(views[0]), let second = tile(views[1])
        else { return nil }
        let (a, b) = (first.operand(product.firstFormat), second.operand(product.secondFormat))
        guard let a, let b else { return nil }
        let run = try RegisterArray(executor.scheduled).prepare(product, block, a.tile, b.tile)?.run
        // The run has its own copy of the operands.
        withExtendedLifetime((a.memory, b.memory)) {}
        return run
    }
}

extension ObservedTile {
    /// The same with a byte for each code; and the memory that it then stands in.
    fileprivate func operand(_ format: ElementFormat) -> (tile: TileOperand, memory: AlignedBuffer<Int8>?)? {
        guard dimensions.count == 3 else { return nil }
        let (d, bytes) = (dimensions, UnsafeMutablePointer(mutating: start))
        let extent = d.reduce(runBytes) { $0 + ($1.count - 1) * $1.pitch }
        let packed = TileOperand(
            bytes: SharedBuffer(start: bytes, count: extent), counts: (d[0].count, d[1].count, d[2].count),
            pitches: (d[0].pitch, d[1].pitch, d[2].pitch), runBytes: runBytes)
        guard format == .int4 else { return (packed, nil) }
        let memory = AlignedBuffer<Int8>(count: packed.nibbles)
        let codes = packed.unpacked(at: memory.baseAddress)
        packed.forEachRun { run, before, count in
            for place in 0..<count {
                let byte = run[place / 2]
                memory[before + place] = Int8(bitPattern: place % 2 == 0 ? byte << 4 : byte) >> 4
            }
        }
        return (codes, memory)
    }
}

/// Bytes of one operand of a command: runs at regular distances.
public struct ObservedTile {
    let start: UnsafePointer<UInt8>
    let dimensions: [Transfer.Dimension]
    public let runBytes: Int

    /// Visits the runs, outermost dimension first.
    public func forEachRun(_ body: (UnsafeRawBufferPointer) -> Void) {
        visit(dimensions[...], start, body)
    }

    private func visit(
        _ dimensions: ArraySlice<Transfer.Dimension>, _ start: UnsafePointer<UInt8>,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard let first = dimensions.first else { return body(UnsafeRawBufferPointer(start: start, count: runBytes)) }
        for index in 0..<first.count { visit(dimensions.dropFirst(), start + index * first.pitch, body) }
    }

    /// All runs, one behind the other.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        forEachRun { result.append(contentsOf: $0) }
        return result
    }
}
