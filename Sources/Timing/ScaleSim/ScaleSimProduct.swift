import Programs

/// A matrix product on a systolic array in SCALE-Sim's closed forms, memories without stalls.
///
/// SCALE-Sim 2.0.2 and 3.0.0 step through one product C[M, N] = A[M, K] · B[K, N] address by address. What they report has closed
/// forms, which tests hold equal to their output. A is their ifmap, B their filter, C their ofmap; a word is an element.
///
/// The array's rows hold the `spatialRows` of the product, its columns the `spatialColumns`, and `streamed` steps pass through:
///
///     dataflow   rows   columns   streamed   cycles of a fold
///     ws         K      N         M          2R + C + M − 2
///     is         K      M         N          2R + C + N − 2
///     os         M      N         K           R + C + K − 2
///
/// Folds do not overlap, and a fold that fills a part of the array takes as long as a full one. `TimingModel` differs in both.
public struct ScaleSimProduct: Sendable, Hashable {
    public let m: Int
    public let k: Int
    public let n: Int
    /// Rows of the array, R.
    public let rows: Int
    /// Columns of the array, C.
    public let columns: Int
    public let dataflow: ScaleSimDataflow
    /// Folds along the array's rows, and along its columns.
    public let rowFolds, columnFolds: Int
    /// Cycles of one fold.
    public let foldCycles: Int
    /// All folds' cycles: `compute_cycles` of the reference table.
    public let computeCycles: Int
    /// M·K·N.
    public let macs: Int
    /// Words read from the buffers of A and B, and written to that of C.
    ///
    /// Output-stationary writes are M·N + folds·(R + C): SCALE-Sim adds the array's edges to each fold's results
    /// (its issue 166), and so does this.
    public let ifmapReads, filterReads, ofmapWrites: Int

    /// Sizes that are allowed for the array.
    public static let sides = 1...(1 << 20)

    /// Evaluates the closed forms.
    ///
    /// - Parameters:
    ///   - m: rows of A and C, at least 1.
    ///   - k: columns of A, rows of B, at least 1.
    ///   - n: columns of B and C, at least 1.
    ///   - rows: rows of the array, in `sides`.
    ///   - columns: columns of the array, in `sides`.
    /// - Throws: `ScaleSimError.badSize`, or `tooLarge` with the first column that 64 bits do not hold.
    public init(
        m: Int, k: Int, n: Int, rows: Int, columns: Int, dataflow: ScaleSimDataflow
    ) throws(ScaleSimError) {
        for (name, value) in [("M", m), ("K", k), ("N", n)] where value < 1 {
            throw .badSize(name: name, value: value, allowed: 1...Int.max)
        }
        for (name, value) in [("array rows", rows), ("array columns", columns)] where !Self.sides.contains(value) {
            throw .badSize(name: name, value: value, allowed: Self.sides)
        }
        (self.m, self.k, self.n) = (m, k, n)
        (self.rows, self.columns, self.dataflow) = (rows, columns, dataflow)
        let (spatialRows, spatialColumns, streamed) = Self.mapping(m, k, n, dataflow)
        rowFolds = ceilingDivision(spatialRows, rows)
        columnFolds = ceilingDivision(spatialColumns, columns)
        let fill = dataflow == .outputStationary ? rows + columns - 2 : 2 * rows + columns - 2
        foldCycles = try Self.sum(streamed, fill, "cycles of a fold", "streamed steps + \(fill)")
        let folds = try Self.product([rowFolds, columnFolds], "folds", "row folds · column folds")
        computeCycles = try Self.product([folds, foldCycles], "compute_cycles", "folds · cycles of a fold")
        macs = try Self.product([m, k, n], "multiply-accumulates", "M·K·N")
        switch dataflow {
        case .weightStationary:
            ifmapReads = try Self.product([m, k, columnFolds], "sram_ifmap_reads", "M·K·⌈N/C⌉")
            filterReads = try Self.product([k, n], "sram_filter_reads", "K·N")
            ofmapWrites = try Self.product([m, n, rowFolds], "sram_ofmap_writes", "M·N·⌈K/R⌉")
        case .inputStationary:
            ifmapReads = try Self.product([m, k], "sram_ifmap_reads", "M·K")
            filterReads = try Self.product([k, n, columnFolds], "sram_filter_reads", "K·N·⌈M/C⌉")
            ofmapWrites = try Self.product([m, n, rowFolds], "sram_ofmap_writes", "M·N·⌈K/R⌉")
        case .outputStationary:
            ifmapReads = try Self.product([m, k, columnFolds], "sram_ifmap_reads", "M·K·⌈N/C⌉")
            filterReads = try Self.product([k, n, rowFolds], "sram_filter_reads", "K·N·⌈M/R⌉")
            let formula = "M·N + folds·(R + C)"
            let edges = try Self.product([folds, rows + columns], "sram_ofmap_writes", formula)
            let results = try Self.product([m, n], "sram_ofmap_writes", formula)
            ofmapWrites = try Self.sum(results, edges, "sram_ofmap_writes", formula)
        }
    }

    /// The sizes along rows, columns and time.
    private static func mapping(
        _ m: Int, _ k: Int, _ n: Int, _ dataflow: ScaleSimDataflow
    ) -> (rows: Int, columns: Int, streamed: Int) {
        switch dataflow {
        case .weightStationary: (k, n, m)
        case .inputStationary: (k, m, n)
        case .outputStationary: (m, n, k)
        }
    }

    private static func product(
        _ factors: [Int], _ column: String, _ formula: String
    ) throws(ScaleSimError) -> Int {
        var value = 1
        for factor in factors {
            let (next, overflows) = value.multipliedReportingOverflow(by: factor)
            guard !overflows else { throw .tooLarge(column: column, formula: formula) }
            value = next
        }
        return value
    }

    private static func sum(_ a: Int, _ b: Int, _ column: String, _ formula: String) throws(ScaleSimError) -> Int {
        let (value, overflows) = a.addingReportingOverflow(b)
        guard !overflows else { throw .tooLarge(column: column, formula: formula) }
        return value
    }
}

extension ScaleSimProduct {
    public var folds: Int { rowFolds * columnFolds }

    /// Size of the product along the array's rows.
    public var spatialRows: Int { Self.mapping(m, k, n, dataflow).rows }
    /// Size of the product along the array's columns.
    public var spatialColumns: Int { Self.mapping(m, k, n, dataflow).columns }
    /// Steps that stream through each fold.
    public var streamed: Int { Self.mapping(m, k, n, dataflow).streamed }

    /// Cycles as SCALE-Sim reports them: the number of the last cycle, counted from 0, so one less than they are.
    public var totalCyclesReported: Int { computeCycles - 1 }

    /// Share of the element-cycles that multiply, in percent, over the reported cycles; nil where those are none and SCALE-Sim divides
    /// by zero. Above 100 where one reported cycle less is much.
    public var utilisationPercent: Double? {
        guard totalCyclesReported > 0 else { return nil }
        return 100 * Double(macs) / (Double(totalCyclesReported) * Double(rows * columns))
    }

    /// Share of the array's elements that the folds fill on average, in percent.
    public var mappingEfficiencyPercent: Double {
        100 * (Double(spatialRows) * Double(spatialColumns)) / (Double(folds) * Double(rows * columns))
    }

    /// Share of the element-cycles that multiply, in percent, by SCALE-Sim's second count of cycles: for ws and is it takes the skew of
    /// the columns twice, 2R + 2C + T − 3 a fold.
    public var computeUtilisationPercent: Double {
        let cycles = dataflow == .outputStationary ? foldCycles : foldCycles + (columns - 1)
        return mappingEfficiencyPercent * Double(streamed) / Double(cycles)
    }
}
