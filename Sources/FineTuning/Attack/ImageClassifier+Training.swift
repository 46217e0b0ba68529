import Kernels
import Networks
import NumberFormats

/// How an image classifier is trained: FP32, momentum, cross entropy.
public struct ClassifierTraining: Hashable, Sendable {
    public var hidden: Int
    public var epochs: Int
    public var batch: Int
    public var rate: Float
    public var momentum: Float
    public var seed: UInt64

    public init(
        hidden: Int = 128, epochs: Int = 10, batch: Int = 64, rate: Float = 0.05, momentum: Float = 0.9,
        seed: UInt64 = 1
    ) {
        (self.hidden, self.epochs, self.batch, self.rate) = (hidden, epochs, batch, rate)
        (self.momentum, self.seed) = (momentum, seed)
    }
}

extension ImageClassifier {
    /// Weights before training: t / (√Var t · √depth) of each weight's draw, tensor 0 and 1; biases 0.
    public init(shape: Shape, seed: UInt64) {
        func weights(_ tensor: UInt16, rows: Int, depth: Int) -> [Float] {
            let stream = TensorStreams(seed: seed, step: 0, tensor: tensor)[.perturbation]
            let scale = 1 / (IrwinHallGaussian.variance * Double(depth)).squareRoot()
            return PhiloxSource().words(of: stream, elements: 0..<rows * depth).map {
                Float(Double(IrwinHallGaussian.integer(word: $0)) * scale)
            }
        }
        self.init(
            shape: shape, hiddenWeights: weights(0, rows: shape.hidden, depth: shape.pixels),
            hiddenBiases: [Float](repeating: 0, count: shape.hidden),
            outputWeights: weights(1, rows: shape.classes, depth: shape.hidden),
            outputBiases: [Float](repeating: 0, count: shape.classes))
    }

    /// Trains a classifier on images, deterministically: the same images and settings give the same bits on any machine and number of threads.
    ///
    /// - Parameter observe: called after each epoch with its number from 1 and the mean loss.
    public static func trained(
        on data: ImageDataset, _ training: ClassifierTraining, kernels: Kernels,
        observe: (_ epoch: Int, _ loss: Double) -> Void = { _, _ in }
    ) -> ImageClassifier {
        let shape = Shape(pixels: data.size, hidden: training.hidden, classes: max(2, data.classes))
        var classifier = ImageClassifier(shape: shape, seed: training.seed)
        var velocity = Gradients(shape)
        for epoch in 0..<training.epochs {
            let order = Permutation.shuffled(
                count: data.count, seed: training.seed, purpose: .batchOrder, step: UInt32(epoch))
            var loss = 0.0
            for start in stride(from: 0, to: order.count, by: training.batch) {
                let examples = Array(order[start..<min(order.count, start + training.batch)])
                let gradients = classifier.gradients(data, examples, kernels, &loss)
                velocity.accumulate(gradients, momentum: training.momentum)
                classifier.move(velocity, rate: training.rate)
            }
            observe(epoch + 1, loss / Double(data.count))
        }
        return classifier
    }

    /// A number for each weight.
    fileprivate struct Gradients {
        var parts: [[Float]]

        init(_ shape: Shape) {
            parts = [shape.hidden * shape.pixels, shape.hidden, shape.classes * shape.hidden, shape.classes].map {
                [Float](repeating: 0, count: $0)
            }
        }

        /// v ← fl(fl(momentum·v) + g).
        mutating func accumulate(_ gradients: Gradients, momentum: Float) {
            for part in parts.indices {
                for index in parts[part].indices {
                    parts[part][index] = momentum * parts[part][index] + gradients.parts[part][index]
                }
            }
        }
    }

    private mutating func move(_ velocity: Gradients, rate: Float) {
        func moved(_ weights: inout [Float], _ velocity: [Float]) {
            for index in weights.indices { weights[index] -= rate * velocity[index] }
        }
        moved(&hiddenWeights, velocity.parts[0])
        moved(&hiddenBiases, velocity.parts[1])
        moved(&outputWeights, velocity.parts[2])
        moved(&outputBiases, velocity.parts[3])
    }

    /// Gradients of the mean cross entropy of some examples; adds their losses to `loss`.
    private func gradients(
        _ data: ImageDataset, _ examples: [Int], _ kernels: Kernels, _ loss: inout Double
    ) -> Gradients {
        let count = examples.count
        let x = examples.flatMap { data.values($0) }
        let hidden = product(
            x, rows: count, hiddenWeights, columns: shape.hidden, depth: shape.pixels, hiddenBiases, kernels
        )
        .map { $0 > 0 ? $0 : 0 }
        let logits = product(
            hidden, rows: count, outputWeights, columns: shape.classes, depth: shape.hidden, outputBiases, kernels)
        var logitGradients: [Float] = []
        for (place, example) in examples.enumerated() {
            let row = Array(logits[place * shape.classes..<(place + 1) * shape.classes])
            let label = Int(data.labels[example])
            loss += Double(VectorFunctions.crossEntropy(row, label: label))
            logitGradients += VectorFunctions.crossEntropyGradient(row, label: label, weight: 1 / Float(count))
        }
        var hiddenGradients = product(
            logitGradients, rows: count, Self.transposed(outputWeights, shape.classes, shape.hidden),
            columns: shape.hidden, depth: shape.classes, nil, kernels)
        for index in hiddenGradients.indices where !(hidden[index] > 0) { hiddenGradients[index] = 0 }
        var result = Gradients(shape)
        result.parts[0] = product(
            Self.transposed(hiddenGradients, count, shape.hidden), rows: shape.hidden,
            Self.transposed(x, count, shape.pixels), columns: shape.pixels, depth: count, nil, kernels)
        result.parts[2] = product(
            Self.transposed(logitGradients, count, shape.classes), rows: shape.classes,
            Self.transposed(hidden, count, shape.hidden), columns: shape.hidden, depth: count, nil, kernels)
        for place in 0..<count {
            for index in 0..<shape.hidden { result.parts[1][index] += hiddenGradients[place * shape.hidden + index] }
            for index in 0..<shape.classes { result.parts[3][index] += logitGradients[place * shape.classes + index] }
        }
        return result
    }

    /// a[rows, depth] · b[columns, depth]ᵀ + bias, the FP32 product of section 8.
    private func product(
        _ a: [Float], rows: Int, _ b: [Float], columns: Int, depth: Int, _ bias: [Float]?, _ kernels: Kernels
    ) -> [Float] {
        let packed = AlignedBuffer<Float>(
            uninitializedCount: Kernels.packedFloat32Count(rows: columns, columns: depth))
        kernels.packFloat32(b, rowStride: depth, rows: columns, columns: depth, into: packed.baseAddress)
        return [Float](unsafeUninitializedCapacity: rows * columns) { y, initialized in
            initialized = rows * columns
            func multiply(_ bias: UnsafePointer<Float>?) {
                kernels.linearFloat32(
                    a, rowStride: depth, rows: rows, packed: packed.baseAddress, columns: columns, depth: depth,
                    bias: bias, into: y.baseAddress!, rowStride: columns)
            }
            if let bias { bias.withUnsafeBufferPointer { multiply($0.baseAddress) } } else { multiply(nil) }
        }
    }

    private static func transposed(_ x: [Float], _ rows: Int, _ columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: x.count)
        for row in 0..<rows {
            for column in 0..<columns { result[column * rows + row] = x[row * columns + column] }
        }
        return result
    }
}
