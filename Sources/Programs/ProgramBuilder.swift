import NumberFormats

/// Collects the tensors and operations of a program while it is lowered.
struct ProgramBuilder {
    let step: StepDescription
    private(set) var tensors: [Tensor] = []
    private(set) var operations: [Operation] = []

    init(step: StepDescription) { self.step = step }

    /// Adds a tensor that lives as long as the step.
    mutating func parameter(
        _ name: String, _ format: ElementFormat, _ elements: Int, _ kind: MemoryKind, _ binding: Tensor.Binding? = nil
    ) -> TensorID {
        add(
            Tensor(
                name: name, format: format, extent: .whole(elements: elements), kind: kind, binding: binding,
                isPersistent: true))
    }

    /// Adds an activation of `elements` elements an example.
    mutating func activation(
        _ name: String, _ elements: Int, _ format: ElementFormat = .fp32
    ) -> TensorID {
        add(
            Tensor(
                name: name, format: format, extent: .perExample(elements: elements), kind: .liveActivations,
                binding: nil))
    }

    /// Adds a tensor whose size does not grow with the batch and which lives from its first write to its last read.
    mutating func temporary(_ name: String, _ elements: Int, _ format: ElementFormat, _ kind: MemoryKind) -> TensorID {
        add(Tensor(name: name, format: format, extent: .whole(elements: elements), kind: kind, binding: nil))
    }

    /// Adds an input of the step: tokens, lengths, labels.
    mutating func input(_ name: String, _ elements: Int, _ binding: Tensor.Binding) -> TensorID {
        add(
            Tensor(
                name: name, format: .int32, extent: .perExample(elements: elements), kind: .data, binding: binding,
                isPersistent: true))
    }

    /// Adds a tensor like `id`.
    mutating func again(_ id: TensorID) -> TensorID { add(tensors[id.index]) }

    private mutating func add(_ tensor: Tensor) -> TensorID {
        tensors.append(tensor)
        return TensorID(index: tensors.count - 1)
    }

    mutating func emit(
        _ name: String, _ action: Action, _ pass: Pass, reads: [TensorID], writes: [TensorID]
    ) {
        operations.append(Operation(name: name, action: action, pass: pass, reads: reads, writes: writes))
    }

    func format(of id: TensorID) -> ElementFormat { tensors[id.index].format }

    /// Elements of an activation for each example.
    func elementsPerExample(of id: TensorID) -> Int { tensors[id.index].elements(batch: 1) }

    /// The program. What the forward writes and the backward reads is saved, whoever made it; all other activations are live ones, the
    /// logits among them, which the backward begins with.
    func program() -> Program {
        var written = [Bool](repeating: false, count: tensors.count)
        var read = written
        for operation in operations {
            if operation.pass == .forward { for id in operation.writes { written[id.index] = true } }
            if [.recompute, .backward].contains(operation.pass), !operation.action.isLossGradient {
                for id in operation.reads { read[id.index] = true }
            }
        }
        var sorted = tensors
        for index in tensors.indices where written[index] && read[index] && tensors[index].kind == .liveActivations {
            sorted[index] = tensors[index].counted(as: .savedActivations)
        }
        return Program(step: step, tensors: sorted, operations: operations)
    }
}

extension Action {
    fileprivate var isLossGradient: Bool {
        if case .firstOrder(.lossGradient) = self { true } else { false }
    }
}
