/// How the work on an integer product is cut into items, which threads take, and the items' depth into pieces. It decides no bit.
struct IntegerTiling {
    /// One item: rows of A against rows of B.
    struct Item {
        var rows: Range<Int>
        var columns: Range<Int>
    }

    let rows: Int
    let columns: Int
    let depth: Int
    /// Rows of an item.
    let itemRows: Int
    /// Columns of an item, a multiple of 32.
    let itemColumns: Int
    /// Depth of a piece, a multiple of 64 unless it is the whole depth.
    let pieceDepth: Int

    /// Packed bytes of B that an item keeps in the second-level cache.
    private static let packedBytes = 704 << 10

    /// - Parameters:
    ///   - pieces: the greatest depth of a piece; nil keeps the depth whole.
    ///   - packedDepth: packed bytes of one column that an item keeps, where they are not those of a piece.
    init(rows: Int, columns: Int, depth: Int, pieces: Int?, threads: Int, packedDepth: Int? = nil) {
        self.rows = rows
        self.columns = columns
        self.depth = depth
        if let pieces, depth > pieces {
            let count = (depth + pieces - 1) / pieces
            pieceDepth = ((depth + count - 1) / count + 63) / 64 * 64
        } else {
            pieceDepth = depth
        }
        func panels(_ count: Int) -> Int { max(32, (count + 31) / 32 * 32) }
        var width = min(panels(columns), max(32, Self.packedBytes / max(1, packedDepth ?? pieceDepth) / 32 * 32))
        var height = rows
        if threads > 1 {
            // A few items for each thread, so that they end together; but no fewer columns than pay for reading A and rows for packing B.
            width = min(width, max(128, panels(columns / (4 * threads))))
            let across = (columns + width - 1) / width
            if across < 4 * threads { height = max(256, (rows * across + 4 * threads - 1) / (4 * threads)) }
        }
        // Items of nearly equal width.
        let across = max(1, (columns + width - 1) / width)
        itemColumns = panels((columns + across - 1) / across)
        itemRows = max(1, min(rows, height))
    }

    /// Number of items.
    var count: Int { across * down }

    private var across: Int { (columns + itemColumns - 1) / itemColumns }
    private var down: Int { (rows + itemRows - 1) / itemRows }

    /// An item; those that share columns follow one another.
    subscript(index: Int) -> Item {
        let (column, row) = index.quotientAndRemainder(dividingBy: down)
        return Item(
            rows: row * itemRows..<min(rows, (row + 1) * itemRows),
            columns: column * itemColumns..<min(columns, (column + 1) * itemColumns))
    }
}
