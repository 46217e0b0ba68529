import Networks
import NumberFormats

/// Lowers forward passes of a transformer (docs/semantics.md, section 9).
struct TransformerForward {
    /// Which pass an operation belongs to, and how that pass perturbs.
    struct Span {
        let pass: Pass
        /// What perturbs weights as they are loaded.
        let sign: PerturbationSign
        /// What perturbs a new head's bias.
        let biasSign: PerturbationSign
        /// Values that a backward pass reads are kept.
        let saves: Bool

        init(_ pass: Pass, _ sign: PerturbationSign = .none, biasSign: PerturbationSign? = nil, saves: Bool = false) {
            self.pass = pass
            self.sign = sign
            self.biasSign = biasSign ?? sign
            self.saves = saves
        }
        /// Passes at once.
        var copies: Int { sign.copies }
    }

    /// A tensor of activations, with how many passes' it holds: what comes before the first perturbed weight is the same in both.
    struct Value {
        let id: TensorID
        let copies: Int
    }

    /// Operand of a product: codes and their scales, or values alone.
    struct Operand {
        let values: TensorID
        var scales: TensorID?
        let copies: Int
        var operands: [TensorID] { [values] + (scales.map { [$0] } ?? []) }
    }

    struct Linear {
        let weight: TensorID
        let scales: TensorID?
        let bias: TensorID?
        var operands: [TensorID] { [weight] + (scales.map { [$0] } ?? []) }
    }

    struct Norm {
        let weight: TensorID
        let bias: TensorID?
        var operands: [TensorID] { [weight] + (bias.map { [$0] } ?? []) }
    }

    /// The blocks' state, with what is to be added to it before the next norm.
    struct Stream {
        var state: Value
        var branch: Value?
    }

    let step: StepDescription
    let formats: StepFormats
    private(set) var tokens: TensorID
    private(set) var lengths: TensorID
    private(set) var labels: TensorID
    let wordEmbeddings: TensorID
    let positionEmbeddings: TensorID?
    let typeEmbeddings: TensorID?
    /// Cosines and sines of the rotary positions.
    let rotations: TensorID?
    let norms: [Norm]
    private(set) var linears: [Linear]
    /// A and B of the adapters, by number (`StepDescription.adapterNumbers`).
    private(set) var adapters: [Int: Linear] = [:]

    var network: TransformerConfiguration { step.network }

    /// Declares parameters and inputs.
    ///
    /// - Parameter madeEachStep: matrices whose codes or values the step makes itself from FP32 masters; they live only as long as it reads
    ///   them.
    init(step: StepDescription, madeEachStep: Set<Int> = [], in builder: inout ProgramBuilder) {
        self.step = step
        formats = step.formats
        let (network, formats) = (step.network, formats)
        (tokens, lengths, labels) = Self.inputs(step, in: &builder)
        let table = formats.embedding
        wordEmbeddings = builder.parameter(
            "embeddings.word", table, network.vocabulary * network.embeddingWidth, .otherParameters, .wordEmbeddings)
        positionEmbeddings = network.positions.map {
            builder.parameter(
                "embeddings.position", table, $0 * network.hidden, .otherParameters, .positionEmbeddings)
        }
        typeEmbeddings =
            network.tokenTypes == 0
            ? nil
            : builder.parameter(
                "embeddings.type", table, network.tokenTypes * network.hidden, .otherParameters, .typeEmbeddings)
        rotations =
            network.isRotary
            ? builder.parameter("rotations", .fp32, step.sequence * network.headDimension, .otherParameters) : nil
        norms = (0..<network.normCount).map { index in
            Norm(
                weight: builder.parameter(
                    "norm.\(index).weight", .fp32, network.hidden, .otherParameters, .normWeight(index: index)),
                bias: network.norm == .layerNorm
                    ? builder.parameter(
                        "norm.\(index).bias", .fp32, network.hidden, .otherParameters, .normBias(index: index)) : nil)
        }
        let words = wordEmbeddings
        linears = (0..<network.linearCount).map { number in
            Self.linear(
                number, network, formats, isMade: madeEachStep.contains(number), table: (words, table), in: &builder)
        }
        for number in step.adapterMatrices {
            let (rows, columns) = step.matrixSize(number)
            let (weight, scales) = Self.matrix(
                step.matrixName(number), rows: rows, columns: columns, step.adapterFormat,
                isMade: madeEachStep.contains(number), in: &builder)
            adapters[number] = Linear(weight: weight, scales: scales, bias: nil)
        }
    }

    private static func inputs(
        _ step: StepDescription, in builder: inout ProgramBuilder
    ) -> (tokens: TensorID, lengths: TensorID, labels: TensorID) {
        let hasLossEverywhere = step.network.classes == nil && step.lossTokens == .all
        return (
            builder.input("tokens", step.sequence, .tokens), builder.input("lengths", 1, .lengths),
            builder.input("labels", hasLossEverywhere ? step.sequence : 1, .labels)
        )
    }

    /// The same network on other examples.
    func withFurtherInputs(in builder: inout ProgramBuilder) -> TransformerForward {
        var result = self
        (result.tokens, result.lengths, result.labels) = Self.inputs(step, in: &builder)
        return result
    }

    /// The tensors of matrix `number`: a linear layer's, or an adapter's.
    func matrix(_ number: Int) -> Linear { number < linears.count ? linears[number] : adapters[number]! }

    /// The same network with other tensors for the codes or values that matrices `numbers` are made of.
    func withFurtherCodes(of numbers: [Int], in builder: inout ProgramBuilder) -> TransformerForward {
        var result = self
        for number in numbers {
            let old = matrix(number)
            let new = Linear(
                weight: builder.again(old.weight), scales: old.scales.map { builder.again($0) }, bias: old.bias)
            if number < linears.count { result.linears[number] = new } else { result.adapters[number] = new }
        }
        return result
    }

    private static func linear(
        _ number: Int, _ network: TransformerConfiguration, _ formats: StepFormats, isMade: Bool,
        table: (id: TensorID, format: ElementFormat), in builder: inout ProgramBuilder
    ) -> Linear {
        let linear = network.linear(number)
        let (rows, columns) = (linear.outputs, linear.inputs)
        let name = network.linearName(number)
        let format = number == network.headNumber ? formats.head : formats.weights
        let (weight, scales) =
            linear.isTied && format == table.format
            ? (table.id, nil)
            : matrix(name, rows: rows, columns: columns, format, isMade: isMade, number: number, in: &builder)
        let bias =
            linear.hasBias
            ? builder.parameter(name + ".bias", .fp32, rows, .otherParameters, .linearBias(number: number)) : nil
        return Linear(weight: weight, scales: scales, bias: bias)
    }

    /// A matrix's codes and scales, or values: parameters, or made by the step.
    ///
    /// - Parameter number: of the linear layer whose they are; nil for an adapter's.
    private static func matrix(
        _ name: String, rows: Int, columns: Int, _ format: ElementFormat, isMade: Bool, number: Int? = nil,
        in builder: inout ProgramBuilder
    ) -> (weight: TensorID, scales: TensorID?) {
        if isMade {
            let weight = builder.temporary(name + ".weight", rows * columns, format, .weights)
            return (weight, format.hasScales ? builder.temporary(name + ".scales", rows, .fp32, .scales) : nil)
        }
        let weight = builder.parameter(
            name + ".weight", format, rows * columns, .weights, number.map { .linearWeight(number: $0) })
        let scales =
            format.hasScales
            ? builder.parameter(name + ".scales", .fp32, rows, .scales, number.map { .linearScales(number: $0) })
            : nil
        return (weight, scales)
    }

    // MARK: Sizes

    /// Examples of a tensor.
    func examples(_ copies: Int) -> Int { step.batch * copies }
    /// Rows of token-wise operations.
    func rows(_ copies: Int) -> Int { step.batch * step.sequence * copies }
    /// The pass of work on `copies` passes' values.
    func pass(_ span: Span, _ copies: Int) -> Pass { copies < span.copies ? .shared : span.pass }

    /// An activation of `elements` elements an example and pass.
    func activation(
        _ name: String, _ elements: Int, _ format: ElementFormat? = nil, copies: Int, in builder: inout ProgramBuilder
    ) -> TensorID {
        builder.activation(name, elements * copies, format ?? formats.values)
    }

    // MARK: Parts

    /// Embeddings, and their norm: [batch·sequence, hidden].
    func embed(_ pass: Pass, in builder: inout ProgramBuilder) -> Stream {
        let x = activation("embeddings.output", step.sequence * network.hidden, copies: 1, in: &builder)
        let tables = [wordEmbeddings, positionEmbeddings, typeEmbeddings].compactMap { $0 }
        if network.hasEmbeddingNorm {
            builder.emit(
                "embeddings", .embed(rows: rows(1), columns: network.hidden), pass,
                reads: [tokens] + tables + norms[0].operands, writes: [x])
        } else {
            builder.emit(
                "embeddings", .lookUp(rows: rows(1), columns: network.hidden), pass, reads: [tokens] + tables,
                writes: [x])
        }
        return Stream(state: Value(id: x, copies: 1))
    }

    /// What a product reads of rows: codes and scales where the format asks for them, the values where they have it already.
    func quantize(
        _ x: Value, _ name: String, rowsPerExample: Int, columns: Int, to format: ElementFormat, _ span: Span,
        in builder: inout ProgramBuilder
    ) -> Operand {
        let from = builder.format(of: x.id)
        if from == format { return Operand(values: x.id, copies: x.copies) }
        let pass = pass(span, x.copies)
        guard format.hasScales else {
            let y = activation(
                name + ".values", rowsPerExample * columns, format, copies: x.copies, in: &builder)
            builder.emit(
                name + ".cast", .cast(elements: examples(x.copies) * rowsPerExample * columns), pass, reads: [x.id],
                writes: [y])
            return Operand(values: y, copies: x.copies)
        }
        let codes = activation(
            name + ".codes", rowsPerExample * columns, format, copies: x.copies, in: &builder)
        let scales = activation(
            name + ".scales", rowsPerExample, .fp32, copies: x.copies, in: &builder)
        builder.emit(
            name + ".quantize", .quantizeRows(rows: examples(x.copies) * rowsPerExample, columns: columns), pass,
            reads: [x.id], writes: [codes, scales])
        return Operand(values: codes, scales: scales, copies: x.copies)
    }

    /// Whether the backward pass reads BF16 copies of FP32 values.
    var savesCopies: Bool { formats.values == .fp32 && step.recipe?.backward != .fp32 }

    /// A BF16 copy for the backward pass, to be written by the operation that makes the values; nil where it reads the values themselves.
    func copy(_ name: String, _ elements: Int, _ span: Span, in builder: inout ProgramBuilder) -> TensorID? {
        guard span.saves, savesCopies else { return nil }
        return activation(name + ".saved", elements, .bf16, copies: 1, in: &builder)
    }

    /// A linear layer on the array, and what its adapter adds: y [rows, features].
    ///
    /// - Parameters:
    ///   - format: of y.
    ///   - copy: y as the backward pass reads it, where that is another tensor.
    ///   - keepsResult: y itself is read; if not, the copy is all that is written.
    func linear(
        _ number: Int, _ x: Operand, rowsPerExample: Int, _ span: Span, format: ElementFormat? = nil,
        copy: TensorID? = nil, keepsResult: Bool = true, in builder: inout ProgramBuilder
    ) -> Projection {
        guard step.isAdapted(number) else {
            let y = product(
                number, x, rowsPerExample: rowsPerExample, span, format: format, copy: copy, keepsResult: keepsResult,
                in: &builder)
            return Projection(y: y, adapted: nil)
        }
        let y = product(
            number, x, rowsPerExample: rowsPerExample, span, format: format, copy: nil, in: &builder)
        guard let h = adapterInput(number, x, rowsPerExample: rowsPerExample, span, in: &builder) else {
            return Projection(y: y, adapted: nil)
        }
        let sum = addAdapter(
            number, y, h, rowsPerExample: rowsPerExample, span, copy: copy, keepsResult: keepsResult, in: &builder)
        return Projection(y: sum, adapted: h)
    }

    /// Passes that linear layer `number`'s result belongs to.
    func resultCopies(_ number: Int, _ x: Operand, _ span: Span) -> Int {
        step.trained.contains(number) || step.isAdapted(number) ? max(x.copies, span.sign.copies) : x.copies
    }

    private func product(
        _ number: Int, _ x: Operand, rowsPerExample: Int, _ span: Span, format: ElementFormat?, copy: TensorID?,
        keepsResult: Bool = true, in builder: inout ProgramBuilder
    ) -> Value {
        let (outputs, inputs) = network.linearSize(number)
        let name = network.linearName(number)
        let isTrained = step.trained.contains(number)
        let isHead = number == network.headNumber
        let perturbsBias = isTrained && isHead && step.hasNewHead && linears[number].bias != nil
        let sign = isTrained ? span.sign : .none
        let biasSign = perturbsBias ? span.biasSign : .none
        let copies = max(x.copies, sign.copies)
        let only = keepsResult ? nil : copy
        let y = only ?? activation(name + ".output", rowsPerExample * outputs, format, copies: copies, in: &builder)
        let parameters = linears[number]
        // Both signs are two instances, each with its own weights; without a sign the passes' rows follow each other.
        let instances = sign.copies
        let first = builder.format(of: x.values)
        let product = Product(
            role: .linear(number: number), instances: instances,
            m: step.batch * rowsPerExample * (instances == 1 ? copies : 1), n: outputs, k: inputs,
            first: first, second: StepDescription.readFormat(builder.format(of: parameters.weight), beside: first),
            sign: sign, biasSign: biasSign)
        builder.emit(
            name, .product(product), pass(span, copies),
            reads: x.operands + parameters.operands + (parameters.bias.map { [$0] } ?? []),
            writes: [y] + (only == nil ? copy.map { [$0] } ?? [] : []))
        return Value(id: y, copies: copies)
    }

    /// What a norm writes: the state after addition, the normalized rows, and the state as the backward pass reads it.
    struct Normalized {
        let state: Value
        let y: Value
        let saved: TensorID?
    }

    /// The state normalized, after what is to be added to it.
    ///
    /// - Parameter keepsState: something reads the sum later.
    func normalize(
        _ stream: Stream, norm: Int, _ name: String, _ span: Span, keepsState: Bool = true,
        in builder: inout ProgramBuilder
    ) -> Normalized {
        let (tokens, hidden) = (step.sequence, network.hidden)
        let copies = max(stream.state.copies, stream.branch?.copies ?? 1)
        let pass = pass(span, copies)
        let keepsSum = keepsState && network.normPlacement == .pre && stream.branch != nil
        // Without a sum that is written anyway as the backward pass reads it, that pass needs a copy.
        let isKept = stream.branch == nil || keepsSum
        let isWide = savesCopies && !(stream.branch == nil && builder.format(of: stream.state.id) == .bf16)
        let saved =
            span.saves && !(isKept && !isWide)
            ? activation(
                name + ".sum.saved", tokens * hidden, savesCopies ? .bf16 : formats.values, copies: 1, in: &builder)
            : nil
        let copied = saved.map { [$0] } ?? []
        let y = activation(name + ".output", tokens * hidden, copies: copies, in: &builder)
        let value = Value(id: y, copies: copies)
        guard let branch = stream.branch else {
            builder.emit(
                name, .norm(network.norm, rows: rows(copies), columns: hidden), pass,
                reads: [stream.state.id] + norms[norm].operands, writes: [y] + copied)
            return Normalized(state: stream.state, y: value, saved: saved ?? stream.state.id)
        }
        let sum =
            keepsSum
            ? activation(
                name + ".sum", tokens * hidden, copies: copies, in: &builder) : nil
        builder.emit(
            name, .addNorm(network.norm, rows: rows(copies), columns: hidden, keepsSum: keepsSum), pass,
            reads: [branch.id, stream.state.id] + norms[norm].operands,
            writes: (sum.map { [$0] } ?? []) + [y] + copied)
        return Normalized(
            state: sum.map { Value(id: $0, copies: copies) } ?? value, y: value, saved: saved ?? sum)
    }

    /// The state after what is to be added to it, where no norm follows.
    func settle(_ stream: Stream, _ span: Span, in builder: inout ProgramBuilder) -> Value {
        guard let branch = stream.branch else { return stream.state }
        let copies = max(stream.state.copies, branch.copies)
        let y = activation("output", step.sequence * network.hidden, copies: copies, in: &builder)
        builder.emit(
            "add", .add(elements: rows(copies) * network.hidden), pass(span, copies),
            reads: [branch.id, stream.state.id], writes: [y])
        return Value(id: y, copies: copies)
    }
}
