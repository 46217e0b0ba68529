/// A unit of hardware with vectors for its bench: stimulus, and what the emulator's scalar references make of it.
///
/// A vector file is text that `$readmemh` reads: comments that name unit, seed and ports, then a line a vector (`VectorLine`). Expected bits that do not matter are `x`.
public struct VectorUnit: Sendable {
    /// How a bench applies a line.
    public enum Timing: String, Sendable {
        /// Outputs follow the inputs without a clock.
        case combinational
        /// A line enters with `valid_in` and leaves with `valid_out`, a fixed number of cycles later; lines do not depend on each other.
        case pipelined
        /// Each line is one clock cycle: inputs before the edge, outputs after it; state stays from line to line.
        case cycles
    }

    /// The unit's name; `zeroth vectors` knows it by this, and the checks of `hwmodels/rtl` tie it to a module and parameters.
    public let name: String
    /// What is checked, in a few words.
    public let abstract: String
    public let timing: Timing
    public let inputs: [VectorField]
    public let outputs: [VectorField]
    /// A maker of lines, with its own state for `cycles`.
    let makeLines: @Sendable () -> (Int, inout VectorRandom, inout VectorLine) -> Void

    init(
        _ name: String, _ abstract: String, timing: Timing = .combinational, inputs: [VectorField],
        outputs: [VectorField],
        lines: @escaping @Sendable () -> (Int, inout VectorRandom, inout VectorLine) -> Void
    ) {
        self.name = name
        self.abstract = abstract
        self.timing = timing
        self.inputs = inputs
        self.outputs = outputs
        makeLines = lines
    }

    /// A unit whose lines do not depend on each other.
    init(
        _ name: String, _ abstract: String, timing: Timing = .combinational, inputs: [VectorField],
        outputs: [VectorField],
        line: @escaping @Sendable (Int, inout VectorRandom, inout VectorLine) -> Void
    ) {
        self.init(name, abstract, timing: timing, inputs: inputs, outputs: outputs, lines: { line })
    }

    /// All units, in the order in which they are described in hwmodels/rtl/README.md.
    public static let all: [VectorUnit] = floatUnits + productUnits + randomUnits

    /// The unit of a name.
    public static func named(_ name: String) -> VectorUnit? { all.first { $0.name == name } }

    /// Makes vectors and hands them over in pieces of whole lines.
    ///
    /// - Parameters:
    ///   - count: lines, ≥ 0.
    ///   - seed: of the stimulus; the same seed gives the same file.
    ///   - body: takes some kilobytes of the file at a time, in order.
    public func write(count: Int, seed: UInt64, to body: ([UInt8]) throws -> Void) throws {
        var text = header(count: count, seed: seed)
        var random = VectorRandom(seed: seed)
        var line = VectorLine()
        let make = makeLines()
        for index in 0..<count {
            line.clear()
            make(index, &random, &line)
            text += line.text
            text.append(UInt8(ascii: "\n"))
            if text.count > 1 << 18 {
                try body(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        try body(text)
    }

    private func header(count: Int, seed: UInt64) -> [UInt8] {
        func list(_ fields: [VectorField]) -> String {
            fields.map { "\($0.name):\($0.bits)" }.joined(separator: " ")
        }
        let lines = [
            "// unit \(name)", "// timing \(timing.rawValue)", "// vectors \(count), seed \(seed)",
            "// in \(list(inputs))",
            "// out \(list(outputs))",
        ]
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
