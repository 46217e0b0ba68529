import Foundation
import NumberFormats
import Testing

/// Codes and scales that other programs made (quantizers/make.py).
private struct Goldens: Decodable {
    struct Case: Decodable {
        let by: String
        let format: String
        let scheme: String
        let granularity: String
        let rule: String
        let given: Bool
        let codes: [Int16]
        let scales: [UInt32]
        let zeros: [Int64]?
        let bits: Int?
        let values: [UInt32]?
    }

    let rows: Int
    let columns: Int
    let x: [UInt32]
    let cases: [Case]

    static func read() throws -> Goldens {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return try JSONDecoder().decode(
            Goldens.self, from: Data(contentsOf: folder.appendingPathComponent("quantizers/goldens.json")))
    }
}

extension Goldens.Case {
    func quantizer() throws -> Quantizer {
        let size = Int(granularity.split(separator: ":").last ?? "")
        let cut: Quantizer.Granularity =
            switch granularity {
            case "tensor": .tensor
            case "channel": .channel
            case "mx": .block
            default: .group(size: try #require(size))
            }
        return try Quantizer(
            format: try #require(ElementFormat(rawValue: format)),
            scheme: try #require(Quantizer.Scheme(rawValue: scheme)), granularity: cut,
            scaleRule: try #require(Quantizer.ScaleRule(rawValue: rule)),
            rounding: bits.map { .stochasticA(bits: $0) } ?? .nearestEven)
    }

    var name: String { "\(by): \(format) \(scheme) \(granularity) \(rule)\(given ? " given" : "") \(bits ?? 0)" }
}

@Suite struct QuantizerGoldenTests {
    /// Every code, scale, zero point and, where given, dequantized value; at most the signs of zeros may differ in the latter.
    @Test func agreesWithTorchMLDTypesGfloatAndNumPy() throws {
        let goldens = try Goldens.read()
        let x = goldens.x.map(Float.init(bitPattern:))
        var makers: Set<String> = []
        for golden in goldens.cases {
            let quantizer = try golden.quantizer()
            let given =
                golden.given
                ? try zip(golden.scales, try #require(golden.zeros)).map {
                    try quantizer.parameters(scale: Float(bitPattern: $0), zeroPoint: $1)
                } : nil
            let result = x.withUnsafeBufferPointer {
                quantizer.quantized($0, rows: goldens.rows, columns: goldens.columns, given: given) { place in
                    let word = UInt32(truncatingIfNeeded: place &* 0x9E37_79B1)
                    return word ^ word >> 15
                }
            }
            #expect(result.codes == golden.codes, "\(golden.name)")
            #expect(result.parameters.map(\.scale.bitPattern) == golden.scales, "\(golden.name)")
            if let zeros = golden.zeros { #expect(result.parameters.map { Int64($0.zeroPoint) } == zeros) }
            if let values = golden.values {
                #expect(result.dequantized() == values.map(Float.init(bitPattern:)), "\(golden.name)")
            }
            makers.insert(golden.by)
        }
        #expect(makers == ["torch", "ml_dtypes", "gfloat", "numpy"])
    }
}
