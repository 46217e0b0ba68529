import NumberFormats

/// What is wrong with a recipe's text.
public struct RecipeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The part that is wrong, as it was given.
    public let part: String
    /// What may stand there.
    public let allowed: String
    public var description: String { "\"\(part)\" is not part of a first-order recipe here; it may be \(allowed)" }
}

extension FirstOrderRecipe: CustomStringConvertible {
    /// Parses `scheme[:weights[/activations]][,option…]`; an option is the optimizer's word (`sgd`, `momentum`, `adam`, `lion`; `adam8` and
    /// `lion8` for INT8 moments) or one of `checkpoint=`, `backward=`, `gradient=`, `master=`, `state=`, `update=`, `micro=`.
    ///
    /// - Throws: `RecipeError` naming the part.
    public init(_ text: String) throws(RecipeError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let head = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let scheme = Scheme(rawValue: head[0]) else {
            throw RecipeError(part: parts[0], allowed: Self.words(Scheme.self) + ", with :FORMAT after it")
        }
        self.init(scheme)
        if head.count > 1 { try readFormats(head[1]) }
        var given: Set<String> = []
        for part in parts.dropFirst() {
            for key in try read(part) {
                guard given.insert(key).inserted else { throw RecipeError(part: part, allowed: "given once") }
            }
        }
        if optimizer.moments == 0, given.contains("state") {
            throw RecipeError(
                part: "state=\(states.rawValue)", allowed: "left out with \(optimizer.rawValue), which keeps no moments"
            )
        }
        try check()
    }

    private static func words<Words: CaseIterable & RawRepresentable>(_ type: Words.Type) -> String
    where Words.RawValue == String {
        let words = type.allCases.map(\.rawValue)
        return words.dropLast().joined(separator: ", ") + " or " + words.last!
    }

    private mutating func readFormats(_ text: String) throws(RecipeError) {
        let words = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let formats = words.map { ElementFormat(rawValue: $0) }
        guard words.count <= 2, !formats.contains(nil), let weights = formats.first else {
            throw RecipeError(
                part: text,
                allowed:
                    "a format for both operands of linear layers, or weights/activations, such as int8 or int4/int8")
        }
        self.weights = weights
        activations = formats.last!
    }

    /// Reads an option and returns what it sets.
    private mutating func read(_ part: String) throws(RecipeError) -> [String] {
        let isCoded = part.hasSuffix("8")
        if let optimizer = Optimizer(rawValue: isCoded ? String(part.dropLast()) : part) {
            guard !isCoded || optimizer.moments > 0 else {
                throw RecipeError(part: part, allowed: "sgd: it keeps no moments")
            }
            self.optimizer = optimizer
            if isCoded { states = .int8 }
            return isCoded ? ["optimizer", "state"] : ["optimizer"]
        }
        let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else {
            throw RecipeError(
                part: part,
                allowed:
                    "sgd, momentum, adam, adam8, lion, lion8, checkpoint=…, backward=…, gradient=…, master=…, state=…, "
                    + "update=… or micro=…")
        }
        let (key, value) = (halves[0], halves[1])
        func format(_ formats: [ElementFormat]) throws(RecipeError) -> ElementFormat {
            guard let format = ElementFormat(rawValue: value), formats.contains(format) else {
                throw RecipeError(part: part, allowed: key + "=" + formats.map(\.rawValue).joined(separator: "|"))
            }
            return format
        }
        switch key {
        case "checkpoint":
            guard let word = Checkpointing(rawValue: value) else {
                throw RecipeError(part: part, allowed: "checkpoint=none|layer|selective")
            }
            checkpointing = word
        case "update":
            guard let word = Update(rawValue: value) else {
                throw RecipeError(part: part, allowed: "update=layerwise|end")
            }
            update = word
        case "micro":
            guard let count = Int(value), (1...4096).contains(count) else {
                throw RecipeError(part: part, allowed: "micro=N with N from 1 to 4096")
            }
            microBatches = count
        case "backward": backward = try format([.bf16, .fp32])
        case "gradient": gradients = try format([.fp32, .bf16, .int8])
        case "state": states = try format([.fp32, .bf16, .int8])
        case "master": master = value == "none" ? nil : try format([.fp32, .bf16])
        default:
            throw RecipeError(
                part: part, allowed: "checkpoint=…, backward=…, gradient=…, master=…, state=…, update=… or micro=…")
        }
        return [key]
    }

    /// Checks what options say together.
    ///
    /// - Throws: `RecipeError` naming one of them.
    func check() throws(RecipeError) {
        switch scheme {
        case .qat where master == nil:
            throw RecipeError(
                part: "master=none", allowed: "master=fp32|bf16 with qat; quantized trains the codes themselves")
        case .qat where !(weights?.hasScales ?? true):
            throw RecipeError(
                part: formatText, allowed: "formats of codes, such as int8 or e4m3; full is for floating point")
        case .quantized where master != nil:
            throw RecipeError(
                part: "master=\(master!.rawValue)", allowed: "left out: quantized trains the codes themselves")
        case .quantized where !(weights?.hasScales ?? true) || !(activations?.hasScales ?? true):
            throw RecipeError(
                part: formatText, allowed: "formats of codes, such as int8 or e4m3; full is for floating point")
        case .full where weights?.hasScales ?? false || activations?.hasScales ?? false:
            throw RecipeError(part: formatText, allowed: "bf16, fp16 or fp32; qat and quantized are for codes")
        default: break
        }
        if microBatches > 1, gradientFormat == .int8 {
            throw RecipeError(
                part: "gradient=int8", allowed: "bf16 or fp32 with micro-batches, whose gradients are added")
        }
    }

    private var formatText: String {
        guard let weights, let activations else { return "" }
        return weights == activations ? weights.rawValue : weights.rawValue + "/" + activations.rawValue
    }

    /// The optimizer's word, with 8 behind it where its moments are INT8.
    public var optimizerWord: String { optimizer.rawValue + (states == .int8 && optimizer.moments > 0 ? "8" : "") }

    /// The text that gives the recipe: defaults are left out, but for the optimizer.
    public var description: String {
        let standard = FirstOrderRecipe(scheme)
        var parts = [scheme.rawValue + (formatText.isEmpty ? "" : ":" + formatText)]
        parts.append(optimizerWord)
        if states != .fp32, optimizerWord == optimizer.rawValue { parts.append("state=" + states.rawValue) }
        if checkpointing != standard.checkpointing { parts.append("checkpoint=" + checkpointing.rawValue) }
        if backward != standard.backward { parts.append("backward=" + backward.rawValue) }
        if let gradients { parts.append("gradient=" + gradients.rawValue) }
        if master != standard.master { parts.append("master=" + (master?.rawValue ?? "none")) }
        if update != standard.update { parts.append("update=" + update.rawValue) }
        if microBatches > 1 { parts.append("micro=\(microBatches)") }
        return parts.joined(separator: ",")
    }
}
