import CKernels
import NumberFormats

/// The vector unit's functions that decoders need (docs/semantics.md, sections 8 and 12). Dense rows.
///
/// Every level gives the same bits, except that NaNs are not distinguished.
extension Kernels {
    /// Root mean square norm of each row of x[rows, columns].
    ///
    /// - Parameters:
    ///   - x: [rows, columns], row-major.
    ///   - gamma: γ, `columns` values.
    ///   - epsilon: ε, added to the mean of the squares.
    ///   - columns: Values in a row, > 0.
    ///   - out: [rows, columns], overwritten; it may be `x`.
    public func rmsNorm(
        _ x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, epsilon: Float, rows: Int, columns: Int,
        out: UnsafeMutablePointer<Float>
    ) {
        precondition(rows >= 0 && columns > 0, "a norm needs columns")
        guard level == .reference else {
            zk_rms_norm(Int32(level.rawValue), x, gamma, epsilon, rows, columns, out)
            return
        }
        let gamma = Array(UnsafeBufferPointer(start: gamma, count: columns))
        for row in 0..<rows {
            let values = Array(UnsafeBufferPointer(start: x + row * columns, count: columns))
            (out + row * columns).update(
                from: VectorFunctions.rmsNorm(values, gamma: gamma, epsilon: epsilon), count: columns)
        }
    }

    /// The gate of a feed-forward layer, in place: fl(silu(gate) · up), `count` values.
    public func siluGate(_ gate: UnsafeMutablePointer<Float>, up: UnsafePointer<Float>, count: Int) {
        precondition(count >= 0, "a negative number of elements")
        guard level == .reference else {
            zk_silu_gate(Int32(level.rawValue), gate, up, count)
            return
        }
        for i in 0..<count { gate[i] = VectorFunctions.silu(gate[i]) * up[i] }
    }

    /// Rotates `heads` heads of 2 · `half` values by one position, in place.
    ///
    /// - Parameters:
    ///   - x: [heads, 2 · half]; values i and i + half of a head are a pair.
    ///   - cosines: `half` values, those of the position.
    ///   - sines: `half` values.
    public func rotate(
        _ x: UnsafeMutablePointer<Float>, heads: Int, half: Int, cosines: UnsafePointer<Float>,
        sines: UnsafePointer<Float>
    ) {
        precondition(heads >= 0 && half >= 0, "a negative shape")
        guard level == .reference else {
            zk_rotate(Int32(level.rawValue), x, heads, half, cosines, sines)
            return
        }
        let cosines = Array(UnsafeBufferPointer(start: cosines, count: half))
        let sines = Array(UnsafeBufferPointer(start: sines, count: half))
        for head in 0..<heads {
            let start = x + head * 2 * half
            let values = Array(UnsafeBufferPointer(start: start, count: 2 * half))
            start.update(from: VectorFunctions.rotated(values, cosines: cosines, sines: sines), count: 2 * half)
        }
    }

    /// x ← fl(x + y), `count` values: a residual.
    public func add(_ y: UnsafePointer<Float>, to x: UnsafeMutablePointer<Float>, count: Int) {
        for i in 0..<count { x[i] += y[i] }
    }
}
