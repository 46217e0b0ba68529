import Kernels
import Networks
import NumberFormats
import Programs

/// What a floating-point run keeps from step to step: trained weights and biases, which are those of `EncoderParameters`, and moments; and, made
/// once, what frozen layers are in a program's formats.
final class TrainingState {
    let parameters: EncoderParameters
    private let kernels: Kernels
    private let threads: Int
    /// Moments, by their tensors' names.
    private(set) var moments: [String: AlignedBuffer<Float>] = [:]
    private var frozen: [String: TensorValues] = [:]
    private let numbers: [String: Int]

    init(parameters: EncoderParameters, kernels: Kernels, threads: Int) {
        self.parameters = parameters
        self.kernels = kernels
        self.threads = threads
        numbers = Dictionary(
            uniqueKeysWithValues: parameters.numbers.map { (parameters.layout.matrixName($0), $0) })
    }

    /// Forgets what was made of weights that were changed from outside.
    func invalidate() { frozen = [:] }

    /// The values of a tensor that lives as long as the step.
    ///
    /// - Returns: nil where this emulation has no place for it.
    func values(of tensor: Tensor, in step: StepDescription) -> TensorValues? {
        switch tensor.binding {
        case .linearWeight(let number):
            let linear = parameters.linears[number]
            if linear.format == tensor.format { return linear.stored }
            if step.trained.contains(number) { return stored(linear.values, tensor.format) }
            return made(tensor) { made(linear, tensor) }
        case .linearScales(let number):
            if parameters.linears[number].format.hasScales { return .numbers(parameters.linears[number].scales) }
            return made(tensor) { quantized(number, step.weightFormat(number)).scales }
        case .linearBias(let number): return .numbers(parameters.linears[number].bias)
        case .normWeight(let index):
            return made(tensor) { .numbers(AlignedBuffer(parameters.checkpoint.norm(index).weight)) }
        case .normBias(let index):
            return made(tensor) { .numbers(AlignedBuffer(parameters.checkpoint.norm(index).bias)) }
        case .wordEmbeddings, .positionEmbeddings, .typeEmbeddings, .tokens, .lengths, .labels, .linearResiduals:
            return nil
        case nil: break
        }
        // Masters, and the matrices of adapters.
        for suffix in [".master", ".weight"] where tensor.kind == .weights && tensor.name.hasSuffix(suffix) {
            guard let number = numbers[String(tensor.name.dropLast(suffix.count))] else { continue }
            let matrix = parameters.matrix(number)
            return matrix.format == tensor.format ? matrix.stored : stored(matrix.values, tensor.format)
        }
        if tensor.kind == .scales, tensor.name.hasSuffix(".scales"),
            let number = numbers[String(tensor.name.dropLast(7))],
            parameters.matrix(number).format.hasScales
        {
            return .numbers(parameters.matrix(number).scales)
        }
        guard tensor.kind == .optimizerState, [.fp32, .bf16].contains(tensor.format) else { return nil }
        if let known = moments[tensor.name] { return .numbers(known) }
        let zeros = AlignedBuffer<Float>(count: tensor.elements(batch: 1))
        moments[tensor.name] = zeros
        return .numbers(zeros)
    }

    /// Sets a moment to what a checkpoint has.
    func setMoment(_ name: String, _ values: AlignedBuffer<Float>) { moments[name] = values }

    /// Trained values in the format in which memory holds them; rounding again changes nothing.
    private func stored(_ values: AlignedBuffer<Float>, _ format: ElementFormat) -> TensorValues? {
        switch format {
        case .fp32: break
        case .bf16:
            let shared = values.shared
            inPieces(values.count, of: 65536, threads: threads) { range in
                for i in range { shared[i] = roundedToBF16(shared[i]) }
            }
        default: return nil
        }
        return .numbers(values)
    }

    private func made(_ tensor: Tensor, _ make: () -> TensorValues?) -> TensorValues? {
        let key = tensor.name + "." + tensor.format.rawValue
        if let known = frozen[key] { return known }
        frozen[key] = make()
        return frozen[key]
    }

    /// An embedding table in its tensor's format.
    func table(_ tensor: Tensor, _ source: UnsafeBufferPointer<Float>) -> SharedBuffer<Float> {
        guard tensor.format == .bf16,
            let values = made(tensor, { .numbers(AlignedBuffer(source.map(roundedToBF16))) })
        else { return SharedBuffer(UnsafeMutableBufferPointer(mutating: source)) }
        return values.numbers.shared
    }

    /// A frozen layer's weights in a tensor's format.
    private func made(_ linear: EncoderParameters.Linear, _ tensor: Tensor) -> TensorValues? {
        switch tensor.format {
        case .fp32: return .numbers(linear.values)
        case .bf16:
            return .numbers(AlignedBuffer(linear.values.elements.map(roundedToBF16)))
        case .int8, .int4, .e4m3, .e5m2:
            guard let number = parameters.linears.firstIndex(where: { $0 === linear }) else { return nil }
            return quantized(number, tensor.format).codes
        default: return nil
        }
    }

    private func quantized(_ number: Int, _ format: ElementFormat) -> (codes: TensorValues, scales: TensorValues) {
        let linear = parameters.linears[number]
        let codes = AlignedBuffer<Int8>(uninitializedCount: linear.count)
        let scales = AlignedBuffer<Float>(uninitializedCount: linear.rows)
        kernels.quantizeRows(
            linear.values.baseAddress, rows: linear.rows, columns: linear.columns, format: format,
            codes: codes.baseAddress, scales: scales.baseAddress)
        return (.codes(codes), .numbers(scales))
    }
}
