import NumberFormats

/// One beat of every element as section 11 of docs/semantics.md has it: the reference.
extension SystolicArray {
    /// Moves all registers by one beat.
    ///
    /// Elements are visited from the last row up and from the right, so that each still finds its neighbours' registers as they were.
    func advance(_ command: SystolicCommand, _ step: MACStep) {
        let isOutputStationary = command.dataflow == .outputStationary
        func codes(_ plane: BytePlane, _ i: Int) -> [UInt32] {
            command.codes((0..<shape.lanes).map { plane[$0 * planeSize + i] })
        }
        func copy(_ source: BytePlane, _ from: Int, to target: BytePlane, _ i: Int) {
            for lane in 0..<shape.lanes { target[lane * planeSize + i] = source[lane * planeSize + from] }
        }
        for row in (0..<shape.rows).reversed() {
            for column in (0..<shape.columns).reversed() {
                let i = place(row, column)
                let (left, above) = (i - 1, i - stride)
                let isValid = flags[left] & Flags.valid != 0
                let isFirst = flags[left] & Flags.first != 0
                let isLast = flags[left] & Flags.last != 0
                let isInserted = inserts[above] & Inserts.late != 0

                if isOutputStationary {
                    let sumBelow = isInserted ? held[i] : sum[above]
                    if isValid {
                        let s = step.sum(isFirst ? 0 : accumulating[i], codes(a, left), codes(shift, above))
                        accumulating[i] = s
                        if isLast { held[i] = s }
                    }
                    sum[i] = sumBelow
                    copy(shift, above, to: shift, i)
                } else {
                    if isValid, isFirst { copy(waiting, i, to: active, i) }
                    sum[i] = isValid ? step.sum(sum[above], codes(a, left), codes(active, i)) : sum[above]
                    if fill[Self.margin + column] != 0 { copy(shift, above, to: waiting, i) }
                    if shiftEnable[Self.margin + column] != 0 { copy(shift, above, to: shift, i) }
                }
                copy(a, left, to: a, i)
                flags[i] = flags[left]
                let early = inserts[i] & Inserts.early
                inserts[i] = (isInserted ? Inserts.early : 0) | (early != 0 ? Inserts.late : 0)
            }
        }
    }
}
