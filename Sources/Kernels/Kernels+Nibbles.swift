import CKernels
import NumberFormats

/// INT4 codes two to a byte, as memories hold them, and a byte each, as units read them (docs/semantics.md, section 7.6).
extension Kernels {
    /// Unpacks `count` codes, the first of them in the low half of byte 0.
    ///
    /// - Parameters:
    ///   - bytes: ⌈count/2⌉ of them; the half behind the last code is not looked at.
    ///   - codes: −8…7, overwritten.
    public func unpackInt4(_ bytes: UnsafePointer<UInt8>, count: Int, into codes: UnsafeMutablePointer<Int8>) {
        precondition(count >= 0, "a negative number of codes")
        guard level == .reference else {
            zk_unpack_int4(Int32(level.rawValue), IntegerMatrix.Storage.int4Packed.rawValue, bytes, count, codes)
            return
        }
        let source = UnsafeBufferPointer(start: bytes, count: NibblePacking.bytesPerRow(columns: count))
        for (place, code) in NibblePacking.unpacked(source, rows: 1, columns: count, isSigned: true).enumerated() {
            codes[place] = Int8(code)
        }
    }

    /// Packs `count` codes, of which the low four bits count. The half behind the last code of an odd number becomes 0.
    ///
    /// - Parameter bytes: ⌈count/2⌉ of them, overwritten.
    public func packInt4(_ codes: UnsafePointer<Int8>, count: Int, into bytes: UnsafeMutablePointer<UInt8>) {
        precondition(count >= 0, "a negative number of codes")
        guard level == .reference else {
            zk_pack_int4(codes, count, bytes)
            return
        }
        let packed = NibblePacking.packed((0..<count).map { Int16(codes[$0]) }, rows: 1, columns: count)
        bytes.update(from: packed, count: packed.count)
    }
}
