import Kernels
import NumberFormats
import Testing

/// Operands of a product of floating-point codes.
struct FloatOperands {
    /// What the numbers are like.
    enum Style: Int, CaseIterable, Sendable {
        /// Any code: infinities and NaNs too, but few enough that sums stay finite.
        case uniform
        /// Around 1.
        case normal
        /// Between 2^−24 and 2, or what the format has of it: sums of more bits than FP64 holds.
        case spread
        /// The largest magnitudes.
        case largest
        /// Subnormal numbers and zeros of both signs.
        case smallest
        /// Each product is followed by its negative, with others between.
        case cancelling
        /// Largest and smallest magnitudes, one after the other, so that small ones are ties or are lost.
        case extremes
        /// A NaN, an infinity or a zero in four.
        case specials
        /// Negative zeros and a few subnormal numbers.
        case negativeZeros
    }

    let m: Int
    let n: Int
    let k: Int
    let aFormat: ElementFormat
    let bFormat: ElementFormat
    let style: Style
    var aCodes: [UInt32] = []
    var bCodes: [UInt32] = []

    var name: String { "\(style) \(m)×\(n)×\(k)" }

    init(
        _ m: Int, _ n: Int, _ k: Int, _ aFormat: ElementFormat, _ bFormat: ElementFormat, _ style: Style,
        _ source: inout OperandSource
    ) {
        (self.m, self.n, self.k, self.aFormat, self.bFormat, self.style) = (m, n, k, aFormat, bFormat, style)
        aCodes = Self.codes(m, k, aFormat.float!, style, isA: true, &source)
        bCodes = Self.codes(n, k, bFormat.float!, style, isA: false, &source)
    }

    private static func codes(
        _ rows: Int, _ k: Int, _ format: FloatFormat, _ style: Style, isA: Bool, _ source: inout OperandSource
    ) -> [UInt32] {
        var codes: [UInt32] = []
        codes.reserveCapacity(rows * k)
        let one = format.code(exactly: 1)!
        let binade = 1 << UInt32(format.fractionBits)
        let smallestNormal = UInt32(binade)
        func sign() -> UInt32 { source.next() % 2 == 0 ? 0 : format.signMask }
        func below(_ count: UInt32) -> UInt32 { UInt32(source.next() % UInt64(count)) }
        func finite() -> UInt32 { sign() | below(format.largestFiniteCode + 1) }
        func special() -> UInt32 {
            switch source.next() % 4 {
            case 0: format.canonicalNaN.map { sign() | $0 } ?? finite()
            case 1: sign() | 0
            default: format.infinityCode.map { sign() | $0 } ?? finite()
            }
        }
        for _ in 0..<rows {
            for i in 0..<k {
                let code: UInt32
                switch style {
                case .uniform: code = source.next() % 300 == 0 ? special() : finite()
                case .normal:
                    let offset = min(one, below(4 * UInt32(binade)) + below(4 * UInt32(binade)))
                    code = sign() | (one - offset + below(UInt32(binade)))
                case .spread: code = sign() | (one + UInt32(binade) - 1 - below(min(one, 24 * UInt32(binade))))
                case .largest: code = sign() | (format.largestFiniteCode - below(3))
                case .smallest: code = sign() | below(smallestNormal + 2)
                case .cancelling:
                    // A repeats its number, B negates it, at a distance of 2.
                    if i % 4 < 2 || codes.count < 2 {
                        code = finite()
                    } else {
                        code = codes[codes.count - 2] ^ (isA ? 0 : format.signMask)
                    }
                case .extremes:
                    code =
                        i % 3 == 0
                        ? sign() | format.largestFiniteCode - below(UInt32(binade))
                        : i % 3 == 1 ? sign() | below(smallestNormal) : sign() | one
                case .specials: code = source.next() % 4 == 0 ? special() : finite()
                case .negativeZeros: code = source.next() % 8 == 0 ? sign() | below(3) : (isA ? format.signMask : 0)
                }
                codes.append(code)
            }
        }
        return codes
    }

    /// The reference's sums.
    func reference(_ arithmetic: DotProduct) -> [UInt32] {
        (0..<m).flatMap { i in
            let row = aCodes[(i * k)..<((i + 1) * k)]
            return (0..<n).map { j in arithmetic.floatSum(row, bCodes[(j * k)..<((j + 1) * k)]).bitPattern }
        }
    }

    /// A level's sums, with a page that faults behind every operand and the result.
    func product(_ arithmetic: DotProduct, level: KernelLevel, threads: Int) -> [UInt32] {
        let result = GuardedBuffer([Float](repeating: -12_345.5, count: m * n))
        Self.withContainers(aCodes, aFormat) { a in
            Self.withContainers(bCodes, bFormat) { b in
                Kernels(level: level).multiply(
                    a, b, rows: m, columns: n, depth: k, arithmetic: arithmetic, into: result.start, threads: threads)
            }
        }
        return result.array.map(\.bitPattern)
    }

    private static func withContainers(_ codes: [UInt32], _ format: ElementFormat, _ body: (UnsafeRawPointer) -> Void) {
        if format.containerBytes == 1 {
            let buffer = GuardedBuffer(codes.map { UInt8($0) })
            body(buffer.start)
        } else {
            let buffer = GuardedBuffer(codes.map { UInt16($0) })
            body(buffer.start)
        }
    }
}
