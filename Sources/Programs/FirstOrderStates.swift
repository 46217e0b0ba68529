import NumberFormats

/// Master weights and moments of the trained values, and gradients on their way to the optimizer.
struct FirstOrderStates {
    /// A tensor of values, or of codes and their scales.
    typealias Values = [TensorID]

    struct State {
        /// What the optimizer updates.
        let weights: Values
        let moments: [Values]
    }

    let step: StepDescription
    let recipe: FirstOrderRecipe
    /// By number of the matrix.
    private let weights: [Int: State]
    /// Of a new head's bias, which is its own master.
    private let headBias: State?
    /// The micro-batch whose gradients are being made.
    var microBatch = 0
    /// Sums of gradients over the micro-batches so far, by number.
    private var sums: [Int: TensorID] = [:]
    /// Gradients whose update comes after the backward, by number.
    private var waiting: [Int: Values] = [:]

    init(
        step: StepDescription, recipe: FirstOrderRecipe, forward: TransformerForward, in builder: inout ProgramBuilder
    ) {
        self.step = step
        self.recipe = recipe
        let network = step.network
        func moments(_ name: String, rows: Int, columns: Int, in builder: inout ProgramBuilder) -> [Values] {
            (0..<recipe.optimizer.moments).map { index in
                let name = name + (index == 0 ? ".first-moment" : ".second-moment")
                let values = builder.parameter(name, recipe.states, rows * columns, .optimizerState)
                guard recipe.states.hasScales else { return [values] }
                let blocks = rows * columns / FirstOrderRecipe.momentBlock(columns: columns)
                return [values, builder.parameter(name + ".scales", .fp32, blocks, .optimizerState)]
            }
        }
        var weights: [Int: State] = [:]
        for number in step.trainedMatrices {
            let (rows, columns) = step.matrixSize(number)
            let name = step.matrixName(number)
            let linear = forward.matrix(number)
            // Weights in the masters' format are their own masters.
            let isOwn = recipe.master == nil || builder.format(of: linear.weight) == recipe.master
            weights[number] = State(
                weights: isOwn
                    ? linear.operands
                    : [builder.parameter(name + ".master", recipe.master!, rows * columns, .weights)],
                moments: moments(name, rows: rows, columns: columns, in: &builder))
        }
        self.weights = weights
        if step.hasNewHead, let bias = forward.linears[network.headNumber].bias {
            headBias = State(
                weights: [bias], moments: moments("head.bias", rows: 1, columns: network.logits, in: &builder))
        } else {
            headBias = nil
        }
    }

    /// Whether a new head's bias is trained.
    var trainsHeadBias: Bool { headBias != nil }

    private var isFirst: Bool { microBatch == 0 }
    private var isLast: Bool { microBatch == recipe.microBatches - 1 }

    /// Whether the step makes the codes or values of a trained weight from its master.
    func isMade(_ number: Int, _ forward: TransformerForward) -> Bool {
        guard let state = weights[number] else { return false }
        return state.weights != forward.matrix(number).operands
    }

    /// Makes a trained weight's codes and scales, or values, from its master: once a step where the backward reads the same ones,
    /// in each micro-batch where blocks make them again.
    func quantize(
        _ number: Int, _ forward: TransformerForward, _ pass: Pass = .forward, in builder: inout ProgramBuilder
    ) {
        guard isMade(number, forward), let state = weights[number] else { return }
        let isRemade = recipe.checkpointing == .layer && number != step.network.headNumber
        guard isFirst || isRemade else { return }
        let (rows, columns) = step.matrixSize(number)
        builder.emit(
            step.matrixName(number) + ".quantize",
            .firstOrder(.quantizeWeights(number: number, rows: rows, columns: columns)), pass,
            reads: state.weights, writes: forward.matrix(number).operands)
    }

    /// Takes a gradient of one micro-batch: adds it to those before, and after the last one updates the weight, or lets it wait.
    ///
    /// - Parameter number: of the matrix.
    mutating func take(_ gradient: TensorID, of number: Int, in builder: inout ProgramBuilder) {
        let (rows, columns) = step.matrixSize(number)
        let name = step.matrixName(number)
        let sum = add(gradient, to: number, name, elements: rows * columns, in: &builder)
        guard isLast else { return }
        var values = [sum]
        if recipe.gradientFormat.hasScales {
            let codes = builder.temporary(name + ".gradient.codes", rows * columns, recipe.gradientFormat, .gradients)
            let scales = builder.temporary(name + ".gradient.scales", rows, .fp32, .gradients)
            builder.emit(
                name + ".gradient.quantize", .quantizeRows(rows: rows, columns: columns), .backward, reads: [sum],
                writes: [codes, scales])
            values = [codes, scales]
        }
        if recipe.update == .layerwise { update(number, values, in: &builder) } else { waiting[number] = values }
    }

    /// The same of a new head's bias, whose gradient is too small to wait in codes.
    mutating func takeBias(_ gradient: TensorID, in builder: inout ProgramBuilder) {
        let sum = add(
            gradient, to: Self.biasNumber, "head.bias", elements: step.network.logits, in: &builder)
        guard isLast else { return }
        if recipe.update == .layerwise { updateBias(sum, in: &builder) } else { waiting[Self.biasNumber] = [sum] }
    }

    private static let biasNumber = -1

    private mutating func add(
        _ gradient: TensorID, to number: Int, _ name: String, elements: Int, in builder: inout ProgramBuilder
    ) -> TensorID {
        guard let sum = sums[number] else {
            sums[number] = gradient
            return gradient
        }
        builder.emit(
            name + ".gradient.accumulate", .firstOrder(.addGradients(terms: 2, elements: elements)), .backward,
            reads: [sum, gradient], writes: [sum])
        return sum
    }

    /// The updates that come after the backward.
    func updateWaiting(in builder: inout ProgramBuilder) {
        for (number, values) in waiting.sorted(by: { $0.key < $1.key }) {
            if number == Self.biasNumber {
                updateBias(values[0], in: &builder)
            } else {
                update(number, values, in: &builder)
            }
        }
    }

    private func update(_ number: Int, _ gradient: Values, in builder: inout ProgramBuilder) {
        guard let state = weights[number] else { return }
        let (rows, columns) = step.matrixSize(number)
        emit(step.matrixName(number), state, gradient, rows: rows, columns: columns, in: &builder)
    }

    private func updateBias(_ gradient: TensorID, in builder: inout ProgramBuilder) {
        guard let headBias else { return }
        emit("head.bias", headBias, [gradient], rows: 1, columns: step.network.logits, in: &builder)
    }

    private func emit(
        _ name: String, _ state: State, _ gradient: Values, rows: Int, columns: Int, in builder: inout ProgramBuilder
    ) {
        let moments = state.moments.flatMap { $0 }
        builder.emit(
            name + "." + recipe.optimizer.rawValue,
            .firstOrder(.optimize(recipe.optimizer, rows: rows, columns: columns)), .update,
            reads: gradient + state.weights + moments, writes: [state.weights[0]] + moments)
    }
}
