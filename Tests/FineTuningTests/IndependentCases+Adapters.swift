import FineTuning
import NumberFormats
import Programs

/// Adapters beside a frozen base of codes.
extension IndependentCase {
    private static let narrow = StepFormats(
        weights: .int4, activations: .int4, attention: .int8, head: .int8, embedding: .fp32)
    private static let mixed = StepFormats(
        weights: .int4, activations: .int8, attention: .int8, head: .int8, embedding: .fp32)

    /// Every method, rounding and size, with targets, factors, formats and bases of adapters that differ.
    ///
    /// - Parameter rates: of QuZO in grid steps and with ε, and of ZOQO.
    private static func adapterCases(_ rates: (steps: Double, epsilon: Double)) -> [IndependentCase] {
        let sets = [
            "lora:rank=4", "lora:rank=3,alpha=7,targets=q+k+v+o", "lora:rank=2,targets=all-linear",
            "lora:rank=4,alpha=0.5,targets=fc1+fc2,last=1", "lora:rank=4,targets=v,base=int4",
            "lora:rank=2,targets=o+fc2,format=int4",
        ]
        var cases: [IndependentCase] = []
        for (i, rounding) in ["stochastic", "nearest", "residual:8", "residual:16"].enumerated() {
            for (j, size) in ["steps:2.0", "epsilon:0.01"].enumerated() {
                var example = IndependentCase(
                    rounding: rounding, size: size, rate: j == 0 ? rates.steps : rates.epsilon,
                    trainable: sets[(i + 2 * j) % sets.count], newHead: (i + j) % 2 == 1, advance: 4)
                example.estimator = [.qRGE2, .qRGE1][(i + j) % 2]
                example.bits = [8, 4, 2][(i + j) % 3]
                cases.append(example)
            }
        }
        for (i, set) in sets.enumerated() {
            var example = IndependentCase(
                method: .zoqo, queries: 1 + i % 2, size: i % 2 == 0 ? "steps:3" : "epsilon:0.01",
                rate: i % 2 == 0 ? 2 : 0.01, schedule: .constant, trainable: set, newHead: i % 3 == 0, advance: 4)
            if i == 1 { example.batch = 3 }
            cases.append(example)
        }
        cases.append(
            IndependentCase(
                queries: 3, rounding: "residual:8", rate: rates.steps, trainable: sets[1], newHead: true, advance: 3))
        cases.append(
            IndependentCase(formats: narrow, rate: 10, trainable: "lora:rank=4,targets=q+fc1", advance: 4))
        cases.append(
            IndependentCase(
                method: .zoqo, formats: mixed, size: "steps:1", rate: 1, schedule: .constant,
                trainable: "lora:rank=3,targets=all-linear", advance: 4))
        return cases
    }

    static let adaptersEmbedded = adapterCases((2000, 0.02))
    static let adaptersOdd = adapterCases((60, 0.005))
}
