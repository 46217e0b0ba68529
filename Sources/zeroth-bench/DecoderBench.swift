import Emulator
import Foundation
import Kernels
import Networks

/// Greedy decoding with a cache, in each precision, beside transformers' Llama in FP32, in turn; and the loss on a text in each precision.
struct DecoderBench {
    private var network = ""
    private var tokenizer: String?
    private var text: String?
    private var limit = 1_024
    private var tokens = 32
    private var threads = 2
    private var runs = 5
    private var python: String?

    /// Tokens of the prompt that is decoded from.
    private static let promptTokens = 5

    init(arguments: [String]) throws {
        var rest = arguments[...]
        guard let path = rest.popFirst(), !path.hasPrefix("--") else {
            throw BenchError.usage("a decoder's file or folder is missing")
        }
        network = path
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--tokens", let number?) where number > 1: tokens = number
            case ("--threads", let number?) where number > 0: threads = number
            case ("--runs", let number?) where number > 0: runs = number
            case ("--limit", let number?) where number > 1: limit = number
            case ("--tokenizer", _): tokenizer = value
            case ("--text", _): text = value
            case ("--python", _): python = value
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let checkpoint = try DecoderCheckpoint(path: network)
        let emulators = try DecoderPrecision.allCases.map { precision in
            DecoderEmulator(
                parameters: try DecoderParameters(
                    checkpoint: checkpoint, precision: precision, kernels: kernels, threads: threads),
                kernels: kernels, threads: threads)
        }
        try speeds(emulators, kernels)
        if let text { try losses(emulators, checkpoint, text: text) }
    }

    private func speeds(_ emulators: [DecoderEmulator], _ kernels: Kernels) throws {
        let c = emulators[0].parameters.configuration.transformer
        let peer = try python.map {
            try Peer(
                python: $0, script: "decode.py",
                arguments: [
                    c.layers, c.hidden, c.heads, c.keyValueHeads, c.headDimension, c.intermediate, c.vocabulary,
                    threads,
                ].map(String.init), needs: "torch transformers")
        }
        print(
            "greedy decoding of \(tokens) tokens behind \(Self.promptTokens), \(network), \(threads) threads, \(kernels.level), \(runs) runs in turn after one warm-up"
                + (peer.map { "; peer: \($0.version), FP32, random weights" } ?? ""))
        var rates = [[Double]](repeating: [], count: emulators.count + 1)
        for run in 0...runs {
            for (index, emulator) in emulators.enumerated() {
                let cache = DecoderCache(emulator.parameters, capacity: Self.promptTokens + tokens)
                var next = try emulator.forward((0..<Int32(Self.promptTokens)).map { $0 }, cache: cache)
                let start = Clock.wall()
                for _ in 0..<tokens {
                    next = try emulator.forward([Int32(DecoderEmulator.greatest(next))], cache: cache)
                }
                if run > 0 { rates[index].append(Double(tokens) / (Clock.wall() - start)) }
            }
            if let peer {
                let seconds = try peer.answer(to: "\(Self.promptTokens) \(tokens)", count: 1)[0]
                if run > 0 { rates[emulators.count].append(Double(tokens) / seconds) }
            }
        }
        for (index, values) in rates.enumerated() where !values.isEmpty {
            let name = index < emulators.count ? emulators[index].parameters.precision.rawValue : "transformers, fp32"
            let sorted = values.sorted()
            let ratio =
                peer == nil || index == emulators.count
                ? ""
                : String(
                    format: "  %.2f × transformers",
                    zip(values, rates[emulators.count]).map { $0 / $1 }.sorted()[runs / 2])
            print(
                "  \(name.padding(toLength: 20, withPad: " ", startingAt: 0)) tokens/s: median "
                    + String(format: "%7.1f  (%.1f … %.1f)", sorted[sorted.count / 2], sorted.first!, sorted.last!)
                    + ratio)
        }
        peer?.finish()
    }

    private func losses(_ emulators: [DecoderEmulator], _ checkpoint: DecoderCheckpoint, text: String) throws {
        let tokenizer = try tokenizer.map { try openTokenizer(path: $0) } ?? checkpoint.ownTokenizer()
        let file = try MappedFile(path: text)
        let content = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
        let window = min(limit, checkpoint.configuration.maximumPositions)
        let ids = Array(try tokenizer.encode(content).prefix(window))
        guard ids.count >= 2 else { throw BenchError.usage("\(text) has fewer than two tokens") }
        print("loss of the first \(ids.count) tokens of \(text), nats a token, and perplexity")
        for emulator in emulators {
            let start = Clock.wall()
            let losses = try emulator.nextTokenLosses(ids)
            let mean = losses.reduce(0) { $0 + Double($1) } / Double(losses.count)
            print(
                "  \(emulator.parameters.precision.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0)) "
                    + String(format: "%.4f  %8.2f   (%.1f s)", mean, exp(mean), Clock.wall() - start))
        }
    }
}
