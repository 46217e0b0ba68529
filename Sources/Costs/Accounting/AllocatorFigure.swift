import Hardware
import Networks
import Programs
import Timing

/// A pair of steps that our own allocator lays out beside a paper's accounting.
public struct AllocatorRequest: Sendable {
    /// Which of the two sides the published figure speaks of.
    enum Sides: Sendable { case both, firstOrder, zerothOrder }

    /// Name of a machine in the library.
    public let machine: String
    /// Overrides of its file, as `path=value`.
    public let overrides: [String]
    let network: BuiltInNetwork
    let method: StepDescription.Method
    /// How the first-order side trains; nil for what goes with the method.
    let recipe: FirstOrderRecipe?
    let batch: Int
    let sequence: Int
    let sides: Sides
    /// Why its figure is another.
    let reasons: [String]

    init(
        _ sides: Sides, _ method: StepDescription.Method, beside recipe: FirstOrderRecipe? = nil,
        of network: BuiltInNetwork, batch: Int = 1, sequence: Int,
        on machine: String, _ overrides: [String] = [], reasons: [String]
    ) {
        self.machine = machine
        // Enough DRAM for each step; no byte of an allocation depends on it.
        self.overrides = ["organisation.dram.capacityBytes=\(1 << 42)"] + overrides
        self.network = network
        self.method = method
        self.recipe = recipe
        self.batch = batch
        self.sequence = sequence
        self.sides = sides
        self.reasons = reasons
    }

    /// The zeroth-order step.
    var zerothOrder: StepDescription {
        StepDescription(
            network: network.configuration, batch: batch, sequence: sequence, trainable: .all, hasNewHead: false,
            method: method)
    }

    /// The first-order step beside it.
    var firstOrder: StepDescription { zerothOrder.baseline(recipe) }
}

/// What our own allocator gives for such a step: the peak of the lowered program's memory plan.
public struct AllocatorFigure: Sendable, Encodable {
    /// One step's peak.
    public struct Side: Sendable, Encodable {
        public let name: String
        /// Bytes of DRAM that the allocation spans.
        public let bytes: Int
        /// What lives at the instant that needs most, by kind; kinds of 0 bytes are left out.
        public let bytesByKind: [MemoryKind: Int]

        enum CodingKeys: String, CodingKey {
            case name, bytes
            case bytesByKind = "bytes_by_kind"
        }
    }

    public let machine: String
    public let overrides: [String]
    public let network: String
    public let batch: Int
    public let sequence: Int
    public let sides: [Side]
    /// The ratio of the two peaks, or the one peak in 10⁹ bytes.
    public let computed: Double
    public let unit: String
    public let reasons: [String]

    /// Lowers the steps and lays them out.
    ///
    /// - Parameter machine: the one that the request names, its overrides applied.
    /// - Throws: `ScheduleError` where the machine cannot run a step.
    public init(_ request: AllocatorRequest, on machine: Machine) throws(ScheduleError) {
        var sides: [Side] = []
        if request.sides != .zerothOrder { sides.append(try Self.side(request.firstOrder, on: machine)) }
        if request.sides != .firstOrder { sides.append(try Self.side(request.zerothOrder, on: machine)) }
        self.machine = request.machine
        overrides = request.overrides
        network = request.network.rawValue
        batch = request.batch
        sequence = request.sequence
        self.sides = sides
        let first = Double(sides[0].bytes)
        computed = sides.count == 2 ? first / Double(sides[1].bytes) : first / 1e9
        unit = (sides.count == 2 ? Measure.ratio : .gigabytes).unit
        reasons = request.reasons
    }

    private static func side(_ step: StepDescription, on machine: Machine) throws(ScheduleError) -> Side {
        let plan = try TimingModel.schedule(step, on: machine, objective: .traffic).memory
        return Side(
            name: step.recipe.map { "first-order, \($0)" } ?? StepDescription.Method.title(step.method.word),
            bytes: plan.dramExtent, bytesByKind: plan.peak.byKind.filter { $0.value > 0 })
    }
}
