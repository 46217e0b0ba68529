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
        guard formats.allSatisfy({ [.fp32, .bf16, .int8, .int4, .int32].contains($0) }) else { return false }
        switch operation.action {
        case .embed: return operation.reads.dropFirst().allSatisfy { program[$0].format == .fp32 }
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
        let integers = [product.firstFormat, product.secondFormat].count { $0.integer != nil }
        switch product.role {
        case .linear, .adapter(.forward, _), .attentionScores, .attentionContext:
            if integers == 2 { return true }
        default: break
        }
        return integers == 0 && [.fp32, .bf16].contains(product.format)
    }
}
