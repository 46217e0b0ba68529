/// A port of a hardware unit as a vector file holds it: ⌈bits/4⌉ hex digits.
public struct VectorField: Hashable, Sendable {
    /// The port's name in `hwmodels/rtl`.
    public let name: String
    /// Its width.
    public let bits: Int

    /// A port of 1 bit or more.
    public init(_ name: String, _ bits: Int) {
        precondition(bits >= 1, "a port has bits")
        self.name = name
        self.bits = bits
    }

    /// Hex digits of a value.
    public var digits: Int { (bits + 3) / 4 }
}
