/// A setting of a step that means nothing, by its flag.
public enum StepRequestError: Error, Sendable, Hashable, CustomStringConvertible {
    case badSetting(name: String, value: String, allowed: String)

    public var description: String {
        switch self {
        case .badSetting(let name, let value, let allowed): "--\(name) is \(value), should be \(allowed)"
        }
    }
}
