import Networks
import NumberFormats

/// Lowers a step to its program.
public enum Lowering {
    /// The program of one step: tensors and operations, not yet laid out on a machine.
    public static func program(for step: StepDescription) -> Program {
        switch step.method {
        case .inference: inference(step)
        case .quzo, .mezo, .zoqo: zerothOrder(step)
        case .firstOrder(let recipe): firstOrder(step, recipe)
        }
    }

    private static func inference(_ step: StepDescription) -> Program {
        var builder = ProgramBuilder(step: step)
        let forward = TransformerForward(step: step, in: &builder)
        let span = TransformerForward.Span(.forward)
        var x = forward.embed(.forward, in: &builder)
        for layer in 0..<step.network.layers { x = forward.block(layer, x, span, in: &builder).stream }
        _ = forward.classify(forward.pool(x, span, in: &builder), span, in: &builder)
        return builder.program()
    }
}
