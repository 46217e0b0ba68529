import NumberFormats
import Programs

extension TrainingEmulator {
    /// Checks that every operation of a program has an arithmetic here, before any runs.
    ///
    /// - Throws: `EmulatorError.notEmulated` with the first operation that has none.
    public static func check(_ program: Program) throws(EmulatorError) {
        for operation in program.operations where !isEmulated(operation, in: program) {
            throw .notEmulated(operation: operation.name)
        }
    }

    private static func isEmulated(_ operation: Operation, in program: Program) -> Bool {
        let formats = (operation.reads + operation.writes).map { program[$0].format }
        guard formats.allSatisfy({ [.fp32, .bf16, .e4m3, .e5m2, .int8, .int4, .int32].contains($0) }) else {
            return false
        }
        switch operation.action {
        case .embed: return operation.reads.dropFirst().allSatisfy { [.fp32, .bf16].contains(program[$0].format) }
        case .product(let product): return isEmulated(product)
        case .quantizeRows, .quantizeColumns, .softmax, .add, .addAdapter, .cast, .activation(.gelu, _), .meanPool,
            .loss,
            .addNorm(.layerNorm, _, _, keepsSum: false), .projectedGradient, .updateBias:
            return true
        case .update(_, _, _, let residualBits): return residualBits == 0
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights, .lossGradient, .meanPoolGradient, .activationGradient(.gelu, _),
                .softmaxGradient(_, _, isCoded: false),
                .normGradient(.layerNorm, _, _), .addGradients, .biasGradient:
                return true
            case .optimize:
                let weights = program[operation.reads[0]].format.hasScales ? 2 : 1
                return operation.reads[weights...].allSatisfy { !program[$0].format.hasScales }
            default: return false
            }
        default: return false
        }
    }

    private static func isEmulated(_ product: Product) -> Bool {
        guard product.foldedScales == nil else { return false }
        let formats = [product.firstFormat, product.secondFormat]
        let integers = formats.count { $0.integer != nil }
        switch product.role {
        case .linear, .adapter(.forward, _), .attentionScores, .attentionContext:
            if integers == 2 || (integers == 0 && product.isNarrow) { return true }
        default: break
        }
        return formats.allSatisfy { [.fp32, .bf16].contains($0) }
    }
}

extension Product {
    /// Operands in floating point of at most 16 bits, FP8 among them.
    var isNarrow: Bool {
        let formats = [firstFormat, secondFormat]
        return formats.contains { $0 == .e4m3 || $0 == .e5m2 }
            && formats.allSatisfy { [.e4m3, .e5m2, .bf16].contains($0) }
    }
}
