import NumberFormats

/// The operands of one command as the words that enter an array at its edges (docs/semantics.md, section 11).
public struct SystolicOperands: Hashable, Sendable {
    /// Words that enter from above, C elements of `lanes` bytes each. Weight- and input-stationary: word f·R + i holds row R − 1 − i of fold f = 0…GF − 1;
    /// output-stationary: word f·T + t holds beat t of fold f.
    public let columnWords: [UInt8]
    /// Words that enter from the left, R elements of `lanes` bytes each: word f·T + t holds beat t of fold f.
    public let rowWords: [UInt8]

    /// Words as they are.
    ///
    /// - Throws: `SystolicArrayError.operands` where they are not as many as the command reads.
    public init(
        columnWords: [UInt8], rowWords: [UInt8], for command: SystolicCommand, on shape: SystolicArrayShape
    ) throws(SystolicArrayError) {
        let needs = [
            ("bytes that enter from above", columnWords.count, command.columnWords(on: shape) * shape.columns),
            ("bytes that enter from the left", rowWords.count, command.allFolds * command.beats * shape.rows),
        ]
        for (name, found, elements) in needs where found != elements * shape.lanes {
            throw .operands(name, found: found, needed: elements * shape.lanes)
        }
        self.columnWords = columnWords
        self.rowWords = rowWords
    }

    /// The words of C[m, n] = A[m, k] · B[n, k]ᵀ. What the matrices leave of the array is filled with zeros.
    ///
    /// - Parameters:
    ///   - activations: A[m, k], row-major, codes of the arithmetic's `aFormat`.
    ///   - weights: B[n, k], row-major, codes of its `bFormat`.
    ///   - m: rows of A: T, ≤ GC or ≤ R as the dataflow is weight-, input- or output-stationary.
    ///   - n: rows of B: T in input-stationary commands, otherwise ≤ GC. Tile g has the columns from gC on.
    ///   - k: a depth that the command covers.
    /// - Throws: `SystolicArrayError` where sizes do not fit the command or the matrices.
    public init(
        activations: [UInt32], weights: [UInt32], m: Int, n: Int, k: Int, for command: SystolicCommand,
        on shape: SystolicArrayShape
    ) throws(SystolicArrayError) {
        try command.check(m: m, n: n, k: k, on: shape)
        for (name, found, needed) in [("activations", activations.count, m * k), ("weights", weights.count, n * k)]
        where found != needed {
            throw .operands(name, found: found, needed: needed)
        }
        let a = Matrix(codes: activations, rows: m, depth: k)
        let b = Matrix(codes: weights, rows: n, depth: k)
        let (fromLeft, fromAbove) = command.dataflow == .inputStationary ? (b, a) : (a, b)
        let codes = command.codes(on: shape)
        let isOutputStationary = command.dataflow == .outputStationary
        var columnWords: [UInt8] = []
        var rowWords: [UInt8] = []
        for number in 0..<command.allFolds {
            let (group, fold) = number.quotientAndRemainder(dividingBy: command.folds)
            let steps = isOutputStationary ? command.beats : shape.rows
            for i in 0..<steps {
                // Stationary operands shift down from the first row, so the last row's enter first.
                let step = fold * steps + (isOutputStationary ? i : steps - 1 - i)
                for column in 0..<shape.columns {
                    columnWords += command.bytes(
                        fromAbove.codes(row: group * shape.columns + column, from: step * codes, count: codes))
                }
            }
            for beat in 0..<command.beats {
                for row in 0..<shape.rows {
                    let (line, step) =
                        isOutputStationary ? (row, fold * steps + beat) : (beat, fold * steps + row)
                    rowWords += command.bytes(fromLeft.codes(row: line, from: step * codes, count: codes))
                }
            }
        }
        self.columnWords = columnWords
        self.rowWords = rowWords
    }
}

/// A matrix of codes, with zeros around it.
private struct Matrix {
    let codes: [UInt32]
    let rows: Int
    let depth: Int

    func codes(row: Int, from start: Int, count: Int) -> [UInt32] {
        (start..<start + count).map { row < rows && $0 < depth ? codes[row * depth + $0] : 0 }
    }
}

extension SystolicCommand {
    /// An element's codes as the bytes of its lanes, k ascending from the lowest.
    func bytes(_ codes: [UInt32]) -> [UInt8] {
        if isPacked {
            return stride(from: 0, to: codes.count, by: 2).map {
                UInt8(codes[$0] & 15 | (codes[$0 + 1] & 15) << 4)
            }
        }
        return codes.flatMap { code in
            (0..<bytesPerCode).map { UInt8(truncatingIfNeeded: code >> UInt32(8 * $0)) }
        }
    }

    /// The codes in the bytes of an element's lanes.
    func codes(_ bytes: [UInt8]) -> [UInt32] {
        if isPacked { return bytes.flatMap { [UInt32($0 & 15), UInt32($0 >> 4)] } }
        return stride(from: 0, to: bytes.count, by: bytesPerCode).map { start in
            (0..<bytesPerCode).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
    }
}
