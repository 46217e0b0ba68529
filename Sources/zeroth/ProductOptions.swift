import ArgumentParser
import NumberFormats

extension ProductAccumulator: ExpressibleByArgument {
    /// `24-saturate`, `32-wrap`, `fp32-sequential`, `grouped:16`, `aligned:32,13,e8m13` or `exact`.
    public init?(argument: String) { self.init(name: argument) }

    public var defaultValueDescription: String { name }
}

extension AccumulationOrder: ExpressibleByArgument {
    /// `re-entry` or `blocked:32`.
    public init?(argument: String) { self.init(name: argument) }

    public var defaultValueDescription: String { name }
}
