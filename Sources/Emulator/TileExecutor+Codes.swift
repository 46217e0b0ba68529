import Kernels
import NumberFormats

/// Codes of tiles as units read and write them, a byte each. In every memory INT4 codes lie two to a byte (docs/semantics.md, section 7.6): they are unpacked on
/// their way into a unit and packed on their way out, and nowhere else.
extension TileExecutor {
    /// The registers between memories and units in which codes stand unpacked.
    enum Port: Int, CaseIterable { case first, second }

    /// The format of an operand's tensor.
    func format(_ operand: Int) -> ElementFormat { scheduled.program[operands[operand]].format }

    /// Bytes of `codes` codes that begin and end with a byte: the half of one is not written without its neighbour.
    func bytes(_ codes: Int, _ format: ElementFormat) throws(TileError) -> Int {
        guard codes * format.bits % 8 == 0 else { throw fault(.withinByte(code: codes)) }
        return codes * format.bits / 8
    }

    /// An operand's codes, a byte each: the operand itself, or copies in a port.
    func read(_ operand: TileOperand, _ format: ElementFormat, _ port: Port) -> TileOperand {
        guard format == .int4 else { return operand }
        let codes = room(operand, format, port)
        unpack(operand, to: codes)
        return codes
    }

    /// Where an operand's codes are to be left: the operand itself, or a port, from which `write` takes them.
    func room(_ operand: TileOperand, _ format: ElementFormat, _ port: Port) -> TileOperand {
        guard format == .int4 else { return operand }
        if ports[port.rawValue].count < operand.nibbles {
            ports[port.rawValue] = AlignedBuffer(uninitializedCount: operand.nibbles)
        }
        return operand.unpacked(at: ports[port.rawValue].baseAddress)
    }

    /// Codes of a port to their operand.
    func write(_ codes: TileOperand, to operand: TileOperand, _ format: ElementFormat) {
        guard format == .int4 else { return }
        let source = codes.pointer(Int8.self)
        operand.forEachRun { bytes, before, count in kernels.packInt4(source + before, count: count, into: bytes) }
    }

    func unpack(_ operand: TileOperand, to codes: TileOperand) {
        let target = codes.pointer(Int8.self)
        operand.forEachRun { bytes, before, count in kernels.unpackInt4(bytes, count: count, into: target + before) }
    }
}
