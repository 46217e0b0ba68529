import Emulator
import Foundation
import Kernels
import Networks
import Programs
import Testing

/// all-MiniLM-L6-v2 against embeddings that torch and numpy computed.
@Suite(
    .enabled(
        if: Outside.hasMiniLM || Outside.isRequired,
        "set ZEROTH_MINILM to a folder with all-MiniLM-L6-v2 and ZEROTH_REFERENCES to the reference embeddings"))
struct MiniLMTests {
    /// One sentence of ref_embeddings.json.
    private struct Reference {
        let text: String
        let ids: [Int32]
        let embedding: [Double]
    }

    private func references() throws -> [Reference] {
        let path = Outside.references + "/data/minilm-ref/ref_embeddings.json"
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [[String: Any]])
        return try json.map { entry in
            Reference(
                text: try #require(entry["text"] as? String),
                ids: try #require(entry["ids"] as? [Int]).map(Int32.init),
                embedding: try #require(entry["embedding"] as? [Double]))
        }
    }

    /// L2-normalised mean-pooled embeddings.
    private func embeddings(_ sentences: [[Int32]], _ precision: Precision) throws -> [[Double]] {
        let checkpoint = try EncoderCheckpoint(folder: try #require(Outside.minilm))
        let kernels = Kernels(level: .highestAvailable)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: precision, kernels: kernels, threads: 2)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: 2)
        let sequence = sentences.map(\.count).max()!
        let program = Lowering.program(
            for: StepDescription(
                shape: parameters.shape, batch: sentences.count, sequence: sequence, trainable: .head, hasNewHead: true,
                method: .inference(precision)))
        let batch = EncodedBatch(
            examples: sentences, labels: sentences.map { _ in 0 }, sequence: sequence,
            padding: checkpoint.tokenizer.vocabulary.padding)
        let pooled = try emulator.infer(program, batch).pooled
        let hidden = parameters.shape.hidden
        return sentences.indices.map { example in
            let row = pooled[example * hidden..<(example + 1) * hidden].map(Double.init)
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / norm }
        }
    }

    @Test func fp32EmbeddingsAgreeWithTorchToFiveDigits() throws {
        let references = try references()
        #expect(references.count == 3)
        let found = try embeddings(references.map(\.ids), .fp32)
        for (reference, embedding) in zip(references, found) {
            let worst = zip(reference.embedding, embedding).map { abs($0 - $1) }.max()!
            #expect(worst < 1e-5, "\(reference.text): \(worst)")
        }
    }

    @Test func quantizedEmbeddingsPointTheSameWay() throws {
        let references = try references()
        let found = try embeddings(references.map(\.ids), .quantized)
        for (reference, embedding) in zip(references, found) {
            let cosine = zip(reference.embedding, embedding).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(cosine >= 0.99, "\(reference.text): \(cosine)")
            #expect(cosine < 0.999_999, "quantization must leave a trace")
        }
    }

    @Test func tokenizerGivesTheReferenceIds() throws {
        let checkpoint = try EncoderCheckpoint(folder: try #require(Outside.minilm))
        for reference in try references() { #expect(checkpoint.tokenizer.encode(reference.text) == reference.ids) }
    }
}
