import Kernels
import NumberFormats
import Testing

/// The vector functions: every level against the reference, bit for bit but for NaNs, on buffers that end at a page which faults.
@Suite struct VectorKernelsTests {
    static let levels = KernelLevel.available.filter { $0 != .reference }
    static let reference = Kernels(level: .reference)

    /// Lengths around the sixteen lanes, and those of real networks.
    static let lengths = [1, 2, 15, 16, 17, 31, 33, 48, 63, 77, 128, 384, 401]

    /// The bits of each element, one pattern for all NaNs.
    static func bits(_ x: [Float]) -> [UInt32] { x.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern } }

    /// Rows of several kinds: ordinary, of any bits, huge, tiny, subnormal, constant, zero, with one NaN or one infinity.
    static func rows(_ count: Int, columns: Int, stride: Int, seed: UInt64) -> [Float] {
        var source = OperandSource(seed: seed)
        var x = [Float](repeating: 1e30, count: count * stride)
        for row in 0..<count {
            var values = source.floats(columns)
            switch row % 10 {
            case 1: values = source.anyFloats(columns)
            case 2: values = values.map { $0 * 0x1p120 }
            case 3: values = values.map { $0 * 0x1p-110 }
            case 4: values = values.map { $0 * 0x1p-140 }
            case 5: values = values.map { _ in 0.7 }
            case 6: values = values.map { _ in row % 20 < 10 ? 0 : -0.0 }
            case 7: values[Int(source.next() % UInt64(columns))] = .nan
            case 8: values[Int(source.next() % UInt64(columns))] = row % 20 < 10 ? .infinity : -.infinity
            case 9: values = values.map { $0 * 20 }
            default: break
            }
            for (i, value) in values.enumerated() { x[row * stride + i] = value }
        }
        return x
    }

    /// A buffer trimmed behind the last row's last element, so that reads beyond it fault.
    static func guarded<Element: BitwiseCopyable>(
        _ x: [Element], rows: Int, columns: Int, stride: Int
    ) -> GuardedBuffer<Element> {
        GuardedBuffer(Array(x[..<max(0, (rows - 1) * stride + columns)]))
    }

    @Test(arguments: levels)
    func quantizedRowsEqualTheReference(level: KernelLevel) {
        for columns in Self.lengths {
            let (rows, stride, codeStride) = (20, columns + 3, columns + 5)
            let x = Self.guarded(
                Self.rows(rows, columns: columns, stride: stride, seed: UInt64(columns)), rows: rows,
                columns: columns, stride: stride)
            func run(_ kernels: Kernels) -> ([Int8], [UInt32]) {
                let codes = Self.guarded(
                    [Int8](repeating: 99, count: rows * codeStride), rows: rows, columns: columns, stride: codeStride)
                let scales = GuardedBuffer([Float](repeating: 0, count: rows))
                kernels.quantizeRows(
                    x.start, rowStride: stride, rows: rows, columns: columns, codes: codes.start,
                    codeStride: codeStride, scales: scales.start)
                return (codes.array, Self.bits(scales.array))
            }
            #expect(run(Kernels(level: level)) == run(Self.reference), "\(columns) columns")
        }
    }

    @Test(arguments: levels)
    func quantizedColumnsEqualTheReference(level: KernelLevel) {
        for columns in [1, 8, 16, 31, 32, 64] {
            for (validRows, rows, codeStride) in [
                (0, 4, 5), (1, 1, 1), (7, 16, 16), (16, 16, 20), (17, 33, 64), (77, 128, 128),
            ] {
                // Transposed, so that columns are of the several kinds.
                let stride = columns + 2
                let kinds = Self.rows(columns, columns: max(rows, 1), stride: rows, seed: UInt64(columns * rows))
                var x = [Float](repeating: .nan, count: rows * stride)
                for r in 0..<validRows {
                    for c in 0..<columns { x[r * stride + c] = kinds[c * rows + r] }
                }
                let input = Self.guarded(x, rows: rows, columns: columns, stride: stride)
                func run(_ kernels: Kernels) -> ([Int8], [UInt32]) {
                    let codes = GuardedBuffer([Int8](repeating: 99, count: columns * codeStride))
                    let scales = GuardedBuffer([Float](repeating: 0, count: columns))
                    kernels.quantizeColumns(
                        input.start, rowStride: stride, validRows: validRows, rows: rows, columns: columns,
                        codes: codes.start, codeStride: codeStride, scales: scales.start)
                    return (codes.array, Self.bits(scales.array))
                }
                #expect(run(Kernels(level: level)) == run(Self.reference), "\(columns) columns, \(validRows) rows")
            }
        }
    }

    @Test(arguments: levels)
    func softmaxEqualsTheReference(level: KernelLevel) {
        for columns in Self.lengths {
            for valid in Set([0, 1, columns / 2, columns - 1, columns]) {
                let (rows, stride) = (20, columns + 1)
                let x = Self.rows(rows, columns: columns, stride: stride, seed: UInt64(columns + valid))
                func run(_ kernels: Kernels) -> [UInt32] {
                    let out = Self.guarded(x, rows: rows, columns: columns, stride: stride)
                    kernels.softmaxRows(
                        out.start, rowStride: stride, rows: rows, columns: columns, valid: valid, factor: 0.176_776_7)
                    return Self.bits(out.array)
                }
                #expect(run(Kernels(level: level)) == run(Self.reference), "\(valid) of \(columns)")
            }
        }
    }

    @Test(arguments: levels)
    func layerNormEqualsTheReferenceAlsoInPlace(level: KernelLevel) {
        for columns in Self.lengths {
            let rows = 20
            let h = Self.rows(rows, columns: columns, stride: columns, seed: 1)
            let y = Self.rows(rows, columns: columns, stride: columns, seed: 2)
            let gamma = GuardedBuffer(Self.rows(1, columns: columns, stride: columns, seed: 3))
            let beta = GuardedBuffer(Self.rows(1, columns: columns, stride: columns, seed: 4))
            func run(_ kernels: Kernels, residual: Bool, alias: Int) -> [UInt32] {
                let first = GuardedBuffer(h)
                let second = GuardedBuffer(y)
                let third = GuardedBuffer([Float](repeating: 0, count: h.count))
                let out = [third, second, first][alias]
                kernels.addLayerNorm(
                    residual: residual ? UnsafePointer(first.start) : nil, second.start, gamma: gamma.start,
                    beta: beta.start, epsilon: 1e-12, rows: rows, columns: columns, out: out.start)
                return Self.bits(out.array)
            }
            for residual in [false, true] {
                let expected = run(Self.reference, residual: residual, alias: 0)
                for alias in 0...(residual ? 2 : 1) {
                    #expect(run(Kernels(level: level), residual: residual, alias: alias) == expected, "\(columns)")
                }
            }
        }
    }

    @Test(arguments: levels)
    func expAndGeluEqualTheReferenceOnFloatsOfAllKinds(level: KernelLevel) {
        // Every 4093rd bit pattern, a million in all, and the neighbourhoods where exp and gelu change their ways.
        var x = stride(from: UInt32(0), to: .max, by: 4093).map(Float.init(bitPattern:))
        for edge in [88.722835, 89, -87.33655, -103.97208, -104, 16, -16, -13.2, 0, 1e-38] as [Float] {
            var value = edge
            for _ in 0..<50 { value = value.nextDown }
            for _ in 0..<100 {
                x.append(value)
                value = value.nextUp
            }
        }
        func run(_ kernels: Kernels, _ body: (Kernels, UnsafeMutablePointer<Float>, Int) -> Void) -> [UInt32] {
            let out = GuardedBuffer(x)
            body(kernels, out.start, x.count)
            return Self.bits(out.array)
        }
        let kernels = Kernels(level: level)
        #expect(run(kernels) { $0.exp($1, count: $2) } == run(Self.reference) { $0.exp($1, count: $2) })
        #expect(run(kernels) { $0.gelu($1, count: $2) } == run(Self.reference) { $0.gelu($1, count: $2) })
        for count in 0..<40 {
            let few = GuardedBuffer(Array(x[..<count]))
            kernels.gelu(few.start, count: count)
            #expect(Self.bits(few.array) == Self.bits(x[..<count].map(VectorFunctions.gelu)))
        }
    }

    @Test(arguments: levels)
    func geluThenQuantizeEqualsBothInTurn(level: KernelLevel) {
        let kernels = Kernels(level: level)
        for columns in [5, 64, 1537] {
            let (rows, stride) = (10, columns + 2)
            let x = Self.rows(rows, columns: columns, stride: stride, seed: 9)
            let fused = Self.guarded(x, rows: rows, columns: columns, stride: stride)
            let turns = Self.guarded(x, rows: rows, columns: columns, stride: stride)
            let codes = (0..<2).map { _ in GuardedBuffer([Int8](repeating: 0, count: rows * columns)) }
            let scales = (0..<2).map { _ in GuardedBuffer([Float](repeating: 0, count: rows)) }
            kernels.geluQuantizeRows(
                fused.start, rowStride: stride, rows: rows, columns: columns, codes: codes[0].start,
                codeStride: columns, scales: scales[0].start)
            for row in 0..<rows { Self.reference.gelu(turns.start + row * stride, count: columns) }
            Self.reference.quantizeRows(
                turns.start, rowStride: stride, rows: rows, columns: columns, codes: codes[1].start,
                codeStride: columns, scales: scales[1].start)
            #expect(codes[0].array == codes[1].array)
            #expect(Self.bits(scales[0].array) == Self.bits(scales[1].array))
            #expect(Self.bits(fused.array) == Self.bits(turns.array))
        }
    }

    @Test(arguments: levels)
    func meanPoolEqualsTheReference(level: KernelLevel) {
        for columns in Self.lengths {
            for validRows in [1, 2, 20] {
                let stride = columns + 4
                let x = Self.guarded(
                    Self.rows(validRows, columns: columns, stride: stride, seed: 11), rows: validRows,
                    columns: columns, stride: stride)
                func run(_ kernels: Kernels) -> [UInt32] {
                    let out = GuardedBuffer([Float](repeating: 0, count: columns))
                    kernels.meanPool(
                        x.start, rowStride: stride, validRows: validRows, columns: columns, out: out.start)
                    return Self.bits(out.array)
                }
                #expect(run(Kernels(level: level)) == run(Self.reference), "\(columns)")
            }
        }
    }

    @Test(arguments: levels)
    func embeddingEqualsTheReference(level: KernelLevel) {
        for columns in [1, 16, 50, 384] {
            let (vocabulary, rows) = (30, 12)
            let word = GuardedBuffer(Self.rows(vocabulary, columns: columns, stride: columns, seed: 5))
            let position = GuardedBuffer(Self.rows(rows, columns: columns, stride: columns, seed: 6))
            let type = GuardedBuffer(Self.rows(1, columns: columns, stride: columns, seed: 7))
            let gamma = GuardedBuffer(Self.rows(1, columns: columns, stride: columns, seed: 8))
            let tokens = GuardedBuffer((0..<rows).map { Int32($0 * 29 % vocabulary) })
            func run(_ kernels: Kernels) -> [UInt32] {
                let out = GuardedBuffer([Float](repeating: 0, count: rows * columns))
                kernels.embed(
                    tokens: tokens.start, rows: rows, word: word.start, vocabulary: vocabulary,
                    position: position.start, type: type.start, gamma: gamma.start, beta: type.start, epsilon: 1e-5,
                    columns: columns, out: out.start)
                return Self.bits(out.array)
            }
            #expect(run(Kernels(level: level)) == run(Self.reference), "\(columns)")
        }
    }
}
