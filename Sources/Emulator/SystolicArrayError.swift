/// What an array refuses to do, and what it would do.
public enum SystolicArrayError: Error, Equatable, CustomStringConvertible {
    /// A number outside its range.
    case outOfRange(String, value: Int, allowed: ClosedRange<Int>)
    /// The command adds in a way that the array's elements do not.
    case otherKind(command: String, array: String)
    /// Packed codes that are not two `int4`.
    case notPackable(String, String)
    /// Formats whose products the array's exact sums do not hold.
    case notHeldExactly(String, String)
    /// An element's bytes are no whole number of codes.
    case lanes(Int, bytesPerCode: Int)
    /// An element takes another number of codes in a beat than the accumulator adds at once.
    case codes(Int, accumulator: String, needed: Int)
    /// Blocks that are not what one fold adds.
    case block(Int, needed: Int, why: String)
    /// An output-stationary chain in several folds.
    case foldsOfReentry(Int)
    /// An output-stationary command in which rows of the last fold take no part.
    case rowsOfOutputStationary(Int, rows: Int)
    /// A depth that a command of this many folds and beats does not have.
    case depth(Int, allowed: ClosedRange<Int>)
    /// Operands that are not as many as the command reads.
    case operands(String, found: Int, needed: Int)

    public var description: String {
        switch self {
        case .outOfRange(let name, let value, let allowed):
            "\(name): \(value); \(allowed.lowerBound) to \(allowed.upperBound) are possible"
        case .otherKind(let command, let array):
            "a command with \(command) sums for an array of \(array) ones; build the array for \(command) sums"
        case .notPackable(let a, let b): "\(a) and \(b) packed two to a byte; only int4 with int4 is"
        case .notHeldExactly(let a, let b):
            "\(a) with \(b) in an exact accumulator of \(88) bits; it holds products of formats of at most 8 bits, "
                + "such as e4m3 with e5m2"
        case .lanes(let lanes, let bytes):
            "\(lanes) bytes for codes in each element, but a code takes \(bytes); a multiple of \(bytes) is needed"
        case .codes(let codes, let accumulator, let needed):
            "\(codes) codes in an element and beat, but \(accumulator) adds \(needed) at once; an array with \(needed) is needed"
        case .block(let found, let needed, let why):
            "blocks of \(found) products, but a fold adds \(needed) (\(why)); blocks of \(needed) are possible"
        case .foldsOfReentry(let folds):
            "\(folds) folds of an output-stationary chain that re-enters; one fold holds all of k, or use blocked"
        case .rowsOfOutputStationary(let found, let rows):
            "\(found) of \(rows) rows in the last fold of an output-stationary command; all \(rows) take part"
        case .depth(let depth, let allowed):
            "depth \(depth) for a command of depth \(allowed.lowerBound)"
                + (allowed.count > 1 ? " to \(allowed.upperBound)" : "") + "; change its folds, beats or rows"
        case .operands(let name, let found, let needed): "\(name): \(found) found, \(needed) needed"
        }
    }
}
