import Emulator
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs

/// Classifies texts with a run's network, before and after tuning. The run's data is not read.
public final class Predictor {
    /// Probability of each label, in the order of `labels`; they come out of the emulated logits in binary64.
    public struct Prediction: Sendable, Hashable, Codable {
        public let label: String
        public let probabilities: [Double]
        public var probability: Double { probabilities.max() ?? 0 }
    }

    public let labels: [String]
    /// Steps that the tuned weights have seen.
    public let steps: Int
    private let checkpoint: EncoderCheckpoint
    private let limit: Int
    private let before: MethodForward
    private let after: MethodForward

    /// Reads the run's record, its network and its checkpoint.
    public init(folder: RunFolder, kernels: Kernels, threads: Int) throws {
        let network = try TunedNetwork(folder: folder, kernels: kernels, threads: threads)
        steps = network.steps
        checkpoint = network.checkpoint
        labels = network.record.network.labels
        limit = network.record.settings.sequence
        let settings = network.record.settings
        before = try MethodForward(settings, parameters: network.untuned(), kernels: kernels, threads: threads)
        after = try MethodForward(settings, parameters: network.parameters, kernels: kernels, threads: threads)
    }

    /// Classifies one text.
    public func predict(_ text: String) throws -> (before: Prediction, after: Prediction) {
        let tokens = checkpoint.tokenizer.encode(text, maximumLength: limit)
        let batch = EncodedBatch(
            examples: [tokens], labels: [0], sequence: EncodedBatch.paddedLength(of: [tokens], limit: limit),
            padding: checkpoint.tokenizer.vocabulary.padding)
        func run(_ forward: MethodForward) throws -> Prediction {
            let result = try forward.infer(batch)
            let values = result.logits.map(Double.init)
            let highest = values.max() ?? 0
            let weights = values.map { exp($0 - highest) }
            let total = weights.reduce(0, +)
            return Prediction(
                label: labels[result.predictions(classes: labels.count)[0]], probabilities: weights.map { $0 / total })
        }
        return (try run(before), try run(after))
    }
}
