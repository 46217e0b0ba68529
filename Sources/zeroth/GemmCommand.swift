import ArgumentParser
import FineTuning
import Foundation
import Kernels
import Networks
import NumberFormats
import Reports

/// `zeroth gemm`: a matrix product in a matrix unit's arithmetic.
struct GemmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemm",
        abstract: "Multiply two matrices bit for bit as a matrix unit would.",
        discussion: """
            C[M, N] = A[M, K] · B[N, K]ᵀ: B has a row for each output, as a linear layer stores its weight. A and B are .npy files of codes as
            zeroth cast writes them; C is int32 for integer formats, float32 otherwise (bf16 codes with --output-format bf16).

            Accumulators: 8-wrap … 32-wrap, 8-saturate … 32-saturate for int4 and int8; for e4m3 e5m2 e3m4 e4m3ieee e2m1 e2m3 e3m2 bf16
            fp16: fp32-sequential, grouped:G, aligned:G,F,fp32|e8m13, exact (docs/semantics.md, section 8.4).

            Examples:
              zeroth gemm a.npy b.npy c.npy --format int8
              zeroth gemm a.npy b.npy c.npy --a-format int8 --b-format int4 --accumulator 24-saturate --accumulate blocked:32 --statistics
              zeroth gemm a.npy w/codes.npy c.npy --a-format int8 --b-format int4 --b-packed
              zeroth gemm a.npy b.npy c.npy --format e4m3 --accumulator aligned:32,13,e8m13
            """)

    @Argument(help: ArgumentHelp("A, [M, K].", valueName: "a.npy"))
    var a: String

    @Argument(help: ArgumentHelp("B, [N, K].", valueName: "b.npy"))
    var b: String

    @Argument(help: ArgumentHelp("C to write, [M, N].", valueName: "c.npy"))
    var c: String

    @Option(help: ArgumentHelp("Format of A and B.", valueName: "format"))
    var format: ElementFormat?

    @Option(help: ArgumentHelp("Format of A, if not --format.", valueName: "format"))
    var aFormat: ElementFormat?

    @Option(help: ArgumentHelp("Format of B, if not --format.", valueName: "format"))
    var bFormat: ElementFormat?

    @Flag(help: "A is int4, two codes a byte, as zeroth quantize --packed writes it: uint8, [M, K/2].")
    var aPacked = false

    @Flag(help: "B likewise: uint8, [N, K/2].")
    var bPacked = false

    @Option(help: ArgumentHelp("K, where both are packed and it is odd.", valueName: "k"))
    var depth: Int?

    @Option(
        help: ArgumentHelp(
            "How products are added; 32-wrap for integers, fp32-sequential otherwise, if left out.",
            valueName: "accumulator"))
    var accumulator: ProductAccumulator?

    @Option(help: ArgumentHelp("In which order: re-entry or blocked:B.", valueName: "order"))
    var accumulate: AccumulationOrder = .reentry

    @Option(help: ArgumentHelp("Format of C for floating-point products: fp32 or bf16.", valueName: "format"))
    var outputFormat: ElementFormat = .fp32

    @Flag(
        help: "Print the largest partial sum, wraps or saturations, and the narrowest accumulator that would have none."
    )
    var statistics = false

    @Flag(help: "Print the rate of multiply-accumulates and the instruction-set level.")
    var time = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        guard let aFormat = aFormat ?? format, let bFormat = bFormat ?? format else {
            throw ValidationError("give --format, or both --a-format and --b-format")
        }
        if let problem = DotProduct.problem(
            aFormat, bFormat, accumulator: accumulator ?? defaultAccumulator(aFormat), order: accumulate)
        {
            throw ValidationError(problem)
        }
        try validatePacking(aFormat, bFormat)
        let areIntegers = aFormat.integer != nil
        if outputFormat != .fp32, areIntegers || outputFormat != .bf16 {
            throw ValidationError(
                areIntegers
                    ? "--output-format is for floating-point products; those of integers are int32"
                    : "--output-format is \(outputFormat.rawValue); fp32 and bf16 are possible")
        }
        if statistics, !areIntegers {
            throw ValidationError("--statistics are those of integer accumulators; the formats are floating-point")
        }
    }

    private func defaultAccumulator(_ format: ElementFormat) -> ProductAccumulator {
        format.integer != nil ? .integer(bits: 32, overflow: .wrap) : .sequential
    }

    /// What `--json` prints.
    private struct Summary: Encodable {
        var m: Int
        var n: Int
        var k: Int
        var aFormat: String
        var bFormat: String
        var accumulator: String
        var accumulate: String
        var outputFormat: String
        var level: String
        var largestMagnitude: UInt64?
        var overflows: Int?
        var narrowestWidth: Int?
        var seconds: Double?
        var gigaMacsPerSecond: Double?
    }

    mutating func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        let threads = threads.count
        let aFormat = self.aFormat ?? format!
        let bFormat = self.bFormat ?? format!
        let arithmetic = DotProduct(
            aFormat, bFormat, accumulator: accumulator ?? defaultAccumulator(aFormat), order: accumulate)
        let (left, right) = (try NpyFile(path: a), try NpyFile(path: b))
        // Their bytes are used in place: they must outlive the product.
        defer { withExtendedLifetime((left, right)) {} }
        let (m, n, k) = try sizes(left, aFormat, right, bFormat)
        guard k > 0 else {
            throw InputError.npy(file: a, .shape(found: left.shape, expected: "[M, K] with K ≥ 1"))
        }
        try GemmError.checkMemory(m: m, n: n)
        var summary = Summary(
            m: m, n: n, k: k, aFormat: aFormat.rawValue, bFormat: bFormat.rawValue,
            accumulator: arithmetic.accumulator.name, accumulate: accumulate.name,
            outputFormat: aFormat.integer != nil ? "int32" : outputFormat.rawValue, level: kernels.level.description)
        let result = UnsafeMutableRawBufferPointer.allocate(byteCount: max(4, 4 * m * n), alignment: 64)
        defer { result.deallocate() }
        let clock = ContinuousClock()
        if m > 0, n > 0 {
            let duration = clock.measure {
                multiply(left, right, m, n, k, arithmetic, into: result.baseAddress!, kernels, threads: threads)
            }
            if time {
                summary.seconds = duration / .seconds(1)
                summary.gigaMacsPerSecond = Double(m) * Double(n) * Double(k) / summary.seconds! / 1e9
            }
        }
        try write(result, count: m * n, shape: [m, n], isInteger: aFormat.integer != nil, kernels: kernels)
        if statistics {
            let counts =
                m > 0 && n > 0
                ? integerStatistics(left, right, m, n, k, arithmetic, kernels, threads: threads) : IntegerStatistics()
            summary.largestMagnitude = counts.largestMagnitude
            summary.overflows = counts.overflows
            summary.narrowestWidth = counts.narrowestWidth
        }
        try show(summary)
    }

    private func write(
        _ result: UnsafeMutableRawBufferPointer, count: Int, shape: [Int], isInteger: Bool, kernels: Kernels
    ) throws {
        let bytes = UnsafeRawBufferPointer(rebasing: result[..<(4 * count)])
        guard !isInteger, outputFormat == .bf16 else {
            try NpyWriter.write(to: c, type: isInteger ? .int32 : .float32, shape: shape) { try $0.append(bytes) }
            return
        }
        let narrow = UnsafeMutableRawBufferPointer.allocate(byteCount: max(2, 2 * count), alignment: 64)
        defer { narrow.deallocate() }
        if count > 0 {
            _ = kernels.convert(
                bytes.baseAddress!, from: .fp32, to: .bf16, count: count, FloatEnvironment(), random: .none,
                into: narrow.baseAddress!)
        }
        try NpyWriter.write(to: c, type: .uint16, shape: shape) {
            try $0.append(UnsafeRawBufferPointer(rebasing: narrow[..<(2 * count)]))
        }
    }

    private func show(_ summary: Summary) throws {
        if json {
            try Terminal.print(json: summary)
            return
        }
        var table = TextTable()
        table.append(["product", "\(summary.m) × \(summary.n), depth \(summary.k)"])
        table.append(["formats", "\(summary.aFormat) · \(summary.bFormat) → \(summary.outputFormat)"])
        table.append(["accumulator", "\(summary.accumulator), \(summary.accumulate)"])
        if let largest = summary.largestMagnitude, let overflows = summary.overflows, let width = summary.narrowestWidth
        {
            table.append(["largest partial sum", "\(largest)"])
            let word = summary.accumulator.hasSuffix("wrap") ? "wraps" : "saturations"
            table.append([word, Quantity.number(overflows)])
            table.append(["narrowest safe accumulator", "\(width) bits"])
        }
        if let seconds = summary.seconds, let rate = summary.gigaMacsPerSecond {
            table.append(["time", Quantity.milliseconds(seconds * 1000)])
            table.append(["rate", "\(Quantity.number(rate, digits: 2)) GMAC/s (\(summary.level))"])
        }
        for line in table.lines() { Terminal.print(line) }
    }
}

/// Why a product can't be computed here.
enum GemmError: Error, CustomStringConvertible {
    /// C would take more memory than there is.
    case tooLarge(m: Int, n: Int, available: Int)

    /// Checks that C[m, n], four bytes an element, fits the memory that is free.
    static func checkMemory(m: Int, n: Int) throws(GemmError) {
        let available = MemoryCheck.availableBytes
        let (elements, overflows) = m.multipliedReportingOverflow(by: n)
        guard !overflows, elements <= available / 4 else { throw .tooLarge(m: m, n: n, available: available) }
    }

    var description: String {
        switch self {
        case .tooLarge(let m, let n, let available):
            "C of \(m) × \(n) numbers takes 4 bytes each; \(Quantity.bytes(available)) of memory are free: multiply some rows of A at a time"
        }
    }
}
