/// One step of a method, lowered: tensors and operations in the order of issue.
///
/// Emulator, Timing and Costs read the same program; nothing else describes a step.
public struct Program: Sendable {
    public let step: StepDescription
    public let tensors: [Tensor]
    public let operations: [Operation]
    /// A number for each operation, the same for those of equal shape: whose nests are equal where the same operands are resident.
    let shapeOfOperation: [Int]

    init(step: StepDescription, tensors: [Tensor], operations: [Operation]) {
        (self.step, self.tensors, self.operations) = (step, tensors, operations)
        // With the labels that NestKey takes: without them each call would convert the whole array.
        let shapes = tensors.map { (format: $0.format, elements: $0.elements(batch: step.batch)) }
        let residents = [Int?](repeating: nil, count: tensors.count)
        var numbers: [NestKey: Int] = [:]
        shapeOfOperation = operations.map { operation in
            let next = numbers.count
            let key = NestKey(operation, shapes, residents)
            if let number = numbers[key] { return number }
            numbers[key] = next
            return next
        }
    }

    public subscript(id: TensorID) -> Tensor { tensors[id.index] }

    /// Multiply-accumulates of all products.
    public var macs: Int { operations.reduce(0) { $0 + $1.macs } }
}
