import CKernels
import NumberFormats

/// Matrix products against packed weights. Strides count elements and are at least the row's length.
///
/// B is [n, k], one row for each output. It is packed into panels of 16 rows: int8 as [⌈k/64⌉·16][16][4], four consecutive k of 16 rows side by
/// side, then the rows' sums as 16 Int32; FP32 as [k][16]. Missing rows, and for int8 missing depth, are zeros. The layout is the same at every
/// level, so what one level packs any other multiplies. Work on columns is cut at multiples of 16: rows from 16·p of B pack into, and
/// columns from 16·p multiply from, the offset that ``packedInt8Count(rows:columns:)`` gives for 16·p rows.
extension Kernels {
    /// Rows of B in one packed panel.
    public static let panelRows = 16

    /// Bytes that B[n, k] takes packed; also the offset of the panel with row n where n is a multiple of 16.
    public static func packedInt8Count(rows n: Int, columns k: Int) -> Int {
        (n + panelRows - 1) / panelRows * zk_int8_panel_bytes(k)
    }

    /// Floats that B[n, k] takes packed; also the offset of the panel with row n where n is a multiple of 16.
    public static func packedFloat32Count(rows n: Int, columns k: Int) -> Int {
        (n + panelRows - 1) / panelRows * panelRows * k
    }

    /// Packs B[n, k], row-major, for ``multiplyInt8(_:rowStride:rows:packed:columns:depth:into:rowStride:)`` and
    /// ``linearInt8(_:rowStride:rows:rowScales:packed:columns:depth:columnScales:bias:into:rowStride:)``.
    ///
    /// `packed` has ``packedInt8Count(rows:columns:)`` bytes, best aligned to 64. It must not overlap B.
    public func packInt8(
        _ b: UnsafePointer<Int8>, rowStride: Int, rows n: Int, columns k: Int, into packed: UnsafeMutablePointer<Int8>
    ) {
        if level == .reference {
            ReferencePacking.packInt8(rows: n, columns: k, into: packed) { b[$0 * rowStride + $1] }
        } else {
            zk_pack_int8(Int32(level.rawValue), b, rowStride, n, k, packed)
        }
    }

    /// Packs B[n, k] from its transpose, Bᵀ[k, n] row-major with a row for each k: the same bytes as
    /// ``packInt8(_:rowStride:rows:columns:into:)`` gives.
    ///
    /// An attention head's values lie so: P[tokens, k]·V[k, n] has B = Vᵀ.
    public func packInt8Transposed(
        _ transpose: UnsafePointer<Int8>, rowStride: Int, rows n: Int, columns k: Int,
        into packed: UnsafeMutablePointer<Int8>
    ) {
        if level == .reference {
            ReferencePacking.packInt8(rows: n, columns: k, into: packed) { transpose[$1 * rowStride + $0] }
        } else {
            zk_pack_int8_transposed(transpose, rowStride, n, k, packed)
        }
    }

    /// C[m, n] = A[m, k] · B[n, k]ᵀ: exact products in INT32 sums that wrap modulo 2³², for all int8 values.
    ///
    /// Reads no byte of A beyond k of a row, and writes no element of C beyond n of a row. C must not overlap A or B.
    ///
    /// - Parameters:
    ///   - a: A[m, k], row-major.
    ///   - m: Rows of A, ≥ 0.
    ///   - b: B as ``packInt8(_:rowStride:rows:columns:into:)`` packed it.
    ///   - n: Rows of B, ≥ 0.
    ///   - k: The depth, ≥ 0; with 0 all sums are 0.
    ///   - c: C[m, n], row-major, overwritten.
    ///   - accumulates: Adds to what C holds, modulo 2³², instead.
    public func multiplyInt8(
        _ a: UnsafePointer<Int8>, rowStride aStride: Int, rows m: Int,
        packed b: UnsafePointer<Int8>, columns n: Int, depth k: Int,
        into c: UnsafeMutablePointer<Int32>, rowStride cStride: Int, accumulates: Bool = false
    ) {
        if level == .reference {
            let before = accumulates ? (0..<m).map { i in (0..<n).map { c[i * cStride + $0] } } : []
            let rows = ReferencePacking.unpackedInt8(b, rows: n, columns: k)
            rows.withUnsafeBufferPointer { rows in
                guard let rows = rows.baseAddress else { return }
                IntegerProduct.multiply(
                    a, rowStride: aStride, rows: m, rows, rowStride: k, columns: n, depth: k, into: c,
                    rowStride: cStride)
            }
            for (i, row) in before.enumerated() {
                for (j, sum) in row.enumerated() { c[i * cStride + j] &+= sum }
            }
            return
        }
        var product = zk_int8_product(
            a: a, a_stride: aStride, b: b, m: m, n: n, k: k, sums: c, values: nil, out_stride: cStride,
            row_scales: nil, column_scales: nil, bias: nil, accumulates: accumulates ? 1 : 0)
        zk_product_int8(Int32(level.rawValue), &product)
    }

    /// Y[m, n] = fl(fl(float(Σ a·b) · columnScales[n]) · rowScales[m]) + bias[n]: the quantized linear layer.
    ///
    /// Sums are those of ``multiplyInt8(_:rowStride:rows:packed:columns:depth:into:rowStride:)``. Then come four FP32 operations, each rounded to
    /// nearest, ties to even, none fused: the conversion, two products, and the addition, which a nil `bias` leaves out. A NaN becomes
    /// 0x7FC00000. No matrix of sums is held in memory. Y must not overlap an operand.
    ///
    /// - Parameters:
    ///   - a: A[m, k], row-major: the activations' codes, a row for each token.
    ///   - rowScales: m scales of the activations.
    ///   - b: B as ``packInt8(_:rowStride:rows:columns:into:)`` packed it: the weight's codes, a row for each output.
    ///   - columnScales: n scales of the weight.
    ///   - bias: n biases, or nil.
    ///   - y: Y[m, n], row-major, overwritten.
    public func linearInt8(
        _ a: UnsafePointer<Int8>, rowStride aStride: Int, rows m: Int, rowScales: UnsafePointer<Float>,
        packed b: UnsafePointer<Int8>, columns n: Int, depth k: Int,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, rowStride yStride: Int
    ) {
        if level == .reference {
            let rows = ReferencePacking.unpackedInt8(b, rows: n, columns: k)
            rows.withUnsafeBufferPointer { rows in
                guard let rows = rows.baseAddress else { return }
                IntegerProduct.linear(
                    a, rowStride: aStride, rows: m, rowScales: rowScales, rows, rowStride: k, columns: n, depth: k,
                    columnScales: columnScales, bias: bias, into: y, rowStride: yStride)
            }
            return
        }
        var product = zk_int8_product(
            a: a, a_stride: aStride, b: b, m: m, n: n, k: k, sums: nil, values: y, out_stride: yStride,
            row_scales: rowScales, column_scales: columnScales, bias: bias, accumulates: 0)
        zk_product_int8(Int32(level.rawValue), &product)
    }

    /// Packs B[n, k], row-major, for ``linearFloat32(_:rowStride:rows:packed:columns:depth:bias:into:rowStride:)``.
    ///
    /// `packed` has ``packedFloat32Count(rows:columns:)`` floats, best aligned to 64 bytes. It must not overlap B.
    public func packFloat32(
        _ b: UnsafePointer<Float>, rowStride: Int, rows n: Int, columns k: Int, into packed: UnsafeMutablePointer<Float>
    ) {
        if level == .reference {
            ReferencePacking.packFloat32(rows: n, columns: k, into: packed) { b[$0 * rowStride + $1] }
        } else {
            zk_pack_float32(Int32(level.rawValue), b, rowStride, n, k, packed)
        }
    }

    /// Packs B[n, k] from its transpose, Bᵀ[k, n] row-major with a row for each k: the same floats as
    /// ``packFloat32(_:rowStride:rows:columns:into:)`` gives.
    public func packFloat32Transposed(
        _ transpose: UnsafePointer<Float>, rowStride: Int, rows n: Int, columns k: Int,
        into packed: UnsafeMutablePointer<Float>
    ) {
        if level == .reference {
            ReferencePacking.packFloat32(rows: n, columns: k, into: packed) { transpose[$1 * rowStride + $0] }
        } else {
            zk_pack_float32_transposed(transpose, rowStride, n, k, packed)
        }
    }

    /// Y[m, n] = (Σ over ascending k of fl(sum + fl(a·b)), from +0) + bias[n]: every product and every addition rounded, none fused.
    ///
    /// Each sum is one chain along k. A nil `bias` adds nothing. Subnormals are kept; a NaN becomes 0x7FC00000. Y must not overlap an operand.
    ///
    /// - Parameters:
    ///   - a: A[m, k], row-major.
    ///   - b: B as ``packFloat32(_:rowStride:rows:columns:into:)`` packed it.
    ///   - bias: n biases, or nil.
    ///   - y: Y[m, n], row-major, overwritten.
    public func linearFloat32(
        _ a: UnsafePointer<Float>, rowStride aStride: Int, rows m: Int,
        packed b: UnsafePointer<Float>, columns n: Int, depth k: Int, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, rowStride yStride: Int
    ) {
        if level == .reference {
            let rows = ReferencePacking.unpackedFloat32(b, rows: n, columns: k)
            rows.withUnsafeBufferPointer { rows in
                guard let rows = rows.baseAddress else { return }
                Float32Product.linear(
                    a, rowStride: aStride, rows: m, rows, rowStride: k, columns: n, depth: k, bias: bias, into: y,
                    rowStride: yStride)
            }
            return
        }
        var product = zk_float32_product(
            a: a, a_stride: aStride, b: b, m: m, n: n, k: k, values: y, out_stride: yStride, bias: bias)
        zk_product_float32(Int32(level.rawValue), &product)
    }
}
