/// How an array of FP32 numbers becomes codes with scales (docs/semantics.md, sections 7.1 to 7.6): the reference.
///
/// An array is rows × columns, row-major. Its elements are cut into groups that share a scale and, if asymmetric, a zero point; every group is a
/// run of consecutive elements of one row, or everything. ``parameters(of:)`` finds a group's scale, ``code(of:_:random:)`` makes a code, and
/// ``dequantized(_:_:)`` says what a code stands for.
///
/// The quantizer of an emulated step is ``SymmetricQuantizer``; INT8, symmetric, per channel, by absolute maximum, to nearest even gives the same bits.
public struct Quantizer: Hashable, Sendable {
    /// Where zero lies on the grid.
    public enum Scheme: String, CaseIterable, Hashable, Sendable {
        /// Code 0 is 0, the range is −largest…largest: ±7 for INT4, ±127 for INT8, ± the largest finite number of a floating-point format.
        case symmetric
        /// Integers alone: the codes −2^(b−1)…2^(b−1) − 1 cover the group's own range, a zero point says which of them is 0.
        case asymmetric
    }

    /// Which elements share a scale.
    public enum Granularity: Hashable, Sendable {
        /// All of them.
        case tensor
        /// Those of one row, an output channel of a weight [out, in].
        case channel
        /// `size` consecutive ones of a row, from its start; the last group of a row may be shorter. 1 ≤ `size`.
        case group(size: Int)
        /// 32 consecutive ones of a row with an E8M0 scale (OCP microscaling formats 1.0); the last block of a row may be shorter.
        case block
    }

    /// How a scale follows from the numbers. Blocks have a rule of their own, whose name is `absmax`, too.
    public enum ScaleRule: String, CaseIterable, Hashable, Sendable {
        /// The greatest magnitude becomes the largest code.
        case absmax
        /// The candidate with the smallest sum of squared errors.
        case meanSquareError = "mse"
        /// The smallest power of two at which nothing is beyond the largest code.
        case powerOfTwo = "power-of-two"
    }

    /// Elements of an MX block.
    public static let blockSize = 32

    /// Below this greatest magnitude (or range, if asymmetric), 2⁻¹⁰⁰, a group counts as zeros; a reciprocal would overflow further down.
    public static let zeroThreshold: Float = SymmetricQuantizer.zeroThreshold

    /// Scales that may be given: their reciprocals are normal numbers.
    public static let givenScales: ClosedRange<Float> = 0x1p-126...0x1p126

    /// Formats that can be quantized to.
    public static let formats: [ElementFormat] = [
        .int4, .int8, .int16, .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2,
    ]

    /// The codes' format, one of ``formats``.
    public let format: ElementFormat
    /// Where zero lies.
    public let scheme: Scheme
    /// Which elements share a scale.
    public let granularity: Granularity
    /// How the scale is found.
    public let scaleRule: ScaleRule
    /// How a scaled number becomes a code.
    public let rounding: RoundingMode

    /// The codes of integers, 0 being code 0 if symmetric.
    let integers: ClosedRange<Int64>
    /// The largest magnitude that a symmetric code stands for at scale 1.
    let largest: Float
    /// The scale exponents of MX integers count from here: INT8 elements have 6 fraction bits.
    let fractionBits: Int

    /// A quantizer.
    ///
    /// - Throws: `QuantizerError` for a combination that does not exist.
    public init(
        format: ElementFormat, scheme: Scheme = .symmetric, granularity: Granularity, scaleRule: ScaleRule = .absmax,
        rounding: RoundingMode = .nearestEven
    ) throws(QuantizerError) {
        guard Self.formats.contains(format) else { throw .format(format) }
        if scheme == .asymmetric, format.integer == nil { throw .asymmetricFloat(format) }
        if case .group(let size) = granularity, size < 1 { throw .groupSize(size) }
        if granularity == .block {
            if format == .int4 || format == .int16 { throw .blockFormat(format) }
            if scheme == .asymmetric { throw .asymmetricBlock }
            if scaleRule != .absmax { throw .blockScaleRule(scaleRule) }
        }
        if let bits = rounding.randomBits, !(1...32).contains(bits) { throw .randomBits(bits) }
        self.format = format
        self.scheme = scheme
        self.granularity = granularity
        self.scaleRule = scaleRule
        self.rounding = rounding
        if let integer = format.integer {
            integers = scheme == .asymmetric ? integer.range : -integer.range.upperBound...integer.range.upperBound
            fractionBits = granularity == .block ? integer.bits - 2 : 0
            largest = Float(integer.range.upperBound)
        } else if let float = format.float {
            integers = 0...0
            fractionBits = 0
            largest = Float(float.value(of: float.largestFiniteCode))
        } else {
            preconditionFailure("A format is an integer's or a floating-point number's")
        }
    }

    /// How an array is cut into groups.
    public func layout(rows: Int, columns: Int) -> QuantizationLayout {
        switch granularity {
        case .tensor: QuantizationLayout(rows: 1, columns: rows * columns, groupSize: nil)
        case .channel: QuantizationLayout(rows: rows, columns: columns, groupSize: nil)
        case .group(let size): QuantizationLayout(rows: rows, columns: columns, groupSize: size)
        case .block: QuantizationLayout(rows: rows, columns: columns, groupSize: Self.blockSize)
        }
    }
}

/// How an array is cut into groups that share a scale: each row into groups from its start, the last perhaps shorter.
public struct QuantizationLayout: Hashable, Sendable {
    /// Rows that are cut; 1 where everything is one group.
    public let rows: Int
    /// Elements of such a row.
    public let columns: Int
    /// Elements of a group; nil where a row is one.
    public let groupSize: Int?

    /// Groups of one row. A row without elements is one group where a row is a group, and none otherwise.
    public var groupsPerRow: Int {
        guard let groupSize else { return 1 }
        return columns / groupSize + (columns % groupSize == 0 ? 0 : 1)
    }

    /// Groups of the array, numbered row-major.
    public var groupCount: Int { rows * groupsPerRow }

    /// The row-major places of a group's elements.
    public func range(ofGroup group: Int) -> Range<Int> {
        let (row, place) = group.quotientAndRemainder(dividingBy: groupsPerRow)
        let size = groupSize ?? columns
        let start = row * columns + place * size
        return start..<min(start + min(size, columns), (row + 1) * columns)
    }
}

/// What the codes of a group stand for.
public struct QuantizationParameters: Hashable, Sendable {
    /// The value of one unit; NaN where an element of the group is NaN or infinite, then every code is 0.
    public var scale: Float
    /// The code that stands for 0; 0 if symmetric.
    public var zeroPoint: Int32
    /// What numbers are multiplied by before they are rounded: the scale's reciprocal, rounded once. Blocks divide exactly instead.
    public var factor: Float

    init(scale: Float, zeroPoint: Int32 = 0, factor: Float) {
        self.scale = scale
        self.zeroPoint = zeroPoint
        self.factor = factor
    }

    /// A group of zeros.
    public static let zeros = QuantizationParameters(scale: 1, factor: 1)
    /// A group with an element that is NaN or infinite.
    static let notFinite = QuantizationParameters(scale: .nan, factor: 0)
}
