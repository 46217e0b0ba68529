/// The lines of a UTF-8 text, without their ends (LF or CRLF) and without a byte order mark before the first.
///
/// - Throws: `InputError.invalidUTF8` with the first line that isn't UTF-8.
func textLines(of source: any ByteSource) throws(InputError) -> [String] {
    var bytes = source.bytes[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    var lines: [String] = []
    while !bytes.isEmpty {
        let end = bytes.firstIndex(of: 0x0a) ?? bytes.endIndex
        var line = bytes[..<end]
        if line.last == 0x0d { line = line.dropLast() }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw .invalidUTF8(file: source.name, line: lines.count + 1)
        }
        lines.append(text)
        bytes = bytes[min(end + 1, bytes.endIndex)...]
    }
    return lines
}
