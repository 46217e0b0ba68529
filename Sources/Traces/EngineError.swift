/// Why a layer does not run on the tile engine.
public enum EngineError: Error, Hashable, CustomStringConvertible {
    /// The machine or the layer asks for what the engine has not: `what` is, where `allowed` is possible.
    case notBuilt(what: String, found: String, allowed: String)
    /// A command is more than its fields in the image hold.
    case tooLarge(what: String, value: Int, limit: Int)

    public var description: String {
        switch self {
        case .notBuilt(let what, let found, let allowed):
            "the tile engine has not \(what) \(found); it has \(allowed)"
        case .tooLarge(let what, let value, let limit):
            "\(what) is \(value), and a command of the tile engine holds at most \(limit)"
        }
    }
}
