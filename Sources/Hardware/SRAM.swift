/// The on-chip buffers.
public struct SRAM: Sendable, Hashable {
    /// The buffers, as counts and reports name them.
    public enum Buffer: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        /// Tiles of the stationary operand.
        case weight
        /// Tiles of activations, and operands and results of the vector unit.
        case activation
        /// Sums of the array.
        case accumulator
    }

    /// One buffer: equal single-port banks, interleaved by word.
    public struct Bank: Sendable, Hashable {
        /// Bytes of the whole buffer.
        public let bytes: Int
        /// Banks that work at once; each does one read or one write a cycle.
        public let banks: Int
        /// Width of one access to a bank.
        public let wordBits: Int

        /// Bytes of one bank.
        public var bankBytes: Int { bytes / banks }
        /// Bytes of one access to one bank.
        public var wordBytes: Int { wordBits / 8 }
        /// Bytes read and written together in a cycle, at most.
        public var bytesPerCycle: Int { banks * wordBytes }
    }

    public let weight: Bank
    public let activation: Bank
    public let accumulator: Bank

    public subscript(buffer: Buffer) -> Bank {
        switch buffer {
        case .weight: weight
        case .activation: activation
        case .accumulator: accumulator
        }
    }

    /// Bytes of all buffers.
    public var bytes: Int { weight.bytes + activation.bytes + accumulator.bytes }
}

extension SRAM {
    static let keys = Buffer.allCases.map(\.rawValue)

    init(_ fields: FieldReader) throws(HardwareError) {
        weight = try Bank(fields.section("weight", keys: Bank.keys))
        activation = try Bank(fields.section("activation", keys: Bank.keys))
        accumulator = try Bank(fields.section("accumulator", keys: Bank.keys))
    }
}

extension SRAM.Bank {
    static let keys = ["bytes", "banks", "wordBits"]

    init(_ fields: FieldReader) throws(HardwareError) {
        bytes = try fields.integer("bytes", "bytes", in: 1...(1 << 34))
        banks = try fields.integer("banks", "banks", in: 1...4096)
        wordBits = try fields.integer("wordBits", "bits", in: 8...8192)
        guard wordBits % 8 == 0 else {
            throw .outOfRange(fields.place("wordBits"), value: "\(wordBits)", allowed: "a multiple of 8 bits")
        }
        guard bytes % (banks * wordBits / 8) == 0 else {
            throw .contradiction(
                fields.place("bytes"),
                problem: "\(bytes) bytes do not divide into \(banks) banks of \(wordBits)-bit words",
                remedy: "give a multiple of \(banks * wordBits / 8) bytes")
        }
    }
}
