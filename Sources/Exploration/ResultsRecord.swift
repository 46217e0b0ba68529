import Foundation

/// space.json of a results folder: which space's results, and which part of them.
struct ResultsRecord: Codable, Equatable {
    /// Version of the rows' form.
    static let version = 1

    let version: Int
    let space: String
    let digest: String
    /// i/n; nil for all points.
    let shard: String?
    /// Points that the search lists for this folder; nil where it breeds them.
    let points: Int?

    init(_ space: ExplorationSpace, shard: Shard?, points: Int?) {
        version = Self.version
        self.space = space.name
        digest = space.digest
        self.shard = shard?.description
        self.points = points
    }

    /// What a message calls the part.
    var part: String { shard.map { "shard \($0)" } ?? "all points" }

    func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}
