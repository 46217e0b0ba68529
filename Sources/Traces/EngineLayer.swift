import Hardware
import NumberFormats
import Programs

/// A linear layer with its operands, for the tile engine.
public struct EngineLayer: Sendable {
    /// What the weights are perturbed by on load: docs/semantics.md, section 10, one c_d for all rows.
    public struct Perturbation: Hashable, Sendable {
        public let streams: TensorStreams
        public let bits: PerturbationBits
        /// c_d, 1 … 2²⁴ − 1.
        public let multiplier: Int32
        /// k − d instead of k + d.
        public let isMinus: Bool

        public init(streams: TensorStreams, bits: PerturbationBits, multiplier: Int32, isMinus: Bool) {
            precondition(
                multiplier > 0 && multiplier < PerturbationScalars.multiplierLimit, "a multiplier in its range")
            self.streams = streams
            self.bits = bits
            self.multiplier = multiplier
            self.isMinus = isMinus
        }
    }

    public let machine: Machine
    public let m: Int
    public let n: Int
    public let k: Int
    /// Codes of A [m, k] and of B [n, k], row-major.
    public let activations: [UInt32]
    public let weights: [UInt32]
    public let activationScales: [Float]
    public let weightScales: [Float]
    /// n biases, or nil.
    public let bias: [Float]?
    public let perturbation: Perturbation?

    var activationFormat: ElementFormat { machine.arithmetic.activations }
    var weightFormat: ElementFormat { machine.arithmetic.weights }

    /// A layer of random operands, special values of floating-point formats among them.
    ///
    /// - Parameters:
    ///   - seed: decides the operands.
    ///   - isPerturbed: whether the weights are; INT8 weights alone.
    public init(_ machine: Machine, m: Int, n: Int, k: Int, hasBias: Bool, isPerturbed: Bool, seed: UInt64) {
        var random = VectorRandom(seed: seed)
        self.init(machine, m: m, n: n, k: k, hasBias: hasBias, isPerturbed: isPerturbed, random: &random)
    }

    init(
        _ machine: Machine, m: Int, n: Int, k: Int, hasBias: Bool, isPerturbed: Bool, random: inout VectorRandom
    ) {
        self.machine = machine
        self.m = m
        self.n = n
        self.k = k
        // One layer in four has every code; others have numbers alone, so that NaNs do not hide what happens beside them.
        let hasSpecials = random.oneIn(4)
        func codes(_ count: Int, _ format: ElementFormat, _ random: inout VectorRandom) -> [UInt32] {
            let mask = UInt32.max >> UInt32(32 - format.bits)
            return (0..<count).map { _ in
                guard let float = format.float else {
                    // −128 and −8 are no codes of the symmetric quantizers, but the array multiplies them.
                    return UInt32(truncatingIfNeeded: random.next()) & mask
                }
                while true {
                    let code = random.code(float) & mask
                    if hasSpecials { return code }
                    if case .finite = float.decode(code) { return code }
                }
            }
        }
        activations = codes(m * k, machine.arithmetic.activations, &random)
        weights = codes(n * k, machine.arithmetic.weights, &random)
        func scale(_ random: inout VectorRandom) -> Float {
            Float(bitPattern: UInt32(random.within(100...135)) << 23 | UInt32(truncatingIfNeeded: random.next()) >> 9)
        }
        activationScales = (0..<m).map { _ in scale(&random) }
        weightScales = (0..<n).map { _ in scale(&random) }
        bias =
            hasBias
            ? (0..<n).map { _ in
                Float(bitPattern: scale(&random).bitPattern | UInt32(random.below(2)) << 31)
            } : nil
        guard isPerturbed else {
            perturbation = nil
            return
        }
        let streams = TensorStreams(
            seed: random.next(), step: UInt32(truncatingIfNeeded: random.next()), query: UInt16(random.below(64)),
            tensor: UInt16(random.below(1 << 12)))
        perturbation = Perturbation(
            streams: streams, bits: random.pick(PerturbationBits.allCases),
            multiplier: Int32(random.within(1...(1 << random.within(12...20)))), isMinus: random.oneIn(2))
    }

    /// The layer laid out on its machine.
    ///
    /// - Throws: `ScheduleError`.
    func scheduled() throws -> ScheduledProgram {
        try Lowering.schedule(
            layerOfSize: (m, n, k), hasBias: bias != nil,
            sign: perturbation.map { $0.isMinus ? .minus : .plus } ?? .none, on: machine)
    }
}
