import Emulator
import NumberFormats

/// Registers of a systolic array in a command, beat by beat, as a value change dump (IEEE 1364-2005, 18.2), with the names of `hwmodels/rtl/array_tile.sv`.
///
/// A beat is one cycle of 1 ns: `clk` rises at the beat's start, and registers show, from its end on, what they then hold. Beat 0 begins at time 0.
public struct RegisterWaves {
    /// A signal of an element: its name in `systolic_array` or in `pe`, its width, its value.
    private struct Signal {
        let name: String
        let bits: Int
        let isInside: Bool
        let value: (ProcessingElement) -> UInt128
    }

    private let run: SystolicRun
    private let signals: [Signal]

    /// - Parameter run: at its beginning; it is finished by `write`.
    public init(_ run: SystolicRun) {
        self.run = run
        let (codes, sum) = (8 * run.array.shape.lanes, run.array.shape.kind.sumBits)
        func word(_ bytes: [UInt8]) -> UInt128 { bytes.reversed().reduce(0) { $0 << 8 | UInt128($1) } }
        signals = [
            Signal(name: "a", bits: codes, isInside: false) { word($0.a) },
            Signal(name: "valid", bits: 1, isInside: false) { $0.valid ? 1 : 0 },
            Signal(name: "first", bits: 1, isInside: false) { $0.first ? 1 : 0 },
            Signal(name: "last", bits: 1, isInside: false) { $0.last ? 1 : 0 },
            Signal(name: "shift", bits: codes, isInside: false) { word($0.shift) },
            Signal(name: "sum", bits: sum, isInside: false) { $0.sum },
            Signal(name: "insert_late", bits: 1, isInside: false) { $0.insertLate ? 1 : 0 },
            Signal(name: "waiting", bits: codes, isInside: true) { word($0.waiting) },
            Signal(name: "active", bits: codes, isInside: true) { word($0.active) },
            Signal(name: "accumulating", bits: sum, isInside: true) { $0.accumulating },
            Signal(name: "held", bits: sum, isInside: true) { $0.held },
            Signal(name: "insert_early", bits: 1, isInside: true) { $0.insertEarly ? 1 : 0 },
        ]
    }

    /// Widest codes of an element that are shown: 16 lanes.
    public static let laneLimit = 16

    /// Writes the dump of some beats.
    ///
    /// - Parameters:
    ///   - beats: of the command; those behind its end are left out.
    ///   - body: takes the text piece by piece.
    public func write(beats: Range<Int>, to body: ([UInt8]) throws -> Void) throws {
        let (rows, columns) = (run.array.shape.rows, run.array.shape.columns)
        var text = header(rows, columns)
        var before = [UInt128?](repeating: nil, count: rows * columns * signals.count)
        var isFirst = true
        while run.beat < beats.upperBound, run.step() {
            let beat = run.beat - 1
            guard beat >= beats.lowerBound else { continue }
            text += "#\(2 * beat)\n1!\n#\(2 * beat + 1)\n0!\n"
            if isFirst { text += "$dumpvars\n" }
            text += "b\(String(beat, radix: 2)) \"\n"
            for row in 0..<rows {
                for column in 0..<columns {
                    let element = run.array[row, column]
                    let start = (row * columns + column) * signals.count
                    for (place, signal) in signals.enumerated() {
                        let value = signal.value(element)
                        guard before[start + place] != value else { continue }
                        before[start + place] = value
                        let code = Self.code(start + place)
                        text += signal.bits == 1 ? "\(value)\(code)\n" : "b\(String(value, radix: 2)) \(code)\n"
                    }
                }
            }
            if isFirst { text += "$end\n" }
            isFirst = false
            if text.utf8.count > 1 << 18 {
                try body(Array(text.utf8))
                text = ""
            }
        }
        text += "#\(2 * run.beat)\n"
        try body(Array(text.utf8))
    }

    private func header(_ rows: Int, _ columns: Int) -> String {
        var text = "$version zeroth $end\n$timescale 500ps $end\n$scope module array_tile $end\n"
        text += "$var wire 1 ! clk $end\n$var wire 32 \" beat [31:0] $end\n$scope module systolic_array $end\n"
        func declare(_ start: Int, isInside: Bool) {
            for (place, signal) in signals.enumerated() where signal.isInside == isInside {
                let range = signal.bits > 1 ? " [\(signal.bits - 1):0]" : ""
                text += "$var reg \(signal.bits) \(Self.code(start + place)) \(signal.name)\(range) $end\n"
            }
        }
        for row in 0..<rows {
            text += "$scope begin row[\(row)] $end\n"
            for column in 0..<columns {
                let start = (row * columns + column) * signals.count
                text += "$scope begin column[\(column)] $end\n"
                declare(start, isInside: false)
                text += "$scope module pe $end\n"
                declare(start, isInside: true)
                text += "$upscope $end\n$upscope $end\n"
            }
            text += "$upscope $end\n"
        }
        return text + "$upscope $end\n$upscope $end\n$enddefinitions $end\n"
    }

    /// An identifier of printable characters, behind `!` and `"`.
    private static func code(_ number: Int) -> String {
        var rest = number + 2
        var text = ""
        repeat {
            text.unicodeScalars.append(Unicode.Scalar(UInt8(33 + rest % 94)))
            rest /= 94
        } while rest > 0
        return text
    }
}
