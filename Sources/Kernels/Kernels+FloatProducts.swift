import CKernels
import NumberFormats

/// Matrix products of floating-point codes, in C.
extension Kernels {
    /// ``multiply(_:_:rows:columns:depth:arithmetic:into:threads:)`` for floating-point formats, at a level above the reference.
    ///
    /// B is decoded to FP32 a chunk of columns at a time: 16 MiB, or two panels of 16 columns where these are more. A thread takes blocks of up to 48 rows of
    /// A. Each output is computed by one thread, in the order that the arithmetic states.
    func multiplyFloats(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, rows m: Int, columns n: Int, depth k: Int,
        arithmetic: DotProduct, into c: UnsafeMutableRawPointer, threads: Int
    ) {
        guard m > 0, n > 0 else { return }
        let (aTable, bTable) = (Self.upperHalves(arithmetic.aFormat), Self.upperHalves(arithmetic.bFormat))
        let product = FloatProduct(
            a: a, aTable: aTable, b: b, bTable: bTable, rows: m, columns: n, depth: k, arithmetic: arithmetic,
            into: c.assumingMemoryBound(to: Float.self))
        let level = Int32(level.rawValue)

        let panels = (n + Self.panelRows - 1) / Self.panelRows
        let panelFloats = max(k * Self.panelRows, 1)
        let chunkPanels = min(panels, max(2, (4 << 20) / panelFloats / 2 * 2))
        let packed = AlignedBuffer<Float>(count: chunkPanels * panelFloats)
        let ranges = AlignedBuffer<zk_float_range>(count: chunkPanels)
        let (shared, sharedRanges) = (packed.shared, ranges.shared)
        for first in stride(from: 0, to: panels, by: chunkPanels) {
            let count = min(chunkPanels, panels - first)
            parallelFor(count, threads: threads) { i in
                sharedRanges[i] = withUnsafePointer(to: product.description) {
                    zk_float_pack(level, $0, first + i, shared.baseAddress + i * panelFloats)
                }
            }
            let items = FloatProductItems(rows: m, panels: count, threads: threads)
            parallelFor(items.count, threads: threads) { item in
                let (rows, columns) = items[item]
                withUnsafePointer(to: product.description) {
                    zk_float_multiply(
                        level, $0, rows.lowerBound, rows.count, first + columns.lowerBound, columns.count,
                        shared.baseAddress + columns.lowerBound * panelFloats,
                        sharedRanges.baseAddress + columns.lowerBound)
                }
            }
        }
        withExtendedLifetime((aTable, bTable, packed, ranges)) {}
    }

    /// The upper halves of the FP32 codes of a one-byte format's 256 codes, whose lower halves are zero; nil for wider formats.
    private static func upperHalves(_ format: ElementFormat) -> AlignedBuffer<UInt16>? {
        guard format.containerBytes == 1, let float = format.float else { return nil }
        return AlignedBuffer(
            (0..<256).map { code in UInt16(Float(float.value(of: code)).bitPattern >> 16) })
    }
}

/// A product's description for C. Threads read what it points to.
private struct FloatProduct: @unchecked Sendable {
    let description: zk_float_matrix_product

    init(
        a: UnsafeRawPointer, aTable: AlignedBuffer<UInt16>?, b: UnsafeRawPointer, bTable: AlignedBuffer<UInt16>?,
        rows: Int, columns: Int, depth: Int, arithmetic: DotProduct, into c: UnsafeMutablePointer<Float>
    ) {
        var (sum, group, fractionBits, mask) = (ZK_SUM_GROUPED, depth, 0, UInt32.max)
        var block = 0
        if case .blocked(let count) = arithmetic.order { block = count }
        switch arithmetic.accumulator {
        case .integer: preconditionFailure("not a floating-point accumulator")
        // A group of one product is rounded after each.
        case .sequential, .grouped(1): sum = ZK_SUM_SEQUENTIAL
        case .grouped(let count): group = count
        // One group; blocks are added exactly, so they change nothing.
        case .exact: block = 0
        case .aligned(let count, let bits, let output):
            (sum, group, fractionBits) = (ZK_SUM_ALIGNED, count, bits)
            // e8m13 keeps the first 13 fraction bits of FP32's 23.
            if output == .e8m13 { mask = ~0x3FF }
        }
        description = zk_float_matrix_product(
            a: Self.operand(a, arithmetic.aFormat, aTable), b: Self.operand(b, arithmetic.bFormat, bTable), m: rows,
            n: columns, k: depth, sum: Int32(sum), fraction_bits: Int32(fractionBits), output_mask: mask,
            group: max(group, 1), block: block, c: c)
    }

    private static func operand(
        _ codes: UnsafeRawPointer, _ format: ElementFormat, _ table: AlignedBuffer<UInt16>?
    ) -> zk_float_operand {
        guard let float = format.float else { preconditionFailure("not a floating-point format") }
        let kind =
            switch format {
            case .bf16: ZK_CODES_BF16
            case .fp16: ZK_CODES_FP16
            default: ZK_CODES_TABLE
            }
        return zk_float_operand(
            codes: codes, table: table.map { UnsafePointer($0.baseAddress) }, kind: Int32(kind),
            fraction_bits: Int32(float.fractionBits), minimum_exponent: Int32(float.minimumExponent))
    }
}

/// The items into which a chunk's outputs are cut: blocks of 48 rows, and of columns where there are few rows for the threads.
private struct FloatProductItems {
    private static let blockRows = 48
    private let rows: Int
    private let panels: Int
    private let rowBlocks: Int
    private let blockPanels: Int

    init(rows: Int, panels: Int, threads: Int) {
        self.rows = rows
        self.panels = panels
        rowBlocks = (rows + Self.blockRows - 1) / Self.blockRows
        let parts = threads == 1 ? 1 : max(1, (4 * threads + rowBlocks - 1) / rowBlocks)
        // A multiple of two panels, which some kernels take at once.
        blockPanels = max(2, (panels + 2 * parts - 1) / (2 * parts) * 2)
    }

    var count: Int { rowBlocks * ((panels + blockPanels - 1) / blockPanels) }

    subscript(item: Int) -> (rows: Range<Int>, panels: Range<Int>) {
        let (row, panel) = (item % rowBlocks * Self.blockRows, item / rowBlocks * blockPanels)
        return (row..<min(row + Self.blockRows, rows), panel..<min(panel + blockPanels, panels))
    }
}
