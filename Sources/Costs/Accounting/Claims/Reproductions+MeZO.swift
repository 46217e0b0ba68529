import Networks

/// MeZO (Malladi et al., arXiv 2305.17333, NeurIPS 2023) on OPT.
extension Reproductions {
    private static let readme = "README of github princeton-nlp/MeZO"
    private static let mezoScript = "released code, large_models/mezo.sh: --load_float16"
    private static let adamScript =
        "released code, large_models/finetune_fsdp.sh: FP32 weights under --fp16, Adam; its gradients and "
        + "moments are then FP32"

    /// Adam with weights, gradients and moments in FP32: 16 bytes a parameter.
    private static func adam(_ network: NetworkAccounting) -> MemoryAccount {
        network.account(
            "fine-tuning, FP32 Adam",
            ["weights", "gradients", "first moment", "second moment"].map { network.all($0, .fp32) })
    }

    /// FP32 weights with FP16 copies, FP32 gradients and moments: 18 bytes a parameter, as Hugging Face's guide counts
    /// mixed precision (transformers, "Model training anatomy").
    private static func mixedAdam(_ network: NetworkAccounting) -> MemoryAccount {
        network.account(
            "fine-tuning, mixed precision",
            [network.all("copies of the weights", .fp16)]
                + ["weights", "gradients", "first moment", "second moment"].map { network.all($0, .fp32) })
    }

    private static func weights(_ network: NetworkAccounting, _ more: [AccountingTerm] = []) -> MemoryAccount {
        network.account("MeZO, FP16", [network.all("weights", .fp16)] + more)
    }

    /// Four cards with one example each, as the released script runs OPT-13B: states once, activations on each card.
    private static func fourCards(_ network: NetworkAccounting, _ tokens: Int) -> Reproduction.Variant {
        .init(
            "and un-checkpointed FP32 activations of \(tokens) tokens on each of four cards",
            adam(network).adding(network.savedActivations(batch: 4, sequence: tokens, .fp32)),
            weights(network, network.liveActivations(sequence: tokens, .fp16)))
    }

    private static var twelvefold: Reproduction {
        let network = NetworkAccounting(.optOf13B)
        let sides = [adam(network), weights(network)]
        let missing = 12 * sides[1].bytes - sides[0].bytes
        return Reproduction(
            PublishedFigure(
                "mezo-12", "MeZO: up to 12 times less memory than fine-tuning, OPT-13B",
                source: "arXiv 2305.17333, abstract; " + readme, 12, decimals: 0, .ratio),
            [
                .stated("fine-tuning with Adam of OPT-13B takes 12 times MeZO's memory", readme),
                .stated("MeZO takes the memory of inference", "arXiv 2305.17333, abstract"),
                .inferred("MeZO runs in FP16", mezoScript),
                .inferred("Adam keeps FP32 weights, gradients and moments, 16 bytes a parameter", adamScript),
                .inferred(
                    "activations, buffers and the framework's own memory are left out",
                    "model states alone can be counted"),
            ], sides,
            variants: [
                fourCards(network, 400), fourCards(network, 1_024), fourCards(network, 2_048),
                .init(
                    "mixed precision as Hugging Face counts it: 18 bytes a parameter", mixedAdam(network),
                    weights(network)),
                .init(
                    "FP16 weights and gradients, FP32 masters and moments: 16 bytes",
                    network.account(
                        "fine-tuning, mixed precision",
                        [network.all("weights", .fp16), network.all("gradients", .fp16)]
                            + ["master weights", "first moment", "second moment"].map { network.all($0, .fp32) }),
                    weights(network)),
            ],
            notes: [
                "model states alone are \(decimals(Measure.ratio.value(sides), 0)) times; 12 times needs "
                    + "\(gigabytes(missing)) more on the first-order side: activations, and what four cards "
                    + "keep each for itself, of which batch and length are not known"
            ],
            allocation: AllocatorRequest(
                .both, .mezo, beside: .mixedPrecisionAdam, of: .optOf13B, sequence: 400, on: "datacentre-fp8",
                reasons: [
                    "our first-order step keeps BF16 weights beside FP32 masters, gradients and moments: 18 bytes a weight",
                    "activations are let go as gradients come, so that at our peak hardly any stand beside them",
                    "the embedding table, which is also the head, is frozen in both our steps",
                ]))
    }

    private static var thirtyBillion: Reproduction {
        let network = NetworkAccounting(.optOf30B)
        return Reproduction(
            PublishedFigure(
                "mezo-opt-30b", "MeZO: OPT-30B on one card of 80 GB", source: "arXiv 2305.17333, abstract; " + readme,
                80,
                decimals: 0, .gigabytes, .atMost),
            [
                .stated("a 30-billion parameter OPT model on a single A100 80GB", readme),
                .stated("MeZO takes the memory of inference", "arXiv 2305.17333, abstract"),
                .inferred("MeZO runs in FP16", mezoScript),
                .inferred("activations are left out; 80 GB are 80·10⁹ bytes", "a bound needs no more"),
            ], [weights(network)],
            variants: [
                .init("OPT-66B, the next size", weights(NetworkAccounting(.optOf66B))),
                .init(
                    "and live activations of 2,048 tokens",
                    weights(network, network.liveActivations(sequence: 2_048, .fp16))),
            ],
            allocation: AllocatorRequest(
                .zerothOrder, .mezo, of: .optOf30B, sequence: 400, on: "datacentre-fp8",
                reasons: ["live activations of 400 tokens are in it; norms and biases are FP32"]))
    }

    private static var adamOnOneCard: Reproduction {
        let network = NetworkAccounting(.optOf2700M)
        return Reproduction(
            PublishedFigure(
                "mezo-adam-2.7b", "MeZO: with Adam, one card of 80 GB holds OPT-2.7B and no larger one",
                source: "arXiv 2305.17333, abstract; " + readme, 80, decimals: 0, .gigabytes, .atMost),
            [
                .stated("fine-tuning with Adam can train only a 2.7B model on a single A100 80GB", readme),
                .inferred("Adam keeps FP32 weights, gradients and moments, 16 bytes a parameter", adamScript),
                .inferred("activations are left out; 80 GB are 80·10⁹ bytes", "a bound needs no more"),
            ], [adam(network)],
            variants: [
                .init("OPT-6.7B, the next size", adam(NetworkAccounting(.optOf6700M))),
                .init("mixed precision as Hugging Face counts it: 18 bytes a parameter", mixedAdam(network)),
                .init(
                    "and un-checkpointed FP32 activations of 2,048 tokens",
                    adam(network).adding(network.savedActivations(sequence: 2_048, .fp32))),
            ],
            notes: ["that no larger size fits is the other half of the claim: see OPT-6.7B"],
            allocation: AllocatorRequest(
                .firstOrder, .mezo, beside: .mixedPrecisionAdam, of: .optOf2700M, sequence: 400, on: "datacentre-fp8",
                reasons: [
                    "our first-order step keeps BF16 weights beside FP32 masters, gradients and moments: 18 bytes a weight",
                    "the embedding table, which is also the head, is frozen in ours",
                    "activations are let go as gradients come, so that at our peak hardly any stand beside them",
                ]))
    }

    static var mezo: [Reproduction] { [twelvefold, thirtyBillion, adamOnOneCard] }
}
