import NumberFormats

extension Kernels {
    /// B[n, k] row-major from what ``packInt8(_:rowStride:rows:columns:into:)`` made of it.
    public func unpackedInt8(_ packed: UnsafePointer<Int8>, rows n: Int, columns k: Int) -> [Int8] {
        ReferencePacking.unpackedInt8(packed, rows: n, columns: k)
    }
}
