import Kernels
import Networks
import NumberFormats

/// Reads a decoder's weights from its file into the form in which products read them, piece by piece, so that no FP32 copy of a whole matrix is made beside it.
struct DecoderLinearLoader {
    let precision: DecoderPrecision
    let kernels: Kernels
    let threads: Int

    /// Rows of a piece; a multiple of the packed panels' height, so that pieces pack side by side.
    private static let rowsPerPiece = 64

    /// Where the first element of a piece that is no finite number stands.
    private struct Fault: Sendable { let row: Int, column: Int, value: Float }

    /// Reads and packs a weight.
    ///
    /// - Throws: `InputError.tensorNotFinite`.
    func load(_ tensor: DecoderTensor) throws(InputError) -> any DecoderLinear {
        let (rows, columns) = (tensor.rows, tensor.columns)
        guard let largest = precision.largestWeightCode else {
            let packed = AlignedBuffer<Float>(count: Kernels.packedFloat32Count(rows: rows, columns: columns))
            let (target, kernels) = (packed.shared, kernels)
            try forEachPiece(of: tensor) { values, piece in
                kernels.packFloat32(
                    values, rowStride: columns, rows: piece.count, columns: columns,
                    into: target.baseAddress
                        + Kernels.packedFloat32Count(rows: piece.lowerBound, columns: columns))
            }
            return Float32Linear(outputs: rows, inputs: columns, packed: packed)
        }
        let packed = AlignedBuffer<Int8>(count: Kernels.packedInt8Count(rows: rows, columns: columns))
        let scales = AlignedBuffer<Float>(count: rows)
        let (target, scaleTarget, kernels) = (packed.shared, scales.shared, kernels)
        try forEachPiece(of: tensor) { values, piece in
            let codes = AlignedBuffer<Int8>(uninitializedCount: piece.count * columns)
            let pieceScales = scaleTarget.baseAddress + piece.lowerBound
            if largest == 127 {
                kernels.quantizeRows(
                    values, rowStride: columns, rows: piece.count, columns: columns, codes: codes.baseAddress,
                    codeStride: columns, scales: pieceScales)
            } else {
                for row in 0..<piece.count {
                    pieceScales[row] = Self.quantize(
                        values + row * columns, count: columns, largest: largest,
                        codes: codes.baseAddress + row * columns)
                }
            }
            kernels.packInt8(
                codes.baseAddress, rowStride: columns, rows: piece.count, columns: columns,
                into: target.baseAddress + Kernels.packedInt8Count(rows: piece.lowerBound, columns: columns))
            withExtendedLifetime(codes) {}
        }
        return IntegerLinear(outputs: rows, inputs: columns, packed: packed, scales: scales)
    }

    /// Reads a norm's weight.
    ///
    /// - Throws: `InputError.tensorNotFinite`.
    static func norm(_ tensor: DecoderTensor) throws(InputError) -> AlignedBuffer<Float> {
        let values = tensor.values
        if let place = values.firstIndex(where: { !$0.isFinite }) {
            throw tensor.notFinite(row: place / tensor.columns, column: place % tensor.columns, value: values[place])
        }
        return AlignedBuffer(values)
    }

    /// Symmetric codes of one row by its absolute maximum (docs/semantics.md, sections 7.2 and 7.5); the row's scale.
    static func quantize(
        _ x: UnsafePointer<Float>, count: Int, largest: Float, codes: UnsafeMutablePointer<Int8>
    ) -> Float {
        var maximum: Float = 0
        for i in 0..<count { maximum = max(maximum, abs(x[i])) }
        guard maximum >= Quantizer.zeroThreshold else {
            codes.update(repeating: 0, count: count)
            return 1
        }
        let factor = largest / maximum
        for i in 0..<count {
            codes[i] = Int8(max(-largest, min(largest, (x[i] * factor).rounded(.toNearestOrEven))))
        }
        return maximum / largest
    }

    /// Decodes pieces of rows on all threads, checks them, and hands them on.
    private func forEachPiece(
        of tensor: DecoderTensor, _ body: @Sendable (UnsafePointer<Float>, Range<Int>) -> Void
    ) throws(InputError) {
        let (rows, columns) = (tensor.rows, tensor.columns)
        let pieces = (rows + Self.rowsPerPiece - 1) / Self.rowsPerPiece
        var faults = [Fault?](repeating: nil, count: pieces)
        faults.withUnsafeMutableBufferPointer { buffer in
            let found = SharedBuffer(buffer)
            parallelFor(pieces, threads: threads) { index in
                let piece = index * Self.rowsPerPiece..<min((index + 1) * Self.rowsPerPiece, rows)
                let values = AlignedBuffer<Float>(uninitializedCount: piece.count * columns)
                tensor.read(piece, into: values.baseAddress)
                if let place = firstNonFinite(values) {
                    found[index] = Fault(
                        row: piece.lowerBound + place / columns, column: place % columns, value: values[place])
                } else {
                    withExtendedLifetime(values) { body(values.baseAddress, piece) }
                }
            }
        }
        guard let fault = faults.lazy.compactMap({ $0 }).first else { return }
        throw tensor.notFinite(row: fault.row, column: fault.column, value: fault.value)
    }
}

/// The place of the first infinity or NaN.
private func firstNonFinite(_ values: AlignedBuffer<Float>) -> Int? {
    // The loop without a branch vectorizes; the search happens only where it has to.
    var largest: UInt32 = 0
    for value in values.elements { largest = max(largest, value.bitPattern & 0x7fff_ffff) }
    return largest < 0x7f80_0000 ? nil : values.elements.firstIndex { !$0.isFinite }
}
