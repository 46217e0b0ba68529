/// The tensor names of a checkpoint that nobody has asked for yet, under the names a BERT encoder uses today.
struct TensorNames {
    /// Whether the file has a pooler, which BERT's own classification heads read.
    private(set) var hasPooler = false

    private let file: String
    private let all: [String]
    private var rest: [String: String] = [:]

    /// Takes up the names of a file, less those that no encoder needs.
    ///
    /// - Throws: `InputError.tensorTwice` if two names mean the same parameter.
    init(file: SafetensorsFile) throws(InputError) {
        self.file = file.name
        all = file.tensors.map(\.name)
        for tensor in file.tensors {
            let name = Self.modern(tensor.name)
            if name.hasPrefix("pooler.") { hasPooler = true }
            if Self.isIgnored(name) { continue }
            if let first = rest.updateValue(tensor.name, forKey: name) {
                throw .tensorTwice(file: file.name, first: first, second: tensor.name)
            }
        }
    }

    /// The file's name for a parameter, which is thereby asked for.
    ///
    /// - Throws: `InputError.tensorMissing`.
    mutating func take(_ name: String) throws(InputError) -> String {
        guard let found = rest.removeValue(forKey: name) else {
            throw .tensorMissing(file: file, tensor: name, near: nearNames(to: name, in: rest.keys.sorted()))
        }
        return found
    }

    /// The file's name for a parameter, which is thereby asked for, or nil if it has none.
    mutating func takeIfPresent(_ name: String) -> String? { rest.removeValue(forKey: name) }

    /// Checks that every name has been asked for.
    ///
    /// - Throws: `InputError.tensorUnexpected` with the first name in the file that hasn't.
    func requireEmpty() throws(InputError) {
        let unexpected = Set(rest.values)
        guard let name = all.first(where: unexpected.contains) else { return }
        throw .tensorUnexpected(
            file: file, tensor: name, near: nearNames(to: name, in: all.filter { !unexpected.contains($0) }))
    }

    /// A name without the leading `bert.`, and with the layer norm's names of today.
    private static func modern(_ name: String) -> String {
        var name = name.hasPrefix("bert.") ? String(name.dropFirst(5)) : name
        if name.hasSuffix(".LayerNorm.gamma") { name = name.dropLast(5) + "weight" }
        if name.hasSuffix(".LayerNorm.beta") { name = name.dropLast(4) + "bias" }
        return name
    }

    private static func isIgnored(_ name: String) -> Bool {
        name.hasPrefix("pooler.") || name.hasPrefix("cls.") || name == "embeddings.position_ids"
            || name == "embeddings.token_type_ids"
    }
}
