extension TransformerConfiguration {
    /// The name of the network that ships inside the program, weights included.
    private static let embedded = "opinions"

    /// The names that `init(network:)` knows without a file.
    public static var builtInNames: [String] { BuiltInNetwork.allCases.map(\.rawValue) + [embedded] }

    /// The network of a name or a path: a built-in one (`builtInNames`), a folder with a `config.json`, or such a file.
    ///
    /// A built-in name goes before a folder of that name, which is reached as "./name".
    ///
    /// - Parameters:
    ///   - network: the name or path.
    ///   - head: the head to cost; nil for the network's own.
    /// - Throws: `InputError.networkUnknown`, `.configurationMissing`, the errors of `MappedFile` and of
    ///   `init(source:head:)`.
    public init(network: String, head: TransformerHead? = nil) throws(InputError) {
        if let known = BuiltInNetwork(rawValue: network) {
            self = head.map { known.configuration.withHead($0) } ?? known.configuration
        } else if network == Self.embedded {
            try self.init(source: EmbeddedFiles.file("\(Self.embedded)/config.json"), head: head)
        } else {
            try self.init(source: Self.file(of: network), head: head)
        }
    }

    private static func file(of network: String) throws(InputError) -> MappedFile {
        let isPath = network.contains("/") || network.hasSuffix(".json")
        do {
            return try MappedFile(path: network)
        } catch .fileIsFolder {
            do {
                return try MappedFile(path: "\(network)/config.json")
            } catch .fileMissing {
                throw .configurationMissing(folder: network)
            }
        } catch .fileMissing where !isPath {
            throw .networkUnknown(
                name: network, near: nearNames(to: network.lowercased(), in: builtInNames), known: builtInNames)
        }
    }
}
