/// What can be wrong with a trace, or with the writing of one.
public enum TraceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong at a place of a file.
    public enum Problem: Error, Hashable, Sendable {
        /// The first line is another.
        case notALog(found: String)
        case version(found: String)
        case header(String)
        /// The file ends before its trailer.
        case truncated(events: Int)
        /// Bytes behind the trailer.
        case behindEnd
        /// No layout has this number.
        case layoutUnknown(String, layouts: Int)
        case operationUnknown(String, operations: Int)
        /// A line that is not made up as its layout says.
        case line(String)
        case sequence(found: Int, expected: Int, isFiltered: Bool)
        case count(found: Int, stated: Int)
        case checksum(found: String, stated: String)
        /// A digit that is none.
        case digit(field: String, element: Int)
    }

    /// `byte` counts from 0, `line` from 1; of a header `line` is meant, of events `line` counts all lines.
    case file(String, line: Int, byte: Int, Problem)
    /// Two logs that are not of one program.
    case foreign(golden: String, other: String, line: Int, goldenLine: String, otherLine: String)
    case noSpace(path: String, needed: Int, available: Int)
    case compressorMissing(path: String, reason: String)
    case compressorFailed(path: String, status: Int)
    /// A laid-out program with more than the log's numbers hold.
    case tooMany(String, count: Int, limit: Int)
    /// Nothing that was asked for is in the step.
    case nothingSelected(String)

    public var description: String {
        switch self {
        case .file(let path, let line, let byte, let problem): "\(path): line \(line), byte \(byte): \(problem)"
        case .foreign(let golden, let other, let line, let first, let second):
            "\(other): header line \(line) is `\(Self.short(second))`, in \(golden) it is `\(Self.short(first))`: the logs are not of the same "
                + "program, machine and step, and are not compared"
        case .noSpace(let path, let needed, let available):
            "\(path): the trace takes \(needed) bytes, \(available) are free there; leave events out with --layer, --unit or --cycles, "
                + "name another folder, or give --compress"
        case .compressorMissing(let path, let reason):
            "\(path): --compress and .gz files take the program gzip, which cannot be started (\(reason)); install it, or leave --compress out"
        case .compressorFailed(let path, let status):
            "\(path): gzip ended with status \(status): the disk is full, or the file is damaged"
        case .tooMany(let what, let count, let limit): "\(what): \(count), a log holds at most \(limit)"
        case .nothingSelected(let what): "\(what): the step has no such events; leave a filter out"
        }
    }

    private static func short(_ line: String) -> String { line.count > 120 ? line.prefix(117) + "…" : line }
}

extension TraceError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notALog(let found): "begins with `\(found)`, a log begins with `zeroth-log 1`"
        case .version(let found): "version \(found), this program reads version 1"
        case .header(let what): what
        case .truncated(let events):
            "the file ends after \(events) events without its last line, `end COUNT CRC`: it was cut off, or its writer stopped"
        case .behindEnd: "there is something behind the last line, `end COUNT CRC`"
        case .layoutUnknown(let found, let layouts): "layout \(found), the header has \(layouts)"
        case .operationUnknown(let found, let operations): "operation \(found), the header has \(operations)"
        case .line(let what): what
        case .sequence(let found, let expected, let isFiltered):
            "sequence \(found), should be \(isFiltered ? "at least " : "")\(expected): events were lost, doubled or reordered"
        case .count(let found, let stated): "the last line states \(stated) events, there are \(found)"
        case .checksum(let found, let stated): "the last line states CRC \(stated), the bytes before it have \(found)"
        case .digit(let field, let element): "field \(field), element \(element) is not made of hexadecimal digits"
        }
    }
}
