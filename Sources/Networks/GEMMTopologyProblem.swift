/// What can be wrong with a SCALE-Sim topology file: one case per cause, for `InputError.topology`. Lines count from one.
public enum GEMMTopologyProblem: Error, Equatable, Sendable {
    /// A first line that doesn't name the columns of products.
    case header(line: Int, found: String)
    /// A first line that names the columns of convolutions.
    case convolution(line: Int)
    /// A line with more or fewer cells than the first one.
    case columns(line: Int, found: Int, expected: [String])
    /// A layer without a name.
    case nameEmpty(line: Int)
    /// A size that is no whole number in range.
    case size(line: Int, column: String, found: String, limit: Int)
    /// A layer with more multiply-accumulates than can be counted safely.
    case tooLarge(line: Int, m: Int, n: Int, k: Int, limit: Int)
    /// A ratio that leaves weights out.
    case sparsity(line: Int, found: String)
    /// More layers than are read; the line is the first one too many.
    case tooManyLayers(line: Int, limit: Int)
    /// A file without layers.
    case noLayers

    /// The place in the file; empty where the whole file is meant.
    var place: String {
        switch self {
        case .header(let line, _), .convolution(let line), .columns(let line, _, _), .nameEmpty(let line),
            .tooLarge(let line, _, _, _, _), .tooManyLayers(let line, _):
            "line \(line)"
        case .size(let line, let column, _, _): "line \(line), column \(column)"
        case .sparsity(let line, _): "line \(line), column Sparsity"
        case .noLayers: ""
        }
    }

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .header(_, let found):
            "is \"\(shown(found, limit: 80))\"; the columns \"Layer, M, N, K,\" are needed"
        case .convolution:
            "names the columns of convolutions; products are needed: \"Layer, M, N, K,\" with M the pixels of an output "
                + "map, N the filters and K the elements of a filter"
        case .columns(_, let found, let expected):
            "has \(found) \(found == 1 ? "cell" : "cells"); \(expected.count) are needed: \(expected.joined(separator: ", "))"
        case .nameEmpty:
            "has no name; the first cell names the layer"
        case .size(_, _, let found, let limit):
            "is \"\(shown(found, limit: 80))\"; a whole number from 1 to \(limit) is needed"
        case .tooLarge(_, let m, let n, let k, let limit):
            "\(m) × \(n) × \(k) are too many multiply-accumulates; at most \(limit) are counted in one layer"
        case .sparsity(_, let found):
            "is \"\(shown(found, limit: 80))\"; sparse weights aren't costed: 1:1, or no such column, is needed"
        case .tooManyLayers(_, let limit):
            "is one layer too many; at most \(limit) are read"
        case .noLayers:
            "has no layers; a line \"Layer, M, N, K,\" and at least one layer are needed"
        }
    }
}
