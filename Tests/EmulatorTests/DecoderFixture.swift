import Emulator
import Foundation
import Kernels
import Networks
import Testing

/// Decoders that a Python script beside the tests writes, with the logits that it computes.
struct DecoderFixture {
    /// One network.
    struct Case: Decodable {
        let name: String
        let tokens: [Int32]
        let vocabulary: Int
    }

    let folder: String
    let cases: [Case]

    /// The Python of ZEROTH_PYTHON, python3 if that is unset.
    private static let python = ProcessInfo.processInfo.environment["ZEROTH_PYTHON"] ?? "python3"

    /// Whether Python has a module, or has to.
    static func has(_ module: String) -> Bool {
        Outside.isRequired || isInstalled(module)
    }

    /// Whether a module is there. PyTorch and what needs it are too large for CI to fetch, so nothing requires them.
    static func isInstalled(_ module: String) -> Bool { (try? run(["-c", "import \(module)"])) != nil }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a script of the folder `decoder`, which writes into a new folder.
    init(script: String) throws {
        folder = NSTemporaryDirectory() + "zeroth-decoder-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("decoder/\(script)").path
        try Self.run([path, folder])
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/cases.json"))
        cases = try JSONDecoder().decode([Case].self, from: data)
    }

    /// Removes the files.
    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// An FP32 array that the script wrote.
    func array(_ name: String) throws -> [Float] {
        let file = try NpyFile(path: "\(folder)/\(name).npy")
        #expect(file.type == .float32)
        return withExtendedLifetime(file) { Array(file.bytes.bindMemory(to: Float.self)) }
    }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        _ = output.fileHandleForReading.readDataToEndOfFile()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: said) }
    }

    /// An emulator of a network.
    static func emulator(
        _ path: String, _ precision: DecoderPrecision = .fp32, level: KernelLevel = .highestAvailable, threads: Int = 1
    ) throws -> DecoderEmulator {
        let kernels = Kernels(level: level)
        let parameters = try DecoderParameters(
            checkpoint: DecoderCheckpoint(path: path), precision: precision, kernels: kernels, threads: threads)
        return DecoderEmulator(parameters: parameters, kernels: kernels, threads: threads)
    }
}

extension DecoderEmulator {
    /// All logits of a text, read in pieces of the given lengths.
    func logits(_ tokens: [Int32], pieces: [Int]) throws -> [Float] {
        let cache = DecoderCache(parameters, capacity: tokens.count)
        var (result, first): ([Float], Int) = ([], 0)
        for length in pieces {
            result += try forward(Array(tokens[first..<first + length]), cache: cache, logits: .all)
            first += length
        }
        #expect(cache.count == tokens.count)
        return result
    }
}
