/// metrics.csv: `steps_done` counts the steps before a line's end; line 0 holds the evaluation of the untuned network.
extension Metrics {
    static let columns = [
        "steps_done", "plus_loss", "minus_loss", "projected_gradient", "learning_rate", "sequence_tokens",
        "perturbed_fraction", "perturbation_clamps", "updated_fraction", "update_clamps", "macs", "validation_loss",
        "validation_accuracy", "validation_balanced_accuracy",
    ]

    /// The whole file. Numbers are written so that reading them gives the same bits.
    public var csv: String {
        var lines = [Self.columns.joined(separator: ",")]
        lines.append((["0"] + Array(repeating: "", count: 10) + Self.fields(evaluations[0])).joined(separator: ","))
        for row in rows {
            let fields: [String] = [
                "\(row.step + 1)", "\(row.plusLoss)", "\(row.minusLoss)", "\(row.projectedGradient)",
                "\(row.learningRate)",
                "\(row.sequence)", "\(row.perturbedFraction)", "\(row.perturbationClamps)", "\(row.updatedFraction)",
                "\(row.updateClamps)", "\(row.macs)",
            ]
            lines.append((fields + Self.fields(evaluations[row.step + 1])).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func fields(_ evaluation: Score?) -> [String] {
        guard let evaluation else { return ["", "", ""] }
        return ["\(evaluation.loss)", "\(evaluation.accuracy)", "\(evaluation.balancedAccuracy)"]
    }

    /// Reads what `csv` wrote.
    /// - Throws: `RunError.notARunFolder` naming the line.
    public init(csv: String, path: String) throws(RunError) {
        self.init()
        var lines = csv.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        guard lines.first.map(String.init) == Self.columns.joined(separator: ",") else {
            throw .notARunFolder(path: path, reason: "line 1 is not the header that this version writes")
        }
        for (index, line) in lines.dropFirst().enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == Self.columns.count, fields[0] == "\(index)" else {
                throw .notARunFolder(
                    path: path, reason: "line \(index + 2) is not step \(index) with \(Self.columns.count) fields")
            }
            if index > 0 {
                guard let plus = Float(fields[1]), let minus = Float(fields[2]), let gradient = Double(fields[3]),
                    let rate = Double(fields[4]), let sequence = Int(fields[5]), let perturbed = Double(fields[6]),
                    let clamps = Int(fields[7]), let updated = Double(fields[8]), let updateClamps = Int(fields[9]),
                    let macs = Int(fields[10])
                else { throw .notARunFolder(path: path, reason: "line \(index + 2) has a field that is not a number") }
                append(
                    Row(
                        step: index - 1, plusLoss: plus, minusLoss: minus, projectedGradient: gradient,
                        learningRate: rate,
                        sequence: sequence, perturbedFraction: perturbed, perturbationClamps: clamps,
                        updatedFraction: updated, updateClamps: updateClamps, macs: macs))
            }
            if let loss = Double(fields[11]), let accuracy = Double(fields[12]), let balanced = Double(fields[13]) {
                evaluations[index] = Score(loss: loss, accuracy: accuracy, balancedAccuracy: balanced)
            }
        }
    }
}
