/// A decoder of the Llama architecture on disk: a llama2.c checkpoint of version 0, a GGUF file, or a Hugging Face folder.
///
/// Opening maps the files and checks every tensor's name, shape, encoding and place. Values are decoded to FP32 when they are read (`DecoderTensor`). Rows of query and key weights come in
/// Hugging Face's order whatever the file has (`RotaryRowOrder`).
public final class DecoderCheckpoint: Sendable {
    /// The form of the files; the raw value is its name in reports.
    public enum Format: String, Sendable {
        case llama2c = "llama2.c"
        case gguf = "GGUF"
        case safetensors
    }

    /// The path as it was given.
    public let name: String
    public let format: Format
    public let configuration: DecoderConfiguration
    /// Every file that was read, under its name; their hashes tell a run from another.
    public let files: [(name: String, source: any ByteSource)]
    /// The GGUF file, whose metadata has a tokenizer; nil for other formats.
    public let gguf: GGUFFile?

    private let tensors: [DecoderParameter: DecoderTensor]

    /// Opens a file (GGUF or llama2.c, told apart by its first bytes) or a folder with `config.json` and `model.safetensors`.
    ///
    /// - Throws: `InputError`, naming the file and what is wrong with it.
    public convenience init(path: String) throws(InputError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch .fileIsFolder {
            try self.init(folder: path)
            return
        }
        if GGUFFile.isGGUF(file.bytes) {
            try self.init(gguf: file)
        } else {
            try self.init(llama2c: file)
        }
    }

    /// Opens a llama2.c checkpoint of version 0.
    ///
    /// - Throws: `InputError.decoder`.
    public init(llama2c source: any ByteSource) throws(InputError) {
        let header: Llama2cHeader
        do throws(DecoderProblem) {
            header = try Llama2cHeader(reading: source.bytes)
        } catch {
            throw .decoder(file: source.name, error)
        }
        name = source.name
        format = .llama2c
        configuration = header.configuration
        files = [(source.name, source)]
        gguf = nil
        tensors = Dictionary(
            uniqueKeysWithValues: DecoderParameter.all(in: header.configuration.transformer).map {
                ($0, header.tensor($0, in: source))
            })
    }

    /// Opens a GGUF file of version 3 whose architecture is "llama".
    ///
    /// - Throws: `InputError.gguf`, `.decoder`, `.tensorMissing` or `.tensorShape`.
    public init(gguf source: any ByteSource) throws(InputError) {
        let file = try GGUFFile(source: source)
        let configuration = try DecoderConfiguration(file)
        let transformer = configuration.transformer
        var tensors: [DecoderParameter: DecoderTensor] = [:]
        for parameter in DecoderParameter.all(in: transformer) {
            let wanted = parameter.ggufName
            guard let tensor = file.tensor(named: wanted) else {
                throw .tensorMissing(
                    file: file.name, tensor: wanted, near: nearNames(to: wanted, in: file.tensors.lazy.map(\.name)))
            }
            guard let encoding = tensor.encoding else {
                throw .decoder(file: file.name, .tensorType(tensor: wanted, found: tensor.typeName))
            }
            let shape = parameter.shape(in: transformer)
            try Self.check(wanted, tensor.shape, rows: shape.rows, columns: shape.columns, file: file.name)
            tensors[parameter] = DecoderTensor(
                name: wanted, rows: shape.rows, columns: shape.columns, encoding: encoding,
                rowOrder: parameter.isRotary ? .adjacentPairs(headDimension: transformer.headDimension) : .asStored,
                source: source, start: tensor.start)
        }
        let known = Set(tensors.values.map(\.name))
        try Self.requireKnown(file.tensors.map(\.name), known, file: file.name)
        name = source.name
        format = .gguf
        self.configuration = configuration
        files = [(source.name, source)]
        gguf = file
        self.tensors = tensors
    }

    /// Opens a Hugging Face folder with `config.json` (`model_type` "llama") and one `model.safetensors` of F32, F16 or BF16 tensors.
    ///
    /// `rotary_emb.inv_freq` tensors are passed over, and so is `lm_head.weight` where the configuration ties the head to the embedding.
    ///
    /// - Throws: `InputError`, naming the file and what is wrong with it.
    public convenience init(folder: String) throws(InputError) {
        try requireFolder(folder)
        func open(_ name: String) throws(InputError) -> any ByteSource {
            do {
                return try MappedFile(path: "\(folder)/\(name)")
            } catch .fileMissing {
                let index = "model.safetensors.index.json"
                if name == "model.safetensors", (try? MappedFile(path: "\(folder)/\(index)")) != nil {
                    throw .decoder(file: folder, .weightsInParts(name: index))
                }
                throw .decoder(file: folder, .fileMissing(name: name))
            }
        }
        try self.init(
            name: folder, configuration: open("config.json"), weights: open("model.safetensors"))
    }

    /// Opens files of a Hugging Face folder that are somewhere already.
    ///
    /// - Throws: `InputError`, naming the file and what is wrong with it.
    public init(name: String, configuration source: any ByteSource, weights: any ByteSource) throws(InputError) {
        let configuration = try DecoderConfiguration(source: source)
        let file = try SafetensorsFile(source: weights)
        let transformer = configuration.transformer
        var tensors: [DecoderParameter: DecoderTensor] = [:]
        for parameter in DecoderParameter.all(in: transformer) {
            let wanted = parameter.huggingFaceName
            let tensor = try file.tensor(wanted, shape: nil)
            let shape = parameter.shape(in: transformer)
            try Self.check(wanted, tensor.shape, rows: shape.rows, columns: shape.columns, file: file.name)
            guard let encoding = TensorEncoding(rawValue: tensor.type.rawValue) else {
                throw .decoder(file: file.name, .tensorType(tensor: wanted, found: tensor.type.rawValue))
            }
            tensors[parameter] = DecoderTensor(
                name: wanted, rows: shape.rows, columns: shape.columns, encoding: encoding, source: weights,
                start: file.dataStart + tensor.dataRange.lowerBound)
        }
        let passedOver = transformer.tiesHead ? [DecoderParameter.head.huggingFaceName] : []
        let others = file.tensors.map(\.name).filter { !$0.hasSuffix(".rotary_emb.inv_freq") }
        try Self.requireKnown(others, Set(tensors.values.map(\.name) + passedOver), file: file.name)
        self.name = name
        format = .safetensors
        self.configuration = configuration
        files = [("config.json", source), ("model.safetensors", weights)]
        gguf = nil
        self.tensors = tensors
    }

    /// The tensor of a parameter.
    ///
    /// - Precondition: `parameter` is one of `DecoderParameter.all(in: configuration.transformer)`.
    public func tensor(_ parameter: DecoderParameter) -> DecoderTensor {
        guard let tensor = tensors[parameter] else { preconditionFailure("no such parameter: \(parameter)") }
        return tensor
    }

    private static func check(
        _ name: String, _ found: [Int], rows: Int, columns: Int, file: String
    ) throws(InputError) {
        let expected = rows == 1 && found.count == 1 ? [columns] : [rows, columns]
        guard found == expected else {
            throw .tensorShape(file: file, tensor: name, found: found, expected: expected)
        }
    }

    private static func requireKnown(_ names: [String], _ known: Set<String>, file: String) throws(InputError) {
        guard let other = names.first(where: { !known.contains($0) }) else { return }
        throw .decoder(
            file: file, .tensorUnexpected(tensor: other, near: nearNames(to: other, in: known.sorted())))
    }
}
