import Networks

/// QuZO (Zhou et al., arXiv 2502.12346; EMNLP 2025, main 271) on LLaMA2-7B.
///
/// No table in bytes and no accounting was seen, only the ratios. The accounting here was found by searching for one
/// that gives both ratios.
extension Reproductions {
    private static let network = NetworkAccounting(.llama2Of7B)
    private static let code = "released code, github jmha02/QuZO at 2ae9fc4, large_models"
    private static let search = "found by search: both ratios come out with it"

    /// What QuZO keeps: its weights, `linear` in the blocks, FP16 elsewhere.
    private static func zerothOrder(_ linear: StorageFormat, _ more: [AccountingTerm] = []) -> MemoryAccount {
        network.account("QuZO, \(linear.name)", network.weights(linear, others: .fp16) + more)
    }

    /// What training with SGD and checkpointed blocks keeps.
    private static func firstOrder(
        _ linear: StorageFormat, gradients: StorageFormat = .fp16, tokens: Int
    ) -> MemoryAccount {
        network.account(
            "first-order, \(linear.name)",
            network.weights(linear, others: .fp16) + [network.all("gradients", gradients)]
                + (tokens > 0 ? [network.checkpoints(tokens: tokens, .fp16)] : []))
    }

    /// States of every parameter alone, all of them in the formats given.
    private static func states(_ side: String, _ states: [(String, StorageFormat)]) -> MemoryAccount {
        network.account(side, states.map { network.all($0.0, $0.1) })
    }

    private static func adam(_ side: String, _ gradients: StorageFormat, _ moments: StorageFormat) -> MemoryAccount {
        states(
            side,
            [("weights", .fp16), ("gradients", gradients), ("first moment", moments), ("second moment", moments)])
    }

    /// Weights, gradients and both moments in FP32.
    private static let adamInFP32 = states(
        "first-order, FP32, Adam",
        [("weights", .fp32), ("gradients", .fp32), ("first moment", .fp32), ("second moment", .fp32)])

    private static let common: [Assumption] = [
        .stated(
            "LLaMA2-7B is fine-tuned, and compared with quantized first-order methods",
            "arXiv 2502.12346v1, abstract"),
        .inferred(
            "the blocks' matrices are quantized; embedding, head and norms stay FP16", code + ": all but lm_head"),
        .inferred("the first-order side is SGD: no optimizer state", code + ", finetune.sh"),
        .inferred("QuZO keeps nothing but its weights: perturbations are drawn again", "the algorithm; as MeZO does"),
        .fitted("first-order gradients of all parameters are kept, in FP16", search),
        .fitted("the first-order side checkpoints each block's input in FP16", search),
        .fitted("a step has 400 tokens (batch times sequence)", search),
        .fitted("what a forward or a recomputed block holds for a moment is left out on both sides", search),
        .fitted("scales of weights are left out on both sides", search),
    ]

    private static func allocation(_ machine: String) -> AllocatorRequest {
        AllocatorRequest(
            .both, .quzo(residualBits: 0), beside: .quantizedSGD, of: .llama2Of7B, sequence: 400, on: machine,
            ["arithmetic.head=bf16", "arithmetic.embedding=bf16"],
            reasons: [
                "our first-order step is the accounting's: INT8 codes trained by SGD, all gradients in 16 bits until the "
                    + "end, each block's input in 16 bits",
                "the embedding table and the norms are frozen in ours and have no gradients",
                "a block's input is let go with its gradients, so that at our peak none stands beside them",
                "both our steps hold the pass's live activations and the weights' scales; norms are FP32",
            ])
    }

    private static let lora: String = {
        func needed(_ ratio: Double, _ side: MemoryAccount) -> String {
            gigabytes(Int((ratio - 1) * Double(side.bytes)))
        }
        return "with LoRA both sides hold the same weights and only activations differ: 2.94 then needs "
            + "\(needed(2.94, zerothOrder(.int8))) of saved activations at INT8, 5.47 "
            + "\(needed(5.47, zerothOrder(.int4))) at INT4, "
            + "which some batch and length always give"
    }()

    private static let sameTotal: String = {
        let ratio = Measure.ratio.value([zerothOrder(.int8), zerothOrder(.int4)])
        return
            "2.94 and 5.47 come out of one first-order total "
            + "(\(gigabytes(firstOrder(.int8, tokens: 400).bytes))): QuZO's INT8 over its "
            + "INT4 weights are \(decimals(ratio, 5)), 5.47/2.94 is \(decimals(5.47 / 2.94, 5))"
    }()

    /// The tokens with which both figures come out.
    private static let both: ReproductionRow.JointInterval? = {
        let intervals = [int8, int4].compactMap { reproduction in reproduction.search.flatMap(reproduction.interval) }
        guard intervals.count == 2 else { return nil }
        let (lowest, highest) = (intervals.map(\.lowest).max()!, intervals.map(\.highest).min()!)
        guard lowest <= highest else { return nil }
        return .init(claims: ["quzo-2.94", "quzo-5.47"], factor: "tokens", lowest: lowest, highest: highest)
    }()

    private static var int8: Reproduction {
        Reproduction(
            PublishedFigure(
                "quzo-2.94", "QuZO: memory of quantized first-order fine-tuning over QuZO's, LLaMA2-7B",
                source: "arXiv 2502.12346v1, abstract; EMNLP 2025 main 271, abstract", 2.94, decimals: 2, .ratio),
            common, [firstOrder(.int8, tokens: 400), zerothOrder(.int8)],
            variants: [
                .init("no activations kept", firstOrder(.int8, tokens: 0), zerothOrder(.int8)),
                .init(
                    "un-checkpointed, live activations on both sides",
                    firstOrder(.int8, tokens: 0).adding(
                        network.savedActivations(sequence: 400, .fp16)
                            + network.liveActivations(sequence: 400, .fp16)),
                    zerothOrder(.int8, network.liveActivations(sequence: 400, .fp16))),
                .init(
                    "FP16 scales for each channel on both sides",
                    firstOrder(.int8, tokens: 400).adding([network.channelScales(.fp16)]),
                    zerothOrder(.int8, [network.channelScales(.fp16)])),
                .init(
                    "INT8 gradients and INT8 momentum instead (QFT's 3 bytes a parameter)",
                    network.account(
                        "first-order, INT8",
                        firstOrder(.int8, gradients: .int8, tokens: 400).terms + [network.all("momentum", .int8)]),
                    zerothOrder(.int8)),
                .init(
                    "INT8 gradients, no momentum", firstOrder(.int8, gradients: .int8, tokens: 400),
                    zerothOrder(.int8)),
                .init(
                    "all parameters INT8, 3 bytes each against 1",
                    states("first-order", [("weights", .int8), ("gradients", .int8), ("momentum", .int8)]),
                    states("QuZO", [("weights", .int8)])),
                .init(
                    "all parameters INT8, FP16 gradients, 8-bit Adam: 5 bytes against 1",
                    states(
                        "first-order",
                        [("weights", .int8), ("gradients", .fp16), ("first moment", .int8), ("second moment", .int8)]),
                    states("QuZO", [("weights", .int8)])),
                .init(
                    "FP16 weights and gradients, SGD (fake quantization)", firstOrder(.fp16, tokens: 0),
                    zerothOrder(.int8)),
                .init("FP16, Adam: 8 bytes a parameter", adam("first-order, Adam", .fp16, .fp16), zerothOrder(.int8)),
                .init(
                    "FP16 weights and gradients, FP32 moments: 12 bytes a parameter",
                    adam("first-order, Adam", .fp16, .fp32), zerothOrder(.int8)),
                .init("FP32, Adam: 16 bytes a parameter", adamInFP32, zerothOrder(.int8)),
            ],
            search: .init(factor: "tokens", used: 400, range: 1...65_536) {
                [firstOrder(.int8, tokens: $0), zerothOrder(.int8)]
            },
            allocation: allocation("edge-int8"))
    }

    private static var int4: Reproduction {
        let scales = network.groupScales(128, .fp16)
        return Reproduction(
            PublishedFigure(
                "quzo-5.47", "QuZO: the upper end of the same claim, 2.94 to 5.47, LLaMA2-7B",
                source: "EMNLP 2025 main 271, abstract", 5.47, decimals: 2, .ratio),
            common + [.fitted("the INT4 QuZO is compared with an INT8 first-order side", search)],
            [firstOrder(.int8, tokens: 400), zerothOrder(.int4)],
            variants: [
                .init("like for like, INT4 on both sides", firstOrder(.int4, tokens: 400), zerothOrder(.int4)),
                .init(
                    "FP16 scales for groups of 128 counted for QuZO", firstOrder(.int8, tokens: 400),
                    zerothOrder(.int4, [scales])),
                .init(
                    "like for like, FP16 scales for groups of 128 on both sides",
                    firstOrder(.int4, tokens: 400).adding([scales]), zerothOrder(.int4, [scales])),
                .init("no activations kept", firstOrder(.int8, tokens: 0), zerothOrder(.int4)),
                .init(
                    "un-checkpointed, live activations on both sides",
                    firstOrder(.int8, tokens: 0).adding(
                        network.savedActivations(sequence: 400, .fp16)
                            + network.liveActivations(sequence: 400, .fp16)),
                    zerothOrder(.int4, network.liveActivations(sequence: 400, .fp16))),
                .init(
                    "all parameters quantized, 3 bytes against one half",
                    states("first-order", [("weights", .int8), ("gradients", .int8), ("momentum", .int8)]),
                    states("QuZO", [("weights", .int4)])),
                .init(
                    "FP16 weights and gradients, SGD (fake quantization)", firstOrder(.fp16, tokens: 0),
                    zerothOrder(.int4)),
            ],
            search: .init(factor: "tokens", used: 400, range: 1...65_536) {
                [firstOrder(.int8, tokens: $0), zerothOrder(.int4)]
            },
            allocation: allocation("edge-int4"))
    }

    private static var halfPrecision: Reproduction {
        @Sendable func sides(_ tokens: Int) -> [MemoryAccount] {
            [
                adam("first-order, FP16, Adam", .fp16, .fp16).adding(
                    network.savedActivations(sequence: tokens, .fp16)),
                zerothOrder(.int8, network.liveActivations(sequence: tokens, .fp16)),
            ]
        }
        return Reproduction(
            PublishedFigure(
                "quzo-7.8", "QuZO, first version: up to 7.8 times less memory than FP16 first-order methods",
                source:
                    "a digest of arXiv 2502.12346v1 (Latest Daily Papers, 19 February 2025); the paper's own "
                    + "words were not seen",
                7.8, decimals: 1, .ratio),
            [
                .stated("FP16 first-order methods are compared", "the digest"),
                .inferred("the network is LLaMA2-7B and QuZO is INT8", "the digest names INT8 kernels"),
                .inferred("the blocks' matrices are quantized; embedding, head and norms stay FP16", code),
                .fitted("the first-order side is Adam, all four states in FP16", "8 bytes a parameter come nearest"),
                .fitted(
                    "activations of one example of 300 tokens are kept without checkpoints in FP16",
                    "chosen so that 7.8 comes out"),
                .fitted(
                    "QuZO's forward pass is counted with the live tensors of one block",
                    "chosen so that 7.8 comes out"),
            ],
            sides(300),
            variants: [
                .init(
                    "no activations on either side", adam("first-order, FP16, Adam", .fp16, .fp16), zerothOrder(.int8)),
                .init(
                    "FP32 moments: 12 bytes a parameter, no activations", adam("first-order, Adam", .fp16, .fp32),
                    zerothOrder(.int8)),
                .init("SGD: 4 bytes a parameter, no activations", firstOrder(.fp16, tokens: 0), zerothOrder(.int8)),
                .init(
                    "QuZO in INT4, no activations", adam("first-order, FP16, Adam", .fp16, .fp16), zerothOrder(.int4)),
            ],
            search: .init(factor: "tokens", used: 300, range: 1...2_048, sides: sides),
            notes: ["the figure is known at second hand only"],
            allocation: AllocatorRequest(
                .both, .quzo(residualBits: 0), beside: .halfPrecisionAdam, of: .llama2Of7B, sequence: 300,
                on: "edge-int8",
                ["arithmetic.head=bf16", "arithmetic.embedding=bf16"],
                reasons: [
                    "our first-order step is the accounting's: weights, all gradients and both moments in 16 bits",
                    "activations are let go as gradients come, so that at our peak hardly any stand beside them",
                    "the embedding table and the norms are frozen in ours: no gradients, no moments",
                    "both our steps hold the pass's live activations; norms are FP32",
                ]))
    }

    static var quzo: [Reproduction] {
        var (first, second) = (int8, int4)
        first.notes = [sameTotal, lora]
        second.notes = [sameTotal, lora]
        (first.joint, second.joint) = (both, both)
        return [first, second, halfPrecision, oneCard]
    }

    private static var oneCard: Reproduction {
        let opt = NetworkAccounting(.optOf30B)
        return Reproduction(
            PublishedFigure(
                "quzo-30b-40gb", "QuZO: models up to 30B on one card of 40 GB",
                source: "README of the released code, github jmha02/QuZO", 40, decimals: 0, .gigabytes, .atMost),
            [
                .stated("a card of 40 GB holds the step", "README of the released code"),
                .inferred("the network is OPT-30B in INT8", "the code runs OPT; INT8 is its larger format"),
                .inferred("the blocks' matrices are quantized; embedding, head and norms stay FP16", code),
                .inferred("activations and scales are left out; 40 GB are 40·10⁹ bytes", "a bound needs no more"),
            ],
            [opt.account("QuZO, INT8", opt.weights(.int8, others: .fp16))],
            variants: [
                .init("FP16 weights", opt.account("MeZO, FP16", opt.weights(.fp16, others: .fp16))),
                .init(
                    "and live activations of 2,048 tokens",
                    opt.account(
                        "QuZO, INT8",
                        opt.weights(.int8, others: .fp16) + opt.liveActivations(sequence: 2_048, .fp16))),
            ],
            allocation: AllocatorRequest(
                .zerothOrder, .quzo(residualBits: 0), of: .optOf30B, sequence: 400, on: "edge-int8",
                ["arithmetic.head=bf16", "arithmetic.embedding=bf16"],
                reasons: ["ours adds scales and the live activations of 400 tokens; its norms and biases are FP32"]))
    }
}
