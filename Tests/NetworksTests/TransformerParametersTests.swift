import Foundation
import Networks
import Testing

private typealias Files = TransformerConfigurations

/// What transformers counts, from counts.tsv, which transformers/counts.py writes.
private struct Counted: Sendable, CustomStringConvertible {
    let architecture: String
    let parameters: TransformerParameters
    let configuration: String
    let line: Int

    var description: String { "line \(line): \(architecture)" }

    static let all: [Counted] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
            path: "transformers/counts.tsv")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").enumerated().map { index, line in
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let counts = cells[1...5].map { Int($0)! }
            return Counted(
                architecture: cells[0],
                parameters: TransformerParameters(
                    embeddings: counts[0], norms: counts[1], linearWeights: counts[2], biases: counts[3],
                    head: counts[4]),
                configuration: cells[6], line: index + 1)
        }
    }()
}

@Suite struct TransformerParametersTests {
    @Test func thereAreCountsOfEveryFamily() {
        #expect(Counted.all.count == 99)
        for family in ["Llama", "Mistral", "Qwen2", "OPT", "GPT2", "Roberta", "Bert"] {
            #expect(Counted.all.count { $0.architecture.hasPrefix(family) } >= 12)
        }
    }

    @Test(arguments: Counted.all)
    private func countsWhatTransformersCounts(_ counted: Counted) throws {
        let network = try TransformerConfiguration(source: TestFile("config.json", counted.configuration))
        #expect(network.parameters == counted.parameters)
    }

    @Test func listsTheMatricesOfABlock() throws {
        let llama = try Files.read(Files.llama, ["head_dim": "8", "mlp_bias": "true"])
        #expect(
            llama.blockLinears == [
                LinearLayer(role: .query, outputs: 48, inputs: 24, hasBias: false),
                LinearLayer(role: .key, outputs: 16, inputs: 24, hasBias: false),
                LinearLayer(role: .value, outputs: 16, inputs: 24, hasBias: false),
                LinearLayer(role: .attentionOutput, outputs: 24, inputs: 48, hasBias: false),
                LinearLayer(role: .gate, outputs: 40, inputs: 24, hasBias: true),
                LinearLayer(role: .up, outputs: 40, inputs: 24, hasBias: true),
                LinearLayer(role: .down, outputs: 24, inputs: 40, hasBias: true),
            ])
        #expect(
            llama.blockLinears.map(\.name) == ["query", "key", "value", "attention-output", "gate", "up", "down"])
        #expect(
            try Files.read(Files.bert).blockLinears.map(\.name)
                == ["query", "key", "value", "attention-output", "intermediate", "output"])
        let layer = LinearLayer(role: .up, outputs: 5, inputs: 7, hasBias: true)
        #expect(layer.weightCount == 35)
        #expect(layer.parameterCount == 40)
    }

    @Test func listsTheMatricesAboveTheBlocks() throws {
        let head = LinearLayer(role: .head, outputs: 100, inputs: 24, hasBias: false)
        #expect(try Files.read(Files.llama).headLinears == [head])
        let tied = LinearLayer(role: .head, outputs: 100, inputs: 24, hasBias: false, isTied: true)
        #expect(try Files.read(Files.gpt2).headLinears == [tied])
        #expect(tied.parameterCount == 0)
        #expect(tied.weightCount == 2_400)
        #expect(
            try Files.read(Files.roberta).headLinears == [
                LinearLayer(role: .headTransform, outputs: 24, inputs: 24, hasBias: true),
                LinearLayer(role: .head, outputs: 100, inputs: 24, hasBias: true, isTied: true),
            ])
        #expect(
            try Files.read(Files.bert).headLinears
                == [LinearLayer(role: .pooler, outputs: 24, inputs: 24, hasBias: true)])
        #expect(
            try Files.read(Files.bert).forClassification(classes: 3).headLinears
                == [LinearLayer(role: .head, outputs: 3, inputs: 24, hasBias: true)])
        let narrow = try Files.read(Files.opt, ["word_embed_proj_dim": "16"])
        #expect(
            narrow.embeddingProjection
                == LinearLayer(role: .embeddingProjection, outputs: 24, inputs: 16, hasBias: false))
        #expect(
            narrow.headLinears == [
                LinearLayer(role: .headProjection, outputs: 16, inputs: 24, hasBias: false),
                LinearLayer(role: .head, outputs: 100, inputs: 16, hasBias: false, isTied: true),
            ])
        #expect(try Files.read(Files.opt).embeddingProjection == nil)
    }
}
