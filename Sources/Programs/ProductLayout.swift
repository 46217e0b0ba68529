import NumberFormats

/// How the operands of a batch of matrix products lie in memory: `examples` × `heads` instances of [m, k] × [n, k]ᵀ.
struct ProductLayout {
    /// One matrix of each instance, in elements from its tensor's start; columns are contiguous.
    struct Matrix {
        let example: Int
        let head: Int
        let row: Int
        /// Rows are k, as where a product reads its operand transposed; else m or n.
        var rowsAreK = false
    }

    let examples: Int
    let heads: Int
    let first: Matrix
    let second: Matrix
    /// Scales of the operands' rows: one element a row.
    let firstScales: Matrix
    let secondScales: Matrix
    let result: Matrix

    /// Layouts of the encoder's products (docs/semantics.md, section 9): tokens hold their heads side by side, scores and
    /// probabilities a matrix for each head, value codes a transposed matrix for each head.
    init(_ product: Product, step: StepDescription) {
        let shape = step.shape
        let (tokens, hidden, depth) = (step.sequence, shape.hidden, shape.headDimension)
        let count = shape.heads
        let byToken = Matrix(example: tokens * hidden, head: depth, row: hidden)
        let byTokenAsK = Matrix(example: tokens * hidden, head: depth, row: hidden, rowsAreK: true)
        let tokenScales = Matrix(example: tokens * count, head: 1, row: count)
        let square = Matrix(example: count * tokens * tokens, head: tokens * tokens, row: tokens)
        let squareAsK = Matrix(example: count * tokens * tokens, head: tokens * tokens, row: tokens, rowsAreK: true)
        let squareScales = Matrix(example: count * tokens, head: tokens, row: 1)
        let values = Matrix(example: hidden * tokens, head: depth * tokens, row: tokens)
        let valuesAsK = Matrix(example: hidden * tokens, head: depth * tokens, row: tokens, rowsAreK: true)
        let valueScales = Matrix(example: hidden, head: depth, row: 1)
        let vector = Matrix(example: 0, head: 0, row: 1)
        func plain(_ columns: Int, asK: Bool = false) -> Matrix {
            Matrix(example: 0, head: 0, row: columns, rowsAreK: asK)
        }

        switch product.role {
        case .linear, .inputGradient, .weightGradient: (examples, heads) = (1, 1)
        default: (examples, heads) = (step.batch, count)
        }
        switch product.role {
        case .linear:
            (first, second, result) = (plain(product.k), plain(product.k), plain(product.n))
            (firstScales, secondScales) = (vector, vector)
        case .inputGradient:
            (first, second, result) = (plain(product.k), plain(product.n, asK: true), plain(product.n))
            (firstScales, secondScales) = (vector, vector)
        case .weightGradient:
            (first, second) = (plain(product.m, asK: true), plain(product.n, asK: true))
            (firstScales, secondScales, result) = (vector, vector, plain(product.n))
        case .attentionScores:
            (first, second, result) = (byToken, byToken, square)
            (firstScales, secondScales) = (tokenScales, tokenScales)
        case .attentionContext:
            (first, second, result) = (square, values, byToken)
            (firstScales, secondScales) = (squareScales, valueScales)
        case .probabilityGradient:
            (first, second, result) = (byToken, valuesAsK, square)
            (firstScales, secondScales) = (vector, valueScales)
        case .valueGradient:
            (first, second, result) = (squareAsK, byTokenAsK, byToken)
            (firstScales, secondScales) = (squareScales, vector)
        case .queryGradient:
            (first, second, result) = (square, byTokenAsK, byToken)
            (firstScales, secondScales) = (vector, tokenScales)
        case .keyGradient:
            (first, second, result) = (squareAsK, byTokenAsK, byToken)
            (firstScales, secondScales) = (vector, tokenScales)
        }
    }
}
