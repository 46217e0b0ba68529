import Emulator
import Kernels
import Networks
import NumberFormats
import Programs

/// A network and its data, read and checked: what a run works on.
public struct FineTuningTask {
    public let checkpoint: EncoderCheckpoint
    public let tokenizer: WordPieceTokenizer
    /// Names of the classes, in the order of the logits.
    public let labels: [String]
    public let training: EncodedExamples
    public let validation: EncodedExamples
    /// Examples left out because their text stood earlier in the file.
    public let duplicates: Int
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
    }

    /// Reads the network and the data that the settings name.
    /// - Throws: `InputError` for what is wrong with a file, `RunError` for what is wrong with the settings.
    public init(_ settings: RunSettings) throws {
        _ = try settings.validated()
        let checkpoint =
            if let network = settings.network { try EncoderCheckpoint(folder: network) } else {
                try EncoderCheckpoint.embedded()
            }
        self.checkpoint = checkpoint
        tokenizer = try checkpoint.tokenizer()
        networkName = settings.network.map(Self.lastComponent) ?? "opinions"
        guard settings.sequence <= checkpoint.configuration.positions else {
            throw RunError.badSetting(
                name: "sequence", value: "\(settings.sequence)",
                allowed: "at most \(checkpoint.configuration.positions), the positions that \(networkName) knows")
        }
        var inputs = checkpoint.inputFiles
        let training: TextDataset
        let validation: TextDataset
        var duplicates = 0
        // The shipped head's classes are the label order; otherwise the sorted names in the file.
        let classes = checkpoint.head != nil && !settings.newHead ? checkpoint.labels : nil
        if let data = settings.data {
            dataName = Self.lastComponent(data)
            let all = try TextDataset.load(path: data, labels: classes)
            inputs.append(InputFile(path: data, sha256: all.sha256))
            let unique = all.removingDuplicates()
            duplicates = all.count - unique.count
            if let path = settings.validation {
                let held = try TextDataset.load(path: path, labels: unique.labels)
                inputs.append(InputFile(path: path, sha256: held.sha256))
                training = unique
                validation = held.removingDuplicates()
            } else {
                let order = Permutation.shuffled(count: unique.count, seed: settings.seed, purpose: .dataSplit, step: 0)
                let held = Int((settings.validationFraction * Double(unique.count)).rounded())
                guard held >= 1, held < unique.count else {
                    throw RunError.tooFewExamples(
                        path: data, found: unique.count, needed: 2, what: "examples without duplicates to split")
                }
                validation = unique.selecting(order.prefix(held))
                training = unique.selecting(order.dropFirst(held))
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
            training = try TextDataset.embedded(.filmsTraining, labels: classes)
            validation = try TextDataset.embedded(.filmsValidation, labels: training.labels)
        }
        self.duplicates = duplicates
        self.labels = training.labels
        hasNewHead = classes == nil
        self.inputs = inputs
        self.training = Self.encode(training, tokenizer, settings.sequence)
        self.validation = Self.encode(validation, tokenizer, settings.sequence)
    }

    private static func encode(_ data: TextDataset, _ tokenizer: WordPieceTokenizer, _ limit: Int) -> EncodedExamples {
        var cut = 0
        let tokens = data.texts.map { text in
            let encoded = tokenizer.encode(text, maximumLength: limit)
            if encoded.wasTruncated { cut += 1 }
            return encoded.ids
        }
        return EncodedExamples(tokens: tokens, labels: data.labelNumbers, cut: cut)
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Sizes of the network with this task's head.
    public var shape: EncoderShape {
        let configuration = checkpoint.configuration
        return EncoderShape(
            layers: configuration.layers, hidden: configuration.hidden, heads: configuration.heads,
            intermediate: configuration.intermediate, vocabulary: configuration.vocabulary,
            positions: configuration.positions, types: configuration.types, classes: labels.count)
    }

    /// Share of the validation set's largest class: what always answering that class gives.
    public var majorityShare: Double {
        var counts = [Int](repeating: 0, count: labels.count)
        for label in validation.labels { counts[Int(label)] += 1 }
        return Double(counts.max() ?? 0) / Double(max(1, validation.count))
    }
}
