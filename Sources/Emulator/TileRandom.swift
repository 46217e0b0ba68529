import NumberFormats

/// A command and its operands.
struct ArrayTile {
    let command: SystolicCommand
    let operands: SystolicOperands
}

/// Random commands that an array can execute, with operands that reach the corners of its arithmetic.
///
/// Random numbers are the 32-bit draws of one Philox stream, so that a seed gives the same tiles everywhere.
struct TileRandom {
    private let stream: RandomStream
    private var place = 0

    init(seed: UInt64) {
        stream = RandomStream(seed: seed, step: 0, query: 0, purpose: .activations, tensor: 0)
    }

    /// A number in 0 ..< count.
    private mutating func below(_ count: Int) -> Int {
        defer { place += 1 }
        return Int((UInt64(stream.word(at: place)) * UInt64(count)) >> 32)
    }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    private mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    /// Words of accumulator memory below a column of the hardware that tiles are made for.
    static let memoryWords = 256

    /// Tile `number`: the dataflow, the buffering and the order go round with it, the rest is random.
    ///
    /// - Parameter allowsLong: whether one in 40 has hundreds of beats, folds or words of accumulator memory, so that counters' upper bits are used.
    mutating func tile(_ number: Int, on shape: SystolicArrayShape, allowsLong: Bool = false) -> ArrayTile {
        let dataflow = SystolicCommand.Dataflow.allCases[number % 3]
        let isBlocked = number / 6 % 2 == 1
        let (a, b, isPacked) = formats(shape.kind)
        let codes = isPacked ? 2 * shape.lanes : shape.lanes
        let rows = shape.rows
        let isOutputStationary = dataflow == .outputStationary
        let isLong = allowsLong && number % 40 == 17
        let (longBeats, longFolds, longGroups) = (isLong && oneIn(2), isLong && oneIn(2), isLong && oneIn(2))
        let beats =
            longBeats
            ? Self.memoryWords - below(60)
            : pick([1, 2, max(1, rows - 1), rows, rows + 1, 1 + below(rows), 1 + below(2 * rows + 4)])
        let folds =
            isOutputStationary && !isBlocked ? 1 : longFolds ? 20 + below(longBeats ? 10 : 200) : pick([1, 2, 2, 3, 4])
        let mostGroups = Self.memoryWords / (isOutputStationary ? rows : beats)
        let groups = max(1, min(mostGroups, longGroups ? mostGroups - below(2) : pick([1, 1, 2, 3])))
        let taking = isOutputStationary ? rows : pick([rows, 1, 1 + below(rows)])
        let steps = isOutputStationary ? beats : rows
        let arithmetic = DotProduct(
            a, b, accumulator: accumulator(shape), order: isBlocked ? .blocked(steps * codes) : .reentry)
        // The codes of the last element or beat may end within it; columns, and rows of outputs, may be missing.
        let used = isOutputStationary ? folds * beats : (folds - 1) * rows + taking
        let k = used * codes - (oneIn(3) ? below(codes) : 0)
        let columns = (groups - 1) * shape.columns + (oneIn(4) ? 1 + below(shape.columns) : shape.columns)
        let (m, n) =
            switch dataflow {
            case .weightStationary: (beats, columns)
            case .inputStationary: (columns, beats)
            case .outputStationary: (oneIn(4) ? 1 + below(rows) : rows, columns)
            }
        do {
            let command = try SystolicCommand(
                dataflow, arithmetic, isPacked: isPacked, isDoubleBuffered: number / 3 % 2 == 1, beats: beats,
                folds: folds, groups: groups, rowsInLastFold: taking, on: shape)
            let flavour = below(8)
            let pairs = oneIn(4)
            let operands = try SystolicOperands(
                activations: matrix(a, m, k, flavour, pairs: pairs, alternating: false),
                weights: matrix(b, n, k, flavour, pairs: pairs, alternating: true), m: m, n: n, k: k,
                for: command, on: shape)
            return ArrayTile(command: command, operands: try disturbed(operands, command, shape))
        } catch {
            preconditionFailure("a tile that breaks the rules: \(error)")
        }
    }

    private mutating func formats(_ kind: SystolicArrayShape.Kind) -> (ElementFormat, ElementFormat, Bool) {
        if kind == .integer {
            let isPacked = oneIn(4)
            return isPacked ? (.int4, .int4, true) : (pick([.int8, .int8, .int4]), pick([.int8, .int8, .int4]), false)
        }
        let narrow: [ElementFormat] = [.e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2]
        let a = pick(narrow)
        return (a, oneIn(2) ? a : pick(narrow), false)
    }

    private mutating func accumulator(_ shape: SystolicArrayShape) -> ProductAccumulator {
        switch shape.kind {
        case .integer: .integer(bits: oneIn(3) ? 32 : 8 + below(25), overflow: oneIn(2) ? .wrap : .saturate)
        case .sequential: .sequential
        case .grouped: .grouped(shape.lanes)
        case .aligned:
            .aligned(
                group: shape.lanes, fractionBits: oneIn(3) ? pick([13, 25]) : 1 + below(40),
                output: oneIn(2) ? .fp32 : .e8m13)
        case .exact: .exact
        }
    }

    // MARK: Operands

    /// A matrix of codes, row-major.
    ///
    /// - Parameters:
    ///   - flavour: what kind of numbers.
    ///   - pairs: whether every second number of k repeats the one before it, so that products cancel;
    ///   - alternating: then with the other sign.
    private mutating func matrix(
        _ format: ElementFormat, _ rows: Int, _ depth: Int, _ flavour: Int, pairs: Bool, alternating: Bool
    ) -> [UInt32] {
        var codes: [UInt32] = []
        for _ in 0..<rows {
            for k in 0..<depth {
                if pairs, k % 2 == 1, let before = codes.last {
                    codes.append(alternating ? negated(before, format) : before)
                } else if let float = format.float {
                    codes.append(code(float, flavour))
                } else {
                    codes.append(code(format.integer!, flavour))
                }
            }
        }
        return codes
    }

    private func negated(_ code: UInt32, _ format: ElementFormat) -> UInt32 {
        if let float = format.float { return code ^ float.signMask }
        let integer = format.integer!
        return UInt32(truncatingIfNeeded: -integer.decode(code)) & (UInt32.max >> UInt32(32 - integer.bits))
    }

    /// An integer's code: any, at the ends of the range, large and of one sign, small, mostly zero.
    private mutating func code(_ format: IntegerFormat, _ flavour: Int) -> UInt32 {
        let range = format.range
        let any = Int64(below(1 << format.bits)) + range.lowerBound
        let number: Int64 =
            switch flavour {
            case 0: pick([range.lowerBound, range.upperBound, range.lowerBound, 0, any])
            case 1: range.upperBound - Int64(below(3))
            case 2: pick([range.lowerBound, range.lowerBound + 1])
            case 3: pick([0, 0, 0, 0, any])
            case 4: Int64(below(5)) - 2
            default: any
            }
        return UInt32(truncatingIfNeeded: number) & (UInt32.max >> UInt32(32 - format.bits))
    }

    /// A floating-point code: any, finite, extreme, of one binade, subnormal or zero, mostly zero, finite with rare specials.
    private mutating func code(_ format: FloatFormat, _ flavour: Int) -> UInt32 {
        let any = UInt32(below(1 << format.bits))
        let sign = any & format.signMask
        let finite = sign | UInt32(below(Int(format.largestFiniteCode) + 1))
        switch flavour {
        case 0:
            return sign
                | pick([format.largestFiniteCode, format.largestFiniteCode - 1, 1, 0, format.fractionMask + 1, 2])
        case 1:
            let one = UInt32(format.bias) << UInt32(format.fractionBits)
            return sign | one | any & format.fractionMask
        case 2: return sign | any & format.fractionMask
        case 3: return oneIn(5) ? finite : pick([0, format.signMask])
        case 4: return any
        case 5: return oneIn(40) ? any : finite
        default: return finite
        }
    }

    /// The same operands, sometimes with other bits where the array must not look: above codes of fewer than 8 bits, and in rows that take no part.
    private mutating func disturbed(
        _ operands: SystolicOperands, _ command: SystolicCommand, _ shape: SystolicArrayShape
    ) throws(SystolicArrayError) -> SystolicOperands {
        var (columns, rows) = (operands.columnWords, operands.rowWords)
        if oneIn(2), !command.isPacked {
            let (above, left) = (command.columnFormat.bits, command.rowFormat.bits)
            for i in columns.indices { columns[i] |= UInt8(truncatingIfNeeded: below(256) << above) }
            for i in rows.indices { rows[i] |= UInt8(truncatingIfNeeded: below(256) << left) }
        }
        if oneIn(2), command.dataflow != .outputStationary {
            for row in command.rowsInLastFold..<shape.rows {
                for group in 0..<command.groups {
                    let last = (group + 1) * command.folds - 1
                    let width = shape.columns * shape.lanes
                    let above = (last * shape.rows + shape.rows - 1 - row) * width
                    for i in above..<above + width { columns[i] = UInt8(below(256)) }
                    for beat in 0..<command.beats {
                        let left = ((last * command.beats + beat) * shape.rows + row) * shape.lanes
                        for i in left..<left + shape.lanes { rows[i] = UInt8(below(256)) }
                    }
                }
            }
        }
        return try SystolicOperands(columnWords: columns, rowWords: rows, for: command, on: shape)
    }
}
