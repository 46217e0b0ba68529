import NumberFormats
import Programs

/// What the emulator refuses.
public enum EmulatorError: Error, CustomStringConvertible, Equatable {
    /// The program holds an operation that is costed but not executed.
    case notEmulated(operation: String)
    /// The step has adapters, which tiles do not execute.
    case adaptersNotEmulated(trainable: String)
    /// The program's adapters are not those that the parameters have.
    case adaptersDiffer(program: String, parameters: String)
    /// A loss is not a finite number.
    case lossNotFinite(step: Int, pass: String, loss: Float)
    /// A token that the vocabulary does not have.
    case tokenUnknown(token: Int, place: Int, vocabulary: Int)
    /// More tokens than the cache, or the table of positions, has room for.
    case sequenceTooLong(tokens: Int, limit: Int)
    /// A logit is not a finite number.
    case logitsNotFinite(place: Int, token: Int, logit: Float)
    /// The perturbation's size does not fit a layer's grid.
    case badPerturbation(layer: String, StepScalarsError)
    /// The program was lowered for other sizes than the batch has.
    case batchDiffers(program: String, batch: String)
    /// The program was lowered for another method than the settings'.
    case methodDiffers(program: String, settings: String)
    /// The program was lowered for other formats than the parameters are in.
    case formatsDiffer(program: String, parameters: String)
    /// Tiles hold codes; the method trains numbers in floating point.
    case tilesRunCodes(method: String)
    /// The machine cannot carry out the step.
    case notLaidOut(ScheduleError)
    /// A laid-out program does something with memory that it may not, or that the emulation of tiles does not cover.
    case tile(TileError)

    public var description: String {
        switch self {
        case .notEmulated(let operation):
            "operation \(operation): costed, but not executed by this version; take another method, recipe or format "
                + "(docs/semantics.md, sections 9 to 13, has what runs)"
        case .adaptersNotEmulated(let trainable):
            "trainable \(trainable): adapters run on whole layers alone; use --emulation layers"
        case .adaptersDiffer(let program, let parameters):
            "program lowered for \(program), parameters have the adapters of \(parameters); lower a program for the parameters"
        case .lossNotFinite(let step, let pass, let loss):
            "step \(step): the loss of the \(pass) pass is \(loss), should be finite; try a smaller --learning-rate"
                + (pass == "forward" ? "" : " or --perturbation-size")
        case .tokenUnknown(let token, let place, let vocabulary):
            "token \(place): is \(token), should be 0 to \(vocabulary - 1), the network's vocabulary"
        case .sequenceTooLong(let tokens, let limit):
            "a sequence of \(tokens) tokens is longer than the \(limit) that there is room for; shorten the prompt or ask for fewer tokens"
        case .logitsNotFinite(let place, let token, let logit):
            "token \(place): the logit of token \(token) behind it is \(logit), should be finite; the network's weights are too large for FP32"
        case .badPerturbation(let layer, let error): "layer \(layer): \(error); change --perturbation-size"
        case .batchDiffers(let program, let batch):
            "program lowered for \(program), batch is \(batch); lower a program for the batch's sizes"
        case .methodDiffers(let program, let settings):
            "program lowered for \(program), settings are those of \(settings); lower a program for the settings' method"
        case .formatsDiffer(let program, let parameters):
            "program lowered for \(program), parameters are in \(parameters); lower a program for the parameters' formats"
        case .tilesRunCodes(let method):
            "\(method): tiles run methods on integer codes, quzo and zoqo; use --emulation layers"
        case .notLaidOut(let error): error.description
        case .tile(let error): error.description
        }
    }
}
