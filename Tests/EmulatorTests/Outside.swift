import Foundation

/// Files from outside the repository that some tests compare with.
enum Outside {
    /// Whether a missing file fails a test instead of skipping it.
    static let isRequired = ProcessInfo.processInfo.environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    /// Folder with other programs' results: ZEROTH_REFERENCES, or ../shared/references beside the repository.
    static let references: String = {
        if let path = ProcessInfo.processInfo.environment["ZEROTH_REFERENCES"] { return path }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("shared/references").path
    }()

    /// Folder with all-MiniLM-L6-v2: ZEROTH_MINILM.
    static let minilm: String? = ProcessInfo.processInfo.environment["ZEROTH_MINILM"]

    static let hasMiniLM =
        minilm != nil && FileManager.default.fileExists(atPath: references + "/data/minilm-ref/ref_embeddings.json")

    /// Folder with stories260K: checkpoint, tokenizer and what NumPy made of them.
    static let stories = references + "/data/stories260K"
    static let hasStories = FileManager.default.fileExists(atPath: stories + "/ref_stories260K.json")

    /// SmolLM2-135M-Instruct.Q4_1.gguf: ZEROTH_SMOLLM2.
    static let smolLM2: String? = ProcessInfo.processInfo.environment["ZEROTH_SMOLLM2"]
}
