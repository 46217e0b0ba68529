import Costs
import FineTuning
import Hardware
import Networks
import Programs
import Reports
import Timing

/// Matrix products on a machine, from the flags of `zeroth cost --gemm` and `--topology` to what is printed.
struct ProductCostJob {
    /// One product's part.
    private struct Layer: Encodable {
        let name: String
        let m: Int
        let k: Int
        let n: Int
        let cycles: Int
        /// MACs done over those that the array could have done in `cycles`.
        let utilisation: Double
        let dramBytes: Int
    }

    private struct Answer: Encodable {
        let layers: [Layer]
        let total: StepCost
    }
    private let answer: Answer

    /// - Throws: `HardwareError`, `ScheduleError`.
    init(_ topology: GEMMTopology, hardware: String, overrides: [String]) throws {
        let machine = try Machine.load(hardware, overrides: overrides)
        let scheduled = try Lowering.schedule(topology, on: machine)
        let timing = try TimingModel.time(scheduled)
        let total = try StepCost(scheduled, timing: timing, prices: EnergyTable.load(for: machine))
        var layers: [Layer] = []
        for (number, layer) in topology.layers.enumerated() {
            let counts = scheduled.counts(of: number)
            let cycles = timing.operations[number].cycles
            guard case .product(let product) = scheduled.program.operations[number].action else { continue }
            let rate = try machine.macsPerCyclePerElement(product.format)
            let slots = Double(cycles) * Double(machine.organisation.array.elements) * rate
            layers.append(
                Layer(
                    name: layer.name, m: layer.m, k: layer.k, n: layer.n, cycles: cycles,
                    utilisation: Double(layer.macs) / slots,
                    dramBytes: counts.dramRead.transferred + counts.dramWritten.transferred))
        }
        answer = Answer(layers: layers, total: total)
    }

    /// The product that `--gemm` names.
    ///
    /// - Throws: `RunError.badSetting` naming the flag.
    static func topology(gemm: String) throws(RunError) -> GEMMTopology {
        let sizes = try FlagNumbers.parse(
            "gemm", gemm, separator: ",", names: ["M", "K", "N"], example: "64,256,512",
            upTo: 1...GEMMTopology.largestSize)
        let (pair, overflow) = sizes[0].multipliedReportingOverflow(by: sizes[1])
        let (product, more) = pair.multipliedReportingOverflow(by: sizes[2])
        guard !overflow, !more, product <= GEMMTopology.largestProduct else {
            throw .badSetting(
                name: "gemm", value: gemm, allowed: "M·K·N at most \(GEMMTopology.largestProduct)")
        }
        return GEMMTopology(name: "gemm", m: sizes[0], n: sizes[2], k: sizes[1])
    }

    /// Prints the answer.
    func show(json: Bool) throws {
        guard !json else { return try Terminal.print(json: answer) }
        if answer.layers.count > 1 {
            var table = TextTable()
            table.append(["layer", "M", "K", "N", "cycles", "utilisation", "DRAM"])
            table.rule()
            for layer in answer.layers {
                table.append(
                    [layer.name] + [layer.m, layer.k, layer.n, layer.cycles].map { Quantity.number($0) } + [
                        Quantity.percent(layer.utilisation), Quantity.bytes(layer.dramBytes),
                    ])
            }
            for line in table.lines() { Terminal.print(line) }
            Terminal.print("")
        }
        let first = answer.layers[0]
        let title =
            answer.layers.count > 1 ? "\(answer.layers.count) products" : "\(first.m) × \(first.k) × \(first.n)"
        for line in StepReport.lines(answer.total, title: title) { Terminal.print(line) }
        if answer.layers.count == 1 {
            Terminal.print("MACs over what the array could do in that time: \(Quantity.percent(first.utilisation))")
        }
    }
}
