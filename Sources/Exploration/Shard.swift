/// A part of a space's points: every `count`-th, from the `number`-th on.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// From 1 to `count`.
    public let number: Int
    public let count: Int

    public static let whole = Shard(number: 1, count: 1)

    init(number: Int, count: Int) {
        self.number = number
        self.count = count
    }

    /// Reads `i/n`.
    ///
    /// - Throws: `ExplorationError.badShard`.
    public init(parsing text: String) throws(ExplorationError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let count = parts[1], (1...1_000_000).contains(count),
            (1...count).contains(number)
        else { throw .badShard(text: text) }
        self.init(number: number, count: count)
    }

    public var description: String { "\(number)/\(count)" }

    /// The points of this part, in their order.
    func points(of points: [Int]) -> [Int] {
        stride(from: number - 1, to: points.count, by: count).map { points[$0] }
    }
}
