/// A path's data, written as short as tenths of a unit allow.
struct PathText {
    private(set) var text = ""

    mutating func move(_ x: Double, _ y: Double) { add("M", x, y) }
    mutating func line(_ x: Double, _ y: Double) { add("L", x, y) }

    /// A point that a round line cap makes visible.
    mutating func dot(_ x: Double, _ y: Double) {
        move(x, y)
        text += "h0"
    }

    mutating func close() { text += "Z" }

    private mutating func add(_ command: String, _ x: Double, _ y: Double) {
        let second = NumberText.coordinate(y)
        text += command + NumberText.coordinate(x) + (second.hasPrefix("-") ? "" : " ") + second
    }

    /// A line through points.
    init(_ points: [(x: Double, y: Double)] = []) {
        for (index, point) in points.enumerated() {
            if index == 0 { move(point.x, point.y) } else { line(point.x, point.y) }
        }
    }
}
