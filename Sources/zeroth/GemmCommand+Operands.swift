import ArgumentParser
import Kernels
import Networks
import NumberFormats

/// The operands of `zeroth gemm`: their sizes, and integers that are packed.
extension GemmCommand {
    /// Checks the flags about packing against the formats.
    func validatePacking(_ aFormat: ElementFormat, _ bFormat: ElementFormat) throws {
        for (isPacked, format, flag) in [(aPacked, aFormat, "--a-packed"), (bPacked, bFormat, "--b-packed")]
        where isPacked && format != .int4 {
            throw ValidationError("\(flag) is for int4, two codes a byte; the format is \(format.rawValue)")
        }
        if let depth {
            guard aPacked && bPacked else {
                throw ValidationError("--depth is for two packed operands; here the one that is not packed tells K")
            }
            guard depth > 0 else { throw ValidationError("--depth is \(depth), should be at least 1") }
        }
    }

    /// M, N and K.
    ///
    /// - Throws: `InputError.npy` where a file's type or shape is not that of an operand, or the two do not match.
    func sizes(
        _ left: NpyFile, _ aFormat: ElementFormat, _ right: NpyFile, _ bFormat: ElementFormat
    ) throws -> (m: Int, n: Int, k: Int) {
        let (m, aColumns) = try shape(left, aFormat, isPacked: aPacked, rows: "M")
        let (n, bColumns) = try shape(right, bFormat, isPacked: bPacked, rows: "N")
        let packed = IntegerMatrix.Storage.int4Packed
        switch (aPacked, bPacked) {
        case (false, false):
            guard aColumns == bColumns else {
                throw InputError.npy(
                    file: b, .shape(found: right.shape, expected: "[N, \(aColumns)], as \(a) has K = \(aColumns),"))
            }
            return (m, n, aColumns)
        case (false, true):
            let width = packed.bytesPerRow(columns: aColumns)
            guard bColumns == width else {
                throw InputError.npy(
                    file: b, .shape(found: right.shape, expected: "[N, \(width)], as \(a) has K = \(aColumns),"))
            }
            return (m, n, aColumns)
        case (true, false):
            let width = packed.bytesPerRow(columns: bColumns)
            guard aColumns == width else {
                throw InputError.npy(
                    file: a, .shape(found: left.shape, expected: "[M, \(width)], as \(b) has K = \(bColumns),"))
            }
            return (m, n, bColumns)
        case (true, true):
            guard aColumns == bColumns else {
                throw InputError.npy(
                    file: b,
                    .shape(found: right.shape, expected: "[N, \(aColumns)], as \(a) has \(aColumns) bytes a row,"))
            }
            let k = depth ?? 2 * aColumns
            guard packed.bytesPerRow(columns: k) == aColumns else {
                throw InputError.npy(
                    file: a,
                    .shape(
                        found: left.shape, expected: "[M, \(packed.bytesPerRow(columns: k))], as --depth is \(k),"))
            }
            return (m, n, k)
        }
    }

    /// Rows and columns of a file, the columns in bytes where codes are packed.
    private func shape(
        _ file: NpyFile, _ format: ElementFormat, isPacked: Bool, rows: String
    ) throws -> (Int, Int) {
        if !isPacked {
            try CodeArray.check(file, holds: format)
        } else if file.type != .uint8 {
            throw InputError.npy(
                file: file.name, .type(found: file.type, expected: "\(NpyType.uint8.name) for packed int4"))
        }
        guard file.shape.count == 2 else {
            throw InputError.npy(
                file: file.name, .shape(found: file.shape, expected: "[\(rows), \(isPacked ? "K/2" : "K")]"))
        }
        return (file.shape[0], file.shape[1])
    }

    private func matrix(
        _ file: NpyFile, _ format: ElementFormat, isPacked: Bool, rows: Int, columns: Int
    ) -> IntegerMatrix {
        IntegerMatrix(
            file.bytes.baseAddress!, isPacked ? .int4Packed : format == .int8 ? .int8 : .int4, rows: rows,
            columns: columns)
    }

    /// C = A · Bᵀ; none of the sizes is 0.
    func multiply(
        _ left: NpyFile, _ right: NpyFile, _ m: Int, _ n: Int, _ k: Int, _ arithmetic: DotProduct,
        into c: UnsafeMutableRawPointer, _ kernels: Kernels, threads: Int
    ) {
        guard case .integer(let bits, let overflow) = arithmetic.accumulator else {
            kernels.multiply(
                left.bytes.baseAddress!, right.bytes.baseAddress!, rows: m, columns: n, depth: k,
                arithmetic: arithmetic,
                into: c, threads: threads)
            return
        }
        kernels.multiply(
            matrix(left, arithmetic.aFormat, isPacked: aPacked, rows: m, columns: k),
            matrix(right, arithmetic.bFormat, isPacked: bPacked, rows: n, columns: k), bits: bits, overflow: overflow,
            order: arithmetic.order, into: c.bindMemory(to: Int32.self, capacity: m * n), threads: threads)
    }

    /// What happened in the integer accumulators.
    func integerStatistics(
        _ left: NpyFile, _ right: NpyFile, _ m: Int, _ n: Int, _ k: Int, _ arithmetic: DotProduct, _ kernels: Kernels,
        threads: Int
    ) -> IntegerStatistics {
        guard case .integer(let bits, let overflow) = arithmetic.accumulator else { return IntegerStatistics() }
        return kernels.statistics(
            matrix(left, arithmetic.aFormat, isPacked: aPacked, rows: m, columns: k),
            matrix(right, arithmetic.bFormat, isPacked: bPacked, rows: n, columns: k), bits: bits, overflow: overflow,
            order: arithmetic.order, threads: threads)
    }
}
