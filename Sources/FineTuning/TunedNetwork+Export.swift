import Emulator
import Foundation
import Networks
import Programs

/// A tuned network in Hugging Face's form: config.json, model.safetensors, vocab.txt and, where the network had one, tokenizer_config.json.
///
/// Linear weights are the numbers that their codes stand for, fl(code·scale) in FP32, or the values that a method in floating point trained (of
/// quantization-aware training its masters); an adapter is merged into its layer, W + (alpha/rank)·B·A in binary64, rounded once to FP32; everything else is the network's own, widened to FP32. The head is
/// `classifier.weight` and `classifier.bias` on the mean of the tokens' states: Hugging Face's BertModel reads the rest.
extension TunedNetwork {
    /// Writes the folder, each file whole, config.json last. With `overwrite` the files of a network there are replaced one by one; others stay.
    ///
    /// - Throws: `RunError.outputExists` where `overwrite` is not set or the folder holds no BERT network; errors of writing.
    public func export(to path: String, overwrite: Bool) throws {
        let manager = FileManager.default
        let configurationPath = path + "/config.json"
        if manager.fileExists(atPath: path) {
            guard overwrite, (try? EncoderConfiguration(source: MappedFile(path: configurationPath))) != nil else {
                throw RunError.outputExists(path: path, overwrites: overwrite)
            }
        }
        let configuration = try configuration()
        do {
            try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw RunError.folderNotMade(path: path, reason: error.localizedDescription)
        }
        try tensors().write(to: path + "/model.safetensors")
        for (name, source) in checkpoint.files where name != "config.json" && name != "model.safetensors" {
            try writeAtomically(source.bytes, to: path + "/" + name)
        }
        try writeAtomically(configuration, to: configurationPath)
    }

    /// The network's own configuration, with the run's labels.
    private func configuration() throws -> [UInt8] {
        guard let source = checkpoint.files.first(where: { $0.name == "config.json" })?.source,
            var members = try JSONSerialization.jsonObject(with: Data(source.bytes)) as? [String: Any]
        else { throw InputError.checkpointFileMissing(folder: checkpoint.name, name: "config.json") }
        let labels = record.network.labels
        members["id2label"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ("\($0)", $1) })
        members["label2id"] = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
        members["torch_dtype"] = "float32"
        let data = try JSONSerialization.data(
            withJSONObject: members, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return Array(data) + [UInt8(ascii: "\n")]
    }

    private func tensors() -> SafetensorsWriter {
        // "format" is what PyTorch's loader asks for.
        var writer = SafetensorsWriter(metadata: [
            "format": "pt", "zeroth_network": checkpoint.name, "zeroth_steps": "\(steps)",
            "zeroth_version": record.zeroth,
        ])
        let shape = parameters.shape
        var linears: [String: Int] = [:]
        for number in 0..<shape.headNumber { linears[EncoderParameter.linear(number).weight.name] = number }
        for parameter in EncoderParameter.all(in: checkpoint.configuration) {
            let sizes = parameter.shape(in: checkpoint.configuration)
            if let number = linears[parameter.name] {
                writer.add(parameter.name, shape: sizes, parameters.mergedNumbers(number))
            } else {
                writer.add(parameter.name, shape: sizes, checkpoint.parameter(parameter))
            }
        }
        let head = parameters.linears[shape.headNumber]
        writer.add(EncoderCheckpoint.headNames.weight, shape: [head.rows, head.columns], head.numbers)
        writer.add(EncoderCheckpoint.headNames.bias, shape: [head.rows], Array(head.bias.elements))
        return writer
    }
}
