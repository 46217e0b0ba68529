import Foundation
import Kernels
import NumberFormats

/// Integer matrix products beside PyTorch's, on the same operands, in turn with it and with the instruction peak.
///
/// On one thread times are processor times. On several they are wall times, which other work on the machine lengthens; the processor time a thread is
/// given beside them.
struct ProductBench {
    private var runs = 7
    private var python = "python3"
    private var threads = 2
    private var shapes = [
        Shape(m: 512, n: 512, k: 512), Shape(m: 1024, n: 1024, k: 1024), Shape(m: 2048, n: 2048, k: 2048),
        Shape(m: 4096, n: 4096, k: 4096), Shape(m: 128, n: 4096, k: 4096), Shape(m: 2048, n: 4096, k: 11008),
    ]

    /// A product's sizes.
    private struct Shape {
        var m: Int
        var n: Int
        var k: Int

        var name: String { "\(m) × \(n) × \(k)" }
        var macs: Double { Double(m) * Double(n) * Double(k) }
        /// Products of one run: small ones are done several times.
        var repeats: Int { max(1, Int(4e9 / macs)) }
    }

    /// Seconds of one run.
    private struct Time {
        var wall: Double
        var processor: Double

        static func of(repeats: Int = 1, _ work: () -> Void) -> Time {
            let (wall, processor) = (Clock.wall(), Clock.processorOfProcess())
            for _ in 0..<repeats { work() }
            let times = Double(repeats)
            return Time(
                wall: (Clock.wall() - wall) / times, processor: (Clock.processorOfProcess() - processor) / times)
        }
    }

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--runs", let number?) where number > 0: runs = number
            case ("--threads", let number?) where number > 0: threads = number
            case ("--python", _): python = value
            case ("--shape", _):
                let sizes = value.split(separator: "x").compactMap { Int($0) }.filter { $0 > 0 }
                guard sizes.count == 3 else { throw BenchError.usage("--shape takes MxNxK, for instance 512x512x512") }
                shapes = [Shape(m: sizes[0], n: sizes[1], k: sizes[2])]
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let folder = NSTemporaryDirectory() + "zeroth-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let peer = try Peer(python: python, script: "products.py", arguments: [folder], needs: "torch numpy")
        defer { peer.finish() }
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        print(
            """
            zeroth (\(kernels.level)) beside \(peer.version); \(runs) runs in turn after one warm-up; GMAC/s, median (least … greatest)
            one thread: processor time; \(threads) threads: wall time, and in brackets processor time a thread
            """)
        for shape in shapes {
            _ = try peer.answer(to: "make \(shape.m) \(shape.n) \(shape.k)", count: 1)
            let a = try Self.bytes(folder + "/a", count: shape.m * shape.k)
            let b = try Self.bytes(folder + "/b", count: shape.n * shape.k)
            print("\n\(shape.name)")
            try compare(shape, a, b, kernels, peer, folder)
            try others(shape, a, b, kernels)
        }
    }

    private static func bytes(_ path: String, count: Int) throws -> LargeBuffer<UInt8> {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard data.count == count else { throw BenchError.peer("\(path) has \(data.count) bytes, not \(count)") }
        let buffer = LargeBuffer<UInt8>(count: count)
        _ = data.copyBytes(to: UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count))
        return buffer
    }

    /// INT8 beside the peer and the peak.
    private func compare(
        _ shape: Shape, _ a: LargeBuffer<UInt8>, _ b: LargeBuffer<UInt8>, _ kernels: Kernels, _ peer: Peer,
        _ folder: String
    ) throws {
        let (a, b) = operands(shape, a, b)
        let c = LargeBuffer<Int32>(count: shape.m * shape.n)
        var single = 0.0
        for count in Set([1, threads]).sorted() {
            var (ours, theirs, peaks): ([Time], [Time], [Double]) = ([], [], [])
            for run in 0...runs {
                let own = Time.of(repeats: shape.repeats) {
                    kernels.multiply(
                        a, b, bits: 32, overflow: .wrap, order: .reentry, into: c.baseAddress, threads: count)
                }
                let answer = try peer.answer(to: "time \(count) \(shape.repeats)", count: 2)
                let peak = peak(kernels, threads: count)
                guard run > 0 else { continue }
                ours.append(own)
                theirs.append(Time(wall: answer[0], processor: answer[1]))
                peaks.append(peak)
            }
            show("int8, \(count) thread(s)", shape.macs, ours, threads: count)
            show("  PyTorch", shape.macs, theirs, threads: count)
            if peaks[0] > 0 { print(Self.line("  peak", peaks)) }
            let own = rates(shape.macs, ours, threads: count)
            let ratios = zip(own, rates(shape.macs, theirs, threads: count)).map { $0 / $1 }
            print(Self.line("  times PyTorch", ratios, digits: 2))
            if peaks[0] > 0 { print(Self.line("  of the peak", zip(own, peaks).map { $0 / $1 }, digits: 2)) }
            if count == 1 { single = Self.median(ours.map { shape.macs / $0.wall }) }
            if count > 1 {
                let wall = Self.median(ours.map { shape.macs / $0.wall })
                let alone = (0..<runs).map { _ in self.peak(kernels, threads: 1, wall: true) }
                let together = (0..<runs).map { _ in self.peak(kernels, threads: count, wall: true) }
                let loop = Self.median(together) / max(1e-9, Self.median(alone))
                print(
                    "  \(count) threads / 1, wall: \(Self.number(wall / single, 2)); a loop without memory: "
                        + Self.number(loop, 2))
            }
        }
        _ = try peer.answer(to: "sums", count: 1)
        let theirs = try Data(contentsOf: URL(fileURLWithPath: folder + "/c"))
        let same = theirs.withUnsafeBytes { memcmp($0.baseAddress!, c.baseAddress, $0.count) == 0 }
        print("  sums \(same && theirs.count == 4 * c.count ? "equal" : "DIFFER from") the peer's, all \(c.count)")
    }

    private func operands(
        _ shape: Shape, _ a: LargeBuffer<UInt8>, _ b: LargeBuffer<UInt8>
    ) -> (IntegerMatrix, IntegerMatrix) {
        (
            IntegerMatrix(a.baseAddress, .int8, rows: shape.m, columns: shape.k),
            IntegerMatrix(b.baseAddress, .int8, rows: shape.n, columns: shape.k)
        )
    }

    /// What has no peer: INT4, groups, saturation, statistics.
    private func others(
        _ shape: Shape, _ a: LargeBuffer<UInt8>, _ b: LargeBuffer<UInt8>, _ kernels: Kernels
    ) throws {
        let (wideA, wideB) = operands(shape, a, b)
        // Any bytes are packed INT4 codes.
        let narrowA = IntegerMatrix(a.baseAddress, .int4Packed, rows: shape.m, columns: shape.k)
        let narrowB = IntegerMatrix(b.baseAddress, .int4Packed, rows: shape.n, columns: shape.k)
        let c = LargeBuffer<Int32>(count: shape.m * shape.n)
        let y = LargeBuffer<Float>(count: shape.m * shape.n)
        for count in Set([1, threads]).sorted() {
            func measure(_ name: String, macs: Double = shape.macs, _ work: () -> Void) {
                work()
                show(
                    name + ", \(count) thread(s)", macs,
                    (0..<runs).map { _ in Time.of(repeats: macs < 5e8 ? 8 : 1, work) }, threads: count)
            }
            func product(_ name: String, _ a: IntegerMatrix, _ b: IntegerMatrix) {
                measure(name) {
                    kernels.multiply(
                        a, b, bits: 32, overflow: .wrap, order: .reentry, into: c.baseAddress, threads: count)
                }
            }
            product("int8 again", wideA, wideB)
            product("int8 · int4 packed (W4A8)", wideA, narrowB)
            product("int4 packed · int4 packed", narrowA, narrowB)
            for groupSize in [32, 64, 128] {
                let groups = (shape.k + groupSize - 1) / groupSize
                let scales = [Float](repeating: 0.01, count: max(shape.m, shape.n * groups))
                measure("W4A8 linear, groups of \(groupSize)") {
                    kernels.groupedLinear(
                        wideA, rowScales: scales, narrowB, groupSize: groupSize, columnScales: scales, bias: scales,
                        into: y.baseAddress, threads: count)
                }
            }
            // Chains are slower: of large products some rows will do.
            let rows = max(1, min(shape.m, Int(2e9) / (shape.n * shape.k)))
            let part = IntegerMatrix(a.baseAddress, .int8, rows: rows, columns: shape.k)
            let macs = Double(rows) * Double(shape.n) * Double(shape.k)
            for (name, bits, order) in [
                ("24-saturate", 24, AccumulationOrder.reentry), ("24-saturate, blocked:32", 24, .blocked(32)),
                ("16-saturate", 16, .reentry),
            ] {
                measure("int8 \(name), \(rows) rows", macs: macs) {
                    kernels.multiply(
                        part, wideB, bits: bits, overflow: .saturate, order: order, into: c.baseAddress, threads: count)
                }
            }
            measure("int8 24-saturate statistics, \(rows) rows", macs: macs) {
                _ = kernels.statistics(part, wideB, bits: 24, overflow: .saturate, order: .reentry, threads: count)
            }
        }
    }

    /// The instruction peak of some threads in GMAC/s.
    private func peak(_ kernels: Kernels, threads: Int, wall: Bool = false) -> Double {
        let iterations = kernels.level == .amx ? 1 << 18 : 1 << 20
        guard kernels.runPeakInt8(iterations: 1) > 0 else { return 0 }
        let macs = Double(kernels.runPeakInt8(iterations: 1) * iterations * 8 * threads)
        let time = Time.of {
            parallelFor(8 * threads, threads: threads) { _ in _ = kernels.runPeakInt8(iterations: iterations) }
        }
        return macs / (threads > 1 || wall ? time.wall : time.processor) / 1e9
    }

    private func rates(_ macs: Double, _ times: [Time], threads: Int) -> [Double] {
        times.map { macs / (threads > 1 ? $0.wall : $0.processor) / 1e9 }
    }

    private func show(_ name: String, _ macs: Double, _ times: [Time], threads: Int) {
        var line = Self.line(name, rates(macs, times, threads: threads))
        if threads > 1 {
            let byProcessor = Self.median(times.map { macs / ($0.processor / Double(threads)) / 1e9 })
            line += " [\(Self.number(byProcessor, 1))]"
        }
        print(line)
    }

    private static func line(_ name: String, _ values: [Double], digits: Int = 1) -> String {
        let range = "(\(number(values.min() ?? 0, digits)) … \(number(values.max() ?? 0, digits)))"
        return "  \(name.padding(toLength: 48, withPad: " ", startingAt: 0)) \(number(median(values), digits)) \(range)"
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
