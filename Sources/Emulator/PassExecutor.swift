import Kernels
import NumberFormats
import Programs

/// Runs a program's forward operations for one group of examples after another, in one thread.
///
/// Everything in a forward is per token or per example, so the group's size decides no bit.
final class PassExecutor {
    /// The weights that products read, packed for the kernels.
    struct PackedWeights: Sendable {
        /// [linear number]; the sign of a product chooses among them.
        var none: [SharedBuffer<Int8>?]
        var plus: [SharedBuffer<Int8>?]
        var minus: [SharedBuffer<Int8>?]
        var values: [SharedBuffer<Float>?]
        /// Head bias at +d and −d; nil where it is not trained.
        var plusBias: SharedBuffer<Float>?
        var minusBias: SharedBuffer<Float>?
    }

    private let program: Program
    private let parameters: EncoderParameters
    private let kernels: Kernels
    private let layout: ActivationLayout
    private let memory: AlignedBuffer<UInt8>
    private let groupSize: Int
    private var packed: AlignedBuffer<Int8>
    private var packedFloat: AlignedBuffer<Float>
    private var scratch: AlignedBuffer<Float>
    private(set) var macs = 0
    /// Counted where set, at the price of a second product.
    var accumulators: AccumulatorStatistics?
    /// Whether operations of the frozen prefix are counted, too: the program runs them once, whole layers once a query.
    var countsShared = true
    /// Where set, times each operation: seconds of whatever the caller measures.
    var clock: (@Sendable () -> Double)?
    /// Time by kind of operation, filled while `clock` is set.
    private(set) var profile: [String: Double] = [:]

    init(program: Program, parameters: EncoderParameters, kernels: Kernels, groupSize: Int) {
        self.program = program
        self.parameters = parameters
        self.kernels = kernels
        self.groupSize = groupSize
        layout = ActivationLayout(program: program, examples: groupSize)
        memory = AlignedBuffer(count: layout.bytes)
        let sequence = program.step.sequence
        let depth = parameters.shape.headDimension
        let isQuantized = parameters.precision == .quantized
        packed = AlignedBuffer(
            count: isQuantized
                ? max(
                    Kernels.packedInt8Count(rows: sequence, columns: depth),
                    Kernels.packedInt8Count(rows: depth, columns: sequence)) : 0)
        packedFloat = AlignedBuffer(
            count: isQuantized
                ? 0
                : max(
                    Kernels.packedFloat32Count(rows: sequence, columns: depth),
                    Kernels.packedFloat32Count(rows: depth, columns: sequence)))
        scratch = AlignedBuffer(count: 2 * sequence)
    }

    /// Where one pass leaves its results, an entry an example of the whole batch.
    struct Outputs: Sendable {
        /// [batch].
        let losses: SharedBuffer<Float>
        /// [batch, classes].
        let logits: SharedBuffer<Float>
        /// [batch, hidden].
        let pooled: SharedBuffer<Float>
    }

    /// Runs `operations` for the examples `range` of the batch (at most `groupSize` of them). `pooled` [batch, hidden] stands for the result
    /// of the operations before them, where these end with the shared pool.
    func run(
        _ operations: [Operation], examples range: Range<Int>, batch: EncodedBatch, weights: PackedWeights,
        pooled: SharedBuffer<Float>?, outputs: (Pass) -> Outputs
    ) throws(EmulatorError) {
        if let pooled, let pool = program.operations.first(where: \.isSharedPool) {
            let hidden = parameters.shape.hidden
            float(pool.writes[0]).update(
                from: pooled.baseAddress + range.lowerBound * hidden, count: range.count * hidden)
        }
        for operation in operations {
            let start = clock?()
            defer {
                if let clock, let start { profile[operation.action.kindName, default: 0] += clock() - start }
            }
            switch operation.action {
            case .embed(_, let columns): embed(operation, columns: columns, range, batch)
            case .quantizeRows(_, let columns):
                let x = float(operation.reads[0])
                kernels.quantizeRows(
                    x, rowStride: columns, rows: count(operation.reads[0], range) / columns, columns: columns,
                    codes: int8(operation.writes[0]), codeStride: columns, scales: float(operation.writes[1]),
                    limit: program[operation.writes[0]].format.codeLimit)
            case .quantizeColumns(_, let rows, let columns):
                quantizeValues(operation, rows: rows, columns: columns, range, batch)
            case .product(let product): multiply(operation, product, range, weights)
            case .softmax(_, let columns): softmax(operation, columns: columns, range, batch)
            case .addNorm(.layerNorm, _, let columns, keepsSum: false): addLayerNorm(operation, columns: columns, range)
            case .activation(.gelu, _):
                let total = count(operation.reads[0], range)
                let y = float(operation.writes[0])
                if y != float(operation.reads[0]) { y.update(from: float(operation.reads[0]), count: total) }
                kernels.gelu(y, count: total)
            case .meanPool(_, let rows, let columns):
                let x = float(operation.reads[0])
                let y = float(operation.writes[0])
                for (place, example) in range.enumerated() {
                    kernels.meanPool(
                        x + place * rows * columns, rowStride: columns, validRows: Int(batch.lengths[example]),
                        columns: columns,
                        out: y + place * columns)
                }
                (outputs(operation.pass).pooled.baseAddress + range.lowerBound * columns)
                    .update(from: y, count: range.count * columns)
            case .loss(_, _, let classes):
                let logits = float(operation.reads[0])
                let output = outputs(operation.pass)
                (output.logits.baseAddress + range.lowerBound * classes).update(
                    from: logits, count: range.count * classes)
                for (place, example) in range.enumerated() {
                    output.losses[example] = kernels.crossEntropy(
                        logits + place * classes, classes: classes, label: Int(batch.labels[example]))
                }
            case .addAdapter: addAdapter(operation, range)
            case .projectedGradient, .update, .updateBias, .perturbInPlace:
                preconditionFailure("not a forward operation")
            case .lookUp, .quantizeByHead, .quantizeByToken, .regroup, .cast, .rotate, .norm, .addNorm, .add,
                .broadcast, .activation, .gate, .select, .firstOrder:
                throw .notEmulated(operation: operation.name)
            }
        }
    }

    private func counts(_ operation: Operation) -> Bool {
        accumulators != nil && (countsShared || operation.pass != .shared)
    }

    /// Forgets the times so far.
    func resetProfile() { profile = [:] }

    // MARK: Operands

    private func address(_ id: TensorID) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(memory.baseAddress) + layout.offsets[id.index]!
    }

    private func float(_ id: TensorID) -> UnsafeMutablePointer<Float> {
        address(id).assumingMemoryBound(to: Float.self)
    }
    private func int8(_ id: TensorID) -> UnsafeMutablePointer<Int8> { address(id).assumingMemoryBound(to: Int8.self) }
    private func count(_ id: TensorID, _ range: Range<Int>) -> Int { program[id].elements(batch: range.count) }

    // MARK: Operations

    private func embed(_ operation: Operation, columns: Int, _ range: Range<Int>, _ batch: EncodedBatch) {
        let sequence = batch.sequence
        let checkpoint = parameters.checkpoint
        let y = float(operation.writes[0])
        batch.tokens.withUnsafeBufferPointer { tokens in
            for (place, example) in range.enumerated() {
                kernels.embed(
                    tokens: tokens.baseAddress! + example * sequence, rows: sequence,
                    word: checkpoint.parameter(.wordEmbeddings).baseAddress!, vocabulary: parameters.shape.vocabulary,
                    position: checkpoint.parameter(.positionEmbeddings).baseAddress!,
                    type: checkpoint.parameter(.typeEmbeddings).baseAddress!,
                    gamma: checkpoint.norm(0).weight.baseAddress!,
                    beta: checkpoint.norm(0).bias.baseAddress!, epsilon: parameters.layerNormEpsilon, columns: columns,
                    out: y + place * sequence * columns)
            }
        }
    }

    private func quantizeValues(
        _ operation: Operation, rows: Int, columns: Int, _ range: Range<Int>, _ batch: EncodedBatch
    ) {
        let hidden = parameters.shape.hidden
        let heads = parameters.shape.heads
        let x = float(operation.reads[0])
        let codes = int8(operation.writes[0])
        let scales = float(operation.writes[1])
        for (place, example) in range.enumerated() {
            for head in 0..<heads {
                let instance = place * heads + head
                kernels.quantizeColumns(
                    x + place * rows * hidden + head * columns, rowStride: hidden,
                    validRows: Int(batch.lengths[example]),
                    rows: rows, columns: columns, codes: codes + instance * rows * columns, codeStride: rows,
                    scales: scales + instance * columns, limit: program[operation.writes[0]].format.codeLimit)
            }
        }
    }

    private func softmax(_ operation: Operation, columns: Int, _ range: Range<Int>, _ batch: EncodedBatch) {
        let rows = parameters.shape.heads * columns
        let factor = 1 / Float(parameters.shape.headDimension).squareRoot()
        let x = float(operation.writes[0])
        for (place, example) in range.enumerated() {
            kernels.softmaxRows(
                x + place * rows * columns, rowStride: columns, rows: rows, columns: columns,
                valid: Int(batch.lengths[example]), factor: factor)
        }
    }

    private func addLayerNorm(_ operation: Operation, columns: Int, _ range: Range<Int>) {
        guard case .normWeight(let index) = program[operation.reads[2]].binding else {
            preconditionFailure("the third operand of a layer norm is a norm's weight")
        }
        let norm = parameters.checkpoint.norm(index)
        kernels.addLayerNorm(
            residual: float(operation.reads[1]), float(operation.reads[0]), gamma: norm.weight.baseAddress!,
            beta: norm.bias.baseAddress!, epsilon: parameters.layerNormEpsilon,
            rows: count(operation.reads[0], range) / columns, columns: columns, out: float(operation.writes[0]))
    }

    private func multiply(
        _ operation: Operation, _ product: Product, _ range: Range<Int>, _ weights: PackedWeights
    ) {
        switch product.role {
        case .linear(let number), .adapter(.forward, let number):
            linear(operation, product, number, range, weights)
        case .attentionScores, .attentionContext:
            attention(operation, product, range)
        default: preconditionFailure("a backward product in a forward")
        }
    }

    private func linear(
        _ operation: Operation, _ product: Product, _ number: Int, _ range: Range<Int>, _ weights: PackedWeights
    ) {
        let linear = parameters.matrix(number)
        let rows = count(operation.writes[0], range) / product.n
        var bias: UnsafePointer<Float>? =
            number < parameters.linears.count ? UnsafePointer(linear.bias.baseAddress) : nil
        if number == parameters.shape.headNumber {
            if product.sign == .plus, let perturbed = weights.plusBias { bias = UnsafePointer(perturbed.baseAddress) }
            if product.sign == .minus, let perturbed = weights.minusBias { bias = UnsafePointer(perturbed.baseAddress) }
        }
        macs += rows * product.n * product.k
        let y = float(operation.writes[0])
        guard product.isInteger else {
            kernels.linearFloat32(
                float(operation.reads[0]), rowStride: product.k, rows: rows,
                packed: weights.values[number]!.baseAddress,
                columns: product.n, depth: product.k, bias: bias, into: y, rowStride: product.n)
            return
        }
        let packed =
            switch product.sign {
            case .none: weights.none[number]!.baseAddress
            case .plus: weights.plus[number]!.baseAddress
            case .minus: weights.minus[number]!.baseAddress
            case .both: preconditionFailure("the emulator runs one sign after the other")
            }
        if counts(operation) {
            let codes = kernels.unpackedInt8(packed, rows: product.n, columns: product.k)
            accumulators?.count(
                operation, int8(operation.reads[0]), rowStride: product.k, codes, rowStride: product.k, m: rows,
                n: product.n, k: product.k, kernels: kernels)
        }
        kernels.linearInt8(
            int8(operation.reads[0]), rowStride: product.k, rows: rows, rowScales: float(operation.reads[1]),
            packed: packed,
            columns: product.n, depth: product.k, columnScales: linear.scales.baseAddress, bias: bias, into: y,
            rowStride: product.n)
        if product.hasFactor {
            let factor = parameters.layout.adapterFactor
            for i in 0..<rows * product.n { y[i] *= factor }
        }
    }

    /// y with what an adapter adds to it.
    private func addAdapter(_ operation: Operation, _ range: Range<Int>) {
        let (added, y, sum) = (float(operation.reads[0]), float(operation.reads[1]), float(operation.writes[0]))
        for i in 0..<count(operation.writes[0], range) { sum[i] = y[i] + added[i] }
    }

    /// Scores: query [T, H] by key [T, H], head by head; context: probabilities [A·T, T] by value codes [D, T].
    private func attention(_ operation: Operation, _ product: Product, _ range: Range<Int>) {
        let hidden = parameters.shape.hidden
        let heads = parameters.shape.heads
        let depth = parameters.shape.headDimension
        let tokens = program.step.sequence
        let isScores = product.role == .attentionScores
        let isQuantized = product.isInteger
        macs += range.count * heads * product.m * product.n * product.k
        for place in 0..<range.count {
            for head in 0..<heads {
                let instance = place * heads + head
                let tokenwise = place * tokens * hidden + head * depth
                let square = instance * tokens * tokens
                let y = float(operation.writes[0]) + (isScores ? square : tokenwise)
                let yStride = isScores ? tokens : hidden
                let xOffset = isScores ? tokenwise : square
                let xStride = isScores ? hidden : tokens
                if isQuantized {
                    let rowScales: UnsafePointer<Float>
                    let columnScales: UnsafePointer<Float>
                    if isScores {
                        gather(
                            float(operation.reads[1]) + place * tokens * heads + head, tokens, heads,
                            scratch.baseAddress)
                        gather(
                            float(operation.reads[3]) + place * tokens * heads + head, tokens, heads,
                            scratch.baseAddress + tokens)
                        rowScales = UnsafePointer(scratch.baseAddress)
                        columnScales = UnsafePointer(scratch.baseAddress + tokens)
                        kernels.packInt8(
                            int8(operation.reads[2]) + tokenwise, rowStride: hidden, rows: tokens, columns: depth,
                            into: packed.baseAddress)
                    } else {
                        rowScales = UnsafePointer(float(operation.reads[1]) + instance * tokens)
                        columnScales = UnsafePointer(float(operation.reads[3]) + instance * depth)
                        kernels.packInt8(
                            int8(operation.reads[2]) + instance * tokens * depth, rowStride: tokens, rows: depth,
                            columns: tokens, into: packed.baseAddress)
                    }
                    if counts(operation) {
                        accumulators?.count(
                            operation, int8(operation.reads[0]) + xOffset, rowStride: xStride,
                            int8(operation.reads[2]) + (isScores ? tokenwise : instance * tokens * depth),
                            rowStride: isScores ? hidden : tokens, m: product.m, n: product.n, k: product.k,
                            kernels: kernels)
                    }
                    kernels.linearInt8(
                        int8(operation.reads[0]) + xOffset, rowStride: xStride, rows: product.m, rowScales: rowScales,
                        packed: packed.baseAddress, columns: product.n, depth: product.k, columnScales: columnScales,
                        bias: nil,
                        into: y, rowStride: yStride)
                } else {
                    let second = float(operation.reads[1]) + tokenwise
                    if isScores {
                        kernels.packFloat32(
                            second, rowStride: hidden, rows: tokens, columns: depth, into: packedFloat.baseAddress)
                    } else {
                        kernels.packFloat32Transposed(
                            second, rowStride: hidden, rows: depth, columns: tokens, into: packedFloat.baseAddress)
                    }
                    kernels.linearFloat32(
                        float(operation.reads[0]) + xOffset, rowStride: xStride, rows: product.m,
                        packed: packedFloat.baseAddress,
                        columns: product.n, depth: product.k, bias: nil, into: y, rowStride: yStride)
                }
            }
        }
    }

    /// Copies `count` values `stride` apart to one run.
    private func gather(
        _ source: UnsafeMutablePointer<Float>, _ count: Int, _ stride: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count { target[index] = source[index * stride] }
    }
}

extension Operation {
    /// Ends the frozen prefix of a step that trains the head alone.
    var isSharedPool: Bool {
        if case .meanPool = action { pass == .shared } else { false }
    }
}

extension Product {
    /// Whether both operands are integer codes, a byte each in the emulator's memory.
    fileprivate var isInteger: Bool { firstFormat.integer != nil && secondFormat.integer != nil }
}

extension Action {
    /// The kind of work, as profiles name it.
    var kindName: String {
        switch self {
        case .embed: "embed"
        case .quantizeRows, .quantizeColumns: "quantize"
        case .product(let product):
            switch product.role {
            case .linear, .adapter: "linear product"
            default: "attention product"
            }
        case .softmax: "softmax"
        case .addNorm(.layerNorm, _, _, keepsSum: false): "layer norm"
        case .activation(.gelu, _): "gelu"
        case .meanPool: "pool"
        case .loss: "loss"
        case .projectedGradient, .update, .updateBias, .perturbInPlace: "update"
        case .addAdapter: "add adapter"
        case .lookUp, .quantizeByHead, .quantizeByToken, .regroup, .cast, .rotate, .norm, .addNorm, .add, .broadcast,
            .activation, .gate, .select, .firstOrder:
            "not emulated"
        }
    }
}
