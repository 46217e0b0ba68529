import Kernels
import NumberFormats
import Testing

@Suite struct QuantizerThreadTests {
    /// Codes, scales and errors are those of the reference, whatever the number of threads and the size of the groups.
    @Test func threadsDecideNoBit() throws {
        var generator = SystemRandomNumberGenerator()
        let (rows, columns) = (97, 331)
        let x = (0..<rows * columns).map { _ in Float.random(in: -3..<3, using: &generator) }
        let cuts: [Quantizer.Granularity] = [.tensor, .channel, .group(size: 5), .group(size: 128), .block]
        let stream = RandomStream(seed: 9, step: 0, query: 0, purpose: .activations, tensor: 0)
        for cut in cuts {
            for rounding in [RoundingMode.nearestEven, .stochasticA(bits: 8)] {
                let quantizer = try Quantizer(format: .int8, granularity: cut, rounding: rounding)
                x.withUnsafeBufferPointer { x in
                    let reference = quantizer.quantized(x, rows: rows, columns: columns) { UInt32(stream.half(at: $0)) }
                    for threads in [1, 2, 5] {
                        let result = quantizer.quantized(x, rows: rows, columns: columns, threads: threads) {
                            UInt32(stream.half(at: $0))
                        }
                        #expect(result.codes == reference.codes)
                        #expect(result.parameters == reference.parameters)
                        #expect(result.errors == reference.errors)
                    }
                }
            }
        }
    }

    @Test func takesGivenScalesAndArraysWithoutElements() throws {
        let quantizer = try Quantizer(format: .int4, granularity: .channel)
        let given = [try quantizer.parameters(scale: 1), try quantizer.parameters(scale: 2)]
        let x: [Float] = [1, 2, 3, 4]
        let result = x.withUnsafeBufferPointer {
            quantizer.quantized($0, rows: 2, columns: 2, given: given, threads: 2)
        }
        #expect(result.codes == [1, 2, 2, 2])
        for (rows, columns) in [(0, 4), (4, 0), (0, 0)] {
            let none = quantizer.quantized(
                UnsafeBufferPointer(start: nil, count: 0), rows: rows, columns: columns, threads: 2)
            #expect(none.codes.isEmpty && none.parameters.map(\.scale) == Array(repeating: 1, count: rows))
        }
    }
}
