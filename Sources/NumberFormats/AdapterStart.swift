/// The numbers that an adapter's A begins with (docs/semantics.md, section 9); B begins with zeros.
///
/// Gaussian, as Hu et al. have it (arXiv 2106.09685, section 4.1), with the standard deviation of what PEFT draws: a uniform number within
/// ±1/√k, which is 1/√(3k).
public struct AdapterStart: Sendable, Hashable {
    /// a = 1/√(3·21845·k), binary64, rounded once to FP32.
    public let multiplier: Float

    /// - Parameter inputs: k, columns of A, ≥ 1.
    public init(inputs: Int) {
        precondition(inputs >= 1, "A reads at least one input")
        multiplier = Float(1 / (3 * IrwinHallGaussian.variance * Double(inputs)).squareRoot())
    }

    /// fl(a·t), t from the element's 32-bit draw.
    public func value(word: UInt32) -> Float { multiplier * Float(IrwinHallGaussian.integer(word: word)) }

    /// The elements of one A, row-major.
    ///
    /// - Parameters:
    ///   - seed: the run's.
    ///   - tensor: the number under which A draws.
    ///   - count: how many, ≥ 0.
    public func values(seed: UInt64, tensor: UInt16, count: Int) -> [Float] {
        let stream = RandomStream(seed: seed, step: 0, query: 0, purpose: .adapters, tensor: tensor)
        var result: [Float] = []
        result.reserveCapacity(count)
        for block in 0..<(count + 3) / 4 {
            let words = stream.block(UInt64(block))
            for lane in 0..<min(4, count - 4 * block) { result.append(value(word: words[lane])) }
        }
        return result
    }
}
