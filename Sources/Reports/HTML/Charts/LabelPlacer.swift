/// Finds places for labels beside points, so that none covers another or a point.
struct LabelPlacer {
    private struct Box {
        let (left, top, right, bottom): (Double, Double, Double, Double)

        func touches(_ other: Box) -> Bool {
            left < other.right && other.left < right && top < other.bottom && other.top < bottom
        }
    }

    private let bounds: Box
    private var taken: [Box] = []

    init(left: Double, top: Double, right: Double, bottom: Double) {
        bounds = Box(left: left, top: top, right: right, bottom: bottom)
    }

    /// Keeps labels off a mark.
    mutating func avoid(_ x: Double, _ y: Double, radius: Double) {
        taken.append(Box(left: x - radius, top: y - radius, right: x + radius, bottom: y + radius))
    }

    /// Keeps labels off a line.
    mutating func avoid(from: (x: Double, y: Double), to: (x: Double, y: Double), radius: Double) {
        let count = max(1, Int(max(abs(to.x - from.x), abs(to.y - from.y)) / 6))
        for step in 0...count {
            let part = Double(step) / Double(count)
            avoid(from.x + part * (to.x - from.x), from.y + part * (to.y - from.y), radius: radius)
        }
    }

    /// A place for a label of a point: to the right, to the left, above or below.
    ///
    /// - Returns: nil where all are taken.
    mutating func place(
        _ text: String, at x: Double, _ y: Double
    ) -> (x: Double, y: Double, anchor: Drawing.Anchor)? {
        let width = Drawing.width(of: text)
        let places: [(Double, Double, Drawing.Anchor)] = [
            (x + 9, y + 4, .start), (x - 9, y + 4, .end), (x, y - 9, .middle), (x, y + 18, .middle),
            (x + 7, y - 7, .start), (x - 7, y - 7, .end), (x + 7, y + 16, .start), (x - 7, y + 16, .end),
        ]
        for (x, y, anchor) in places {
            let left =
                switch anchor {
                case .start: x
                case .middle: x - width / 2
                case .end: x - width
                }
            let box = Box(left: left, top: y - 11, right: left + width, bottom: y + 3)
            guard box.left >= bounds.left, box.right <= bounds.right, box.top >= bounds.top,
                box.bottom <= bounds.bottom, !taken.contains(where: box.touches)
            else { continue }
            taken.append(box)
            return (x, y, anchor)
        }
        return nil
    }
}
