import ArgumentParser
import Emulator
import FineTuning
import Foundation
import Kernels
import Networks
import Reports

/// `zeroth generate`: what a decoder writes behind a prompt.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text with a decoder, greedily, bit for bit as docs/semantics.md has it.",
        discussion: """
            Reads decoders of the Llama architecture: a llama2.c checkpoint of version 0, a GGUF file of version 3 with F32, F16, BF16, Q8_0 and Q4_1 tensors, or a
            Hugging Face folder with config.json and model.safetensors. Tokenizers are llama2.c's, and the byte-level BPE in a GGUF file (model gpt2, pre smollm). Each
            new token is the one of the largest logit, the lowest of equals. Names of control tokens in the prompt are ordinary text.

            Examples:
              zeroth generate --network stories260K.bin --tokenizer tok512.bin --prompt "Once upon a time" --tokens 60
              zeroth generate --network SmolLM2-135M-Instruct.Q4_1.gguf --prompt "The capital of France is" --tokens 8 --precision w8a8 --json
            """)

    @Option(help: ArgumentHelp("The decoder: a .bin or .gguf file, or a folder.", valueName: "file|dir"))
    var network: String

    @Option(
        help: ArgumentHelp(
            "The tokenizer: llama2.c's .bin, or a .gguf file; if left out, the network's own.", valueName: "file"))
    var tokenizer: String?

    @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
    var prompt: String

    @Option(help: ArgumentHelp("The most new tokens; the text may end before.", valueName: "n"))
    var tokens: Int = 60

    @Option(
        help: ArgumentHelp(
            "fp32; w8a8: INT8 weights, activations and attention; w4a8: the same with INT4 weights.",
            valueName: "precision"))
    var precision: DecoderPrecision = .fp32

    @Option(
        help: ArgumentHelp(
            "Write the logits that each new token was chosen from: float32, [tokens, vocabulary].",
            valueName: "file.npy"))
    var logits: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    /// The most tokens that may be asked for: the positions that any network may have.
    private static let tokenLimit = 1 << 20

    func validate() throws {
        guard (1...Self.tokenLimit).contains(tokens) else {
            throw ValidationError("--tokens is \(tokens), should be 1 … \(Self.tokenLimit)")
        }
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let checkpoint = try DecoderCheckpoint(path: network)
        let tokenizer = try tokenizer.map { try openTokenizer(path: $0) } ?? checkpoint.ownTokenizer()
        let configuration = checkpoint.configuration
        try tokenizer.require(vocabulary: configuration.transformer.vocabulary)
        let ids = try tokenizer.encode(prompt)
        try check(ids, configuration)
        let start = Clock.now
        let parameters = try DecoderParameters(
            checkpoint: checkpoint, precision: precision, kernels: kernels, threads: threads.count)
        let emulator = DecoderEmulator(parameters: parameters, kernels: kernels, threads: threads.count)
        let loaded = Clock.now
        var times: [Double] = []
        let generation = try emulator.generate(
            prompt: ids, count: tokens, endTokens: tokenizer.endTokens, keepsLogits: logits != nil
        ) { _ in times.append(Clock.now) }
        if let logits {
            try NpyWriter.write(
                generation.logits, shape: [generation.tokens.count, configuration.transformer.vocabulary], to: logits)
        }
        let first = times.first ?? loaded
        try show(
            GenerationSummary(
                network: network, format: checkpoint.format.rawValue, precision: precision.rawValue, prompt: prompt,
                promptTokens: ids, tokens: generation.tokens,
                text: continuation(ids, generation.tokens, tokenizer), ended: generation.hasEnded,
                level: kernels.level.description, threads: threads.count, loadSeconds: loaded - start,
                promptSeconds: first - loaded,
                tokensPerSecond: times.count > 1 ? Double(times.count - 1) / (times.last! - first) : nil))
    }

    /// The text of the new tokens: what they add to the prompt's.
    private func continuation(_ prompt: [Int32], _ tokens: [Int32], _ tokenizer: any TextTokenizer) -> String {
        let whole = tokenizer.bytes(of: prompt + tokens)
        return String(decoding: whole.dropFirst(tokenizer.bytes(of: prompt).count), as: UTF8.self)
    }

    /// Checks that there is a prompt, that the network has positions for all tokens, and the computer memory.
    private func check(_ ids: [Int32], _ configuration: DecoderConfiguration) throws {
        guard !ids.isEmpty else {
            throw GenerateError.promptEmpty
        }
        let limit = configuration.maximumPositions
        guard ids.count + tokens <= limit else {
            throw GenerateError.tooLong(prompt: ids.count, tokens: tokens, positions: limit)
        }
        let kept = logits == nil ? 0 : tokens * configuration.transformer.vocabulary * 8
        let needed =
            DecoderParameters.estimatedBytes(configuration, precision: precision, tokens: ids.count + tokens) + kept
        let available = MemoryCheck.availableBytes
        guard needed <= available else { throw GenerateError.tooLarge(needed: needed, available: available) }
    }

    private func show(_ summary: GenerationSummary) throws {
        if json {
            try Terminal.print(json: summary)
            return
        }
        Terminal.print(summary.prompt + summary.text)
        Terminal.print("")
        for line in summary.table.lines() { Terminal.print(line) }
    }
}

extension DecoderPrecision: ExpressibleByArgument {}

/// What stops a generation before it begins.
enum GenerateError: Error, CustomStringConvertible, Equatable {
    /// A prompt without a token.
    case promptEmpty
    /// More tokens than the network has positions.
    case tooLong(prompt: Int, tokens: Int, positions: Int)
    /// More memory than the computer has left.
    case tooLarge(needed: Int, available: Int)

    var description: String {
        switch self {
        case .promptEmpty: "--prompt \"\": has no token; give a text to continue"
        case .tooLong(let prompt, let tokens, let positions) where prompt < positions:
            "--tokens \(tokens): the prompt has \(prompt) tokens and the network \(positions) positions; at most \(positions - prompt) are possible"
        case .tooLong(let prompt, _, let positions):
            "--prompt: has \(prompt) tokens and the network \(positions) positions; a shorter text is needed"
        case .tooLarge(let needed, let available):
            "--network: takes about \(Quantity.bytes(needed)) of memory, \(Quantity.bytes(available)) are available; give fewer --tokens, "
                + "leave --logits out, or choose --precision w8a8"
        }
    }
}

/// What `--json` prints.
private struct GenerationSummary: Encodable {
    var network: String
    var format: String
    var precision: String
    var prompt: String
    var promptTokens: [Int32]
    /// The new tokens.
    var tokens: [Int32]
    /// Their text.
    var text: String
    /// Whether the last of them ends a text.
    var ended: Bool
    var level: String
    var threads: Int
    var loadSeconds: Double
    /// Until the first new token.
    var promptSeconds: Double
    /// Behind the first new token; absent where there is only one.
    var tokensPerSecond: Double?

    var table: TextTable {
        var table = TextTable()
        table.append(["network", "\(format), \(precision)"])
        table.append(["tokens", "\(tokens.count) behind \(promptTokens.count)" + (ended ? ", the text ended" : "")])
        table.append(["reading the network", Quantity.milliseconds(loadSeconds * 1000)])
        table.append(["prompt", Quantity.milliseconds(promptSeconds * 1000)])
        if let tokensPerSecond {
            table.append([
                "rate",
                "\(Quantity.number(tokensPerSecond, digits: 1)) tokens/s (\(threads == 1 ? "1 thread" : "\(threads) threads"), \(level))",
            ])
        }
        return table
    }
}
