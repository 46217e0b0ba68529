import Foundation
import Networks
import Testing

/// The name under which `lie` opens its bytes.
private let name = "a.safetensors"

/// A safetensors file of a header and zeros as data.
private func file(_ header: String, data: Int, length: UInt64? = nil) -> TestFile {
    let length = withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian, Array.init)
    return TestFile(name, length + Array(header.utf8) + [UInt8](repeating: 0, count: data))
}

private func entry(_ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
    "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
}

@Suite struct SafetensorsFileTests {
    @Test(arguments: [
        ("{\"w\":1}", 0, "tensor \"w\": is not an object; dtype, shape and data_offsets are needed"),
        (
            "{\"w\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4,
            "tensor \"w\": has no dtype; dtype, shape and data_offsets are needed"
        ),
        (
            "{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
            "tensor \"w\": has no shape; dtype, shape and data_offsets are needed"
        ),
        (
            "{\"w\":{\"dtype\":\"F32\",\"shape\":[]}}", 4,
            "tensor \"w\": has no data_offsets; dtype, shape and data_offsets are needed"
        ),
        (
            "{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4,
            "tensor \"w\": has an unknown field \"x\"; known are dtype, shape and data_offsets"
        ),
        (
            "{\"w\":{\"dtype\":7,\"shape\":[],\"data_offsets\":[0,4]}}", 4,
            "tensor \"w\": dtype has the wrong form; a string such as \"F32\" is needed"
        ),
        (
            "{\"w\":\(entry("F33", "[]", 0, 4))}", 4,
            "tensor \"w\": unknown dtype \"F33\"; known are BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64"
        ),
        (
            "{\"w\":\(entry("F32", "[-1]", 0, 4))}", 4,
            "tensor \"w\": shape has the wrong form; a list of whole numbers from 0 to 2^63 - 1 is needed"
        ),
        (
            "{\"w\":\(entry("F32", "[1.0]", 0, 4))}", 4,
            "tensor \"w\": shape has the wrong form; a list of whole numbers from 0 to 2^63 - 1 is needed"
        ),
        (
            "{\"w\":\(entry("F32", "[9223372036854775808]", 0, 4))}", 4,
            "tensor \"w\": shape has the wrong form; a list of whole numbers from 0 to 2^63 - 1 is needed"
        ),
        (
            "{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4,8]}}", 4,
            "tensor \"w\": data_offsets has the wrong form; a list of two whole numbers from 0 to 2^63 - 1 is needed"
        ),
        (
            "{\"w\":\(entry("F32", "[4294967296,4294967296]", 0, 4))}", 4,
            "tensor \"w\": shape [4294967296, 4294967296] has more bytes than 64 bits can count; give its true shape"
        ),
        (
            "{\"w\":\(entry("F32", "[0,4294967296,4294967296]", 0, 0))}", 0,
            "tensor \"w\": shape [0, 4294967296, 4294967296] has more bytes than 64 bits can count; give its true shape"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 4, 0))}", 4,
            "tensor \"w\": data_offsets [4, 0] end before they begin; begin <= end is needed"
        ),
        (
            "{\"w\":\(entry("F32", "[2]", 0, 8))}", 4,
            "tensor \"w\": data_offsets end at 8; at most 4, the bytes of data, is possible (is the file truncated?)"
        ),
        (
            "{\"w\":\(entry("F32", "[2]", 0, 4))}", 4,
            "tensor \"w\": data_offsets span 4 bytes; 8 are needed for its shape and dtype"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 0, 4)),\"v\":\(entry("F32", "[1]", 2, 6))}", 6,
            "tensor \"v\": overlaps \"w\" at data byte 2; tensors must not share bytes"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 0, 4)),\"v\":\(entry("F32", "[1]", 0, 4))}", 4,
            "tensor \"w\": overlaps \"v\" at data byte 0; tensors must not share bytes"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 0, 4)),\"v\":\(entry("F32", "[1]", 8, 12))}", 12,
            "tensor \"v\": begins at data byte 8; 4 is needed, since data has no holes"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 0, 4))}", 7,
            "data byte 4: 3 bytes follow the last tensor; the data must end there"
        ),
        (
            "{\"w\":\(entry("F32", "[1]", 0, 4)),\"w\":\(entry("F32", "[1]", 4, 8))}", 8,
            "line 1, column 55: key \"w\" stands twice; keep one of them"
        ),
        (
            "{\"__metadata__\":{\"a\":1}}", 0,
            "key \"__metadata__\": has the wrong form; a map from strings to strings is needed"
        ),
        (
            "{\"__metadata__\":[]}", 0,
            "key \"__metadata__\": has the wrong form; a map from strings to strings is needed"
        ),
        ("[]", 0, "line 1: is not a JSON object; {\"key\": value, …} is needed"),
        ("{\"w\"}", 0, "line 1, column 5: is not JSON: a colon must follow the key"),
    ])
    func tellsWhereAHeaderLies(header: String, data: Int, expected: String) {
        #expect(message { _ = try SafetensorsFile(source: file(header, data: data)) } == "\(name): \(expected)")
    }

    @Test func refusesAHeaderThatDoesNotFit() {
        #expect(
            message { _ = try SafetensorsFile(source: TestFile(name, [1, 2, 3])) }
                == "\(name): byte 0: the file has 3 bytes; safetensors start with 8 bytes of header length")
        #expect(
            message { _ = try SafetensorsFile(source: file("{}", data: 0, length: 3)) }
                == "\(name): byte 0: header length 3 reaches past the end of the file; at most 2 is possible (is it truncated?)"
        )
        #expect(
            message { _ = try SafetensorsFile(source: file("{}", data: 0, length: 100_000_001)) }
                == "\(name): byte 0: header length 100000001 is over the limit; at most 100000000 is allowed")
        #expect(
            message { _ = try SafetensorsFile(source: file("{}", data: 0, length: .max)) }.contains(
                "18446744073709551615"))
    }

    @Test func acceptsScalarsEmptyTensorsAndNoTensors() throws {
        #expect(try SafetensorsFile(source: file("{}   ", data: 0)).tensors.isEmpty)
        let header =
            "{\"s\":\(entry("F32", "[]", 0, 4)),\"z\":\(entry("F32", "[0,3]", 4, 4)),\"e\":\(entry("I8", "[0]", 0, 0))}"
        let tensors = try SafetensorsFile(source: file(header, data: 4))
        #expect(tensors.tensors.map(\.name) == ["e", "s", "z"])
        #expect(Array(try tensors.float32("s", shape: [])) == [0])
        #expect(try tensors.float32("z", shape: [0, 3]).isEmpty)
    }

    @Test func namesWhatIsNotAsAsked() throws {
        let header = "{\"layer.weight\":\(entry("F32", "[2,1]", 0, 8)),\"layer.bias\":\(entry("F16", "[1]", 8, 10))}"
        let tensors = try SafetensorsFile(source: file(header, data: 10))
        #expect(
            message { _ = try tensors.float32("layer.wieght", shape: [2, 1]) }
                == "\(name): tensor \"layer.wieght\": is missing (near: \"layer.weight\"); the network needs it")
        #expect(
            message { _ = try tensors.float32("x", shape: nil) }
                == "\(name): tensor \"x\": is missing; the network needs it")
        #expect(
            message { _ = try tensors.float32("layer.weight", shape: [1, 2]) }
                == "\(name): tensor \"layer.weight\": has shape [2, 1]; [1, 2] is needed")
        #expect(
            message { _ = try tensors.float32("layer.bias", shape: [1]) }
                == "\(name): tensor \"layer.bias\": has dtype F16; F32 is needed")
    }

    @Test func readsInPlaceOnlyWhatIsAligned() throws {
        let header = "{\"a\":\(entry("I8", "[1]", 0, 1)),\"w\":\(entry("F32", "[1]", 1, 5))}"
        let padded = header + String(repeating: " ", count: (56 - header.utf8.count % 64 + 64) % 64)
        let tensors = try SafetensorsFile(source: file(padded, data: 5))
        #expect(tensors.dataStart % 64 == 0)
        #expect(
            message { _ = try tensors.float32("w", shape: [1]) }
                == "\(name): tensor \"w\": starts at byte \(tensors.dataStart + 1); a multiple of 4 is needed to read it in place"
        )
        #expect(try tensors.int8("a", shape: [1]).count == 1)
    }

    /// Whatever happens to the bytes of a good file: an error or a file that reads within its bounds, never a trap.
    @Test func survivesDamage() throws {
        let header =
            "{\"__metadata__\":{\"a\":\"b\"},\"w\":\(entry("F32", "[2,3]", 0, 24)),\"v\":\(entry("I64", "[1]", 24, 32))}"
        let whole = file(header, data: 32)
        let good = withExtendedLifetime(whole) { Array(whole.bytes) }
        var generator = TestGenerator(state: 1)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...generator.next() % 3 {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next() >> 40)
            }
            if generator.next() % 8 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
            do {
                let tensors = try SafetensorsFile(source: TestFile(name, bytes))
                for tensor in tensors.tensors { #expect(tensors.bytes(of: tensor).count == tensor.dataRange.count) }
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > 10_000 && refused < 20_000)
    }
}

@Suite struct SafetensorsWriterTests {
    private func sample() -> SafetensorsWriter {
        var writer = SafetensorsWriter(metadata: ["format": "pt", "é\"\n": "\\"])
        writer.add("weight", shape: [2, 3], [1, -0.0, .infinity, 4, 5, .leastNonzeroMagnitude] as [Float])
        writer.add("count", shape: [], [Int32.min])
        writer.add("none", shape: [0, 4], [] as [Int16])
        writer.add("codes", shape: [3], [-128, 0, 127] as [Int8])
        return writer
    }

    @Test func readsBackWhatItWrote() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/a.safetensors"
        try sample().write(to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "é\"\n": "\\"])
        #expect(file.tensors.map(\.name) == ["weight", "count", "none", "codes"])
        let weight = try file.float32("weight", shape: [2, 3]).map(\.bitPattern)
        #expect(weight == ([1, -0.0, .infinity, 4, 5, .leastNonzeroMagnitude] as [Float]).map(\.bitPattern))
        #expect(Array(try file.int32("count", shape: [])) == [.min])
        #expect(try file.int16("none", shape: [0, 4]).isEmpty)
        #expect(Array(try file.int8("codes", shape: [3])) == [-128, 0, 127])
        #expect(folder.names == ["a.safetensors"])
    }

    @Test func startsDataAtAMultipleOf64WhateverTheHeader() throws {
        let folder = try ScratchFolder()
        for length in 0..<70 {
            var writer = SafetensorsWriter(metadata: ["k": String(repeating: "x", count: length)])
            writer.add("w", shape: [1], [Float(1)])
            try writer.write(to: "\(folder.path)/a")
            let file = try SafetensorsFile(path: "\(folder.path)/a")
            #expect(file.dataStart % 64 == 0)
            #expect(Array(try file.float32("w", shape: [1])) == [1])
        }
    }

    @Test func writesTheSameBytesForTheSameTensors() throws {
        let folder = try ScratchFolder()
        try sample().write(to: "\(folder.path)/a")
        try sample().write(to: "\(folder.path)/b")
        #expect(try SHA256.hexadecimal(ofFile: "\(folder.path)/a") == SHA256.hexadecimal(ofFile: "\(folder.path)/b"))
    }

    @Test func leavesNothingBehindOnAnError() throws {
        let folder = try ScratchFolder()
        #expect(message { try sample().write(to: "\(folder.path)/none/a") }.contains("can't be written"))
        #expect(folder.names.isEmpty)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct TestGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
