import CEmbedded

/// The files of hwmodels/ that ship inside the program.
enum EmbeddedFiles {
    /// Names such as `hwmodels/edge-int8.json5`, of files that this build has bytes of.
    static let names: [String] = (0..<zeroth_embedded_file_count()).compactMap { index in
        guard let file = zeroth_embedded_file_at(index)?.pointee, file.data != nil, file.size > 0 else { return nil }
        return String(cString: file.name)
    }

    static func bytes(of name: String) -> [UInt8]? {
        guard let file = zeroth_embedded_file_named(name)?.pointee, let data = file.data else { return nil }
        return Array(UnsafeBufferPointer(start: data, count: file.size))
    }
}
