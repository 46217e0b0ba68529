import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Testing

/// Attacks on an image classifier, and the classifier.
@Suite struct AttackTests {
    private static let kernels = Kernels(level: .highestAvailable)

    /// Three kinds of images of 6 × 6 pixels: a bright band at the top, in the middle or at the bottom, in noise.
    private static func bands(_ count: Int, seed: UInt64) -> ImageDataset {
        let words = PhiloxSource().words(
            of: TensorStreams(seed: seed, step: 0, tensor: 0)[.perturbation], elements: 0..<count * 36)
        let labels = (0..<count).map { UInt8($0 % 3) }
        let pixels = (0..<count * 36).map { place -> UInt8 in
            let row = place % 36 / 6
            let isBright = row / 2 == Int(labels[place / 36])
            return UInt8(words[place] >> 25) + (isBright ? 90 : 40)
        }
        return ImageDataset(rows: 6, columns: 6, pixels: pixels, labels: labels)
    }

    private static let classifier = ImageClassifier.trained(
        on: bands(300, seed: 1), ClassifierTraining(hidden: 12, epochs: 20, batch: 32), kernels: kernels)

    private func accuracy(_ queries: ClassifierQueries, _ data: ImageDataset) -> Double {
        let classes = queries.classifier.shape.classes
        let logits = queries.logits((0..<data.count).flatMap { data.values($0) }, count: data.count)
        let right = (0..<data.count).count {
            ClassifierQueries.prediction(logits[$0 * classes..<($0 + 1) * classes]) == Int(data.labels[$0])
        }
        return Double(right) / Double(data.count)
    }

    @Test func trainingLearnsAndItsBitsDependOnNothingElse() {
        let held = Self.bands(200, seed: 2)
        let untrained = ImageClassifier(shape: Self.classifier.shape, seed: 1)
        #expect(
            accuracy(ClassifierQueries(untrained, precision: .fp32, kernels: Self.kernels), held) < 0.7)
        for precision in ClassifierPrecision.allCases {
            #expect(
                accuracy(ClassifierQueries(Self.classifier, precision: precision, kernels: Self.kernels), held) > 0.95)
        }
        for level in KernelLevel.available {
            let again = ImageClassifier.trained(
                on: Self.bands(60, seed: 3), ClassifierTraining(hidden: 5, epochs: 2, batch: 16),
                kernels: Kernels(level: level))
            let reference = ImageClassifier.trained(
                on: Self.bands(60, seed: 3), ClassifierTraining(hidden: 5, epochs: 2, batch: 16),
                kernels: Kernels(level: .reference))
            #expect(again.hiddenWeights.map(\.bitPattern) == reference.hiddenWeights.map(\.bitPattern), "\(level)")
            #expect(again.outputBiases.map(\.bitPattern) == reference.outputBiases.map(\.bitPattern), "\(level)")
        }
    }

    /// The gradients that training follows, against differences of losses: one step without momentum, rate 1, on one batch.
    @Test func stepsFollowTheGradient() {
        let data = Self.bands(24, seed: 4)
        let shape = ImageClassifier.Shape(pixels: 36, hidden: 4, classes: 3)
        let start = ImageClassifier(shape: shape, seed: 9)
        let moved = ImageClassifier.trained(
            on: data, ClassifierTraining(hidden: 4, epochs: 1, batch: 24, rate: 1, momentum: 0, seed: 9),
            kernels: Self.kernels)
        /// Mean cross entropy in binary64.
        func loss(_ classifier: ImageClassifier) -> Double {
            var sum = 0.0
            for image in 0..<data.count {
                let x = data.values(image).map(Double.init)
                let hidden = (0..<4).map { row in
                    max(
                        0,
                        (0..<36).reduce(Double(classifier.hiddenBiases[row])) {
                            $0 + Double(classifier.hiddenWeights[row * 36 + $1]) * x[$1]
                        })
                }
                let logits = (0..<3).map { row in
                    (0..<4).reduce(Double(classifier.outputBiases[row])) {
                        $0 + Double(classifier.outputWeights[row * 4 + $1]) * hidden[$1]
                    }
                }
                sum += log(logits.reduce(0) { $0 + exp($1) }) - logits[Int(data.labels[image])]
            }
            return sum / Double(data.count)
        }
        func check(_ weights: WritableKeyPath<ImageClassifier, [Float]>, _ index: Int) {
            let gradient = Double(start[keyPath: weights][index] - moved[keyPath: weights][index])
            let h: Float = 1.0 / 1024
            var (above, below) = (start, start)
            above[keyPath: weights][index] += h
            below[keyPath: weights][index] -= h
            let expected =
                (loss(above) - loss(below)) / Double(above[keyPath: weights][index] - below[keyPath: weights][index])
            #expect(abs(gradient - expected) < 2e-4, "\(gradient) \(expected)")
        }
        for index in stride(from: 0, to: 144, by: 7) { check(\.hiddenWeights, index) }
        for index in 0..<4 { check(\.hiddenBiases, index) }
        for index in 0..<12 { check(\.outputWeights, index) }
        for index in 0..<3 { check(\.outputBiases, index) }
    }

    @Test(arguments: [ImageAttack.Method.zoqo(bits: 8), .zoqo(bits: 4), .zoqo(bits: 2), .zoSignSGD])
    func attacksBreakImagesWithinTheirBound(method: ImageAttack.Method) {
        let data = Self.bands(60, seed: 5)
        let victim = ClassifierQueries(Self.classifier, precision: .fp32, kernels: Self.kernels)
        let wide = ImageAttack(method: method, bound: 0.3, queries: 600, size: 0.5, step: 0.1, seed: 1)
        let (outcomes, seen) = wide.run(victim, data, from: 0, count: 40, threads: 2)
        #expect(outcomes.count == 40 && seen >= 40)
        let broken = outcomes.filter(\.succeeded)
        #expect(broken.count > 30, "\(broken.count)")
        for outcome in outcomes {
            #expect(outcome.largestChange <= 0.3 + 1e-6)
            #expect(outcome.succeeded == (outcome.margin < 0))
            #expect(outcome.succeeded ? outcome.queries <= 600 : outcome.queries == 600)
        }
        // Hardly any room, hardly any success.
        let narrow = ImageAttack(method: method, bound: 0.002, queries: 100, size: 0.5, step: 0.1, seed: 1)
        #expect(narrow.run(victim, data, from: 0, count: 40, threads: 1).outcomes.count(where: \.succeeded) <= 4)
        // Threads decide nothing.
        #expect(wide.run(victim, data, from: 0, count: 40, threads: 1).outcomes == outcomes)
        let summary = AttackSummary(outcomes, seen: seen)
        #expect(summary.succeeded == broken.count && summary.attacked == 40)
        #expect(summary.medianQueries == broken.map(\.queries).sorted()[(broken.count - 1) / 2])
    }

    /// The first two queries and the step between, by hand from docs/semantics.md, section 14.
    @Test func aStepIsThatOfTheSemantics() {
        let data = Self.bands(3, seed: 6)
        let attack = ImageAttack(method: .zoqo(bits: 4), bound: 0.01, queries: 4, size: 0.5, step: 0.3, seed: 77)
        // M = 7; m = round(3.5) = 4, a = round(2.1) = 2.
        let scale: Float = 0.01 / 7
        let x = data.values(1)
        var codes = [Int32](repeating: 0, count: 36)
        let victim = ClassifierQueries(Self.classifier, precision: .w8a8, kernels: Self.kernels)
        var margins: [Float] = []
        var last: [Float] = []
        for step in UInt32(0)..<2 {
            let stream = TensorStreams(seed: 77, step: step, tensor: 1)[.perturbation]
            let d = (0..<36).map { Int32((UInt64(stream.word(at: $0)) * 9) >> 32) - 4 }
            var pair: [Float] = []
            for sign in [Int32(1), -1] {
                last = (0..<36).map { min(max(x[$0] + scale * Float(min(max(codes[$0] + sign * d[$0], -7), 7)), 0), 1) }
                let logits = victim.logits(last, count: 1)
                pair.append(logits[1] - max(logits[0], logits[2]))
            }
            margins += pair
            let s: Int32 = pair[0] - pair[1] > 0 ? 1 : -1
            for index in codes.indices { codes[index] = min(max(codes[index] - 2 * s * d[index].signum(), -7), 7) }
        }
        let outcome = attack.run(victim, data, image: 1)
        #expect(!outcome.succeeded && outcome.queries == 4)
        #expect(outcome.margin == margins.min())
        #expect(outcome.largestChange == last.indices.map { abs(last[$0] - x[$0]) }.max())
    }

    @Test func classifiersComeBackFromTheirFile() throws {
        let path = NSTemporaryDirectory() + "classifier-\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Self.classifier.write(to: path)
        let read = try ImageClassifier(path: path)
        #expect(read.shape == Self.classifier.shape && read.hiddenWeights == Self.classifier.hiddenWeights)
        #expect(read.outputBiases == Self.classifier.outputBiases)
        var broken = Self.classifier
        broken.outputBiases[1] = .nan
        try broken.write(to: path)
        #expect(throws: InputError.self) { try ImageClassifier(path: path) }
        var writer = SafetensorsWriter()
        writer.add("hidden.weight", shape: [3], [Float](repeating: 0, count: 3))
        try writer.write(to: path)
        #expect(throws: InputError.tensorShape(file: path, tensor: "hidden.weight", found: [3], expected: [1, 1])) {
            try ImageClassifier(path: path)
        }
    }
}
