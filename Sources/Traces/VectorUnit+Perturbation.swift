import NumberFormats

/// The perturbation unit: weights on their way from memory to a buffer (docs/semantics.md, section 10).
extension VectorUnit {
    static let perturbationUnits: [VectorUnit] = [4, 8].flatMap { [perturbationUnit($0), perturbationUnitLFSR($0)] }

    /// A unit's name, with its weights a cycle where they are not 4.
    private static func named(_ name: String, _ weights: Int) -> String { weights == 4 ? name : "\(name)_\(weights)" }

    private static func perturbationUnit(_ weightsPerCycle: Int) -> VectorUnit {
        VectorUnit(
            named("perturbation_unit", weightsPerCycle),
            "\(weightsPerCycle) weights a cycle: draw, round, round to the grid, add, clamp; Philox",
            timing: .pipelined,
            inputs: [
                VectorField("codes", 8 * weightsPerCycle), VectorField("first_element", 48), VectorField("key", 64),
                VectorField("step", 32),
                VectorField("query", 16), VectorField("tensor", 16), VectorField("bits", 4),
                VectorField("multiplier", 24),
                VectorField("subtract", 1),
            ],
            outputs: [VectorField("codes_out", 8 * weightsPerCycle)]
        ) { _, random, line in
            let streams = TensorStreams(
                seed: random.next(), step: UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(32)),
                query: UInt16(truncatingIfNeeded: random.next()), tensor: UInt16(truncatingIfNeeded: random.next()))
            // Any group of elements below 2^48: the block index needs more than 32 bits for most.
            let shift = UInt64(random.within(16...60))
            let first = Int(random.next() >> shift) & ((1 << 48) - 1) & ~(weightsPerCycle - 1)
            let bits = random.pick([PerturbationBits.two, .four, .eight])
            let multiplier = max(1, Int32(truncatingIfNeeded: random.next() & 0xFF_FFFF) >> Int32(random.below(20)))
            let subtract = random.oneIn(2)
            var codes: UInt64 = 0
            var results: UInt64 = 0
            for lane in 0..<weightsPerCycle {
                let element = first + lane
                let k = Int8(random.within(-127...127))
                let u = IrwinHallGaussian.code(
                    integer: IrwinHallGaussian.integer(word: streams[.perturbation].word(at: element)), bits: bits,
                    random: streams[.firstRounding].half(at: element))
                let d = WeightPerturbation.gridSteps(
                    code: u, multiplier: multiplier, random: streams[.gridRounding].half(at: element))
                let result = WeightPerturbation.perturbed(k, by: subtract ? -d : d)
                codes |= UInt64(UInt8(bitPattern: k)) << UInt64(8 * lane)
                results |= UInt64(UInt8(bitPattern: result)) << UInt64(8 * lane)
            }
            line.append(codes, bits: 8 * weightsPerCycle)
            line.append(first, bits: 48)
            line.append(streams.seed, bits: 64)
            line.append(streams.step, bits: 32)
            line.append(streams.query, bits: 16)
            line.append(streams.tensor, bits: 16)
            line.append(bits.rawValue, bits: 4)
            line.append(multiplier, bits: 24)
            line.append(subtract ? 1 : 0, bits: 1)
            line.append(results, bits: 8 * weightsPerCycle)
        }
    }

    /// The same with banks of shift registers, which take elements in order: now and then they are loaded to go on elsewhere, with other taps.
    private static func perturbationUnitLFSR(_ weightsPerCycle: Int) -> VectorUnit {
        VectorUnit(
            named("perturbation_unit_lfsr", weightsPerCycle),
            "the same with 3 banks of \(weightsPerCycle) shift registers", timing: .pipelined,
            inputs: [
                VectorField("codes", 8 * weightsPerCycle), VectorField("bits", 4), VectorField("multiplier", 24),
                VectorField("subtract", 1),
                VectorField("load", 1), VectorField("lane_states", 32 * 3 * weightsPerCycle), VectorField("mask", 32),
            ],
            outputs: [VectorField("codes_out", 8 * weightsPerCycle)],
            lines: {
                var (current, following) = (LFSRRun(weightsPerCycle), LFSRRun(weightsPerCycle))
                return { _, random, line in
                    // The last line of a run loads the registers for the next one.
                    let isLast = current.taken + 1 >= current.lines
                    if isLast { following = LFSRRun(weightsPerCycle, &random) }
                    let bits = random.pick([PerturbationBits.two, .four, .eight])
                    let multiplier = max(
                        1, Int32(truncatingIfNeeded: random.next() & 0xFF_FFFF) >> Int32(random.below(20)))
                    let subtract = random.oneIn(2)
                    var codes: UInt64 = 0
                    var results: UInt64 = 0
                    for lane in 0..<weightsPerCycle {
                        let k = Int8(random.within(-127...127))
                        codes |= UInt64(UInt8(bitPattern: k)) << UInt64(8 * lane)
                        guard current.lines > 0 else { continue }
                        let place = weightsPerCycle * current.taken + lane
                        let u = IrwinHallGaussian.code(
                            integer: IrwinHallGaussian.integer(word: current.words[place]), bits: bits,
                            random: current.firstRoundings[place])
                        let d = WeightPerturbation.gridSteps(
                            code: u, multiplier: multiplier, random: current.gridRoundings[place])
                        let result = WeightPerturbation.perturbed(k, by: subtract ? -d : d)
                        results |= UInt64(UInt8(bitPattern: result)) << UInt64(8 * lane)
                    }
                    line.append(codes, bits: 8 * weightsPerCycle)
                    line.append(bits.rawValue, bits: 4)
                    line.append(multiplier, bits: 24)
                    line.append(subtract ? 1 : 0, bits: 1)
                    line.append(isLast ? 1 : 0, bits: 1)
                    let states = isLast ? following.states : current.states
                    line.append(words: states, bits: 32 * states.count)
                    line.append(current.mask, bits: 32)
                    // Before the first load the registers hold nothing of use.
                    if current.lines > 0 {
                        line.append(results, bits: 8 * weightsPerCycle)
                    } else {
                        line.appendUnknown(bits: 8 * weightsPerCycle)
                    }
                    current.taken += 1
                    if isLast { current = following }
                }
            })
    }

    /// Neighbouring elements of one stream, a draw of every lane a line.
    private struct LFSRRun {
        var lines = 0
        var taken = 0
        var mask: UInt64 = 0
        var states: [UInt32]
        var words: [UInt32] = []
        var firstRoundings: [UInt16] = []
        var gridRoundings: [UInt16] = []

        /// No elements yet.
        init(_ weightsPerCycle: Int) { states = [UInt32](repeating: 0, count: 3 * weightsPerCycle) }

        /// A run from any draw of any stream on.
        init(_ weightsPerCycle: Int, _ random: inout VectorRandom) {
            lines = random.within(1...100)
            mask = random.pick([GaloisLFSR.maximalMasks[32]!, GaloisLFSR.cvfpuMask, 1 << 31 | random.next() >> 32])
            let streams = TensorStreams(
                seed: random.next(), step: UInt32(truncatingIfNeeded: random.next()), query: 0,
                tensor: UInt16(truncatingIfNeeded: random.next()))
            // Defaults are those of the unit; any mask with the top bit set is allowed.
            guard let register = try? GaloisLFSR(width: 32, mask: mask),
                let source = try? SequentialSource(register, lanes: weightsPerCycle)
            else { preconditionFailure("a register that semantics 4.2 allows") }
            let start = random.below(1 << 30)
            let elements = weightsPerCycle * start..<weightsPerCycle * (start + lines)
            words = source.words(of: streams[.perturbation], elements: elements)
            firstRoundings = source.halves(of: streams[.firstRounding], elements: elements)
            gridRoundings = source.halves(of: streams[.gridRounding], elements: elements)
            let jump = register.jump(by: UInt64(start))
            states = [RandomPurpose.perturbation, .firstRounding, .gridRounding].flatMap { purpose in
                (0..<weightsPerCycle).map { lane in
                    UInt32(register.jumped(source.initialState(lane: lane, of: streams[purpose]), by: jump))
                }
            }
        }
    }
}
