import Kernels
import Networks
import NumberFormats

/// A decoder's parameters in the form in which its forward reads them.
///
/// Linear weights are packed in one precision; norms are FP32; embedding rows are decoded from the file when they are looked up. A head that is the embedding table is packed like any weight, while
/// the table that is looked up stays what the file says.
public final class DecoderParameters: Sendable {
    /// One block.
    struct Layer: Sendable {
        let attentionNorm: NormWeight
        let query: any DecoderLinear
        let key: any DecoderLinear
        let value: any DecoderLinear
        let attentionOutput: any DecoderLinear
        let feedForwardNorm: NormWeight
        let gate: any DecoderLinear
        let up: any DecoderLinear
        let down: any DecoderLinear
    }

    /// A norm's weight, which threads read.
    final class NormWeight: @unchecked Sendable {
        private let buffer: AlignedBuffer<Float>
        init(_ buffer: AlignedBuffer<Float>) { self.buffer = buffer }
        var values: UnsafePointer<Float> { UnsafePointer(buffer.baseAddress) }
    }

    public let configuration: DecoderConfiguration
    public let precision: DecoderPrecision
    let embedding: DecoderTensor
    let layers: [Layer]
    let finalNorm: NormWeight
    let head: any DecoderLinear
    let rotary: RotaryTable

    /// Reads all weights, checks that they are finite, and quantizes them where the precision asks for it.
    ///
    /// - Parameter threads: at least 1; decides no bit.
    /// - Throws: `InputError.tensorNotFinite`.
    public init(
        checkpoint: DecoderCheckpoint, precision: DecoderPrecision, kernels: Kernels, threads: Int
    ) throws(InputError) {
        configuration = checkpoint.configuration
        self.precision = precision
        let transformer = configuration.transformer
        let loader = DecoderLinearLoader(precision: precision, kernels: kernels, threads: max(1, threads))
        embedding = checkpoint.tensor(.embedding)
        var layers: [Layer] = []
        for index in 0..<transformer.layers {
            func linear(_ parameter: DecoderLayerParameter) throws(InputError) -> any DecoderLinear {
                try loader.load(checkpoint.tensor(.layer(index, parameter)))
            }
            func norm(_ parameter: DecoderLayerParameter) throws(InputError) -> NormWeight {
                NormWeight(try DecoderLinearLoader.norm(checkpoint.tensor(.layer(index, parameter))))
            }
            layers.append(
                Layer(
                    attentionNorm: try norm(.attentionNorm), query: try linear(.query), key: try linear(.key),
                    value: try linear(.value), attentionOutput: try linear(.attentionOutput),
                    feedForwardNorm: try norm(.feedForwardNorm), gate: try linear(.gate), up: try linear(.up),
                    down: try linear(.down)))
        }
        self.layers = layers
        finalNorm = NormWeight(try DecoderLinearLoader.norm(checkpoint.tensor(.finalNorm)))
        if !transformer.tiesHead { try Self.checkFinite(embedding) }
        head = try loader.load(checkpoint.tensor(transformer.tiesHead ? .embedding : .head))
        rotary = RotaryTable(headDimension: transformer.headDimension, base: configuration.rotaryBase)
    }

    /// Bytes of memory that the linear weights take as they are packed.
    public var linearBytes: Int {
        layers.reduce(head.bytes) { sum, layer in
            [layer.query, layer.key, layer.value, layer.attentionOutput, layer.gate, layer.up, layer.down]
                .reduce(sum) { $0 + $1.bytes }
        }
    }

    /// Bytes that a decoder's weights and the cache of `tokens` tokens will take, before a weight is read.
    public static func estimatedBytes(
        _ configuration: DecoderConfiguration, precision: DecoderPrecision, tokens: Int
    ) -> Int {
        let transformer = configuration.transformer
        let weights =
            transformer.blockLinears.reduce(0) { $0 + $1.weightCount } * transformer.layers
            + transformer.vocabulary * transformer.hidden
        let cache = 2 * transformer.layers * transformer.keyValueWidth * tokens
        // Panels round rows up to sixteen and, for integers, columns up to 64; a quarter covers that but for tiny networks.
        return (weights * (precision.isQuantized ? 1 : 4) + cache * 4) * 5 / 4 + (64 << 20)
    }

    private static func checkFinite(_ tensor: DecoderTensor) throws(InputError) {
        let row = AlignedBuffer<Float>(uninitializedCount: tensor.columns)
        for index in 0..<tensor.rows {
            tensor.read(index..<index + 1, into: row.baseAddress)
            if let place = row.elements.firstIndex(where: { !$0.isFinite }) {
                throw tensor.notFinite(row: index, column: place, value: row[place])
            }
        }
    }
}
