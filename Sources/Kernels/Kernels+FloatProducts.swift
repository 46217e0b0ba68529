import CKernels
import NumberFormats

/// Matrix products of floating-point codes, in C.
extension Kernels {
    /// ``multiply(_:_:rows:columns:depth:arithmetic:into:threads:)`` for floating-point formats, at a level above the reference.
    ///
    /// Rows of A are decoded a few blocks of 12 at a time: as many as take 4 MiB, or eight, or (for depths above 16,384) 32 MiB, so that they stay in the
    /// processor's caches while every column of B meets them. Then each thread takes columns of B, decodes them into half a MiB or two panels of 16 columns,
    /// and computes their outputs. Each output is computed by one thread, in the order that the arithmetic states.
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

        let blockRows = Int(ZK_FLOAT_BLOCK_ROWS)
        let blocks = (m + blockRows - 1) / blockRows
        let blockBytes = max(withUnsafePointer(to: product.description) { zk_float_block_bytes($0) }, 64)
        let most = max((4 << 20) / blockBytes, min(8, (32 << 20) / blockBytes), 1)
        let passes = (blocks + most - 1) / most
        let passBlocks = (blocks + passes - 1) / passes
        let memory = AlignedBuffer<UInt8>(uninitializedCount: passBlocks * blockBytes)
        let descriptions = AlignedBuffer<zk_float_block>(count: passBlocks)
        let (sharedMemory, sharedDescriptions) = (memory.shared, descriptions.shared)

        let panels = (n + Self.panelRows - 1) / Self.panelRows
        for first in stride(from: 0, to: blocks, by: passBlocks) {
            let count = min(passBlocks, blocks - first)
            parallelFor(count, threads: threads) { i in
                sharedDescriptions[i] = withUnsafePointer(to: product.description) {
                    zk_float_load(level, $0, (first + i) * blockRows, sharedMemory.baseAddress + i * blockBytes)
                }
            }
            let items = FloatProductItems(blocks: count, panels: panels, threads: threads)
            parallelFor(items.count, threads: threads) { item in
                let (blocks, panels) = items[item]
                withUnsafePointer(to: product.description) {
                    let scratch = AlignedBuffer<UInt8>(uninitializedCount: zk_float_scratch_bytes($0))
                    zk_float_multiply(
                        level, $0, sharedDescriptions.baseAddress + blocks.lowerBound, blocks.count, panels.lowerBound,
                        panels.count, scratch.baseAddress)
                }
            }
        }
        withExtendedLifetime((aTable, bTable, memory, descriptions)) {}
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

/// The items into which the outputs of some blocks of A are cut: columns, and blocks where there are few columns for the threads.
private struct FloatProductItems {
    private let blocks: Int
    private let panels: Int
    private let itemPanels: Int
    private let itemBlocks: Int

    init(blocks: Int, panels: Int, threads: Int) {
        self.blocks = blocks
        self.panels = panels
        // Four items a thread balance; an even number of panels, since some kernels take two at once.
        let wanted = threads == 1 ? 1 : 4 * threads
        itemPanels = max(2, (panels + 2 * wanted - 1) / (2 * wanted) * 2)
        let columnItems = (panels + itemPanels - 1) / itemPanels
        // Every item decodes its columns of B by itself, so blocks are parted only where threads would idle.
        let parts = columnItems >= threads ? 1 : min(blocks, (threads + columnItems - 1) / columnItems)
        itemBlocks = (blocks + parts - 1) / parts
    }

    private var blockItems: Int { (blocks + itemBlocks - 1) / itemBlocks }

    var count: Int { blockItems * ((panels + itemPanels - 1) / itemPanels) }

    subscript(item: Int) -> (blocks: Range<Int>, panels: Range<Int>) {
        let (block, panel) = (item % blockItems * itemBlocks, item / blockItems * itemPanels)
        return (block..<min(block + itemBlocks, blocks), panel..<min(panel + itemPanels, panels))
    }
}
