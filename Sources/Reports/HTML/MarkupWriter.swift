/// Writes markup as HTML, UTF-8.
struct MarkupWriter {
    private(set) var bytes: [UInt8] = []

    /// Elements that have no end tag in HTML.
    private static let empty: Set<String> = ["meta", "link", "br", "col", "hr"]

    mutating func write(_ markup: Markup) {
        switch markup {
        case .text(let text): escape(text)
        case .group(let parts): for part in parts { write(part) }
        case .code(let code): bytes += code.text.utf8
        case .element(let element):
            let name = "\(element.name)"
            bytes += "<\(name)".utf8
            for (attribute, value) in element.attributes {
                bytes += " \(attribute)=\"".utf8
                escape(value)
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: ">"))
            for child in element.children { write(child) }
            if !Self.empty.contains(name) { bytes += "</\(name)>".utf8 }
        }
    }

    /// Text as a page may have it: the five characters that mean something are named, and control characters, which HTML forbids,
    /// become U+FFFD.
    private mutating func escape(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            case 0x09, 0x0A, 0x20...0x7E, 0x80...: bytes.append(byte)
            default: bytes += "\u{FFFD}".utf8
            }
        }
    }
}
