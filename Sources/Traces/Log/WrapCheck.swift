import Emulator
import NumberFormats
import Programs

/// Whether sums of a matmul command left 32 bits, found by adding once more in 64.
struct WrapCheck {
    /// From this depth of a product on, sums of codes of 8 bits, each product at most 2¹⁴, may reach 2³¹.
    static let leastDepth = 1 << 17

    private let before: [Int32]?

    /// Before the command runs.
    init(_ command: ObservedCommand, _ block: FoldBlock) {
        let view = block.accumulates ? command.command.part?.views.last : nil
        before = view.flatMap { command.tile($0) }.map { tile in
            tile.bytes.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
            }
        }
    }

    /// Once it has run.
    func wraps(_ command: ObservedCommand, _ block: FoldBlock) -> Bool {
        guard case .product(let product) = command.action, let views = command.command.part?.views, views.count == 3,
            let a = command.tile(views[0]).map({ Self.codes($0.bytes, product.firstFormat) }),
            let b = command.tile(views[1]).map({ Self.codes($0.bytes, product.secondFormat) }),
            a.count == block.instances * block.m * block.k, b.count == block.instances * block.n * block.k
        else { return false }
        for output in 0..<block.instances * block.m * block.n {
            let (row, n) = output.quotientAndRemainder(dividingBy: block.n)
            let (first, second) = (row * block.k, (row / block.m * block.n + n) * block.k)
            var sum = Int64(before.map { $0.indices.contains(output) ? $0[output] : 0 } ?? 0)
            for k in 0..<block.k { sum += Int64(a[first + k]) * Int64(b[second + k]) }
            if Int64(Int32(truncatingIfNeeded: sum)) != sum { return true }
        }
        return false
    }

    private static func codes(_ bytes: [UInt8], _ format: ElementFormat) -> [Int8] {
        guard format == .int4 else { return bytes.map { Int8(bitPattern: $0) } }
        return bytes.flatMap { [Int8(bitPattern: $0 << 4) >> 4, Int8(bitPattern: $0) >> 4] }
    }
}
