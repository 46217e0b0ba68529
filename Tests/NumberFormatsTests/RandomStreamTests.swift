import NumberFormats
import Testing

/// Philox against the vectors that Random123 publishes (kat_vectors of its distribution), and streams against Philox.
@Suite struct RandomStreamTests {
    @Test(arguments: [
        (
            SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
            SIMD4<UInt32>(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
        ),
        (
            SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
            SIMD4<UInt32>(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
        ),
        (
            SIMD4<UInt32>(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
            SIMD2<UInt32>(0xA409_3822, 0x299F_31D0),
            SIMD4<UInt32>(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
        ),
    ])
    func philoxGivesThePublishedVectors(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
        #expect(Philox4x32.block(counter: counter, key: key) == expected)
    }

    static let stream = RandomStream(
        seed: 0x0123_4567_89AB_CDEF, step: 0xDEAD_BEEF, query: 0x1234, purpose: .update, tensor: 0xABCD)

    @Test func counterAndKeyHoldWhatTheSemanticsSay() {
        let expected = Philox4x32.block(
            counter: SIMD4(0x5678_9ABC, 0xABCD_1234, 0xDEAD_BEEF, 0x0400_1234),
            key: SIMD2(0x89AB_CDEF, 0x0123_4567))
        #expect(Self.stream.block(0x1234_5678_9ABC) == expected)
    }

    @Test func fourElementsShareABlockOfWords() {
        for e in [0, 1, 2, 3, 4, 7, 1_000_003, 1 << 40 + 1] {
            #expect(Self.stream.word(at: e) == Self.stream.block(UInt64(e / 4))[e % 4])
        }
    }

    @Test func eightElementsShareABlockOfHalvesLowHalfFirst() {
        for e in [0, 1, 2, 3, 7, 8, 15, 1_000_003] {
            let block = Self.stream.block(UInt64(e / 8))
            let halves = (0..<4).flatMap { [UInt16(block[$0] & 0xFFFF), UInt16(block[$0] >> 16)] }
            #expect(Self.stream.half(at: e) == halves[e % 8])
        }
    }

    @Test func everyPartOfTheAddressChangesTheDraw() {
        let base = TensorStreams(seed: 1, step: 2, query: 3, tensor: 4)
        var draws: Set<SIMD4<UInt32>> = []
        for purpose in RandomPurpose.allCases { draws.insert(base[purpose].block(0)) }
        for other in [
            TensorStreams(seed: 1 << 32 | 1, step: 2, query: 3, tensor: 4),
            TensorStreams(seed: 2, step: 2, query: 3, tensor: 4), TensorStreams(seed: 1, step: 3, query: 3, tensor: 4),
            TensorStreams(seed: 1, step: 2, query: 4, tensor: 4), TensorStreams(seed: 1, step: 2, query: 3, tensor: 5),
        ] {
            draws.insert(other[.perturbation].block(0))
        }
        draws.insert(base[.perturbation].block(1))
        draws.insert(base[.perturbation].block(1 << 32))
        #expect(draws.count == RandomPurpose.allCases.count + 7)
    }

    @Test func shufflesArePermutationsAndEpochsDiffer() {
        for count in [0, 1, 2, 3, 100, 1000] {
            let shuffled = Permutation.shuffled(count: count, seed: 5, purpose: .batchOrder, step: 0)
            #expect(shuffled.sorted() == Array(0..<count))
        }
        let epochs = (0..<20).map { Permutation.shuffled(count: 100, seed: 5, purpose: .batchOrder, step: $0) }
        #expect(Set(epochs).count == 20)
        #expect(epochs[0] != Permutation.shuffled(count: 100, seed: 5, purpose: .dataSplit, step: 0))
    }

    @Test func allPermutationsOfFourAreEquallyLikely() {
        // Chi-square with 23 degrees of freedom: 59 is exceeded with probability 5e-5; the seeds are fixed, so this never flickers.
        let trials = 24_000
        var counts: [[Int]: Int] = [:]
        for seed in 0..<trials {
            counts[Permutation.shuffled(count: 4, seed: UInt64(seed), purpose: .batchOrder, step: 0), default: 0] += 1
        }
        let expected = Double(trials) / 24
        let chiSquare = counts.values.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        #expect(counts.count == 24)
        #expect(chiSquare < 59)
    }

    @Test func shuffleSwapsDownwardsByTheHighWordOfTheProduct() {
        let stream = RandomStream(seed: 9, step: 7, query: 0, purpose: .batchOrder, tensor: 0)
        var expected = [0, 1, 2]
        expected.swapAt(2, Int(Double(stream.word(at: 2)) / 4_294_967_296 * 3))
        expected.swapAt(1, Int(Double(stream.word(at: 1)) / 4_294_967_296 * 2))
        #expect(Permutation.shuffled(count: 3, seed: 9, purpose: .batchOrder, step: 7) == expected)
    }
}
