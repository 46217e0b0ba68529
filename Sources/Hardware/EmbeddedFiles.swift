import CEmbedded

/// The files of hwmodels/ that the package carries.
enum EmbeddedFiles {
    static let names: [String] = []

    static func bytes(of name: String) -> [UInt8]? { nil }
}
