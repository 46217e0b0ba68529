import Programs

/// The command that runs: its operands and its place in the operation.
struct TileCommand {
    // Both outlive the command; counting references would cost more than a small command's work.
    unowned(unsafe) let executor: TileExecutor
    unowned(unsafe) let nest: PreparedNest
    let command: UnsafePointer<PreparedNest.Prepared>

    /// Weights or values that it draws for.
    var amount: Int { command.pointee.amount }
    var function: Command.Part.Function { command.pointee.function }
    var first: Int { command.pointee.first.value(at: executor.indices) }
    var element: Int { command.pointee.element.value(at: executor.indices) }
    var outer: Int { command.pointee.outer.value(at: executor.indices) }

    /// The view of the operation's operand `number`; −1 for what is no tensor.
    func view(_ number: Int) throws(TileError) -> UnsafePointer<PreparedNest.View> {
        for place in command.pointee.views {
            let view = UnsafePointer(nest.views.baseAddress! + place)
            if view.pointee.operand == number { return view }
        }
        throw executor.fault(.notDescribed(number < 0 ? "where its own result lies" : "where operand \(number) lies"))
    }

    /// Weights or values, each of which it works on `times` times.
    func amount(times: Int) throws(TileError) -> Int {
        guard times > 0, amount % times == 0 else {
            throw executor.fault(
                .sizesDiffer(what: "times that each weight is drawn for", found: amount, needed: times))
        }
        return amount / times
    }

    /// Whether its `weights` weights are a part of a row of `elements`.
    func isSegment(of elements: Int, weights: Int) -> Bool {
        guard case .segment = function else { return false }
        return weights < elements
    }

    /// Whether it names operand `number`.
    func hasView(_ number: Int) -> Bool {
        command.pointee.views.contains { nest.views[$0].operand == number }
    }

    /// An operand's bytes, checked for `use`, and for their number where it is given.
    func operand(_ number: Int, _ use: TileExecutor.Use, bytes: Int? = nil) throws(TileError) -> TileOperand {
        let view = try view(number)
        if let bytes, view.pointee.bytes != bytes {
            throw executor.fault(
                .sizesDiffer(what: "bytes of operand \(number)", found: view.pointee.bytes, needed: bytes))
        }
        return try executor.resolve(view, use)
    }

    /// `bytes` of an operand that lies in one run; those before them and behind are other commands'.
    func operand(_ number: Int, _ use: TileExecutor.Use, within bytes: Range<Int>) throws(TileError) -> TileOperand {
        let whole = try view(number)
        guard whole.pointee.joined.counts == (1, 1, 1), bytes.upperBound <= whole.pointee.bytes else {
            throw executor.fault(
                .sizesDiffer(
                    what: "bytes of operand \(number)", found: whole.pointee.bytes, needed: bytes.upperBound))
        }
        var part = PreparedNest.View(whole.pointee, bytes)
        return try withUnsafePointer(to: &part) { view throws(TileError) in try executor.resolve(view, use) }
    }
}
