import Emulator
import Foundation
import Kernels
import Networks
import NumberFormats
import Programs

/// One bit-exact W8A8 QuZO step of all weights beside one PyTorch FP32 MeZO step, in turn.
struct StepBench {
    private var network = ""
    private var batch = 16
    private var sequence = 64
    private var threads = 2
    private var runs = 7
    private var python = "python3"

    init(arguments: [String]) throws {
        var rest = arguments[...]
        guard let folder = rest.popFirst(), !folder.hasPrefix("--") else {
            throw BenchError.usage("a network's folder is missing")
        }
        network = folder
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--batch", let number?) where number > 0: batch = number
            case ("--sequence", let number?) where number > 0: sequence = number
            case ("--threads", let number?) where number > 0: threads = number
            case ("--runs", let number?) where number > 0: runs = number
            case ("--python", _): python = value
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let peer = try Peer(
            python: python, script: "mezo_step.py", arguments: [network, "\(batch)", "\(sequence)", "\(threads)"],
            needs: "torch")
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let checkpoint = try EncoderCheckpoint(folder: network, head: .ignored)
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: 2, precision: .quantized, kernels: kernels, threads: threads)
        let emulator = EncoderEmulator(parameters: parameters, kernels: kernels, threads: threads)
        let program = Lowering.program(
            for: StepDescription(
                shape: parameters.shape, batch: batch, sequence: sequence, trainable: .all, hasNewHead: true,
                method: .quzo(residualBits: 0)))
        var generator = SystemRandomNumberGenerator()
        let examples = (0..<batch).map { _ in
            (0..<sequence).map { _ in Int32.random(in: 0..<Int32(parameters.shape.vocabulary), using: &generator) }
        }
        let data = EncodedBatch(
            examples: examples, labels: (0..<batch).map { Int32($0 % 2) }, sequence: sequence,
            padding: checkpoint.tokenizer.vocabulary.padding)
        let settings = QuZOSettings(seed: 1, bits: .eight, size: .gridSteps(1), rounding: .stochastic)
        var ours: [(wall: Double, cpu: Double)] = []
        var theirs: [(wall: Double, cpu: Double, forwardWall: Double, forwardCPU: Double)] = []
        print(
            "zeroth W8A8 QuZO (\(kernels.level)) beside PyTorch \(peer.version) FP32 MeZO: \(network), "
                + "\(batch) × \(sequence) tokens, all linear weights, \(threads) threads, \(runs) runs in turn after one warm-up"
        )
        for step in 0...runs {
            if step == 1 {
                emulator.clock = { Clock.processorOfThread() }
                _ = emulator.takeProfile()
            }
            let (wall, cpu) = (Clock.wall(), Clock.processorOfProcess())
            _ = try emulator.step(program, data, settings: settings, step: step, learningRate: 0.001)
            let own = (Clock.wall() - wall, Clock.processorOfProcess() - cpu)
            let times = try peer.answer(to: "", count: 4)
            let other = (times[0], times[1], times[2], times[3])
            guard step > 0 else { continue }
            ours.append(own)
            theirs.append(other)
        }
        func line(_ name: String, _ values: [Double], _ unit: String = "ms", factor: Double = 1000) {
            let sorted = values.sorted().map { $0 * factor }
            print(
                "  \(name.padding(toLength: 44, withPad: " ", startingAt: 0)) median "
                    + String(format: "%8.2f", sorted[sorted.count / 2])
                    + String(format: "  (%.2f … %.2f) %@", sorted.first!, sorted.last!, unit))
        }
        line("zeroth, wall", ours.map(\.wall))
        line("zeroth, processor time", ours.map(\.cpu))
        line("PyTorch, wall", theirs.map(\.wall))
        line("PyTorch, processor time", theirs.map(\.cpu))
        line("PyTorch, its two forwards alone, processor time", theirs.map(\.forwardCPU))
        line("ratio PyTorch/zeroth, wall", zip(theirs, ours).map { $0.wall / $1.wall }, "×", factor: 1)
        line("ratio PyTorch/zeroth, processor time", zip(theirs, ours).map { $0.cpu / $1.cpu }, "×", factor: 1)
        line(
            "ratio, PyTorch's forwards alone to our step", zip(theirs, ours).map { $0.forwardCPU / $1.cpu }, "×",
            factor: 1)
        let profile = emulator.takeProfile()
        let total = profile.values.reduce(0, +)
        print(
            "where zeroth's time goes (thread processor time a step; perturb and update: the calling thread's share):")
        for (name, seconds) in profile.sorted(by: { $0.value > $1.value }) {
            print(
                "  \(name.padding(toLength: 20, withPad: " ", startingAt: 0))"
                    + String(format: "%8.3f ms  %4.1f %%", 1000 * seconds / Double(runs), 100 * seconds / total))
        }
        peer.finish()
    }
}
