import NumberFormats

/// Matrix products in any arithmetic of a matrix unit (docs/semantics.md, section 8.4).
extension Kernels {
    /// C[m, n] = A[m, k] · B[n, k]ᵀ.
    ///
    /// - Parameters:
    ///   - a: A[m, k], row-major, codes of `arithmetic.aFormat`, each in its container (`ElementFormat.containerBytes`).
    ///   - b: B[n, k], row-major, codes of `arithmetic.bFormat` likewise: a row for each output.
    ///   - m: Rows of A, ≥ 0.
    ///   - n: Rows of B, ≥ 0.
    ///   - k: The depth, ≥ 0; with 0 all sums are 0.
    ///   - arithmetic: Formats, accumulator and order.
    ///   - c: C[m, n], row-major: Int32 for integer formats, Float otherwise; overwritten. It must not overlap an operand.
    ///   - threads: Ceiling on the number of threads, ≥ 1; decides no bit.
    public func multiply(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, rows m: Int, columns n: Int, depth k: Int,
        arithmetic: DotProduct, into c: UnsafeMutableRawPointer, threads: Int
    ) {
        if arithmetic.aFormat.integer != nil {
            return multiplyIntegers(
                a, b, rows: m, columns: n, depth: k, arithmetic: arithmetic, into: c, threads: threads)
        }
        if level > .reference, arithmetic.aFormat.integer == nil {
            return multiplyFloats(
                a, b, rows: m, columns: n, depth: k, arithmetic: arithmetic, into: c, threads: threads)
        }
        let (a, b, c) = (Operand(a, arithmetic.aFormat), Operand(b, arithmetic.bFormat), RawResult(c))
        parallelFor(m, threads: threads) { i in
            let row = a.codes(row: i, count: k)
            for j in 0..<n {
                c.store(arithmetic.floatSum(row, b.codes(row: j, count: k)), at: i * n + j)
            }
        }
    }
}

/// A matrix of codes that several threads read.
private struct Operand: @unchecked Sendable {
    let start: UnsafeRawPointer
    let format: ElementFormat

    init(_ start: UnsafeRawPointer, _ format: ElementFormat) {
        self.start = start
        self.format = format
    }

    func codes(row: Int, count: Int) -> [UInt32] {
        let row = start + row * count * format.containerBytes
        return (0..<count).map { Kernels.code(row, at: $0, format) }
    }
}

/// The memory of a result whose elements several threads write.
private struct RawResult: @unchecked Sendable {
    let start: UnsafeMutableRawPointer

    init(_ start: UnsafeMutableRawPointer) {
        self.start = start
    }

    func store(_ value: some BitwiseCopyable, at i: Int) {
        start.storeBytes(of: value, toByteOffset: 4 * i, as: type(of: value))
    }
}
