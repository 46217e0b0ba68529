import NumberFormats

/// The source of a machine's random bits, with what fixes them (docs/semantics.md, section 4).
///
/// A machine file names it in one word: `philox4x32-10`, `lfsr:32,64` (width in bits, lanes), `xoshiro128++:32` (lanes),
/// `pool:4096` (words).
public enum Generator: Sendable, Hashable {
    /// Philox4x32-10: counter-based.
    case philox
    /// A bank of Galois shift registers of a listed width, each with the listed mask of maximal length; a draw takes all bits
    /// of the register, 32 at most, and steps as often.
    case lfsr(width: Int, lanes: Int)
    /// A bank of xoshiro or xoroshiro generators.
    case xoshiro(Xoshiro, lanes: Int)
    /// A pool of `words` words of 32 bits, read again and again with another rotation for each block.
    case pool(words: Int)

    /// What a file may say.
    public static let spellings =
        ["philox4x32-10", "lfsr:WIDTH,LANES"] + Xoshiro.allCases.map { "\($0.rawValue):LANES" } + ["pool:WORDS"]

    /// Parses the word of a machine file; nil for a word that names no source.
    ///
    /// - Throws: `RandomSourceError` for parameters out of range.
    public init?(name: String) throws(RandomSourceError) {
        if name == "philox4x32-10" {
            self = .philox
            return
        }
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let numbers = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        switch (parts[0], numbers.count) {
        case ("lfsr", 2):
            guard let width = numbers[0], let lanes = numbers[1] else { return nil }
            self = .lfsr(width: width, lanes: lanes)
        case ("pool", 1):
            guard let words = numbers[0] else { return nil }
            self = .pool(words: words)
        default:
            guard numbers.count == 1, let lanes = numbers[0], let generator = Xoshiro(rawValue: String(parts[0])) else {
                return nil
            }
            self = .xoshiro(generator, lanes: lanes)
        }
        _ = try makeSource()
    }

    /// The word of a machine file.
    public var name: String {
        switch self {
        case .philox: "philox4x32-10"
        case .lfsr(let width, let lanes): "lfsr:\(width),\(lanes)"
        case .xoshiro(let generator, let lanes): "\(generator.rawValue):\(lanes)"
        case .pool(let words): "pool:\(words)"
        }
    }

    /// The energy table's entry for one random bit, whatever the lanes: `random.philox4x32-10`, `random.lfsr`.
    public var energyEntry: String {
        switch self {
        case .philox: "random.philox4x32-10"
        case .lfsr: "random.lfsr"
        case .xoshiro(let generator, _): "random.\(generator.rawValue)"
        case .pool: "random.pool"
        }
    }

    /// The source itself.
    ///
    /// - Throws: `RandomSourceError` for parameters out of range.
    public func makeSource() throws(RandomSourceError) -> any RandomSource {
        switch self {
        case .philox: PhiloxSource()
        case .lfsr(let width, let lanes): try SequentialSource(GaloisLFSR(width: width), lanes: lanes)
        case .xoshiro(let generator, let lanes): try SequentialSource(generator, lanes: lanes)
        case .pool(let words): try PoolSource(poolWords: words)
        }
    }
}
