/// The last events of a unit: what names them, in memory that does not grow.
struct TraceHistory {
    private static let depth = 3
    private struct Entry {
        var sequence = 0
        var layout: TraceLayout
        var operation: Int
        var place: [UInt8]
    }

    private var entries: [Entry] = []
    private var next = 0

    mutating func add(_ event: TraceInput.Event) {
        let place = event.layout.placeColumns
        if entries.count < Self.depth {
            entries.append(
                Entry(
                    sequence: event.sequence, layout: event.layout, operation: event.operation,
                    place: Array(event.line[place])))
        } else {
            entries[next].sequence = event.sequence
            if entries[next].layout.number != event.layout.number { entries[next].layout = event.layout }
            entries[next].operation = event.operation
            entries[next].place.replaceSubrange(0..., with: event.line[place])
        }
        next = (next + 1) % Self.depth
    }

    /// Oldest first.
    func lines(_ header: TraceHeader) -> [String] {
        let ordered = entries.count < Self.depth ? entries[...] : entries[next...] + entries[..<next]
        return ordered.map { entry in
            let isKnown = header.operations.indices.contains(entry.operation)
            let name = isKnown ? header.operations[entry.operation].name : ""
            return "event \(entry.sequence): \(entry.layout.event) of operation \(entry.operation) (\(name)), "
                + TracePlace.text(entry.layout, String(decoding: entry.place, as: UTF8.self))
        }
    }
}
