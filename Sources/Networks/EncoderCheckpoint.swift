/// A BERT encoder on disk or in the program, in Hugging Face form: configuration, weights, vocabulary and, if it has
/// one, its head.
///
/// Opening checks every tensor's name, shape and type. FP32 weights are read in place from the mapped file; FP16 and
/// BF16 weights are widened, exactly, into memory. Names may have a leading `bert.`, and layer norms may say `gamma`
/// and `beta` as the first checkpoints did. `embeddings.position_ids` and `embeddings.token_type_ids` (constants),
/// `pooler.*` and `cls.*` (heads of pre-training) are passed over.
public final class EncoderCheckpoint: Sendable {
    /// What to do with a classification head in the file.
    public enum HeadPolicy: Sendable {
        /// Read it if the file has one.
        case ifPresent
        /// Pass over it, as if the file had none.
        case ignored
    }

    /// A classification head: logits = x·Wᵀ + b, where x is the mean of the tokens' states.
    public struct Head: Sendable {
        /// The labels in the order of the rows: those of `id2label`, or LABEL_0, LABEL_1, … as Hugging Face names them
        /// by default.
        public let labels: [String]
        /// [labels, hidden], row-major; valid while this head or its checkpoint lives.
        public var weight: UnsafeBufferPointer<Float> { weightTensor.elements }
        /// [labels]; valid while this head or its checkpoint lives.
        public var bias: UnsafeBufferPointer<Float> { biasTensor.elements }

        fileprivate let weightTensor: FloatTensor
        fileprivate let biasTensor: FloatTensor
    }

    /// The Hugging Face names of the head's tensors.
    public static let headNames = (weight: "classifier.weight", bias: "classifier.bias")

    /// The folder as it was given, or the name of the embedded network.
    public let name: String
    public let configuration: EncoderConfiguration
    public let tokenizer: WordPieceTokenizer
    /// The file with the weights.
    public let weights: SafetensorsFile
    /// Every file that was read, under its name in the folder; their hashes tell a run from another.
    public let files: [(name: String, source: any ByteSource)]

    /// The classification head, or nil if the file has none or it was ignored.
    public let head: Head?

    private let parameters: [EncoderParameter: FloatTensor]

    /// Opens a folder with `config.json`, `model.safetensors`, `vocab.txt` and perhaps `tokenizer_config.json`.
    ///
    /// - Throws: `InputError`, naming the file and what is wrong with it.
    public convenience init(folder: String, head: HeadPolicy = .ifPresent) throws(InputError) {
        try requireFolder(folder)
        func open(_ name: String) throws(InputError) -> any ByteSource {
            do {
                return try MappedFile(path: "\(folder)/\(name)")
            } catch .fileMissing {
                throw .checkpointFileMissing(folder: folder, name: name)
            }
        }
        let configuration = try open("config.json")
        let weights = try open("model.safetensors")
        let vocabulary = try open("vocab.txt")
        let tokenizerConfiguration: (any ByteSource)?
        do {
            tokenizerConfiguration = try MappedFile(path: "\(folder)/tokenizer_config.json")
        } catch .fileMissing {
            tokenizerConfiguration = nil
        }
        try self.init(
            name: folder, configuration: configuration, weights: weights, vocabulary: vocabulary,
            tokenizerConfiguration: tokenizerConfiguration, head: head)
    }

    /// The network that ships inside the program.
    ///
    /// - Throws: `InputError.embeddedFileMissing` if it was built without.
    public static func embedded(head: HeadPolicy = .ifPresent) throws(InputError) -> EncoderCheckpoint {
        let opinions = try EmbeddedFiles.opinions()
        return try EncoderCheckpoint(
            name: "embedded:opinions", configuration: opinions.configuration, weights: opinions.weights,
            vocabulary: opinions.vocabulary, head: head)
    }

    /// Opens files that are somewhere already.
    ///
    /// - Throws: `InputError`, naming the file and what is wrong with it.
    public init(
        name: String, configuration: any ByteSource, weights: any ByteSource, vocabulary: any ByteSource,
        tokenizerConfiguration: (any ByteSource)? = nil, head: HeadPolicy = .ifPresent
    ) throws(InputError) {
        let sizes = try EncoderConfiguration(source: configuration)
        let tokenizer = try WordPieceTokenizer(
            vocabulary: Vocabulary(source: vocabulary),
            options: tokenizerConfiguration.map { source throws(InputError) in
                try WordPieceTokenizer.Options(source: source)
            }
                ?? WordPieceTokenizer.Options())
        guard tokenizer.vocabulary.count == sizes.vocabularySize else {
            throw .vocabularySize(
                file: vocabulary.name, tokens: tokenizer.vocabulary.count, expected: sizes.vocabularySize)
        }

        let file = try SafetensorsFile(source: weights)
        var names = try TensorNames(file: file)
        var parameters: [EncoderParameter: FloatTensor] = [:]
        for parameter in EncoderParameter.all(in: sizes) {
            let found = try names.take(parameter.name)
            parameters[parameter] = try FloatTensor(found, shape: parameter.shape(in: sizes), in: file)
        }
        self.head = try Self.head(&names, file: file, configuration: sizes, policy: head)
        try names.requireEmpty()

        self.name = name
        self.configuration = sizes
        self.tokenizer = tokenizer
        self.weights = file
        self.parameters = parameters
        files =
            [("config.json", configuration), ("model.safetensors", weights), ("vocab.txt", vocabulary)]
            + (tokenizerConfiguration.map { [("tokenizer_config.json", $0)] } ?? [])
    }

    /// The elements of a parameter, row-major, in the shape `parameter.shape(in: configuration)`; valid while the
    /// checkpoint lives.
    ///
    /// - Precondition: a block's index is less than `configuration.layerCount`.
    public func parameter(_ parameter: EncoderParameter) -> UnsafeBufferPointer<Float> {
        guard let tensor = parameters[parameter] else { preconditionFailure("no such block: \(parameter)") }
        return tensor.elements
    }

    /// Checks that every weight is a finite number; this reads all of them.
    ///
    /// - Throws: `InputError.tensorNotFinite` with the first one that isn't, in the order of a forward pass.
    public func checkFinite() throws(InputError) {
        for parameter in EncoderParameter.all(in: configuration) {
            try checkFinite(self.parameter(parameter), name: parameter.name, shape: parameter.shape(in: configuration))
        }
        if let head {
            let shape = [head.labels.count, configuration.hiddenSize]
            try checkFinite(head.weight, name: Self.headNames.weight, shape: shape)
            try checkFinite(head.bias, name: Self.headNames.bias, shape: [head.labels.count])
        }
    }

    private func checkFinite(_ elements: UnsafeBufferPointer<Float>, name: String, shape: [Int]) throws(InputError) {
        guard let flat = firstNonFinite(elements) else { return }
        var rest = flat
        let index = shape.reversed().map { extent -> Int in
            defer { rest /= extent }
            return rest % extent
        }
        throw .tensorNotFinite(file: weights.name, tensor: name, index: index.reversed(), value: "\(elements[flat])")
    }

    /// Reads the head, if there is one and it is wanted.
    private static func head(
        _ names: inout TensorNames, file: SafetensorsFile, configuration: EncoderConfiguration, policy: HeadPolicy
    ) throws(InputError) -> Head? {
        let weight = names.takeIfPresent(headNames.weight)
        let bias = names.takeIfPresent(headNames.bias)
        guard policy == .ifPresent, weight != nil || bias != nil else { return nil }
        guard let weight else { throw .headIncomplete(file: file.name, missing: headNames.weight) }
        guard let bias else { throw .headIncomplete(file: file.name, missing: headNames.bias) }
        guard !names.hasPooler else { throw .headNeedsPooler(file: file.name) }
        let shape = try file.tensor(weight, shape: nil).shape
        guard shape.count == 2, shape[0] >= 2, shape[1] == configuration.hiddenSize else {
            let labels = configuration.labels?.count ?? 2
            throw .tensorShape(
                file: file.name, tensor: weight, found: shape, expected: [labels, configuration.hiddenSize])
        }
        if let labels = configuration.labels, labels.count != shape[0] {
            throw .headLabels(file: file.name, rows: shape[0], labels: labels.count)
        }
        return Head(
            labels: configuration.labels ?? (0..<shape[0]).map { "LABEL_\($0)" },
            weightTensor: try FloatTensor(weight, shape: shape, in: file),
            biasTensor: try FloatTensor(bias, shape: [shape[0]], in: file))
    }
}

/// The flat index of the first infinity or NaN.
private func firstNonFinite(_ elements: UnsafeBufferPointer<Float>) -> Int? {
    // Blocks without a branch inside vectorize; the search happens in the block that has one.
    let block = 4_096
    for start in stride(from: 0, to: elements.count, by: block) {
        let end = min(start + block, elements.count)
        var largest: UInt32 = 0
        for index in start..<end { largest = max(largest, elements[index].bitPattern & 0x7fff_ffff) }
        if largest >= 0x7f80_0000 { return (start..<end).first { !elements[$0].isFinite } }
    }
    return nil
}
