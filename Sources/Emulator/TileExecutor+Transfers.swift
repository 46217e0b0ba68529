import Kernels
import Programs

/// Loads and stores: bytes between DRAM and slots.
extension TileExecutor {
    /// The slot that a transfer fills or empties, from its first byte on.
    private func tile(_ transfer: UnsafePointer<PreparedNest.Transfer>) throws(TileError) -> UnsafeMutablePointer<UInt8>
    {
        let buffer = transfer.pointee.buffer
        let bytes = transfer.pointee.bytes
        guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name(buffer)) }
        guard bytes <= slots[buffer].bytes else {
            throw fault(.outsideSlot(end: bytes, bytes: slots[buffer].bytes), name(buffer))
        }
        if checks {
            let acquires = current.pointee.takes >> UInt64(buffer) & 1 == 1
            guard acquires || !transfer.pointee.isLoad else { throw fault(.notAcquired, name(buffer)) }
            try checkSlot(buffer, 0, bytes, use: transfer.pointee.isLoad ? .write : .read, acquires: acquires)
        }
        if transfer.pointee.isLoad { slots[buffer].written() }
        return slots[buffer].source ?? chipBase + slots[buffer].newest
    }

    func load(
        _ transfer: UnsafePointer<PreparedNest.Transfer>, _ nest: PreparedNest,
        _ command: UnsafePointer<PreparedNest.Prepared>
    ) throws(TileError) {
        // A load that takes no slot finds none, or one that is read.
        if command.pointee.acquires.isEmpty { throw fault(.notAcquired, name(transfer.pointee.buffer)) }
        let target = try tile(transfer)
        let operand = transfer.pointee.operand
        let base = try dramTensor(operand)
        if transfer.pointee.isGathered {
            return try gather(transfer, TileCommand(executor: self, nest: nest, command: command), target, base)
        }
        let start = transfer.pointee.offset.value(at: indices)
        if !checks, transfer.pointee.runs.runBytes == transfer.pointee.bytes, (Int(bitPattern: base) + start) % 4 == 0 {
            // One run: nothing writes it in DRAM while the tile stands, so whoever only reads it reads it there.
            try checkDRAM(operand, start, transfer.pointee.bytes, .read)
            slots[transfer.pointee.buffer].source = base + start
            slots[transfer.pointee.buffer].sourceBytes = transfer.pointee.bytes
            return
        }
        var next = target
        try transfer.pointee.runs.visit { run, count throws(TileError) in
            try checkDRAM(operand, start + run, count, .read)
            UnsafeMutableRawPointer(next).copyMemory(from: base + start + run, byteCount: count)
            next += count
        }
    }

    /// Rows of a table, by the numbers in a tile.
    private func gather(
        _ transfer: UnsafePointer<PreparedNest.Transfer>, _ command: TileCommand,
        _ target: UnsafeMutablePointer<UInt8>, _ base: UnsafeMutablePointer<UInt8>
    ) throws(TileError) {
        let operand = transfer.pointee.operand
        let numbers = try command.operand(0, .read)
        let (rows, rowBytes, pitch) = (transfer.pointee.rows, transfer.pointee.rowBytes, transfer.pointee.rowPitch)
        // Of rows that come in segments, bytes from a row's start.
        let start = transfer.pointee.offset.value(at: indices)
        guard numbers.bytes.count == 4 * rows else {
            throw fault(.sizesDiffer(what: "row numbers", found: numbers.bytes.count / 4, needed: rows))
        }
        guard start >= 0, start + rowBytes <= pitch else {
            throw fault(.sizesDiffer(what: "bytes of a table's row", found: start + rowBytes, needed: pitch))
        }
        let count = places[operand].bytes / pitch
        for index in 0..<rows {
            let row = Int(numbers.pointer(Int32.self)[index])
            guard row >= 0, row < count else {
                throw fault(.rowOutsideTable(row: row, rows: count), name(operand: operand))
            }
            try checkDRAM(operand, row * pitch + start, rowBytes, .read)
            UnsafeMutableRawPointer(target + index * rowBytes).copyMemory(
                from: base + row * pitch + start, byteCount: rowBytes)
        }
    }

    func store(_ transfer: UnsafePointer<PreparedNest.Transfer>) throws(TileError) {
        let source = try tile(transfer)
        let operand = transfer.pointee.operand
        let base = try dramTensor(operand)
        let start = transfer.pointee.offset.value(at: indices)
        var next = source
        let isThere = slots[transfer.pointee.buffer].isStored
        try transfer.pointee.runs.visit { run, count throws(TileError) in
            try checkDRAM(operand, start + run, count, .write)
            if isThere { return }
            UnsafeMutableRawPointer(base + start + run).copyMemory(from: next, byteCount: count)
            next += count
        }
    }

    private func dramTensor(_ operand: Int) throws(TileError) -> UnsafeMutablePointer<UInt8> {
        try checkOperand(operand)
        guard places[operand].isInDRAM, let base = places[operand].base else {
            throw fault(.notInDRAM, name(operand: operand))
        }
        return base
    }

    @inline(__always)
    private func checkDRAM(_ operand: Int, _ offset: Int, _ count: Int, _ use: Use) throws(TileError) {
        guard offset >= 0, offset + count <= places[operand].bytes else {
            throw fault(
                .outsideTensor(end: offset < 0 ? offset : offset + count, bytes: places[operand].bytes),
                name(operand: operand))
        }
        guard checks else { return }
        try checkTensor(operand, offset, count, use, missing: .loadBeforeStore)
        // A store waits while later loads are served.
        guard use == .read, places[operand].isResult else { return }
        let first = places[operand].start
        if let byte = image(operand).written?.byOperation.first(first + offset..<first + offset + count, true) {
            throw fault(.loadAfterStore, name(operand: operand), byte - first)
        }
    }
}
