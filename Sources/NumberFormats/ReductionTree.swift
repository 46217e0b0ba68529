/// The one order in which Zeroth adds numbers (docs/semantics.md, section 3).
public enum ReductionTree: Sendable {
    /// Partial sums of the tree.
    public static let lanes = 16

    /// sum(x₀…x_{n−1}): element i is added to partial sum i mod 16, i ascending; then the upper half of the partial sums is added
    /// to the lower half until one is left. Zero for n = 0.
    public static func sum(count: Int, _ element: (Int) -> Float) -> Float {
        var partial = [Float](repeating: 0, count: lanes)
        for i in 0..<count { partial[i % lanes] += element(i) }
        return total(of: &partial)
    }

    /// The sum of a collection, in its order.
    public static func sum(_ elements: some RandomAccessCollection<Float>) -> Float {
        sum(count: elements.count) { elements[elements.index(elements.startIndex, offsetBy: $0)] }
    }

    /// What the sixteen partial sums come to behind the last element; they are overwritten. A row that comes in segments keeps them in between.
    public static func total(of partial: UnsafeMutablePointer<Float>) -> Float {
        var half = lanes / 2
        while half > 0 {
            for lane in 0..<half { partial[lane] += partial[lane + half] }
            half /= 2
        }
        return partial[0]
    }
}
