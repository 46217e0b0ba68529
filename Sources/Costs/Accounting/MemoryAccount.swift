/// What one side of a comparison keeps in memory, line by line.
public struct MemoryAccount: Sendable, Hashable, Encodable {
    /// Which side it is, such as "QuZO, INT8".
    public let name: String
    /// The network whose parameters the terms count.
    public let network: String
    public let terms: [AccountingTerm]
    /// Sum of the terms' bytes.
    public let bytes: Int

    public init(_ name: String, of network: String, _ terms: [AccountingTerm]) {
        self.name = name
        self.network = network
        self.terms = terms
        bytes = terms.reduce(0) { $0 + $1.bytes }
    }

    /// The same side with more lines.
    func adding(_ more: [AccountingTerm]) -> MemoryAccount { MemoryAccount(name, of: network, terms + more) }
}
