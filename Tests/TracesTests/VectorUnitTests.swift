import NumberFormats
import Testing

@testable import Traces

/// Vector files: their form, and samples of their bits against arithmetic that is not the emulator's.
@Suite struct VectorUnitTests {
    /// A file's text, line by line.
    private static func lines(_ unit: VectorUnit, count: Int, seed: UInt64 = 1) throws -> [String] {
        var text: [UInt8] = []
        try unit.write(count: count, seed: seed) { text += $0 }
        #expect(text.last == UInt8(ascii: "\n"))
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The fields of a file's vectors, as numbers of 64 bits or less.
    private static func vectors(_ name: String, count: Int) throws -> [[UInt64]] {
        let unit = try #require(VectorUnit.named(name))
        return try lines(unit, count: count).filter { !$0.hasPrefix("//") }.map { line in
            try line.split(separator: "_").map { try #require(UInt64($0, radix: 16)) }
        }
    }

    @Test func namesAreUnique() {
        #expect(Set(VectorUnit.all.map(\.name)).count == VectorUnit.all.count)
        #expect(VectorUnit.named("fp32_adder")?.timing == .combinational)
        #expect(VectorUnit.named("fp32-adder") == nil)
    }

    @Test(arguments: VectorUnit.all.map(\.name))
    func eachLineHasEachFieldInHex(_ name: String) throws {
        let unit = try #require(VectorUnit.named(name))
        let text = try Self.lines(unit, count: 700)
        let header = text.prefix { $0.hasPrefix("//") }
        #expect(header.count == 5)
        #expect(header[0] == "// unit \(name)")
        #expect(header[1] == "// timing \(unit.timing.rawValue)")
        #expect(header[2] == "// vectors 700, seed 1")
        let fields = unit.inputs + unit.outputs
        #expect(text.count == header.count + 700)
        for line in text.dropFirst(header.count) {
            let parts = line.split(separator: "_", omittingEmptySubsequences: false)
            #expect(parts.map(\.count) == fields.map(\.digits), "\(line)")
            for (part, field) in zip(parts, fields) {
                let isUnknown = part.allSatisfy { $0 == "x" }
                #expect(isUnknown || part.allSatisfy { $0.isHexDigit && !$0.isUppercase }, "\(field.name) in \(line)")
                // Nothing stands above the port's width.
                let top = isUnknown ? 0 : part.first!.hexDigitValue!
                #expect(top >> ((field.bits - 1) % 4 + 1) == 0, "\(field.name) in \(line)")
            }
            #expect(!parts.prefix(unit.inputs.count).joined().contains("x"), "an input of \(line)")
        }
    }

    @Test(arguments: VectorUnit.all.map(\.name))
    func aLongerFileBeginsWithAShorterOne(_ name: String) throws {
        let unit = try #require(VectorUnit.named(name))
        let (short, long) = (try Self.lines(unit, count: 40), try Self.lines(unit, count: 90))
        #expect(short.dropFirst(5) == long[5..<45])
    }

    @Test func seedsDiffer() throws {
        let unit = try #require(VectorUnit.named("fp32_adder"))
        #expect(try Self.lines(unit, count: 40).dropFirst(5) != Self.lines(unit, count: 40, seed: 2).dropFirst(5))
    }

    /// The processor's own additions and products, to nearest even, where no NaN comes out.
    @Test(arguments: ["fp32_adder", "fp32_multiplier"])
    func processorRoundsAlike(_ name: String) throws {
        var compared = 0
        for vector in try Self.vectors(name, count: 40_000) where vector[2] == 0 {
            let (a, b) = (Float(bitPattern: UInt32(vector[0])), Float(bitPattern: UInt32(vector[1])))
            let result = name == "fp32_adder" ? a + b : a * b
            guard !result.isNaN else {
                #expect(vector[3] == 0x7FC0_0000)
                continue
            }
            #expect(UInt64(result.bitPattern) == vector[3], "\(a) and \(b)")
            compared += 1
        }
        #expect(compared > 2000)
    }

    @Test func processorConvertsIntegersAlike() throws {
        for vector in try Self.vectors("int32_to_fp32", count: 20_000) {
            let value = Float(Int32(bitPattern: UInt32(vector[0])))
            #expect(UInt64(value.bitPattern) == vector[1])
        }
    }

    @Test func poolIsReadInOrderBetweenLoads() throws {
        let unit = try #require(VectorUnit.named("pool_address"))
        var pairs = 0
        var before: (address: Int, loaded: Bool)?
        for line in try Self.lines(unit, count: 5000).dropFirst(5) {
            let parts = line.split(separator: "_")
            let (load, enable) = (parts[0] == "1", parts[4] == "1")
            if enable, let address = Int(parts[6], radix: 16) {
                // But for loads and the last word of a block.
                if let before, !before.loaded {
                    pairs += address == (before.address + 1) % 64 ? 1 : 0
                }
                before = (address, load)
            } else if load {
                before = nil
            }
        }
        #expect(pairs > 3500)
    }
}

/// One line of a vector file.
@Suite struct VectorLineTests {
    @Test func fieldsHaveTheirDigits() {
        var line = VectorLine()
        line.append(-1, bits: 10)
        line.append(UInt64.max, bits: 64)
        line.append(words: [0x89AB_CDEF, 0x0000_0012], bits: 37)
        line.appendUnknown(bits: 9)
        line.append(5, bits: 3)
        #expect(String(decoding: line.text, as: UTF8.self) == "3ff_ffffffffffffffff_1289abcdef_xxx_5")
    }

    @Test func aClearedLineStartsAgain() {
        var line = VectorLine()
        line.append(1, bits: 1)
        line.clear()
        line.append(2, bits: 2)
        #expect(line.text == Array("2".utf8))
    }
}
