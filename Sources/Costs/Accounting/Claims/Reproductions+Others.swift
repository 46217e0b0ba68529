import Networks

/// Figures of other papers where sizes alone say something.
extension Reproductions {
    private static var grzo: Reproduction {
        let network = NetworkAccounting(.llama3Of8B)
        let report = "github LiyanTan111/GRZO-public, profiling/REPORT.md"
        let sides = [network.account("weights, FP16", [network.all("weights", .fp16)])]
        return Reproduction(
            PublishedFigure(
                "grzo-llama3-8b", "GRZO's profile: weights of LLaMA-3-8B in FP16 on the card",
                source: report + ": peak 20.84 GB less the 4.84 GB over the model", 16.00, decimals: 2, .gigabytes),
            [
                .stated("LLaMA-3-8B in fp16", report),
                .stated("MeZO's peak is 20.84 GB, 4.84 GB over the model", report),
                .fitted("GB are 10⁹ bytes", "read in 2³⁰ bytes the figure does not come out"),
            ], sides, variants: [.init("read in 2³⁰ bytes", sides[0], as: .gibibytes)])
    }

    private static var zeroQAT: Reproduction {
        let network = NetworkAccounting(.optOf13B)
        let abstract = "arXiv 2509.00031v2, abstract"
        return Reproduction(
            PublishedFigure(
                "zeroqat-13b-8gb", "ZeroQAT: a 13B model at 2 to 4 bits on one card of 8 GB", source: abstract, 8,
                decimals: 0,
                .gigabytes, .atMost),
            [
                .stated("a 13B model at 2 to 4 bits on a single 8GB GPU", abstract),
                .inferred(
                    "the network is OPT-13B at 4 bits",
                    "the larger of the formats; the 6.7B of the abstract is an OPT size"),
                .inferred("the blocks' matrices are quantized; embedding, norms and biases stay FP16", "usual"),
                .inferred("activations and scales are left out; 8 GB are 8·10⁹ bytes", "a bound needs no more"),
            ], [network.account("ZeroQAT, INT4", network.weights(.int4, others: .fp16))],
            variants: [
                .init("8-bit weights", network.account("INT8", network.weights(.int8, others: .fp16))),
                .init(
                    "and live activations of 2,048 tokens",
                    network.account(
                        "ZeroQAT, INT4",
                        network.weights(.int4, others: .fp16) + network.liveActivations(sequence: 2_048, .fp16))),
            ])
    }

    static var others: [Reproduction] { [grzo, zeroQAT] }

    /// Figures of which sizes alone say nothing.
    static var notCounted: [Reproduction] {
        func row(_ name: String, _ summary: String, _ source: String, _ value: Double, _ decimals: Int, _ why: String)
            -> Reproduction
        {
            Reproduction(
                PublishedFigure(name, summary, source: source, value, decimals: decimals, .gigabytes), [], [],
                notes: [why])
        }
        return [
            row(
                "mobiedit-3b",
                "MobiEdit: knowledge editing of Llama-3.2-3B on a phone, before its quantization 34.14 GB",
                "arXiv 2506.13772", 5.06, 2,
                "what editing keeps (which layers, which states, which length) was not seen, so no line can be "
                    + "written down"
            ),
            row(
                "zo2-175b", "ZO2: OPT-175B with weights in the host's memory", "README of ZO2, arXiv 2503.12668", 18.04,
                2,
                "how many blocks stand on the card at once, in which formats and for how many tokens was not seen"),
            row(
                "pezo-opt-1.3b", "PeZO's table: backpropagation of OPT-1.3B", "arXiv 2504.20314, table", 38.1, 1,
                "states of FP32 Adam are 16 bytes a parameter, about 21 GB; batch, length and formats of the "
                    + "rest were not seen"
            ),
        ]
    }
}
