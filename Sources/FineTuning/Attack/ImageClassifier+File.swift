import Networks

extension ImageClassifier {
    private static let names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]

    /// Writes the weights as safetensors, whole or not at all.
    ///
    /// - Throws: `InputError.fileNotWritten`.
    public func write(to path: String) throws {
        var writer = SafetensorsWriter(metadata: ["format": "zeroth image classifier"])
        writer.add(Self.names[0], shape: [shape.hidden, shape.pixels], hiddenWeights)
        writer.add(Self.names[1], shape: [shape.hidden], hiddenBiases)
        writer.add(Self.names[2], shape: [shape.classes, shape.hidden], outputWeights)
        writer.add(Self.names[3], shape: [shape.classes], outputBiases)
        try writer.write(to: path)
    }

    /// Reads what `write(to:)` wrote.
    ///
    /// - Throws: `InputError`: the errors of safetensors, a tensor that is missing or of another shape, a number that is not finite.
    public init(path: String) throws(InputError) {
        let file = try SafetensorsFile(path: path)
        let hidden = try file.tensor(Self.names[0], shape: nil).shape
        guard hidden.count == 2, hidden[0] > 0, hidden[1] > 0 else {
            throw .tensorShape(file: path, tensor: Self.names[0], found: hidden, expected: [1, 1])
        }
        let found = try file.tensor(Self.names[3], shape: nil).shape
        guard found.count == 1, found[0] >= 2 else {
            throw .tensorShape(file: path, tensor: Self.names[3], found: found, expected: [10])
        }
        let shape = Shape(pixels: hidden[1], hidden: hidden[0], classes: found[0])
        self.init(
            shape: shape,
            hiddenWeights: try Self.numbers(Self.names[0], [shape.hidden, shape.pixels], file),
            hiddenBiases: try Self.numbers(Self.names[1], [shape.hidden], file),
            outputWeights: try Self.numbers(Self.names[2], [shape.classes, shape.hidden], file),
            outputBiases: try Self.numbers(Self.names[3], [shape.classes], file))
    }

    private static func numbers(_ name: String, _ shape: [Int], _ file: SafetensorsFile) throws(InputError) -> [Float] {
        let values = Array(try file.float32(name, shape: shape))
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .tensorNotFinite(file: file.name, tensor: name, index: [index], value: "\(values[index])")
        }
        return values
    }
}
