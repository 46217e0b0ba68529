/// The seven sizes at the start of a llama2.c checkpoint of version 0, and where its tensors lie (karpathy/llama2.c, `run.c`: `Config`, `memory_map_weights`).
///
/// Seven little-endian 32-bit integers (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then FP32 tensors, each for all blocks at once: token embedding, attention norms, wq, wk, wv, wo,
/// feed-forward norms, w1, w2, w3, final norm, two tables of rotary angles (seq_len × head/2, passed over: Zeroth makes its own), and the head's matrix where vocab_size is negative.
struct Llama2cHeader {
    static let byteCount = 28
    let configuration: DecoderConfiguration
    private var starts: [DecoderParameter: Int] = [:]

    /// ε and the base of positions are constants of llama2.c, `rmsnorm` and `forward`.
    private static let (normEpsilon, rotaryBase): (Float, Double) = (1e-5, 10_000)

    /// Reads the sizes and checks that the file is as long as they need.
    init(reading bytes: UnsafeRawBufferPointer) throws(DecoderProblem) {
        guard bytes.count >= Self.byteCount else { throw .llama2cHeader(size: bytes.count) }
        let words = (0..<7).map {
            Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)))
        }
        // "ak42", the magic of versions 1 and up; the version follows.
        if words[0] == 0x616b_3432 { throw .llama2cVersion(words[1]) }
        func size(_ index: Int, _ field: String, _ range: ClosedRange<Int>, _ value: Int? = nil) throws(DecoderProblem)
            -> Int
        {
            let number = value ?? words[index]
            guard range.contains(number) else {
                throw .llama2cSize(
                    byte: 4 * index, field: field, found: words[index],
                    expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        let hidden = try size(0, "dim", TransformerLimits.width)
        let intermediate = try size(1, "hidden_dim", TransformerLimits.intermediate)
        let layers = try size(2, "n_layers", TransformerLimits.layers)
        let heads = try size(3, "n_heads", TransformerLimits.heads)
        let keyValueHeads = try size(4, "n_kv_heads", TransformerLimits.heads)
        let vocabulary = try size(5, "vocab_size", TransformerLimits.vocabulary, abs(words[5]))
        let positions = try size(6, "seq_len", TransformerLimits.positions)
        guard hidden.isMultiple(of: 2 * heads) else {
            throw .llama2cSize(
                byte: 12, field: "n_heads", found: heads,
                expected: "a number that divides dim, which is \(hidden), into heads of even size")
        }
        guard heads.isMultiple(of: keyValueHeads) else {
            throw .llama2cSize(
                byte: 16, field: "n_kv_heads", found: keyValueHeads,
                expected: "a divisor of n_heads, which is \(heads),")
        }
        let transformer = TransformerConfiguration.gatedDecoder(
            family: .llama, layers: layers, hidden: hidden, heads: heads, keyValueHeads: keyValueHeads,
            intermediate: intermediate, vocabulary: vocabulary, tiesHead: words[5] > 0)
        configuration = DecoderConfiguration(
            transformer: transformer, normEpsilon: Self.normEpsilon, rotaryBase: Self.rotaryBase,
            maximumPositions: positions)

        // Limits keep every sum below 2^50.
        var place = Self.byteCount
        func advance(_ parameter: DecoderParameter) -> Int {
            let shape = parameter.shape(in: transformer)
            return 4 * shape.rows * shape.columns
        }
        func add(_ parameter: DecoderParameter) {
            starts[parameter] = place
            place += advance(parameter)
        }
        add(.embedding)
        for kind in [
            DecoderLayerParameter.attentionNorm, .query, .key, .value, .attentionOutput, .feedForwardNorm, .gate, .down,
            .up,
        ] {
            for layer in 0..<layers { add(.layer(layer, kind)) }
        }
        add(.finalNorm)
        place += 4 * positions * transformer.headDimension
        if !transformer.tiesHead { add(.head) }
        guard bytes.count == place else { throw .llama2cLength(found: bytes.count, expected: place) }
    }

    /// The tensor of a parameter.
    ///
    /// - Precondition: `parameter` is one of `DecoderParameter.all(in:)`; `source` is the file whose header this is.
    func tensor(_ parameter: DecoderParameter, in source: any ByteSource) -> DecoderTensor {
        guard let start = starts[parameter] else { preconditionFailure("no such parameter: \(parameter)") }
        let transformer = configuration.transformer
        let shape = parameter.shape(in: transformer)
        return DecoderTensor(
            name: "\(parameter.ggufName)", rows: shape.rows, columns: shape.columns, encoding: .f32,
            rowOrder: parameter.isRotary ? .adjacentPairs(headDimension: transformer.headDimension) : .asStored,
            source: source, start: start)
    }
}
