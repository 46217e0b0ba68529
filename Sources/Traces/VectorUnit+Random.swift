import NumberFormats

/// Generators, roundings on integer grids, perturbation and update (docs/semantics.md, sections 4, 5 and 10).
extension VectorUnit {
    static let randomUnits: [VectorUnit] =
        [
            lfsr("galois_lfsr", width: 32, steps: 32, bits: 32), lfsr("galois_lfsr_16", width: 16, steps: 16, bits: 16),
            lfsr("galois_lfsr_8", width: 8, steps: 8, bits: 8), lfsr("galois_lfsr_64", width: 64, steps: 32, bits: 32),
            lfsr("galois_lfsr_cvfpu", width: 32, steps: 1, bits: 12, isComplement: true), poolAddress(words: 64),
            poolAddress(words: 4096), philox, irwinHall, symmetricUniform,
            perturbationCode, gridRounding, perturb, weightUpdate,
        ] + perturbationUnits

    /// A register that is loaded now and then, advances most of the time, and keeps its state otherwise.
    private static func lfsr(
        _ name: String, width: Int, steps: Int, bits: Int, isComplement: Bool = false
    ) -> VectorUnit {
        let kind = isComplement ? ", complemented" : ""
        return VectorUnit(
            name, "Galois LFSR: w = \(width), \(steps) steps and \(bits) bits\(kind) a draw", timing: .cycles,
            inputs: [
                VectorField("load", 1), VectorField("state_in", width), VectorField("mask", width),
                VectorField("enable", 1),
            ],
            outputs: [VectorField("state", width), VectorField("draw", bits)],
            lines: {
                // After a reset; loaded a few lines later.
                var state: UInt64 = 1
                var mask = GaloisLFSR.maximalMasks[width] ?? 1 << UInt64(width - 1)
                return { index, random, line in
                    let all = UInt64.max >> UInt64(64 - width)
                    let load = index == 9 || index > 9 && random.oneIn(64)
                    let loaded = random.oneIn(8) ? 1 << UInt64(random.below(width)) : random.next() & all
                    if load {
                        // The usual mask, cvfpu's, or any that does not lose a bit.
                        let usual = GaloisLFSR.maximalMasks[width] ?? 0
                        let top = UInt64(1) << UInt64(width - 1)
                        mask = random.oneIn(2) ? usual : (random.next() & all | top)
                        if width == 32, random.oneIn(3) { mask = GaloisLFSR.cvfpuMask }
                    }
                    let enable = !random.oneIn(8)
                    if load {
                        state = loaded
                    } else if enable {
                        for _ in 0..<steps { state = state >> 1 ^ (state & 1 == 1 ? mask : 0) }
                    }
                    line.append(load ? 1 : 0, bits: 1)
                    line.append(loaded, bits: width)
                    line.append(mask, bits: width)
                    line.append(enable ? 1 : 0, bits: 1)
                    line.append(state, bits: width)
                    line.append(isComplement ? ~state : state, bits: bits)
                }
            })
    }

    private static let philox = VectorUnit(
        "philox", "Philox4x32-10: a block of four words", timing: .pipelined,
        inputs: [VectorField("key", 64), VectorField("counter", 128)], outputs: [VectorField("words", 128)]
    ) { index, random, line in
        var key = random.next()
        var counter = SIMD4<UInt32>(
            truncatingIfNeeded: SIMD4<UInt64>(random.next(), random.next(), random.next(), random.next()))
        // Words of zeros and ones, as in the authors' known answers.
        if index < 2 { (key, counter) = (index == 0 ? 0 : .max, SIMD4(repeating: index == 0 ? 0 : .max)) }
        let words = Philox4x32.block(
            counter: counter, key: SIMD2(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)))
        line.append(key, bits: 64)
        line.append(words: (0..<4).map { counter[$0] }, bits: 128)
        line.append(words: (0..<4).map { words[$0] }, bits: 128)
    }

    private static let irwinHall = VectorUnit(
        "irwin_hall", "a 32-bit draw to t of irwin-hall-4",
        inputs: [VectorField("word", 32)], outputs: [VectorField("t", 10)]
    ) { index, random, line in
        let word = index < 2 ? UInt32(truncatingIfNeeded: -index) : UInt32(truncatingIfNeeded: random.next())
        line.append(word, bits: 32)
        line.append(IrwinHallGaussian.integer(word: word), bits: 10)
    }

    private static let symmetricUniform = VectorUnit(
        "symmetric_uniform", "a 16-bit draw to t of uniform",
        inputs: [VectorField("half", 16)], outputs: [VectorField("t", 10)]
    ) { index, random, line in
        // The first 2^16 lines are all there is.
        let half = index < 1 << 16 ? UInt16(index) : UInt16(truncatingIfNeeded: random.next())
        line.append(half, bits: 16)
        line.append(SymmetricUniform.integer(half: half), bits: 10)
    }

    /// The reading side of a pool: runs of elements from any place of any stream, some of them with pauses.
    ///
    /// - Parameter words: P, a power of two.
    private static func poolAddress(words: Int) -> VectorUnit {
        let bits = words.trailingZeroBitCount
        return VectorUnit(
            words == 64 ? "pool_address" : "pool_address_\(words)", "the reused pool's reading side, \(words) words",
            timing: .cycles,
            inputs: [
                VectorField("load", 1), VectorField("state_in", 32), VectorField("place_in", bits),
                VectorField("mask", 32), VectorField("enable", 1),
            ],
            outputs: [VectorField("valid_out", 1), VectorField("address", bits)],
            lines: {
                var current: PoolRun?
                return { index, random, line in
                    // A load goes before the step, which still reads the element before it.
                    let following = index == 0 || random.oneIn(200) ? PoolRun(words: words, &random) : nil
                    let enable = !random.oneIn(8)
                    line.append(following == nil ? 0 : 1, bits: 1)
                    line.append(following?.state ?? UInt64(random.below(1 << 32)), bits: 32)
                    line.append(following?.element ?? random.below(words), bits: bits)
                    line.append(current?.register.mask ?? following?.register.mask ?? 1 << 31, bits: 32)
                    line.append(enable ? 1 : 0, bits: 1)
                    line.append(enable ? 1 : 0, bits: 1)
                    if let address = current?.address, enable {
                        line.append(address, bits: bits)
                        current?.element += 1
                    } else {
                        line.appendUnknown(bits: bits)
                    }
                    current = following ?? current
                }
            })
    }

    /// Elements of a stream, one after another, as a pool serves them.
    private struct PoolRun {
        let stream: RandomStream
        let words: Int
        let register: GaloisLFSR
        var element: Int
        /// The rotations' register at the first element's block.
        let state: UInt64
        /// The block whose rotation was made last, and the rotation: at 0 the one before the first.
        private var rotation: (block: Int, value: Int)?
        private let firstBlock: Int

        init(words: Int, _ random: inout VectorRandom) {
            self.words = words
            stream = RandomStream(
                seed: random.next(), step: UInt32(truncatingIfNeeded: random.next()), query: 0, purpose: .perturbation,
                tensor: UInt16(truncatingIfNeeded: random.next()))
            // The source's own taps half of the time; near a block's end as often.
            let mask = random.oneIn(2) ? GaloisLFSR.maximalMasks[32]! : 1 << 31 | random.next() >> 32
            guard let register = try? GaloisLFSR(width: 32, mask: mask), let lanes = try? SequentialSource(register)
            else { preconditionFailure("a register that semantics 4.2 allows") }
            self.register = register
            element = random.below(1 << random.within(1...36))
            if random.oneIn(2) { element |= words - 1 - random.below(4) }
            firstBlock = element / words
            let start = lanes.initialState(lane: 0, of: stream)
            state = register.jumped(start, by: register.jump(by: UInt64(firstBlock)))
        }

        /// Where the element is read.
        var address: Int {
            mutating get {
                let (block, place) = element.quotientAndRemainder(dividingBy: words)
                if rotation?.block != block { rotation = (block, rotation(ofBlock: block)) }
                return (place + (rotation?.value ?? 0)) % words
            }
        }

        private func rotation(ofBlock block: Int) -> Int {
            if register.mask == GaloisLFSR.maximalMasks[32], let source = try? PoolSource(poolWords: words) {
                return source.rotation(ofBlock: block, of: stream)
            }
            // Other taps than the source's: draw number `block` of the same register.
            let draw = register.output(register.jumped(state, by: register.jump(by: UInt64(block - firstBlock))))
            return Int((UInt64(UInt32(truncatingIfNeeded: draw)) * UInt64(words)) >> 32)
        }
    }

    /// Bits of the perturbation, 2, 4 or 8.
    private static func anyBits(_ random: inout VectorRandom) -> PerturbationBits {
        random.pick([.two, .four, .eight])
    }

    /// 16 random bits; now and then all zeros or ones.
    private static func half(_ random: inout VectorRandom) -> UInt16 {
        random.oneIn(8) ? (random.oneIn(2) ? 0 : .max) : UInt16(truncatingIfNeeded: random.next())
    }

    private static let perturbationCode = VectorUnit(
        "perturbation_code", "t to a code of 2, 4 or 8 bits, rounded stochastically",
        inputs: [VectorField("t", 10), VectorField("bits", 4), VectorField("random", 16)],
        outputs: [VectorField("u", 8)]
    ) { _, random, line in
        let t = Int32(random.within(-510...510))
        let bits = anyBits(&random)
        let r = half(&random)
        line.append(t, bits: 10)
        line.append(bits.rawValue, bits: 4)
        line.append(r, bits: 16)
        line.append(IrwinHallGaussian.code(integer: t, bits: bits, random: r), bits: 8)
    }

    /// c_d: 1 … 2^24 − 1, of any size.
    private static func perturbationMultiplier(_ random: inout VectorRandom) -> Int32 {
        let all = Int32(PerturbationScalars.multiplierLimit - 1)
        return max(1, Int32(truncatingIfNeeded: random.next() >> 8) & all >> Int32(random.below(24)))
    }

    private static let gridRounding = VectorUnit(
        "grid_rounding", "d = (u · c_d + R) >> 16",
        inputs: [VectorField("u", 8), VectorField("multiplier", 24), VectorField("random", 16)],
        outputs: [VectorField("d", 16)]
    ) { _, random, line in
        let u = Int32(random.within(-127...127))
        let multiplier = perturbationMultiplier(&random)
        let r = half(&random)
        line.append(u, bits: 8)
        line.append(multiplier, bits: 24)
        line.append(r, bits: 16)
        line.append(WeightPerturbation.gridSteps(code: u, multiplier: multiplier, random: r), bits: 16)
    }

    private static let perturb = VectorUnit(
        "perturb", "clamp(k ± d, 127)",
        inputs: [VectorField("k", 8), VectorField("d", 16), VectorField("subtract", 1)],
        outputs: [VectorField("code", 8)]
    ) { _, random, line in
        let k = Int8(random.within(-127...127))
        let d = random.oneIn(4) ? Int32(random.within(-32512...32512)) : Int32(random.within(-300...300))
        let subtract = random.oneIn(2)
        line.append(k, bits: 8)
        line.append(d, bits: 16)
        line.append(subtract ? 1 : 0, bits: 1)
        line.append(WeightPerturbation.perturbed(k, by: subtract ? -d : d), bits: 8)
    }

    private static let weightUpdate = VectorUnit(
        "weight_update", "a weight's step: stochastic, nearest, residual-carrying with 8 or 16 bits",
        inputs: [
            VectorField("k", 8), VectorField("u2", 8), VectorField("multiplier", 26), VectorField("random", 16),
            VectorField("mode", 2), VectorField("residual_in", 16),
        ],
        outputs: [VectorField("code", 8), VectorField("residual_out", 16)]
    ) { _, random, line in
        let k = Int8(random.within(-127...127))
        var u = Int32(random.within(-127...127))
        let limit = UpdateScalars.multiplierLimit
        var multiplier = Int32(truncatingIfNeeded: random.next()) >> Int32(random.within(7...31))
        if random.oneIn(8) {
            // Half a grid step, or an odd number of them, or next to that: ties.
            let power = random.below(7)
            u = Int32(1 << power) * (random.oneIn(2) ? 1 : -1)
            multiplier = Int32(2 * random.within(-64...63) + 1) << Int32(23 - power) + Int32(random.within(-1...1))
        }
        multiplier = max(-limit, min(limit, multiplier))
        let r = half(&random)
        let mode = random.below(4)
        let rounding: UpdateRounding = [.stochastic, .nearest, .residual(.eight), .residual(.sixteen)][mode]
        var residual: Int32 = 0
        if case .residual(let bits) = rounding {
            let range = bits.range
            residual = Int32(random.within(Int(range.lowerBound)...Int(range.upperBound)))
            if random.oneIn(8) { residual = random.oneIn(2) ? range.lowerBound : range.upperBound }
        }
        let result = WeightUpdate.updated(
            k, residual: residual, code: u, multiplier: multiplier, random: r, rounding: rounding)
        line.append(k, bits: 8)
        line.append(u, bits: 8)
        line.append(multiplier, bits: 26)
        line.append(r, bits: 16)
        line.append(mode, bits: 2)
        line.append(residual, bits: 16)
        line.append(result.code, bits: 8)
        line.append(result.residual, bits: 16)
    }
}
