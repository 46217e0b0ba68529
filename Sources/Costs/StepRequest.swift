import Hardware
import Networks
import NumberFormats
import Programs

/// One fine-tuning step on a machine, as the flags of `zeroth cost --network` name it; nothing is read yet.
///
/// The command line and explorations of many machines make their steps through it, so that both price the same.
public struct StepRequest: Sendable, Hashable {
    /// A network's name, folder or config.json.
    public var network: String
    /// A machine's name or file.
    public var hardware = "edge-int8"
    /// Fields of the machine, as `path=value`.
    public var overrides: [String] = []
    public var method = "quzo"
    /// How the first-order side trains; nil for what goes with the method.
    public var baseline: String?
    public var batch = 16
    public var queries = 1
    /// Nil for 128 tokens, or as many as the network has positions for.
    public var sequence: Int?
    public var trainable = "all"
    /// Nil for residual:8 where all trained weights are integers, and stochastic where they are not.
    public var updateRounding: String?
    /// Nil for the machine's.
    public var weights: String?
    public var activations: String?
    public var head: String?
    public var lossTokens: String?
    public var objective = ScheduleObjective.traffic

    public init(network: String, hardware: String = "edge-int8", overrides: [String] = []) {
        self.network = network
        self.hardware = hardware
        self.overrides = overrides
    }

    /// All overrides of the machine, those of the formats included.
    public var machineOverrides: [String] {
        var overrides = overrides
        for (flag, format) in [("weights", weights), ("activations", activations)] {
            if let format { overrides.append("arithmetic.\(flag)=\(format)") }
        }
        return overrides
    }

    /// The machine with the formats that the flags name.
    public func machine() throws(HardwareError) -> Machine {
        try Machine.load(hardware, overrides: machineOverrides)
    }

    /// The network with the head that is trained.
    public struct TrainedNetwork: Sendable, Hashable {
        public let configuration: TransformerConfiguration
        /// The head is a new one: a classifier where an encoder has another, or where the flag asks for one.
        public let hasNewHead: Bool
    }

    /// Reads the network.
    ///
    /// - Throws: `InputError`, or `StepRequestError` naming the head.
    public func trainedNetwork() throws -> TrainedNetwork {
        let network = try TransformerConfiguration(network: network)
        switch head {
        case nil:
            return network.isCausal
                ? .init(
                    configuration: network.head == .none ? network.withHead(.languageModel) : network, hasNewHead: false
                )
                : .init(configuration: network.forClassification(classes: network.classes ?? 2), hasNewHead: true)
        case "language-model" where network.isCausal:
            return .init(configuration: network.withHead(.languageModel), hasNewHead: false)
        case let text?:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "classifier", let classes = Int(parts[1]),
                TransformerLimits.classes.contains(classes)
            else {
                throw StepRequestError.badSetting(
                    name: "head", value: text,
                    allowed: "classifier:N with N from 1 to \(TransformerLimits.classes.upperBound)"
                        + (network.isCausal ? ", or language-model" : ""))
            }
            return .init(configuration: network.forClassification(classes: classes), hasNewHead: true)
        }
    }

    /// The step, not yet in a machine's formats.
    ///
    /// - Throws: `InputError`, or `StepRequestError` naming the setting.
    public func step(on machine: Machine) throws -> StepDescription {
        try step(of: trainedNetwork(), on: machine)
    }

    /// The step of a network that is read already.
    public func step(of network: TrainedNetwork, on machine: Machine) throws(StepRequestError) -> StepDescription {
        let longest = network.configuration.longestSequence
        let sequence = sequence ?? min(128, longest ?? 128)
        for (name, value) in [("batch", batch), ("sequence", sequence)] where value < 1 {
            throw .badSetting(name: name, value: "\(value)", allowed: "1 or more")
        }
        if let longest, sequence > longest {
            throw .badSetting(
                name: "sequence", value: "\(sequence)", allowed: "at most \(longest), the positions of \(self.network)")
        }
        let set: TrainableSet
        do { set = try TrainableSet(parsing: trainable) } catch {
            throw .badSetting(
                name: "trainable", value: trainable,
                allowed: error.part == trainable
                    ? error.allowed : "a set whose part \"\(error.part)\" is \(error.allowed)")
        }
        if let word = lossTokens, network.configuration.classes != nil {
            throw .badSetting(
                name: "loss-tokens", value: word, allowed: "left out: \(self.network) has a classifier here")
        }
        guard let lossTokens = LossTokens(rawValue: lossTokens ?? LossTokens.all.rawValue) else {
            throw .badSetting(name: "loss-tokens", value: lossTokens ?? "", allowed: "all or last")
        }
        var step = StepDescription(
            network: network.configuration, batch: batch, sequence: sequence, trainable: set,
            hasNewHead: network.hasNewHead, method: .quzo(residualBits: 0), lossTokens: lossTokens)
        step.method = try stepMethod(hasGrids: step.on(machine).hasIntegerWeights)
        step.queries = queries
        return step
    }

    private func stepMethod(hasGrids: Bool) throws(StepRequestError) -> StepDescription.Method {
        let word = updateRounding ?? (hasGrids ? "residual:8" : "stochastic")
        guard let rounding = UpdateRounding(word: word) else {
            throw .badSetting(
                name: "update-rounding", value: word, allowed: "stochastic, nearest, residual:8 or residual:16")
        }
        if updateRounding != nil, method != "quzo" {
            throw .badSetting(
                name: "update-rounding", value: word, allowed: "left out: only quzo rounds its update to a grid")
        }
        switch method {
        case "quzo": return .quzo(residualBits: rounding.residualBits)
        case "mezo": return .mezo
        case "zoqo": return .zoqo
        default:
            let scheme = method.prefix { $0 != ":" && $0 != "," }
            guard FirstOrderRecipe.Scheme(rawValue: String(scheme)) != nil else {
                throw .badSetting(
                    name: "method", value: method,
                    allowed:
                        "quzo, mezo, zoqo, or a first-order recipe such as qat, quantized:int8,lion8 or full:bf16,sgd")
            }
            return .firstOrder(try Self.recipe(method, "method"))
        }
    }

    /// The baseline's recipe; nil for what goes with the method.
    public func baselineRecipe() throws(StepRequestError) -> FirstOrderRecipe? {
        guard let baseline else { return nil }
        return try Self.recipe(baseline, "baseline")
    }

    private static func recipe(_ text: String, _ flag: String) throws(StepRequestError) -> FirstOrderRecipe {
        do { return try FirstOrderRecipe(text) } catch {
            throw .badSetting(
                name: flag, value: text, allowed: "a recipe whose part \"\(error.part)\" is \(error.allowed)")
        }
    }
}
