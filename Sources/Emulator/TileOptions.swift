/// How tiles are emulated. Nothing here decides a bit.
public struct TileOptions: Sendable, Hashable {
    /// What multiplies.
    public enum Array: Sendable, Hashable {
        /// The kernels that whole layers use.
        case kernels
        /// The register-level model, beat by beat: for small arrays and tiles. Each command's cycles are held against the timing model's.
        case registers
    }

    /// Check slots, tokens and every byte that is read or written.
    public var checks: Bool
    public var array: Array

    public init(checks: Bool = true, array: Array = .kernels) {
        self.checks = checks
        self.array = array
    }
}
