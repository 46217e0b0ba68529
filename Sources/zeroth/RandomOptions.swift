import ArgumentParser
import FineTuning
import NumberFormats

/// The flags that choose a random source, and its parameters.
struct RandomSourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "philox, lfsr, xoshiro128++, xoshiro256++, xoroshiro128+, xoroshiro128aox or pool.", valueName: "source"))
    var source = "philox"

    @Option(help: ArgumentHelp("Lanes that draw in turn (lfsr, xoshiro, xoroshiro; 1 if left out).", valueName: "n"))
    var lanes: Int?

    @Option(help: ArgumentHelp("Bits of the LFSR (32 if left out).", valueName: "bits"))
    var width: Int?

    @Option(
        help: ArgumentHelp(
            "Feedback mask of the LFSR, which shifts right; if left out, a maximal-length one of 8, 16, 24, 32 or 64 bits.",
            valueName: "0x…"))
    var mask: String?

    @Option(help: ArgumentHelp("Low bits of the LFSR that a draw takes (its width, 32 at most).", valueName: "bits"))
    var bitsPerDraw: Int?

    @Option(help: ArgumentHelp("Steps of the LFSR from draw to draw (as many as --bits-per-draw).", valueName: "n"))
    var stepsPerDraw: Int?

    @Flag(help: "Draw the complement of the LFSR's bits.")
    var complement = false

    @Option(help: ArgumentHelp("Words of the pool (4096 if left out).", valueName: "n"))
    var poolWords: Int?

    /// The source that the flags describe.
    ///
    /// - Throws: `RunError.badSetting` for a flag that the source doesn't have or that can't be read; `RandomSourceError`.
    func makeSource() throws -> any RandomSource {
        switch source {
        case "philox":
            try refuse(lanesFlag + lfsrFlags + poolFlags)
            return PhiloxSource()
        case "lfsr":
            try refuse(poolFlags)
            let lfsr = try GaloisLFSR(
                width: width ?? 32, mask: mask.map(parsedMask), bitsPerDraw: bitsPerDraw, stepsPerDraw: stepsPerDraw,
                complements: complement)
            return try SequentialSource(lfsr, lanes: lanes ?? 1)
        case "pool":
            try refuse(lanesFlag + lfsrFlags)
            return try PoolSource(poolWords: poolWords ?? 4096)
        default:
            guard let generator = Xoshiro(rawValue: source) else {
                throw RunError.badSetting(
                    name: "source", value: source,
                    allowed: "philox, lfsr, \(Xoshiro.allCases.map(\.rawValue).joined(separator: ", ")) or pool")
            }
            try refuse(lfsrFlags + poolFlags)
            return try SequentialSource(generator, lanes: lanes ?? 1)
        }
    }

    private typealias Given = (name: String, value: String?, owner: String)

    private var lanesFlag: [Given] { [("lanes", lanes.map { "\($0)" }, "lfsr, xoshiro or xoroshiro")] }

    private var lfsrFlags: [Given] {
        [
            ("width", width.map { "\($0)" }, "lfsr"), ("mask", mask, "lfsr"),
            ("bits-per-draw", bitsPerDraw.map { "\($0)" }, "lfsr"),
            ("steps-per-draw", stepsPerDraw.map { "\($0)" }, "lfsr"),
            ("complement", complement ? "given" : nil, "lfsr"),
        ]
    }

    private var poolFlags: [Given] { [("pool-words", poolWords.map { "\($0)" }, "pool")] }

    private func refuse(_ flags: [Given]) throws {
        for flag in flags {
            guard let value = flag.value else { continue }
            throw RunError.badSetting(
                name: flag.name, value: value, allowed: "left out with --source \(source): it belongs to \(flag.owner)")
        }
    }

    private func parsedMask(_ text: String) throws -> UInt64 {
        let value = text.hasPrefix("0x") || text.hasPrefix("0X") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        guard let value else {
            throw RunError.badSetting(
                name: "mask", value: text, allowed: "a number of up to 64 bits, such as 0x80200003")
        }
        return value
    }
}

/// The flags that name a range of a stream's elements.
struct RandomAddressOptions: ParsableArguments {
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Seed of the run, 0 to 2^64 - 1.", valueName: "n"),
        transform: Seed.parse)
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("Step, 0 to 2^32 - 1.", valueName: "n"))
    var step = 0

    @Option(help: ArgumentHelp("Query within the step, 0 to 65535.", valueName: "n"))
    var query = 0

    @Option(
        help: ArgumentHelp(
            "What the draws decide: perturbation, first-rounding, second-rounding, grid-rounding, update, activations, "
                + "batch-order, data-split or adapters.", valueName: "purpose"))
    var purpose = "perturbation"

    @Option(help: ArgumentHelp("Tensor's number, 0 to 65535.", valueName: "n"))
    var tensor = 0

    @Option(help: ArgumentHelp("First element, its row-major place in the tensor.", valueName: "n"))
    var start = 0

    @Option(help: ArgumentHelp("Elements to draw.", valueName: "n"))
    var count: Int

    /// The stream that the flags name.
    ///
    /// - Throws: `RunError.badSetting`.
    func stream() throws -> RandomStream {
        let step = try number("step", step, UInt32.self)
        let query = try number("query", query, UInt16.self)
        let tensor = try number("tensor", tensor, UInt16.self)
        guard let purpose = RandomPurpose(word: purpose) else {
            throw RunError.badSetting(
                name: "purpose", value: purpose,
                allowed: "one of " + RandomPurpose.allCases.map(\.word).joined(separator: ", "))
        }
        return RandomStream(seed: seed, step: step, query: query, purpose: purpose, tensor: tensor)
    }

    /// The elements that the flags name: at least one, and within the stream.
    ///
    /// - Throws: `RunError.badSetting`.
    func elements() throws -> Range<Int> {
        let limit = RandomStream.elementLimit
        guard 0..<limit ~= start else {
            throw RunError.badSetting(name: "start", value: "\(start)", allowed: "0…\(limit - 1)")
        }
        guard 1...limit - start ~= count else {
            throw RunError.badSetting(
                name: "count", value: "\(count)", allowed: "1…\(limit - start) from element \(start) on")
        }
        return start..<start + count
    }

    private func number<Value: FixedWidthInteger>(_ name: String, _ value: Int, _: Value.Type) throws -> Value {
        guard let number = Value(exactly: value) else {
            throw RunError.badSetting(name: name, value: "\(value)", allowed: "0…\(Value.max)")
        }
        return number
    }
}

/// How flags and files spell a purpose.
extension RandomPurpose {
    var word: String {
        switch self {
        case .perturbation: "perturbation"
        case .firstRounding: "first-rounding"
        case .secondRounding: "second-rounding"
        case .gridRounding: "grid-rounding"
        case .update: "update"
        case .activations: "activations"
        case .batchOrder: "batch-order"
        case .dataSplit: "data-split"
        case .adapters: "adapters"
        }
    }

    /// Parses what `word` writes; nil for anything else.
    init?(word: String) {
        guard let purpose = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = purpose
    }
}

/// How flags and files spell a distribution.
extension RandomDistribution {
    var word: String {
        switch self {
        case .bits: "bits"
        case .bits16: "bits16"
        case .uniform: "uniform"
        case .rademacher: "rademacher"
        case .gaussian: "gaussian"
        case .gaussianTable: "gaussian-table"
        case .grid(let grid): "grid:\(grid.largest)"
        }
    }

    /// Parses what `word` writes.
    ///
    /// - Throws: `RunError.badSetting`; `RandomSourceError.grid` for a grid out of range.
    init(word: String) throws {
        let simple: [RandomDistribution] = [.bits, .bits16, .uniform, .rademacher, .gaussian, .gaussianTable]
        if let distribution = simple.first(where: { $0.word == word }) {
            self = distribution
        } else if word.hasPrefix("grid:"), let largest = Int(word.dropFirst(5)) {
            self = .grid(try UniformGrid(largest: largest))
        } else {
            throw RunError.badSetting(
                name: "distribution", value: word,
                allowed: "one of " + simple.map(\.word).joined(separator: ", ") + " or grid:M with M in 1…32767")
        }
    }
}
