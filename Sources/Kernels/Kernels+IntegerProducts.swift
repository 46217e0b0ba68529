import CKernels
import NumberFormats

/// Products of integer matrices in an accumulator of any width (docs/semantics.md, section 8.4).
///
/// Sums that wrap come from the packed int8 kernels, modulo 2³², of which the low bits are kept: their order does not matter. Sums that saturate are
/// chains, k ascending, except where the depth is too small for any sum to leave the accumulator. INT4 numbers become INT8 on the way.
extension Kernels {
    /// C[m, n] = A[m, k] · B[n, k]ᵀ, m and n the operands' rows, k their columns.
    ///
    /// Memory beside operands and result: up to 32 MiB where A is INT4, and about 1 MiB a thread.
    ///
    /// - Parameters:
    ///   - bits: The accumulator's width, 8…32.
    ///   - overflow: What it does beyond its range.
    ///   - order: In which order products are added.
    ///   - c: C, row-major, overwritten. It must not overlap an operand.
    ///   - threads: Ceiling on the number of threads, ≥ 1; decides no bit.
    public func multiply(
        _ a: IntegerMatrix, _ b: IntegerMatrix, bits: Int, overflow: ProductAccumulator.IntegerOverflow,
        order: AccumulationOrder, into c: UnsafeMutablePointer<Int32>, threads: Int
    ) {
        let arithmetic = Self.arithmetic(a, b, bits: bits, overflow: overflow, order: order)
        let (m, n, k) = (a.rows, b.rows, a.columns)
        guard m > 0, n > 0 else { return }
        let c = SharedBuffer(start: c, count: m * n)
        guard k > 0 else {
            c.elements.update(repeating: 0)
            return
        }
        if level == .reference {
            parallelFor(m, threads: threads) { i in
                let row = a.numbers(row: i)
                for j in 0..<n {
                    var statistics = IntegerStatistics()
                    c[i * n + j] = arithmetic.integerSum(row, b.numbers(row: j), statistics: &statistics)
                }
            }
            return
        }
        let limit = Int64(1) << Int64(bits - 1) - 1
        let mayWrap = overflow == .wrap || Int64(k) * Self.largestProduct(a, b) <= limit
        forSlices(of: a, threads: threads) { a, firstRow in
            let pieces = mayWrap ? (level == .amx ? 4096 : 1024) : nil
            let tiling = IntegerTiling(rows: a.rows, columns: n, depth: k, pieces: pieces, threads: threads)
            parallelFor(tiling.count, threads: threads) { index in
                let item = tiling[index]
                let out = c.baseAddress + (firstRow + item.rows.lowerBound) * n + item.columns.lowerBound
                withPackingMemory(columns: item.columns.count, depth: tiling.pieceDepth) { packed in
                    if mayWrap {
                        wrappingSums(a, b, item, pieceDepth: tiling.pieceDepth, packed, into: out, rowStride: n)
                        if bits < 32 {
                            zk_narrow_sums(
                                Int32(level.rawValue), out, n, item.rows.count, item.columns.count, Int32(bits))
                        }
                    } else {
                        pack(b, item.columns, 0..<k, into: packed)
                        var chain = chain(a, item, packed, arithmetic)
                        chain.sums = out
                        chain.out_stride = n
                        zk_chain_int8(Int32(level.rawValue), &chain)
                    }
                }
            }
        }
    }

    /// What happens in the accumulators of ``multiply(_:_:bits:overflow:order:into:threads:)``: the largest partial sums, wraps or saturations.
    public func statistics(
        _ a: IntegerMatrix, _ b: IntegerMatrix, bits: Int, overflow: ProductAccumulator.IntegerOverflow,
        order: AccumulationOrder, threads: Int
    ) -> IntegerStatistics {
        let arithmetic = Self.arithmetic(a, b, bits: bits, overflow: overflow, order: order)
        let (m, n, k) = (a.rows, b.rows, a.columns)
        guard m > 0, n > 0, k > 0 else { return IntegerStatistics() }
        var total = IntegerStatistics()
        if level == .reference {
            for i in 0..<m {
                let row = a.numbers(row: i)
                for j in 0..<n { _ = arithmetic.integerSum(row, b.numbers(row: j), statistics: &total) }
            }
            return total
        }
        forSlices(of: a, threads: threads) { a, _ in
            let tiling = IntegerTiling(rows: a.rows, columns: n, depth: k, pieces: nil, threads: threads)
            var counts = [IntegerStatistics](repeating: IntegerStatistics(), count: tiling.count)
            counts.withUnsafeMutableBufferPointer { counts in
                let counts = SharedBuffer(counts)
                parallelFor(tiling.count, threads: threads) { index in
                    let item = tiling[index]
                    withPackingMemory(columns: item.columns.count, depth: k) { packed in
                        pack(b, item.columns, 0..<k, into: packed)
                        var chain = chain(a, item, packed, arithmetic)
                        let found = zk_chain_int8_statistics(Int32(level.rawValue), &chain)
                        counts[index] = IntegerStatistics(
                            overflows: Int(found.overflows), least: found.least, greatest: found.greatest)
                    }
                }
            }
            total = counts.reduce(total, +)
        }
        return total
    }

    // MARK: Codes in their containers

    /// ``multiply(_:_:rows:columns:depth:arithmetic:into:threads:)`` for integer formats.
    func multiplyIntegers(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, rows m: Int, columns n: Int, depth k: Int,
        arithmetic: DotProduct, into c: UnsafeMutableRawPointer, threads: Int
    ) {
        guard case .integer(let bits, let overflow) = arithmetic.accumulator else {
            preconditionFailure("integers need an integer accumulator")
        }
        multiply(
            Self.matrix(a, arithmetic.aFormat, rows: m, columns: k),
            Self.matrix(b, arithmetic.bFormat, rows: n, columns: k),
            bits: bits, overflow: overflow, order: arithmetic.order, into: c.assumingMemoryBound(to: Int32.self),
            threads: threads)
    }

    /// What happens in the integer accumulators of a product: the largest partial sums, wraps or saturations. Operands as in
    /// ``multiply(_:_:rows:columns:depth:arithmetic:into:threads:)``.
    public func statistics(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, rows m: Int, columns n: Int, depth k: Int,
        arithmetic: DotProduct, threads: Int
    ) -> IntegerStatistics {
        guard case .integer(let bits, let overflow) = arithmetic.accumulator else {
            preconditionFailure("statistics are those of integer accumulators")
        }
        return statistics(
            Self.matrix(a, arithmetic.aFormat, rows: m, columns: k),
            Self.matrix(b, arithmetic.bFormat, rows: n, columns: k),
            bits: bits, overflow: overflow, order: arithmetic.order, threads: threads)
    }

    private static func matrix(_ start: UnsafeRawPointer, _ format: ElementFormat, rows: Int, columns: Int)
        -> IntegerMatrix
    {
        IntegerMatrix(start, format == .int8 ? .int8 : .int4, rows: rows, columns: columns)
    }

    // MARK: Parts

    private static func arithmetic(
        _ a: IntegerMatrix, _ b: IntegerMatrix, bits: Int, overflow: ProductAccumulator.IntegerOverflow,
        order: AccumulationOrder
    ) -> DotProduct {
        precondition(a.columns == b.columns, "both operands have k columns")
        return DotProduct(
            a.storage.format, b.storage.format, accumulator: .integer(bits: bits, overflow: overflow), order: order)
    }

    /// The largest magnitude of a product: that of the two least numbers.
    private static func largestProduct(_ a: IntegerMatrix, _ b: IntegerMatrix) -> Int64 {
        (a.storage == .int8 ? 128 : 8) * (b.storage == .int8 ? 128 : 8)
    }

    /// Calls `body` with A as INT8: with A itself, or with slices of at most 32 MiB and their first rows.
    func forSlices(of a: IntegerMatrix, threads: Int, _ body: (IntegerMatrix, Int) -> Void) {
        guard a.storage != .int8 else { return body(a, 0) }
        let most = max(64, (32 << 20) / max(1, a.columns) / 64 * 64)
        let memory = UnsafeMutablePointer<Int8>.allocate(capacity: min(most, a.rows) * a.columns)
        defer { memory.deallocate() }
        let numbers = SharedBuffer(start: memory, count: min(most, a.rows) * a.columns)
        for first in stride(from: 0, to: a.rows, by: most) {
            let rows = min(most, a.rows - first)
            let rowsPerItem = max(1, (256 << 10) / max(1, a.columns))
            parallelFor((rows + rowsPerItem - 1) / rowsPerItem, threads: threads) { index in
                for i in index * rowsPerItem..<min(rows, (index + 1) * rowsPerItem) {
                    zk_unpack_int4(
                        Int32(level.rawValue), a.storage.rawValue, a.start(row: first + i), a.columns,
                        numbers.baseAddress + i * a.columns)
                }
            }
            body(IntegerMatrix(memory, .int8, rows: rows, columns: a.columns), first)
        }
    }

    /// Memory for packed columns, on a boundary of 64 bytes.
    func withPackingMemory(columns: Int, depth: Int, _ body: (UnsafeMutablePointer<Int8>) -> Void) {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: Self.packedInt8Count(rows: columns, columns: depth), alignment: 64)
        defer { memory.deallocate() }
        body(memory.assumingMemoryBound(to: Int8.self))
    }

    /// Packs some rows of B from a k on that is a multiple of 64.
    func pack(_ b: IntegerMatrix, _ rows: Range<Int>, _ depth: Range<Int>, into packed: UnsafeMutablePointer<Int8>) {
        if b.storage == .int8 {
            let start = UnsafeRawPointer(b.start(row: rows.lowerBound, column: depth.lowerBound))
            zk_pack_int8(
                Int32(level.rawValue), start.assumingMemoryBound(to: Int8.self), b.stride, rows.count, depth.count,
                packed)
            return
        }
        let stride = (depth.count + 63) / 64 * 64 + 64
        withUnsafeTemporaryAllocation(byteCount: Self.panelRows * stride, alignment: 64) { staged in
            guard let numbers = staged.baseAddress?.assumingMemoryBound(to: Int8.self) else { return }
            for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: Self.panelRows) {
                let count = min(Self.panelRows, rows.upperBound - first)
                for i in 0..<count {
                    zk_unpack_int4(
                        Int32(level.rawValue), b.storage.rawValue, b.start(row: first + i, column: depth.lowerBound),
                        depth.count, numbers + i * stride)
                }
                let panel = packed + Self.packedInt8Count(rows: first - rows.lowerBound, columns: depth.count)
                zk_pack_int8(Int32(level.rawValue), numbers, stride, count, depth.count, panel)
            }
        }
    }

    /// The sums of an item modulo 2³², the depth piece by piece.
    private func wrappingSums(
        _ a: IntegerMatrix, _ b: IntegerMatrix, _ item: IntegerTiling.Item, pieceDepth: Int,
        _ packed: UnsafeMutablePointer<Int8>, into c: UnsafeMutablePointer<Int32>, rowStride: Int
    ) {
        for first in stride(from: 0, to: a.columns, by: pieceDepth) {
            let depth = first..<min(a.columns, first + pieceDepth)
            pack(b, item.columns, depth, into: packed)
            let start = UnsafeRawPointer(a.start(row: item.rows.lowerBound, column: first))
            var product = zk_int8_product(
                a: start.assumingMemoryBound(to: Int8.self), a_stride: a.stride, b: packed, m: item.rows.count,
                n: item.columns.count, k: depth.count, sums: c, values: nil, out_stride: rowStride, row_scales: nil,
                column_scales: nil, bias: nil, accumulates: first > 0 ? 1 : 0)
            zk_product_int8(Int32(level.rawValue), &product)
        }
    }

    /// The chains of an item, without a place for their sums.
    private func chain(
        _ a: IntegerMatrix, _ item: IntegerTiling.Item, _ packed: UnsafePointer<Int8>, _ arithmetic: DotProduct
    ) -> zk_int8_chain {
        guard case .integer(let bits, let overflow) = arithmetic.accumulator else {
            preconditionFailure("not an integer accumulator")
        }
        let start = UnsafeRawPointer(a.start(row: item.rows.lowerBound)).assumingMemoryBound(to: Int8.self)
        let block: Int? = if case .blocked(let count) = arithmetic.order { count } else { nil }
        return zk_int8_chain(
            a: start, a_stride: a.stride, b: packed, m: item.rows.count, n: item.columns.count, k: a.columns, sums: nil,
            out_stride: 0, block: min(block ?? a.columns, a.columns), bits: Int32(bits),
            is_blocked: block == nil ? 0 : 1, saturates: overflow == .saturate ? 1 : 0)
    }
}
