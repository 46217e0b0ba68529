import Costs
import Foundation
import Hardware
import Networks
import Programs
import Timing

/// What costing one step of a network takes: lowering, layout, time and prices, in one warm process.
struct CostBench {
    private var network = "llama2-7b"
    private var hardware = "edge-int8"
    private var batch = 16
    private var sequence = 128
    private var runs = 31

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--network", _): network = value
            case ("--hardware", _): hardware = value
            case ("--batch", let number?) where number > 0: batch = number
            case ("--sequence", let number?) where number > 0: sequence = number
            case ("--runs", let number?) where number > 0: runs = number
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        // A step of this size needs more DRAM than an edge machine has; that bounds memory and changes no time.
        let machine = try Machine.load(hardware, overrides: ["organisation.dram.capacityBytes=1099511627776"])
        let table = try EnergyTable.load(for: machine)
        let configuration = try TransformerConfiguration(network: network)
        print(
            "one step of \(network) on \(machine.name): all linear weights, \(batch) × \(sequence) tokens, \(runs) runs after "
                + "one warm-up, thread processor time")
        for (name, method) in [
            ("QuZO", StepDescription.Method.quzo(residualBits: 8)), ("first-order", .qat),
        ] {
            let step = StepDescription(
                network: configuration, batch: batch, sequence: sequence, trainable: .all, hasNewHead: false,
                method: method
            ).on(machine)
            var parts: [(lower: Double, layOut: Double, time: Double, price: Double)] = []
            var description = ""
            for run in 0...runs {
                let start = Clock.processorOfThread()
                let program = Lowering.program(for: step)
                let lowered = Clock.processorOfThread()
                let scheduled = try Lowering.schedule(program, on: machine)
                let laidOut = Clock.processorOfThread()
                let timing = try TimingModel.time(scheduled)
                let timed = Clock.processorOfThread()
                let cost = try StepCost(scheduled, timing: timing, prices: table)
                let priced = Clock.processorOfThread()
                guard run > 0 else { continue }
                parts.append((lowered - start, laidOut - lowered, timed - laidOut, priced - timed))
                description =
                    "\(program.operations.count) operations, \(scheduled.nests.count) distinct nests, \(cost.cycles) cycles"
            }
            func line(_ what: String, _ seconds: [Double]) {
                let sorted = seconds.sorted().map { $0 * 1000 }
                print(
                    "  \((name + ", " + what).padding(toLength: 32, withPad: " ", startingAt: 0)) median "
                        + String(format: "%7.2f", sorted[sorted.count / 2])
                        + String(format: "  (%.2f … %.2f) ms", sorted.first!, sorted.last!))
            }
            line("lower", parts.map(\.lower))
            line("lay out", parts.map(\.layOut))
            line("time", parts.map(\.time))
            line("price", parts.map(\.price))
            line("whole step", parts.map { $0.lower + $0.layOut + $0.time + $0.price })
            print("  \(name): \(description)")
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        print("  peak memory of the process \(usage.ru_maxrss / 1024) MiB")
    }
}
