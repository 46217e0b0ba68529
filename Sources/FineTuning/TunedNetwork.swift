import Emulator
import Kernels
import Networks
import Programs

/// A run's network at its last checkpoint. The run's data is not read.
public struct TunedNetwork {
    public let record: RunRecord
    public let checkpoint: EncoderCheckpoint
    /// Steps that the tuned weights have seen.
    public let steps: Int
    /// Tuned, with residuals where the update keeps them.
    public let parameters: EncoderParameters
    private let settings: ValidatedSettings
    private let kernels: Kernels
    private let threads: Int

    /// Reads the run's record, its network and its checkpoint.
    ///
    /// - Throws: `RunError`, `InputError`: a folder that is no run's, a network that is not the run's.
    public init(folder: RunFolder, kernels: Kernels, threads: Int) throws {
        let record = try folder.record()
        let settings = try record.settings.validated()
        let policy: EncoderCheckpoint.HeadPolicy = record.settings.newHead ? .ignored : .ifPresent
        let checkpoint =
            if let network = record.settings.network {
                try EncoderCheckpoint(folder: network, head: policy)
            } else {
                try EncoderCheckpoint.embedded(head: policy)
            }
        for input in checkpoint.inputFiles {
            guard let recorded = record.inputs.first(where: { $0.path == input.path }) else { continue }
            guard recorded.sha256 == input.sha256 else {
                throw RunError.inputChanged(path: input.path, recorded: recorded.sha256, found: input.sha256)
            }
        }
        guard folder.hasCheckpoint else {
            throw RunError.notARunFolder(
                path: folder.path, reason: "it holds no checkpoint yet; let the run reach its first one")
        }
        self.record = record
        self.checkpoint = checkpoint
        self.kernels = kernels
        self.threads = threads
        self.settings = settings
        let shape = EncoderShape(checkpoint.configuration, classes: record.network.labels.count)
        _ = try settings.step(record.settings, on: shape, hasNewHead: checkpoint.head == nil)
        let tuned = Self.untuned(checkpoint, record, settings, kernels, threads)
        let bits = settings.work.residualBits
        if bits > 0 { tuned.addResiduals(bits: bits, numbers: tuned.layout.trainedMatrices) }
        steps = try Checkpoint.read(
            into: tuned, settings: record.settings, from: folder.checkpointPath)
        parameters = tuned
    }

    /// The network as the run began with it.
    public func untuned() -> EncoderParameters { Self.untuned(checkpoint, record, settings, kernels, threads) }

    private static func untuned(
        _ checkpoint: EncoderCheckpoint, _ record: RunRecord, _ settings: ValidatedSettings, _ kernels: Kernels,
        _ threads: Int
    ) -> EncoderParameters {
        EncoderParameters(
            checkpoint: checkpoint, classes: record.network.labels.count, precision: settings.work.precision,
            formats: record.settings.formats, trainable: settings.trainable, seed: record.settings.seed,
            kernels: kernels, threads: threads)
    }
}
