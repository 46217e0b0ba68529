extension StepDescription {
    /// Checks that the sizes mean something and that no count of a step exceeds 64 bits.
    ///
    /// - Throws: `ScheduleError.badSize` or `.tooLarge`. What passes can be lowered without overflow.
    public func checkSizes() throws(ScheduleError) {
        let positive: [(String, Int)] = [
            ("hidden size", shape.hidden), ("attention heads", shape.heads), ("intermediate size", shape.intermediate),
            ("vocabulary", shape.vocabulary), ("positions", shape.positions), ("token types", shape.types),
            ("classes", shape.classes), ("batch", batch), ("sequence", sequence),
        ]
        for (name, value) in positive {
            guard value >= 1 else { throw .badSize(name: name, value: value, allowed: "at least 1") }
        }
        guard shape.layers >= 0, shape.layers <= 1 << 16 else {
            throw .badSize(name: "layers", value: shape.layers, allowed: "from 0 to 65536")
        }
        guard shape.hidden % shape.heads == 0 else {
            throw .badSize(
                name: "hidden size", value: shape.hidden, allowed: "a multiple of the \(shape.heads) attention heads")
        }
        guard sequence <= shape.positions else {
            throw .badSize(name: "sequence", value: sequence, allowed: "at most the network's \(shape.positions) positions")
        }
        if case .last(let count) = trainable {
            guard count >= 1 else { throw .badSize(name: "trainable layers", value: count, allowed: "at least 1") }
        }
        if case .quzo(let bits) = method, ![0, 8, 16].contains(bits) {
            throw .badSize(name: "residual bits", value: bits, allowed: "0, 8 or 16")
        }
        let rows = Checked.bound(batch, sequence)
        let widest = Double(max(shape.hidden, shape.intermediate, shape.classes))
        let attention = Checked.bound(shape.heads, sequence)
        let elements =
            max(rows * max(widest, attention), widest * widest)
            + Checked.bound(shape.vocabulary, shape.hidden) + Checked.bound(shape.positions, shape.hidden)
            + Checked.bound(shape.types, shape.hidden)
        // 32 tensors a layer, 4 bytes an element, alignment: all addresses stay below 2^62.
        guard elements * Double(shape.layers + 2) * 256 < 0x1p62 else { throw .tooLarge(what: "memory of the step") }
        let macs = rows * widest * max(widest, Double(sequence)) * 6 * 3 * Double(shape.layers + 1)
        guard macs < 0x1p62 else { throw .tooLarge(what: "multiply-accumulates of the step") }
    }
}
