/// What is made of a source's bits, by integer arithmetic alone: codes, and the real numbers that they stand for.
///
/// Source: docs/semantics.md, section 5.
public enum RandomDistribution: Hashable, Sendable {
    /// The 32-bit draws themselves.
    case bits
    /// The 16-bit draws themselves.
    case bits16
    /// `SymmetricUniform`: odd integers −511…511.
    case uniform
    /// −1 or +1, one bit an element: bit e mod 32 of the 32-bit draw e div 32, +1 where it is 0.
    case rademacher
    /// `IrwinHallGaussian`: integers −510…510.
    case gaussian
    /// `TableGaussian`: integers −511…511.
    case gaussianTable
    /// `UniformGrid`: integers −m…m.
    case grid(UniformGrid)

    /// The variance of the codes; nil for bits, which stand for no number.
    public var variance: Double? {
        switch self {
        case .bits, .bits16: nil
        case .uniform: SymmetricUniform.variance
        case .rademacher: 1
        case .gaussian: IrwinHallGaussian.variance
        case .gaussianTable: TableGaussian.variance
        case .grid(let grid): grid.variance
        }
    }

    /// What one unit of a code is worth: 1/σ where the distribution has unit variance, 1 for ±1 and the grid; nil for bits.
    public var scale: Double? {
        switch self {
        case .bits, .bits16: nil
        case .rademacher, .grid: 1
        case .uniform, .gaussian, .gaussianTable: 1 / variance!.squareRoot()
        }
    }

    /// The largest |code|; nil for bits.
    public var largestCode: Int32? {
        switch self {
        case .bits, .bits16: nil
        case .uniform: SymmetricUniform.largestInteger
        case .rademacher: 1
        case .gaussian: IrwinHallGaussian.largestInteger
        case .gaussianTable: TableGaussian.largestInteger
        case .grid(let grid): grid.largest
        }
    }

    /// Random bits that an element consumes.
    public var bitsPerElement: Int {
        switch self {
        case .bits, .gaussian, .gaussianTable, .grid: 32
        case .bits16, .uniform: 16
        case .rademacher: 1
        }
    }

    /// The codes of a range of elements; bits as their unsigned patterns, 32-bit ones reinterpreted as `Int32`.
    ///
    /// - Parameter elements: 0 ≤ lower bound, upper bound ≤ `RandomStream.elementLimit`.
    public func codes(from source: some RandomSource, of stream: RandomStream, elements: Range<Int>) -> [Int32] {
        switch self {
        case .bits: return source.words(of: stream, elements: elements).map { Int32(bitPattern: $0) }
        case .bits16: return source.halves(of: stream, elements: elements).map { Int32($0) }
        case .uniform:
            return source.halves(of: stream, elements: elements).map { SymmetricUniform.integer(half: $0) }
        case .rademacher:
            guard !elements.isEmpty else { return [] }
            let first = elements.lowerBound / 32
            let words = source.words(of: stream, elements: first..<(elements.upperBound - 1) / 32 + 1)
            return elements.map { words[$0 / 32 - first] >> UInt32($0 % 32) & 1 == 0 ? 1 : -1 }
        case .gaussian:
            return source.words(of: stream, elements: elements).map { IrwinHallGaussian.integer(word: $0) }
        case .gaussianTable:
            return source.words(of: stream, elements: elements).map { TableGaussian.integer(word: $0) }
        case .grid(let grid): return source.words(of: stream, elements: elements).map { grid.integer(word: $0) }
        }
    }

    /// The real number of a code in FP32: code·scale in binary64, then rounded; 0 for bits.
    public func value(ofCode code: Int32) -> Float {
        Float(Double(code) * (scale ?? 0))
    }
}
