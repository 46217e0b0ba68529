/// Two 4-bit codes to a byte (docs/semantics.md, section 7.6).
///
/// Column 2j is the low nibble of a row's byte j, column 2j + 1 the high one. Every row starts with a byte; the high nibble of the last byte of a row of
/// odd length is 0. An integer's nibble is its two's complement.
public enum NibblePacking: Sendable {
    /// Bytes of a row.
    public static func bytesPerRow(columns: Int) -> Int { columns / 2 + columns % 2 }

    /// Packs rows × columns codes, of which the low four bits count.
    public static func packed(_ codes: some RandomAccessCollection<Int16>, rows: Int, columns: Int) -> [UInt8] {
        precondition(codes.count == rows * columns, "as many codes as rows × columns are needed")
        let width = bytesPerRow(columns: columns)
        var bytes = [UInt8](repeating: 0, count: rows * width)
        for (place, code) in codes.enumerated() {
            let (row, column) = place.quotientAndRemainder(dividingBy: columns)
            bytes[row * width + column / 2] |= UInt8(truncatingIfNeeded: code & 15) << (column % 2 == 0 ? 0 : 4)
        }
        return bytes
    }

    /// Unpacks rows × columns codes.
    ///
    /// - Parameters:
    ///   - bytes: rows × ⌈columns/2⌉ of them. A nibble behind the end of a row is not looked at.
    ///   - rows: ≥ 0.
    ///   - columns: ≥ 0.
    ///   - isSigned: whether nibbles are integers −8…7; otherwise they are codes 0…15.
    public static func unpacked(
        _ bytes: some RandomAccessCollection<UInt8>, rows: Int, columns: Int, isSigned: Bool
    ) -> [Int16] {
        let width = bytesPerRow(columns: columns)
        precondition(bytes.count == rows * width, "as many bytes as rows × ⌈columns/2⌉ are needed")
        return (0..<rows * columns).map { place in
            let (row, column) = place.quotientAndRemainder(dividingBy: columns)
            let byte = bytes[bytes.index(bytes.startIndex, offsetBy: row * width + column / 2)]
            let nibble = column % 2 == 0 ? byte & 15 : byte >> 4
            return isSigned ? Int16(Int8(bitPattern: nibble << 4) >> 4) : Int16(nibble)
        }
    }
}
