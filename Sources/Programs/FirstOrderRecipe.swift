import NumberFormats

/// How a first-order step computes, what it keeps between forward and backward, and how it updates.
///
/// As text, for flags and files: `scheme[:weights[/activations]][,option…]`, such as `qat:int8,adam,checkpoint=layer`
/// (docs/costs.md, "First-order steps").
public struct FirstOrderRecipe: Sendable, Hashable {
    public enum Scheme: String, Sendable, Hashable, Codable, CaseIterable {
        /// Quantization-aware training with a straight-through estimator: codes made each step from master weights, a quantized forward, a
        /// floating-point backward (LLM-QAT, arXiv 2305.17888).
        case qat
        /// Weights are codes and nothing else; forward and backward products are of codes, updates are rounded stochastically to the
        /// grid. Where the attention products' operands are floating-point, their gradients are, as in published FP8 recipes (arXiv
        /// 2209.05433).
        case quantized
        /// Floating-point forward and backward.
        case full
    }

    public enum Optimizer: String, Sendable, Hashable, Codable, CaseIterable {
        case sgd, momentum, adam, lion

        /// Moments kept for each trained value.
        public var moments: Int {
            switch self {
            case .sgd: 0
            case .momentum, .lion: 1
            case .adam: 2
            }
        }
    }

    /// What the forward keeps for the backward.
    public enum Checkpointing: String, Sendable, Hashable, Codable, CaseIterable {
        /// All that the backward reads.
        case none
        /// Each block's input, in BF16; the backward runs the block's forward again.
        case layer
        /// All but the attention scores' softmax, which the backward makes again (Korthikanti et al., arXiv 2205.05198).
        case selective
    }

    /// When weights are updated.
    public enum Update: String, Sendable, Hashable, Codable, CaseIterable {
        /// Each as soon as its gradient is there, so that one gradient is alive at a time.
        case layerwise
        /// All after the backward, as training loops do: every gradient is alive then.
        case end
    }

    public var scheme: Scheme
    /// Formats of the linear layers' operands instead of the machine's; nil for the machine's.
    public var weights: ElementFormat?
    public var activations: ElementFormat?
    public var optimizer = Optimizer.adam
    /// Format of the moments: FP32, BF16, or INT8 with an FP32 scale for at most 256 values.
    public var states = ElementFormat.fp32
    public var checkpointing = Checkpointing.none
    /// Of activation gradients, and of both operands of floating-point backward products: BF16 or FP32.
    public var backward = ElementFormat.bf16
    /// Of weight gradients as they wait for their update: FP32, BF16, or INT8 with an FP32 scale a row; nil for `backward`.
    public var gradients: ElementFormat?
    /// Of the weights that the optimizer updates: FP32 or BF16; nil where it updates the weights themselves.
    public var master: ElementFormat?
    public var update = Update.layerwise
    /// Equal parts of the batch that run one after another, their gradients added.
    public var microBatches = 1

    /// The scheme with its defaults: Adam with FP32 moments, BF16 backward, nothing recomputed, layer-wise updates, FP32 masters but for
    /// `quantized`.
    public init(_ scheme: Scheme) {
        self.scheme = scheme
        master = scheme == .quantized ? nil : .fp32
    }

    public static let qat = FirstOrderRecipe(.qat)

    /// Whether the gradients of the attention products are products of codes, as the products themselves are.
    func hasCodedAttention(_ formats: StepFormats) -> Bool { scheme == .quantized && formats.attention.hasScales }

    /// The format in which weight gradients wait.
    var gradientFormat: ElementFormat { gradients ?? backward }

    /// Values that share a scale among INT8 moments of rows of `columns` values: the largest divisor of `columns` up to 256, the block of
    /// 8-bit optimizers in common use (Dettmers et al., arXiv 2110.02861, block-wise; the released bitsandbytes takes 256).
    static func momentBlock(columns: Int) -> Int {
        (1...min(256, columns)).last { columns.isMultiple(of: $0) } ?? 1
    }
}
