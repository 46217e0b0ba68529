/// The published figures that are counted again, in the order of the page.
public enum Reproductions {
    public static var all: [Reproduction] { quzo + qzo + mezo + qft + others + notCounted }

    /// Names on the command line.
    public static var names: [String] { all.map(\.figure.name) }

    /// The figure of a name; nil for none.
    public static func named(_ name: String) -> Reproduction? { all.first { $0.figure.name == name } }
}
