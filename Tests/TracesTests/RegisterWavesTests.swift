import Emulator
import NumberFormats
import ProgramFixtures
import Testing

@testable import Traces

/// Waves against the registers that they show.
@Suite struct RegisterWavesTests {
    /// A dump read back: values by path, at the end of each time.
    private struct Dump {
        var paths: [String: String] = [:]
        var times: [(time: Int, values: [String: UInt128])] = []

        init(_ text: String) {
            var scopes: [String] = []
            var values: [String: UInt128] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                switch words[0] {
                case "$scope": scopes.append(words[2])
                case "$upscope": scopes.removeLast()
                case "$var": paths[words[3]] = (scopes + [words[4]]).joined(separator: ".")
                case let word where word.hasPrefix("#"):
                    if let last = times.indices.last { times[last].values = values }
                    times.append((Int(word.dropFirst())!, [:]))
                case let word where word.hasPrefix("b"): values[paths[words[1]]!] = UInt128(word.dropFirst(), radix: 2)
                case let word where word.hasPrefix("0") || word.hasPrefix("1"):
                    values[paths[String(word.dropFirst())]!] = word.first == "1" ? 1 : 0
                default: break
                }
            }
            if let last = times.indices.last { times[last].values = values }
        }
    }

    private static func run(_ dataflow: SystolicCommand.Dataflow, _ shape: SystolicArrayShape) throws -> SystolicRun {
        let arithmetic = DotProduct(
            .int8, .int8, accumulator: .integer(bits: 32, overflow: .wrap), order: .reentry)
        let (m, n, k) = (3, 5, 7)
        let command = try SystolicCommand(m: m, n: n, k: k, dataflow, arithmetic, isDoubleBuffered: true, on: shape)
        var random = SplitMix(state: 1)
        func codes(_ count: Int) -> [UInt32] { (0..<count).map { _ in UInt32.random(in: 0...255, using: &random) } }
        let operands = try SystolicOperands(
            activations: codes(m * k), weights: codes(n * k), m: m, n: n, k: k, for: command, on: shape)
        return SystolicRun(command, operands, on: SystolicArray(shape))
    }

    @Test(arguments: SystolicCommand.Dataflow.allCases, [0..<1000, 4..<9])
    func everyRegisterIsShownAtEveryBeat(dataflow: SystolicCommand.Dataflow, beats: Range<Int>) throws {
        let shape = try SystolicArrayShape(rows: 3, columns: 2, lanes: 2, kind: .integer)
        var text: [UInt8] = []
        try RegisterWaves(Self.run(dataflow, shape)).write(beats: beats) { text += $0 }
        let dump = Dump(String(decoding: text, as: UTF8.self))
        let run = try Self.run(dataflow, shape)
        while run.beat < beats.lowerBound, run.step() {}
        var place = 0
        repeat {
            let (time, values) = dump.times[2 * place]
            #expect(time == 10 * run.beat && values["array_tile.clk"] == 1)
            #expect(values["array_tile.beat"] == UInt128(run.beat))
            #expect(dump.times[2 * place + 1].time == time + 5)
            for row in 0..<3 {
                for column in 0..<2 {
                    let (element, name) = (
                        run.array[row, column], "array_tile.systolic_array.row[\(row)].column[\(column)]."
                    )
                    func word(_ codes: [UInt8]) -> UInt128 { UInt128(codes[0]) | UInt128(codes[1]) << 8 }
                    func bit(_ flag: Bool) -> UInt128 { flag ? 1 : 0 }
                    let expected: [(String, UInt128)] = [
                        ("a", word(element.a)), ("shift", word(element.shift)), ("sum", element.sum),
                        ("valid", bit(element.valid)), ("first", bit(element.first)), ("last", bit(element.last)),
                        ("insert_late", bit(element.insertLate)), ("pe.insert_early", bit(element.insertEarly)),
                        ("pe.waiting", word(element.waiting)), ("pe.active", word(element.active)),
                        ("pe.accumulating", element.accumulating), ("pe.held", element.held),
                    ]
                    for (signal, value) in expected { #expect(values[name + signal] == value, "\(name)\(signal)") }
                }
            }
            place += 1
        } while run.beat < beats.upperBound && run.step()
        #expect(dump.times.count == 2 * place)
    }
}
