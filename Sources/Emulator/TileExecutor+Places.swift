import Kernels
import Programs

/// Where the operands of a command lie, and whether it may touch them.
extension TileExecutor {
    enum Use {
        case read, write, change
        /// Writes behind what another command brought to the same slot.
        case fill
    }

    /// Which bytes of an operand's tensor hold something; nil where nothing is checked.
    func written(_ operand: Int) -> WrittenBytes? {
        places[operand].isInDRAM ? image(operand).written : residents[operands[operand].index]?.written
    }

    /// The DRAM in which an operand lies.
    func image(_ operand: Int) -> DRAMImage { places[operand].isShared ? firstDRAM ?? dram : dram }

    func checkOperand(_ operand: Int) throws(TileError) {
        guard operands.indices.contains(operand) else {
            throw fault(.notDescribed("a tensor of the operation: it names number \(operand) of \(operands.count)"))
        }
    }

    /// The bytes of an operand of the running command, checked for `use`.
    func resolve(_ view: UnsafePointer<PreparedNest.View>, _ use: Use) throws(TileError) -> TileOperand {
        let offset = view.pointee.offset.value(at: indices)
        let buffer = view.pointee.buffer
        let extent = view.pointee.extent
        let start: UnsafeMutablePointer<UInt8>
        if buffer >= 0 {
            guard slots[buffer].taken > 0 else { throw fault(.noSlotTaken, name(buffer)) }
            guard offset >= 0, offset + extent <= slots[buffer].bytes else {
                throw fault(
                    .outsideSlot(end: offset < 0 ? offset : offset + extent, bytes: slots[buffer].bytes), name(buffer))
            }
            if checks {
                let acquires = current.pointee.takes >> UInt64(buffer) & 1 == 1
                try checkTokens(buffer, use)
                try view.pointee.joined.visit { run, count throws(TileError) in
                    try checkSlot(buffer, offset + run, count, use: use, acquires: acquires)
                }
            }
            if use == .write, view.pointee.stored >= 0, !checks, let operand = place(stored: view) { return operand }
            if use != .read {
                slots[buffer].written()
                if slots[buffer].source != nil { bring(buffer) }
            }
            start = (slots[buffer].source ?? chipBase + slots[buffer].newest) + offset
        } else {
            let operand = view.pointee.operand
            try checkOperand(operand)
            guard let base = places[operand].base, !places[operand].isInDRAM else {
                throw fault(.readBeforeWrite, name(operand: operand))
            }
            guard offset >= 0, offset + extent <= places[operand].bytes else {
                throw fault(
                    .outsideTensor(end: offset < 0 ? offset : offset + extent, bytes: places[operand].bytes),
                    name(operand: operand))
            }
            if checks {
                try view.pointee.joined.visit { run, count throws(TileError) in
                    try checkTensor(operand, offset + run, count, use, missing: .readBeforeWrite)
                }
            }
            start = base + offset
        }
        return TileOperand(
            bytes: SharedBuffer(start: start, count: extent), counts: view.pointee.shape.counts,
            pitches: view.pointee.shape.pitches, runBytes: view.pointee.shape.runBytes)
    }

    /// The bytes of DRAM that a result's store will fill, where it can be written there at once.
    private func place(stored view: UnsafePointer<PreparedNest.View>) -> TileOperand? {
        let stored = UnsafePointer(state.pointee.stored! + view.pointee.stored)
        let place = places[stored.pointee.operand]
        let start = stored.pointee.offset.value(at: indices)
        let end = start + stored.pointee.extent
        // What is out of range is left to the store to find.
        guard place.isInDRAM, let base = place.base, start >= 0, end <= place.bytes,
            (Int(bitPattern: base) + start) % 4 == 0
        else { return nil }
        slots[view.pointee.buffer].isStored = true
        return TileOperand(
            bytes: SharedBuffer(start: base + start, count: stored.pointee.extent), counts: view.pointee.shape.counts,
            pitches: stored.pointee.pitches, runBytes: view.pointee.shape.runBytes)
    }

    /// Copies a tile that so far was read where it stands in DRAM.
    private func bring(_ buffer: Int) {
        guard let source = slots[buffer].source else { return }
        UnsafeMutableRawPointer(chipBase + slots[buffer].newest).copyMemory(
            from: source, byteCount: slots[buffer].sourceBytes)
        slots[buffer].source = nil
    }

    /// A command waits for the tiles that it touches. A gather reads the row numbers that the DMA itself brought.
    private func checkTokens(_ buffer: Int, _ use: Use) throws(TileError) {
        guard current.pointee.kind != .transfer else { return }
        let waits = use == .read ? current.pointee.touches : current.pointee.makes
        guard waits >> UInt64(buffer) & 1 == 1 else {
            throw fault(.notWaitedFor, name(buffer))
        }
    }

    /// Reads find written bytes; writes to a slot that the command did not take find them, too: they overwrite in place.
    func checkSlot(
        _ buffer: Int, _ offset: Int, _ count: Int, use: Use, acquires: Bool
    ) throws(TileError) {
        let start = slots[buffer].newest
        let range = start + offset..<start + offset + count
        if use != .fill, use != .write || !acquires, let byte = chipWritten.first(range, false) {
            throw fault(use == .write ? .notAcquired : .readBeforeWrite, name(buffer), byte - start)
        }
        if use != .read { chipWritten.set(range, true) }
    }

    func checkTensor(
        _ operand: Int, _ offset: Int, _ count: Int, _ use: Use, missing: TileError.Fault
    ) throws(TileError) {
        guard let written = written(operand) else { return }
        let first = places[operand].start
        let range = first + offset..<first + offset + count
        if use != .write, let byte = written.alive.first(range, false) {
            throw fault(missing, name(operand: operand), byte - first)
        }
        guard use != .read else { return }
        if let byte = written.byOperation.first(range, true) {
            throw fault(.writtenTwice, name(operand: operand), byte - first)
        }
        written.alive.set(range, true)
        written.byOperation.set(range, true)
    }
}
