/// The packed layout as formulas, for the reference level.
enum ReferencePacking {
    /// Depth of an int8 panel: k rounded up to a multiple of 64.
    static func paddedDepth(_ k: Int) -> Int { (k + 63) / 64 * 64 }

    /// Offset of element (row, column) of B[n, k] in packed int8.
    static func int8Offset(row: Int, column: Int, depth k: Int) -> Int {
        let panel = Kernels.packedInt8Count(rows: row / 16 * 16, columns: k)
        return panel + (column / 4) * 64 + (row % 16) * 4 + column % 4
    }

    /// Offset of the Int32 sum of a row of B[n, k] in packed int8.
    static func int8SumOffset(row: Int, depth k: Int) -> Int {
        Kernels.packedInt8Count(rows: row / 16 * 16, columns: k) + paddedDepth(k) * 16 + (row % 16) * 4
    }

    /// Offset of element (row, column) of B[n, k] in packed FP32.
    static func float32Offset(row: Int, column: Int, depth k: Int) -> Int {
        row / 16 * 16 * k + column * 16 + row % 16
    }

    /// Packs the B[n, k] whose element (row, column) `element` gives.
    static func packInt8(
        rows n: Int, columns k: Int, into packed: UnsafeMutablePointer<Int8>, element: (Int, Int) -> Int8
    ) {
        let raw = UnsafeMutableRawPointer(packed)
        for row in 0..<((n + 15) / 16 * 16) {
            var sum: Int32 = 0
            for column in 0..<paddedDepth(k) {
                let value = row < n && column < k ? element(row, column) : 0
                packed[int8Offset(row: row, column: column, depth: k)] = value
                sum &+= Int32(value)
            }
            raw.storeBytes(of: sum, toByteOffset: int8SumOffset(row: row, depth: k), as: Int32.self)
        }
    }

    /// B[n, k], row-major, from packed int8; one zero if it is empty.
    static func unpackedInt8(_ packed: UnsafePointer<Int8>, rows n: Int, columns k: Int) -> [Int8] {
        var b = [Int8](repeating: 0, count: max(n * k, 1))
        for row in 0..<n {
            for column in 0..<k {
                b[row * k + column] = packed[int8Offset(row: row, column: column, depth: k)]
            }
        }
        return b
    }

    /// Packs the B[n, k] whose element (row, column) `element` gives.
    static func packFloat32(
        rows n: Int, columns k: Int, into packed: UnsafeMutablePointer<Float>, element: (Int, Int) -> Float
    ) {
        for row in 0..<((n + 15) / 16 * 16) {
            for column in 0..<k {
                packed[float32Offset(row: row, column: column, depth: k)] =
                    row < n ? element(row, column) : 0
            }
        }
    }

    /// B[n, k], row-major, from packed FP32; one zero if it is empty.
    static func unpackedFloat32(_ packed: UnsafePointer<Float>, rows n: Int, columns k: Int) -> [Float] {
        var b = [Float](repeating: 0, count: max(n * k, 1))
        for row in 0..<n {
            for column in 0..<k {
                b[row * k + column] = packed[float32Offset(row: row, column: column, depth: k)]
            }
        }
        return b
    }
}
