import Kernels
import NumberFormats
import Programs

/// Runs the operations of one floating-point or first-order step, each on whole tensors (docs/semantics.md, section 13).
///
/// An operation's work is shared among threads where its results do not depend on it: by rows, by heads, by outputs.
final class TrainingRun {
    let program: Program
    let state: TrainingState
    let kernels: Kernels
    let threads: Int
    let arithmetic: TrainingEmulator.FloatArithmetic
    let batch: EncodedBatch
    /// Examples of the whole step, of which the program has a share in each micro-batch.
    let examples: Int
    let optimizer: OptimizerScalars?
    /// Which examples an input tensor stands for: the first one of each micro-batch.
    private let firstExamples: [TensorID: Int]
    /// The last operation that reads a tensor.
    private let lastReads: [TensorID: Int]
    private var tensors: [TensorID: TensorValues] = [:]
    /// The two signs' weights and biases of a zeroth-order query; empty where weights are read as they are.
    var perturbed: TrainingEmulator.Perturbed = [:]
    private(set) var macs = 0
    /// By pass: losses and logits of the examples so far, micro-batches ascending.
    private(set) var losses: [Pass: [Float]] = [:]
    private(set) var logits: [Pass: [Float]] = [:]
    /// Trained values that changed in memory.
    var moved = 0
    /// Σ g² over the weight gradients as they reached the optimizer.
    var squaredGradient = 0.0
    /// Told of each gradient that reaches an optimizer, with its operation's name. Tests set it.
    var observer: ((_ name: String, _ gradient: UnsafeBufferPointer<Float>) -> Void)?

    init(
        program: Program, state: TrainingState, kernels: Kernels, threads: Int,
        arithmetic: TrainingEmulator.FloatArithmetic, batch: EncodedBatch, optimizer: OptimizerScalars?
    ) {
        self.program = program
        self.state = state
        self.kernels = kernels
        self.threads = threads
        self.arithmetic = arithmetic
        self.batch = batch
        self.optimizer = optimizer
        examples = batch.count
        var seen: [Tensor.Binding: Int] = [:]
        var firstExamples: [TensorID: Int] = [:]
        for (index, tensor) in program.tensors.enumerated() {
            guard let binding = tensor.binding, [.tokens, .lengths, .labels].contains(binding) else { continue }
            firstExamples[TensorID(index: index)] = seen[binding, default: 0] * program.step.batch
            seen[binding, default: 0] += 1
        }
        self.firstExamples = firstExamples
        var lastReads: [TensorID: Int] = [:]
        for (index, operation) in program.operations.enumerated() {
            for id in operation.reads { lastReads[id] = index }
        }
        self.lastReads = lastReads
    }

    var shape: EncoderShape { state.parameters.shape }
    /// Examples of the program: those of a micro-batch.
    var count: Int { program.step.batch }
    var tokens: Int { program.step.sequence }

    /// Runs the program's operations from the first to the last that `isWanted`.
    func run(_ isWanted: (Operation) -> Bool, until isLast: (Operation) -> Bool = { _ in false }) throws(EmulatorError)
    {
        for (index, operation) in program.operations.enumerated() where isWanted(operation) {
            try run(operation)
            for id in operation.reads where lastReads[id] == index { tensors[id] = nil }
            if isLast(operation) { break }
        }
    }

    /// Runs the operations at places `range` of the program.
    func run(range: Range<Int>) throws(EmulatorError) {
        for index in range {
            let operation = program.operations[index]
            try run(operation)
            for id in operation.reads where lastReads[id] == index { tensors[id] = nil }
        }
    }

    private func run(_ operation: Operation) throws(EmulatorError) {
        switch operation.action {
        case .embed(let rows, let columns): try embed(operation, rows: rows, columns: columns)
        case .quantizeRows(let rows, let columns): try quantizeRows(operation, rows: rows, columns: columns)
        case .quantizeColumns(let instances, let rows, let columns):
            try quantizeColumns(operation, instances: instances, rows: rows, columns: columns)
        case .product(let product): try multiply(operation, product)
        case .softmax(let rows, let columns): try softmax(operation, rows: rows, columns: columns)
        case .addNorm(.layerNorm, let rows, let columns, keepsSum: false):
            try addLayerNorm(operation, rows: rows, columns: columns)
        case .add, .addAdapter: try sum(operation)
        case .cast: try cast(operation)
        case .activation(.gelu, _): try gelu(operation)
        case .meanPool(let examples, let rows, let columns):
            try meanPool(operation, examples: examples, rows: rows, columns: columns)
        case .loss(_, _, let classes): try loss(operation, classes: classes)
        case .firstOrder(let action): try backward(operation, action)
        case .projectedGradient, .update, .updateBias: preconditionFailure("the emulator's own")
        default: throw .notEmulated(operation: operation.name)
        }
    }

    // MARK: Tensors

    /// What a tensor holds.
    func values(_ id: TensorID, _ operation: Operation) throws(EmulatorError) -> TensorValues {
        if let known = tensors[id] { return known }
        let tensor = program[id]
        guard tensor.isPersistent, let values = state.values(of: tensor, in: program.step) else {
            throw .notEmulated(operation: operation.name)
        }
        tensors[id] = values
        return values
    }

    func numbers(_ id: TensorID, _ operation: Operation) throws(EmulatorError) -> AlignedBuffer<Float> {
        try values(id, operation).numbers
    }

    /// A tensor to be written whole; its values are to be rounded by `store` when they are there.
    func made(_ id: TensorID, _ operation: Operation) throws(EmulatorError) -> AlignedBuffer<Float> {
        let tensor = program[id]
        guard tensor.format == .fp32 || tensor.format == .bf16 else { throw .notEmulated(operation: operation.name) }
        let elements = tensor.elements(batch: count)
        if let known = tensors[id], known.count == elements { return known.numbers }
        let buffer = AlignedBuffer<Float>(uninitializedCount: elements)
        tensors[id] = .numbers(buffer)
        return buffer
    }

    /// Codes to be written whole.
    func madeCodes(_ id: TensorID, _ operation: Operation) throws(EmulatorError) -> AlignedBuffer<Int8> {
        let tensor = program[id]
        guard [.int8, .int4, .e4m3, .e5m2].contains(tensor.format) else {
            throw .notEmulated(operation: operation.name)
        }
        let buffer = AlignedBuffer<Int8>(uninitializedCount: tensor.elements(batch: count))
        tensors[id] = .codes(buffer)
        return buffer
    }

    /// Rounds what was written to the tensors' formats; a further tensor is a copy of the first, rounded by itself.
    func store(_ ids: [TensorID], _ operation: Operation) throws(EmulatorError) {
        guard let first = ids.first else { return }
        let source = try numbers(first, operation)
        for id in ids.dropFirst() {
            try made(id, operation).baseAddress.update(from: source.baseAddress, count: source.count)
        }
        for id in ids where program[id].format == .bf16 { round(try numbers(id, operation)) }
    }

    func round(_ buffer: AlignedBuffer<Float>) {
        let shared = buffer.shared
        inPieces(buffer.count, of: 65536, threads: threads) { range in
            for i in range { shared[i] = roundedToBF16(shared[i]) }
        }
    }

    /// An operand as numbers: codes times their scales, fl(code·s), where it has them.
    ///
    /// - Parameter place: of the values among the operation's reads; the scales stand behind them.
    func dequantized(_ place: Int, _ operation: Operation) throws(EmulatorError) -> AlignedBuffer<Float> {
        let id = operation.reads[place]
        guard program[id].format.hasScales else { return try numbers(id, operation) }
        let codes = try values(id, operation).codes
        let scales = try numbers(operation.reads[place + 1], operation)
        let result = AlignedBuffer<Float>(uninitializedCount: codes.count)
        let run = codes.count / scales.count
        let (source, factors, target) = (codes.shared, scales.shared, result.shared)
        let table = program[id].format.codeNumbers
        inPieces(scales.count, of: max(1, 65536 / run), threads: threads) { range in
            for group in range {
                let factor = factors[group]
                for i in group * run..<(group + 1) * run {
                    target[i] = table[Int(UInt8(bitPattern: source[i]))] * factor
                }
            }
        }
        return result
    }

    /// Place of the operand behind the one at `place` among the reads.
    func next(_ place: Int, _ operation: Operation) -> Int {
        place + (program[operation.reads[place]].format.hasScales ? 2 : 1)
    }

    /// The first example that an input tensor stands for.
    func firstExample(_ id: TensorID) -> Int { firstExamples[id] ?? 0 }

    func count(macs number: Int) { macs += number }

    func append(losses values: [Float], logits: [Float], _ pass: Pass) {
        losses[pass, default: []] += values
        self.logits[pass, default: []] += logits
    }
}
