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
    private(set) var first: Matrix
    let second: Matrix
    /// Scales of the operands' rows: one element a row.
    private(set) var firstScales: Matrix
    let secondScales: Matrix
    let result: Matrix

    /// Layouts of a transformer's products (docs/semantics.md, section 9): tokens hold their heads side by side, scores and
    /// probabilities a matrix for each head, value codes a transposed matrix for each head. Where several query heads share a key head,
    /// queries and contexts lie by head, so that these heads' rows follow each other; an instance then is a key head.
    init(_ product: Product, _ context: LayoutContext, secondIsTransposed: Bool) {
        let (tokens, depth) = (context.sequence, context.headDimension)
        let (count, keys, groups) = (context.heads, context.keyValueHeads, context.keyValueGroups)
        let (queryWidth, keyWidth) = (context.queryWidth, context.keyValueWidth)
        func byToken(_ heads: Int, asK: Bool = false) -> Matrix {
            Matrix(example: tokens * heads * depth, head: depth, row: heads * depth, rowsAreK: asK)
        }
        func byQuery(asK: Bool = false) -> Matrix {
            groups == 1
                ? byToken(count, asK: asK)
                : Matrix(example: tokens * queryWidth, head: groups * tokens * depth, row: depth, rowsAreK: asK)
        }
        let keyScales = Matrix(example: tokens * keys, head: 1, row: keys)
        let queryScales =
            groups == 1 ? keyScales : Matrix(example: tokens * count, head: groups * tokens, row: 1)
        func square(asK: Bool = false) -> Matrix {
            Matrix(
                example: count * tokens * tokens, head: groups * tokens * tokens, row: tokens, rowsAreK: asK)
        }
        let squareScales = Matrix(example: count * tokens, head: groups * tokens, row: 1)
        func values(asK: Bool = false) -> Matrix {
            Matrix(example: keyWidth * tokens, head: depth * tokens, row: tokens, rowsAreK: asK)
        }
        let valueScales = Matrix(example: keyWidth, head: depth, row: 1)
        let vector = Matrix(example: 0, head: 0, row: 1)
        /// Codes of gradients, made for their product: a matrix of k columns for each key head, and its scales.
        func byKeyHead(rows: Int) -> Matrix {
            Matrix(example: keys * rows * product.k, head: rows * product.k, row: product.k)
        }
        func scalesByKeyHead(rows: Int) -> Matrix { Matrix(example: keys * rows, head: rows, row: 1) }
        let isFolded = product.foldedScales != nil
        func plain(_ columns: Int, asK: Bool = false) -> Matrix {
            Matrix(example: 0, head: 0, row: columns, rowsAreK: asK)
        }

        switch product.role {
        case .linear, .inputGradient, .weightGradient, .adapter: (examples, heads) = (product.instances, 1)
        default: (examples, heads) = (product.instances / keys, keys)
        }
        switch product.role {
        case .linear, .adapter(.forward, _):
            // Instances are the two signs: rows of the one, then of the other, by the same weights.
            first = Matrix(example: product.m * product.k, head: 0, row: product.k)
            second = plain(product.k)
            result = Matrix(example: product.m * product.n, head: 0, row: product.n)
            (firstScales, secondScales) = (Matrix(example: product.m, head: 0, row: 1), vector)
        case .inputGradient, .adapter(.inputGradient, _):
            (first, second, result) = (plain(product.k), plain(product.n, asK: true), plain(product.n))
            (firstScales, secondScales) = (vector, vector)
        case .weightGradient, .adapter(.weightGradient, _):
            // Codes of the gradient are made for this product, a row for each output.
            first = product.foldedScales != nil ? plain(product.k) : plain(product.m, asK: true)
            second = plain(product.n, asK: true)
            (firstScales, secondScales, result) = (vector, vector, plain(product.n))
        case .attentionScores:
            (first, second, result) = (byQuery(), byToken(keys), square())
            (firstScales, secondScales) = (queryScales, keyScales)
        case .attentionContext:
            (first, second, result) = (square(), secondIsTransposed ? values() : byToken(keys, asK: true), byQuery())
            (firstScales, secondScales) = (squareScales, valueScales)
        case .probabilityGradient:
            first = isFolded ? byKeyHead(rows: product.m) : byQuery()
            second = secondIsTransposed ? values(asK: true) : byToken(keys)
            (firstScales, secondScales) = (isFolded ? scalesByKeyHead(rows: product.m) : vector, valueScales)
            result = square()
        case .valueGradient:
            (first, result) = (square(asK: true), byToken(keys))
            second = isFolded ? byKeyHead(rows: product.n) : byQuery(asK: true)
            (firstScales, secondScales) = (squareScales, isFolded ? scalesByKeyHead(rows: product.n) : vector)
        case .queryGradient:
            (first, second, result) = (square(), byToken(keys, asK: true), byQuery())
            (firstScales, secondScales) = (isFolded ? squareScales : vector, keyScales)
        case .keyGradient:
            first = isFolded ? byKeyHead(rows: product.m) : square(asK: true)
            (second, result) = (byQuery(asK: true), byToken(keys))
            (firstScales, secondScales) = (isFolded ? scalesByKeyHead(rows: product.m) : vector, queryScales)
        }
    }

    /// All instances read the first one's rows.
    mutating func shareFirst() {
        first = Matrix(example: 0, head: first.head, row: first.row, rowsAreK: first.rowsAreK)
        firstScales = Matrix(example: 0, head: firstScales.head, row: firstScales.row)
    }
}
