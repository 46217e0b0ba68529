import Kernels
import NumberFormats
import Testing

/// The Gaussian's kernels against its definition.
@Suite struct GeneratorKernelsTests {
    static let stream = VectorPerturbationTests.streams[.perturbation]
    static let ranges: [(first: Int, count: Int)] = [
        (0, 0), (0, 1), (5, 1), (0, 256), (255, 2), (3, 697), (17, 67), (1 << 34 - 40, 301), (1 << 48 - 300, 300),
    ]

    @Test(arguments: VectorPerturbationTests.levels)
    func integersAreThoseOfTheDefinition(level: KernelLevel) {
        for (first, count) in Self.ranges + (0...67).map({ (100, $0) }) {
            let t = GuardedBuffer([Int16](repeating: 9999, count: count))
            Kernels(level: level).gaussianIntegers(t.start, count: count, stream: Self.stream, from: first)
            let expected = (first..<first + count).map {
                Int16(IrwinHallGaussian.integer(word: Self.stream.word(at: $0)))
            }
            #expect(t.array == expected, "\(count) from \(first)")
        }
    }

    @Test(arguments: VectorPerturbationTests.levels)
    func valuesAreThoseOfTheDefinition(level: KernelLevel) {
        for (first, count) in Self.ranges + (0...67).map({ (100, $0) }) {
            let u = GuardedBuffer([Float](repeating: 9999, count: count))
            Kernels(level: level).gaussianValues(u.start, count: count, stream: Self.stream, from: first)
            let expected = (first..<first + count).map {
                RandomDistribution.gaussian.value(ofCode: IrwinHallGaussian.integer(word: Self.stream.word(at: $0)))
            }
            #expect(u.array.map(\.bitPattern) == expected.map(\.bitPattern), "\(count) from \(first)")
        }
    }

    /// The kernels' two products and one addition, for every integer.
    @Test func valuesByFP32OperationsAreThoseOfBinary64() {
        for t in -510...510 as ClosedRange<Int32> {
            let value = Float(t) * 0x1.bb6p-8 + Float(t) * 0x1.11874p-21
            #expect(value == RandomDistribution.gaussian.value(ofCode: t))
        }
    }

    /// A million draws: the mean within 5 standard errors of 0, the variance within 5 of 1 (excess kurtosis −0.3), no value beyond 3.4506.
    @Test func valuesHaveTheMomentsOfTheConstruction() {
        let count = 1 << 20
        let u = GuardedBuffer([Float](repeating: 0, count: count))
        Kernels(level: .highestAvailable).gaussianValues(u.start, count: count, stream: Self.stream, from: 12345)
        let values = u.array.map(Double.init)
        let mean = values.reduce(0, +) / Double(count)
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(count)
        #expect(abs(mean) < 5 / Double(count).squareRoot())
        #expect(abs(variance - 1) < 5 * (1.7 / Double(count)).squareRoot())
        #expect(values.allSatisfy { abs($0) < 3.4507 })
    }
}
