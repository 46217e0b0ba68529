import Kernels
import NumberFormats
import Programs

/// What happened in the array's accumulators, product by product: how wide they have to be.
///
/// Sums are chains along k, ascending from zero, of 32 bits that wrap (docs/semantics.md, section 8.4). Tiles along k take a chain up where the tile before left it,
/// so the counts are the same for whole layers and for tiles.
public struct AccumulatorStatistics: Hashable, Sendable {
    /// One product of the network; passes of a step count together.
    public struct Row: Hashable, Sendable {
        /// The operation's name, such as `layer.0.query`.
        public let name: String
        /// Products in a sum.
        public let depth: Int
        /// Sums formed.
        public fileprivate(set) var sums = 0
        /// Extremes of partial sums, and wraps.
        public fileprivate(set) var statistics = IntegerStatistics()
    }

    /// In the order in which products first ran.
    public private(set) var rows: [Row] = []
    private var places: [String: Int] = [:]

    public init() {}

    /// Adds the sums of A[m, k]·B[n, k]ᵀ.
    ///
    /// - Parameters:
    ///   - before: sums that the chains go on from, or nil.
    mutating func count(
        _ operation: Operation, _ a: UnsafePointer<Int8>, rowStride aStride: Int, _ b: UnsafePointer<Int8>,
        rowStride bStride: Int, m: Int, n: Int, k: Int, adding before: UnsafePointer<Int32>? = nil,
        rowStride: Int = 0, kernels: Kernels, threads: Int = 1
    ) {
        let found: IntegerStatistics
        if let before {
            found = Self.chains(a, aStride, b, bStride, m: m, n: n, k: k, from: before, rowStride)
        } else {
            let (first, second) = (Self.dense(a, aStride, m, k), Self.dense(b, bStride, n, k))
            found = kernels.statistics(
                IntegerMatrix(first.baseAddress, .int8, rows: m, columns: k),
                IntegerMatrix(second.baseAddress, .int8, rows: n, columns: k), bits: 32, overflow: .wrap,
                order: .reentry, threads: threads)
        }
        add(operation, sums: before == nil ? m * n : 0, found)
    }

    mutating func add(_ operation: Operation, sums: Int, _ statistics: IntegerStatistics) {
        guard case .product(let product) = operation.action else { return }
        let place = places[operation.name] ?? rows.count
        if place == rows.count {
            places[operation.name] = place
            rows.append(Row(name: operation.name, depth: product.k))
        }
        rows[place].sums += sums
        rows[place].statistics = rows[place].statistics + statistics
    }

    public static func + (left: Self, right: Self) -> Self {
        var result = left
        for row in right.rows {
            let place = result.places[row.name] ?? result.rows.count
            if place == result.rows.count {
                result.places[row.name] = place
                result.rows.append(row)
            } else {
                result.rows[place].sums += row.sums
                result.rows[place].statistics = result.rows[place].statistics + row.statistics
            }
        }
        return result
    }

    private static func dense(_ x: UnsafePointer<Int8>, _ stride: Int, _ rows: Int, _ columns: Int)
        -> AlignedBuffer<Int8>
    {
        let copy = AlignedBuffer<Int8>(uninitializedCount: rows * columns)
        for row in 0..<rows { (copy.baseAddress + row * columns).update(from: x + row * stride, count: columns) }
        return copy
    }

    /// Chains that begin with sums, a row of outputs at a time.
    private static func chains(
        _ a: UnsafePointer<Int8>, _ aStride: Int, _ b: UnsafePointer<Int8>, _ bStride: Int, m: Int, n: Int, k: Int,
        from before: UnsafePointer<Int32>, _ rowStride: Int
    ) -> IntegerStatistics {
        // B by columns, so that a row's outputs lie side by side.
        let columns = AlignedBuffer<Int32>(uninitializedCount: n * k)
        for j in 0..<n { for q in 0..<k { columns[q * n + j] = Int32(b[j * bStride + q]) } }
        var sums = [Int64](repeating: 0, count: n)
        var total = IntegerStatistics()
        for i in 0..<m {
            for j in 0..<n { sums[j] = Int64(before[i * rowStride + j]) }
            var (least, greatest): (Int64, Int64) = (0, 0)
            var overflows = 0
            for q in 0..<k {
                let code = Int64(a[i * aStride + q])
                let column = columns.baseAddress + q * n
                for j in 0..<n {
                    let exact = sums[j] + code * Int64(column[j])
                    least = min(least, exact)
                    greatest = max(greatest, exact)
                    let kept = Int64(Int32(truncatingIfNeeded: exact))
                    overflows += kept == exact ? 0 : 1
                    sums[j] = kept
                }
            }
            total = total + IntegerStatistics(overflows: overflows, least: least, greatest: greatest)
        }
        return total
    }
}
