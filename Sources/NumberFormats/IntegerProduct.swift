/// Products of INT8 matrices with an INT32 accumulator that wraps: the reference.
///
/// This reads like docs/semantics.md and is the measure for every faster product. A is [m, k] and B is [n, k], both row-major, B with one
/// row for each output as a linear layer stores its weight. Strides count elements.
public enum IntegerProduct {
    /// Σ a[i]·b[i] over `count` elements: exact products, and additions modulo 2³² in two's complement.
    public static func sum(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, count: Int) -> Int32 {
        var sum: Int32 = 0
        for i in 0..<count {
            sum &+= Int32(a[i]) * Int32(b[i])
        }
        return sum
    }

    /// C[m, n] = A[m, k] · B[n, k]ᵀ.
    public static func multiply(
        _ a: UnsafePointer<Int8>, rowStride aStride: Int, rows m: Int,
        _ b: UnsafePointer<Int8>, rowStride bStride: Int, columns n: Int, depth k: Int,
        into c: UnsafeMutablePointer<Int32>, rowStride cStride: Int
    ) {
        for i in 0..<m {
            for j in 0..<n {
                c[i * cStride + j] = sum(a + i * aStride, b + j * bStride, count: k)
            }
        }
    }

    /// y = fl(fl(float(sum) · columnScale) · rowScale) + bias, each operation in FP32 to nearest, ties to even, none fused.
    ///
    /// float(sum) rounds too, beyond ±2²⁴. Without a bias nothing is added, so −0 stays. A NaN becomes the canonical 0x7FC00000.
    public static func dequantized(_ sum: Int32, columnScale: Float, rowScale: Float, bias: Float?) -> Float {
        let byColumn = Float(sum) * columnScale
        let scaled = byColumn * rowScale
        let y = if let bias { scaled + bias } else { scaled }
        return y.isNaN ? Float(bitPattern: 0x7FC0_0000) : y
    }

    /// Y[m, n] = the dequantized sums of A[m, k] · B[n, k]ᵀ, with a scale for each row of A, and a scale and perhaps a bias for each row of B.
    public static func linear(
        _ a: UnsafePointer<Int8>, rowStride aStride: Int, rows m: Int, rowScales: UnsafePointer<Float>,
        _ b: UnsafePointer<Int8>, rowStride bStride: Int, columns n: Int, depth k: Int,
        columnScales: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, rowStride yStride: Int
    ) {
        for i in 0..<m {
            for j in 0..<n {
                let sum = sum(a + i * aStride, b + j * bStride, count: k)
                y[i * yStride + j] = dequantized(
                    sum, columnScale: columnScales[j], rowScale: rowScales[i], bias: bias?[j])
            }
        }
    }
}
