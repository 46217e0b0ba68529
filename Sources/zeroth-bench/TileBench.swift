import Emulator
import Foundation
import Hardware
import Kernels
import Networks
import NumberFormats
import Programs

/// One QuZO step of all weights tile by tile beside the same step on whole layers, in turn; they end in the same weights.
struct TileBench {
    private var network = ""
    private var hardware = "edge-int8"
    private var overrides: [String] = []
    private var batch = 16
    private var sequence = 64
    private var threads = 1
    private var runs = 7
    private var isChecked = true

    init(arguments: [String]) throws {
        var rest = arguments[...]
        guard let folder = rest.popFirst(), !folder.hasPrefix("--") else {
            throw BenchError.usage("a network's folder is missing")
        }
        network = folder
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--hardware", _): hardware = value
            case ("--set", _): overrides.append(value)
            case ("--batch", let number?) where number > 0: batch = number
            case ("--sequence", let number?) where number > 0: sequence = number
            case ("--threads", let number?) where number > 0: threads = number
            case ("--checked", _) where ["yes", "no"].contains(value): isChecked = value == "yes"
            case ("--runs", let number?) where number > 0: runs = number
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let checkpoint = try EncoderCheckpoint(folder: network, head: .ignored)
        let machine = try Machine.load(hardware, overrides: overrides)
        func parameters() -> EncoderParameters {
            EncoderParameters(
                checkpoint: checkpoint, classes: 2, precision: .quantized, formats: StepFormats(machine.arithmetic),
                kernels: kernels, threads: threads)
        }
        let (whole, tiled, checked) = (parameters(), parameters(), parameters())
        var step = StepDescription(
            shape: whole.shape, batch: batch, sequence: sequence, trainable: .all, hasNewHead: true,
            method: .quzo(residualBits: 0))
        step.machineFormats = whole.formats
        let program = Lowering.program(for: step)
        let scheduled = try Lowering.schedule(step.on(machine), on: machine)
        let layers = EncoderEmulator(parameters: whole, kernels: kernels, threads: threads)
        let tiles = TileEmulator(
            parameters: tiled, kernels: kernels, threads: threads, options: TileOptions(checks: false))
        let withChecks = TileEmulator(parameters: checked, kernels: kernels, threads: threads)
        var generator = SystemRandomNumberGenerator()
        let examples = (0..<batch).map { _ in
            (0..<sequence).map { _ in Int32.random(in: 0..<Int32(whole.shape.vocabulary), using: &generator) }
        }
        let data = EncodedBatch(
            examples: examples, labels: (0..<batch).map { Int32($0 % 2) }, sequence: sequence,
            padding: checkpoint.tokenizer.vocabulary.padding)
        let settings = QuZOSettings(seed: 1, bits: .eight, size: .gridSteps(1), rounding: .stochastic)
        var commands = 0
        for operation in scheduled.program.operations.indices {
            scheduled.nest(of: operation).forEachCommand { _, _ in commands += 1 }
        }
        let cut = scheduled.program.operations.indices.count { scheduled.nest(of: $0).cutsRows }
        print(
            "one QuZO step (\(kernels.level)) tile by tile on \(machine.name), \(commands) commands, rows cut in "
                + "\(cut) of \(scheduled.program.operations.count) operations, beside whole layers: \(network), "
                + "\(batch) × \(sequence) tokens, all linear weights, \(threads) threads, \(runs) runs in turn after one warm-up"
        )
        var times: [[(wall: Double, cpu: Double)]] = [[], [], []]
        func time(_ index: Int, _ step: Int, _ work: () throws -> Void) throws {
            let (wall, cpu) = (Clock.wall(), Clock.processorOfProcess())
            try work()
            if step > 0 { times[index].append((Clock.wall() - wall, Clock.processorOfProcess() - cpu)) }
        }
        for step in 0...runs {
            try time(0, step) {
                _ = try layers.step(program, data, settings: settings, step: step, learningRate: 0.001)
            }
            try time(1, step) {
                _ = try tiles.step(scheduled, data, settings: settings, step: step, learningRate: 0.001)
            }
            guard isChecked else { continue }
            try time(2, step) {
                _ = try withChecks.step(scheduled, data, settings: settings, step: step, learningRate: 0.001)
            }
        }
        for (a, b) in zip(whole.linears, tiled.linears) where !a.codes.elements.elementsEqual(b.codes.elements) {
            throw BenchError.usage("the two ways ended in different weights")
        }
        func line(_ name: String, _ values: [Double], _ unit: String = "ms", factor: Double = 1000) {
            let sorted = values.sorted().map { $0 * factor }
            print(
                "  \(name.padding(toLength: 44, withPad: " ", startingAt: 0)) median "
                    + String(format: "%8.2f", sorted[sorted.count / 2])
                    + String(format: "  (%.2f … %.2f) %@", sorted.first!, sorted.last!, unit))
        }
        for (name, index) in [("whole layers", 0), ("tiles", 1), ("tiles, checked", 2)] where !times[index].isEmpty {
            line("\(name), wall", times[index].map(\.wall))
            line("\(name), processor time", times[index].map(\.cpu))
        }
        for (name, index) in [("tiles", 1), ("tiles, checked", 2)] where !times[index].isEmpty {
            line(
                "ratio \(name)/whole layers, wall", zip(times[index], times[0]).map { $0.wall / $1.wall }, "×",
                factor: 1)
            line(
                "ratio \(name)/whole layers, processor time", zip(times[index], times[0]).map { $0.cpu / $1.cpu }, "×",
                factor: 1)
        }
        // Reading the clock takes about as long as a small command, so the profile has a step of its own.
        tiles.clock = { Clock.wall() }
        layers.clock = { Clock.wall() }
        _ = tiles.takeProfile()
        _ = layers.takeProfile()
        _ = try tiles.step(scheduled, data, settings: settings, step: runs + 1, learningRate: 0.001)
        _ = try layers.step(program, data, settings: settings, step: runs + 1, learningRate: 0.001)
        profile(
            "where the tiles' time goes in one more step (wall, the clock's own time included):", tiles.takeProfile())
        profile("and the whole layers':", layers.takeProfile())
    }

    private func profile(_ title: String, _ profile: [String: Double]) {
        print(title)
        for (name, seconds) in profile.sorted(by: { $0.value > $1.value }) {
            print(
                "  \(name.padding(toLength: 20, withPad: " ", startingAt: 0))"
                    + String(format: "%8.3f ms", 1000 * seconds))
        }
    }
}
