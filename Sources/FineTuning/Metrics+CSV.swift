/// metrics.csv: `steps_done` counts the steps before a line's end; line 0 holds the evaluation of the untuned network.
extension Metrics {
    static let columns = [
        "steps_done", "plus_loss", "minus_loss", "projected_gradient", "gradient_norm", "learning_rate",
        "sequence_tokens",
        "perturbed_fraction", "perturbation_clamps", "updated_fraction", "update_clamps", "macs", "validation_loss",
        "validation_accuracy", "validation_balanced_accuracy",
    ]

    /// The whole file. Numbers are written so that reading them gives the same bits.
    public var csv: String {
        var lines = [Self.columns.joined(separator: ",")]
        lines.append((["0"] + Array(repeating: "", count: 11) + Self.fields(evaluations[0])).joined(separator: ","))
        for row in rows {
            let fields: [String] = [
                "\(row.step + 1)", "\(row.plusLoss)", Self.field(row.minusLoss), Self.field(row.projectedGradient),
                Self.field(row.gradientNorm), "\(row.learningRate)", "\(row.sequence)",
                Self.field(row.perturbedFraction), "\(row.perturbationClamps)", "\(row.updatedFraction)",
                "\(row.updateClamps)", "\(row.macs)",
            ]
            lines.append((fields + Self.fields(evaluations[row.step + 1])).joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Empty where there is no number.
    private static func field(_ value: (some LosslessStringConvertible)?) -> String { value.map { "\($0)" } ?? "" }

    private static func number<Number: LosslessStringConvertible>(_ field: String) -> Number?? {
        field.isEmpty ? .some(nil) : Number(field).map { .some($0) }
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
                guard let plus = Float(fields[1]), let minus: Float? = Self.number(fields[2]),
                    let projected: Double? = Self.number(fields[3]), let norm: Double? = Self.number(fields[4]),
                    let rate = Double(fields[5]), let sequence = Int(fields[6]),
                    let perturbed: Double? = Self.number(fields[7]), let clamps = Int(fields[8]),
                    let updated = Double(fields[9]), let updateClamps = Int(fields[10]), let macs = Int(fields[11])
                else { throw .notARunFolder(path: path, reason: "line \(index + 2) has a field that is not a number") }
                append(
                    Row(
                        step: index - 1, plusLoss: plus, minusLoss: minus, projectedGradient: projected,
                        gradientNorm: norm, learningRate: rate, sequence: sequence, perturbedFraction: perturbed,
                        perturbationClamps: clamps, updatedFraction: updated, updateClamps: updateClamps, macs: macs))
            }
            if let loss = Double(fields[12]), let accuracy = Double(fields[13]), let balanced = Double(fields[14]) {
                evaluations[index] = Score(loss: loss, accuracy: accuracy, balancedAccuracy: balanced)
            }
        }
    }
}
