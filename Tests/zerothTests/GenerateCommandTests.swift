import Foundation
import Networks
import Testing

/// `zeroth generate` as its users run it.
struct GenerateCommandTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "zeroth-generate-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.tokenizer).write(to: URL(fileURLWithPath: folder + "/tok.bin"))
        try Data(Self.network()).write(to: URL(fileURLWithPath: folder + "/net.bin"))
    }

    /// llama2.c's tokenizer of bytes, a space and "a": 261 tokens.
    private static let tokenizer: [UInt8] = {
        var names = ["<unk>", "\n<s>\n", "\n</s>\n"]
        for byte in 0..<256 { names.append(String(format: "<0x%02X>", byte)) }
        names += [" ", "a"]
        var file = word(7)
        for (index, name) in names.enumerated() {
            file += word(Float(-index).bitPattern)
            file += word(UInt32(name.utf8.count))
            file += Array(name.utf8)
        }
        return file
    }()

    private static func word(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }

    /// A llama2.c checkpoint: dim 8, feed-forward 12, 2 blocks, 2 heads, 1 key head, 24 positions, numbers from −1 to 1.
    private static func network() -> [UInt8] {
        let block = 8 + 64 + 32 + 32 + 64 + 8 + 3 * 96
        let count = 261 * 8 + 2 * block + 8 + 24 * 4
        var file: [UInt8] = []
        let sizes: [UInt32] = [8, 12, 2, 2, 1, 261, 24]
        for size in sizes { file += word(size) }
        var state: UInt32 = 1
        for _ in 0..<count {
            state = state &* 1_664_525 &+ 1_013_904_223
            file += word((Float(state >> 8) / 0x1p23 - 1).bitPattern)
        }
        return file
    }

    private func run(_ arguments: String...) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["generate"] + arguments, in: folder)
    }

    private func error(_ arguments: String...) throws -> String {
        let output = try ProgramRun.zeroth(["generate"] + arguments, in: folder)
        #expect(output.status == 1 && output.out.isEmpty)
        #expect(output.err.filter { $0 == "\n" }.count == 1)
        return output.err.trimmingCharacters(in: .newlines)
    }

    @Test(arguments: ["fp32", "w8a8", "w4a8"])
    func jsonAndLogitsSayTheSame(precision: String) throws {
        let output = try run(
            "--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", "a b", "--tokens", "7", "--json", "--logits",
            "l.npy", "--precision", precision)
        #expect(output.status == 0 && output.err.isEmpty, "\(output.err)")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
        #expect(json["promptTokens"] as? [Int] == [1, 259, 260, 259, 3 + 98])
        #expect(json["precision"] as? String == precision && json["format"] as? String == "llama2.c")
        let tokens = try #require(json["tokens"] as? [Int])
        #expect((1...7).contains(tokens.count))
        #expect(json["ended"] as? Bool == [1, 2].contains(tokens.last!))
        let logits = try NpyFile(path: folder + "/l.npy")
        #expect(logits.shape == [tokens.count, 261] && logits.type == .float32)
        let values = withExtendedLifetime(logits) { Array(logits.bytes.bindMemory(to: Float.self)) }
        for (row, token) in tokens.enumerated() {
            let line = values[row * 261..<(row + 1) * 261]
            #expect(line.firstIndex(of: line.max()!)! - row * 261 == token)
        }
    }

    @Test func theTextStandsBehindThePromptAndThreadsDecideNothing() throws {
        let json = try run("--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", "a", "--tokens", "9", "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
        let text = try #require(object["text"] as? String)
        for threads in ["1", "3"] {
            let plain = try run(
                "--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", "a", "--tokens", "9", "--threads", threads
            )
            #expect(plain.status == 0 && plain.out.hasPrefix("a" + text + "\n\n"))
        }
    }

    @Test func whatIsWrongIsOneLine() throws {
        #expect(
            try error("--network", "net.bin", "--prompt", "a")
                == "error: net.bin: has no tokenizer; give --tokenizer a llama2.c tokenizer or a GGUF file that has one"
        )
        #expect(
            try error("--network", "none.bin", "--tokenizer", "tok.bin", "--prompt", "a")
                == "error: none.bin: no such file; give the path of a file that exists")
        #expect(
            try error("--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", "a", "--tokens", "22")
                == "error: --tokens 22: the prompt has 3 tokens and the network 24 positions; at most 21 are possible")
        #expect(
            try error("--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", String(repeating: "a", count: 22))
                == "error: --prompt: has 24 tokens and the network 24 positions; a shorter text is needed")
        #expect(
            try error("--network", "tok.bin", "--tokenizer", "tok.bin", "--prompt", "a").contains(
                "llama2.c checkpoint of version 0"))
        try Data(Self.tokenizer.dropLast(9)).write(to: URL(fileURLWithPath: folder + "/short.bin"))
        #expect(
            try error("--network", "net.bin", "--tokenizer", "short.bin", "--prompt", "a")
                == "error: short.bin: has 260 tokens; 261 are needed, the network's vocabulary")
        #expect(
            try error(
                "--network", "net.bin", "--tokenizer", "tok.bin", "--prompt", "a", "--tokens", "2", "--logits",
                "no/l.npy"
            )
            .hasPrefix("error: no/l.npy: can't be written"))
    }

    @Test(arguments: [
        ["--network", "net.bin", "--prompt", "a", "--tokens", "0"], ["--network", "net.bin"], ["--prompt", "a"],
        ["--network", "net.bin", "--prompt", "a", "--precision", "int8"],
        ["--network", "net.bin", "--prompt", "a", "--top", "3"],
    ])
    func wrongFlagsAreRefused(arguments: [String]) throws {
        let output = try ProgramRun.zeroth(["generate"] + arguments, in: folder)
        #expect(output.status == 64 && output.err.contains("Usage: zeroth generate"))
    }

    @Test func helpHasExamples() throws {
        let output = try run("--help")
        #expect(output.status == 0 && output.out.contains("zeroth generate --network stories260K.bin"))
    }
}
