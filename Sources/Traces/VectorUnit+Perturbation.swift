import NumberFormats

/// The perturbation unit: weights on their way from memory to a buffer (docs/semantics.md, section 10).
extension VectorUnit {
    static let perturbationUnits: [VectorUnit] = [perturbationUnit]

    /// Weights that the unit takes in a cycle.
    private static let weightsPerCycle = 4

    private static let perturbationUnit = VectorUnit(
        "perturbation_unit", "four weights a cycle: draw, round, round to the grid, add, clamp; Philox", timing: .pipelined,
        inputs: [
            VectorField("codes", 32), VectorField("first_element", 48), VectorField("key", 64), VectorField("step", 32),
            VectorField("query", 16), VectorField("tensor", 16), VectorField("bits", 4), VectorField("multiplier", 24),
            VectorField("subtract", 1),
        ],
        outputs: [VectorField("codes_out", 32)]
    ) { _, random, line in
        let streams = TensorStreams(
            seed: random.next(), step: UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(32)),
            query: UInt16(truncatingIfNeeded: random.next()), tensor: UInt16(truncatingIfNeeded: random.next()))
        // Any group of four elements below 2^48: the block index needs more than 32 bits for most.
        let shift = UInt64(random.within(16...60))
        let first = Int(random.next() >> shift) & ((1 << 48) - 1) & ~(weightsPerCycle - 1)
        let bits = random.pick([PerturbationBits.two, .four, .eight])
        let multiplier = max(1, Int32(truncatingIfNeeded: random.next() & 0xFF_FFFF) >> Int32(random.below(20)))
        let subtract = random.oneIn(2)
        var codes: UInt32 = 0
        var results: UInt32 = 0
        for lane in 0..<weightsPerCycle {
            let element = first + lane
            let k = Int8(random.within(-127...127))
            let u = IrwinHallGaussian.code(
                integer: IrwinHallGaussian.integer(word: streams[.perturbation].word(at: element)), bits: bits,
                random: streams[.firstRounding].half(at: element))
            let d = WeightPerturbation.gridSteps(
                code: u, multiplier: multiplier, random: streams[.gridRounding].half(at: element))
            let result = WeightPerturbation.perturbed(k, by: subtract ? -d : d)
            codes |= UInt32(UInt8(bitPattern: k)) << UInt32(8 * lane)
            results |= UInt32(UInt8(bitPattern: result)) << UInt32(8 * lane)
        }
        line.append(codes, bits: 32)
        line.append(first, bits: 48)
        line.append(streams.seed, bits: 64)
        line.append(streams.step, bits: 32)
        line.append(streams.query, bits: 16)
        line.append(streams.tensor, bits: 16)
        line.append(bits.rawValue, bits: 4)
        line.append(multiplier, bits: 24)
        line.append(subtract ? 1 : 0, bits: 1)
        line.append(results, bits: 32)
    }
}
