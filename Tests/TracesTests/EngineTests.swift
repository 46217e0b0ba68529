import Emulator
import Hardware
import NumberFormats
import Testing

@testable import Traces

/// Layers for the tile engine: images, tokens, references. What the engine makes of them is `hwmodels/rtl/check`'s.
@Suite struct EngineTests {
    private static func layers(_ count: Int, lanes: Int = 1, kind: SystolicArrayShape.Kind = .integer) throws
        -> [EngineFolder]
    {
        var layers = EngineLayers(rows: 4, columns: 4, lanes: lanes, kind: kind, seed: 7)
        return try (0..<count).map { _ in try layers.next().folder }
    }

    @Test func wordsHoldTheirFields() {
        var word = ImageWord(kind: 5)
        word.set(0xABC, at: 60, bits: 12)
        word.set(UInt64.max, at: 128, bits: 64)
        let digits = Array(word.text)
        #expect(digits.count == 96 && digits[0] == "5")
        // Digit i from the right holds bits 4i … 4i + 3.
        #expect(String(digits[(96 - 18)..<(96 - 15)]) == "abc")
        #expect(digits[(96 - 48)..<(96 - 32)].allSatisfy { $0 == "f" })
        #expect(digits.filter { $0 == "0" }.count == 96 - 1 - 3 - 16)
    }

    @Test func aMemoryImageHasTheFirstByteLowest() {
        #expect(
            String(decoding: MemoryImage([1, 2, 3, 0xA0, 5], width: 4).text, as: UTF8.self) == "a0030201\n00000005\n")
        #expect(MemoryImage([], width: 4).text.isEmpty)
    }

    /// INT8 by integers of Swift, perturbed weights too.
    @Test func referencesAreTheProduct() throws {
        var perturbed = 0
        for folder in try Self.layers(40) {
            let layer = folder.layer
            guard layer.weightFormat == .int8, layer.activationFormat == .int8,
                layer.machine.arithmetic.accumulatorBits == 32
            else {
                continue
            }
            let reference = EngineReference(layer)
            if let perturbation = layer.perturbation {
                perturbed += 1
                let moved = zip(layer.weights, reference.weights).filter { $0 != $1 }.count
                // d is 0 where c_d is small, and clamps keep some.
                #expect(perturbation.multiplier < 1 << 14 || moved > 0)
            } else {
                #expect(reference.weights == layer.weights)
            }
            let result = reference.result()
            for m in 0..<layer.m {
                for n in 0..<layer.n {
                    let sum = (0..<layer.k).reduce(0) { sum, k in
                        sum + Int(Int8(truncatingIfNeeded: layer.activations[m * layer.k + k]))
                            * Int(Int8(truncatingIfNeeded: reference.weights[n * layer.k + k]))
                    }
                    var y = Float(sum) * layer.weightScales[n] * layer.activationScales[m]
                    if let bias = layer.bias { y += bias[n] }
                    #expect(result[m * layer.n + n] == y)
                    let register = reference.register(row: m, column: n, depth: layer.k)
                    #expect(Int(Int32(truncatingIfNeeded: register)) == sum)
                }
            }
        }
        #expect(perturbed >= 3)
    }

    /// A command begins, by the timing model, when the tokens that the image gives it are there: not before, and some exactly then.
    @Test(arguments: [SystolicArrayShape.Kind.integer, .sequential, .exact])
    func tokensAreTheTimingModelsWaits(_ kind: SystolicArrayShape.Kind) throws {
        var waited = 0
        for folder in try Self.layers(30, kind: kind) {
            let program = try EngineProgram(folder.layer.scheduled())
            var ends: [[Int]] = Array(repeating: [0], count: EngineClass.allCases.count)
            let latency = program.scheduled.model.loadLatency
            for command in program.commands {
                #expect(command.number == ends[command.kind.rawValue].count)
                for (kind, number) in command.waits.enumerated() where number > 0 {
                    #expect(number < ends[kind].count, "tokens are of commands that were issued before")
                    let ready = ends[kind][number]
                    #expect(command.start >= ready)
                    waited += command.start == ready ? 1 : 0
                }
                let isLoad = command.kind == .weightLoad || command.kind == .activationLoad
                ends[command.kind.rawValue].append(command.end + (isLoad ? latency : 0))
            }
            #expect(program.cycles >= ends.flatMap { $0 }.max() ?? 0)
        }
        #expect(waited > 100)
    }

    @Test func imagesAreAFunctionOfTheirSeed() throws {
        let (first, again) = (try Self.layers(3), try Self.layers(3))
        for (one, other) in zip(first, again) {
            let images = try [one, other].map {
                try EngineImage(EngineProgram($0.layer.scheduled()), $0.layer.perturbation).lines()
            }
            #expect(images[0] == images[1] && images[0].allSatisfy { $0.count == 96 })
            #expect(one.stimulus() == other.stimulus())
            // What the layer writes lies where zeros were, and everything else stays.
            let (before, after) = (one.stimulus(), one.golden(one.stimulus(), EngineReference(one.layer)))
            let program = try EngineProgram(one.layer.scheduled())
            let id = program.scheduled.program.operations[0].writes[0]
            let start = try #require(program.scheduled.memory.addresses[id.index])
            let range = start..<start + 4 * one.layer.m * one.layer.n
            #expect(before.count == after.count && before[range].allSatisfy { $0 == 0 })
            #expect(before[..<range.lowerBound] == after[..<range.lowerBound])
            #expect(before[range.upperBound...] == after[range.upperBound...])
        }
    }

    @Test func machinesThatNoEngineIsAreRefusedByField() throws {
        let machine = try Machine.load("edge-int8")
        let layer = EngineLayer(machine, m: 4, n: 4, k: 8, hasBias: false, isPerturbed: false, seed: 1)
        let error = #expect(throws: EngineError.self) { try EngineFolder(layer) }
        #expect("\(error!)".contains("organisation.vectorUnit.lanes 32"), "\(error!)")
    }
}
