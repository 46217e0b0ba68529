import NumberFormats

extension Machine {
    /// Formats of the products that the emulator runs whole steps in.
    public static let emulatedFormats: [ElementFormat] = [.int8, .int4]

    /// Formats of the operands of steps whose weights are in floating point.
    public static let emulatedOperands: [ElementFormat] = emulatedFormats + [.e4m3, .e5m2, .bf16, .fp32]

    /// Holds that the emulator implements the machine's arithmetic: what `zeroth finetune` needs, and costing does not.
    ///
    /// - Parameter isOnGrid: the method trains the machine's own formats, codes or floating-point; others turn the machine's codes into BF16 where
    ///   they need to. Products in floating point are added as `floatAccumulator` says.
    /// - Throws: `HardwareError.notImplemented` with the first field that it does not, and the values that it does.
    public func requireEmulated(isOnGrid: Bool = true) throws(HardwareError) {
        let hasCodes = isOnGrid && arithmetic.weights.integer != nil
        if isOnGrid { try requireOperands(hasCodes ? Self.emulatedFormats : Self.emulatedOperands) }
        let tables: [ElementFormat] = hasCodes ? [.fp32] : [.fp32, .bf16]
        try require(
            tables.contains(arithmetic.embedding), "embedding", "\"\(arithmetic.embedding.rawValue)\"",
            tables.map(\.rawValue))
        try require(arithmetic.generator == .philox, "generator", "\"\(arithmetic.generator.name)\"", ["philox4x32-10"])
        try require(
            arithmetic.gaussian == .gaussian, "gaussian", "\"\(arithmetic.gaussianName)\"", ["irwin-hall-4"])
        try require(arithmetic.roundingBits == 16, "roundingBits", "\(arithmetic.roundingBits)", ["16"])
    }

    private func requireOperands(_ formats: [ElementFormat]) throws(HardwareError) {
        for (key, format) in [
            ("weights", arithmetic.weights), ("activations", arithmetic.activations),
            ("attention", arithmetic.attention), ("head", arithmetic.head),
        ] {
            try require(
                formats.contains(format), key, "\"\(format.rawValue)\"", formats.map(\.rawValue))
        }
        try require(
            arithmetic.accumulatorBits == 32, "integerAccumulator.bits", "\(arithmetic.accumulatorBits)", ["32"])
        try require(
            arithmetic.overflow == .wrap, "integerAccumulator.overflow", "\"\(arithmetic.overflow.rawValue)\"", ["wrap"]
        )
    }

    private func require(
        _ isImplemented: Bool, _ key: String, _ value: String, _ implemented: [String]
    ) throws(HardwareError) {
        guard !isImplemented else { return }
        throw .notImplemented(
            .init(file: file, line: nil, path: "arithmetic.\(key)"), value: value, implemented: implemented)
    }
}
