/// The sizes that a configuration from outside may have.
///
/// They are several times those of the largest published dense transformers. With them no count of parameters exceeds
/// 2^47, and the product of any three sizes fits in 64 bits; who multiplies by a batch has to check that product.
public enum TransformerLimits {
    /// Blocks.
    public static let layers = 1...1 << 10
    /// Elements of a token's state, of an embedding table's row, and of all queries of a token.
    public static let width = 1...1 << 16
    /// Heads of a block.
    public static let heads = 1...1 << 12
    /// Elements of a head.
    public static let headDimension = 1...1 << 12
    /// Elements between the matrices of a feed-forward layer.
    public static let intermediate = 1...1 << 18
    /// Tokens of the vocabulary.
    public static let vocabulary = 1...1 << 22
    /// Tokens of a sequence, rows of a table of positions.
    public static let positions = 1...1 << 20
    /// Rows of the table of token types.
    public static let tokenTypes = 0...1 << 10
    /// Classes of a classifier.
    public static let classes = 1...1 << 16
}
