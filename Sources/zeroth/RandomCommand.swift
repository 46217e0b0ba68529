import ArgumentParser
import FineTuning
import Foundation
import Networks
import NumberFormats
import Reports

/// `zeroth random`: draws of a random source, as a .npy file.
struct RandomCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "random",
        abstract: "Write a random source's draws to a .npy file, bit for bit as the emulator and hardware draw them.",
        discussion: """
            Every draw is a function of seed, step, query, purpose, tensor and the element's place alone (docs/semantics.md, \
            sections 4 and 5), so any range can be drawn by itself. Codes are written as integers; --decode writes the FP32 \
            numbers that they stand for.

              distribution    codes                     dtype          --decode
              bits, bits16    the 32- or 16-bit draws   uint32, uint16
              uniform         odd, -511 to 511          int16          unit variance
              rademacher      -1, 1                     int8           -1, 1
              gaussian        -510 to 510               int16          unit variance
              gaussian-table  -511 to 511               int16          unit variance
              grid:M          -M to M (ZOQO's grid)     int16          -M to M

            gaussian is irwin-hall-4, bounded at 3.45 standard deviations; gaussian-table ends at 6.01.

            An existing file is replaced, whole or not at all.

            Examples:
              zeroth random u.npy --count 1000000 --seed 7 --step 3 --tensor 2
              zeroth random r.npy --source lfsr --mask 0x80000EA6 --steps-per-draw 1 \\
                --complement --distribution bits16 --purpose update --count 4096
            """)

    @Argument(help: ArgumentHelp("The .npy file to write.", valueName: "out.npy"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "bits, bits16, uniform, rademacher, gaussian, gaussian-table or grid:M.", valueName: "distribution"))
    var distribution = "gaussian"

    @OptionGroup(title: "Which draws") var address: RandomAddressOptions

    @OptionGroup(title: "Source") var sourceOptions: RandomSourceOptions

    @Flag(help: "Write the FP32 numbers that codes stand for.")
    var decode = false

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        let distribution = try RandomDistribution(word: distribution)
        let source = try sourceOptions.makeSource()
        let stream = try address.stream()
        let elements = try address.elements()
        if decode, distribution.scale == nil {
            throw RunError.badSetting(
                name: "decode", value: "given",
                allowed: "left out with --distribution \(distribution.word): bits stand for no number")
        }
        let type = decode ? NpyType.float32 : distribution.codeType
        try checkSpace(bytes: elements.count * type.byteCount)
        let summary = try Self.write(
            distribution, from: source, of: stream, elements: elements, type: type, to: output)
        try report(distribution, source, type, summary)
    }

    /// Sums over the codes that were written.
    struct Summary {
        var sum = 0.0
        var squares = 0.0
    }

    /// Elements drawn at a time.
    private static let piece = 1 << 18

    /// Draws and writes piece by piece.
    private static func write(
        _ distribution: RandomDistribution, from source: some RandomSource, of stream: RandomStream,
        elements: Range<Int>, type: NpyType, to path: String
    ) throws -> Summary {
        var summary = Summary()
        var progress = ProgressLine()
        try NpyWriter.write(to: path, type: type, shape: [elements.count]) { file in
            var place = elements.lowerBound
            while place < elements.upperBound {
                let end = min(place + piece, elements.upperBound)
                let codes = distribution.codes(from: source, of: stream, elements: place..<end)
                for code in codes {
                    summary.sum += Double(code)
                    summary.squares += Double(code) * Double(code)
                }
                switch type {
                case .float32: try append(codes.map { distribution.value(ofCode: $0) }, to: &file)
                case .uint32: try append(codes.map { UInt32(bitPattern: $0) }, to: &file)
                case .uint16: try append(codes.map { UInt16($0) }, to: &file)
                case .int8: try append(codes.map { Int8($0) }, to: &file)
                default: try append(codes.map { Int16($0) }, to: &file)
                }
                place = end
                progress.show(
                    "\(Quantity.number(place - elements.lowerBound)) of \(Quantity.number(elements.count)) elements",
                    now: Clock.now)
            }
        }
        progress.clear()
        return summary
    }

    private static func append<Element: NpyElement>(
        _ elements: [Element], to file: inout AtomicFileOutput
    ) throws {
        let result = elements.withUnsafeBytes { bytes in Result { try file.append(bytes) } }
        try result.get()
    }

    /// Refuses what the disk has no room for, before anything is written.
    private func checkSpace(bytes: Int) throws {
        let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = attributes?[.systemFreeSize] as? Int, bytes > free else { return }
        throw RunError.badSetting(
            name: "count", value: "\(address.count)",
            allowed: "fewer: the file needs \(Quantity.bytes(bytes)) and \(Quantity.bytes(free)) are free in \(folder)")
    }

    // MARK: What is printed

    /// What `--json` prints.
    private struct Output: Encodable {
        struct Hardware: Encodable {
            var stateBits, pipelineBits, memoryBits, xorGates, andOrGates, adderBits, multipliers32: Int
            var bitsPerCycle, latencyCycles, reseedCycles: Int
        }
        var file: String
        var dtype: String
        var count: Int
        var source: String
        var distribution: String
        var seed: UInt64
        var step, query, tensor, start: Int
        var purpose: String
        var bitsPerElement: Int
        /// Value of one unit of a code, the distribution's variance and largest code, and the sample's mean and variance, in codes; absent for
        /// bits.
        var scale, variance: Double?
        var largestCode: Int32?
        var sampleMean, sampleVariance: Double?
        var hardware: Hardware
    }

    private func report(
        _ distribution: RandomDistribution, _ source: any RandomSource, _ type: NpyType, _ summary: Summary
    ) throws {
        let count = Double(address.count)
        let mean = summary.sum / count
        let variance = max(0, summary.squares / count - mean * mean)
        let hardware = source.hardware
        let isNumber = distribution.scale != nil
        if json {
            let output = Output(
                file: output, dtype: type.name, count: address.count, source: source.name,
                distribution: distribution.word, seed: address.seed, step: address.step, query: address.query,
                tensor: address.tensor, start: address.start, purpose: address.purpose,
                bitsPerElement: distribution.bitsPerElement, scale: distribution.scale,
                variance: distribution.variance, largestCode: distribution.largestCode,
                sampleMean: isNumber ? mean : nil, sampleVariance: isNumber ? variance : nil,
                hardware: Output.Hardware(
                    stateBits: hardware.stateBits, pipelineBits: hardware.pipelineBits,
                    memoryBits: hardware.memoryBits, xorGates: hardware.xorGates, andOrGates: hardware.andOrGates,
                    adderBits: hardware.adderBits, multipliers32: hardware.multipliers32,
                    bitsPerCycle: hardware.bitsPerCycle, latencyCycles: hardware.latencyCycles,
                    reseedCycles: hardware.reseedCycles))
            try Terminal.print(json: output)
            return
        }
        var table = TextTable()
        table.append(["file", output])
        table.append(["elements", "\(Quantity.number(address.count)) \(type.name)"])
        table.append(["source", "\(source.name), \(distribution.bitsPerElement) bits an element"])
        table.append(["distribution", distribution.word])
        if let scale = distribution.scale, let expected = distribution.variance {
            table.append([
                "mean, standard deviation", "\(short(mean * scale)), \(short(variance.squareRoot() * scale))",
            ])
            table.append(["expected", "0, \(short(expected.squareRoot() * scale))"])
            table.append(["value of one code", short(scale)])
        }
        table.append(["generator's flip-flops", Quantity.number(hardware.stateBits + hardware.pipelineBits)])
        table.append(["generator's memory, bits", Quantity.number(hardware.memoryBits)])
        table.append(["generator's bits a cycle", Quantity.number(hardware.bitsPerCycle)])
        for line in table.lines() { Terminal.print(line) }
    }

    private func short(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension RandomDistribution {
    /// The type that holds codes in a file.
    var codeType: NpyType {
        switch self {
        case .bits: .uint32
        case .bits16: .uint16
        case .rademacher: .int8
        case .uniform, .gaussian, .gaussianTable, .grid: .int16
        }
    }
}
