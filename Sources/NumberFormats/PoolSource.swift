/// A pool of words that is drawn once from the run's seed and read again and again, block after block, each time rotated by another
/// amount: random bits for the price of a memory and a small LFSR.
///
/// Element e lies in block j = e div P, P the number of words, and reads pool[(e mod P + rotation of j) mod P]. Its 16-bit draw is the
/// low half of that word. The idea, random numbers that are reused, is PeZO's (Q. Tan et al., arXiv 2504.20314, 2025); its pool size and
/// order of reuse were not at hand, so this construction is Zeroth's own. What reuse costs statistically: docs/semantics.md, 4.4.
public struct PoolSource: RandomSource, Hashable {
    /// P, 2…2²⁰.
    public let poolWords: Int

    /// One LFSR lane of 32 bits, 32 steps a draw: the draws of "element" j of the stream make the rotation of block j.
    private static let rotations = try! SequentialSource(GaloisLFSR(width: 32))

    /// A pool of P words.
    ///
    /// - Throws: `RandomSourceError.poolWords`.
    public init(poolWords: Int = 4096) throws(RandomSourceError) {
        guard 2...1 << 20 ~= poolWords else { throw .poolWords(poolWords) }
        self.poolWords = poolWords
    }

    public var name: String { "pool" }

    /// The memory with an address adder, and the LFSR that makes rotations; a second adder wraps the address where P is no power of two.
    public var hardware: GeneratorHardware {
        let addressBits = Int.bitWidth - (poolWords - 1).leadingZeroBitCount
        let rotation = Self.rotations.hardware
        return GeneratorHardware(
            stateBits: rotation.stateBits + addressBits,
            memoryBits: poolWords * 32,
            xorGates: rotation.xorGates,
            adderBits: addressBits * (poolWords.nonzeroBitCount == 1 ? 1 : 2),
            bitsPerCycle: 32,
            latencyCycles: 2,
            reseedCycles: 1)
    }

    /// The pool of a run: words 0…P − 1 of Philox under the seed, all else 0.
    public func pool(seed: UInt64) -> [UInt32] {
        let stream = RandomStream(seed: seed, step: 0, query: 0, purpose: .perturbation, tensor: 0)
        return (0..<poolWords).map { stream.block(UInt64($0 / 4), use: .pool)[$0 % 4] }
    }

    /// The rotation of a block, (w·P) >> 32 with w the block's draw from the rotations' LFSR: 0…P − 1.
    public func rotation(ofBlock block: Int, of stream: RandomStream) -> Int {
        rotations(of: stream, blocks: block..<block + 1)[0]
    }

    private func rotations(of stream: RandomStream, blocks: Range<Int>) -> [Int] {
        Self.rotations.words(of: stream, elements: blocks).map { Int((UInt64($0) * UInt64(poolWords)) >> 32) }
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt32>, of stream: RandomStream, from element: Int) {
        fillDraws(draws, of: stream, from: element)
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt16>, of stream: RandomStream, from element: Int) {
        fillDraws(draws, of: stream, from: element)
    }

    private func fillDraws<Draw: FixedWidthInteger & UnsignedInteger>(
        _ draws: UnsafeMutableBufferPointer<Draw>, of stream: RandomStream, from element: Int
    ) {
        guard !draws.isEmpty else { return }
        let pool = pool(seed: stream.seed)
        let firstBlock = element / poolWords
        let rotations = rotations(
            of: stream, blocks: firstBlock..<(element + draws.count - 1) / poolWords + 1)
        for place in draws.indices {
            let (block, offset) = (element + place).quotientAndRemainder(dividingBy: poolWords)
            let read = offset + rotations[block - firstBlock]
            draws[place] = Draw(truncatingIfNeeded: pool[read < poolWords ? read : read - poolWords])
        }
    }
}
