import NumberFormats

/// What makes two operations' nests equal: everything but names, layer numbers and addresses.
struct NestKey: Hashable {
    struct Operand: Hashable {
        let format: ElementFormat
        let elements: Int
        let isResident: Bool
        /// First operand of the operation that is the same tensor.
        let same: Int
    }

    let action: Action
    let operands: [Operand]

    /// - Parameters:
    ///   - shapes: format and elements of each tensor.
    ///   - residents: places of the tensors that are held in the activation buffer.
    init(_ operation: Operation, _ shapes: [(format: ElementFormat, elements: Int)], _ residents: [Int?]) {
        let ids = operation.reads + operation.writes
        operands = ids.map { id in
            let shape = shapes[id.index]
            return Operand(
                format: shape.format, elements: shape.elements, isResident: residents[id.index] != nil,
                same: ids.firstIndex(of: id)!)
        }
        action = operation.action.withoutNumber
    }
}

extension Action {
    /// The action with the layer's number and the perturbation's direction left out.
    var withoutNumber: Action {
        switch self {
        case .product(let product):
            let role: Product.Role
            switch product.role {
            case .linear: role = .linear(number: 0)
            case .inputGradient: role = .inputGradient(number: 0)
            case .weightGradient: role = .weightGradient(number: 0)
            case .adapter(let part, _): role = .adapter(part, number: 0)
            default: role = product.role
            }
            func either(_ sign: PerturbationSign) -> PerturbationSign { sign == .minus ? .plus : sign }
            return .product(
                Product(
                    role: role, instances: product.instances, m: product.m, n: product.n, k: product.k,
                    first: product.firstFormat, second: product.secondFormat, sign: either(product.sign),
                    biasSign: either(product.biasSign), foldedScales: product.foldedScales,
                    hasFactor: product.hasFactor))
        case .update(_, let rows, let columns, let residualBits):
            return .update(number: 0, rows: rows, columns: columns, residualBits: residualBits)
        case .perturbInPlace(let move, _, let rows, let columns):
            return .perturbInPlace(move, number: 0, rows: rows, columns: columns)
        case .updateBias(_, let elements):
            return .updateBias(number: 0, elements: elements)
        case .firstOrder(.quantizeWeights(_, let rows, let columns)):
            return .firstOrder(.quantizeWeights(number: 0, rows: rows, columns: columns))
        default:
            return self
        }
    }
}
