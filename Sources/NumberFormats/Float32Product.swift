/// Products of FP32 matrices, each sum one chain along k: the reference.
///
/// A is [m, k] and B is [n, k], both row-major, B with one row for each output as a linear layer stores its weight. Strides count elements.
public enum Float32Product {
    /// Σ over ascending i of fl(sum + fl(a[i]·b[i])) from +0: two roundings to nearest, ties to even, for each product; none fused.
    public static func sum(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        var sum: Float = 0
        for i in 0..<count {
            let product = a[i] * b[i]
            sum = sum + product
        }
        return sum
    }

    /// Y[m, n] = A[m, k] · B[n, k]ᵀ + bias[n], the bias added last. Without a bias nothing is added.
    ///
    /// Subnormals are kept. A NaN becomes the canonical 0x7FC00000.
    public static func linear(
        _ a: UnsafePointer<Float>, rowStride aStride: Int, rows m: Int,
        _ b: UnsafePointer<Float>, rowStride bStride: Int, columns n: Int, depth k: Int,
        bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>, rowStride yStride: Int
    ) {
        for i in 0..<m {
            for j in 0..<n {
                let sum = sum(a + i * aStride, b + j * bStride, count: k)
                let biased = if let bias { sum + bias[j] } else { sum }
                y[i * yStride + j] = biased.isNaN ? Float(bitPattern: 0x7FC0_0000) : biased
            }
        }
    }
}
