import Kernels
import Testing

/// Seeded operands for the product tests (SplitMix64).
struct OperandSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// All 256 codes.
    mutating func int8s(_ count: Int) -> [Int8] {
        (0..<count).map { _ in Int8(truncatingIfNeeded: next() >> 11) }
    }

    /// Normal numbers of both signs with exponents in −6...6, so that nearly every addition rounds.
    mutating func floats(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            let bits = next()
            let exponent = UInt32(121 + bits % 13)
            return Float(bitPattern: UInt32(truncatingIfNeeded: bits >> 32) & 0x807F_FFFF | exponent << 23)
        }
    }

    /// Any bit pattern: subnormals, infinities and NaNs among them.
    mutating func anyFloats(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            switch next() % 8 {
            case 0: Float(bitPattern: UInt32(truncatingIfNeeded: next()) & 0x807F_FFFF)
            case 1: next() % 2 == 0 ? -0.0 : 0.0
            case 2: next() % 2 == 0 ? Float.infinity : -Float.infinity
            default: Float(bitPattern: UInt32(truncatingIfNeeded: next()))
            }
        }
    }
}

/// A shape of a product with strides longer than the rows by the paddings.
struct ProductShape: CustomTestStringConvertible, Sendable {
    var m: Int
    var n: Int
    var k: Int
    var aPadding = 0
    var bPadding = 0
    var outPadding = 0

    var aStride: Int { k + aPadding }
    var bStride: Int { k + bPadding }
    var outStride: Int { n + outPadding }

    /// Elements from the first of the first row to the last of the last, and no more: reads beyond them are outside the array.
    var aCount: Int { (m - 1) * aStride + k }
    var bCount: Int { (n - 1) * bStride + k }
    var outCount: Int { (m - 1) * outStride + n }

    var testDescription: String { "\(m)×\(n)×\(k) padding \(aPadding),\(bPadding),\(outPadding)" }

    static let odd: [ProductShape] = [
        ProductShape(m: 1, n: 1, k: 1),
        ProductShape(m: 7, n: 5, k: 3),
        ProductShape(m: 2, n: 16, k: 4),
        ProductShape(m: 3, n: 17, k: 5, aPadding: 1, bPadding: 2, outPadding: 3),
        ProductShape(m: 13, n: 9, k: 31, aPadding: 3),
        ProductShape(m: 16, n: 16, k: 64),
        ProductShape(m: 16, n: 31, k: 32, outPadding: 1),
        ProductShape(m: 17, n: 32, k: 63, bPadding: 7),
        ProductShape(m: 31, n: 48, k: 66),
        ProductShape(m: 32, n: 33, k: 128, aPadding: 64, bPadding: 64, outPadding: 31),
        ProductShape(m: 33, n: 17, k: 65, aPadding: 5, bPadding: 9, outPadding: 2),
        ProductShape(m: 48, n: 47, k: 96),
        ProductShape(m: 64, n: 64, k: 32),
        ProductShape(m: 130, n: 100, k: 387, aPadding: 13, bPadding: 61, outPadding: 4),
    ]

    /// Every count of rows that a micro-kernel or a tile configuration treats by itself.
    static let everyRowCount = (1...45).map { ProductShape(m: $0, n: 35, k: 70, outPadding: 1) }

    /// Every tail of the depth.
    static let everyDepth = (1...130).map { ProductShape(m: 5, n: 18, k: $0, aPadding: 2) }
}

/// The levels above the reference that run here.
let fastLevels = KernelLevel.available.filter { $0 > .reference }
