import Hardware
import Networks
import NumberFormats

extension Lowering {
    /// Matrix products alone, one after another: C [m, n] = A [m, k] · B [k, n] each, from DRAM to DRAM, in the formats of the machine's linear
    /// layers, C in FP32.
    ///
    /// - Parameter timer: chooses by measured instead of expected time where `objective` is `latency`.
    /// - Throws: `ScheduleError` where a tile does not fit, or the operands do not fit DRAM together.
    public static func schedule(
        _ topology: GEMMTopology, on machine: Machine, objective: ScheduleObjective = .traffic,
        timer: NestTimer? = nil
    ) throws(ScheduleError) -> ScheduledProgram {
        let formats = StepFormats(machine.arithmetic)
        // The products' sizes stand in the operations; the step only says in which formats they are.
        let network = TransformerConfiguration(
            EncoderShape(
                layers: 0, hidden: 1, heads: 1, intermediate: 1, vocabulary: 1, positions: 1, types: 1, classes: 1))
        var builder = ProgramBuilder(
            step: StepDescription(
                network: network, batch: 1, sequence: 1, trainable: .head, hasNewHead: false,
                method: .inference(.quantized), formats: formats))
        /// Codes and their scales, or values alone.
        func operand(
            _ name: String, _ format: ElementFormat, rows: Int, columns: Int, _ kind: MemoryKind
        ) -> [TensorID] {
            let values = builder.parameter(name, format, rows * columns, kind)
            return format.hasScales ? [values, builder.parameter(name + ".scales", .fp32, rows, kind)] : [values]
        }
        for layer in topology.layers {
            let hasNibbles = formats.weights.bits == 4 || formats.activations.bits == 4
            guard !hasNibbles || layer.k.isMultiple(of: 2) else {
                throw .badSize(
                    name: "\(layer.name): K", value: layer.k, allowed: "even for 4-bit codes, two of which share a byte"
                )
            }
            let a = operand(layer.name + ".A", formats.activations, rows: layer.m, columns: layer.k, .liveActivations)
            let b = operand(layer.name + ".B", formats.weights, rows: layer.n, columns: layer.k, .weights)
            let c = builder.parameter(layer.name + ".C", .fp32, layer.m * layer.n, .liveActivations)
            builder.emit(
                layer.name,
                .product(
                    Product(
                        role: .linear(number: 0), instances: 1, m: layer.m, n: layer.n, k: layer.k,
                        first: formats.activations, second: formats.weights)),
                .forward, reads: a + b, writes: [c])
        }
        let program = builder.program()
        do throws(ScheduleError) {
            return try layOut(program, on: machine, objective: objective, timer: timer)
        } catch {
            throw withSmallest(error, program, on: machine)
        }
    }
}
