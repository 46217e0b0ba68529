/// What places in a program look like to people.
enum TracePlace {
    static func text(_ event: TraceInput.Event) -> String {
        text(event.layout, event.text(event.layout.placeColumns))
    }

    /// Of a product `m 96…127, n 64…127, k 0…95`; of a stream `first 128`; of a transfer the bytes.
    static func text(_ layout: TraceLayout, _ place: String) -> String {
        let numbers = place.split(separator: ".").map { Int($0, radix: 16) ?? 0 }
        let extents = extents(layout)
        let isProduct = layout.place.contains("m")
        let parts = zip(layout.place, numbers).compactMap { name, number -> String? in
            if let extent = extents[name] {
                return extent > 1 ? "\(name) \(number)…\(number + extent - 1)" : "\(name) \(number)"
            }
            // Dimensions that a command does not have.
            if isProduct, number == 0 { return nil }
            return "\(name) \(number)"
        }
        return "tile " + parts.joined(separator: ", ")
    }

    /// Indices of each dimension that a tile of a product covers.
    private static func extents(_ layout: TraceLayout) -> [String: Int] {
        func shape(_ role: TraceField.Role, _ name: String) -> [Int]? {
            layout.fields.first { $0.role == role && $0.name == name }?.shape
        }
        guard layout.place.contains("m") else { return [:] }
        if let a = shape(.input, "a"), let b = shape(.input, "b"), a.count == 3, b.count == 3 {
            return ["m": a[1], "n": b[1], "k": a[2]]
        }
        if let acc = shape(.input, "acc"), acc.count == 3 { return ["m": acc[1], "n": acc[2]] }
        if let weights = layout.fields.first(where: { $0.role == .input })?.shape, weights.count == 2 {
            return ["n": weights[0], "k": weights[1]]
        }
        return [:]
    }

    static func line(_ event: TraceInput.Event, _ header: TraceHeader) -> String {
        let name = header.operations.indices.contains(event.operation) ? header.operations[event.operation].name : ""
        return "\(event.layout.unit) \(event.layout.event) of operation \(event.operation) (\(name)), \(text(event))"
    }
}
