import Emulator
import Kernels
import Networks
import NumberFormats
import Programs

/// A network and its data, read and checked: what a run works on.
public struct FineTuningTask {
    public let checkpoint: EncoderCheckpoint
    /// Names of the classes, in the order of the logits.
    public let labels: [String]
    public let training: EncodedExamples
    public let validation: EncodedExamples
    /// Examples left out because their text stood earlier in the file.
    public let duplicates: Int
    /// Validation texts that stand in the training file too; 0 where the set was held out.
    public let validationInTraining: Int
    /// The files read, for run.json.
    public let inputs: [InputFile]
    /// The embedded network has the name `opinions`.
    public let networkName: String
    public let dataName: String
    /// Whether the run gives the network a new head.
    public let hasNewHead: Bool

    /// One input of a run.
    public struct InputFile: Sendable, Hashable, Codable {
        public let path: String
        public let sha256: String

        public init(path: String, sha256: String) {
            self.path = path
            self.sha256 = sha256
        }
    }

    /// Reads the network and the data that the settings name, for a run on `threads` threads.
    /// - Throws: `InputError` for what is wrong with a file, `RunError` for what is wrong with the settings.
    public init(_ settings: RunSettings, threads: Int = 1) throws {
        let validated = try settings.validated()
        if let network = settings.network {
            // From its sizes alone, before the weights are opened: some are copied then. Two classes stand for however many there are.
            let sizes = try EncoderConfiguration(source: Self.configurationFile(network))
            let shape = EncoderShape(sizes, classes: 2)
            _ = try validated.step(settings, on: shape, hasNewHead: settings.newHead)
            try MemoryCheck.require(shape, settings, threads: threads)
        }
        let policy: EncoderCheckpoint.HeadPolicy = settings.newHead ? .ignored : .ifPresent
        let checkpoint =
            if let network = settings.network {
                try EncoderCheckpoint(folder: network, head: policy)
            } else {
                try EncoderCheckpoint.embedded(head: policy)
            }
        try checkpoint.checkFinite()
        let classes = checkpoint.head?.labels
        self.checkpoint = checkpoint
        networkName = settings.network.map(Self.lastComponent) ?? "opinions"
        guard settings.sequence <= checkpoint.configuration.maximumPositions else {
            throw RunError.badSetting(
                name: "sequence", value: "\(settings.sequence)",
                allowed: "at most \(checkpoint.configuration.maximumPositions), the positions that \(networkName) knows"
            )
        }
        var inputs = checkpoint.inputFiles
        // Labels are those of the network's own head, in its order; otherwise the sorted names in the file.
        let training: [TextDataset.Example]
        let validation: [TextDataset.Example]
        if let path = settings.data {
            dataName = Self.lastComponent(path)
            let data = try Self.read(path, labels: classes, into: &inputs)
            let unique = data.removingDuplicates()
            duplicates = unique.removed
            labels = data.labels
            let examples = unique.dataset.examples
            if let path = settings.validation {
                training = examples
                let held = try Self.read(path, labels: data.labels, into: &inputs).removingDuplicates().dataset.examples
                validation = held
                let known = Set(examples.map(\.text))
                validationInTraining = held.count { known.contains($0.text) }
            } else {
                let order = Permutation.shuffled(
                    count: examples.count, seed: settings.seed, purpose: .dataSplit, step: 0)
                let parts = try unique.dataset.split(validationFraction: settings.validationFraction, order: order)
                (training, validation) = (parts.training.examples, parts.validation.examples)
                validationInTraining = 0
            }
        } else {
            if let path = settings.validation {
                throw RunError.badSetting(name: "validation", value: path, allowed: "given together with --data")
            }
            guard settings.network == nil else {
                throw RunError.badSetting(
                    name: "data", value: "missing", allowed: "given with --network: a file of label<TAB>text lines")
            }
            dataName = "film opinions"
            let files = try EmbeddedFiles.opinions()
            let data = try TextDataset(source: files.training, labels: classes)
            labels = data.labels
            training = data.examples
            validation = try TextDataset(source: files.validation, labels: data.labels).examples
            for file in [files.training, files.validation] {
                inputs.append(InputFile(path: file.name, sha256: file.sha256))
            }
            duplicates = 0
            validationInTraining = 0
        }
        hasNewHead = classes == nil
        self.inputs = inputs
        self.training = Self.encode(training, checkpoint.tokenizer, settings.sequence)
        self.validation = Self.encode(validation, checkpoint.tokenizer, settings.sequence)
    }

    private static func configurationFile(_ folder: String) throws(InputError) -> any ByteSource {
        do {
            return try MappedFile(path: folder + "/config.json")
        } catch .fileMissing {
            throw .checkpointFileMissing(folder: folder, name: "config.json")
        }
    }

    private static func read(
        _ path: String, labels: [String]?, into inputs: inout [InputFile]
    ) throws(InputError) -> TextDataset {
        let file = try MappedFile(path: path)
        inputs.append(InputFile(path: path, sha256: file.sha256))
        return try TextDataset(source: file, labels: labels)
    }

    private static func encode(
        _ examples: [TextDataset.Example], _ tokenizer: WordPieceTokenizer, _ limit: Int
    ) -> EncodedExamples {
        var cut = 0
        let tokens = examples.map { example in
            let whole = tokenizer.encode(example.text)
            guard whole.count > limit else { return whole }
            cut += 1
            return tokenizer.encode(example.text, maximumLength: limit)
        }
        return EncodedExamples(tokens: tokens, labels: examples.map { Int32($0.label) }, cut: cut)
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Sizes of the network with this task's head.
    public var shape: EncoderShape {
        EncoderShape(checkpoint.configuration, classes: labels.count)
    }

    /// Share of the validation set's largest class: what always answering that class gives.
    public var majorityShare: Double {
        var counts = [Int](repeating: 0, count: labels.count)
        for label in validation.labels { counts[Int(label)] += 1 }
        return Double(counts.max() ?? 0) / Double(max(1, validation.count))
    }
}

extension EncoderCheckpoint {
    /// The files read, with their hashes.
    var inputFiles: [FineTuningTask.InputFile] {
        files.map { FineTuningTask.InputFile(path: $0.source.name, sha256: $0.source.sha256) }
    }
}
