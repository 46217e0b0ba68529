import CKernels
import NumberFormats

/// The Gaussian of a stream's draws, `irwin-hall-4` (docs/semantics.md, section 5).
extension Kernels {
    /// The integers t, −510…510, of a stream's elements.
    ///
    /// - Parameters:
    ///   - t: `count` integers, overwritten.
    ///   - count: how many, ≥ 0.
    ///   - stream: the stream; each element takes its 32-bit draw.
    ///   - first: the first element, ≥ 0; first + count ≤ 2⁴⁸.
    public func gaussianIntegers(
        _ t: UnsafeMutablePointer<Int16>, count: Int, stream: RandomStream, from first: Int
    ) {
        precondition(count >= 0 && first >= 0 && first <= 1 << 48 - count, "elements of a stream")
        guard level == .reference else {
            var draws = zk_stream(stream)
            zk_gaussian_integers(Int32(level.rawValue), &draws, UInt64(first), count, t)
            return
        }
        for i in 0..<count { t[i] = Int16(IrwinHallGaussian.integer(word: stream.word(at: first + i))) }
    }

    /// u = t/σ of a stream's elements in FP32, as `RandomDistribution.value(ofCode:)` has it: t · (1/√21845) in binary64, rounded once more.
    ///
    /// - Parameters:
    ///   - u: `count` numbers, overwritten.
    ///   - count: how many, ≥ 0.
    ///   - stream: the stream; each element takes its 32-bit draw.
    ///   - first: the first element, ≥ 0; first + count ≤ 2⁴⁸.
    public func gaussianValues(
        _ u: UnsafeMutablePointer<Float>, count: Int, stream: RandomStream, from first: Int
    ) {
        precondition(count >= 0 && first >= 0 && first <= 1 << 48 - count, "elements of a stream")
        guard level == .reference else {
            var draws = zk_stream(stream)
            zk_gaussian_values(
                Int32(level.rawValue), &draws, UInt64(first), count, u)
            return
        }
        for i in 0..<count {
            u[i] = RandomDistribution.gaussian.value(
                ofCode: IrwinHallGaussian.integer(word: stream.word(at: first + i)))
        }
    }
}
