import Programs

extension Program {
    /// The operations of each query's passes, in order. Those that all queries share, the frozen prefix's, begin each list: a
    /// whole-layer run keeps no activations from one query to the next.
    var passesByQuery: [[Operation]] {
        var shared: [Operation] = []
        var queries: [[Operation]] = []
        var current: [Operation] = []
        for operation in operations {
            switch operation.action {
            case .projectedGradient:
                queries.append(shared + current)
                current = []
            default:
                guard operation.pass != .update else { continue }
                if operation.pass == .shared { shared.append(operation) } else { current.append(operation) }
            }
        }
        return queries
    }

    /// Multiply-accumulates of the frozen prefix, once.
    var sharedMACs: Int { operations.reduce(0) { $0 + ($1.pass == .shared ? $1.macs : 0) } }
}
