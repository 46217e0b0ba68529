/// Philox4x32-10 as a source: the draws of `RandomStream` itself (docs/semantics.md, section 4).
public struct PhiloxSource: RandomSource, Hashable {
    /// The source.
    public init() {}

    public var name: String { "philox" }

    /// One block a cycle, a round a stage, the round keys made on the way (docs/semantics.md, 4.5).
    public var hardware: GeneratorHardware {
        let rounds = Philox4x32.rounds
        return GeneratorHardware(
            stateBits: 64 + 128,
            pipelineBits: rounds * 128,
            xorGates: rounds * 128,
            adderBits: (rounds - 1) * 64 + 48,
            multipliers32: rounds * 2,
            bitsPerCycle: 128,
            latencyCycles: rounds,
            reseedCycles: 0)
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt32>, of stream: RandomStream, from element: Int) {
        var place = 0
        while place < draws.count {
            let block = stream.block(UInt64(element + place) >> 2)
            var word = (element + place) & 3
            while word < 4, place < draws.count {
                draws[place] = block[word]
                word += 1
                place += 1
            }
        }
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt16>, of stream: RandomStream, from element: Int) {
        var place = 0
        while place < draws.count {
            let block = stream.block(UInt64(element + place) >> 3)
            var half = (element + place) & 7
            while half < 8, place < draws.count {
                draws[place] = UInt16(truncatingIfNeeded: block[half >> 1] >> UInt32(16 * (half & 1)))
                half += 1
                place += 1
            }
        }
    }
}
