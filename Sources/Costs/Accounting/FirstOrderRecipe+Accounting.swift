import Programs

/// First-order steps that papers' accountings describe.
extension FirstOrderRecipe {
    /// 16-bit weights and gradients, every gradient alive at the end, no optimizer state.
    static let halfPrecisionSGD: FirstOrderRecipe = {
        var recipe = FirstOrderRecipe(.full)
        recipe.optimizer = .sgd
        recipe.master = nil
        recipe.update = .end
        return recipe
    }()

    /// INT8 codes trained themselves; gradients in 16 bits, every one alive at the end; each block's input in 16 bits; no optimizer state.
    static let quantizedSGD: FirstOrderRecipe = {
        var recipe = FirstOrderRecipe(.quantized)
        (recipe.weights, recipe.activations) = (.int8, .int8)
        recipe.optimizer = .sgd
        recipe.checkpointing = .layer
        recipe.update = .end
        return recipe
    }()

    /// The half-precision step with two 16-bit moments: 8 bytes a weight.
    static let halfPrecisionAdam: FirstOrderRecipe = {
        var recipe = halfPrecisionSGD
        recipe.optimizer = .adam
        recipe.states = .bf16
        return recipe
    }()

    /// 16-bit weights for the products; masters, gradients and moments in FP32.
    static let mixedPrecisionAdam: FirstOrderRecipe = {
        var recipe = FirstOrderRecipe(.full)
        recipe.gradients = .fp32
        recipe.update = .end
        return recipe
    }()
}
