import Networks

/// QFT (Li et al., arXiv 2310.07147): INT8 weights, gradients and Lion momentum.
extension Reproductions {
    private static let abstract = "arXiv 2310.07147, abstract"

    private static func states(
        _ network: NetworkAccounting, _ side: String, _ states: [(String, StorageFormat)]
    ) -> MemoryAccount { network.account(side, states.map { network.all($0.0, $0.1) }) }

    private static func integers(_ network: NetworkAccounting) -> MemoryAccount {
        states(network, "QFT, INT8", [("weights", .int8), ("gradients", .int8), ("momentum", .int8)])
    }

    private static var share: Reproduction {
        let network = NetworkAccounting(.llamaOf7B)
        let quantized = integers(network)
        let standard = states(
            network, "standard, FP32 Adam",
            [("weights", .fp32), ("gradients", .fp32), ("first moment", .fp32), ("second moment", .fp32)])
        return Reproduction(
            PublishedFigure(
                "qft-21", "QFT: model states in percent of the standard solution, LLaMA-7B", source: abstract, 21,
                decimals: 0, .share),
            [
                .stated("weights, gradients and the optimizer's states are INT8", abstract),
                .stated("the optimizer is Lion, which keeps one momentum", abstract),
                .inferred(
                    "the standard solution is Adam in FP32, 16 bytes a parameter", "usual; not seen in the paper"),
                .inferred(
                    "all parameters are quantized alike",
                    "the abstract protects a small subset of features, its size was not seen"),
            ], [quantized, standard],
            variants: [
                .init(
                    "the standard solution at 14 bytes: FP32 masters and moments, FP16 gradients", quantized,
                    states(
                        network, "standard",
                        [
                            ("master weights", .fp32), ("gradients", .fp16), ("first moment", .fp32),
                            ("second moment", .fp32),
                        ])),
                .init(
                    "the standard solution at 12 bytes: FP16 weights and gradients, FP32 moments", quantized,
                    states(
                        network, "standard",
                        [("weights", .fp16), ("gradients", .fp16), ("first moment", .fp32), ("second moment", .fp32)])),
                .init(
                    "embedding, head and norms in FP32 throughout",
                    network.account(
                        "QFT, INT8",
                        ["weights", "gradients", "momentum"].flatMap { state in
                            network.weights(.int8, others: .fp32).map {
                                AccountingTerm("\(state): \($0.name)", $0.bits == 8 ? .int8 : .fp32, $0.factors)
                            }
                        }), standard),
            ],
            notes: [
                "which solution is the standard one decides: 14 bytes a parameter would round to the published "
                    + "21 %, 16 do not"
            ])
    }

    private static var oneCard: Reproduction {
        let network = NetworkAccounting(.llamaOf7B)
        @Sendable func sides(_ tokens: Int) -> [MemoryAccount] {
            [integers(network).adding(network.savedActivations(sequence: tokens, .fp16))]
        }
        let states = integers(network).bytes
        return Reproduction(
            PublishedFigure(
                "qft-30gb", "QFT: full tuning of LLaMA-7B in less than 30 GB",
                source: abstract + " (first version: <30GB)", 30,
                decimals: 0, .gigabytes, .atMost),
            [
                .stated("weights, gradients and the optimizer's states are INT8", abstract),
                .stated("the optimizer is Lion, which keeps one momentum", abstract),
                .inferred(
                    "all parameters are quantized alike",
                    "the abstract protects a small subset of features, its size was not seen"),
                .inferred("activations are left out", "batch and length were not seen"),
            ], [integers(network)],
            variants: [
                .init("and un-checkpointed FP16 activations of 512 tokens", sides(512)[0]),
                .init("and un-checkpointed FP16 activations of 1,024 tokens", sides(1_024)[0]),
                .init("and un-checkpointed FP16 activations of 2,048 tokens", sides(2_048)[0]),
            ],
            notes: ["3 bytes a parameter leave \(gigabytes(30_000_000_000 - states)) for activations and buffers"])
    }

    static var qft: [Reproduction] { [share, oneCard] }
}
