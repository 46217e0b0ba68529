import ArgumentParser
import Costs
import FineTuning
import Networks
import Programs

/// `zeroth cost`: what work costs on a machine, without doing it.
struct CostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Say what a fine-tuning step costs on a machine, without doing it.",
        discussion: """
            With --network: cycles, energy by unit, DRAM traffic and peak memory of one zeroth-order step of a network, beside a \
            first-order quantization-aware-training step of the same weights on the same batch and machine. The network is a name \
            (llama2-7b, roberta-large), a folder with a config.json or such a file: no weights are needed. Formats are the machine's. An \
            encoder gets a new classifier as its head; a decoder keeps its language-model head.

            With --gemm or --topology: matrix products on a machine, from DRAM to DRAM.

            With --oracle scale-sim the answer is what SCALE-Sim 2.0.2 and 3.0.0 report for the product C[M, N] = A[M, K] · B[K, N] \
            where nothing stalls, from closed forms: A is its ifmap, B its filter, C its ofmap, a word one element. The total that it \
            reports is one less than the cycles. DRAM counts, those of its CALC mode, need the sizes of its buffers.

            Examples:
              zeroth cost --network roberta-large --hardware tpu-like --batch 16 --sequence 128
              zeroth cost --network llama2-7b --hardware quzo-edge --set organisation.dram.capacity=17179869184
              zeroth cost --network roberta-large --method zoqo --hardware edge-int4 --objective latency
              zeroth cost --network roberta-large --baseline qat:int8,adam,checkpoint=layer --front
              zeroth cost --network llama2-7b --hardware edge-int8 --batch 4 --trainable lora:rank=16,targets=q+v
              zeroth cost --network llama2-7b --batch 4 --trainable lora:rank=16,targets=all-linear,base=int4 --baseline full
              zeroth cost --network minilm-l6 --vary batch=1,4,16 --vary sequence=32,128
              zeroth cost --network llama2-7b --hardware datacentre-fp8 --method quantized:e4m3,lion8 --batch 1
              zeroth cost --gemm 128,4096,4096 --hardware tpu-like
              zeroth cost --network minilm-l6 --set organisation.array.dataflow=output-stationary --json
              zeroth cost --network minilm-l6 --timeline step.json --timeline-operation layer.0.intermediate
              zeroth cost --gemm 128,4096,4096 --array 128x128 --dataflow ws --oracle scale-sim
              zeroth cost --gemm 64,768,768 --array 32x32 --dataflow os --oracle scale-sim --sram-kib 64,64,64 --json
            """)

    @Option(help: ArgumentHelp("The network: a name, a folder or a config.json.", valueName: "name|path"))
    var network: String?

    @Option(
        help: ArgumentHelp("The machine: a name in hwmodels, or a file (default: edge-int8).", valueName: "name|file"))
    var hardware: String?

    @Option(help: ArgumentHelp("Override a field of the machine; may be repeated.", valueName: "path=value"))
    var set: [String] = []

    @Option(
        help: ArgumentHelp(
            "quzo, mezo or zoqo, each beside a first-order step; or a first-order recipe alone, as for --baseline (default: quzo).",
            valueName: "method"))
    var method: String?

    @Option(
        help: ArgumentHelp(
            "The first-order side: qat, quantized or full, then :weights/activations, an optimizer (sgd, momentum, adam, adam8, lion, lion8), checkpoint=none|layer|selective, gradient=, state=, master=, backward=, update=layerwise|end, micro=N (default: qat, adam; full beside mezo).",
            valueName: "recipe"))
    var baseline: String?

    @Flag(
        help:
            "Also cost the first-order side at other optimizers, checkpointings and micro-batches, and print their front."
    )
    var front = false

    @Option(
        help: ArgumentHelp(
            "Print ratios at several sizes instead: batch=… or sequence=…; may be given once for each.",
            valueName: "size=n,n,…"))
    var vary: [String] = []

    @Option(help: ArgumentHelp("Format of the linear layers' weights (default: the machine's).", valueName: "format"))
    var weights: String?

    @Option(help: ArgumentHelp("Format of the operand that meets them (default: the machine's).", valueName: "format"))
    var activations: String?

    @Option(
        help: ArgumentHelp(
            "The head: classifier:N, or a decoder's language-model (default: classifier:2 for an encoder).",
            valueName: "head"))
    var head: String?

    @Option(
        help: ArgumentHelp(
            "Tokens whose next word the loss reads, with a language-model head: all or last (default: all).",
            valueName: "tokens"))
    var lossTokens: String?

    @Option(
        help: ArgumentHelp(
            "Perturbations that a zeroth-order step compares, their updates added: 1 to \(StepDescription.queryLimit) (default: 1).",
            valueName: "n"))
    var queries: Int?

    @Option(help: ArgumentHelp("Examples a step (default: 16).", valueName: "n"))
    var batch: Int?

    @Option(
        help: ArgumentHelp("Tokens an example (default: 128, or what the network has positions for).", valueName: "n"))
    var sequence: Int?

    @Option(
        help: ArgumentHelp(
            "Weights to train, on both sides: all, last:N, head, or low-rank adapters beside frozen layers: lora:rank=N,targets=q+v (or PEFT's names, q_proj+v_proj, or all-linear), alpha=X, format=… of the adapters, base=… of the frozen weights, last=N blocks (default: all).",
            valueName: "set"))
    var trainable: String?

    @Option(
        help: ArgumentHelp(
            "Rounding of the update: stochastic, nearest, residual:8 or residual:16 (default: residual:8, or stochastic for floating-point weights).",
            valueName: "rounding"))
    var updateRounding: String?

    @Option(help: ArgumentHelp("A matrix product: rows of A, depth, columns of B.", valueName: "M,K,N"))
    var gemm: String?

    @Option(
        help: ArgumentHelp("A SCALE-Sim topology with GEMM columns, such products layer by layer.", valueName: "file"))
    var topology: String?

    @Option(help: ArgumentHelp("Oracle: the array, rows x columns.", valueName: "RxC"))
    var array: String?

    @Option(
        help: ArgumentHelp(
            "Oracle: what stays in the array: ws (weights, B), os (outputs, C) or is (inputs, A).",
            valueName: "dataflow"))
    var dataflow: String?

    @Option(help: ArgumentHelp("Answer as another simulator would: scale-sim.", valueName: "name"))
    var oracle: String?

    @Option(
        help: ArgumentHelp(
            "Oracle: KiB of the buffers of ifmap, filter and ofmap, for DRAM counts.", valueName: "I,F,O"))
    var sramKib: String?

    @Option(
        help: ArgumentHelp(
            "What tiles are chosen for: traffic (least DRAM traffic), or latency (fewest cycles of all candidates, measured; takes longer) (default: traffic).",
            valueName: "traffic|latency"))
    var objective: String?

    @Flag(help: "Print what units wait for, and the roofs over each kind of operation; --json always has them.")
    var timing = false

    @OptionGroup(title: "Timeline") var timeline: TimelineOptions

    @OptionGroup(title: "Memory") var memory: MemoryOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        let stepFlags: [(String, String?)] =
            [
                ("method", method), ("weights", weights), ("activations", activations), ("head", head),
                ("loss-tokens", lossTokens), ("batch", batch.map { "\($0)" }), ("sequence", sequence.map { "\($0)" }),
                ("trainable", trainable), ("update-rounding", updateRounding), ("baseline", baseline),
                ("queries", queries.map { "\($0)" }),
                ("front", front ? "" : nil), ("vary", vary.first),
            ] + [("timing", timing ? "" : nil)] + timeline.given + memory.given
        let chosen = try Self.objective(objective)
        let oracleFlags: [(String, String?)] = [
            ("array", array), ("dataflow", dataflow), ("oracle", oracle), ("sram-kib", sramKib),
        ]
        if let network {
            try refuse(of: "--network", [("gemm", gemm), ("topology", topology)] + oracleFlags)
            let settings = settings(network, chosen)
            guard vary.isEmpty else {
                try refuse(
                    of: "--vary",
                    [("front", front ? "" : nil), ("timing", timing ? "" : nil)] + timeline.given + memory.given)
                return try VariationJob(settings, vary).show(json: json)
            }
            let job = try StepCostJob(settings, wantsFront: front)
            if (timeline.given + memory.given).contains(where: { $0.value != nil }) {
                let steps = try job.timedSteps()
                try timeline.write(steps)
                let lines = try memory.write(steps, of: job.steps.map(\.step))
                if !json { for line in lines { Terminal.print(line) } }
            }
            return try job.show(json: json, timing: timing)
        }
        if let oracle {
            guard oracle == "scale-sim" else {
                throw RunError.badSetting(name: "oracle", value: oracle, allowed: "scale-sim")
            }
            try refuse(
                of: "--oracle",
                [("hardware", hardware), ("set", set.first), ("topology", topology), ("objective", objective)]
                    + stepFlags)
            return try ScaleSimJob(gemm: gemm, array: array, dataflow: dataflow, sramKib: sramKib).show(json: json)
        }
        if let topology {
            try refuse(of: "--topology", [("gemm", gemm)] + stepFlags + oracleFlags)
            return try ProductCostJob(
                GEMMTopology.load(path: topology), hardware: hardware ?? "edge-int8", overrides: set, objective: chosen
            ).show(json: json)
        }
        guard let gemm else {
            throw ValidationError("give --network, --gemm or --topology")
        }
        try refuse(of: "--gemm without --oracle", stepFlags + oracleFlags)
        try ProductCostJob(
            ProductCostJob.topology(gemm: gemm), hardware: hardware ?? "edge-int8", overrides: set, objective: chosen
        ).show(json: json)
    }

    private static func objective(_ word: String?) throws -> ScheduleObjective {
        guard let word else { return .traffic }
        guard let objective = ScheduleObjective(rawValue: word) else {
            throw RunError.badSetting(name: "objective", value: word, allowed: "traffic or latency")
        }
        return objective
    }

    private func settings(_ network: String, _ objective: ScheduleObjective) -> StepRequest {
        var settings = StepRequest(network: network, hardware: hardware ?? "edge-int8", overrides: set)
        if let method { settings.method = method }
        if let batch { settings.batch = batch }
        if let queries { settings.queries = queries }
        if let sequence { settings.sequence = sequence }
        if let trainable { settings.trainable = trainable }
        if let updateRounding { settings.updateRounding = updateRounding }
        if let lossTokens { settings.lossTokens = lossTokens }
        settings.objective = objective
        settings.weights = weights
        settings.activations = activations
        settings.head = head
        settings.baseline = baseline
        return settings
    }

    /// Refuses flags that have no meaning beside another.
    private func refuse(of flag: String, _ others: [(name: String, value: String?)]) throws {
        for (name, value) in others where value != nil {
            throw ValidationError("--\(name) has no meaning beside \(flag)")
        }
    }
}
