import Programs

extension PreparedNest {
    /// Where a store will leave a result that one command writes to a slot and that nothing else touches there: an unchecked run writes it in DRAM at once.
    struct Stored {
        let operand: Int
        /// From the tensor's start.
        let offset: Place
        /// As the view's, in DRAM.
        let pitches: (Int, Int, Int)
        let extent: Int

        /// Finds them all and marks their views.
        static func all(
            _ instructions: [Instruction], _ prepared: [Prepared], _ commands: [Command], _ transfers: [Transfer],
            _ views: inout [View]
        ) -> [Stored] {
            var result: [Stored] = []
            // Commands between two of these run in the same turns of the same loops.
            let bodies = instructions.split { instruction in
                switch instruction {
                case .loop, .next: true
                case .command, .release: false
                }
            }
            for body in bodies {
                let numbers = body.compactMap { instruction -> Int? in
                    if case .command(let number) = instruction { number } else { nil }
                }
                for (place, number) in numbers.enumerated() where prepared[number].kind == .transfer {
                    let store = transfers[prepared[number].transfer]
                    guard !store.isLoad, !store.isGathered, store.buffer >= 0 else { continue }
                    let bit = UInt64(1) << UInt64(store.buffer)
                    let users = prepared.indices.filter { prepared[$0].touches & bit != 0 }
                    guard let writer = users.first, users == [writer, number], numbers[..<place].contains(writer),
                        prepared[writer].takes & bit != 0, !commands[writer].reads.contains(store.buffer)
                    else { continue }
                    let own = views.indices.filter { views[$0].buffer == store.buffer }
                    guard own.count == 1, prepared[writer].views.contains(own[0]),
                        let stored = Stored(
                            views[own[0]], store, keepsShape: prepared[writer].function != .epilogue)
                    else { continue }
                    views[own[0]].stored = result.count
                    result.append(stored)
                }
            }
            return result
        }

        /// - Parameter keepsShape: the writer works on runs that lie as in the slot.
        /// - Returns: nil where the bytes lie in DRAM in a way that a view can't say.
        private init?(_ view: View, _ store: Transfer, keepsShape: Bool) {
            let counts = view.shape.counts
            guard view.operand == store.operand, view.bytes == store.bytes, view.offset.isZero else { return nil }
            let isOneRun = store.runs.runBytes == store.bytes
            guard isOneRun || !keepsShape, isOneRun || store.runs.runBytes % view.shape.runBytes == 0 else {
                return nil
            }
            let inSlot = view.shape.pitches
            let pitches = (
                counts.0 > 1 ? store.runs.place(inSlot.0) : 0, counts.1 > 1 ? store.runs.place(inSlot.1) : 0,
                counts.2 > 1 ? store.runs.place(inSlot.2) : 0
            )
            for a in 0..<counts.0 {
                for b in 0..<counts.1 {
                    for c in 0..<counts.2 {
                        let there = store.runs.place(a * inSlot.0 + b * inSlot.1 + c * inSlot.2)
                        guard there == a * pitches.0 + b * pitches.1 + c * pitches.2 else { return nil }
                    }
                }
            }
            operand = store.operand
            offset = store.offset
            self.pitches = isOneRun ? inSlot : pitches
            extent =
                isOneRun
                ? view.extent
                : (counts.0 - 1) * pitches.0 + (counts.1 - 1) * pitches.1 + (counts.2 - 1) * pitches.2
                    + view.shape.runBytes
        }
    }
}

extension PreparedNest.Place {
    fileprivate var isZero: Bool { base == 0 && strides == (0, 0, 0, 0, 0, 0) }
}

extension PreparedNest.Runs {
    /// Where the byte at `byte` of a tile lies among the runs, from the first one's start.
    fileprivate func place(_ byte: Int) -> Int {
        let (run, within) = byte.quotientAndRemainder(dividingBy: runBytes)
        let (outer, c) = run.quotientAndRemainder(dividingBy: counts.2)
        let (a, b) = outer.quotientAndRemainder(dividingBy: counts.1)
        return a * pitches.0 + b * pitches.1 + c * pitches.2 + within
    }
}
