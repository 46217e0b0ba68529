import NumberFormats

/// Multiply-accumulate units of floating-point codes of at most 8 bits, prepared once for a command.
struct NarrowUnits {
    private let a, b: NarrowCodes
    /// The reference, for infinities and NaNs.
    let reference: MACStep

    /// Nil where a format has more bits.
    init?(_ command: SystolicCommand) {
        guard let a = command.rowFormat.float, let b = command.columnFormat.float, a.bits <= 8, b.bits <= 8 else {
            return nil
        }
        self.a = NarrowCodes(a)
        self.b = NarrowCodes(b)
        reference = command.step
    }

    /// Moves all registers of an array by one beat.
    func advance(_ array: SystolicArray, _ command: SystolicCommand, _ edges: EdgeActivity) {
        switch reference.accumulator {
        case .integer: preconditionFailure("integers have their own path")
        case .sequential: array.advanceNarrow(command, edges, reference, NarrowSequentialStep(a: a, b: b))
        case .grouped: array.advanceNarrow(command, edges, reference, NarrowGroupedStep(a: a, b: b))
        case .aligned(_, let fractionBits, let output):
            let step = NarrowAlignedStep(
                a: a, b: b, fractionBits: fractionBits, keptBits: output == .e8m13 ? 14 : 24)
            array.advanceNarrow(command, edges, reference, step)
        case .exact: array.advanceNarrow(command, edges, reference, NarrowExactStep(a: a, b: b))
        }
    }
}

/// One beat of every element for floating-point codes of at most 8 bits: sums one by one, codes and flags as for integers.
extension SystolicArray {
    /// Moves all registers by one beat.
    func advanceNarrow(
        _ command: SystolicCommand, _ edges: EdgeActivity, _ reference: MACStep, _ step: some NarrowStep
    ) {
        let isOutputStationary = command.dataflow == .outputStationary
        for row in (0..<shape.rows).reversed() {
            let start = place(row, 0)
            // Sums first: they look at the neighbours' codes and flags as they were.
            for i in start..<start + shape.columns {
                if isOutputStationary {
                    advanceNarrowOutput(i, command, reference, step)
                } else {
                    advanceNarrowSum(i, command, reference, step)
                }
            }
            var i = start + stride - 2 * Self.margin
            while i >= start {
                for lane in 0..<shape.lanes {
                    let place = lane * planeSize + i
                    a.store(a.vector(place - 1), place)
                    if isOutputStationary { shift.store(shift.vector(place - stride), place) }
                }
                if edges.loads { shiftDown(i, column: i - start) }
                flags.store(flags.vector(i - 1), i)
                if edges.inserts { shiftInserts(i) }
                i -= Self.margin
            }
        }
    }

    @inline(__always)
    private func advanceNarrowSum<Step: NarrowStep>(
        _ i: Int, _ command: SystolicCommand, _ reference: MACStep, _ step: Step
    ) {
        let flagsIn = flags[i - 1]
        let c: Step.Word = sum.word(i - stride)
        guard flagsIn & Flags.valid != 0 else { return sum.store(c, at: i) }
        if flagsIn & Flags.first != 0 {
            for lane in 0..<shape.lanes { active[lane * planeSize + i] = waiting[lane * planeSize + i] }
        }
        let operands = NarrowOperands(
            a: a.bytes + (i - 1), b: active.bytes + i, lanes: shape.lanes, planeSize: planeSize)
        sum.store(step.sum(c, operands) ?? special(c, operands, command, reference), at: i)
    }

    @inline(__always)
    private func advanceNarrowOutput<Step: NarrowStep>(
        _ i: Int, _ command: SystolicCommand, _ reference: MACStep, _ step: Step
    ) {
        let isInserted = inserts[i - stride] & Inserts.late != 0
        let below: Step.Word = isInserted ? held.word(i) : sum.word(i - stride)
        sum.store(below, at: i)
        let flagsIn = flags[i - 1]
        guard flagsIn & Flags.valid != 0 else { return }
        let c: Step.Word = flagsIn & Flags.first != 0 ? 0 : accumulating.word(i)
        let operands = NarrowOperands(
            a: a.bytes + (i - 1), b: shift.bytes + (i - stride), lanes: shape.lanes, planeSize: planeSize)
        let grown = step.sum(c, operands) ?? special(c, operands, command, reference)
        accumulating.store(grown, at: i)
        if flagsIn & Flags.last != 0 { held.store(grown, at: i) }
    }

    /// A step by the reference.
    @inline(never)
    private func special<Word: FixedWidthInteger>(
        _ c: Word, _ operands: NarrowOperands, _ command: SystolicCommand, _ reference: MACStep
    ) -> Word {
        func codes(_ bytes: UnsafePointer<UInt8>) -> [UInt32] {
            command.codes((0..<operands.lanes).map { bytes[$0 * operands.planeSize] })
        }
        return Word(truncatingIfNeeded: reference.sum(UInt128(c), codes(operands.a), codes(operands.b)))
    }
}

extension SumPlane {
    /// A sum in a register of 32 bits or more.
    @inline(__always)
    func word<Word: FixedWidthInteger>(_ i: Int) -> Word { Word(truncatingIfNeeded: self[i]) }

    /// Writes it.
    @inline(__always)
    func store<Word: FixedWidthInteger>(_ word: Word, at i: Int) { self[i] = UInt128(truncatingIfNeeded: word) }
}
