import CKernels
import NumberFormats

/// The vector unit's functions on buffers (docs/semantics.md, sections 3, 7 and 8).
///
/// Strides count elements and are at least the row's length. Every level gives the same bits, except that NaNs are not distinguished.
extension Kernels {
    private var vectorLevel: Int32 { Int32(level.rawValue) }

    /// Quantizes each row of x[rows, columns] to codes of INT8, or of INT4, by itself.
    ///
    /// A row whose largest magnitude is below 2⁻¹⁰⁰ gets codes 0 and scale 1; a row with a NaN or an infinity gets codes 0 and scale NaN.
    ///
    /// - Parameters:
    ///   - x: x[rows, columns], row-major.
    ///   - codes: codes[rows, columns], −limit…limit, overwritten; what lies behind a row within `codeStride` is left alone.
    ///   - scales: `rows` scales, overwritten.
    ///   - limit: The largest code M, 1…127: 127 for INT8, 7 for INT4.
    public func quantizeRows(
        _ x: UnsafePointer<Float>, rowStride: Int, rows: Int, columns: Int,
        codes: UnsafeMutablePointer<Int8>, codeStride: Int, scales: UnsafeMutablePointer<Float>,
        limit: Int32 = 127
    ) {
        precondition(rows >= 0 && columns >= 0, "a negative shape")
        guard level == .reference else {
            zk_quantize_rows(vectorLevel, x, rowStride, rows, columns, codes, codeStride, scales, limit)
            return
        }
        for row in 0..<rows {
            let result = SymmetricQuantizer.quantized(
                UnsafeBufferPointer(start: x + row * rowStride, count: columns), limit: limit)
            (codes + row * codeStride).update(from: result.codes, count: columns)
            scales[row] = result.scale
        }
    }

    /// Quantizes each column of x[validRows, columns] by itself and transposes: the values of attention.
    ///
    /// - Parameters:
    ///   - x: x[rows, columns], row-major; only the first `validRows` rows are read.
    ///   - validRows: Rows that count, 0 ≤ validRows ≤ rows.
    ///   - rows: Rows of x, padding included; at most `codeStride`.
    ///   - codes: codes[columns, codeStride], overwritten; 0 from row `validRows` up to `codeStride`.
    ///   - scales: `columns` scales, overwritten.
    ///   - limit: The largest code M, 1…127.
    public func quantizeColumns(
        _ x: UnsafePointer<Float>, rowStride: Int, validRows: Int, rows: Int, columns: Int,
        codes: UnsafeMutablePointer<Int8>, codeStride: Int, scales: UnsafeMutablePointer<Float>,
        limit: Int32 = 127
    ) {
        precondition(0 <= validRows && validRows <= rows && rows <= codeStride, "0 ≤ validRows ≤ rows ≤ codeStride")
        precondition(columns >= 0, "a negative shape")
        guard level == .reference else {
            zk_quantize_columns(vectorLevel, x, rowStride, validRows, columns, codes, codeStride, scales, limit)
            return
        }
        for column in 0..<columns {
            let result = SymmetricQuantizer.quantized(
                (0..<validRows).map { x[$0 * rowStride + column] }, limit: limit)
            let out = codes + column * codeStride
            out.update(repeating: 0, count: codeStride)
            out.update(from: result.codes, count: validRows)
            scales[column] = result.scale
        }
    }

    /// Softmax of factor · x over the first `valid` scores of each row, in place; +0 behind them, up to `columns`.
    ///
    /// - Parameters:
    ///   - x: x[rows, columns], row-major, overwritten.
    ///   - valid: Scores that count, 0 ≤ valid ≤ columns.
    ///   - factor: c, what each score is multiplied by first.
    public func softmaxRows(
        _ x: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, valid: Int, factor: Float
    ) {
        precondition(0 <= valid && valid <= columns, "0 ≤ valid ≤ columns")
        precondition(rows >= 0, "a negative shape")
        guard level == .reference else {
            zk_softmax_rows(vectorLevel, x, rowStride, rows, columns, valid, factor)
            return
        }
        for row in 0..<rows {
            let scores = UnsafeMutableBufferPointer(start: x + row * rowStride, count: columns)
            _ = scores.update(
                fromContentsOf: VectorFunctions.softmax(Array(scores), valid: valid, factor: factor))
        }
    }

    /// Layer norm of each row of fl(residual + x), or of x without a residual. Dense rows.
    ///
    /// - Parameters:
    ///   - residual: The block's input [rows, columns], or nil.
    ///   - x: The block's output [rows, columns].
    ///   - gamma: γ, `columns` values.
    ///   - beta: β, `columns` values.
    ///   - epsilon: ε, added to the variance.
    ///   - columns: Values in a row, > 0.
    ///   - out: [rows, columns], overwritten; it may be `residual` or `x`.
    public func addLayerNorm(
        residual: UnsafePointer<Float>?, _ x: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
        beta: UnsafePointer<Float>, epsilon: Float, rows: Int, columns: Int, out: UnsafeMutablePointer<Float>
    ) {
        precondition(rows >= 0 && columns > 0, "a layer norm needs columns")
        guard level == .reference else {
            zk_add_layer_norm(vectorLevel, residual, x, gamma, beta, epsilon, rows, columns, out)
            return
        }
        let gamma = Array(UnsafeBufferPointer(start: gamma, count: columns))
        let beta = Array(UnsafeBufferPointer(start: beta, count: columns))
        for row in 0..<rows {
            let start = row * columns
            let sums = (start..<start + columns).map { i in residual.map { $0[i] + x[i] } ?? x[i] }
            (out + start).update(
                from: VectorFunctions.layerNorm(sums, gamma: gamma, beta: beta, epsilon: epsilon), count: columns)
        }
    }

    /// gelu of `count` values in place.
    public func gelu(_ x: UnsafeMutablePointer<Float>, count: Int) {
        precondition(count >= 0, "a negative number of elements")
        guard level == .reference else {
            zk_gelu(vectorLevel, x, count)
            return
        }
        for i in 0..<count { x[i] = VectorFunctions.gelu(x[i]) }
    }

    /// gelu of each row of x[rows, columns] in place, then its quantization as by
    /// ``quantizeRows(_:rowStride:rows:columns:codes:codeStride:scales:limit:)``, while the row is in the first-level cache.
    public func geluQuantizeRows(
        _ x: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int,
        codes: UnsafeMutablePointer<Int8>, codeStride: Int, scales: UnsafeMutablePointer<Float>,
        limit: Int32 = 127
    ) {
        precondition(rows >= 0 && columns >= 0, "a negative shape")
        guard level == .reference else {
            zk_gelu_quantize_rows(vectorLevel, x, rowStride, rows, columns, codes, codeStride, scales, limit)
            return
        }
        for row in 0..<rows { gelu(x + row * rowStride, count: columns) }
        quantizeRows(
            x, rowStride: rowStride, rows: rows, columns: columns, codes: codes, codeStride: codeStride, scales: scales,
            limit: limit)
    }

    /// exp of `count` values in place.
    public func exp(_ x: UnsafeMutablePointer<Float>, count: Int) {
        precondition(count >= 0, "a negative number of elements")
        guard level == .reference else {
            zk_exp(vectorLevel, x, count)
            return
        }
        for i in 0..<count { x[i] = VectorFunctions.exp(x[i]) }
    }

    /// The mean of each column of x[validRows, columns], rows ascending.
    ///
    /// - Parameters:
    ///   - validRows: Rows that count, > 0.
    ///   - out: `columns` means, overwritten.
    public func meanPool(
        _ x: UnsafePointer<Float>, rowStride: Int, validRows: Int, columns: Int, out: UnsafeMutablePointer<Float>
    ) {
        precondition(validRows > 0 && columns >= 0, "a mean needs a row")
        guard level == .reference else {
            zk_mean_pool(vectorLevel, x, rowStride, validRows, columns, out)
            return
        }
        let rows = (0..<validRows).map { Array(UnsafeBufferPointer(start: x + $0 * rowStride, count: columns)) }
        out.update(from: VectorFunctions.meanPool(rows), count: columns)
    }

    /// The embedding: layer norm of fl(fl(word[token] + position[t]) + type) for each token t of one example. Dense rows.
    ///
    /// - Parameters:
    ///   - tokens: `rows` token ids, each in 0 ..< vocabulary.
    ///   - rows: Tokens, ≥ 0; `position` has at least as many rows.
    ///   - word: [vocabulary, columns].
    ///   - vocabulary: Rows of `word`.
    ///   - position: [≥ rows, columns].
    ///   - type: `columns` values, those of token type 0.
    ///   - columns: Channels, > 0.
    ///   - out: [rows, columns], overwritten.
    public func embed(
        tokens: UnsafePointer<Int32>, rows: Int, word: UnsafePointer<Float>, vocabulary: Int,
        position: UnsafePointer<Float>, type: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
        beta: UnsafePointer<Float>, epsilon: Float, columns: Int, out: UnsafeMutablePointer<Float>
    ) {
        precondition(rows >= 0 && columns > 0, "a layer norm needs columns")
        for row in 0..<rows {
            precondition(tokens[row] >= 0 && tokens[row] < vocabulary, "a token outside the vocabulary")
        }
        guard level == .reference else {
            zk_embed(vectorLevel, tokens, rows, word, position, type, gamma, beta, epsilon, columns, out)
            return
        }
        for row in 0..<rows {
            let w = word + Int(tokens[row]) * columns
            let p = position + row * columns
            for i in 0..<columns { out[row * columns + i] = (w[i] + p[i]) + type[i] }
        }
        addLayerNorm(
            residual: nil, out, gamma: gamma, beta: beta, epsilon: epsilon, rows: rows, columns: columns, out: out)
    }

    /// The cross-entropy loss of one example. The reference at every level: logits are few.
    ///
    /// - Parameters:
    ///   - logits: `classes` logits.
    ///   - label: The right class, 0 ≤ label < classes.
    public func crossEntropy(_ logits: UnsafePointer<Float>, classes: Int, label: Int) -> Float {
        VectorFunctions.crossEntropy(Array(UnsafeBufferPointer(start: logits, count: classes)), label: label)
    }
}
