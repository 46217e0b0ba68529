/// One line of a paper's memory accounting: a product of counts, times the bits of each element.
///
/// The bytes are that product exactly, rounded up to whole bytes, so a reader can multiply again and gets the same.
public struct AccountingTerm: Sendable, Hashable, Encodable {
    /// A count with its name, such as "blocks" 32.
    public struct Factor: Sendable, Hashable, Encodable {
        public let name: String
        public let value: Int

        public init(_ name: String, _ value: Int) {
            self.name = name
            self.value = value
        }
    }

    /// What is kept, such as "gradients".
    public let name: String
    /// Number format of the elements, by name.
    public let format: String
    /// Whose product is the number of elements.
    public let factors: [Factor]
    /// Bits of an element.
    public let bits: Int
    /// Π factors × bits / 8, rounded up.
    public let bytes: Int

    /// - Precondition: the product of factors and bits fits in 63 bits.
    public init(_ name: String, _ format: StorageFormat, _ factors: [Factor]) {
        self.name = name
        self.format = format.name
        self.factors = factors
        bits = format.bits
        bytes = (factors.reduce(1) { $0 * $1.value } * format.bits + 7) / 8
    }

    /// Number of elements.
    public var elements: Int { factors.reduce(1) { $0 * $1.value } }
}
