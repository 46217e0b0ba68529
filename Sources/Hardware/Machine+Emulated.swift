import NumberFormats

extension Machine {
    /// Formats of the products that the emulator runs whole steps in.
    public static let emulatedFormats: [ElementFormat] = [.int8, .int4]

    /// Holds that the emulator implements the machine's arithmetic: what `zeroth finetune` needs, and costing does not.
    ///
    /// - Parameter isOnGrid: the method trains codes; methods in floating point turn the machine's codes into BF16 where they need to, and add
    ///   as `floatAccumulator` says.
    /// - Throws: `HardwareError.notImplemented` with the first field that it does not, and the values that it does.
    public func requireEmulated(isOnGrid: Bool = true) throws(HardwareError) {
        if isOnGrid { try requireCodes() }
        try require(arithmetic.embedding == .fp32, "embedding", "\"\(arithmetic.embedding.rawValue)\"", ["fp32"])
        try require(arithmetic.generator == .philox, "generator", "\"\(arithmetic.generator.name)\"", ["philox4x32-10"])
        try require(
            arithmetic.gaussian == .gaussian, "gaussian", "\"\(arithmetic.gaussianName)\"", ["irwin-hall-4"])
        try require(arithmetic.roundingBits == 16, "roundingBits", "\(arithmetic.roundingBits)", ["16"])
    }

    private func requireCodes() throws(HardwareError) {
        for (key, format) in [
            ("weights", arithmetic.weights), ("activations", arithmetic.activations),
            ("attention", arithmetic.attention), ("head", arithmetic.head),
        ] {
            try require(
                Self.emulatedFormats.contains(format), key, "\"\(format.rawValue)\"",
                Self.emulatedFormats.map(\.rawValue))
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
