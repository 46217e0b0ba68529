/// The on-chip buffers: three of their own, or one that all share.
public struct SRAM: Sendable, Hashable {
    /// What buffers hold, as counts and reports name them.
    public enum Buffer: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
        /// Tiles of the stationary operand.
        case weight
        /// Tiles of activations, and operands and results of the vector unit.
        case activation
        /// Sums of the array.
        case accumulator
    }

    /// One memory: equal banks, interleaved by word.
    public struct Bank: Sendable, Hashable {
        /// Bytes of the whole memory.
        public internal(set) var bytes: Int
        /// Banks that work at once.
        public let banks: Int
        /// Width of one access to a bank.
        public let wordBits: Int
        /// 1: a bank reads or writes one word a cycle. 2: it reads one and writes one.
        public let ports: Int

        /// Bytes of one bank.
        public var bankBytes: Int { bytes / banks }
        /// Bytes of one access to one bank.
        public var wordBytes: Int { wordBits / 8 }
        /// Bytes read in a cycle, at most.
        public var readBytesPerCycle: Int { banks * wordBytes }
        /// Bytes written in a cycle, at most.
        public var writeBytesPerCycle: Int { banks * wordBytes }
        /// Bytes read and written together in a cycle, at most.
        public var bytesPerCycle: Int { ports * banks * wordBytes }

        /// Cycles in which all banks together read and write so many bytes: each 0 or more, their sum within 64 bits.
        public func cycles(read: Int, written: Int) -> Int {
            func words(_ bytes: Int) -> Int { bytes == 0 ? 0 : (bytes - 1) / readBytesPerCycle + 1 }
            return ports == 1 ? words(read + written) : max(words(read), words(written))
        }
    }

    /// The memory of each buffer; the same one three times where all share it.
    public internal(set) var weight: Bank
    public internal(set) var activation: Bank
    public internal(set) var accumulator: Bank
    /// Whether all buffers share one memory.
    public let isUnified: Bool

    /// The memory that holds `buffer`.
    public subscript(buffer: Buffer) -> Bank {
        switch buffer {
        case .weight: weight
        case .activation: activation
        case .accumulator: accumulator
        }
    }

    /// Each memory once, with the buffer that stands for it in counts: `activation` for one that all share.
    public var memories: [(buffer: Buffer, bank: Bank)] {
        (isUnified ? [.activation] : Buffer.allCases).map { ($0, self[$0]) }
    }

    /// The field of the memory that holds `buffer`, such as `organisation.sram.weight`.
    public func field(_ buffer: Buffer) -> String {
        "organisation.sram." + (isUnified ? Self.unifiedKey : buffer.rawValue)
    }

    /// Bytes of all memories.
    public var bytes: Int { memories.reduce(0) { $0 + $1.bank.bytes } }
}

extension SRAM {
    static let unifiedKey = "unified"
    static let keys = Buffer.allCases.map(\.rawValue) + [unifiedKey]

    init(_ fields: FieldReader) throws(HardwareError) {
        isUnified = fields.has(Self.unifiedKey)
        if isUnified {
            for buffer in Buffer.allCases where fields.has(buffer.rawValue) {
                throw .contradiction(
                    fields.place(buffer.rawValue), problem: "stands beside organisation.sram.unified",
                    remedy: "keep unified alone, or weight, activation and accumulator")
            }
            activation = try Bank(fields.section(Self.unifiedKey, keys: Bank.keys))
            (weight, accumulator) = (activation, activation)
        } else {
            weight = try Bank(fields.section("weight", keys: Bank.keys))
            activation = try Bank(fields.section("activation", keys: Bank.keys))
            accumulator = try Bank(fields.section("accumulator", keys: Bank.keys))
        }
    }
}

extension SRAM.Bank {
    static let keys = ["bytes", "banks", "wordBits", "ports"]

    init(_ fields: FieldReader) throws(HardwareError) {
        bytes = try fields.integer("bytes", "bytes", in: 1...(1 << 34))
        banks = try fields.integer("banks", "banks", in: 1...4096)
        wordBits = try fields.integer("wordBits", "bits", in: 8...8192)
        ports = try fields.integer("ports", "ports", in: 1...2)
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
