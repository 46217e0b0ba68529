import CEmbedded

/// The files that ship inside the program.
public enum EmbeddedFiles {
    /// The default network and its data: opinions about films.
    public struct Opinions: Sendable {
        public let configuration: MemoryFile
        public let weights: MemoryFile
        public let vocabulary: MemoryFile
        /// Labelled text to train on.
        public let training: MemoryFile
        /// Labelled text to evaluate on.
        public let validation: MemoryFile
    }

    /// The embedded file of a name such as "opinions/config.json", under the name "embedded:opinions/config.json".
    ///
    /// - Throws: `InputError.embeddedFileMissing` if this build has no bytes of it.
    public static func file(_ name: String) throws(InputError) -> MemoryFile {
        let title = "embedded:\(name)"
        guard let entry = zeroth_embedded_file_named(name)?.pointee, let data = entry.data, entry.size > 0 else {
            throw .embeddedFileMissing(name: title)
        }
        return MemoryFile(name: title, bytes: UnsafeRawBufferPointer(start: data, count: entry.size))
    }

    /// The default network and its data.
    ///
    /// - Throws: `InputError.embeddedFileMissing` if this build has no bytes of one of them.
    public static func opinions() throws(InputError) -> Opinions {
        Opinions(
            configuration: try file("opinions/config.json"),
            weights: try file("opinions/model.safetensors"),
            vocabulary: try file("opinions/vocab.txt"),
            training: try file("opinions/films-train.tsv"),
            validation: try file("opinions/films-validation.tsv"))
    }
}
