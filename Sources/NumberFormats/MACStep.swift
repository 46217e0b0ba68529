/// One step of an accumulator's chain: the sum so far, and the products of the operands that one processing element has in one cycle
/// (docs/semantics.md, sections 8.4 and 11). The reference for hardware's multiply-accumulate units.
///
/// A sum is the word of a register, its bits from the low end of a `UInt128`: 32 bits of two's complement for integers, whatever the accumulator's
/// width (its sign fills the bits above it); an FP32 code for `sequential`, `grouped` and `aligned`; the 88 bits of a `FixedPointSum` for `exact`. 0 is the empty sum.
public struct MACStep: Hashable, Sendable {
    /// The format of the codes a.
    public let aFormat: ElementFormat
    /// The format of the codes b.
    public let bFormat: ElementFormat
    /// How products are added.
    public let accumulator: ProductAccumulator

    /// A step's arithmetic.
    ///
    /// - Precondition: `DotProduct.problem` finds nothing.
    public init(_ aFormat: ElementFormat, _ bFormat: ElementFormat, accumulator: ProductAccumulator) {
        precondition(DotProduct.problem(aFormat, bFormat, accumulator: accumulator, order: .reentry) == nil)
        self.aFormat = aFormat
        self.bFormat = bFormat
        self.accumulator = accumulator
    }

    /// Bits of a sum's register.
    public var sumBits: Int { accumulator == .exact ? FixedPointSum.width : 32 }

    /// c + Σ a·b, k ascending.
    ///
    /// - Parameters:
    ///   - c: the sum so far.
    ///   - a: codes of `aFormat`, bits above its width ignored: one for `sequential`, at most a group for `grouped` and `aligned`, any number for the others.
    ///   - b: as many codes of `bFormat`.
    /// - Precondition: for `exact`, formats of at most 8 bits.
    public func sum(_ c: UInt128, _ a: [UInt32], _ b: [UInt32]) -> UInt128 {
        precondition(a.count == b.count, "products pair their factors")
        switch accumulator {
        case .integer(let bits, let overflow):
            let register = IntegerFormat(bits: bits)
            var sum = Self.integer(c)
            for (x, y) in zip(a, b) {
                sum = register.held(sum + aFormat.integer!.decode(x) * bFormat.integer!.decode(y), overflow)
            }
            return Self.word(sum)
        case .sequential, .grouped, .aligned:
            let (aFloat, bFloat) = (aFormat.float!, bFormat.float!)
            let products = zip(a, b).map { (FloatOperand($0, aFloat), FloatOperand($1, bFloat)) }
            return UInt128(Self.sum(UInt32(truncatingIfNeeded: c), products[...], accumulator))
        case .exact:
            var state = FixedPointSum(bits: c)
            for (x, y) in zip(a, b) { state.addProduct(aFormat.float!.decode(x), bFormat.float!.decode(y)) }
            return state.bits
        }
    }

    /// The addition of the accumulator memory: memory + block.
    public func sum(memory: UInt128, block: UInt128) -> UInt128 {
        switch accumulator {
        case .integer(let bits, let overflow):
            return Self.word(IntegerFormat(bits: bits).held(Self.integer(memory) + Self.integer(block), overflow))
        case .sequential, .grouped, .aligned:
            let terms = [memory, block].map { FloatOperand(UInt32(truncatingIfNeeded: $0), .fp32) }
            return UInt128(FloatArithmetic.add(terms[0], terms[1], to: .fp32, FloatEnvironment()).code)
        case .exact:
            var state = FixedPointSum(bits: memory)
            state.add(FixedPointSum(bits: block))
            return state.bits
        }
    }

    /// What a finished sum stands for: an integer's two's complement, or an FP32 code.
    public func result(_ sum: UInt128) -> UInt32 {
        accumulator == .exact ? FixedPointSum(bits: sum).rounded : UInt32(truncatingIfNeeded: sum)
    }

    private static func integer(_ word: UInt128) -> Int64 { Int64(Int32(truncatingIfNeeded: word)) }

    private static func word(_ sum: Int64) -> UInt128 { UInt128(UInt32(truncatingIfNeeded: sum)) }

    /// c + Σ products as an FP32 code: the products of one group at most, or all of them for `exact`.
    static func sum(
        _ c: UInt32, _ products: ArraySlice<(FloatOperand, FloatOperand)>, _ accumulator: ProductAccumulator
    ) -> UInt32 {
        if case .aligned(_, let fractionBits, let output) = accumulator {
            return AlignedSum.sum(products, plus: c, fractionBits: fractionBits, output: output)
        }
        var exact = ExactAccumulator()
        exact.add(FloatFormat.fp32.decode(c))
        for (x, y) in products { exact.addProduct(x.format.decode(x.code), y.format.decode(y.code)) }
        return exact.rounded(to: .fp32, FloatEnvironment()).code
    }
}

extension IntegerFormat {
    /// What a register of this format holds after an addition.
    func held(_ sum: Int64, _ overflow: ProductAccumulator.IntegerOverflow) -> Int64 {
        if range.contains(sum) { return sum }
        return decode(overflow == .wrap ? UInt32(truncatingIfNeeded: sum) : encode(sum).code)
    }
}
