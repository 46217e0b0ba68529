import Networks
import NumberFormats

/// Low-rank adapters beside frozen linear layers: y = W·x + (alpha / rank)·B·(A·x), with A [rank, inputs] and B [outputs, rank] (Hu et al.,
/// arXiv 2106.09685).
///
/// As text: `lora[:option,…]`, such as `lora:rank=16,targets=q+v` (docs/networks.md, "Adapters").
public struct LowRankAdapters: Sendable, Hashable {
    /// Which linear layers of a block have an adapter.
    public enum Targets: Sendable, Hashable {
        /// Every one.
        case allLinear
        /// Those with one of these roles; at least one.
        case roles(Set<LinearLayer.Role>)

        /// Whether a layer with this role has an adapter, where it stands in a block.
        public func contains(_ role: LinearLayer.Role) -> Bool {
            switch self {
            case .allLinear: true
            case .roles(let roles): roles.contains(role)
            }
        }
    }

    /// Rows of A and columns of B, from 1 to the shorter side of each layer that has one.
    public var rank = 8
    /// alpha / rank is the factor of what an adapter adds. It decides no cost.
    public var alpha: Double
    public var targets = Targets.roles([.query, .value])
    /// Of A and B as the products read them; nil for the format of the operand that meets the layers' weights. Where a method works in
    /// floating point, formats with scales become that operand's format.
    public var format: ElementFormat?
    /// Of the frozen layers' weights; nil for the method's own. Integers beside floating-point activations are dequantized as they are
    /// loaded, each row by its FP32 scale.
    public var base: ElementFormat?
    /// Blocks with adapters, counted from the last; nil for all.
    public var last: Int?

    /// - Parameters:
    ///   - alpha: nil for the rank, so that the factor is 1.
    ///   - targets: queries and values, as in Hu et al., section 4.2.
    public init(
        rank: Int = 8, targets: Targets = .roles([.query, .value]), alpha: Double? = nil, format: ElementFormat? = nil,
        base: ElementFormat? = nil, last: Int? = nil
    ) {
        self.rank = rank
        self.targets = targets
        self.alpha = alpha ?? Double(rank)
        self.format = format
        self.base = base
        self.last = last
    }
}

extension LinearLayer.Role {
    /// The matrices of a block, in the order in which they run, by the words that name targets.
    static let targetWords: [(word: String, role: LinearLayer.Role)] = [
        ("q", .query), ("k", .key), ("v", .value), ("o", .attentionOutput), ("fc1", .intermediate), ("gate", .gate),
        ("up", .up), ("fc2", .output), ("down", .down),
    ]

    /// The matrices that a word of PEFT's `target_modules` names: those of Llama, OPT, BERT and GPT-2 in transformers. Names that stand for
    /// matrices of several kinds there, `dense` and `c_proj`, are none.
    static let peftTargets: [String: [LinearLayer.Role]] = [
        "q_proj": [.query], "k_proj": [.key], "v_proj": [.value], "o_proj": [.attentionOutput],
        "out_proj": [.attentionOutput], "gate_proj": [.gate], "up_proj": [.up], "down_proj": [.down],
        "c_attn": [.query, .key, .value], "c_fc": [.intermediate],
    ]

    /// The matrices that a word names among targets: this project's, a role's own, or PEFT's.
    static func targets(named word: String) -> [LinearLayer.Role]? {
        targetWords.first { $0.word == word || $0.role.rawValue == word }.map { [$0.role] } ?? peftTargets[word]
    }

    /// The word that names the role among targets; nil for matrices outside the blocks.
    var targetWord: String? { Self.targetWords.first { $0.role == self }?.word }
}
