import Emulator
import Foundation
import NumberFormats

/// The register-level model of the array, beat by beat: elements moved in a second (MAC-cycles/s), to be read beside Verilator's (`hwmodels/rtl/check --speed`).
struct ArrayBench {
    private var runs = 7
    private var sizes = [(4, 4), (8, 8), (16, 16), (32, 32)]
    private var beats = 64
    private var folds = 64

    private static let cases: [(name: String, format: ElementFormat, accumulator: ProductAccumulator)] = [
        ("int8, 32-wrap", .int8, .integer(bits: 32, overflow: .wrap)),
        ("int8, 24-saturate", .int8, .integer(bits: 24, overflow: .saturate)),
        ("e4m3, fp32-sequential", .e4m3, .sequential),
        ("e4m3, exact", .e4m3, .exact),
    ]

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            let shape = value.split(separator: "x").compactMap { Int($0) }
            switch (flag, Int(value)) {
            case ("--runs", let number?) where number > 0: runs = number
            case ("--beats", let number?) where number > 0: beats = number
            case ("--folds", let number?) where number > 0: folds = number
            case ("--array", _) where shape.count == 2: sizes = [(shape[0], shape[1])]
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        print(
            "array, \(beats) beats a fold, \(folds) folds, double-buffered, one thread, \(runs) runs after one warm-up, thread processor time; million MAC-cycles/s: median (least … greatest)"
        )
        for (rows, columns) in sizes {
            print("\(rows) × \(columns)")
            for item in Self.cases {
                for dataflow in [SystolicCommand.Dataflow.weightStationary, .outputStationary] {
                    let rates = try rates(rows, columns, item.format, item.accumulator, dataflow, folds: folds)
                    let (least, greatest) = (rates.min() ?? 0, rates.max() ?? 0)
                    let title = "  \(item.name), \(dataflow.rawValue)".padding(
                        toLength: 44, withPad: " ", startingAt: 0)
                    print(
                        title
                            + String(
                                format: "%8.1f  (%.1f … %.1f)", rates.sorted()[rates.count / 2], least, greatest))
                }
            }
        }
    }

    /// Million elements moved in a second, in each run.
    private func rates(
        _ rows: Int, _ columns: Int, _ format: ElementFormat, _ accumulator: ProductAccumulator,
        _ dataflow: SystolicCommand.Dataflow, folds: Int
    ) throws -> [Double] {
        let shape = try SystolicArrayShape(rows: rows, columns: columns, kind: .init(accumulator))
        let isOutputStationary = dataflow == .outputStationary
        let order: AccumulationOrder = isOutputStationary ? .blocked(beats) : .reentry
        let command = try SystolicCommand(
            dataflow, DotProduct(format, format, accumulator: accumulator, order: order), isDoubleBuffered: true,
            beats: beats, folds: folds, rowsInLastFold: rows, on: shape)
        var random = SystemRandomNumberGenerator()
        func codes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0..<120, using: &random) } }
        let operands = try SystolicOperands(
            columnWords: codes(command.columnWords(on: shape) * columns),
            rowWords: codes(folds * beats * rows), for: command, on: shape)
        let array = SystolicArray(shape)
        var rates: [Double] = []
        for index in 0...runs {
            array.reset()
            let run = SystolicRun(command, operands, on: array)
            let start = Clock.processorOfThread()
            run.finish()
            let seconds = Clock.processorOfThread() - start
            if index > 0 { rates.append(Double(rows * columns * run.beat) / seconds / 1e6) }
        }
        return rates
    }
}
