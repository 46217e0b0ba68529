import NumberFormats
import Testing

/// What holds for every source: draws depend on the address alone, whatever range or order they are asked in.
@Suite struct RandomSourceTests {
    /// Every source, with odd numbers of lanes, narrow registers and odd pools among them.
    static let sources: [any RandomSource] = {
        var sources: [any RandomSource] = [PhiloxSource()]
        do {
            for lanes in [1, 3, 64] { sources.append(try SequentialSource(GaloisLFSR(width: 32), lanes: lanes)) }
            sources.append(try SequentialSource(GaloisLFSR(width: 8, bitsPerDraw: 5, stepsPerDraw: 3), lanes: 2))
            sources.append(try SequentialSource(GaloisLFSR(width: 16, bitsPerDraw: 16), lanes: 5))
            sources.append(try SequentialSource(GaloisLFSR(width: 24, bitsPerDraw: 12, complements: true), lanes: 7))
            sources.append(try SequentialSource(GaloisLFSR(width: 64, stepsPerDraw: 1), lanes: 1))
            for generator in Xoshiro.allCases {
                for lanes in [1, 6] { sources.append(try SequentialSource(generator, lanes: lanes)) }
            }
            for words in [2, 63, 64, 4096] { sources.append(try PoolSource(poolWords: words)) }
        } catch {
            Issue.record(error)
        }
        return sources
    }()

    static let stream = RandomStream(seed: 0xFEED_BEEF_0123_4567, step: 3, query: 2, purpose: .update, tensor: 17)

    @Test(arguments: sources.indices)
    func anyRangeHasTheSameDraws(source place: Int) {
        let source = Self.sources[place]
        let words = source.words(of: Self.stream, elements: 0..<1000)
        let halves = source.halves(of: Self.stream, elements: 0..<1000)
        for range in [0..<0, 0..<1, 1..<2, 5..<13, 63..<65, 64..<200, 511..<777, 999..<1000] {
            #expect(source.words(of: Self.stream, elements: range) == Array(words[range]))
            #expect(source.halves(of: Self.stream, elements: range) == Array(halves[range]))
        }
        // Backwards, one at a time.
        for e in stride(from: 999, through: 0, by: -37) {
            #expect(source.word(of: Self.stream, at: e) == words[e])
            #expect(source.half(of: Self.stream, at: e) == halves[e])
        }
    }

    @Test(arguments: sources.indices)
    func theLastElementsCanBeDrawn(source place: Int) {
        let source = Self.sources[place]
        let end = RandomStream.elementLimit
        let words = source.words(of: Self.stream, elements: end - 100..<end)
        let halves = source.halves(of: Self.stream, elements: end - 100..<end)
        #expect(source.words(of: Self.stream, elements: end - 3..<end) == Array(words.suffix(3)))
        #expect(source.halves(of: Self.stream, elements: end - 3..<end) == Array(halves.suffix(3)))
    }

    @Test(arguments: sources.indices)
    func everyPartOfTheAddressChangesTheDraws(source place: Int) {
        let source = Self.sources[place]
        guard !(source is PoolSource) else { return }  // its own test
        var draws: Set<[UInt32]> = []
        var streams = [Self.stream]
        streams.append(RandomStream(seed: 1, step: 3, query: 2, purpose: .update, tensor: 17))
        streams.append(RandomStream(seed: Self.stream.seed, step: 4, query: 2, purpose: .update, tensor: 17))
        streams.append(RandomStream(seed: Self.stream.seed, step: 3, query: 1, purpose: .update, tensor: 17))
        streams.append(RandomStream(seed: Self.stream.seed, step: 3, query: 2, purpose: .perturbation, tensor: 17))
        streams.append(RandomStream(seed: Self.stream.seed, step: 3, query: 2, purpose: .update, tensor: 18))
        for stream in streams { draws.insert(source.words(of: stream, elements: 0..<64)) }
        #expect(draws.count == streams.count)
    }

    @Test func philoxIsTheStreamItself() {
        let source = PhiloxSource()
        for e in [0, 1, 2, 3, 4, 5, 7, 8, 9, 1_000_003] {
            #expect(source.word(of: Self.stream, at: e) == Self.stream.word(at: e))
            #expect(source.half(of: Self.stream, at: e) == Self.stream.half(at: e))
        }
    }

    @Test func elementsGoRoundTheLanes() throws {
        // Draw e by lane e mod 3, number e div 3; draw 0 is the initial state, the next one is stepsPerDraw steps on.
        let lfsr = try GaloisLFSR(width: 32, stepsPerDraw: 5)
        let source = try SequentialSource(lfsr, lanes: 3)
        var states = (0..<3).map { source.initialState(lane: $0, of: Self.stream) }
        #expect(Set(states).count == 3)
        let words = source.words(of: Self.stream, elements: 0..<300)
        for e in 0..<300 {
            #expect(words[e] == UInt32(states[e % 3]))
            for _ in 0..<5 { states[e % 3] = lfsr.next(states[e % 3]) }
        }
    }

    @Test func narrowRegistersFillWordsLowBitsFirst() throws {
        let lfsr = try GaloisLFSR(width: 24, bitsPerDraw: 12)
        let source = try SequentialSource(lfsr)
        var state = source.initialState(lane: 0, of: Self.stream)
        let outputs = (0..<30).map { _ in
            defer { lfsr.advance(&state) }
            return UInt32(lfsr.output(state))
        }
        let words = source.words(of: Self.stream, elements: 0..<10)
        let halves = source.halves(of: Self.stream, elements: 0..<15)
        for e in 0..<10 {
            #expect(words[e] == outputs[3 * e] | outputs[3 * e + 1] << 12 | outputs[3 * e + 2] << 24)
        }
        for e in 0..<15 {
            #expect(halves[e] == UInt16(truncatingIfNeeded: outputs[2 * e] | outputs[2 * e + 1] << 12))
        }
    }

    @Test func wideOutputsAreCutLowBitsFirst() throws {
        let generator = Xoshiro.xoshiro256PlusPlus
        let source = try SequentialSource(generator)
        let state = source.initialState(lane: 0, of: Self.stream)
        let outputs = XoshiroTests.outputs(generator, from: state, count: 4)
        let words = source.words(of: Self.stream, elements: 0..<8)
        let halves = source.halves(of: Self.stream, elements: 0..<16)
        for e in 0..<8 { #expect(words[e] == UInt32(truncatingIfNeeded: outputs[e / 2] >> UInt64(32 * (e % 2)))) }
        for e in 0..<16 { #expect(halves[e] == UInt16(truncatingIfNeeded: outputs[e / 4] >> UInt64(16 * (e % 4)))) }
    }

    @Test func laneStatesAreNoDrawsOfTheStream() throws {
        let source = try SequentialSource(Xoshiro.xoshiro128PlusPlus, lanes: 4)
        let draws = Set((0..<64).map { Self.stream.word(at: $0) })
        for lane in 0..<4 {
            let state = source.initialState(lane: lane, of: Self.stream)
            for i in 0..<4 { #expect(!draws.contains(UInt32(state[i]))) }
        }
    }

    @Test func wrongNumbersOfLanesAreErrors() {
        #expect(throws: RandomSourceError.lanes(0)) { try SequentialSource(Xoshiro.xoroshiro128Plus, lanes: 0) }
        #expect(throws: RandomSourceError.lanes(65537)) { try SequentialSource(Xoshiro.xoroshiro128Plus, lanes: 65537) }
        #expect(throws: RandomSourceError.poolWords(1)) { try PoolSource(poolWords: 1) }
        #expect(throws: RandomSourceError.poolWords(1 << 20 + 1)) { try PoolSource(poolWords: 1 << 20 + 1) }
    }

    @Test func hardwareCountsGrowWithLanesAndPool() throws {
        let one = try SequentialSource(GaloisLFSR(mask: GaloisLFSR.cvfpuMask, stepsPerDraw: 1)).hardware
        // 0x80000EA6 has eight taps: seven two-input XORs beside the one that only feeds back.
        #expect(
            one == GeneratorHardware(stateBits: 32, xorGates: 7, bitsPerCycle: 32, latencyCycles: 1, reseedCycles: 1))
        let many = try SequentialSource(GaloisLFSR(mask: GaloisLFSR.cvfpuMask, stepsPerDraw: 32), lanes: 16).hardware
        #expect(many.stateBits == 512 && many.xorGates == 16 * 32 * 7 && many.bitsPerCycle == 512)
        #expect(try PoolSource(poolWords: 4096).hardware.memoryBits == 131_072)
        #expect(PhiloxSource().hardware.multipliers32 == 20)
        let aox = try SequentialSource(Xoshiro.xoroshiro128AOX).hardware
        let plus = try SequentialSource(Xoshiro.xoroshiro128Plus).hardware
        #expect(aox.adderBits == 0 && plus.adderBits == 64 && aox.stateBits == plus.stateBits)
    }
}
