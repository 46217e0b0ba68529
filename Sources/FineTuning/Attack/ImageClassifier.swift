import Kernels
import Networks
import NumberFormats

/// A classifier of images with one hidden layer (docs/semantics.md, section 14): what an attack asks for logits, and what knows nothing of the attack.
public struct ImageClassifier: Sendable {
    /// Pixels P, hidden values N, classes C.
    public struct Shape: Hashable, Sendable {
        public let pixels: Int
        public let hidden: Int
        public let classes: Int

        public init(pixels: Int, hidden: Int, classes: Int) {
            (self.pixels, self.hidden, self.classes) = (pixels, hidden, classes)
        }
    }

    public let shape: Shape
    /// [N, P], [N], [C, N], [C].
    public var hiddenWeights: [Float]
    public var hiddenBiases: [Float]
    public var outputWeights: [Float]
    public var outputBiases: [Float]

    public init(
        shape: Shape, hiddenWeights: [Float], hiddenBiases: [Float], outputWeights: [Float], outputBiases: [Float]
    ) {
        precondition(
            hiddenWeights.count == shape.hidden * shape.pixels && hiddenBiases.count == shape.hidden
                && outputWeights.count == shape.classes * shape.hidden && outputBiases.count == shape.classes,
            "every weight of the shape")
        self.shape = shape
        (self.hiddenWeights, self.hiddenBiases) = (hiddenWeights, hiddenBiases)
        (self.outputWeights, self.outputBiases) = (outputWeights, outputBiases)
    }
}

/// How a classifier computes.
public enum ClassifierPrecision: String, CaseIterable, Sendable {
    case fp32
    /// INT8 weights by row and activations by row, products in INT32.
    case w8a8
}

/// A classifier with its weights as the kernels read them; it answers queries. It never changes, so threads may share it.
public final class ClassifierQueries: @unchecked Sendable {
    public let classifier: ImageClassifier
    public let precision: ClassifierPrecision
    private let kernels: Kernels
    private let layers: [Layer]

    private struct Layer {
        let rows: Int
        let depth: Int
        let values: AlignedBuffer<Float>
        let codes: AlignedBuffer<Int8>
        let scales: AlignedBuffer<Float>
        let bias: [Float]
    }

    public init(_ classifier: ImageClassifier, precision: ClassifierPrecision, kernels: Kernels) {
        self.classifier = classifier
        self.precision = precision
        self.kernels = kernels
        let shape = classifier.shape
        layers = [
            (classifier.hiddenWeights, classifier.hiddenBiases, shape.hidden, shape.pixels),
            (classifier.outputWeights, classifier.outputBiases, shape.classes, shape.hidden),
        ].map { weights, bias, rows, depth in
            var (values, packed) = (AlignedBuffer<Float>(count: 0), AlignedBuffer<Int8>(count: 0))
            let scales = AlignedBuffer<Float>(count: rows)
            switch precision {
            case .fp32:
                values = AlignedBuffer(count: Kernels.packedFloat32Count(rows: rows, columns: depth))
                kernels.packFloat32(weights, rowStride: depth, rows: rows, columns: depth, into: values.baseAddress)
            case .w8a8:
                let codes = AlignedBuffer<Int8>(count: rows * depth)
                kernels.quantizeRows(
                    weights, rowStride: depth, rows: rows, columns: depth, codes: codes.baseAddress, codeStride: depth,
                    scales: scales.baseAddress)
                packed = AlignedBuffer(count: Kernels.packedInt8Count(rows: rows, columns: depth))
                kernels.packInt8(
                    codes.baseAddress, rowStride: depth, rows: rows, columns: depth, into: packed.baseAddress)
            }
            return Layer(rows: rows, depth: depth, values: values, codes: packed, scales: scales, bias: bias)
        }
    }

    /// Logits of images, each row by itself.
    ///
    /// - Parameter images: [count, P], numbers from 0 to 1.
    /// - Returns: [count, C].
    public func logits(_ images: [Float], count: Int) -> [Float] {
        precondition(images.count == count * classifier.shape.pixels, "whole images")
        var hidden = apply(layers[0], images, count: count)
        for index in hidden.indices { hidden[index] = hidden[index] > 0 ? hidden[index] : 0 }
        return apply(layers[1], hidden, count: count)
    }

    private func apply(_ layer: Layer, _ x: [Float], count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count * layer.rows) { y, initialized in
            initialized = count * layer.rows
            switch precision {
            case .fp32:
                kernels.linearFloat32(
                    x, rowStride: layer.depth, rows: count, packed: layer.values.baseAddress, columns: layer.rows,
                    depth: layer.depth, bias: layer.bias, into: y.baseAddress!, rowStride: layer.rows)
            case .w8a8:
                let codes = AlignedBuffer<Int8>(uninitializedCount: count * layer.depth)
                let scales = AlignedBuffer<Float>(uninitializedCount: count)
                kernels.quantizeRows(
                    x, rowStride: layer.depth, rows: count, columns: layer.depth, codes: codes.baseAddress,
                    codeStride: layer.depth, scales: scales.baseAddress)
                kernels.linearInt8(
                    codes.baseAddress, rowStride: layer.depth, rows: count, rowScales: scales.baseAddress,
                    packed: layer.codes.baseAddress, columns: layer.rows, depth: layer.depth,
                    columnScales: layer.scales.baseAddress, bias: layer.bias, into: y.baseAddress!,
                    rowStride: layer.rows)
            }
        }
    }

    /// The class of the largest logit, the lowest of equals.
    public static func prediction(_ logits: ArraySlice<Float>) -> Int {
        var best = logits.startIndex
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return best - logits.startIndex
    }

    /// fl(z_y − max z_j, j ≠ y): below 0 where the image is taken for something else.
    public static func margin(_ logits: ArraySlice<Float>, label: Int) -> Float {
        var other = -Float.infinity
        for (place, logit) in logits.enumerated() where place != label { other = max(other, logit) }
        return logits[logits.startIndex + label] - other
    }
}
