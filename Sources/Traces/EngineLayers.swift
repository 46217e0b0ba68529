import Emulator
import Hardware
import NumberFormats
import Programs

/// Random layers on random machines for one engine: formats, dataflows, accumulators, orders, buffers, bandwidths, latencies, perturbed or not.
public struct EngineLayers {
    private let rows: Int
    private let columns: Int
    private let lanes: Int
    private let kind: SystolicArrayShape.Kind
    private var random: VectorRandom

    /// - Parameter seed: decides all of them.
    public init(rows: Int, columns: Int, lanes: Int, kind: SystolicArrayShape.Kind, seed: UInt64) {
        self.rows = rows
        self.columns = columns
        self.lanes = lanes
        self.kind = kind
        random = VectorRandom(seed: seed)
    }

    /// The next layer, laid out, with its machine's text.
    ///
    /// - Throws: whatever keeps the engine from running a machine that should run.
    public mutating func next() throws -> (folder: EngineFolder, machine: [UInt8]) {
        var last: (any Error)?
        // A few draws have too small a memory, or sums that take too many words below a column.
        for _ in 0..<200 {
            let text = Array(machineText().utf8)
            let machine = try Machine(json5: text, file: "machine.json5")
            let isInt8 = machine.arithmetic.weights == .int8
            let isPerturbed = isInt8 && random.oneIn(2)
            let codes = try machine.codesPerElement(
                machine.multiplierFormat(machine.arithmetic.activations, machine.arithmetic.weights))
            // Perturbed rows have whole groups of four weights, tiles of them, too.
            let canBePerturbed = isPerturbed && (rows * codes) % EngineShape.perturbationsPerCycle == 0
            var k = random.within(1...(random.oneIn(4) ? 160 : 48))
            if case .blocked(let block) = machine.arithmetic.order,
                machine.organisation.array.dataflow == .outputStationary
            {
                k = (k + block - 1) / block * block
            }
            if canBePerturbed { k = (k + 3) / 4 * 4 }
            if machine.arithmetic.weights.bits == 4 || machine.arithmetic.activations.bits == 4 { k += k % 2 }
            let layer = EngineLayer(
                machine, m: random.within(1...24), n: random.within(1...24), k: k, hasBias: random.oneIn(2),
                isPerturbed: canBePerturbed, random: &random)
            do {
                return (try EngineFolder(layer), text)
            } catch let error as ScheduleError {
                last = error
            } catch let error as EngineError {
                last = error
            }
        }
        throw last!
    }

    private mutating func arithmetic() -> (a: String, b: String, integer: String, float: String) {
        switch kind {
        case .integer:
            let bits = random.oneIn(2) ? 32 : random.within(12...32)
            let overflow = random.oneIn(3) ? "saturate" : "wrap"
            let formats = random.pick([("int8", "int8"), ("int8", "int8"), ("int8", "int4"), ("int4", "int4")])
            return (formats.0, formats.1, "{ bits: \(bits), overflow: \"\(overflow)\" }", "none")
        default:
            let formats = random.pick([("e4m3", "e4m3"), ("e5m2", "e4m3"), ("e4m3", "e5m2"), ("e5m2", "e5m2")])
            let name: String
            switch kind {
            case .sequential: name = "fp32-sequential"
            case .grouped: name = "grouped:\(lanes)"
            case .aligned:
                let output = random.oneIn(2) ? "fp32" : "e8m13"
                name = "aligned:\(lanes),\(random.within(8...30)),\(output)"
            default: name = "exact"
            }
            return (formats.0, formats.1, "{ bits: 32, overflow: \"wrap\" }", name)
        }
    }

    /// A machine file. Memories are as wide as the array needs, and small, so that layers take many tiles.
    private mutating func machineText() -> String {
        let arithmetic = arithmetic()
        let dataflow = random.pick(["weight-stationary", "input-stationary", "output-stationary"])
        let isPacked = arithmetic.a == "int4" && arithmetic.b == "int4"
        let codes = isPacked ? 2 * lanes : lanes
        var order = "re-entry"
        if random.oneIn(3) {
            order = "blocked:\(dataflow == "output-stationary" ? codes * random.within(1...6) : codes * rows)"
        }
        let rates =
            kind == .integer
            ? "int8: \(lanes), int4: \(2 * lanes)" : "e4m3: \(lanes), e5m2: \(lanes)"
        let beat = 1 << random.below(5)
        let burst = beat << random.below(4)
        // 64 bytes a cycle and memory are enough for a beat of the engines that are checked; ports are busy then.
        let word = 256
        let banks = 1 << random.within(1...3)
        func memory(_ least: Int, _ most: Int) -> String {
            let unit = banks * word / 8
            let bytes = unit * random.within(least...most) * (8 / banks)
            return "{ bytes: \(bytes), banks: \(banks), wordBits: \(word), ports: \(random.within(1...2)) }"
        }
        let operations = ["compare", "divide", "squareRoot", "exponential", "gelu", "logarithm"].map { "\($0): 1" }
        func few() -> Int { random.oneIn(3) ? random.within(2...3) : 1 }
        return """
            // A machine for the tile engine of hwmodels/rtl, drawn at random.
            {
              name: "engine",
              summary: "a small machine, drawn at random",
              arithmetic: {
                weights: "\(arithmetic.b)", activations: "\(arithmetic.a)",
                attention: "\(arithmetic.a)", head: "\(arithmetic.a)", embedding: "fp32",
                integerAccumulator: \(arithmetic.integer), floatAccumulator: "\(arithmetic.float)",
                accumulate: "\(order)", vector: "fp32", generator: "philox4x32-10", gaussian: "irwin-hall-4",
                roundingBits: 16,
              },
              organisation: {
                clockMegahertz: 1000,
                array: {
                  rows: \(rows), columns: \(columns), dataflow: "\(dataflow)",
                  macsPerCyclePerElement: { \(rates) }, doubleBuffered: \(random.oneIn(3) ? "false" : "true"),
                },
                vectorUnit: {
                  lanes: \(random.pick([1, 2, 4])),
                  cyclesPerOperation: { add: \(few()), multiply: \(few()), convert: \(few()), \(operations.joined(separator: ", ")) },
                },
                perturbationUnit: {
                  placement: "on-load", sharedFetch: false, perturbationsPerCycle: \(EngineShape.perturbationsPerCycle),
                  updatesPerCycle: 4,
                },
                sram: {
                  weight: \(memory(1, 5)), activation: \(memory(4, 14)), accumulator: \(memory(1, 5)),
                },
                dma: { bytesPerCycle: \(beat), setupCycles: \(random.below(20)) },
                dram: {
                  standard: "LPDDR4-2400", channels: 1, capacityBytes: 1048576, bandwidthGigabytesPerSecond: \(beat << random.below(2)),
                  burstBytes: \(burst), latencyNanoseconds: \(random.below(120)), rowBytes: \(burst * 16), rowMissNanoseconds: 0,
                },
                energyTable: "cmos45",
              },
            }

            """
    }
}
