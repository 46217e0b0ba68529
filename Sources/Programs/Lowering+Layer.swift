import Hardware
import Networks
import NumberFormats

extension Lowering {
    /// One linear layer from DRAM to DRAM in the formats of the machine's linear layers: C [m, n] = A [m, k] · B [n, k]ᵀ, scaled by row and
    /// column where the formats have scales, plus a bias; C in FP32.
    ///
    /// Reads: A, its scales, B, its scales, the bias, those that there are. Writes: C.
    ///
    /// - Parameters:
    ///   - sign: what perturbs B on load: nothing, +d or −d.
    ///   - timer: chooses by measured instead of expected time where `objective` is `latency`.
    /// - Throws: `ScheduleError` where a tile does not fit, or k is odd with 4-bit codes.
    public static func schedule(
        layerOfSize size: (m: Int, n: Int, k: Int), hasBias: Bool, sign: PerturbationSign, on machine: Machine,
        objective: ScheduleObjective = .traffic, timer: NestTimer? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        let formats = StepFormats(machine.arithmetic)
        for (name, value) in [("M", size.m), ("N", size.n), ("K", size.k)] where !(1...1 << 24).contains(value) {
            throw .badSize(name: name, value: value, allowed: "1 to \(1 << 24)")
        }
        if formats.weights.bits == 4 || formats.activations.bits == 4, size.k % 2 != 0 {
            throw .badSize(name: "K", value: size.k, allowed: "even for 4-bit codes, two of which share a byte")
        }
        guard sign != .both else {
            throw .notLowered(what: "both signs of one layer", remedy: "give plus or minus")
        }
        let network = TransformerConfiguration(
            EncoderShape(
                layers: 0, hidden: 1, heads: 1, intermediate: 1, vocabulary: 1, positions: 1, types: 1, classes: 1))
        var builder = ProgramBuilder(
            step: StepDescription(
                network: network, batch: 1, sequence: 1, trainable: .head, hasNewHead: false,
                method: sign == .none ? .inference(.quantized) : .quzo(residualBits: 0), formats: formats))
        func operand(_ name: String, _ format: ElementFormat, rows: Int, _ kind: MemoryKind) -> [TensorID] {
            let values = builder.parameter(name, format, rows * size.k, kind)
            return format.hasScales ? [values, builder.parameter(name + ".scales", .fp32, rows, kind)] : [values]
        }
        var reads = operand("A", formats.activations, rows: size.m, .liveActivations)
        reads += operand("B", formats.weights, rows: size.n, .weights)
        if hasBias { reads.append(builder.parameter("bias", .fp32, size.n, .otherParameters)) }
        let result = builder.parameter("C", .fp32, size.m * size.n, .liveActivations)
        builder.emit(
            "layer",
            .product(
                Product(
                    role: .linear(number: 0), instances: 1, m: size.m, n: size.n, k: size.k,
                    first: formats.activations, second: formats.weights, sign: sign)),
            sign == .none ? .forward : sign == .plus ? .plus : .minus, reads: reads, writes: [result])
        return try layOut(builder.program(), on: machine, objective: objective, timer: timer)
    }
}
