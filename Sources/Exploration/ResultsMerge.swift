/// Joins results folders of one space, such as shards, into one.
public struct ResultsMerge: Sendable {
    public let space: ExplorationSpace
    /// All rows, by point.
    public let rows: [ResultRow]
    /// Points that the space's search lists; nil where it breeds them.
    public let total: Int?

    /// Reads the folders.
    ///
    /// - Parameter folders: at least one.
    /// - Throws: `ExplorationError` where one holds another space's results, or two have different rows of a point.
    public init(_ folders: [ResultsFolder]) throws {
        precondition(!folders.isEmpty)
        space = try folders[0].space()
        var byPoint: [Int: (row: ResultRow, folder: String)] = [:]
        for folder in folders {
            let record = try folder.record()
            guard record.digest == space.digest else {
                throw ExplorationError.otherSpace(
                    path: folder.path, name: record.space, recorded: record.digest, found: space.digest)
            }
            for row in try folder.rows(space.columns).rows {
                if let other = byPoint[row.point], other.row != row {
                    throw ExplorationError.rowsDiffer(point: row.point, first: other.folder, second: folder.path)
                }
                byPoint[row.point] = (row, folder.path)
            }
        }
        rows = byPoint.values.map(\.row).sorted { $0.point < $1.point }
        total = try PointList(space: space).points()?.count
    }

    /// Writes the rows, by point, as a folder of all points; what is missing can be costed there with `--resume`.
    public func write(to folder: ResultsFolder, _ mode: ResultsFolder.Mode) throws {
        let record = ResultsRecord(space, shard: nil, points: total)
        try folder.begin(space, record, mode)
        try folder.writeRows(rows, space.columns)
        try folder.writeTable(rows, space.columns)
    }
}
