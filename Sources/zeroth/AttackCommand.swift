import ArgumentParser
import FineTuning
import Foundation
import Kernels
import Networks
import Reports

/// `zeroth attack`: black-box attacks on an image classifier.
struct AttackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attack",
        abstract: "Attack an image classifier by queries alone, on a quantization grid (ZOQO) or in floating point.",
        discussion: """
            Untargeted: an image counts as broken with the first query that the classifier takes for another class. The loss is the margin of the right class's logit over the
            largest other one; no pixel moves further than --epsilon. Images and labels are IDX files, as MNIST and Fashion-MNIST are (unpacked). docs/semantics.md, section 14.

            Examples:
              zeroth attack train --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte --output classifier.safetensors
              zeroth attack run --classifier classifier.safetensors --images t10k-images-idx3-ubyte --labels t10k-labels-idx1-ubyte --method zoqo --bits 4
            """,
        subcommands: [AttackRunCommand.self, AttackTrainCommand.self])
}

/// Where images come from.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Images, an IDX file of three dimensions.", valueName: "file"))
    var images: String

    @Option(help: ArgumentHelp("Their classes, an IDX file of one dimension.", valueName: "file"))
    var labels: String

    func read() throws -> ImageDataset { try ImageDataset(images: images, labels: labels) }
}

/// `zeroth attack train`: a classifier to attack.
struct AttackTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a classifier with one hidden layer in FP32 and write it as safetensors.")

    @OptionGroup var data: ImageOptions

    @Option(help: ArgumentHelp("Where the classifier is written.", valueName: "file.safetensors"))
    var output: String

    @Option(help: ArgumentHelp("Hidden values, 1 … 4096.", valueName: "n"))
    var hidden = 128

    @Option(help: ArgumentHelp("Times through the images, 1 … 1000.", valueName: "n"))
    var epochs = 10

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Decides the weights before training and the order of images.", valueName: "n"),
        transform: Seed.parse)
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...4096).contains(hidden) else { throw ValidationError("--hidden is \(hidden), should be 1 … 4096") }
        guard (1...1000).contains(epochs) else { throw ValidationError("--epochs is \(epochs), should be 1 … 1000") }
    }

    func run() throws {
        let images = try data.read()
        // Before minutes of training.
        let parent = URL(fileURLWithPath: output).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: parent) else {
            throw InputError.fileNotWritten(file: output, reason: "its folder does not exist")
        }
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let trained = ImageClassifier.trained(
            on: images, ClassifierTraining(hidden: hidden, epochs: epochs, seed: seed), kernels: kernels
        ) { epoch, loss in
            Terminal.error("epoch \(epoch) of \(epochs): mean loss \(Quantity.number(loss, digits: 4))")
        }
        try trained.write(to: output)
        let queries = ClassifierQueries(trained, precision: .fp32, kernels: kernels)
        let right = (0..<images.count).count { image in
            ClassifierQueries.prediction(queries.logits(images.values(image), count: 1)[...])
                == Int(images.labels[image])
        }
        Terminal.print(
            "\(output): \(images.count) images of \(images.rows) × \(images.columns), \(trained.shape.classes) classes; "
                + "accuracy on them \(Quantity.number(100 * Double(right) / Double(images.count), digits: 1)) %")
    }
}

extension ClassifierPrecision: ExpressibleByArgument {}

/// `zeroth attack run`.
struct AttackRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Attack the images that a classifier recognizes; print success rate and queries.")

    enum MethodName: String, CaseIterable, ExpressibleByArgument {
        case zoqo
        case zoSignSGD = "zo-signsgd"
    }

    @OptionGroup var data: ImageOptions

    @Option(help: ArgumentHelp("What `zeroth attack train` wrote.", valueName: "file.safetensors"))
    var classifier: String

    @Option(help: ArgumentHelp("zoqo: on a grid; zo-signsgd: in FP32.", valueName: "method"))
    var method: MethodName = .zoqo

    @Option(help: ArgumentHelp("ZOQO's bits of a pixel's perturbation, 2 … 8.", valueName: "n"))
    var bits: Int?

    @Option(help: ArgumentHelp("The largest change of a pixel, which is 0 … 1.", valueName: "x"))
    var epsilon: Float = 0.1

    @Option(help: ArgumentHelp("Queries for an image at most, 2 … 10000000.", valueName: "n"))
    var queries = 2000

    @Option(help: ArgumentHelp("Noise of a query, as a part of ε.", valueName: "x"))
    var size = 0.5

    @Option(help: ArgumentHelp("Length of a step, as a part of ε.", valueName: "x"))
    var step = 0.1

    @Option(help: ArgumentHelp("The first image that is looked at.", valueName: "n"))
    var first = 0

    @Option(help: ArgumentHelp("Recognized images to attack.", valueName: "n"))
    var count = 200

    @Option(help: ArgumentHelp("How the classifier computes: fp32 or w8a8.", valueName: "precision"))
    var precision: ClassifierPrecision = .fp32

    @Option(parsing: .unconditional, help: ArgumentHelp("Decides the noise.", valueName: "n"), transform: Seed.parse)
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Write a line an image.", valueName: "file.csv"))
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        if let bits {
            guard method == .zoqo else { throw ValidationError("--bits belongs to --method zoqo; leave it out") }
            guard (2...8).contains(bits) else { throw ValidationError("--bits is \(bits), should be 2 … 8") }
        }
        guard epsilon > 0, epsilon <= 1 else {
            throw ValidationError("--epsilon is \(epsilon), should be above 0 and at most 1")
        }
        guard (2...10_000_000).contains(queries) else {
            throw ValidationError("--queries is \(queries), should be 2 … 10000000")
        }
        for (name, value) in [("size", size), ("step", step)] {
            guard value > 0, value <= 2 else {
                throw ValidationError("--\(name) is \(value), should be above 0 and at most 2")
            }
        }
        guard first >= 0 else { throw ValidationError("--first is \(first), should be 0 or more") }
        guard (1...1_000_000).contains(count) else {
            throw ValidationError("--count is \(count), should be 1 … 1000000")
        }
    }

    func run() throws {
        let images = try data.read()
        let network = try ImageClassifier(path: classifier)
        guard network.shape.pixels == images.size else {
            throw RunError.badSetting(
                name: "images", value: "\(images.rows) × \(images.columns) pixels",
                allowed: "images of the classifier's \(network.shape.pixels) pixels")
        }
        guard images.classes <= network.shape.classes else {
            throw RunError.badSetting(
                name: "labels", value: "\(images.classes) classes",
                allowed: "at most the classifier's \(network.shape.classes)")
        }
        guard first < images.count else {
            throw RunError.badSetting(name: "first", value: "\(first)", allowed: "below the \(images.count) images")
        }
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let attack = ImageAttack(
            method: method == .zoqo ? .zoqo(bits: bits ?? 8) : .zoSignSGD, bound: epsilon, queries: queries, size: size,
            step: step, seed: seed)
        let (outcomes, seen) = attack.run(
            ClassifierQueries(network, precision: precision, kernels: kernels), images, from: first, count: count,
            threads: threads.count)
        if let output {
            try writeAtomically(
                ([ImageAttack.Outcome.header] + outcomes.map(\.line)).joined(separator: "\n") + "\n", to: output)
        }
        let summary = AttackSummary(outcomes, seen: seen)
        if json { return try Terminal.print(json: summary) }
        var table = TextTable()
        table.append(["images looked at, recognized and attacked", "\(seen), \(summary.attacked)"])
        table.append([
            "broken", "\(summary.succeeded) (\(Quantity.number(100 * summary.successRate, digits: 1)) %)",
        ])
        table.append(["queries, median of those", summary.medianQueries.map(String.init) ?? "-"])
        table.append(["queries, mean of all attacked", Quantity.number(summary.meanQueries, digits: 1)])
        for line in table.lines() { Terminal.print(line) }
    }
}
