/// What can be wrong with the parameters of a random source or distribution that come from outside: one case per cause.
public enum RandomSourceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A register of fewer than 2 or more than 64 bits.
    case width(Int)
    /// A mask of zeros: the register would empty and stay empty.
    case maskZero
    /// A mask with bits that the register doesn't have.
    case maskTooWide(mask: UInt64, width: Int)
    /// A mask without the register's top bit: the register would forget a bit and could reach zero.
    case maskWithoutTopBit(mask: UInt64, width: Int)
    /// A width for which no maximal-length mask is listed, and no mask given.
    case maskMissing(width: Int)
    /// More bits a draw than the register or a word has, or none.
    case bitsPerDraw(Int, largest: Int)
    /// A number of steps a draw outside of 1…256.
    case stepsPerDraw(Int)
    /// A number of lanes outside of 1…65536.
    case lanes(Int)
    /// A pool of fewer than 2 or more than 2²⁰ words.
    case poolWords(Int)
    /// A grid without points beside 0, or with points beyond 16 bits.
    case grid(Int)

    public var description: String {
        switch self {
        case .width(let width): "the LFSR's width is \(width), should be 2…64"
        case .maskZero: "the LFSR's mask is 0, should have its top bit set: a register with no feedback runs empty"
        case .maskTooWide(let mask, let width):
            "the LFSR's mask is \(Self.hex(mask)), should be below 2^\(width), for a width of \(width)"
        case .maskWithoutTopBit(let mask, let width):
            "the LFSR's mask is \(Self.hex(mask)), should have bit \(width - 1) set, for a width of \(width): "
                + "without it the register forgets a bit and can reach zero, which it never leaves"
        case .maskMissing(let width):
            "the LFSR's width is \(width) and no mask is given; give one, or use a width with a listed mask: "
                + GaloisLFSR.maximalMasks.keys.sorted().map { "\($0)" }.joined(separator: ", ")
        case .bitsPerDraw(let bits, let largest): "the LFSR's bits per draw are \(bits), should be 1…\(largest)"
        case .stepsPerDraw(let steps):
            "the LFSR's steps per draw are \(steps), should be 1…\(GaloisLFSR.largestStepsPerDraw)"
        case .lanes(let lanes): "the number of lanes is \(lanes), should be 1…65536"
        case .poolWords(let words): "the pool has \(words) words, should have 2…1048576"
        case .grid(let largest): "the grid's largest value is \(largest), should be 1…32767"
        }
    }

    private static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16, uppercase: true) }
}
