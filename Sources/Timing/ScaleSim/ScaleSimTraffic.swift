import Programs

/// What a product moves between SRAM and DRAM in SCALE-Sim's `CALC` mode, where bandwidth is estimated and nothing stalls.
///
/// The forms were derived from the behaviour of SCALE-Sim 3.0.0's buffers and are exact; its `USER` mode, where a bandwidth is
/// given, fetches ahead in an order of its own, stalls, and has no closed form.
public struct ScaleSimTraffic: Sendable, Hashable {
    /// Words read from DRAM.
    public let ifmapReads: Int
    public let filterReads: Int
    /// Words written to DRAM; partial sums are written once for each fold along k and never read back, and one line of the
    /// write buffer may count as full that is not.
    public let ofmapWrites: Int
    /// Cycles from the first read ahead of the array's first cycle to the last write: `Total Cycles (incl. prefetch)`, which version
    /// 2.0.2 does not report.
    public let totalCyclesWithPrefetch: Int

    /// Words a cycle at which SCALE-Sim fills a buffer's active half before the array starts.
    static let prefetchWordsPerCycle = 10

    /// - Throws: `ScaleSimError.bufferTooSmall` where SCALE-Sim itself fails, or `tooLarge`.
    public init(_ product: ScaleSimProduct, buffers: ScaleSimBuffers) throws(ScaleSimError) {
        try Self.check(product, buffers)
        var ifmap = ScaleSimReads(activeWords: buffers.ifmapActiveWords)
        var filter = ScaleSimReads(activeWords: buffers.filterActiveWords)
        let (m, k, n) = (product.m, product.k, product.n)
        switch product.dataflow {
        case .weightStationary:
            ifmap.read(blocks: 1, size: m * k, passes: product.columnFolds)
            filter.read(blocks: 1, size: k * n, passes: 1)
        case .inputStationary:
            ifmap.read(blocks: 1, size: m * k, passes: 1)
            filter.read(blocks: 1, size: k * n, passes: product.columnFolds)
        case .outputStationary:
            ifmap.read(blocks: 1, size: m * k, passes: product.columnFolds)
            let (whole, rest) = n.quotientAndRemainder(dividingBy: product.columns)
            if whole > 0 { filter.read(blocks: whole, size: k * product.columns, passes: product.rowFolds) }
            filter.read(blocks: 1, size: k * rest, passes: product.rowFolds)
        }
        ifmapReads = ifmap.words
        filterReads = filter.words
        let writes = ScaleSimWrites(
            results: product.results, lineWords: product.columns, half: buffers.drainedWords)
        ofmapWrites = try writes.words()
        let first = min(
            Self.start(ifmap, firstRequest: product.firstIfmapRequest),
            Self.start(filter, firstRequest: product.firstFilterRequest))
        let last = try Self.end(writes, product)
        let (cycles, overflows) = last.subtractingReportingOverflow(first)
        guard !overflows else {
            throw .tooLarge(column: "total_cycles_incl_prefetch", formula: "last write − first read")
        }
        totalCyclesWithPrefetch = cycles
    }

    /// Refuses buffers that fill up twice within a cycle: SCALE-Sim divides by that time. And write buffers without two lines a half.
    private static func check(_ product: ScaleSimProduct, _ buffers: ScaleSimBuffers) throws(ScaleSimError) {
        let isInputStationary = product.dataflow == .inputStationary
        let ifmapEdge = isInputStationary ? product.columns : product.rows
        let filterEdge = isInputStationary ? product.rows : product.columns
        let reads = [
            ("ifmap", ifmapEdge, buffers.ifmapKibibytes), ("filter", filterEdge, buffers.filterKibibytes),
        ]
        for (buffer, edge, size) in reads where ScaleSimBuffers.activeWords(kibibytes: size) < edge {
            var smallest = size
            while ScaleSimBuffers.activeWords(kibibytes: smallest) < edge { smallest += 1 }
            throw .bufferTooSmall(
                buffer: buffer, kibibytes: size, smallest: smallest,
                reason: "the array takes \(edge) words a cycle from its active half")
        }
        guard product.columns < buffers.drainedWords else {
            throw .bufferTooSmall(
                buffer: "ofmap", kibibytes: buffers.ofmapKibibytes, smallest: product.columns / 512 + 1,
                reason: "half of it has to hold more than a line of \(product.columns) words, the array's columns")
        }
    }

    /// Cycle of a buffer's first read from DRAM: before the array's first cycle, and so negative as a rule.
    ///
    /// A buffer that never fills up is filled before cycle 0; one that does is filled before its first request.
    private static func start(_ reads: ScaleSimReads, firstRequest: Int) -> Int {
        guard !reads.hasBeenFull else {
            return firstRequest - ceilingDivision(reads.activeWords, prefetchWordsPerCycle)
        }
        let setWords = reads.activeWords / ScaleSimBuffers.setsInActiveHalf
        return -ceilingDivision(ceilingDivision(reads.words, setWords) * setWords, prefetchWordsPerCycle)
    }

    /// Cycle of the last write to DRAM.
    private static func end(_ writes: ScaleSimWrites, _ product: ScaleSimProduct) throws(ScaleSimError) -> Int {
        var ends: [(start: Int, lines: Int)] = []
        if writes.linesLeft > 0 { ends.append((product.totalCyclesReported, writes.linesLeft)) }
        if let trigger = writes.lastTrigger { ends.append((product.cycle(ofResult: trigger), writes.drainLines)) }
        var last = 0
        for (start, lines) in ends {
            let (end, overflows) = start.addingReportingOverflow(lines - 1)
            guard !overflows else {
                throw .tooLarge(column: "total_cycles_incl_prefetch", formula: "last write − first read")
            }
            last = max(last, end)
        }
        return last
    }
}

extension ScaleSimProduct {
    /// Cycle of the first request to the ifmap buffer.
    var firstIfmapRequest: Int {
        switch dataflow {
        case .weightStationary: rows
        case .inputStationary: rows - min(rows, k)
        case .outputStationary: 0
        }
    }

    /// Cycle of the first request to the filter buffer: a stationary operand is loaded last row first, the unfilled rows ahead.
    var firstFilterRequest: Int {
        switch dataflow {
        case .weightStationary: rows - min(rows, k)
        case .inputStationary: rows
        case .outputStationary: 0
        }
    }
}
