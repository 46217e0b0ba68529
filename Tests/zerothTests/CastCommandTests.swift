import Foundation
import Testing

/// `zeroth cast` and `zeroth gemm` as their users run them.
struct CastCommandTests {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/zeroth-cast-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func run(_ arguments: [String]) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(arguments, in: folder)
    }

    private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    /// Writes a version 1.0 file by hand.
    private func write<T>(_ elements: [T], _ descriptor: String, shape: String, _ name: String, order: String = "False")
        throws
    {
        var header = "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': \(shape), }"
        header += String(repeating: " ", count: 64 - (11 + header.utf8.count) % 64) + "\n"
        var data = Data(
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)])
        data += Data(header.utf8)
        elements.withUnsafeBytes { data += Data($0) }
        try data.write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    /// The header's dictionary and the data of a file.
    private func read(_ name: String) throws -> (header: String, data: [UInt8]) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
        let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
        return (String(decoding: bytes[10..<start], as: UTF8.self), Array(bytes[start...]))
    }

    static let numbers: [Float] = [0, -0.0, 1, 1.0625, 448, 1000, -.infinity, 0x1p-10]

    @Test func codesAreThoseOfTheSemantics() throws {
        try write(Self.numbers, "<f4", shape: "(2, 4)", "x.npy")
        for (flags, codes) in [
            ("", [0x00, 0x80, 0x38, 0x38, 0x7E, 0x7E, 0xFE, 0x00]),
            ("--overflow saturate-propagate", [0x00, 0x80, 0x38, 0x38, 0x7E, 0x7E, 0x7F, 0x00]),
            ("--overflow ieee", [0x00, 0x80, 0x38, 0x38, 0x7E, 0x7F, 0x7F, 0x00]),
            ("--rounding nearest-away", [0x00, 0x80, 0x38, 0x39, 0x7E, 0x7E, 0xFE, 0x01]),
            ("--rounding up", [0x00, 0x80, 0x38, 0x39, 0x7E, 0x7E, 0xFE, 0x01]),
            ("--rounding up --flush-outputs", [0x00, 0x80, 0x38, 0x39, 0x7E, 0x7E, 0xFE, 0x00]),
        ] as [(String, [UInt8])] {
            let output = try run(words("cast x.npy y.npy --to e4m3 " + flags))
            #expect(output.status == 0 && output.err.isEmpty)
            let (header, data) = try read("y.npy")
            #expect(data == codes, "\(flags)")
            #expect(header.contains("'|u1'") && header.contains("(2, 4)"))
        }
    }

    @Test func decodedCodesAreNumbersAgain() throws {
        try write(Self.numbers, "<f4", shape: "(8,)", "x.npy")
        #expect(try run(words("cast x.npy y.npy --to e5m2 --decode")).status == 0)
        let (header, data) = try read("y.npy")
        #expect(header.contains("'<f4'"))
        let expected: [Float] = [0, -0.0, 1, 1, 448, 1024, -57344, 0x1p-10]
        #expect(data == expected.withUnsafeBytes { Array($0) })
        // From codes, not numbers.
        try write([0x7E, 0x81] as [UInt8], "|u1", shape: "(2,)", "c.npy")
        #expect(try run(words("cast c.npy z.npy --from e4m3 --to fp16")).status == 0)
        #expect(try read("z.npy").data == ([0x5F00, 0x9800] as [UInt16]).withUnsafeBytes { Array($0) })
    }

    @Test func randomBitsComeFromTheFileOrTheSeed() throws {
        let value: Float = 1.0625
        try write([value, value, value, value], "<f4", shape: "(4,)", "x.npy")
        // v = 1/2: up from R = 2 of 4 on; only the low two bits count.
        try write([1, 2, 0xFFFF_FFFC, 7] as [UInt32], "<u4", shape: "(4,)", "r.npy")
        #expect(
            try run(words("cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 2 --random r.npy")).status
                == 0)
        #expect(try read("y.npy").data == [0x38, 0x39, 0x38, 0x39])
        // The same draws as zeroth random's.
        let address = "--seed 5 --step 6 --query 7 --tensor 8"
        #expect(
            try run(words("random r.npy --distribution bits16 --count 4 --purpose activations " + address)).status == 0)
        let draws = try read("r.npy").data
        #expect(
            try run(words("cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 9 " + address)).status == 0)
        let expected: [UInt8] = (0..<4).map {
            (Int(draws[2 * $0]) | Int(draws[2 * $0 + 1]) << 8) & 511 >= 256 ? 0x39 : 0x38
        }
        #expect(try read("y.npy").data == expected)
    }

    @Test func threadsAndLevelsDecideNoBit() throws {
        let numbers = (0..<100_003).map { Float(bitPattern: UInt32($0) &* 2_654_435_761) }
        try write(numbers, "<f4", shape: "(100003,)", "x.npy")
        let command = words("--to e3m4 --rounding stochastic-c --random-bits 20 --seed 1")
        #expect(try run(["cast", "x.npy", "a.npy", "--threads", "1"] + command).status == 0)
        #expect(try run(["cast", "x.npy", "b.npy", "--threads", "2"] + command).status == 0)
        #expect(try read("a.npy").data == read("b.npy").data)
    }

    @Test func badInputIsALineThatNamesIt() throws {
        try write(Self.numbers, "<f4", shape: "(8,)", "x.npy")
        try write(Self.numbers.map(Double.init), "<f8", shape: "(8,)", "double.npy")
        try write(Self.numbers, "<f4", shape: "(2, 4)", "fortran.npy", order: "True")
        try write(Array(Self.numbers.prefix(5)), "<f4", shape: "(8,)", "short.npy")
        try write([1, 2, 3] as [UInt32], "<u4", shape: "(3,)", "r.npy")
        try write([1, 8, 16] as [UInt8], "|u1", shape: "(3,)", "wide.npy")
        for (command, status, said) in [
            (
                "cast double.npy y.npy --to e4m3", 1,
                "double.npy: has dtype float64 (<f8); float32 or uint32 for fp32 is needed"
            ),
            ("cast fortran.npy y.npy --to e4m3", 1, "numpy.ascontiguousarray"),
            ("cast short.npy y.npy --to e4m3", 1, "short.npy: data: the file has 20 bytes of data; 32 are needed"),
            ("cast missing.npy y.npy --to e4m3", 1, "missing.npy"),
            ("cast wide.npy y.npy --from e2m1 --to fp32", 1, "wide.npy: element [2]: is 0x10"),
            (
                "cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 8 --random r.npy", 1,
                "r.npy: has 3 elements; 8 are needed"
            ),
            (
                "cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 8 --random x.npy", 1,
                "x.npy: has dtype float32"
            ),
            ("cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 33 --seed 1", 64, "1 … 32"),
            ("cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 0 --seed 1", 64, "1 … 32"),
            ("cast x.npy y.npy --to e4m3 --rounding stochastic-a --random-bits 8", 64, "--random FILE.npy or --seed N"),
            ("cast x.npy y.npy --to e4m3 --seed 1", 64, "--seed needs a stochastic rounding"),
            ("cast x.npy y.npy --to e9m9", 64, "invalid"),
            ("gemm x.npy x.npy y.npy --format e4m3", 1, "uint8 for e4m3"),
            ("gemm wide.npy wide.npy y.npy --format e4m3", 1, "wide.npy: has shape [3]; [M, K] is needed"),
            ("gemm wide.npy wide.npy y.npy --a-format int8 --b-format e4m3", 64, "both formats have to be integers"),
            ("gemm wide.npy wide.npy y.npy --format int8 --accumulator 7-wrap", 64, "8 to 32"),
        ] {
            let output = try run(words(command))
            #expect(output.status == Int32(status), "\(command): \(output.err)")
            #expect(output.err.contains(said), "\(command): \(output.err)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/y.npy"))
        }
    }

    @Test func productsAreThoseOfTheirAccumulators() throws {
        try write([127, -128, 100, 1, 2, 3] as [Int8], "|i1", shape: "(2, 3)", "a.npy")
        try write([127, -128, 1] as [Int8], "|i1", shape: "(1, 3)", "b.npy")
        func product(_ flags: String) throws -> [Int32] {
            let output = try run(words("gemm a.npy b.npy c.npy --format int8 " + flags))
            #expect(output.status == 0, "\(output.err)")
            let (header, data) = try read("c.npy")
            #expect(header.contains("'<i4'") && header.contains("(2, 1)"))
            return data.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
        }
        // 16129 + 16384 + 100 = 32613; 127 − 256 + 3 = −126.
        #expect(try product("") == [32613, -126])
        #expect(try product("--accumulator 15-wrap") == [32613 - 32768, -126])
        #expect(try product("--accumulator 15-saturate") == [16383, -126])
        #expect(try product("--accumulator 15-saturate --accumulate blocked:1") == [16383, -126])
        let output = try run(
            words("gemm a.npy b.npy c.npy --format int8 --accumulator 15-saturate --statistics --json"))
        #expect(output.out.contains("\"overflows\" : 2") && output.out.contains("\"narrowestWidth\" : 16"))
    }
}

extension CastCommandTests {
    /// One in three pairs of formats and roundings, against fractions.
    @Test(.enabled(if: ProgramRun.hasNumPy, "NumPy is missing (ZEROTH_PYTHON names another Python)"))
    func castsAreThoseOfExactArithmetic() throws {
        let check = try ProgramRun.python(
            "exact/casts.py", [CommandLineTests.program, "--seed", "1", "--share", "3"], in: folder)
        #expect(check.status == 0, "\(check.out.suffix(2000)) \(check.err.suffix(2000))")
        #expect(check.out.contains(" casts, 0 differ"))
    }

    /// Each of these once ended in a trap or replaced what it should not.
    @Test func outputsThatCannotBeAreRefused() throws {
        let ones = "(" + Array(repeating: "1", count: 65).joined(separator: ", ") + ")"
        try write([1] as [Float], "<f4", shape: ones, "deep.npy")
        try write([] as [Int8], "|i1", shape: "(0, 2305843009213693952)", "wide.npy")
        let deep = try run(words("cast deep.npy y.npy --to e4m3"))
        #expect(deep.status == 1 && deep.err.contains("65 dimensions; at most 64"))
        let wide = try run(words("cast wide.npy y.npy --from int8 --to fp32"))
        #expect(wide.status == 1 && wide.err.contains("more bytes than 64 bits can count"))
        try write(Self.numbers, "<f4", shape: "(8,)", "x.npy")
        #expect(mkfifo(folder + "/pipe", 0o600) == 0)
        let pipe = try run(words("cast x.npy pipe --to e4m3"))
        #expect(pipe.status == 1 && pipe.err.contains("a device or a pipe"))
        // A link's target is written, and the link stays.
        try write([] as [UInt8], "|u1", shape: "(0,)", "target.npy")
        try FileManager.default.createSymbolicLink(atPath: folder + "/link.npy", withDestinationPath: "target.npy")
        #expect(try run(words("cast x.npy link.npy --to e4m3")).status == 0)
        #expect(try read("target.npy").data.count == 8)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link.npy") == "target.npy")
    }
}
