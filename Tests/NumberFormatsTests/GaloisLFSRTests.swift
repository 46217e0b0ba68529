import NumberFormats
import Testing

/// The LFSR's recurrence, its periods, its jumps, and the states that an RTL unit went through.
@Suite struct GaloisLFSRTests {
    /// Steps until a state comes back.
    static func period(_ lfsr: GaloisLFSR, from start: UInt64 = 1) -> Int {
        var state = lfsr.next(start)
        var steps = 1
        while state != start {
            state = lfsr.next(state)
            steps += 1
        }
        return steps
    }

    @Test func shiftsRightAndAddsTheMaskWhereAOneFallsOut() throws {
        let lfsr = try GaloisLFSR(width: 16, mask: 0xB400)
        #expect(lfsr.next(0xACE0) == 0x5670)
        #expect(lfsr.next(0xACE1) == 0x5670 ^ 0xB400)
        #expect(lfsr.next(1) == 0xB400)
        #expect(lfsr.next(0) == 0)
    }

    @Test(arguments: [8, 16, 24])
    func listedMasksVisitEveryStateButZero(width: Int) throws {
        #expect(Self.period(try GaloisLFSR(width: width)) == 1 << width - 1)
    }

    /// A state's orbit has N = 2^w − 1 states if N steps bring it back and N/q don't, for each prime q of N.
    @Test(
        arguments: [
            (32, GaloisLFSR.maximalMasks[32]!, [3, 5, 17, 257, 65537]),
            (32, GaloisLFSR.cvfpuMask, [3, 5, 17, 257, 65537]),
            (64, GaloisLFSR.maximalMasks[64]!, [3, 5, 17, 257, 641, 65537, 6_700_417]),
        ] as [(Int, UInt64, [UInt64])])
    func wideMasksHaveTheirFullPeriod(width: Int, mask: UInt64, primes: [UInt64]) throws {
        let lfsr = try GaloisLFSR(width: width, mask: mask)
        let states = UInt64.max >> UInt64(64 - width)
        // The primes are all of them, each once.
        #expect(primes.reduce(1, *) == states)
        #expect(lfsr.advanced(1, by: states) == 1)
        for prime in primes { #expect(lfsr.advanced(1, by: states / prime) != 1) }
    }

    @Test func aMaskWithoutFeedbackTapsHasAShortPeriod() throws {
        let lfsr = try GaloisLFSR(width: 32, mask: 0x8000_0000)
        #expect(Self.period(lfsr) == 32)
        #expect(
            lfsr.advanced(1, by: UInt64(UInt32.max) / 65537) == lfsr.advanced(1, by: UInt64(UInt32.max) / 65537 % 32))
    }

    @Test(arguments: 2...64)
    func jumpsEqualSteps(width: Int) throws {
        // Any mask with the top bit, maximal or not; masks and states from a stated stream.
        let stream = RandomStream(seed: 11, step: UInt32(width), query: 0, purpose: .update, tensor: 0)
        func word(_ place: Int) -> UInt64 {
            (UInt64(stream.word(at: 2 * place)) | UInt64(stream.word(at: 2 * place + 1)) << 32) >> UInt64(64 - width)
        }
        for trial in 0..<4 {
            let lfsr = try GaloisLFSR(width: width, mask: word(2 * trial) | 1 << UInt64(width - 1))
            let start = word(2 * trial + 1)
            var state = start
            for steps in 0...300 {
                #expect(lfsr.advanced(start, by: UInt64(steps)) == state)
                state = lfsr.next(state)
            }
            // Two jumps are one, also far beyond what can be stepped.
            let far: UInt64 = 0x0123_4567_89AB_CDEF
            #expect(lfsr.advanced(lfsr.advanced(start, by: far), by: 12345) == lfsr.advanced(start, by: far + 12345))
        }
    }

    @Test func aMillionStepsEqualOneJump() throws {
        let lfsr = try GaloisLFSR(width: 32, mask: GaloisLFSR.cvfpuMask)
        var state: UInt64 = 0xFFFF_FFD5
        for _ in 0..<1_000_000 { state = lfsr.next(state) }
        #expect(lfsr.advanced(0xFFFF_FFD5, by: 1_000_000) == state)
    }

    // MARK: Against RTL

    /// The LFSR states and discarded bits of the stochastic rounding rows of the references.
    static func rows() throws -> [(state: UInt64, discarded: UInt64)] {
        try References.rows("stochastic_rounding_rtl.csv.gz", separator: ",", header: 1).map {
            (try #require(UInt64($0[7], radix: 16)), try #require(UInt64($0[8], radix: 16)))
        }
    }

    @Test(.enabled(if: References.arePresent, "\(References.comment)"))
    func everyStateOfTheRTLRowsIsAmongTheFirstFourThousand() throws {
        // The rows are a shuffled sample of one run of 4,000 operations whose register began at ~42: consecutive rows are no successors,
        // but all states lie on that short stretch of a cycle of 2^32 − 1, which another mask or direction would not reach.
        let rows = try Self.rows()
        #expect(rows.count == 1141)
        func states(mask: UInt64) throws -> Set<UInt64> {
            let lfsr = try GaloisLFSR(width: 32, mask: mask)
            var state = UInt64(~UInt32(42))
            return Set(
                (0..<4000).map { _ in
                    defer { state = lfsr.next(state) }
                    return state
                })
        }
        let reached = try states(mask: GaloisLFSR.cvfpuMask)
        #expect(rows.allSatisfy { reached.contains($0.state) })
        let others = try states(mask: 0x8020_0003)
        #expect(rows.count { others.contains($0.state) } < 10)
        let neighbours = zip(rows, rows.dropFirst()).count { reached.contains($0.state) && $1.state == $0.state >> 1 }
        #expect(neighbours < 5)
    }

    @Test(.enabled(if: References.arePresent, "\(References.comment)"))
    func theRTLComparisonIsFormAWithTheComplement() throws {
        // up iff lfsr[11:0] < d; form A: up iff d + R ≥ 2^12 with R the low bits of a draw that is complemented.
        let lfsr = try GaloisLFSR(width: 32, mask: GaloisLFSR.cvfpuMask, stepsPerDraw: 1, complements: true)
        var roundsUp = 0
        for row in try Self.rows() {
            let random = lfsr.output(row.state) & 0xFFF
            let up = row.state & 0xFFF < row.discarded
            #expect((row.discarded + random >= 4096) == up)
            roundsUp += up ? 1 : 0
        }
        #expect(roundsUp > 100)
    }

    // MARK: Errors

    @Test func impossibleRegistersAreErrors() {
        #expect(throws: RandomSourceError.width(1)) { try GaloisLFSR(width: 1, mask: 1) }
        #expect(throws: RandomSourceError.width(65)) { try GaloisLFSR(width: 65, mask: 1) }
        #expect(throws: RandomSourceError.maskZero) { try GaloisLFSR(width: 8, mask: 0) }
        #expect(throws: RandomSourceError.maskTooWide(mask: 0x1B8, width: 8)) { try GaloisLFSR(width: 8, mask: 0x1B8) }
        #expect(throws: RandomSourceError.maskWithoutTopBit(mask: 0x38, width: 8)) {
            try GaloisLFSR(width: 8, mask: 0x38)
        }
        #expect(throws: RandomSourceError.maskMissing(width: 31)) { try GaloisLFSR(width: 31) }
        #expect(throws: RandomSourceError.bitsPerDraw(0, largest: 32)) { try GaloisLFSR(bitsPerDraw: 0) }
        #expect(throws: RandomSourceError.bitsPerDraw(9, largest: 8)) { try GaloisLFSR(width: 8, bitsPerDraw: 9) }
        #expect(throws: RandomSourceError.bitsPerDraw(33, largest: 32)) { try GaloisLFSR(width: 64, bitsPerDraw: 33) }
        #expect(throws: RandomSourceError.stepsPerDraw(0)) { try GaloisLFSR(stepsPerDraw: 0) }
        #expect(throws: RandomSourceError.stepsPerDraw(257)) { try GaloisLFSR(stepsPerDraw: 257) }
        #expect(RandomSourceError.maskTooWide(mask: 0x1B8, width: 8).description.contains("0x1B8"))
    }
}
