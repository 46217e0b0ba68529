/// How a network does on a labelled set.
public struct Evaluation: Sendable, Hashable, Codable {
    /// Mean loss, nats.
    public let loss: Double
    /// Share of examples classified right.
    public let accuracy: Double
    /// Mean over the classes of the share classified right.
    public let balancedAccuracy: Double
    /// [class]: share of the class's examples classified right; 0 for a class without examples.
    public let recalls: [Double]
    public let examples: Int

    /// - Parameters:
    ///   - losses: [examples]. labels, predictions: [examples], 0…classes − 1.
    public init(losses: [Float], labels: [Int32], predictions: [Int], classes: Int) {
        var right = [Int](repeating: 0, count: classes)
        var totals = [Int](repeating: 0, count: classes)
        for (label, prediction) in zip(labels, predictions) {
            totals[Int(label)] += 1
            if prediction == Int(label) { right[Int(label)] += 1 }
        }
        loss = losses.reduce(0) { $0 + Double($1) } / Double(max(1, losses.count))
        accuracy = Double(right.reduce(0, +)) / Double(max(1, labels.count))
        recalls = zip(right, totals).map { $1 == 0 ? 0 : Double($0) / Double($1) }
        let present = totals.filter { $0 > 0 }.count
        balancedAccuracy = recalls.reduce(0, +) / Double(max(1, present))
        examples = labels.count
    }
}
