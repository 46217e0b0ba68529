import Foundation
import Networks
import Testing

/// The name under which damaged files open their bytes.
private let name = "a.npy"

/// A .npy file of a header's text and zeros as data, of any version.
private func file(_ header: String, data: Int, version: UInt8 = 1, length: Int? = nil) -> TestFile {
    let length = UInt32(length ?? header.utf8.count)
    let size = withUnsafeBytes(of: length.littleEndian, Array.init).prefix(version == 1 ? 2 : 4)
    return TestFile(
        name,
        [0x93] + Array("NUMPY".utf8) + [version, 0] + size + Array(header.utf8) + [UInt8](repeating: 0, count: data))
}

private func header(_ descriptor: String = "'<f4'", order: String = "False", shape: String = "(2, 3)") -> String {
    "{'descr': \(descriptor), 'fortran_order': \(order), 'shape': \(shape), }\n"
}

private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.utf8).map { UInt8($0 < 0x40 ? $0 & 15 : ($0 & 15) + 9) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// What numpy 2.2.6 wrote with numpy.save, and with write_array for version 2.0; the run of blanks is written `_`.
private enum FromNumPy {
    static func expand(_ text: String) -> [UInt8] {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let blanks = (128 - (parts[0].count + 2) / 2)
        return bytes(parts[0] + String(repeating: "20", count: blanks) + parts[1])
    }

    /// numpy.float32(1.5)
    static let scalar = expand(
        "934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c2027736861"
            + "7065273a2028292c207d_0a0000c03f")
    /// numpy.arange(6, dtype='<i2').reshape(2, 3)
    static let matrix = expand(
        "934e554d5059010076007b276465736372273a20273c6932272c2027666f727472616e5f6f72646572273a2046616c73652c2027736861"
            + "7065273a2028322c2033292c207d_0a000001000200030004000500")
    /// numpy.zeros((0, 3), '<u1')
    static let empty = expand(
        "934e554d5059010076007b276465736372273a20277c7531272c2027666f727472616e5f6f72646572273a2046616c73652c2027736861"
            + "7065273a2028302c2033292c207d_0a")
    /// numpy.arange(3, dtype='<f8') as version 2.0
    static let secondVersion = expand(
        "934e554d50590200740000007b276465736372273a20273c6638272c2027666f727472616e5f6f72646572273a2046616c73652c202773"
            + "68617065273a2028332c292c207d_0a0000000000000000000000000000f03f0000000000000040")
}

@Suite struct NpyFileTests {
    @Test func readsWhatNumPyWrote() throws {
        let scalar = try NpyFile(source: TestFile(name, FromNumPy.scalar))
        #expect(scalar.shape.isEmpty && scalar.elementCount == 1 && scalar.type == .float32)
        #expect(try scalar.array(of: Float.self) == [1.5])
        let matrix = try NpyFile(source: TestFile(name, FromNumPy.matrix))
        #expect(matrix.shape == [2, 3])
        #expect(try matrix.array(of: Int16.self) == [0, 1, 2, 3, 4, 5])
        #expect(matrix.index(ofElement: 4) == [1, 1])
        let empty = try NpyFile(source: TestFile(name, FromNumPy.empty))
        #expect(empty.shape == [0, 3] && empty.elementCount == 0)
        #expect(try empty.array(of: UInt8.self).isEmpty)
        let second = try NpyFile(source: TestFile(name, FromNumPy.secondVersion))
        #expect(second.shape == [3])
        #expect(try second.array(of: Double.self) == [0, 1, 2])
    }

    @Test func readsEveryVersionEveryOneByteFormAndPython2() throws {
        for version in UInt8(1)...3 {
            #expect(try NpyFile(source: file(header(), data: 24, version: version)).shape == [2, 3])
        }
        for form in ["|u1", "<u1"] {
            #expect(try NpyFile(source: file(header("'\(form)'"), data: 6)).type == .uint8)
        }
        #expect(try NpyFile(source: file(header("\"|b1\""), data: 6)).type == .bool)
        #expect(try NpyFile(source: file(header(shape: "(2L, 3L)"), data: 24)).shape == [2, 3])
        let other = "  {\"shape\" : ( 6 ,) ,\t\"fortran_order\":False,\"descr\":'<\\x66\\u0034'}  "
        #expect(try NpyFile(source: file(other, data: 24)).shape == [6])
    }

    /// The data of an unpadded header lies anywhere.
    @Test func readsDataThatIsNotAligned() throws {
        for padding in 0..<8 {
            let text = header("'<f8'", shape: "(2,)") + String(repeating: " ", count: padding)
            let whole = file(text, data: 0)
            let values: [Double] = [1.25, -.infinity]
            let source = TestFile(
                name,
                withExtendedLifetime(whole) { Array(whole.bytes) }
                    + values.flatMap {
                        withUnsafeBytes(of: $0, Array.init)
                    })
            let read = try NpyFile(source: source)
            #expect(try read.array(of: Double.self) == values)
        }
    }

    @Test func widensFloat16Exactly() throws {
        let codes: [UInt16] = [0x3c00, 0x8000, 0x0001, 0x7bff, 0xfc00]
        let folder = try ScratchFolder()
        let path = "\(folder.path)/h.npy"
        try NpyWriter.write(to: path, type: .float16, shape: [5]) { output in
            try output.append(codes.flatMap { withUnsafeBytes(of: $0, Array.init) })
        }
        let read = try NpyFile(path: path)
        let bits = try read.bits(as: UInt16.self)
        withExtendedLifetime(read) { #expect(Array(bits) == codes) }
        let expected: [Float] = [1, -0.0, 0x1p-24, 65504, -.infinity]
        #expect(try read.float32Values().map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test(arguments: [
        (header(), 23, "data: the file has 23 bytes of data; 24 are needed for its shape and dtype (is it truncated?)"),
        (header(), 26, "byte 94: 2 bytes follow the array; the file must end there"),
        (
            header(order: "True"), 24,
            "header, key 'fortran_order': the array is in Fortran order; C order is needed: save numpy.ascontiguousarray(array)"
        ),
        (
            header(shape: "(4294967296, 4294967296)"), 24,
            "header, key 'shape': shape [4294967296, 4294967296] has more bytes than 64 bits can count; give its true shape"
        ),
        (
            header(shape: "(0, 4294967296, 4294967296)"), 0,
            "header, key 'shape': shape [0, 4294967296, 4294967296] has more bytes than 64 bits can count; give its true shape"
        ),
        (
            header(shape: "(9223372036854775808,)"), 24,
            "byte 60: malformed header: 'shape' must be a tuple of whole numbers from 0 to 2^63 - 1"
        ),
        (
            header(shape: "(-1, 3)"), 24,
            "byte 60: malformed header: 'shape' must be a tuple of whole numbers from 0 to 2^63 - 1"
        ),
        (
            header(shape: "(6)"), 24,
            "byte 60: malformed header: 'shape' must be a tuple of whole numbers from 0 to 2^63 - 1"
        ),
        (
            header(shape: "(2.0, 3)"), 24,
            "byte 62: malformed header: a comma or a closing bracket must follow the value"
        ),
        (header(order: "0"), 24, "byte 44: malformed header: 'fortran_order' must be True or False"),
        (header("7"), 24, "byte 20: malformed header: 'descr' must be a string such as '<f4'"),
        ("{'descr': '<f4', 'shape': (6,)}", 24, "byte 10: malformed header: key 'fortran_order' is missing"),
        (
            "{'descr': '<f4', 'descr': '<f4'}", 24,
            "byte 27: malformed header: key 'descr' stands twice; keep one of them"
        ),
        (
            "{'color': 3}", 24,
            "byte 11: malformed header: unknown key 'color'; 'descr', 'fortran_order' and 'shape' are known"
        ),
        (
            "('<f4', False, (6,))", 24,
            "byte 10: malformed header: a dictionary of 'descr', 'fortran_order' and 'shape' is needed"
        ),
        ("{'descr': '<f4\n}", 24, "byte 20: malformed header: a string has no closing quotation mark"),
        (header() + "x", 24, "byte 70: malformed header: only white space may follow the dictionary"),
        ("", 24, "byte 10: malformed header: ends where a value should stand"),
    ])
    func tellsWhereAHeaderLies(header: String, data: Int, expected: String) {
        #expect(message { _ = try NpyFile(source: file(header, data: data)) } == "\(name): \(expected)")
    }

    @Test(arguments: [
        "'>f4'", "'|O'", "'<U5'", "'<c8'", "'<f16'", "'<M8[ns]'", "'f4'", "'|f4'", "[('a', '<f4'), ('b', '<i4', (2,))]",
    ])
    func namesATypeItDoesNotRead(descriptor: String) {
        let known = "|b1, |i1, |u1, <i2, <u2, <i4, <u4, <i8, <u8, <f2, <f4, <f8"
        #expect(
            message { _ = try NpyFile(source: file(header(descriptor), data: 24)) }
                == "\(name): header, key 'descr': dtype \(descriptor) is not supported; known are \(known): "
                + "convert the array with numpy's astype, for instance array.astype('<f4')")
    }

    @Test func refusesWhatIsNoNpyFile() {
        #expect(
            message { _ = try NpyFile(source: TestFile(name, "label\ttext\n")) }
                == "\(name): byte 0: is not a .npy file, which starts with \\x93NUMPY; write the array with numpy.save")
        #expect(message { _ = try NpyFile(source: TestFile(name, "")) }.contains("is not a .npy file"))
        #expect(
            message { _ = try NpyFile(source: TestFile(name, [0x50, 0x4b, 3, 4, 20, 0])) }
                == "\(name): byte 0: is a zip archive, as numpy.savez writes; a .npy file of one array is needed: use numpy.save"
        )
        #expect(
            message { _ = try NpyFile(source: file(header(), data: 24, version: 4)) }
                == "\(name): byte 0: has .npy version 4.0; 1.0, 2.0 and 3.0 are known")
        #expect(
            message { _ = try NpyFile(source: file("{}", data: 0, version: 2, length: 3)) }
                == "\(name): byte 0: header length 3 reaches past the end of the file; at most 2 is possible (is it truncated?)"
        )
        #expect(
            message { _ = try NpyFile(source: file("{}", data: 0, version: 3, length: 1_000_001)) }
                == "\(name): byte 0: header length 1000001 is over the limit; at most 1000000 is allowed")
        #expect(message { _ = try NpyFile(path: "/nowhere/a.npy") }.contains("no such file"))
    }

    @Test func namesAnArrayThatIsNotAsAsked() throws {
        let matrix = try NpyFile(source: TestFile(name, FromNumPy.matrix))
        #expect(
            message { _ = try matrix.elements(as: Float.self) }
                == "\(name): has dtype int16 (<i2); float32 (<f4) is needed")
        #expect(
            message { _ = try matrix.bits(as: UInt32.self) }
                == "\(name): has dtype int16 (<i2); a dtype of 4 bytes an element is needed")
        #expect(message { _ = try matrix.float32Values() }.contains("which is widened exactly"))
    }

    @Test func refusesDeepNesting() {
        let deep = String(repeating: "[", count: 60_000)
        #expect(
            message { _ = try NpyFile(source: file(deep, data: 0)) }
                == "\(name): byte 42: malformed header: nests deeper than 32")
    }

    /// Cut anywhere, a file is refused with an error that names it.
    @Test func refusesEveryTruncation() {
        for whole in [FromNumPy.scalar, FromNumPy.matrix, FromNumPy.secondVersion] {
            for count in 0..<whole.count {
                let text = message { _ = try NpyFile(source: TestFile(name, Array(whole.prefix(count)))) }
                #expect(text.hasPrefix("\(name): "))
            }
        }
    }

    /// Whatever happens to the bytes of a good file: an error or a file that reads within its bounds, never a trap.
    @Test func survivesDamage() throws {
        let samples = [
            FromNumPy.matrix, FromNumPy.secondVersion,
            Array(file(header("[('a', '<f4', (3,)), ('\\u00e9', '<i8')]"), data: 24, version: 3).bytes),
        ]
        let pieces = [
            "'", "\"", "(", ")", "[", "{", "}", ",", ":", "\\x", "\\U", "-", "0", "9", "99999999999999999999",
            "True", "None", "L", "<f4", "\u{00e9}", "\n",
        ]
        var generator = TestGenerator(state: 3)
        var refused = 0
        for round in 0..<30_000 {
            var bytes = samples[round % samples.count]
            for _ in 0...generator.next() % 3 {
                // Mostly in the dictionary, which is the first 80 bytes.
                let limit = generator.next() % 4 == 0 ? bytes.count : 80
                let place = Int(generator.next() % UInt64(min(limit, bytes.count)))
                switch generator.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next() >> 40)
                case 1: bytes[place] ^= 1 << (generator.next() % 8)
                case 2: bytes.remove(at: place)
                default: bytes.insert(contentsOf: Array(pieces.randomElement(using: &generator)!.utf8), at: place)
                }
            }
            do {
                let array = try NpyFile(source: TestFile(name, bytes))
                #expect(array.bytes.count == array.elementCount * array.type.byteCount)
                #expect(array.shape.reduce(1, *) == array.elementCount)
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > 20_000 && refused < 30_000)
    }
}

@Suite struct NpyWriterTests {
    @Test func writesWhatNumPyWrites() throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/a.npy"
        try NpyWriter.write([1.5] as [Float], shape: [], to: path)
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == FromNumPy.scalar)
        try NpyWriter.write([0, 1, 2, 3, 4, 5] as [Int16], shape: [2, 3], to: path)
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == FromNumPy.matrix)
        try NpyWriter.write([] as [UInt8], shape: [0, 3], to: path)
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == FromNumPy.empty)
        #expect(folder.names == ["a.npy"])
    }

    @Test func leavesNothingBehindOnAnError() throws {
        struct Interruption: Error {}
        let folder = try ScratchFolder()
        #expect(throws: Interruption.self) {
            try NpyWriter.write(to: "\(folder.path)/a.npy", type: .uint8, shape: [4]) { output in
                try output.append([1, 2])
                throw Interruption()
            }
        }
        #expect(folder.names.isEmpty)
        #expect(
            message { try NpyWriter.write([1] as [Float], shape: [1], to: "\(folder.path)/x/a") }.contains("written"))
    }

    /// Both ways, in every type and many shapes: numpy loads what is written here with the same bytes, and what numpy
    /// saves is read here and written again to the same file.
    @Test(.enabled(if: Python.hasNumPy || Resources.required, "needs Python with numpy (ZEROTH_PYTHON)"))
    func agreesWithNumPyInBothDirections() throws {
        let folder = try ScratchFolder()
        try folder.write("make.py", Self.maker)
        let names = try Python.run(["\(folder.path)/make.py", folder.path]).split(separator: "\n").map(String.init)
        #expect(names.count == 12 * 11)
        for name in names {
            let original = "\(folder.path)/\(name).npy"
            let array = try NpyFile(path: original)
            let fields = name.split(separator: "-", omittingEmptySubsequences: false)
            #expect(array.type.name == String(fields[0]))
            #expect(array.shape.map(String.init).joined(separator: "x") == String(fields[1]))
            let copy = "\(folder.path)/\(name).copy.npy"
            try NpyWriter.write(to: copy, type: array.type, shape: array.shape) { try $0.append(array.bytes) }
            let same =
                try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(contentsOf: URL(fileURLWithPath: original))
            #expect(same, "\(name)")
        }
        try folder.write("check.py", Self.checker)
        #expect(try Python.run(["\(folder.path)/check.py", folder.path]) == "\(names.count) equal\n")
    }

    /// Saves an array of random bytes in each type and shape, and prints the names.
    private static let maker = """
        import sys, numpy
        random = numpy.random.default_rng(7)
        shapes = [(), (0,), (1,), (7,), (1000,), (3, 5), (0, 4), (4, 0), (2, 3, 4), (1,) * 32, (12345, 2)]
        names = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()
        for name in names:
            for shape in shapes:
                count = int(numpy.prod(shape, dtype=int)) * numpy.dtype(name).itemsize
                data = random.bytes(count)
                if name == "bool": data = bytes(b & 1 for b in data)
                array = numpy.frombuffer(data, name).reshape(shape)
                file = name + "-" + "x".join(map(str, shape))
                numpy.save(sys.argv[1] + "/" + file + ".npy", array)
                print(file)
        """

    /// Loads each copy and compares type, shape and bytes with the original.
    private static let checker = """
        import sys, glob, numpy
        count = 0
        for path in glob.glob(sys.argv[1] + "/*.copy.npy"):
            a, b = numpy.load(path), numpy.load(path.replace(".copy", ""))
            assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), path
            count += 1
        print(count, "equal")
        """
}
