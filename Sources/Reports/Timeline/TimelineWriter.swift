/// Writes events of the Trace Event Format; owns the bytes that are not written yet.
final class TimelineWriter {
    /// A process with its clock.
    struct Track {
        let process: Int
        let megahertz: Double

        /// Whole nanoseconds of a time, so that slices that follow each other stay apart when a reader rounds.
        func nanoseconds(_ cycles: Int) -> Int {
            let exact = Double(cycles) * 1000 / megahertz
            // 292 years.
            return exact < 0x1p63 ? Int(exact) : .max
        }
    }

    enum Value {
        case text(String)
        case integer(Int)
        case number(Double)
    }

    private let output: ([UInt8]) throws -> Void
    private var buffer: [UInt8] = []
    private var isFirst = true
    private static let pieceBytes = 1 << 16

    init(output: @escaping ([UInt8]) throws -> Void) {
        self.output = output
    }

    func begin() throws {
        buffer += Array("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[".utf8)
    }

    func end() throws {
        buffer += Array("\n]}\n".utf8)
        try output(buffer)
        buffer.removeAll()
    }

    func name(_ track: Track, process name: String) throws {
        try event("M", track, thread: 0, "process_name", "\"args\":{\"name\":\(Self.quoted(name))}")
        try event("M", track, thread: 0, "process_sort_index", "\"args\":{\"sort_index\":\(track.process)}")
    }

    func name(_ track: Track, thread: Int, _ name: String) throws {
        try event("M", track, thread: thread, "thread_name", "\"args\":{\"name\":\(Self.quoted(name))}")
        try event("M", track, thread: thread, "thread_sort_index", "\"args\":{\"sort_index\":\(thread)}")
    }

    /// A slice from one cycle to another.
    func slice(
        _ track: Track, thread: Int, _ name: String, _ category: String, from: Int, to: Int,
        _ arguments: [(String, Value)]
    ) throws {
        let (start, end) = (track.nanoseconds(from), track.nanoseconds(to))
        let all = [("startCycle", Value.integer(from)), ("cycles", .integer(to - from))] + arguments
        try event(
            "X", track, thread: thread, name,
            "\"cat\":\(Self.quoted(category)),\"ts\":\(Self.microseconds(start)),\"dur\":\(Self.microseconds(end - start)),"
                + "\"args\":\(Self.object(all))")
    }

    /// Values from a cycle on.
    func counter(_ track: Track, _ name: String, at cycle: Int, _ values: [(String, Value)]) throws {
        try event(
            "C", track, thread: 0, name,
            "\"ts\":\(Self.microseconds(track.nanoseconds(cycle))),\"args\":\(Self.object(values))")
    }

    private func event(_ phase: String, _ track: Track, thread: Int, _ name: String, _ rest: String) throws {
        let separator = isFirst ? "\n" : ",\n"
        isFirst = false
        let line =
            "\(separator){\"ph\":\"\(phase)\",\"pid\":\(track.process),\"tid\":\(thread),\"name\":\(Self.quoted(name)),\(rest)}"
        buffer.append(contentsOf: line.utf8)
        if buffer.count >= Self.pieceBytes {
            try output(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
    }

    private static func object(_ values: [(String, Value)]) -> String {
        let members = values.map { name, value in
            switch value {
            case .text(let text): "\(quoted(name)):\(quoted(text))"
            case .integer(let number): "\(quoted(name)):\(number)"
            case .number(let number): "\(quoted(name)):\(number.isFinite ? "\(number)" : "null")"
            }
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// Nanoseconds as microseconds with three places.
    static func microseconds(_ nanoseconds: Int) -> String {
        let fraction = String(nanoseconds % 1000)
        return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let code = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
