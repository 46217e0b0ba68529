/// The unit that draws random bits, perturbs weights on their way and applies the zeroth-order update.
///
/// What it computes is fixed by `Arithmetic` (generator, Gaussian, rounding bits); here stands how fast.
public struct PerturbationUnit: Sendable, Hashable {
    /// Where perturbations happen.
    public enum Placement: String, Sendable, Hashable, Codable, CaseIterable {
        /// As weights stream from DRAM into the weight buffer; nothing is written back.
        case onLoad = "on-load"
        /// In DRAM: the stored weights are replaced by perturbed ones before a pass, and restored after both.
        case inPlace = "in-place"
    }

    public let placement: Placement
    /// Both directions' weights come from one fetch, and both passes' activations are alive at once. Only with `onLoad`.
    public let sharedFetch: Bool
    /// Weights turned into clamp(k ± d) each cycle, their random bits included.
    public let perturbationsPerCycle: Int
    /// Weights updated each cycle, their random bits included.
    public let updatesPerCycle: Int
}

extension PerturbationUnit {
    static let keys = ["placement", "sharedFetch", "perturbationsPerCycle", "updatesPerCycle"]

    init(_ fields: FieldReader) throws(HardwareError) {
        placement = try fields.choice("placement", of: Placement.self)
        sharedFetch = try fields.boolean("sharedFetch")
        guard !(sharedFetch && placement == .inPlace) else {
            throw .contradiction(
                fields.place("sharedFetch"),
                problem:
                    "is true, and organisation.perturbationUnit.placement is in-place: DRAM holds one direction's weights",
                remedy: "write false, or placement \"on-load\"")
        }
        perturbationsPerCycle = try fields.integer("perturbationsPerCycle", "weights per cycle", in: 1...65_536)
        updatesPerCycle = try fields.integer("updatesPerCycle", "weights per cycle", in: 1...65_536)
    }
}
