import Emulator
import NumberFormats

/// A small generator of repeatable random choices.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A product of random matrices, and the array and command for it.
struct RandomTile {
    let shape: SystolicArrayShape
    let command: SystolicCommand
    let m, n, k: Int
    /// A[m, k] and B[n, k], row-major.
    let activations, weights: [UInt32]

    /// One product; its sizes are random, too, and divide nothing.
    init(
        rows: Int, columns: Int, _ dataflow: SystolicCommand.Dataflow, _ a: ElementFormat, _ b: ElementFormat,
        _ accumulator: ProductAccumulator, codes: Int, isPacked: Bool = false, isDoubleBuffered: Bool,
        isBlocked: Bool, using random: inout SplitMix
    ) throws {
        let bytes = max(a.containerBytes, b.containerBytes)
        shape = try SystolicArrayShape(
            rows: rows, columns: columns, lanes: isPacked ? codes / 2 : codes * bytes, kind: .init(accumulator))
        let isOutputStationary = dataflow == .outputStationary
        let beats = Int.random(in: 1...2 * rows + 3, using: &random)
        let steps = isOutputStationary ? beats : rows
        let folds = isOutputStationary && !isBlocked ? 1 : Int.random(in: 1...4, using: &random)
        // In the last fold of an output-stationary command every beat has something of k.
        let left = isOutputStationary ? steps : Int.random(in: 1...steps, using: &random)
        k = ((folds - 1) * steps + left) * codes - Int.random(in: 0..<codes, using: &random)
        // One tile of outputs, often; up to three.
        let groups = max(1, Int.random(in: 0...3, using: &random))
        let across = Int.random(in: (groups - 1) * columns + 1...groups * columns, using: &random)
        switch dataflow {
        case .weightStationary: (m, n) = (beats, across)
        case .inputStationary: (m, n) = (across, beats)
        case .outputStationary: (m, n) = (Int.random(in: 1...rows, using: &random), across)
        }
        let order: AccumulationOrder = isBlocked ? .blocked(steps * codes) : .reentry
        command = try SystolicCommand(
            m: m, n: n, k: k, dataflow, DotProduct(a, b, accumulator: accumulator, order: order),
            isPacked: isPacked, isDoubleBuffered: isDoubleBuffered, on: shape)
        // Mostly finite numbers: one NaN would end a chain's variety.
        let special = Int.random(in: 0..<4, using: &random) == 0
        func matrix(_ format: ElementFormat, _ count: Int) -> [UInt32] {
            (0..<count).map { _ in
                let code = UInt32.random(in: 0..<(1 << UInt32(format.bits)), using: &random)
                guard let float = format.float, code & float.magnitudeMask > float.largestFiniteCode else {
                    return code
                }
                return special && Int.random(in: 0..<20, using: &random) == 0 ? code : code & ~float.magnitudeMask
            }
        }
        activations = matrix(a, m * k)
        weights = matrix(b, n * k)
    }

    func operands() throws -> SystolicOperands {
        try SystolicOperands(
            activations: activations, weights: weights, m: m, n: n, k: k, for: command, on: shape)
    }

    /// Output C[m, n] by the dot product's reference.
    func expected(m i: Int, n j: Int) -> UInt32 {
        let arithmetic = command.arithmetic
        let (a, b) = (activations[i * k..<(i + 1) * k], weights[j * k..<(j + 1) * k])
        guard let left = arithmetic.aFormat.integer, let right = arithmetic.bFormat.integer else {
            return arithmetic.floatSum(Array(a), Array(b)).bitPattern
        }
        var statistics = IntegerStatistics()
        let sum = arithmetic.integerSum(
            a.map { Int32(left.decode($0)) }, b.map { Int32(right.decode($0)) }, statistics: &statistics)
        return UInt32(bitPattern: sum)
    }

    /// Small arrays, with odd sizes among them.
    static let sizes = [(1, 1), (1, 5), (5, 1), (3, 2), (2, 3), (4, 4), (7, 5), (3, 17), (16, 16)]
}
