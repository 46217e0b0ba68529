import NumberFormats
import Testing

@testable import Emulator

struct DecoderInt4Tests {
    @Test func weightsAreThoseOfTheGeneralQuantizer() throws {
        let quantizer = try Quantizer(format: .int4, granularity: .channel)
        var x = (0..<2_000).map { Float(($0 * 7_919) % 4_001 - 2_000) * 0.37 }
        for column in 0..<100 { x[300 + column] = 0 }
        for column in 0..<100 { x[400 + column] *= 0x1p-120 }
        let tensor = x.withUnsafeBufferPointer { quantizer.quantized($0, rows: 20, columns: 100) }
        for row in 0..<20 {
            var codes = [Int8](repeating: 9, count: 100)
            let scale = x.withUnsafeBufferPointer {
                DecoderLinearLoader.quantize($0.baseAddress! + row * 100, count: 100, largest: 7, codes: &codes)
            }
            #expect(codes.map(Int16.init) == Array(tensor.codes[row * 100..<row * 100 + 100]), "row \(row)")
            #expect(scale == tensor.parameters[row].scale)
        }
    }
}
