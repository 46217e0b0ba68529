import NumberFormats

/// What the arithmetic asks of the array: checks across the two parts of a machine.
extension Machine {
    /// The format at whose rate the array multiplies `a` by `b`: the wider one; of two equally wide ones, the slower.
    public func multiplierFormat(_ a: ElementFormat, _ b: ElementFormat) -> ElementFormat {
        organisation.array.multiplierFormat(a, b)
    }

    /// Codes of k that one element holds or takes in a beat (P of docs/semantics.md, section 11): its MACs a cycle, at least 1;
    /// the group of `floatAccumulator` where that adds groups.
    ///
    /// - Throws: `HardwareError.unsupportedFormat` where the array cannot multiply `format`.
    public func codesPerElement(_ format: ElementFormat) throws(HardwareError) -> Int {
        let rate = try macsPerCyclePerElement(format)
        return Self.codesPerElement(rate: rate, accumulator: arithmetic.accumulator(format))
    }

    private static func codesPerElement(rate: Double, accumulator: ProductAccumulator?) -> Int {
        let packed = max(1, Int(rate))
        switch accumulator {
        case .grouped(let group), .aligned(let group, _, _): return group.isMultiple(of: packed) ? group : packed
        default: return packed
        }
    }

    /// Every format that `arithmetic` names has a rate, and the order of additions is one that the array can keep.
    static func check(
        _ arithmetic: Arithmetic, _ arithmeticFields: FieldReader, on array: MatrixArray, _ arrayFields: FieldReader
    ) throws(HardwareError) {
        if arithmetic.floatAccumulator == nil, let float = array.formats.first(where: { $0.integer == nil }) {
            throw .contradiction(
                arithmeticFields.place("floatAccumulator"),
                problem: "is \"none\", and organisation.array.macsPerCyclePerElement.\(float.rawValue) gives a rate",
                remedy: "name an accumulator, such as fp32-sequential, or leave that rate out")
        }
        let rates = arrayFields.place("macsPerCyclePerElement").path
        let linear = arithmetic.weights.bits > arithmetic.activations.bits ? "weights" : "activations"
        for (key, a, b) in [
            (linear, arithmetic.weights, arithmetic.activations),
            ("attention", arithmetic.attention, arithmetic.attention), ("head", arithmetic.head, arithmetic.head),
        ] {
            let wider = array.multiplierFormat(a, b)
            guard let rate = array.macsPerCyclePerElement[wider] else {
                throw .contradiction(
                    arithmeticFields.place(key),
                    problem: "needs \(wider.rawValue) products, and \(rates) has no rate for them",
                    remedy: "add '\(wider.rawValue)' there, or name one of "
                        + array.formats.map(\.rawValue).joined(separator: ", "))
            }
            let accumulator = arithmetic.accumulator(wider)
            try checkGroups(wider, rate: rate, accumulator, arithmeticFields)
            try checkBlocks(arithmetic, wider, rate: rate, accumulator, on: array, arithmeticFields)
        }
    }

    /// An element that adds groups holds whole groups, or a whole part of one in each cycle.
    private static func checkGroups(
        _ format: ElementFormat, rate: Double, _ accumulator: ProductAccumulator?, _ fields: FieldReader
    ) throws(HardwareError) {
        let group: Int
        switch accumulator {
        case .grouped(let count), .aligned(let count, _, _): group = count
        default: return
        }
        guard !group.isMultiple(of: max(1, Int(rate))) else { return }
        throw .contradiction(
            fields.place("floatAccumulator"),
            problem:
                "adds groups of \(group) products, and organisation.array.macsPerCyclePerElement.\(format.rawValue) is "
                + "\(FieldReader.text(rate))",
            remedy: "give a group that is a multiple of that rate, such as \(Int(rate))")
    }

    /// Where the order of additions matters, a block is what a fold of the array holds along k.
    private static func checkBlocks(
        _ arithmetic: Arithmetic, _ format: ElementFormat, rate: Double, _ accumulator: ProductAccumulator?,
        on array: MatrixArray, _ fields: FieldReader
    ) throws(HardwareError) {
        guard case .blocked(let block) = arithmetic.order, let accumulator else { return }
        switch accumulator {
        case .integer(_, .wrap), .exact: return  // any order gives the same bits
        default: break
        }
        let codes = codesPerElement(rate: rate, accumulator: accumulator)
        if array.dataflow == .outputStationary {
            // A fold holds as many beats of codes as the tiler streams.
            guard !block.isMultiple(of: codes) else { return }
            throw .contradiction(
                fields.place("accumulate"),
                problem: "blocks of \(block) do not divide into the \(codes) codes that an element takes in a beat "
                    + "(organisation.array.macsPerCyclePerElement.\(format.rawValue))",
                remedy: "write \"blocked:\((block / codes + 1) * codes)\", or another multiple of \(codes)")
        }
        let depth = array.rows * codes
        guard block != depth else { return }
        throw .contradiction(
            fields.place("accumulate"),
            problem:
                "blocks of \(block), and a fold of organisation.array holds \(depth) \(format.rawValue) codes along k "
                + "(\(array.rows) rows x \(codes))",
            remedy: "write \"blocked:\(depth)\", or \"re-entry\"")
    }
}
