/// How QuZO's update reads u (docs/semantics.md, section 10).
public enum GradientEstimator: String, CaseIterable, Sendable, Hashable, Codable {
    /// u₂ = u₁: the passes' own rounding once more. Its variance stays in the estimate: E[u₁·u₁] = u² + Var[u₁].
    case qRGE1 = "q-rge1"
    /// u₂ is a rounding of its own: E[u₁·u₂] = u². What the paper proposes.
    case qRGE2 = "q-rge2"

    /// The purpose of the draws that round u₂.
    public var secondPurpose: RandomPurpose { self == .qRGE1 ? .firstRounding : .secondRounding }
}
