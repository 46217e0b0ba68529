/// One output of a matrix unit: the sum of products of codes, in a stated accumulator and order (docs/semantics.md, section 8.4). The reference.
public struct DotProduct: Hashable, Sendable {
    /// The format of the codes aₖ.
    public let aFormat: ElementFormat
    /// The format of the codes bₖ.
    public let bFormat: ElementFormat
    /// How products are added.
    public let accumulator: ProductAccumulator
    /// In which order.
    public let order: AccumulationOrder

    /// A dot product's arithmetic.
    ///
    /// - Precondition: both formats are integers and the accumulator, too, or all three are floating-point; an integer accumulator has 8 to 32 bits and
    ///   no fewer than either operand, groups and blocks have at least one product, an aligned accumulator 1 to 40 fraction bits.
    public init(
        _ aFormat: ElementFormat, _ bFormat: ElementFormat, accumulator: ProductAccumulator, order: AccumulationOrder
    ) {
        precondition(Self.problem(aFormat, bFormat, accumulator: accumulator, order: order) == nil)
        self.aFormat = aFormat
        self.bFormat = bFormat
        self.accumulator = accumulator
        self.order = order
    }

    /// What is wrong with an arithmetic, and what would be right; nil where nothing is.
    public static func problem(
        _ aFormat: ElementFormat, _ bFormat: ElementFormat, accumulator: ProductAccumulator, order: AccumulationOrder
    ) -> String? {
        if case .blocked(let count) = order, count < 1 { return "blocks of \(count) products; at least 1 is needed" }
        for format in [aFormat, bFormat] where !multipliable.contains(format) {
            let names = multipliable.map(\.rawValue).joined(separator: ", ")
            return "\(format.rawValue) is not multiplied by any matrix unit here; \(names) are"
        }
        let areIntegers = aFormat.integer != nil
        guard (bFormat.integer != nil) == areIntegers else {
            return "\(aFormat.rawValue) with \(bFormat.rawValue): both formats have to be integers, or neither"
        }
        switch accumulator {
        case .integer(let bits, _):
            guard areIntegers else { return "an integer accumulator adds products of int4 and int8 only" }
            guard (8...32).contains(bits) else { return "an accumulator of \(bits) bits; 8 to 32 are possible" }
        case .sequential, .exact:
            if areIntegers { return "products of integers need an integer accumulator, such as 32-wrap" }
        case .grouped(let count):
            if areIntegers { return "products of integers need an integer accumulator, such as 32-wrap" }
            if count < 1 || count > 1024 { return "groups of \(count) products; 1 to 1024 are possible" }
        case .aligned(let count, let fractionBits, _):
            if areIntegers { return "products of integers need an integer accumulator, such as 32-wrap" }
            if count < 1 || count > 1024 { return "groups of \(count) products; 1 to 1024 are possible" }
            if fractionBits < 1 || fractionBits > 40 { return "\(fractionBits) fraction bits; 1 to 40 are possible" }
        }
        return nil
    }

    /// Formats that matrix units multiply.
    public static let multipliable: [ElementFormat] = [
        .int4, .int8, .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .bf16, .fp16,
    ]

    // MARK: Integers

    /// Σ aₖ·bₖ in the integer accumulator.
    ///
    /// - Parameters:
    ///   - a: the numbers, each in the range of `aFormat`.
    ///   - b: as many numbers.
    ///   - statistics: counts what happened on the way.
    public func integerSum(
        _ a: some RandomAccessCollection<Int32>, _ b: some RandomAccessCollection<Int32>,
        statistics: inout IntegerStatistics
    ) -> Int32 {
        guard case .integer(let bits, let overflow) = accumulator else {
            preconditionFailure("not an integer accumulator")
        }
        precondition(a.count == b.count, "a dot product pairs its elements")
        let format = IntegerFormat(bits: bits)
        // Beside each register goes what it would hold if it had no end.
        typealias Register = (held: Int64, exact: Int64)
        func added(_ x: Register, _ y: Register) -> Register {
            let sum = x.held + y.held
            let exact = x.exact + y.exact
            statistics.count(exact, fits: format.range.contains(sum))
            return (format.held(sum, overflow), exact)
        }
        var memory: Register = (0, 0)
        var sum: Register = (0, 0)
        for (i, (x, y)) in zip(a, b).enumerated() {
            if case .blocked(let count) = order, i > 0, i % count == 0 {
                memory = added(memory, sum)
                sum = (0, 0)
            }
            let product = Int64(x) * Int64(y)
            sum = added(sum, (product, product))
        }
        if case .blocked = order { sum = added(memory, sum) }
        return Int32(sum.held)
    }

    // MARK: Floating point

    /// Σ aₖ·bₖ as an FP32 number.
    ///
    /// - Parameters:
    ///   - a: codes of `aFormat`.
    ///   - b: as many codes of `bFormat`.
    public func floatSum(_ a: some RandomAccessCollection<UInt32>, _ b: some RandomAccessCollection<UInt32>) -> Float {
        precondition(a.count == b.count, "a dot product pairs its elements")
        guard let aFloat = aFormat.float, let bFloat = bFormat.float else {
            preconditionFailure("not floating-point formats")
        }
        let terms = zip(a, b).map { (FloatOperand($0, aFloat), FloatOperand($1, bFloat)) }
        guard case .blocked(let count) = order, accumulator != .exact else {
            return Float(bitPattern: chain(terms[...]))
        }
        var memory = FloatOperand(0, .fp32)
        for start in stride(from: 0, to: terms.count, by: count) {
            let block = FloatOperand(chain(terms[start..<min(start + count, terms.count)]), .fp32)
            memory = FloatOperand(FloatArithmetic.add(memory, block, to: .fp32, FloatEnvironment()).code, .fp32)
        }
        return Float(bitPattern: memory.code)
    }

    /// One chain of products from +0, as an FP32 code.
    private func chain(_ terms: ArraySlice<(FloatOperand, FloatOperand)>) -> UInt32 {
        let group: Int
        switch accumulator {
        case .integer: preconditionFailure("not a floating-point accumulator")
        case .sequential: group = 1
        case .grouped(let count), .aligned(let count, _, _): group = count
        case .exact: group = max(1, terms.count)
        }
        var sum: UInt32 = 0
        for start in stride(from: terms.startIndex, to: terms.endIndex, by: group) {
            sum = MACStep.sum(sum, terms[start..<min(start + group, terms.endIndex)], accumulator)
        }
        return sum
    }
}
