import ArgumentParser
import Foundation
import Kernels
import Networks
import NumberFormats
import Reports
import Synchronization

/// `zeroth cast`: an array's codes in another format.
struct CastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cast",
        abstract: "Convert an array from one number format to another, bit for bit as hardware would.",
        discussion: """
            Reads and writes .npy files in C order. Formats: int4 int8 int16 int32 e4m3 e5m2 e3m4 e4m3ieee e2m1 e2m3 e3m2 e8m0
            bf16 fp16 fp32. Floating-point codes are uint8, uint16 or uint32, one an element; float32 and float16 arrays are taken for
            fp32 and fp16 codes. Integers are int8 (int4, too), int16 or int32, and are also read from unsigned arrays of that width.

            Examples:
              zeroth cast x.npy codes.npy --to e4m3
              zeroth cast x.npy codes.npy --to e5m2 --rounding stochastic-a --random-bits 8 --seed 1 --overflow ieee
              zeroth cast codes.npy values.npy --from e4m3 --to e4m3 --decode
            """)

    @Argument(help: ArgumentHelp("Array to read.", valueName: "in.npy"))
    var input: String

    @Argument(help: ArgumentHelp("Array to write.", valueName: "out.npy"))
    var output: String

    @Option(name: .customLong("from"), help: ArgumentHelp("Format of the array that is read.", valueName: "format"))
    var source: ElementFormat = .fp32

    @Option(name: .customLong("to"), help: ArgumentHelp("Format to convert to.", valueName: "format"))
    var target: ElementFormat

    @OptionGroup(title: "Rounding") var rounding: RoundingOptions

    @Option(
        help: ArgumentHelp(
            "Results beyond the largest finite number: saturate (infinities, too), saturate-propagate (infinities stay) or ieee.",
            valueName: "policy"))
    var overflow: OverflowPolicy = .saturateFinite

    @Flag(help: "Take subnormal operands for zeros.")
    var flushInputs = false

    @Flag(help: "Make subnormal results zeros.")
    var flushOutputs = false

    @Flag(help: "Write the numbers that the codes stand for, as float32.")
    var decode = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        if decode, target == .int32 {
            throw ValidationError(
                "--decode cannot write int32 as float32, which does not hold every int32; leave it out: the array is int32 already"
            )
        }
    }

    /// What `--json` prints.
    private struct Summary: Encodable {
        var input: String
        var output: String
        var elements: Int
        var shape: [Int]
        var from: String
        var to: String
        var dtype: String
        var rounding: String
        var randomBits: Int?
        var overflow: String
        var exceptions: [String]
        var level: String
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let file = try NpyFile(path: input)
        try CodeArray.check(file, holds: source)
        let random = try rounding.source(count: file.elementCount)
        // Their bytes are used in place: they must outlive the conversion.
        defer { withExtendedLifetime((file, random)) {} }
        let environment = FloatEnvironment(
            rounding: rounding.mode, overflow: overflow, flushesInputs: flushInputs, flushesOutputs: flushOutputs)
        let type = decode ? NpyType.float32 : CodeArray.type(of: target)
        let job = CastJob(
            kernels: kernels, source: source, target: target, environment: environment, decodes: decode,
            threads: threads.count)
        var flags: ExceptionFlags = []
        try NpyWriter.write(to: output, type: type, shape: file.shape) { output in
            flags = try job.run(file, random: random, into: &output)
        }
        let summary = Summary(
            input: input, output: output, elements: file.elementCount, shape: file.shape, from: source.rawValue,
            to: target.rawValue, dtype: type.name, rounding: rounding.rounding.rawValue,
            randomBits: rounding.randomBits,
            overflow: overflow.rawValue, exceptions: flags.names, level: kernels.level.description)
        if json {
            try Terminal.print(json: summary)
            return
        }
        var table = TextTable()
        table.append(["elements", Quantity.number(summary.elements)])
        table.append(["formats", "\(summary.from) → \(summary.to), written as \(summary.dtype)"])
        let bits = summary.randomBits.map { ", \($0) random bits" } ?? ""
        table.append(["rounding", summary.rounding + bits])
        table.append(["overflow", summary.overflow])
        table.append(["exceptions", flags.isEmpty ? "none" : flags.names.joined(separator: ", ")])
        for line in table.lines() { Terminal.print(line) }
    }
}

extension ExceptionFlags {
    /// The names of the exceptions raised.
    var names: [String] {
        let all: [(ExceptionFlags, String)] = [
            (.invalid, "invalid"), (.overflow, "overflow"), (.underflow, "underflow"), (.inexact, "inexact"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}
