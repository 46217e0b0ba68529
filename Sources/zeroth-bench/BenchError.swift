/// What can stop a benchmark.
enum BenchError: Error, CustomStringConvertible {
    case usage(String)
    case peer(String)

    var description: String {
        switch self {
        case .usage(let text): text
        case .peer(let text): "the peer: \(text)"
        }
    }
}
