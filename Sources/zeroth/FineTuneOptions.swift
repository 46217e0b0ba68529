import ArgumentParser
import Emulator
import FineTuning
import Hardware
import NumberFormats
import Programs

/// The flags that decide a run. Each is optional, so that defaults can depend on the network and `--resume` can refuse them.
struct FineTuneOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Hugging Face style BERT folder; the embedded one if left out.", valueName: "dir"))
    var network: String?

    @Option(help: ArgumentHelp("Labelled text, a label<TAB>text line an example.", valueName: "file"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Labelled text to validate on; if left out, a share of --data is held out.", valueName: "file"))
    var validation: String?

    @Option(help: ArgumentHelp("Share of --data that is held out.", valueName: "share"))
    var validationFraction: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seed of the batches, the split and every random bit.", valueName: "n"),
        transform: Seed.parse)
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Method: quzo; zoqo (noise and steps on the grid, the sign of the loss difference); mezo or zo-signsgd (in floating point: "
                + "the machine's, or mezo:fp32); or a first-order recipe as zeroth cost --baseline takes it, such as qat:int8,adam.",
            valueName: "method"))
    var method: MethodChoice?

    @Option(
        help: ArgumentHelp(
            "Perturbations that a step compares, 1 to \(StepDescription.queryLimit); their updates are added.",
            valueName: "n"))
    var queries: Int?

    @Option(
        help: ArgumentHelp(
            "QuZO's update: q-rge2 rounds u anew, as the paper proposes; q-rge1 uses the passes' rounding.",
            valueName: "estimator"))
    var estimator: GradientEstimator?

    @Option(
        help: ArgumentHelp(
            "Format of the linear layers' weights, over the machine's.", valueName: "format"))
    var weights: RunFormat?

    @Option(help: ArgumentHelp("Format of what meets them, over the machine's.", valueName: "format"))
    var activations: RunFormat?

    @Option(help: ArgumentHelp("Steps of the run.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("Examples a step.", valueName: "n"))
    var batch: Int?

    @Option(help: ArgumentHelp("Tokens an example at most; longer ones are cut.", valueName: "n"))
    var sequence: Int?

    @Option(
        help: ArgumentHelp(
            "Weights to train: all, last:N, head, or adapters beside frozen layers: lora:rank=N,targets=q+v, alpha=X (docs/networks.md).",
            valueName: "set"))
    var trainable: String?

    @Flag(help: "Give the network a new head although it has one.")
    var newHead = false

    @Option(help: ArgumentHelp("Bits of the perturbation: 2, 4 or 8.", valueName: "bits"))
    var perturbationBits: Int?

    @Option(help: ArgumentHelp("Perturbation size, in grid steps or in weight units.", valueName: "steps:K|epsilon:E"))
    var perturbationSize: String?

    @Option(
        help: ArgumentHelp(
            "Rounding of the update: stochastic, nearest, residual:8 or residual:16.", valueName: "rounding"))
    var updateRounding: String?

    @Option(help: ArgumentHelp("Learning rate (docs/semantics.md, section 10, has its unit).", valueName: "rate"))
    var learningRate: Double?

    @Option(help: ArgumentHelp("Learning rate over the run: constant or linear (to 0).", valueName: "schedule"))
    var schedule: RunSettings.Schedule?

    @Option(help: ArgumentHelp("Steps between evaluations; 0 for the first and last only.", valueName: "n"))
    var evaluateEvery: Int?

    @Option(help: ArgumentHelp("Machine: a name in hwmodels, or a file.", valueName: "name|file"))
    var hardware: String?

    @Option(help: ArgumentHelp("Override a field of the machine; may be repeated.", valueName: "path=value"))
    var set: [String] = []

    /// Name of the first flag given that decides a run; nil if none is.
    var firstGiven: String? {
        let given: [(String, Bool)] = [
            ("network", network != nil), ("data", data != nil), ("validation", validation != nil),
            ("validation-fraction", validationFraction != nil), ("seed", seed != nil), ("method", method != nil),
            ("queries", queries != nil),
            ("estimator", estimator != nil), ("weights", weights != nil), ("activations", activations != nil),
            ("steps", steps != nil),
            ("batch", batch != nil), ("sequence", sequence != nil), ("trainable", trainable != nil),
            ("new-head", newHead),
            ("perturbation-bits", perturbationBits != nil), ("perturbation-size", perturbationSize != nil),
            ("update-rounding", updateRounding != nil), ("learning-rate", learningRate != nil),
            ("schedule", schedule != nil), ("evaluate-every", evaluateEvery != nil), ("hardware", hardware != nil),
            ("set", !set.isEmpty),
        ]
        return given.first { $0.1 }?.0
    }

    /// Overrides of the machine: formats first, then what --set says.
    var overrides: [String] {
        [("weights", weights), ("activations", activations)].compactMap { name, format in
            format.map { "arithmetic.\(name)=\($0.rawValue)" }
        } + set
    }

    /// Refuses flags that the method does not read.
    func validate() throws {
        guard let method, method.method != .quzo else { return }
        for (name, format) in [("weights", weights), ("activations", activations)] where !method.isOnGrid {
            // A scheme of codes whose recipe names no formats takes the machine's.
            let isMachines = method.recipe.map { $0.scheme != .full && $0.weights == nil } ?? false
            guard let format, !isMachines, method.recipe?.weights != nil || format == .int8 || format == .int4 else {
                continue
            }
            throw ValidationError(
                "--\(name) \(format.rawValue) decides nothing of this method: name formats in --method, as in mezo:fp32 or qat:int4/int8"
            )
        }
        for (name, isGiven) in [
            ("perturbation-bits", perturbationBits != nil), ("update-rounding", updateRounding != nil),
            ("estimator", estimator != nil),
        ] where isGiven {
            throw ValidationError(
                method.method == .zoqo
                    ? "--\(name) is QuZO's; zoqo draws and moves whole grid steps: leave it out"
                    : "--\(name) is QuZO's; \(method.method.rawValue) has nothing of it: leave it out")
        }
        guard method.method == .firstOrder else { return }
        for (name, isGiven) in [("perturbation-size", perturbationSize != nil), ("queries", queries != nil)]
        where isGiven {
            throw ValidationError(
                "--\(name) belongs to zeroth-order methods; a first-order one perturbs nothing: leave it out")
        }
    }

    /// The run's settings: the flags over the defaults for the network, the method and the machine's formats.
    func settings(_ arithmetic: Arithmetic) -> RunSettings {
        var settings = RunSettings.defaults(
            network: network != nil, updateRounding: updateRounding, method: method?.method,
            recipe: method?.recipe,
            formats: method?.format.map { StepFormats(all: $0) } ?? StepFormats(arithmetic))
        settings.recipe = method?.recipe?.description
        settings.optimizer = method?.recipe.map { OptimizerSettings($0.optimizer) }
        settings.network = network
        settings.data = data
        settings.validation = validation
        settings.newHead = newHead
        if let validationFraction { settings.validationFraction = validationFraction }
        if let seed { settings.seed = seed }
        if let queries { settings.queries = queries }
        if let estimator { settings.estimator = estimator }
        if let trainable { settings.trainable = trainable }
        if let batch { settings.batch = batch }
        if let sequence { settings.sequence = sequence }
        if let perturbationBits { settings.perturbationBits = perturbationBits }
        if let perturbationSize { settings.perturbationSize = perturbationSize }
        if let learningRate { settings.learningRate = learningRate }
        if let schedule { settings.schedule = schedule }
        if let steps {
            settings.steps = steps
            settings.evaluateEvery = max(1, steps / 10)
        }
        if let evaluateEvery { settings.evaluateEvery = evaluateEvery }
        if let work = try? settings.validated().work, case .codes = work { return settings }
        settings.floatAccumulator = arithmetic.floatAccumulator?.name
        settings.accumulationOrder = arithmetic.order.name
        return settings
    }
}

/// Formats of the linear layers' operands in a run: codes where the method trains them, values where it does not.
enum RunFormat: String, CaseIterable, ExpressibleByArgument { case int8, int4, e4m3, e5m2, bf16, fp32 }

extension RunSettings.Schedule: ExpressibleByArgument {}

/// A method as `--method` names it: `quzo`, `zoqo`, `mezo`, `mezo:fp32`, `zo-signsgd`, or a first-order recipe.
struct MethodChoice: ExpressibleByArgument {
    let method: RunSettings.Method
    /// The one format of a method in floating point; nil for the machine's.
    let format: ElementFormat?
    let recipe: FirstOrderRecipe?

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if let method = RunSettings.Method(rawValue: parts[0]), method != .firstOrder {
            guard parts.count > 1 else {
                (self.method, format, recipe) = (method, nil, nil)
                return
            }
            guard !method.isOnGrid, let format = ElementFormat(rawValue: parts[1]), [.fp32, .bf16].contains(format)
            else { return nil }
            (self.method, self.format, recipe) = (method, format, nil)
            return
        }
        guard let recipe = try? FirstOrderRecipe(argument) else { return nil }
        // A recipe's own format decides for the whole network where it is floating-point.
        let format = recipe.weights.flatMap { $0.hasScales ? nil : $0 }
        (method, self.format, self.recipe) = (.firstOrder, format, recipe)
    }

    var isOnGrid: Bool { method.isOnGrid }
}
extension GradientEstimator: ExpressibleByArgument {}
