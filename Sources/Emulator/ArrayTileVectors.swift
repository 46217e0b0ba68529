import NumberFormats

/// Random commands for one array with their operands, results and registers, as text from which a bench drives `hwmodels/rtl/array_tile`.
///
/// A tile is a block of lines, numbers decimal, words hexadecimal with the most significant digit first:
///
///     tile ID output_stationary double_buffered blocked beats folds groups rows_last a_format b_format settings cycles outputs registers
///     c WORD   groups·folds·R (output-stationary: groups·folds·T) words that enter from above, in the order of their addresses; column c at bit c·8·LANES
///     r WORD   groups·folds·T words that enter from the left; row r at bit r·8·LANES
///     o WORD   `outputs` words of the accumulator memory after the command; column c at bit c·(32, or 88 for exact sums)
///     s WORD   `registers` states, one at the end of each beat from beat 0 on: element (r, c) at index r·C + c from the low end
///
/// An element's registers, from the top bit: a, valid, first, last, shift, waiting, active, accumulating, held, sum, insert_early, insert_late. Arrays are reset
/// before each tile. `a_format` and `b_format` are the pins' codes of what enters from the left and from above, so input-stationary commands look like
/// weight-stationary ones with the operands exchanged.
public struct ArrayTileVectors: Sequence, IteratorProtocol {
    /// The array.
    public let shape: SystolicArrayShape
    /// Whether each tile has its registers' states.
    public let writesRegisters: Bool
    private let tiles: Int
    private var random: TileRandom
    private var number = 0

    /// A sequence of tiles.
    ///
    /// - Parameters:
    ///   - shape: the array; codes are bytes.
    ///   - tiles: how many, ≥ 0.
    ///   - seed: decides commands and operands.
    ///   - writesRegisters: whether each tile has its registers' states.
    /// - Throws: `SystolicArrayError` where the kind of sums does not work with the lanes.
    public init(
        _ shape: SystolicArrayShape, tiles: Int, seed: UInt64, writesRegisters: Bool
    ) throws(SystolicArrayError) {
        if shape.kind == .sequential, shape.lanes != 1 {
            throw .codes(shape.lanes, accumulator: "fp32-sequential", needed: 1)
        }
        if shape.kind == .grouped || shape.kind == .aligned, shape.lanes > 1024 {
            throw .outOfRange("lanes of \(shape.kind.rawValue) sums", value: shape.lanes, allowed: 1...1024)
        }
        self.shape = shape
        self.tiles = tiles
        self.writesRegisters = writesRegisters
        random = TileRandom(seed: seed)
    }

    /// The next tile's lines, the last of them ended too.
    public mutating func next() -> String? {
        guard number < tiles else { return nil }
        let tile = random.tile(number, on: shape, allowsLong: !writesRegisters)
        defer { number += 1 }
        return text(tile)
    }

    private func text(_ tile: ArrayTile) -> String {
        let (command, operands) = (tile.command, tile.operands)
        let run = SystolicRun(command, operands, on: SystolicArray(shape))
        var states = ""
        run.finish { run in
            if writesRegisters { states += "s \(registers(run.array))\n" }
        }
        let outputs = command.groups * command.outputRows(on: shape)
        let pins: [Int] = [
            number, command.dataflow == .outputStationary ? 1 : 0, command.isDoubleBuffered ? 1 : 0,
            command.isBlocked ? 1 : 0, command.beats, command.folds, command.groups, command.rowsInLastFold,
            Self.pin(command.rowFormat, isPacked: command.isPacked),
            Self.pin(command.columnFormat, isPacked: command.isPacked),
            Self.settings(command.arithmetic.accumulator), run.schedule.cycles, outputs,
            writesRegisters ? run.schedule.cycles : 0,
        ]
        var text = "tile " + pins.map(String.init).joined(separator: " ") + "\n"
        for (name, words, width) in [
            ("c", operands.columnWords, shape.columns), ("r", operands.rowWords, shape.rows),
        ] {
            for start in stride(from: 0, to: words.count, by: width * shape.lanes) {
                var word = HexWord()
                word.append(words[start..<start + width * shape.lanes])
                text += "\(name) \(word.text)\n"
            }
        }
        for row in 0..<outputs {
            var word = HexWord()
            for column in 0..<shape.columns { word.append(run.memory(row, column), bits: shape.kind.sumBits) }
            text += "o \(word.text)\n"
        }
        return text + states
    }

    /// All registers of an array as one word.
    private func registers(_ array: SystolicArray) -> String {
        let sumBits = shape.kind.sumBits
        var word = HexWord()
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                let element = array[row, column]
                word.append(element.insertLate)
                word.append(element.insertEarly)
                for sum in [element.sum, element.held, element.accumulating] { word.append(sum, bits: sumBits) }
                for codes in [element.active, element.waiting, element.shift] { word.append(codes) }
                for flag in [element.last, element.first, element.valid] { word.append(flag) }
                word.append(element.a)
            }
        }
        return word.text
    }

    /// The code of a format on the pins of `hwmodels/rtl`.
    public static func pin(_ format: ElementFormat, isPacked: Bool) -> Int {
        if isPacked { return 13 }
        let pins: [ElementFormat] = [
            .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, .bf16, .fp16, .fp32, .e8m0, .int8, .int4,
        ]
        guard let pin = pins.firstIndex(of: format) else { preconditionFailure("a format that no unit multiplies") }
        return pin
    }

    /// The accumulator's settings on the pins of `hwmodels/rtl`.
    public static func settings(_ accumulator: ProductAccumulator) -> Int {
        switch accumulator {
        case .integer(let bits, let overflow): bits | (overflow == .saturate ? 64 : 0)
        case .aligned(_, let fractionBits, let output): fractionBits | (output == .e8m13 ? 64 : 0)
        case .sequential, .grouped, .exact: 0
        }
    }
}
