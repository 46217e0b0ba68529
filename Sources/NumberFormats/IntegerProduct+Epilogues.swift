/// What a machine does with integer sums before it writes them (docs/semantics.md, section 8.5). The reference.
extension IntegerProduct {
    /// y = fl(t · rowScale) + bias with t the sum over groups along k, ascending: fl(float(sum) · scale) of the first, to which those of the others are
    /// added, each operation in FP32 to nearest, ties to even, none fused.
    ///
    /// One group gives ``dequantized(_:columnScale:rowScale:bias:)``. Without groups t = +0. A NaN becomes the canonical 0x7FC00000.
    ///
    /// - Parameters:
    ///   - sums: the sum of each group.
    ///   - columnScales: as many scales.
    public static func dequantized(
        groups sums: some RandomAccessCollection<Int32>, columnScales: some RandomAccessCollection<Float>,
        rowScale: Float, bias: Float?
    ) -> Float {
        precondition(sums.count == columnScales.count, "a scale for each group is needed")
        let scaled = zip(sums, columnScales).map { Float($0) * $1 }
        let total = scaled.dropFirst().reduce(scaled.first ?? 0, +)
        let byRow = total * rowScale
        let y = if let bias { byRow + bias } else { byRow }
        return y.isNaN ? Float(bitPattern: 0x7FC0_0000) : y
    }

    /// Y[m, n] for groups of `groupSize` numbers along k, of which the last may be smaller; each row of B has a scale for each group.
    ///
    /// - Parameters:
    ///   - a: A[m, k], row-major.
    ///   - rowScales: m scales.
    ///   - b: B[n, k], row-major.
    ///   - columnScales: [n, ⌈k/groupSize⌉] scales, row-major.
    ///   - bias: n biases, or nil.
    public static func groupedLinear(
        _ a: some RandomAccessCollection<Int8>, rows m: Int, rowScales: [Float],
        _ b: some RandomAccessCollection<Int8>, columns n: Int, depth k: Int, groupSize: Int,
        columnScales: [Float], bias: [Float]?
    ) -> [Float] {
        let (a, b) = (Array(a), Array(b))
        let groups = (k + groupSize - 1) / groupSize
        var y: [Float] = []
        for i in 0..<m {
            for j in 0..<n {
                let sums = (0..<groups).map { group in
                    (group * groupSize..<min(k, (group + 1) * groupSize)).reduce(Int32(0)) { sum, q in
                        sum &+ Int32(a[i * k + q]) * Int32(b[j * k + q])
                    }
                }
                y.append(
                    dequantized(
                        groups: sums, columnScales: columnScales[j * groups..<(j + 1) * groups], rowScale: rowScales[i],
                        bias: bias?[j]))
            }
        }
        return y
    }

    /// The INT8 code of a dequantized number: clamp(rne(fl(y · factor)), 127); 0 for a NaN.
    ///
    /// - Parameter factor: codes for each unit of y, the reciprocal of the scale of what follows.
    public static func requantized(_ y: Float, factor: Float) -> Int8 {
        let units = y * factor
        if units.isNaN { return 0 }
        return Int8(max(-127, min(127, units.rounded(.toNearestOrEven))))
    }
}
