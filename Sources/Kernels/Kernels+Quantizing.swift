import NumberFormats

/// Quantizers to one-byte codes of any format with a scale a row (docs/semantics.md, sections 7 and 7.2).
extension Kernels {
    /// Quantizes rows that lie side by side, to nearest even: the codes of an integer, or the words of a floating-point format.
    ///
    /// - Parameters:
    ///   - x: rows × columns numbers.
    ///   - rows: ≥ 0.
    ///   - columns: ≥ 1.
    ///   - format: INT8, INT4, or floating-point of at most 8 bits.
    ///   - codes: rows × columns codes, a byte each, overwritten.
    ///   - scales: [rows], overwritten.
    public func quantizeRows(
        _ x: UnsafePointer<Float>, rows: Int, columns: Int, format: ElementFormat, codes: UnsafeMutablePointer<Int8>,
        scales: UnsafeMutablePointer<Float>
    ) {
        guard let float = format.float else {
            quantizeRows(
                x, rowStride: columns, rows: rows, columns: columns, codes: codes, codeStride: columns, scales: scales,
                limit: format == .int4 ? 7 : 127)
            return
        }
        precondition(format.containerBytes == 1, "codes of a byte")
        let environment = FloatEnvironment(overflow: .saturateFinite)
        guard let cast = Float32Cast(to: format, environment) else { return }
        let largest = Float(float.value(of: float.largestFiniteCode))
        let scaled = AlignedBuffer<Float>(uninitializedCount: columns)
        for row in 0..<rows {
            let source = x + row * columns
            var magnitude: Float = 0
            for column in 0..<columns {
                magnitude = SymmetricQuantizer.largest(magnitude, source[column])
            }
            let target = codes + row * columns
            guard !magnitude.isNaN, magnitude >= SymmetricQuantizer.zeroThreshold else {
                scales[row] = magnitude.isNaN ? .nan : 1
                target.update(repeating: 0, count: columns)
                continue
            }
            scales[row] = magnitude / largest
            let factor = largest / magnitude
            for column in 0..<columns { scaled[column] = source[column] * factor }
            self.cast(scaled.baseAddress, count: columns, cast, into: UnsafeMutableRawPointer(target))
        }
    }
}
