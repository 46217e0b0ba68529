/// Which rows of a query or key matrix turn together under rotary positions.
///
/// Zeroth has Hugging Face's order throughout: rows i and i + D/2 of a head of D rows are a pair (docs/semantics.md, 8.6). llama2.c and GGUF store pairs side by side, rows 2i and
/// 2i + 1; those rows are put in Hugging Face's order when they are read.
public enum RotaryRowOrder: Sendable, Hashable {
    /// The file's order is kept: no rotary matrix, or one in Hugging Face's order.
    case asStored
    /// The file has pairs side by side in each head of so many rows.
    case adjacentPairs(headDimension: Int)

    /// The file's row that is row `row` in Zeroth.
    func storedRow(_ row: Int) -> Int {
        switch self {
        case .asStored: return row
        case .adjacentPairs(let dimension):
            let (head, place) = row.quotientAndRemainder(dividingBy: dimension)
            let half = dimension / 2
            return head * dimension + (place < half ? 2 * place : 2 * (place - half) + 1)
        }
    }
}
