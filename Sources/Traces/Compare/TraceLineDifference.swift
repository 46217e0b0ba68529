import Foundation

/// What differs between two lines of one layout and place.
struct TraceLineDifference {
    /// Numbers of fields, in their order: inputs, draws, outputs.
    private(set) var fields: [Int] = []
    let flags: Bool
    let cycles: Bool

    init(_ a: TraceInput.Event, _ b: TraceInput.Event) {
        let layout = a.layout
        func differ(_ range: Range<Int>) -> Bool {
            memcmp(a[range].baseAddress!, b[range].baseAddress!, range.count) != 0
        }
        for (number, field) in layout.fields.enumerated() {
            let start = layout.starts[number]
            if differ(start..<start + field.characters) { fields.append(number) }
        }
        flags = differ(layout.flagColumns)
        cycles = differ(TraceLayout.Columns.begin) || differ(TraceLayout.Columns.end)
    }

    private static let shown = 16

    /// Names the first element of the first field.
    func describe(
        _ a: TraceInput.Event, _ b: TraceInput.Event, header: TraceHeader, into divergence: inout TraceDivergence
    ) {
        let layout = a.layout
        guard let first = fields.first else {
            if divergence.kind == .flags {
                (divergence.golden, divergence.other) = (a.text(layout.flagColumns), b.text(layout.flagColumns))
            }
            return
        }
        let field = layout.fields[first]
        func digits(_ event: TraceInput.Event, _ element: Int) -> String {
            let start = layout.starts[first] + element * field.digits
            return event.text(start..<start + field.digits)
        }
        var element = 0
        var differing = 0
        var lanes: Set<Int> = []
        for place in 0..<field.count {
            let start = layout.starts[first] + place * field.digits
            let range = start..<start + field.digits
            guard memcmp(a[range].baseAddress!, b[range].baseAddress!, range.count) != 0 else { continue }
            if differing == 0 { element = place }
            differing += 1
            if lanes.count < Self.shown { lanes.insert(field.lane(of: place)) }
        }
        let (golden, other) = (digits(a, element), digits(b, element))
        divergence.field = field.name
        divergence.role = String(field.role.rawValue)
        divergence.tensor = Self.tensor(field, a, header)
        divergence.format = field.format
        divergence.index = field.indices(of: element)
        divergence.lane = field.lane(of: element)
        if let x = UInt128(golden, radix: 16), let y = UInt128(other, radix: 16) {
            divergence.bit = (x ^ y).trailingZeroBitCount
            divergence.bits = String(x ^ y, radix: 16)
        }
        (divergence.golden, divergence.other) = (golden, other)
        (divergence.differing, divergence.elements) = (differing, field.count)
        divergence.lanes = lanes.sorted()
        divergence.otherFields = fields.dropFirst().map {
            "\(layout.fields[$0].role.rawValue):\(layout.fields[$0].name)"
        }
        divergence.inputsAgree = field.role == .output
        divergence.inputs = inputs(a, field, element, header)
    }

    private static func tensor(_ field: TraceField, _ event: TraceInput.Event, _ header: TraceHeader) -> String? {
        let tensors = header.operations[event.operation].tensors
        if field.name == "data" {
            let operand = event.number(event.layout.placeColumns.lowerBound..<event.layout.placeColumns.lowerBound + 8)
            return tensors.indices.contains(operand) ? tensors[operand] : nil
        }
        guard field.name.first == "t", let number = Int(field.name.dropFirst()), tensors.indices.contains(number)
        else { return nil }
        return tensors[number]
    }

    // MARK: What led there

    private func inputs(
        _ event: TraceInput.Event, _ output: TraceField, _ element: Int, _ header: TraceHeader
    ) -> [TraceDivergence.Value] {
        guard output.role == .output else { return [] }
        let index = output.indices(of: element)
        var result: [TraceDivergence.Value] = []
        for (number, field) in event.layout.fields.enumerated() where field.role != .output {
            let (first, count): (Int, Int)
            switch (event.layout.event, field.name) {
            case ("matmul", "a") where index.count == 3 && field.shape.count == 3:
                (first, count) = ((index[0] * field.shape[1] + index[1]) * field.shape[2], field.shape[2])
            case ("matmul", "b") where index.count == 3 && field.shape.count == 3:
                (first, count) = ((index[0] * field.shape[1] + index[2]) * field.shape[2], field.shape[2])
            default:
                if field.count == output.count {
                    (first, count) = (element, 1)
                } else if field.count == 1 {
                    (first, count) = (0, 1)
                } else if let row = output.shape.first, output.shape.count == 2, field.count == row {
                    (first, count) = (index[0], 1)
                } else {
                    continue
                }
            }
            let start = event.layout.starts[number]
            let values = (first..<first + min(count, Self.shown)).map {
                event.text(start + $0 * field.digits..<start + ($0 + 1) * field.digits)
            }
            result.append(
                TraceDivergence.Value(
                    field: field.name, tensor: Self.tensor(field, event, header), index: field.indices(of: first),
                    values: values, more: count - values.count))
        }
        return result
    }
}
