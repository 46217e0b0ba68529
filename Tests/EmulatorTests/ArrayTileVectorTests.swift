import Emulator
import NumberFormats
import Testing

/// Tile files, read back and computed again from their words alone.
@Suite struct ArrayTileVectorTests {
    /// One block of a tile file.
    private struct Tile {
        let isOutputStationary, isDoubleBuffered, isBlocked: Bool
        let beats, folds, groups, rowsInLastFold, aPin, bPin, settings, cycles, outputs: Int
        let c, r, o, s: [Word]

        init(_ text: String) throws {
            let lines = text.split(separator: "\n")
            let fields = try #require(lines.first).split(separator: " ")
            #expect(fields[0] == "tile" && fields.count == 15)
            let numbers = try fields.dropFirst().map { try #require(Int($0)) }
            #expect(numbers[1...3].allSatisfy { $0 == 0 || $0 == 1 })
            (isOutputStationary, isDoubleBuffered, isBlocked) = (numbers[1] == 1, numbers[2] == 1, numbers[3] == 1)
            (beats, folds, groups, rowsInLastFold) = (numbers[4], numbers[5], numbers[6], numbers[7])
            (aPin, bPin, settings, cycles, outputs) = (numbers[8], numbers[9], numbers[10], numbers[11], numbers[12])
            func words(_ name: String) -> [Word] {
                lines.filter { $0.hasPrefix(name + " ") }.map { Word(hex: $0.dropFirst(2)) }
            }
            (c, r, o, s) = (words("c"), words("r"), words("o"), words("s"))
            #expect(s.count == numbers[13] && o.count == outputs && r.count == groups * folds * beats)
            #expect(lines.count == 1 + c.count + r.count + o.count + s.count)
        }
    }

    /// A word of hexadecimal digits.
    private struct Word {
        /// Bits, the lowest first.
        let bits: [Bool]
        let digits: Int

        init(hex: Substring) {
            digits = hex.count
            bits = hex.reversed().flatMap { digit -> [Bool] in
                let nibble = digit.hexDigitValue ?? 0
                return (0..<4).map { nibble >> $0 & 1 == 1 }
            }
        }

        func field(from start: Int, bits width: Int) -> UInt128 {
            (0..<width).reduce(0) { $0 | (bits[start + $1] ? 1 << UInt128($1) : 0) }
        }

        func byte(_ index: Int) -> UInt8 { UInt8(field(from: 8 * index, bits: 8)) }
    }

    private static let formats: [ElementFormat?] = [
        .e4m3, .e5m2, .e3m4, .e4m3ieee, .e2m1, .e2m3, .e3m2, nil, nil, nil, nil, .int8, .int4, .int4,
    ]

    private func accumulator(_ shape: SystolicArrayShape, settings: Int) -> ProductAccumulator {
        switch shape.kind {
        case .integer: .integer(bits: settings & 63, overflow: settings & 64 == 0 ? .wrap : .saturate)
        case .sequential: .sequential
        case .grouped: .grouped(shape.lanes)
        case .aligned:
            .aligned(
                group: shape.lanes, fractionBits: settings & 63, output: settings & 64 == 0 ? .fp32 : .e8m13)
        case .exact: .exact
        }
    }

    /// Checks every output of a tile against the dot product of the codes in its words.
    private func checkOutputs(_ tile: Tile, _ shape: SystolicArrayShape) throws {
        let (rows, lanes) = (shape.rows, shape.lanes)
        let a = try #require(Self.formats[tile.aPin])
        let b = try #require(Self.formats[tile.bPin])
        let steps = tile.isOutputStationary ? tile.beats : rows
        let codes = lanes * (tile.aPin == 13 ? 2 : 1)
        let product = DotProduct(
            a, b, accumulator: accumulator(shape, settings: tile.settings),
            order: tile.isBlocked ? .blocked(steps * codes) : .reentry)
        func unpacked(_ word: Word, _ place: Int) -> [UInt32] {
            (0..<lanes).flatMap { lane -> [UInt32] in
                let byte = UInt32(word.byte(place * lanes + lane))
                return tile.aPin == 13 ? [byte & 15, byte >> 4] : [byte]
            }
        }
        let outputsOfGroup = tile.outputs / tile.groups
        for word in 0..<tile.outputs {
            let (group, output) = word.quotientAndRemainder(dividingBy: outputsOfGroup)
            for column in 0..<shape.columns {
                var (left, above): ([UInt32], [UInt32]) = ([], [])
                for fold in 0..<tile.folds {
                    let number = group * tile.folds + fold
                    let taking =
                        tile.isOutputStationary ? tile.beats : fold == tile.folds - 1 ? tile.rowsInLastFold : rows
                    for step in 0..<taking {
                        if tile.isOutputStationary {
                            left += unpacked(tile.r[number * steps + step], output)
                            above += unpacked(tile.c[number * steps + step], column)
                        } else {
                            left += unpacked(tile.r[number * tile.beats + output], step)
                            above += unpacked(tile.c[number * rows + rows - 1 - step], column)
                        }
                    }
                }
                let bits = shape.kind == .exact ? 88 : 32
                let sum = tile.o[word].field(from: column * bits, bits: bits)
                if let (x, y) = a.integer.flatMap({ x in b.integer.map { (x, $0) } }) {
                    var statistics = IntegerStatistics()
                    let expected = product.integerSum(
                        left.map { Int32(x.decode($0)) }, above.map { Int32(y.decode($0)) },
                        statistics: &statistics)
                    #expect(sum == UInt128(UInt32(bitPattern: expected)))
                } else {
                    let found = shape.kind == .exact ? FixedPointSum(bits: sum).rounded : UInt32(sum)
                    #expect(found == product.floatSum(left, above).bitPattern)
                }
            }
        }
    }

    private static let shapes: [(Int, Int, Int, SystolicArrayShape.Kind)] = [
        (4, 4, 1, .integer), (3, 5, 2, .integer), (1, 1, 1, .integer), (5, 1, 1, .sequential), (2, 3, 4, .grouped),
        (3, 2, 1, .grouped), (4, 3, 4, .aligned), (1, 5, 2, .exact), (3, 3, 1, .exact),
    ]

    @Test(arguments: shapes.indices)
    func outputsAreTheDotProductsOfTheWords(index: Int) throws {
        let (rows, columns, lanes, kind) = Self.shapes[index]
        let shape = try SystolicArrayShape(rows: rows, columns: columns, lanes: lanes, kind: kind)
        let vectors = try ArrayTileVectors(shape, tiles: 60, seed: 11, writesRegisters: index % 2 == 0)
        var combinations: Set<[Bool]> = []
        var results: Set<[Bool]> = []
        var count = 0
        for text in vectors {
            let tile = try Tile(text)
            count += 1
            combinations.insert([tile.isOutputStationary, tile.isDoubleBuffered, tile.isBlocked])
            #expect(tile.c.count == tile.groups * tile.folds * (tile.isOutputStationary ? tile.beats : rows))
            #expect(tile.outputs == tile.groups * (tile.isOutputStationary ? rows : tile.beats))
            #expect(tile.c.allSatisfy { $0.digits == 2 * columns * lanes })
            #expect(tile.r.allSatisfy { $0.digits == 2 * rows * lanes })
            #expect(tile.o.allSatisfy { $0.digits == columns * kind.sumBits / 4 })
            let bits = 32 * lanes + 3 * kind.sumBits + 5
            #expect(shape.elementBits == bits)
            #expect(tile.s.allSatisfy { $0.digits == (rows * columns * bits + 3) / 4 })
            #expect(tile.s.count == (index % 2 == 0 ? tile.cycles : 0))
            let spacing = tile.isDoubleBuffered ? max(tile.beats, rows) : 2 * rows + columns + tile.beats - 2
            #expect(tile.cycles == 2 * rows + columns + tile.beats - 2 + (tile.groups * tile.folds - 1) * spacing)
            try checkOutputs(tile, shape)
            for word in tile.o { results.insert(word.bits) }
        }
        #expect(count == 60)
        #expect(combinations.count == 8)
        #expect(results.count > 30)
    }

    @Test func registerWordsHoldTheirFieldsFromTheTop() throws {
        let shape = try SystolicArrayShape(rows: 3, columns: 2, lanes: 2, kind: .integer)
        let bits = shape.elementBits
        for text in try ArrayTileVectors(shape, tiles: 24, seed: 5, writesRegisters: true) {
            let tile = try Tile(text)
            func element(_ beat: Int, _ row: Int, _ column: Int) -> (from: Int, below: (Int) -> Int) {
                let start = (row * 2 + column) * bits
                return (start, { start + bits - $0 })
            }
            // The first codes from the left stand in `a` of the first element, the topmost field, with valid and first behind it.
            let stream = tile.isOutputStationary ? 0 : 3
            let first = element(stream, 0, 0)
            let codes = tile.s[stream].field(from: first.below(16), bits: 16)
            #expect(codes == tile.r[0].field(from: 0, bits: 16))
            #expect(tile.s[stream].field(from: first.below(19), bits: 3) == (tile.beats == 1 ? 7 : 6))
            // The first codes from above stand in `shift`.
            #expect(tile.s[0].field(from: element(0, 0, 1).below(35), bits: 16) == 0)
            #expect(tile.s[0].field(from: first.below(35), bits: 16) == tile.c[0].field(from: 0, bits: 16))
            if tile.isOutputStationary {
                // After the first of several beats a sum grows in `accumulating`, and `held` has none.
                if tile.beats > 1 { #expect(tile.s[0].field(from: first.from + 34, bits: 32) == 0) }
                #expect(
                    tile.s[tile.beats - 1].field(from: first.from + 34, bits: 32)
                        == tile.s[tile.beats - 1].field(from: first.from + 66, bits: 32))
            } else {
                // The first row's weights wait for a beat before they are active.
                let weights = tile.c[2].field(from: 0, bits: 16)
                #expect(tile.s[2].field(from: first.below(51), bits: 16) == weights)
                #expect(tile.s[2].field(from: first.below(67), bits: 16) == 0)
                #expect(tile.s[3].field(from: first.below(67), bits: 16) == weights)
            }
            // The last sum stands in `sum` of the last element, above insert_early and insert_late.
            guard !tile.isBlocked || tile.folds == 1 else { continue }
            let last = element(tile.cycles - 1, 2, 1)
            let sum = tile.s[tile.cycles - 1].field(from: last.from + 2, bits: 32)
            #expect(sum == tile.o[tile.outputs - 1].field(from: 32, bits: 32))
            #expect(
                tile.s[tile.cycles - 1].field(from: last.from, bits: 2) == (tile.isOutputStationary ? 2 : 0))
        }
    }

    @Test func aSeedGivesTheSameTilesAndAnotherOneOthers() throws {
        let shape = try SystolicArrayShape(rows: 2, columns: 2, lanes: 1, kind: .exact)
        func text(_ seed: UInt64) throws -> String {
            try ArrayTileVectors(shape, tiles: 7, seed: seed, writesRegisters: true).joined()
        }
        #expect(try text(3) == text(3))
        #expect(try text(3) != text(4))
    }

    @Test func lanesThatAKindCannotUseAreRefused() throws {
        let shape = try SystolicArrayShape(rows: 2, columns: 2, lanes: 2, kind: .sequential)
        #expect(throws: SystolicArrayError.codes(2, accumulator: "fp32-sequential", needed: 1)) {
            try ArrayTileVectors(shape, tiles: 1, seed: 0, writesRegisters: false)
        }
    }
}
