/// A published rule for the energy of logic at another process node. A table's entry that was measured at another node than the table's names
/// one, or says that it is taken as it is (docs/costs.md, "Nodes").
public enum NodeScaling: String, Sendable, Hashable, Codable, CaseIterable {
    /// The number of the other node, as it is.
    case none
    /// A. Stillmaker, B. Baas, "Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm", Integration 58
    /// (2017), 74-81: energy of a node as a polynomial of its supply; coefficients as hwcomponents 1.0.114 (techscaling.py) carries them. Both
    /// nodes are taken at one voltage, and between nodes of the table the polynomials' values are interpolated linearly.
    case stillmakerBaas2017 = "stillmaker-baas-2017"

    /// Nodes that the rule knows, in nanometres.
    public static let nodes: ClosedRange<Double> = 7...130

    /// What energy at `from` nanometres is multiplied by to get that at `to`, both at `volts`; nil outside the rule's nodes, and where its
    /// polynomials, fitted around nominal supplies, are not positive.
    public func energyFactor(from: Double, to: Double, volts: Double) -> Double? {
        guard self != .none else { return 1 }
        guard let below = Self.energy(from, volts), let above = Self.energy(to, volts), below > 0, above > 0 else {
            return nil
        }
        return above / below
    }

    private static func energy(_ nanometres: Double, _ volts: Double) -> Double? {
        func value(_ row: Int) -> Double {
            let (_, a, b, c) = polynomials[row]
            return a * volts * volts + b * volts + c
        }
        guard nodes.contains(nanometres), let smaller = polynomials.firstIndex(where: { $0.nanometres <= nanometres })
        else { return nil }
        guard smaller > 0, polynomials[smaller].nanometres < nanometres else { return value(smaller) }
        let (low, high) = (polynomials[smaller].nanometres, polynomials[smaller - 1].nanometres)
        let share = (nanometres - low) / (high - low)
        return value(smaller) * (1 - share) + value(smaller - 1) * share
    }

    /// Node, and a, b, c of energy = a·V² + b·V + c, in a unit that the ratio does without.
    private static let polynomials: [(nanometres: Double, a: Double, b: Double, c: Double)] = [
        (130, 7.171, -6.709, 2.904), (90, 4.762, -4.781, 2.092), (65, 3.755, -4.398, 1.975),
        (45, 1.103, -0.362, 0.2767), (32, 0.9559, -0.7823, 0.471), (20, 0.373, -0.1582, 0.04104),
        (16, 0.2958, -0.1241, 0.03024), (14, 0.2363, -0.09675, 0.02239), (10, 0.2068, -0.09311, 0.02375),
        (7, 0.1776, -0.09097, 0.02447),
    ]
}
