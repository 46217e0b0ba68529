import CKernels
import NumberFormats

/// Epilogues of integer products (docs/semantics.md, section 8.5). Per-row and per-column scales are those of
/// ``Kernels/linearInt8(_:rowStride:rows:rowScales:packed:columns:depth:columnScales:bias:into:rowStride:)``.
extension Kernels {
    /// Y[m, n] of a linear layer whose weight has a scale for each group of numbers along k, such as W4A8 with groups of 128.
    ///
    /// Each group's sum, modulo 2³², becomes FP32 and is multiplied by its scale; those products are added, ascending; the sum is multiplied by the row's
    /// scale; the bias is added. Each operation rounds to nearest, ties to even; a NaN becomes 0x7FC00000.
    ///
    /// - Parameters:
    ///   - a: A[m, k]: the activations.
    ///   - rowScales: m scales of the activations.
    ///   - b: B[n, k]: the weight.
    ///   - groupSize: Numbers of a group, a positive multiple of 32; the last group may be smaller.
    ///   - columnScales: [n, ⌈k/groupSize⌉], row-major: scales of the weight.
    ///   - bias: n biases, or nil.
    ///   - y: Y[m, n], row-major, overwritten. It must not overlap an operand.
    ///   - threads: Ceiling on the number of threads, ≥ 1; decides no bit.
    public func groupedLinear(
        _ a: IntegerMatrix, rowScales: UnsafePointer<Float>, _ b: IntegerMatrix, groupSize: Int,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>,
        threads: Int
    ) {
        precondition(a.columns == b.columns, "both operands have k columns")
        precondition(groupSize > 0 && groupSize % 32 == 0, "groups of a positive multiple of 32 numbers are possible")
        let (m, n, k) = (a.rows, b.rows, a.columns)
        guard m > 0, n > 0 else { return }
        let groups = (k + groupSize - 1) / groupSize
        let y = SharedBuffer(start: y, count: m * n)
        let rowScales = SharedBuffer(start: UnsafeMutablePointer(mutating: rowScales), count: m)
        let columnScales = SharedBuffer(start: UnsafeMutablePointer(mutating: columnScales), count: n * groups)
        let bias = bias.map { SharedBuffer(start: UnsafeMutablePointer(mutating: $0), count: n) }
        guard level > .reference, k > 0 else {
            let rowsOfB = (0..<n).map { b.numbers(row: $0) }
            parallelFor(m, threads: threads) { i in
                let row = a.numbers(row: i)
                for j in 0..<n {
                    let sums = (0..<groups).map { group in
                        (group * groupSize..<min(k, (group + 1) * groupSize)).reduce(Int32(0)) {
                            $0 &+ row[$1] * rowsOfB[j][$1]
                        }
                    }
                    y[i * n + j] = IntegerProduct.dequantized(
                        groups: sums, columnScales: columnScales.elements[j * groups..<(j + 1) * groups],
                        rowScale: rowScales[i], bias: bias?[j])
                }
            }
            return
        }
        forSlices(of: a, threads: threads) { a, firstRow in
            // Groups of about 1,024 numbers along k are packed at a time.
            let piece = max(1, 1024 / groupSize)
            let packedDepth = Self.packedInt8Count(rows: Self.panelRows, columns: groupSize) / Self.panelRows * piece
            let tiling = IntegerTiling(
                rows: a.rows, columns: n, depth: k, pieces: nil, threads: threads, packedDepth: packedDepth)
            parallelFor(tiling.count, threads: threads) { index in
                let item = GroupedItem(tiling[index], groupSize: groupSize, groups: groups, piece: piece, kernels: self)
                let out = y.baseAddress + firstRow * n
                for first in stride(from: 0, to: groups, by: piece) {
                    item.pack(b, from: first, columnScales: columnScales)
                    item.add(a, from: first, into: out, rowStride: n)
                }
                item.finish(
                    out, rowStride: n, rowScales: rowScales.baseAddress + firstRow, bias: bias?.baseAddress)
            }
        }
    }

    /// The INT8 codes clamp(rne(fl(y · factor)), 127) of `count` numbers; 0 for a NaN.
    ///
    /// - Parameter factor: codes for each unit of y.
    public func requantize(
        _ y: UnsafePointer<Float>, count: Int, factor: Float, into codes: UnsafeMutablePointer<Int8>
    ) {
        guard level > .reference else {
            for i in 0..<count { codes[i] = IntegerProduct.requantized(y[i], factor: factor) }
            return
        }
        zk_requantize(Int32(level.rawValue), y, count, factor, codes)
    }
}

/// One item of a product with groups along k: a few groups of its columns of B at a time, packed one by one, and their scales.
private final class GroupedItem {
    /// Rows of A for which group sums are kept, so that they stay in the first levels of the cache.
    private static let rows = 56

    private let kernels: Kernels
    private let item: IntegerTiling.Item
    private let groupSize: Int
    private let groups: Int
    private let piece: Int
    private let packed: AlignedBuffer<Int8>
    /// [piece][columns].
    private let scales: AlignedBuffer<Float>
    private let sums: AlignedBuffer<Int32>
    /// Bytes of a packed group.
    private let groupBytes: Int

    init(_ item: IntegerTiling.Item, groupSize: Int, groups: Int, piece: Int, kernels: Kernels) {
        self.kernels = kernels
        self.item = item
        self.groupSize = groupSize
        self.groups = groups
        self.piece = min(piece, groups)
        groupBytes = Kernels.packedInt8Count(rows: item.columns.count, columns: groupSize)
        packed = AlignedBuffer(count: self.piece * groupBytes)
        scales = AlignedBuffer(count: self.piece * item.columns.count)
        sums = AlignedBuffer(count: Self.rows * item.columns.count)
    }

    /// The groups of a piece.
    private func groups(from first: Int) -> Range<Int> { first..<min(groups, first + piece) }

    private func depth(ofGroup group: Int, of k: Int) -> Range<Int> {
        group * groupSize..<min(k, (group + 1) * groupSize)
    }

    /// Packs the item's columns of a piece.
    func pack(_ b: IntegerMatrix, from first: Int, columnScales: SharedBuffer<Float>) {
        let columns = item.columns.count
        for group in groups(from: first) {
            kernels.pack(
                b, item.columns, depth(ofGroup: group, of: b.columns),
                into: packed.baseAddress + (group - first) * groupBytes)
            for (place, j) in item.columns.enumerated() {
                scales[(group - first) * columns + place] = columnScales[j * groups + group]
            }
        }
    }

    /// Adds the scaled sums of a packed piece to the item's part of Y, whose row 0 and column 0 is `y`.
    func add(_ a: IntegerMatrix, from first: Int, into y: UnsafeMutablePointer<Float>, rowStride: Int) {
        let level = Int32(kernels.level.rawValue)
        let columns = item.columns.count
        for row in stride(from: item.rows.lowerBound, to: item.rows.upperBound, by: Self.rows) {
            let rows = min(Self.rows, item.rows.upperBound - row)
            for group in groups(from: first) {
                let depth = depth(ofGroup: group, of: a.columns)
                let start = UnsafeRawPointer(a.start(row: row, column: depth.lowerBound))
                var product = zk_int8_product(
                    a: start.assumingMemoryBound(to: Int8.self), a_stride: a.stride,
                    b: packed.baseAddress + (group - first) * groupBytes, m: rows, n: columns, k: depth.count,
                    sums: sums.baseAddress, values: nil, out_stride: columns, row_scales: nil, column_scales: nil,
                    bias: nil, accumulates: 0)
                zk_product_int8(level, &product)
                zk_add_scaled(
                    level, sums.baseAddress, rows, columns, scales.baseAddress + (group - first) * columns,
                    group > 0 ? 1 : 0, y + row * rowStride + item.columns.lowerBound, rowStride)
            }
        }
    }

    /// Multiplies by the rows' scales and adds the bias.
    func finish(
        _ y: UnsafeMutablePointer<Float>, rowStride: Int, rowScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?
    ) {
        zk_finish_scaled(
            Int32(kernels.level.rawValue), y + item.rows.lowerBound * rowStride + item.columns.lowerBound, rowStride,
            item.rows.count, item.columns.count, rowScales + item.rows.lowerBound,
            bias.map { $0 + item.columns.lowerBound })
    }
}
