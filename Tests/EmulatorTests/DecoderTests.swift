import Emulator
import Foundation
import Kernels
import Networks
import NumberFormats
import Testing

/// Tiny decoders in every file format against a second implementation in NumPy, written from docs/semantics.md.
@Suite(.enabled(if: DecoderFixture.has("numpy"), "set ZEROTH_PYTHON to a Python with NumPy"))
struct DecoderTests {
    @Test(arguments: DecoderPrecision.allCases)
    func logitsAreThoseOfTheSecondImplementationBitForBit(precision: DecoderPrecision) throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        #expect(fixture.cases.count == 8)
        for item in fixture.cases {
            let expected = try fixture.array("\(item.name).\(precision.rawValue)").map(\.bitPattern)
            let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)", precision)
            let found = try emulator.logits(item.tokens, pieces: [item.tokens.count]).map(\.bitPattern)
            let different = zip(expected, found).filter { $0 != $1 }.count
            #expect(expected.count == found.count && different == 0, "\(item.name): \(different) of \(found.count)")
        }
    }

    @Test func fp32StaysNearBinary64AndQuantizationLeavesATrace() throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        for item in fixture.cases {
            let exact = try fixture.array("\(item.name).exact")
            func root(_ precision: DecoderPrecision) throws -> Float {
                let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)", precision)
                let found = try emulator.logits(item.tokens, pieces: [item.tokens.count])
                let difference = zip(exact, found).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                return (difference / exact.reduce(0) { $0 + $1 * $1 }).squareRoot()
            }
            let (fp32, w8a8, w4a8) = (try root(.fp32), try root(.w8a8), try root(.w4a8))
            #expect(fp32 < 1e-5, "\(item.name)")
            #expect(w8a8 > 1e-4, "\(item.name)")
            #expect(w8a8 < 0.1, "\(item.name)")
            #expect(w4a8 > w8a8, "\(item.name)")
            #expect(w4a8 < 0.7, "\(item.name)")
        }
    }

    @Test(arguments: DecoderPrecision.allCases)
    func theCacheDecidesNoBit(precision: DecoderPrecision) throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        for item in fixture.cases {
            let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)", precision)
            let count = item.tokens.count
            let whole = try emulator.logits(item.tokens, pieces: [count])
            for pieces in [[Int](repeating: 1, count: count), [5, 1, count - 6], [count - 1, 1], [16, count - 16]] {
                let parts = try emulator.logits(item.tokens, pieces: pieces)
                #expect(parts.map(\.bitPattern) == whole.map(\.bitPattern), "\(item.name), \(pieces)")
            }
            // Without any cache: each prefix by itself.
            for length in 1...count {
                let cache = DecoderCache(emulator.parameters, capacity: length)
                let last = try emulator.forward(Array(item.tokens[..<length]), cache: cache)
                let row = whole[(length - 1) * item.vocabulary..<length * item.vocabulary]
                #expect(last.map(\.bitPattern) == row.map(\.bitPattern), "\(item.name), \(length) tokens")
            }
        }
    }

    @Test(arguments: DecoderPrecision.allCases)
    func levelsAndThreadsDecideNoBit(precision: DecoderPrecision) throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        for item in fixture.cases {
            let path = "\(fixture.folder)/\(item.name)"
            let expected = try DecoderFixture.emulator(path, precision, level: .reference)
                .logits(item.tokens, pieces: [item.tokens.count]).map(\.bitPattern)
            for level in KernelLevel.available {
                for threads in [1, 2, 3] {
                    let found = try DecoderFixture.emulator(path, precision, level: level, threads: threads)
                        .logits(item.tokens, pieces: [3, item.tokens.count - 3]).map(\.bitPattern)
                    #expect(found == expected, "\(item.name), \(level), \(threads) threads")
                }
            }
        }
    }

    @Test func generationIsTheGreatestLogitOfEachPrefix() throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        let item = fixture.cases[0]
        let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)")
        let generation = try emulator.generate(prompt: Array(item.tokens[..<4]), count: 9, keepsLogits: true)
        #expect(generation.tokens.count == 9 && !generation.hasEnded)
        var text = Array(item.tokens[..<4])
        for (index, token) in generation.tokens.enumerated() {
            let logits = try emulator.forward(text, cache: DecoderCache(emulator.parameters, capacity: text.count))
            #expect(Int(token) == logits.indices.max { (logits[$0], -$0) < (logits[$1], -$1) })
            let kept = generation.logits[index * item.vocabulary..<(index + 1) * item.vocabulary]
            #expect(kept.map(\.bitPattern) == logits.map(\.bitPattern))
            text.append(token)
        }
        let ended = try emulator.generate(
            prompt: Array(item.tokens[..<4]), count: 9, endTokens: [generation.tokens[2]])
        let end = try #require(generation.tokens.firstIndex(of: generation.tokens[2]))
        #expect(ended.hasEnded && ended.tokens == Array(generation.tokens[...end]))
    }

    @Test func lossesAreThoseOfTheLogits() throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        let item = fixture.cases[1]
        let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)")
        // Longer than a piece.
        let tokens = (0..<9).flatMap { _ in item.tokens }
        let logits = try emulator.logits(tokens, pieces: [tokens.count]).map(Double.init)
        let losses = try emulator.nextTokenLosses(tokens)
        #expect(losses.count == tokens.count - 1)
        for (index, loss) in losses.enumerated() {
            let row = logits[index * item.vocabulary..<(index + 1) * item.vocabulary]
            let sum = row.reduce(0) { $0 + exp($1 - row.max()!) }
            let expected = log(sum) + row.max()! - row[row.startIndex + Int(tokens[index + 1])]
            #expect(abs(Double(loss) - expected) < 1e-5)
        }
        #expect(throws: EmulatorError.tokenUnknown(token: 99, place: 2, vocabulary: item.vocabulary)) {
            try emulator.nextTokenLosses([1, 2, 99])
        }
    }

    @Test func wrongTokensAndLongSequencesAreErrorsThatLeaveTheCache() throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        let item = fixture.cases[3]
        let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)")
        let cache = DecoderCache(emulator.parameters, capacity: 4)
        _ = try emulator.forward(Array(item.tokens[..<3]), cache: cache)
        #expect(throws: EmulatorError.sequenceTooLong(tokens: 5, limit: 4)) {
            try emulator.forward([1, 2], cache: cache)
        }
        #expect(throws: EmulatorError.tokenUnknown(token: item.vocabulary, place: 3, vocabulary: item.vocabulary)) {
            try emulator.forward([Int32(item.vocabulary)], cache: cache)
        }
        #expect(throws: EmulatorError.tokenUnknown(token: -1, place: 3, vocabulary: item.vocabulary)) {
            try emulator.forward([-1], cache: cache)
        }
        #expect(cache.count == 3)
        let next = try emulator.forward([item.tokens[3]], cache: cache)
        let whole = try emulator.logits(Array(item.tokens[..<4]), pieces: [4])
        #expect(next.map(\.bitPattern) == whole.suffix(item.vocabulary).map(\.bitPattern))
    }

    @Test func aWeightThatIsNoNumberAndLogitsThatOverflowAreErrors() throws {
        let fixture = try DecoderFixture(script: "reference.py")
        defer { fixture.remove() }
        let path = "\(fixture.folder)/odd.bin"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // dim 40, vocabulary 37, 2 blocks: wq of block 0 starts behind 28 + 4·(37·40 + 2·40) bytes. Row 2 of the file is row 1 of Zeroth.
        let place = 28 + 4 * (37 * 40 + 2 * 40) + 4 * (2 * 40 + 3)
        bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0x80, 0x7F])
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(
            throws: InputError.tensorNotFinite(file: path, tensor: "blk.0.attn_q.weight", index: [2, 3], value: "inf")
        ) { try DecoderFixture.emulator(path) }

        // A head of the largest numbers: sums overflow.
        let other = "\(fixture.folder)/f32.gguf"
        var file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: other)))
        let start = file.count - 4 * 33 * 32
        for element in 0..<33 * 32 {
            file.replaceSubrange(start + 4 * element..<start + 4 * element + 4, with: [0xFF, 0xFF, 0x7F, 0x7F])
        }
        try Data(file).write(to: URL(fileURLWithPath: other))
        let emulator = try DecoderFixture.emulator(other)
        let cache = DecoderCache(emulator.parameters, capacity: 2)
        let error = #expect(throws: EmulatorError.self) { _ = try emulator.forward([1, 2], cache: cache) }
        #expect(error?.description.hasPrefix("token 1: the logit of token 0 behind it is ") == true)
        #expect(cache.count == 0)
    }
}

/// Hugging Face's own Llama.
@Suite(
    .enabled(
        if: DecoderFixture.isInstalled("transformers"), "set ZEROTH_PYTHON to a Python with transformers and torch"))
struct HuggingFaceLlamaTests {
    @Test func logitsAreThoseOfTransformers() throws {
        let fixture = try DecoderFixture(script: "transformers_llama.py")
        defer { fixture.remove() }
        #expect(fixture.cases.count == 2)
        for item in fixture.cases {
            let expected = try fixture.array(item.name)
            let emulator = try DecoderFixture.emulator("\(fixture.folder)/\(item.name)")
            #expect(emulator.parameters.configuration.rotaryBase == 20_000)
            let found = try emulator.logits(item.tokens, pieces: [item.tokens.count])
            let worst = zip(expected, found).map { abs($0 - $1) }.max()!
            let largest = expected.map(abs).max()!
            #expect(worst < 2e-5 * max(1, largest), "\(item.name): \(worst) of \(largest)")
        }
    }
}
