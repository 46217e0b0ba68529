import Hardware
import Networks
import NumberFormats

/// How linear layers and attention products are computed in a forward pass.
public enum Precision: String, Sendable, Hashable, Codable {
    /// INT8 weights and activations, INT32 accumulators.
    case quantized
    /// FP32 weights and activations: the reference that quantized runs are compared with.
    case fp32
}

/// Where and when a zeroth-order step perturbs the weights; bits do not depend on it.
public enum PerturbationPlacement: String, Sendable, Hashable, Codable {
    /// On the way into SRAM, in each pass anew; nothing is written back.
    case onLoad = "on-load"
    /// The same, and one fetch serves both signs: both passes' activations are alive at once.
    case onLoadShared = "on-load-shared"
    /// The stored weights are changed and restored, as programs for GPUs do.
    case inPlace = "in-place"

    /// What a machine's perturbation unit does.
    public init(_ unit: PerturbationUnit) {
        switch unit.placement {
        case .onLoad: self = unit.sharedFetch ? .onLoadShared : .onLoad
        case .inPlace: self = .inPlace
        }
    }
}

/// Which tokens have a loss where the head predicts words.
public enum LossTokens: String, Sendable, Hashable, Codable, CaseIterable {
    /// Every token's next one.
    case all
    /// The last one of each example: classification by label words.
    case last
}

/// One step of a method on a network: what is lowered to a program.
public struct StepDescription: Sendable, Hashable {
    /// What the step does.
    public enum Method: Sendable, Hashable {
        /// One forward, loss and logits.
        case inference(Precision)
        /// QuZO, one query: forward with +d and −d, projected gradient, update on the grid.
        /// `residualBits` is 0 (codes alone), 8 or 16.
        case quzo(residualBits: Int)
        /// MeZO: forward with +εu and −εu, update, all in floating point: formats that need scales become BF16.
        case mezo
        /// ZOQO: noise on the grid, the sign of the loss difference, clamp.
        case zoqo
        /// First-order training.
        case firstOrder(FirstOrderRecipe)

        /// Quantization-aware training: quantized forward from FP32 master weights, straight-through BF16 backward and gradients, Adam
        /// in FP32.
        public static let qat = Method.firstOrder(.qat)

        /// Whether the step compares two perturbed passes.
        public var isZerothOrder: Bool {
            switch self {
            case .quzo, .mezo, .zoqo: true
            case .inference, .firstOrder: false
            }
        }

        /// The method's word on the command line and in files.
        public var word: String {
            switch self {
            case .inference: "inference"
            case .quzo: "quzo"
            case .mezo: "mezo"
            case .zoqo: "zoqo"
            case .firstOrder(let recipe): recipe.scheme.rawValue
            }
        }

        /// As it stands in tables, from its word.
        public static func title(_ word: String) -> String {
            switch word {
            case "quzo": "QuZO"
            case "mezo": "MeZO"
            case "quantized": "quantized first-order"
            case "full": "floating-point first-order"
            default: word.uppercased()
            }
        }

        /// Draws for each weight that is perturbed (docs/semantics.md, section 10).
        var perturbationDraws: [RandomPurpose] {
            switch self {
            case .quzo: [.perturbation, .firstRounding, .gridRounding]
            case .mezo, .zoqo: [.perturbation]
            case .inference, .firstOrder: []
            }
        }

        /// Draws for each weight that is updated.
        var updateDraws: [RandomPurpose] {
            switch self {
            case .quzo: [.perturbation, .secondRounding, .update]
            case .mezo, .zoqo: [.perturbation]
            case .firstOrder(let recipe): recipe.scheme == .quantized ? [.update] : []
            case .inference: []
            }
        }
    }

    /// Sizes and parts of the network, with the head that the step's loss reads.
    public var network: TransformerConfiguration
    /// Examples a step.
    public var batch: Int
    /// Tokens an example, padding included.
    public var sequence: Int
    public var trainable: TrainableSet
    /// The head has no weights of its own yet, so its FP32 bias is trained too.
    public var hasNewHead: Bool
    public var method: Method
    /// The machine's formats; `formats` has those that the method makes of them.
    public var machineFormats: StepFormats
    public var placement: PerturbationPlacement
    /// Of no meaning where the head classifies sequences.
    public var lossTokens: LossTokens
    /// Most perturbations of a step: the sum of so many queries' steps fits 32 bits, whatever the rounding (docs/semantics.md, section 10).
    public static let queryLimit = 64

    /// Perturbations that a zeroth-order step compares, all from the same weights; their updates are added (docs/semantics.md, section 10).
    public var queries = 1

    public init(
        network: TransformerConfiguration, batch: Int, sequence: Int, trainable: TrainableSet, hasNewHead: Bool,
        method: Method, formats: StepFormats = .w8a8, placement: PerturbationPlacement = .onLoad,
        lossTokens: LossTokens = .all
    ) {
        self.network = network
        self.batch = batch
        self.sequence = sequence
        self.trainable = trainable
        self.hasNewHead = hasNewHead
        self.method = method
        machineFormats = formats
        self.placement = placement
        self.lossTokens = lossTokens
    }

    /// A step of the emulated encoder, in INT8.
    public init(
        shape: EncoderShape, batch: Int, sequence: Int, trainable: TrainableSet, hasNewHead: Bool, method: Method
    ) {
        self.init(
            network: TransformerConfiguration(shape), batch: batch, sequence: sequence, trainable: trainable,
            hasNewHead: hasNewHead, method: method)
    }

    /// The same step as `machine` runs it: in its formats, perturbed where it perturbs.
    public func on(_ machine: Machine) -> StepDescription {
        var step = self
        step.machineFormats = StepFormats(machine.arithmetic)
        step.placement = PerturbationPlacement(machine.organisation.perturbationUnit)
        return step
    }

    /// The first-order step that this one is compared with: same network, batch, sequence, trainable set.
    ///
    /// - Parameter recipe: nil for quantization-aware training in this step's formats, or, beside MeZO, for training in floating point.
    public func baseline(_ recipe: FirstOrderRecipe? = nil) -> StepDescription {
        var step = self
        step.queries = 1
        step.method = .firstOrder(recipe ?? (method == .mezo ? FirstOrderRecipe(.full) : .qat))
        return step
    }

    /// In which formats the step multiplies and stores.
    public var formats: StepFormats {
        var formats = ownFormats
        if let base = adapters?.base { formats.weights = base }
        return formats
    }

    /// The method's, whatever adapters say of the frozen layers.
    private var ownFormats: StepFormats { machineFormats.of(method) }

    /// How a first-order step trains; nil for others.
    public var recipe: FirstOrderRecipe? { if case .firstOrder(let recipe) = method { recipe } else { nil } }

    /// Numbers of the linear layers whose own weights are trained, ascending; adapters stand in `adapterMatrices`.
    public var trained: Range<Int> { trainable.numbers(in: network) }
}
