/// One step of a method, lowered: tensors and operations in the order of issue.
///
/// Emulator, Timing and Costs read the same program; nothing else describes a step.
public struct Program: Sendable {
    public let step: StepDescription
    public let tensors: [Tensor]
    public let operations: [Operation]

    public subscript(id: TensorID) -> Tensor { tensors[id.index] }

    /// Multiply-accumulates of all products.
    public var macs: Int { operations.reduce(0) { $0 + $1.macs } }
}
