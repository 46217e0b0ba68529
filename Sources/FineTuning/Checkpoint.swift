import Emulator
import Kernels
import Networks
import NumberFormats
import Programs

/// checkpoint.safetensors: everything of the accelerator's memory that a run changes, and the step.
///
/// For each trained matrix, a linear layer's or an adapter's, `NAME.codes` (I8 [rows, columns]; of FP8 its bytes) with its fixed `NAME.scales` (F32 [rows]) and, where the update keeps
/// them, `NAME.residuals` (I8 or I16); a new head's `head.bias` (F32). Of weights in floating point without scales `NAME.values` (F32 [rows, columns]) and the
/// optimizer's moments, `moment.TENSOR` (F32). Random streams need no state: they are functions of the step.
enum Checkpoint {
    static let formatVersion = "1"

    static func write(_ tuner: FineTuner, to path: String) throws {
        let parameters = tuner.parameters
        var writer = SafetensorsWriter(metadata: [
            "format": "zeroth-checkpoint", "version": formatVersion, "step": "\(tuner.step)",
            "seed": "\(tuner.settings.seed)",
        ])
        // Wide elements first, so that every tensor is aligned.
        let trained = parameters.layout.trainedMatrices.map { number in
            (name: parameters.layout.matrixName(number), linear: parameters.matrix(number))
        }
        for (name, linear) in trained {
            if linear.format.hasScales {
                writer.add(name + ".scales", shape: [linear.rows], UnsafeBufferPointer(linear.scales.elements))
            } else {
                let shape = [linear.rows, linear.columns]
                writer.add(name + ".values", shape: shape, UnsafeBufferPointer(linear.values.elements))
            }
        }
        for (name, values) in (tuner.training?.moments ?? [:]).sorted(by: { $0.key < $1.key }) {
            writer.add("moment." + name, shape: [values.count], UnsafeBufferPointer(values.elements))
        }
        if parameters.hasNewHead {
            let bias = parameters.linears[parameters.shape.headNumber].bias
            writer.add("head.bias", shape: [bias.count], UnsafeBufferPointer(bias.elements))
        }
        for (name, linear) in trained {
            guard let residuals = linear.residuals16 else { continue }
            writer.add(
                name + ".residuals", shape: [linear.rows, linear.columns], UnsafeBufferPointer(residuals.elements))
        }
        for (name, linear) in trained where linear.format.hasScales {
            let shape = [linear.rows, linear.columns]
            if let residuals = linear.residuals8 {
                writer.add(name + ".residuals", shape: shape, UnsafeBufferPointer(residuals.elements))
            }
            writer.add(name + ".codes", shape: shape, UnsafeBufferPointer(linear.codes.elements))
        }
        try writer.write(to: path)
    }

    /// Reads a checkpoint into the parameters of a run with the same settings.
    /// - Parameters:
    ///   - training: what takes an optimizer's moments; nil where none are wanted.
    ///   - moments: elements of those that a run has after its first step, by name.
    /// - Returns: the number of steps done.
    static func read(
        into parameters: EncoderParameters, settings: RunSettings, from path: String,
        training: TrainingEmulator? = nil, moments: [String: Int] = [:]
    ) throws -> Int {
        let file = try SafetensorsFile(path: path)
        func expect(_ key: String, _ value: String) throws {
            guard file.metadata[key] == value else {
                throw RunError.checkpointMismatch(
                    path: path, place: "metadata \(key)", found: file.metadata[key] ?? "missing", expected: value)
            }
        }
        try expect("format", "zeroth-checkpoint")
        try expect("version", formatVersion)
        try expect("seed", "\(settings.seed)")
        guard let step = file.metadata["step"].flatMap({ Int($0) }), step >= 0, step <= settings.steps else {
            throw RunError.checkpointMismatch(
                path: path, place: "metadata step", found: file.metadata["step"] ?? "missing",
                expected: "a number from 0 to \(settings.steps)")
        }
        for number in parameters.layout.trainedMatrices {
            let linear = parameters.matrix(number)
            let name = parameters.layout.matrixName(number)
            let shape = [linear.rows, linear.columns]
            guard linear.format.hasScales else {
                linear.values.copy(from: try file.float32(name + ".values", shape: shape))
                continue
            }
            let scales = try file.float32(name + ".scales", shape: [linear.rows])
            for row in 0..<linear.rows where scales[row].bitPattern != linear.scales[row].bitPattern {
                throw RunError.checkpointMismatch(
                    path: path, place: "\(name).scales[\(row)]", found: "\(scales[row])",
                    expected: "\(linear.scales[row]), the network's; is it another network?")
            }
            linear.codes.copy(from: try file.int8(name + ".codes", shape: shape))
            if let residuals = linear.residuals8 {
                residuals.copy(from: try file.int8(name + ".residuals", shape: shape))
            }
            if let residuals = linear.residuals16 {
                residuals.copy(from: try file.int16(name + ".residuals", shape: shape))
            }
        }
        if parameters.hasNewHead {
            let bias = parameters.linears[parameters.shape.headNumber].bias
            bias.copy(from: try file.float32("head.bias", shape: [bias.count]))
        }
        guard let training else { return step }
        let prefix = "moment."
        let found = file.tensors.filter { $0.name.hasPrefix(prefix) }
        for tensor in found where moments[String(tensor.name.dropFirst(prefix.count))] == nil {
            throw RunError.checkpointMismatch(
                path: path, place: tensor.name, found: "a moment", expected: "none of this name in this run")
        }
        // A run that has made no step has none yet.
        for (name, count) in moments.sorted(by: { $0.key < $1.key }) where step > 0 || !found.isEmpty {
            training.setMoment(name, AlignedBuffer(try file.float32(prefix + name, shape: [count])))
        }
        return step
    }
}
