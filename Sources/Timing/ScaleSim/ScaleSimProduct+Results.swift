extension ScaleSimProduct {
    /// Results that leave the array: partial sums count anew in each fold along k.
    var results: Int { dataflow == .outputStationary ? m * n : ofmapWrites }

    /// The cycle, from 0, in which a result leaves the array.
    ///
    /// Column folds are outermost. In a fold, results leave in rows that are skewed by one cycle a column.
    ///
    /// - Parameter index: which result, from 0, below `results`; within a cycle by column.
    func cycle(ofResult index: Int) -> Int {
        let resultRows = dataflow == .outputStationary ? m : streamed * rowFolds
        let columnFold = min(index / (resultRows * min(columns, spatialColumns)), columnFolds - 1)
        let width = min(columns, spatialColumns - columnFold * columns)
        let inColumn = index - columnFold * columns * resultRows
        let foldRows = dataflow == .outputStationary ? min(rows, m) : streamed
        let rowFold = min(inColumn / (foldRows * width), rowFolds - 1)
        let height = dataflow == .outputStationary ? min(rows, m - rowFold * rows) : streamed
        let fill = dataflow == .outputStationary ? streamed - 1 + rows - height : 2 * rows - 1
        let place = inColumn - rowFold * foldRows * width
        let fold = columnFold * rowFolds + rowFold
        return fold * foldCycles + fill + Self.diagonal(of: place, rows: height, columns: width)
    }

    /// The diagonal on which an element stands if a rectangle is counted diagonal by diagonal from 0.
    static func diagonal(of index: Int, rows: Int, columns: Int) -> Int {
        let (short, long) = (min(rows, columns), max(rows, columns))
        let corner = triangle(short)
        if index >= corner + (long - short) * short {
            // The last corner mirrors the first.
            return short + long - 2 - diagonal(of: short * long - 1 - index, rows: rows, columns: columns)
        }
        if index >= corner { return short + (index - corner) / short }
        // The first diagonal whose end lies behind the element.
        var (low, high) = (0, short - 1)
        while low < high {
            let middle = low + (high - low) / 2
            if triangle(middle + 1) > index { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// 1 + 2 + … + n, without overflow where the sum is none.
    private static func triangle(_ n: Int) -> Int { n % 2 == 0 ? n / 2 * (n + 1) : (n + 1) / 2 * n }
}
