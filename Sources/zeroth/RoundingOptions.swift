import ArgumentParser
import Kernels
import Networks
import NumberFormats

/// The flags that say how results are rounded.
struct RoundingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "nearest-even, nearest-away, toward-zero, down, up, odd, stochastic-a (or stochastic), stochastic-b or stochastic-c.",
            valueName: "mode"))
    var rounding: RoundingName = .nearestEven

    @Option(help: ArgumentHelp("Random bits of a stochastic rounding, 1 … 32.", valueName: "n"))
    var randomBits: Int?

    @Option(
        help: ArgumentHelp(
            "Random words of a stochastic rounding, uint32, at least as many as there are elements; the low bits of each are taken.",
            valueName: "file.npy"))
    var random: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seed of the stream that a stochastic rounding draws from instead.", valueName: "n"),
        transform: Seed.parse)
    var seed: UInt64?

    @Option(help: ArgumentHelp("Step of that stream.", valueName: "n"))
    var step: UInt32?

    @Option(help: ArgumentHelp("Query of that stream.", valueName: "n"))
    var query: UInt16?

    @Option(help: ArgumentHelp("Tensor number of that stream.", valueName: "n"))
    var tensor: UInt16?

    func validate() throws {
        let streamFlags: [(String, Bool)] = [
            ("--seed", seed != nil), ("--step", step != nil), ("--query", query != nil), ("--tensor", tensor != nil),
        ]
        guard rounding.isStochastic else {
            let given = [("--random-bits", randomBits != nil), ("--random", random != nil)] + streamFlags
            if let (flag, _) = given.first(where: { $0.1 }) {
                throw ValidationError("\(flag) needs a stochastic rounding; --rounding is \(rounding.rawValue)")
            }
            return
        }
        guard let randomBits else {
            throw ValidationError("--rounding \(rounding.rawValue) needs --random-bits, 1 … 32")
        }
        guard (1...32).contains(randomBits) else {
            throw ValidationError("--random-bits is \(randomBits), should be 1 … 32")
        }
        if random == nil, seed == nil {
            throw ValidationError("--rounding \(rounding.rawValue) needs --random FILE.npy or --seed N")
        }
        if random != nil, let (flag, _) = streamFlags.first(where: { $0.1 }) {
            throw ValidationError("\(flag) and --random cannot both be given")
        }
    }

    /// The rounding mode that the flags name.
    var mode: RoundingMode { rounding.mode(bits: randomBits ?? 0) }

    /// Opens the source of the random bits for `count` elements.
    ///
    /// - Throws: `InputError` where the file is not an array of at least `count` uint32.
    func source(count: Int) throws -> RoundingSource {
        if let random {
            let file = try NpyFile(path: random)
            let words = try file.elements(as: UInt32.self)
            guard words.count >= count else {
                throw InputError.npy(
                    file: random,
                    .tooFewElements(
                        found: words.count, needed: count, purpose: "one for each element to round"))
            }
            return .file(file)
        }
        guard let seed else { return .none }
        return .stream(
            RandomStream(seed: seed, step: step ?? 0, query: query ?? 0, purpose: .activations, tensor: tensor ?? 0))
    }
}

/// An opened source of random bits.
enum RoundingSource: Sendable {
    case none
    case file(NpyFile)
    case stream(RandomStream)

    /// The bits of the elements from `first` on.
    func bits(from first: Int) -> RoundingBits {
        switch self {
        case .none: return .none
        case .file(let file):
            let words = file.bytes.bindMemory(to: UInt32.self)
            return words.baseAddress.map { .words($0 + first) } ?? .none
        case .stream(let stream): return .stream(stream, first: first)
        }
    }
}

/// The names of the rounding modes.
enum RoundingName: String, ExpressibleByArgument, CaseIterable {
    case nearestEven = "nearest-even"
    case nearestAway = "nearest-away"
    case towardZero = "toward-zero"
    case down
    case up
    case odd
    case stochasticA = "stochastic-a"
    case stochasticB = "stochastic-b"
    case stochasticC = "stochastic-c"

    /// The raw values, and `stochastic` for form A, which is what hardware builds.
    init?(argument: String) {
        self.init(rawValue: argument == "stochastic" ? "stochastic-a" : argument)
    }

    var isStochastic: Bool { mode(bits: 1).randomBits != nil }

    func mode(bits: Int) -> RoundingMode {
        switch self {
        case .nearestEven: .nearestEven
        case .nearestAway: .nearestAway
        case .towardZero: .towardZero
        case .down: .down
        case .up: .up
        case .odd: .odd
        case .stochasticA: .stochasticA(bits: bits)
        case .stochasticB: .stochasticB(bits: bits)
        case .stochasticC: .stochasticC(bits: bits)
        }
    }
}

extension ElementFormat: ExpressibleByArgument {}
extension OverflowPolicy: ExpressibleByArgument {}
