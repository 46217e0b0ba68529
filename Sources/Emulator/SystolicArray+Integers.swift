import NumberFormats

/// One beat of every element for integer accumulators, sixteen columns at once: the same registers as the reference.
extension SystolicArray {
    /// Moves all registers by one beat.
    ///
    /// Like the reference it goes from the last row up and from the right. Places beside the columns move along; nobody looks at them.
    func advanceIntegers(_ command: SystolicCommand, _ edges: EdgeActivity) {
        guard case .integer(let bits, let overflow) = command.arithmetic.accumulator else {
            preconditionFailure("not an integer accumulator")
        }
        let range = IntegerFormat(bits: bits).range
        switch (overflow, bits) {
        case (.wrap, 32): advanceIntegers(command, edges, WrappingAdder())
        case (.wrap, _): advanceIntegers(command, edges, NarrowWrappingAdder(unused: Int32(32 - bits)))
        case (.saturate, 32): advanceIntegers(command, edges, SaturatingAdder())
        case (.saturate, _):
            advanceIntegers(
                command, edges,
                NarrowSaturatingAdder(least: Int32(range.lowerBound), greatest: Int32(range.upperBound)))
        }
    }

    private func advanceIntegers(_ command: SystolicCommand, _ edges: EdgeActivity, _ adder: some LaneAdder) {
        let isOutputStationary = command.dataflow == .outputStationary
        let codes = ProductLanes(command)
        for row in (0..<shape.rows).reversed() {
            let start = place(row, 0)
            var i = start + stride - 2 * Self.margin
            while i >= start {
                if isOutputStationary {
                    advanceOutputStationary(i, adder, codes)
                } else {
                    advanceWeightStationary(i, adder, codes)
                    if edges.loads { shiftDown(i, column: i - start) }
                }
                flags.store(flags.vector(i - 1), i)
                if edges.inserts { shiftInserts(i) }
                i -= Self.margin
            }
        }
    }

    @inline(__always)
    private func advanceWeightStationary(_ i: Int, _ adder: some LaneAdder, _ codes: ProductLanes) {
        let above = i - stride
        let flagsIn = flags.vector(i - 1)
        let isFirst = flagsIn.mask(of: 2)
        var sums = sum.vector(above)
        let old = sums
        for lane in 0..<shape.lanes {
            let plane = lane * planeSize
            let kept = active.vector(plane + i)
            let weights = kept ^ ((kept ^ waiting.vector(plane + i)) & isFirst)
            let codesIn = a.vector(plane + i - 1)
            active.store(weights, plane + i)
            a.store(codesIn, plane + i)
            codes.add(codesIn, weights, to: &sums, adder)
        }
        // What takes no part passes by, also through an accumulator narrower than it.
        if !flagsIn.haveAll(Flags.valid) { sums = old.replaced(by: sums, where: flagsIn.mask(of: 1)) }
        sum.store(sums, i)
    }

    /// Orders to send sums down on their way.
    @inline(__always)
    func shiftInserts(_ i: Int) {
        let fromAbove = (inserts.vector(i - stride) &>> 1) & SIMD16(repeating: Inserts.early)
        inserts.store(fromAbove | (inserts.vector(i) & SIMD16(repeating: Inserts.early)) &<< 1, i)
    }

    /// Stationary codes on their way down.
    @inline(__always)
    func shiftDown(_ i: Int, column: Int) {
        let above = i - stride
        let (shifts, fills) = (shiftEnable.vector(Self.margin + column), fill.vector(Self.margin + column))
        for lane in 0..<shape.lanes {
            let plane = lane * planeSize
            let codesIn = shift.vector(plane + above)
            let (kept, next) = (shift.vector(plane + i), waiting.vector(plane + i))
            shift.store(kept ^ ((kept ^ codesIn) & shifts), plane + i)
            waiting.store(next ^ ((next ^ codesIn) & fills), plane + i)
        }
    }

    @inline(__always)
    private func advanceOutputStationary(_ i: Int, _ adder: some LaneAdder, _ codes: ProductLanes) {
        let above = i - stride
        let flagsIn = flags.vector(i - 1)
        let insertsIn = inserts.vector(above)
        var sums = sum.vector(above)
        if insertsIn.haveAny(Inserts.late) {
            sums = sums.replaced(by: held.vector(i), where: insertsIn.mask(of: 2))
        }
        sum.store(sums, i)

        let old = accumulating.vector(i)
        var grown = old
        if flagsIn.haveAny(Flags.first) {
            grown = grown.replaced(by: SumVector(), where: flagsIn.mask(of: 2))
        }
        for lane in 0..<shape.lanes {
            let plane = lane * planeSize
            let (codesIn, weights) = (a.vector(plane + i - 1), shift.vector(plane + above))
            a.store(codesIn, plane + i)
            shift.store(weights, plane + i)
            codes.add(codesIn, weights, to: &grown, adder)
        }
        if !flagsIn.haveAll(Flags.valid) { grown = old.replaced(by: grown, where: flagsIn.mask(of: 1)) }
        accumulating.store(grown, i)
        if flagsIn.haveAny(Flags.last) {
            held.store(held.vector(i).replaced(by: grown, where: flagsIn.mask(of: 3)), i)
        }
    }
}

/// How the bytes of a lane are read as integers and multiplied.
private struct ProductLanes {
    /// Bits above a code from the left, in 16; and above one from above.
    let unusedLeft, unusedAbove: Int16
    let isPacked: Bool

    init(_ command: SystolicCommand) {
        unusedLeft = command.rowFormat == .int4 ? 12 : 0
        unusedAbove = command.columnFormat == .int4 ? 12 : 0
        isPacked = command.isPacked
    }

    /// Adds the products of one lane in sixteen columns.
    @inline(__always)
    func add(_ a: SIMD16<UInt8>, _ b: SIMD16<UInt8>, to sums: inout SumVector, _ adder: some LaneAdder) {
        let (a0, a1) = a.widened
        let (b0, b1) = b.widened
        let left = SIMD8<Int16>(repeating: unusedLeft)
        let above = SIMD8<Int16>(repeating: unusedAbove)
        let low = ((a0 &<< left) &>> left) &* ((b0 &<< above) &>> above)
        let high = ((a1 &<< left) &>> left) &* ((b1 &<< above) &>> above)
        sums.add(low, high, adder)
        if isPacked { sums.add((a0 &>> 4) &* (b0 &>> 4), (a1 &>> 4) &* (b1 &>> 4), adder) }
    }
}
