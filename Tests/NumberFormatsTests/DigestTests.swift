import Foundation
import Networks
import NumberFormats
import Testing

/// The references beside ml_dtypes and gfloat: digests of codes that outside/casts.py made from these two, each of up to 2²⁰ cases.
@Suite struct DigestTests {
    @Test func everySetOfMlDtypesIsOurs() throws {
        let sets = try DigestSet.all().filter { $0.library == "ml_dtypes" }
        #expect(sets.count == 34)
        expectAgreement(sets)
    }

    /// One set in thirteen, so that each mode, N, policy and format has its turn; all of them are compared through the kernels, which equal the references
    /// (KernelsTests), and by outside/casts.py.
    @Test func theRoundingsOfGfloatAreOurs() throws {
        let sets = try DigestSet.all().filter { $0.library == "gfloat" }
        #expect(sets.count == 945)
        expectAgreement(sets.enumerated().filter { $0.offset % 13 == 0 }.map(\.element))
    }

    private func expectAgreement(_ sets: [DigestSet]) {
        for set in sets {
            let codes = set.codes()
            #expect(codes.count == set.cases)
            let digest =
                set.target.bits > 8
                ? codes.map { UInt16($0) }.withUnsafeBytes { SHA256.hexadecimal(of: $0) }
                : codes.map { UInt8($0) }.withUnsafeBytes { SHA256.hexadecimal(of: $0) }
            #expect(digest == set.digest, "\(set.library) \(set.operation) \(set.detail) → \(set.target.name)")
        }
    }
}

/// One line of digests.tsv.
struct DigestSet {
    let library: Substring
    let operation: Substring
    let detail: Substring
    let target: FloatFormat
    let cases: Int
    let digest: Substring

    static func all() throws -> [DigestSet] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "outside/digests.tsv")
        return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            let fields = $0.split(separator: "\t")
            let isArithmetic = ["add", "multiply"].contains(fields[1])
            let name = isArithmetic ? fields[2] : fields[3]
            return DigestSet(
                library: fields[0], operation: fields[1], detail: fields[2],
                target: try #require(ElementFormat(rawValue: String(name))?.float), cases: try #require(Int(fields[4])),
                digest: fields[5])
        }
    }

    /// Lower halves of the operands, as casts.py has them.
    private static let tails: [UInt32] = [
        0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x4000, 0xC000, 0x2000, 0x1000, 0x0800, 0x3FFF, 0xBEEF, 0x5A5A,
        0x9E37, 0x6C62,
    ]

    /// 2²⁰ FP32 codes: all upper halves, with one tail after the other.
    static let operands: [UInt32] = tails.flatMap { tail in (0..<UInt32(1 << 16)).map { $0 << 16 | tail } }

    /// A word for each: the upper half of a multiple of the golden ratio in 64 bits.
    static let random: [UInt32] = (1...UInt64(1 << 20)).map { UInt32(($0 &* 0x9E37_79B9_7F4A_7C15) >> 32) }

    /// The rounding and overflow policy of a set of gfloat.
    var environment: FloatEnvironment {
        let words = operation.split(separator: ":")
        let bits = words.count > 1 ? Int(words[1])! : 0
        let rounding: RoundingMode =
            switch words[0] {
            case "nearest-even": .nearestEven
            case "nearest-away": .nearestAway
            case "toward-zero": .towardZero
            case "down": .down
            case "up": .up
            case "stochastic-a": .stochasticA(bits: bits)
            case "stochastic-b": .stochasticB(bits: bits)
            case "stochastic-c": .stochasticC(bits: bits)
            default: preconditionFailure("no such rounding: \(operation)")
            }
        return FloatEnvironment(rounding: rounding, overflow: OverflowPolicy(rawValue: String(detail))!)
    }

    /// The codes, in the order of the script.
    func codes() -> [UInt32] {
        let environment = FloatEnvironment(overflow: .ieee)
        switch (library, operation) {
        case ("ml_dtypes", "add"), ("ml_dtypes", "multiply"):
            return (0..<UInt32(1 << 16)).map { pair in
                let a = FloatOperand(pair >> 8, target)
                let b = FloatOperand(pair & 0xFF, target)
                return operation == "add"
                    ? FloatArithmetic.add(a, b, to: target, environment).code
                    : FloatArithmetic.multiply(a, b, to: target, environment).code
            }
        default:
            let environment = library == "gfloat" ? self.environment : environment
            return zip(operands(), Self.random).map {
                target.encode(FloatFormat.fp32.decode($0), environment, random: $1).code
            }
        }
    }

    /// The FP32 codes that a set's casts start from, with a 1 in the place of what the script leaves out.
    func operands() -> [UInt32] {
        let codes =
            switch detail {
            case "bf16": (0..<UInt32(1 << 16)).map { $0 << 16 }
            case "fp16": (0..<UInt32(1 << 16)).map { Float(FloatFormat.fp16.value(of: $0)).bitPattern }
            default: Self.operands
            }
        return codes.map { isLeftOut($0) ? Float(1).bitPattern : $0 }
    }

    /// NaNs where the target has none; for e8m0 the numbers between 2^−127 and 1.5·2^−127, which ml_dtypes makes 2^−126.
    private func isLeftOut(_ code: UInt32) -> Bool {
        if target == .e8m0 { return code > 0x0040_0000 && code < 0x0060_0000 }
        return target.canonicalNaN == nil && code & 0x7FFF_FFFF > 0x7F80_0000
    }
}
