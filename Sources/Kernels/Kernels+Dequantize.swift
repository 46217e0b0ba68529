import CKernels
import NumberFormats

extension Kernels {
    /// Y[m, n] = fl(fl(float(sum) · columnScales[n]) · rowScales[m]) + bias[n] from sums that a product left in memory.
    ///
    /// With the sums of ``multiplyInt8(_:rowStride:rows:packed:columns:depth:into:rowStride:accumulates:)`` it gives the bits of
    /// ``linearInt8(_:rowStride:rows:rowScales:packed:columns:depth:columnScales:bias:into:rowStride:)``. A NaN becomes 0x7FC00000.
    ///
    /// - Parameters:
    ///   - sums: [m, n], row-major.
    ///   - rowScales: m scales of the activations.
    ///   - columnScales: n scales of the weight.
    ///   - bias: n biases, or nil.
    ///   - y: Y[m, n], row-major, overwritten. It must not overlap the sums.
    public func dequantize(
        _ sums: UnsafePointer<Int32>, rowStride sumsStride: Int, rows m: Int, columns n: Int,
        rowScales: UnsafePointer<Float>, columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, rowStride yStride: Int
    ) {
        precondition(m >= 0 && n >= 0, "a negative shape")
        guard level == .reference else {
            var work = zk_int8_sums(
                sums: sums, sums_stride: sumsStride, m: m, n: n, row_scales: rowScales, column_scales: columnScales,
                bias: bias, values: y, values_stride: yStride)
            zk_dequantize_int8(Int32(level.rawValue), &work)
            return
        }
        for i in 0..<m {
            for j in 0..<n {
                y[i * yStride + j] = IntegerProduct.dequantized(
                    sums[i * sumsStride + j], columnScale: columnScales[j], rowScale: rowScales[i], bias: bias?[j])
            }
        }
    }
}
