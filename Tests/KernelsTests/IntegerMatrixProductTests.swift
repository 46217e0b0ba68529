import Kernels
import NumberFormats
import Testing

/// Products of integer matrices in accumulators of every width: every level against the scalar reference, and both against arithmetic in Int64.
@Suite struct IntegerMatrixProductTests {
    /// One product.
    struct Case: Sendable {
        var a: IntegerMatrix.Storage
        var b: IntegerMatrix.Storage
        var m: Int
        var n: Int
        var k: Int
        var bits = 32
        var overflow = ProductAccumulator.IntegerOverflow.wrap
        var order = AccumulationOrder.reentry
    }

    /// Codes of a matrix, and the numbers they stand for.
    struct Operand {
        var bytes: [UInt8]
        var numbers: [Int32]

        /// - Parameter number: gives any Int8; of INT4 the low half counts.
        init(_ storage: IntegerMatrix.Storage, rows: Int, columns: Int, number: (Int, Int) -> Int8) {
            bytes = [UInt8](repeating: 0, count: rows * storage.bytesPerRow(columns: columns))
            numbers = []
            for i in 0..<rows {
                for j in 0..<columns {
                    let x = UInt8(bitPattern: number(i, j))
                    switch storage {
                    case .int8: bytes[i * columns + j] = x
                    case .int4: bytes[i * columns + j] = j % 2 == 0 ? x : x & 15
                    case .int4Packed: bytes[i * ((columns + 1) / 2) + j / 2] |= (x & 15) << (j % 2 == 0 ? 0 : 4)
                    }
                    let nibble = Int32(x & 15)
                    numbers.append(storage == .int8 ? Int32(Int8(bitPattern: x)) : nibble < 8 ? nibble : nibble - 16)
                }
            }
        }
    }

    static func result(_ c: Case, _ a: Operand, _ b: Operand, _ level: KernelLevel, threads: Int) -> [Int32] {
        let (a, b) = (GuardedBuffer(a.bytes), GuardedBuffer(b.bytes))
        let out = GuardedBuffer([Int32](repeating: 0x5EED_5EED, count: c.m * c.n))
        Kernels(level: level).multiply(
            IntegerMatrix(a.start, c.a, rows: c.m, columns: c.k), IntegerMatrix(b.start, c.b, rows: c.n, columns: c.k),
            bits: c.bits, overflow: c.overflow, order: c.order, into: out.start, threads: threads)
        return out.array
    }

    static func statistics(
        _ c: Case, _ a: Operand, _ b: Operand, _ level: KernelLevel, threads: Int
    ) -> IntegerStatistics {
        let (a, b) = (GuardedBuffer(a.bytes), GuardedBuffer(b.bytes))
        return Kernels(level: level).statistics(
            IntegerMatrix(a.start, c.a, rows: c.m, columns: c.k), IntegerMatrix(b.start, c.b, rows: c.n, columns: c.k),
            bits: c.bits, overflow: c.overflow, order: c.order, threads: threads)
    }

    /// The definition.
    static func expected(_ c: Case, _ a: Operand, _ b: Operand) -> (sums: [Int32], statistics: IntegerStatistics) {
        let arithmetic = DotProduct(
            c.a.format, c.b.format, accumulator: .integer(bits: c.bits, overflow: c.overflow), order: c.order)
        var statistics = IntegerStatistics()
        var sums: [Int32] = []
        for i in 0..<c.m {
            for j in 0..<c.n {
                sums.append(
                    arithmetic.integerSum(
                        a.numbers[i * c.k..<(i + 1) * c.k], b.numbers[j * c.k..<(j + 1) * c.k], statistics: &statistics)
                )
            }
        }
        return (sums, statistics)
    }

    private func check(_ c: Case, _ level: KernelLevel, _ a: Operand, _ b: Operand, threads: Int = 2) {
        let expected = Self.expected(c, a, b)
        let same = Self.result(c, a, b, level, threads: threads) == expected.sums
        #expect(same, "\(c)")
        #expect(Self.statistics(c, a, b, level, threads: threads) == expected.statistics, "\(c)")
    }

    private func random(_ c: Case, _ source: inout OperandSource) -> (Operand, Operand) {
        let (a, b) = (source.int8s(c.m * c.k), source.int8s(c.n * c.k))
        return (
            Operand(c.a, rows: c.m, columns: c.k) { a[$0 * c.k + $1] },
            Operand(c.b, rows: c.n, columns: c.k) { b[$0 * c.k + $1] }
        )
    }

    static let shapes = [
        (1, 1, 1), (1, 17, 2), (3, 5, 7), (9, 17, 33), (2, 16, 64), (3, 33, 65), (5, 18, 130), (2, 20, 257),
    ]

    @Test(arguments: KernelLevel.available)
    func everyPairOfStoragesEqualsTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 21)
        for a in IntegerMatrix.Storage.allCases {
            for b in IntegerMatrix.Storage.allCases {
                for (m, n, k) in Self.shapes {
                    for (bits, overflow) in [(32, ProductAccumulator.IntegerOverflow.wrap), (12, .saturate)] {
                        let c = Case(a: a, b: b, m: m, n: n, k: k, bits: bits, overflow: overflow)
                        let (a, b) = random(c, &source)
                        check(c, level, a, b)
                    }
                }
            }
        }
    }

    @Test(arguments: KernelLevel.available)
    func everyWidthWrapsAndSaturatesAsTheReference(level: KernelLevel) {
        var source = OperandSource(seed: 22)
        for bits in 8...32 {
            for overflow in ProductAccumulator.IntegerOverflow.allCases {
                for order in [AccumulationOrder.reentry, .blocked(1), .blocked(5), .blocked(32), .blocked(1000)] {
                    let c = Case(
                        a: .int8, b: .int8, m: 3, n: 17, k: 21 + bits, bits: bits, overflow: overflow, order: order)
                    let (a, b) = random(c, &source)
                    check(c, level, a, b)
                }
            }
        }
    }

    /// Each width reaches both ends of its range, and comes back.
    @Test(arguments: KernelLevel.available)
    func extremesReachBothEndsOfEveryWidth(level: KernelLevel) {
        for bits in 8...22 {
            // A third of the depth climbs to the end of the range and beyond.
            let k = 24 + (4 << max(0, bits - 15))
            for overflow in ProductAccumulator.IntegerOverflow.allCases {
                for order in [AccumulationOrder.reentry, .blocked(16)] {
                    let c = Case(a: .int8, b: .int8, m: 3, n: 17, k: k, bits: bits, overflow: overflow, order: order)
                    // Row 0 climbs with −128 · −128; row 1 falls; row 2 climbs, then falls, then climbs.
                    let a = Operand(.int8, rows: c.m, columns: k) { i, _ in i == 1 ? 127 : -128 }
                    let b = Operand(.int8, rows: c.n, columns: k) { _, q in q < k / 3 || q > 5 * k / 6 ? -128 : 127 }
                    check(c, level, a, b)
                    let climbing = Operand(.int8, rows: c.n, columns: k) { _, _ in -128 }
                    check(c, level, a, climbing)
                }
            }
        }
    }

    @Test(arguments: fastLevels)
    func chainsOfTheLeastNumbersEqualClosedForms(level: KernelLevel) {
        // Σ of 16,384 products of 16,384 = 2^28.
        let k = 16_384
        let numbers = Operand(.int8, rows: 1, columns: k) { _, _ in -128 }
        for bits in 8...32 {
            var c = Case(a: .int8, b: .int8, m: 1, n: 1, k: k, bits: bits, overflow: .saturate)
            let largest = Int64(1) << Int64(bits - 1) - 1
            #expect(Self.result(c, numbers, numbers, level, threads: 1) == [Int32(min(largest, 1 << 28))])
            let statistics = Self.statistics(c, numbers, numbers, level, threads: 1)
            #expect(statistics.greatest == 1 << 28 && statistics.least == 0)
            #expect(statistics.narrowestWidth == 30)
            // Each addition beyond the end saturates.
            #expect(statistics.overflows == k - min(k, Int(largest >> 14)))
            c.overflow = .wrap
            let wrapped = ((Int64(1) << 28) << Int64(64 - bits)) >> Int64(64 - bits)
            #expect(Self.result(c, numbers, numbers, level, threads: 1) == [Int32(wrapped)])
        }
        // 4-bit: −8 · −8 and −128 · −8.
        let narrow = Operand(.int4Packed, rows: 1, columns: k) { _, _ in -8 }
        let c = Case(a: .int4Packed, b: .int4Packed, m: 1, n: 1, k: k, bits: 20, overflow: .saturate)
        #expect(Self.result(c, narrow, narrow, level, threads: 1) == [524_287])
        let mixed = Case(a: .int8, b: .int4Packed, m: 1, n: 1, k: k)
        #expect(Self.result(mixed, numbers, narrow, level, threads: 1) == [Int32(k) * 1024])
    }

    /// Beyond 131,071 products a sum can leave 32 bits.
    @Test(arguments: fastLevels)
    func thirtyTwoBitsSaturateToo(level: KernelLevel) {
        let k = 131_080
        let a = Operand(.int8, rows: 1, columns: k) { _, _ in -128 }
        let b = Operand(.int8, rows: 2, columns: k) { j, q in j == 0 ? -128 : q < 131_076 ? -128 : 127 }
        for order in [AccumulationOrder.reentry, .blocked(65_536)] {
            var c = Case(a: .int8, b: .int8, m: 1, n: 2, k: k, bits: 32, overflow: .saturate, order: order)
            check(c, level, a, b)
            c.overflow = .wrap
            check(c, level, a, b)
        }
        let c = Case(a: .int8, b: .int8, m: 1, n: 2, k: k, bits: 32, overflow: .saturate)
        #expect(Self.result(c, a, b, level, threads: 1) == [.max, .max - 4 * 16_256])
        #expect(Self.statistics(c, a, b, level, threads: 1).greatest == Int64(k) << 14)
    }

    /// Deep enough for several pieces along k, wide enough for several items, against sums in Int64.
    @Test(arguments: fastLevels)
    func deepAndWideProductsEqualInt64Arithmetic(level: KernelLevel) {
        var source = OperandSource(seed: 23)
        for (m, n, k) in [(5, 18, 16_384), (5, 17, 16_381), (70, 33, 4_097), (31, 1_100, 1_040), (600, 40, 90)] {
            for storages in [(IntegerMatrix.Storage.int8, IntegerMatrix.Storage.int8), (.int4Packed, .int8)] {
                var c = Case(a: storages.0, b: storages.1, m: m, n: n, k: k)
                let (a, b) = random(c, &source)
                var exact: [Int64] = []
                a.numbers.withUnsafeBufferPointer { x in
                    b.numbers.withUnsafeBufferPointer { y in
                        for i in 0..<m {
                            for j in 0..<n {
                                var sum = 0
                                for q in 0..<k { sum += Int(x[i * k + q]) * Int(y[j * k + q]) }
                                exact.append(Int64(sum))
                            }
                        }
                    }
                }
                for threads in [1, 2, 3] {
                    let same = Self.result(c, a, b, level, threads: threads).map(Int64.init) == exact
                    #expect(same, "\(m)×\(n)×\(k), \(threads) threads")
                }
                c.bits = 17
                let wrapped = exact.map { Int32(truncatingIfNeeded: ($0 << 47) >> 47) }
                let sameBits = Self.result(c, a, b, level, threads: 2) == wrapped
                #expect(sameBits, "\(m)×\(n)×\(k), 17 bits")
            }
        }
    }

    @Test(arguments: fastLevels)
    func saturatingBitsDoNotDependOnThreads(level: KernelLevel) {
        var source = OperandSource(seed: 24)
        let c = Case(a: .int8, b: .int4, m: 300, n: 150, k: 333, bits: 14, overflow: .saturate, order: .blocked(48))
        let (a, b) = random(c, &source)
        let one = Self.result(c, a, b, level, threads: 1)
        let counts = Self.statistics(c, a, b, level, threads: 1)
        for threads in [2, 3, 7] {
            let same = Self.result(c, a, b, level, threads: threads) == one
            #expect(same, "\(threads) threads")
            #expect(Self.statistics(c, a, b, level, threads: threads) == counts)
        }
    }

    @Test(arguments: KernelLevel.available)
    func codesInContainersAreTheSameProduct(level: KernelLevel) {
        var source = OperandSource(seed: 25)
        let c = Case(a: .int4, b: .int8, m: 7, n: 20, k: 45, bits: 11, overflow: .saturate)
        let (a, b) = random(c, &source)
        var sums = [Int32](repeating: 0, count: c.m * c.n)
        let arithmetic = DotProduct(
            .int4, .int8, accumulator: .integer(bits: 11, overflow: .saturate), order: .reentry)
        Kernels(level: level).multiply(
            a.bytes, b.bytes, rows: c.m, columns: c.n, depth: c.k, arithmetic: arithmetic, into: &sums, threads: 1)
        let expected = Self.expected(c, a, b)
        #expect(sums == expected.sums)
        #expect(
            Kernels(level: level).statistics(
                a.bytes, b.bytes, rows: c.m, columns: c.n, depth: c.k, arithmetic: arithmetic, threads: 1)
                == expected.statistics)
    }

    @Test(arguments: KernelLevel.available)
    func noDepthGivesZeros(level: KernelLevel) {
        var sums: [Int32] = [1, 2, 3, 4, 5, 6]
        let bytes: [Int8] = [1]
        Kernels(level: level).multiply(
            IntegerMatrix(bytes, .int8, rows: 2, columns: 0), IntegerMatrix(bytes, .int4Packed, rows: 3, columns: 0),
            bits: 8, overflow: .saturate, order: .reentry, into: &sums, threads: 1)
        #expect(sums == [0, 0, 0, 0, 0, 0])
    }
}
