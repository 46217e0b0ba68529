import Networks

/// QZO (Shang et al., arXiv 2505.13430): only quantization scales are trained, of GPTQ codes in groups of 128.
extension Reproductions {
    private static let table = "arXiv 2505.13430, Table 1 as a public review quotes it"
    private static let profile = "arXiv 2505.13430, caption: SST-2, one example a device, fully sharded data parallel"
    private static let format =
        "github junaidaliop/zij and the released code, github maifoundations/QZO: GPTQ, group 128"

    private static func states(
        _ network: NetworkAccounting, _ names: [String], _ format: StorageFormat, side: String = "full fine-tuning"
    ) -> MemoryAccount {
        network.account("\(side), \(format.name)", names.map { network.all($0, format) })
    }

    /// GPTQ codes with their scales and zero points.
    private static func quantized(_ network: NetworkAccounting, _ more: [AccountingTerm] = []) -> MemoryAccount {
        network.account(
            "QZO, INT4",
            network.weights(.int4, others: .fp16) + [
                network.groupScales(128, .fp16), network.groupScales(128, .int4, name: "group zero points"),
            ] + more)
    }

    /// What the published figure leaves for activations, buffers and the framework, read in either unit.
    private static func remainder(_ published: Double, _ side: MemoryAccount) -> String {
        let counted = Double(side.bytes)
        let (decimal, binary) = (published * 1e9 - counted, published * 1_073_741_824 - counted)
        let first =
            decimal < 0
            ? "the counted bytes exceed the published figure by \(decimals(-decimal / 1e9, 2)) GB, which a "
                + "measured peak cannot be; "
            : "\(decimals(decimal / 1e9, 2)) GB of the published figure are left for activations, buffers and "
                + "the framework; "
        return first + "if the table's GB are 2³⁰ bytes, \(decimals(binary / 1e9, 2))·10⁹ bytes are left"
    }

    /// Full fine-tuning in BF16: weights and gradients.
    private static func fullFineTuning(_ name: String, _ title: String, _ known: BuiltInNetwork, _ value: Double)
        -> Reproduction
    {
        let network = NetworkAccounting(known)
        let sides = [states(network, ["weights", "gradients"], .bf16)]
        let total = sides[0].bytes
        return Reproduction(
            PublishedFigure(
                name, "QZO's table: full fine-tuning of \(title)", source: table, value, decimals: 1, .gigabytes),
            [
                .stated("full fine-tuning in bfloat16", "arXiv 2505.13430, abstract"),
                .fitted(
                    "BF16 weights and gradients, no optimizer state",
                    "the nearest to the table; Adam's two moments would double the count"),
                .inferred("activations, buffers and the framework's own memory are left out", profile),
                .inferred("GB are 10⁹ bytes", "the table's unit was not seen"),
            ], sides,
            variants: [
                .init("read in 2³⁰ bytes", sides[0], as: .gibibytes),
                .init("weights alone", states(network, ["weights"], .bf16)),
                .init(
                    "BF16 Adam: two moments more",
                    states(network, ["weights", "gradients", "first moment", "second moment"], .bf16)),
                .init(
                    "and checkpointed inputs of the blocks, 400 tokens",
                    sides[0].adding([network.checkpoints(tokens: 400, .bf16)])),
            ],
            notes: [
                "plain counting gives \(gigabytes(total)) or \(decimals(Double(total) / 1_073_741_824, 1)) GiB; "
                    + "the paper's profile is a measurement, its parts were not seen",
                remainder(value, sides[0]),
            ],
            allocation: AllocatorRequest(
                .firstOrder, .mezo, beside: .halfPrecisionSGD, of: known, sequence: 400, on: "datacentre-fp8",
                reasons: [
                    "our first-order step is the accounting's: BF16 weights and gradients, SGD; embedding tables and norms are frozen in ours",
                    "activations are let go as gradients come, so that at our peak hardly any stand beside them",
                ]))
    }

    /// QZO itself.
    ///
    /// - Parameter overrides: what the machine needs beside its own fields, each with its reason.
    private static func zerothOrder(
        _ name: String, _ title: String, _ known: BuiltInNetwork, _ value: Double,
        overrides: [(field: String, reason: String)] = []
    ) -> Reproduction {
        let network = NetworkAccounting(known)
        let sides = [quantized(network)]
        return Reproduction(
            PublishedFigure(
                name, "QZO's table: QZO on \(title), 4 bits", source: table, value, decimals: 1, .gigabytes),
            [
                .stated("INT4 weights; only their scales are trained", "arXiv 2505.13430, abstract"),
                .inferred("GPTQ groups of 128 with FP16 scales and 4-bit zero points", format),
                .inferred("embedding, head, norms and biases stay FP16", "GPTQ quantizes the blocks' linear layers"),
                .inferred("perturbations are drawn again, nothing is kept for them", "the algorithm"),
                .inferred("activations, buffers and the framework's own memory are left out", profile),
            ], sides,
            variants: [
                .init("read in 2³⁰ bytes", sides[0], as: .gibibytes),
                .init("codes alone, all parameters", states(network, ["weights"], .int4, side: "QZO")),
                .init(
                    "and live activations of 400 tokens",
                    quantized(network, network.liveActivations(sequence: 400, .fp16))),
                .init(
                    "and a copy of the scales in FP32",
                    quantized(network, [network.groupScales(128, .fp32, name: "FP32 copy of the scales")])),
            ],
            notes: [remainder(value, sides[0])],
            allocation: AllocatorRequest(
                .zerothOrder, .quzo(residualBits: 0), of: known, sequence: 400, on: "edge-int4",
                ["arithmetic.head=bf16", "arithmetic.embedding=bf16"] + overrides.map(\.field),
                reasons: [
                    "our nearest step is QuZO: it trains the INT4 codes themselves, with one FP32 scale for "
                        + "each output channel and no groups",
                    "live activations of 400 tokens are in it",
                ] + overrides.map(\.reason)))
    }

    private static var headline: Reproduction {
        let network = NetworkAccounting(.llama2Of7B)
        let adam = states(network, ["weights", "gradients", "first moment", "second moment"], .bf16)
        func nominal(_ side: String, _ names: [String], _ format: StorageFormat) -> MemoryAccount {
            MemoryAccount(
                side, of: "7 billion parameters",
                names.map { AccountingTerm($0, format, [.init("nominal parameters", 7_000_000_000)]) })
        }
        let nominalAdam = nominal(
            "full fine-tuning, BF16", ["weights", "gradients", "first moment", "second moment"], .bf16)
        return Reproduction(
            PublishedFigure(
                "qzo-18", "QZO: more than 18 times less than full fine-tuning in bfloat16, 4-bit Llama-2-7B",
                source: "arXiv 2505.13430, abstract", 18, decimals: 0, .ratio, .atLeast),
            [
                .stated("full fine-tuning in bfloat16 against 4-bit QZO, total memory", "arXiv 2505.13430, abstract"),
                .inferred("the network is Llama-2-7B", "the introduction's example is a Llama 7B"),
                .inferred(
                    "full fine-tuning is Adam with four BF16 states, 8 bytes a parameter",
                    "the introduction: a Llama-7B model in bfloat16 typically requires 56GB"),
                .inferred("QZO is the INT4 weights, all parameters", "the smallest it can be"),
            ], [adam, states(network, ["weights"], .int4, side: "QZO")],
            variants: [
                .init("QZO with FP16 embedding, head, norms, and group scales", adam, quantized(network)),
                .init(
                    "QZO is the blocks' codes alone", adam, network.account("QZO, INT4", [network.blockMatrices(.int4)])
                ),
                .init(
                    "56 GB of 7·10⁹ parameters over the blocks' codes alone", nominalAdam,
                    network.account("QZO, INT4", [network.blockMatrices(.int4)])),
                .init(
                    "BF16 weights and gradients, FP32 moments, over all parameters at INT4",
                    network.account(
                        "full fine-tuning",
                        [
                            network.all("weights", .bf16), network.all("gradients", .bf16),
                            network.all("first moment", .fp32), network.all("second moment", .fp32),
                        ]), states(network, ["weights"], .int4, side: "QZO")),
                .init(
                    "BF16 weights and gradients, FP32 moments, over QZO with FP16 embedding, head and scales",
                    network.account(
                        "full fine-tuning",
                        [
                            network.all("weights", .bf16), network.all("gradients", .bf16),
                            network.all("first moment", .fp32), network.all("second moment", .fp32),
                        ]), quantized(network)),
                .init(
                    "the table's own pair: BF16 weights and gradients over QZO",
                    states(network, ["weights", "gradients"], .bf16), quantized(network)),
            ],
            notes: ["the table's own pair, 26.0 GB and 5.0 GB, is 5.2 times: the headline compares something else"])
    }

    private static var introduction: Reproduction {
        let network = NetworkAccounting(.llamaOf7B)
        let names = ["weights", "gradients", "first moment", "second moment"]
        return Reproduction(
            PublishedFigure(
                "qzo-56gb", "QZO's introduction: full fine-tuning of a Llama 7B in bfloat16",
                source: "arXiv 2505.13430v1, introduction", 56, decimals: 0, .gigabytes),
            [
                .stated("a Llama-7B model stored in bfloat16", "arXiv 2505.13430v1, introduction"),
                .inferred("Adam with four BF16 states, 8 bytes a parameter", "the rest of the sentence was not seen"),
                .inferred("the parameters are counted exactly", "docs/networks.md"),
            ], [states(network, names, .bf16)],
            variants: [
                .init(
                    "7·10⁹ parameters, as the name says",
                    MemoryAccount(
                        "full fine-tuning, BF16", of: "7 billion parameters",
                        names.map { AccountingTerm($0, .bf16, [.init("nominal parameters", 7_000_000_000)]) }))
            ],
            notes: ["the paper's 56 GB is 8 bytes for each of 7·10⁹ parameters"])
    }

    private static var oneCard: Reproduction {
        let network = NetworkAccounting(.llama2Of13B)
        return Reproduction(
            PublishedFigure(
                "qzo-13b-24gb", "QZO: Llama-2-13B on one card of 24 GB", source: "arXiv 2505.13430, abstract", 24,
                decimals: 0,
                .gigabytes, .atMost),
            [
                .stated("Llama-2-13B, 4 bits, one 24 GB GPU", "arXiv 2505.13430, abstract"),
                .inferred("GPTQ groups of 128 with FP16 scales and 4-bit zero points; the rest FP16", format),
                .inferred("activations are left out; 24 GB are 24·10⁹ bytes", "a bound needs no more"),
            ], [quantized(network)],
            variants: [
                .init("FP16 weights", network.account("FP16", network.weights(.fp16, others: .fp16))),
                .init(
                    "and live activations of 2,048 tokens",
                    quantized(network, network.liveActivations(sequence: 2_048, .fp16))),
            ])
    }

    static var qzo: [Reproduction] {
        [
            fullFineTuning("qzo-llama2-7b-full", "Llama-2-7B", .llama2Of7B, 26.0),
            zerothOrder("qzo-llama2-7b", "Llama-2-7B", .llama2Of7B, 5.0),
            fullFineTuning("qzo-opt-6.7b-full", "OPT-6.7B", .optOf6700M, 26.8),
            zerothOrder("qzo-opt-6.7b", "OPT-6.7B", .optOf6700M, 4.8),
            fullFineTuning("qzo-llama3.1-8b-full", "Llama-3.1-8B", .llama3Of8B, 31.9),
            zerothOrder(
                "qzo-llama3.1-8b", "Llama-3.1-8B", .llama3Of8B, 6.3,
                overrides: [
                    (
                        "organisation.sram.activation.bytes=4194304",
                        "one row of 128,256 logits needs more activation memory on the chip than the machine "
                            + "has; it was given 4 MiB"
                    )
                ]),
            introduction, headline, oneCard,
        ]
    }
}
