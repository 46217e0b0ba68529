import Foundation
import Kernels
import NumberFormats

/// Floating-point matrix products in a matrix unit's arithmetic, beside the FP32 multiply-add peak and PyTorch's FP32 product.
struct FloatProductBench {
    private typealias Shape = (m: Int, n: Int, k: Int)

    private var runs = 7
    private var python: String?
    private var shapes: [Shape] = [(512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (128, 4096, 4096)]

    /// What the operands are like: the wider their exponents range, the wider sums have to be.
    private enum Numbers: String {
        /// Normally distributed, deviation 1.
        case normal
        /// Every finite code as often as any other.
        case codes
    }

    private static let cases: [(format: ElementFormat, numbers: Numbers, accumulator: ProductAccumulator)] = [
        (.e4m3, .codes, .sequential), (.e5m2, .codes, .sequential), (.bf16, .normal, .sequential),
        (.fp16, .normal, .sequential),
        (.e4m3, .codes, .grouped(4)), (.e4m3, .codes, .grouped(16)), (.e4m3, .codes, .grouped(32)),
        (.e5m2, .normal, .grouped(4)), (.e5m2, .normal, .grouped(16)), (.e5m2, .codes, .grouped(16)),
        (.bf16, .normal, .grouped(16)), (.fp16, .normal, .grouped(16)),
        (.e4m3, .codes, .exact), (.e5m2, .normal, .exact), (.e5m2, .codes, .exact), (.bf16, .normal, .exact),
        (.fp16, .normal, .exact),
        (.e4m3, .codes, .aligned(group: 32, fractionBits: 13, output: .e8m13)),
        (.e5m2, .codes, .aligned(group: 32, fractionBits: 13, output: .e8m13)),
        (.e4m3, .codes, .aligned(group: 16, fractionBits: 13, output: .e8m13)),
        (.bf16, .normal, .aligned(group: 16, fractionBits: 25, output: .fp32)),
        (.fp16, .normal, .aligned(group: 16, fractionBits: 25, output: .fp32)),
    ]

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            let sizes = value.split(separator: "x").compactMap { Int($0) }.filter { $0 > 0 }
            switch (flag, Int(value)) {
            case ("--runs", let number?) where number > 0: runs = number
            case ("--python", _): python = value
            case ("--shape", _) where sizes.count == 3: shapes = [(sizes[0], sizes[1], sizes[2])]
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        print(
            "floating-point products (\(kernels.level)), one thread, \(runs) runs after one warm-up, thread processor time; GMAC/s: median (least … greatest)"
        )
        let peer = try python.map { try peerTimes(python: $0) }
        for shape in shapes {
            print("\(shape.m) × \(shape.n), depth \(shape.k)")
            let macs = Double(shape.m * shape.n * shape.k)
            let peak = median(line("FP32 multiply-add peak", peakRates(kernels)))
            if let times = peer?[name(shape)] {
                line("PyTorch FP32 matmul", times.map { macs / $0 / 1e9 }, of: peak)
            }
            for item in Self.cases {
                let a = Self.codes(shape.m * shape.k, item.format, item.numbers, seed: 1)
                let b = Self.codes(shape.n * shape.k, item.format, item.numbers, seed: 2)
                let c = AlignedBuffer<Float>(count: shape.m * shape.n)
                let arithmetic = DotProduct(
                    item.format, item.format, accumulator: item.accumulator, order: .reentry)
                var rates: [Double] = []
                for run in 0...runs {
                    let start = Self.threadTime()
                    kernels.multiply(
                        a.baseAddress!, b.baseAddress!, rows: shape.m, columns: shape.n, depth: shape.k,
                        arithmetic: arithmetic, into: c.baseAddress, threads: 1)
                    if run > 0 { rates.append(macs / (Self.threadTime() - start) / 1e9) }
                }
                line("\(item.format.rawValue) \(Self.name(item.accumulator)), \(item.numbers)", rates, of: peak)
                a.deallocate()
                b.deallocate()
            }
        }
    }

    // MARK: Measurements

    private func peakRates(_ kernels: Kernels) -> [Double] {
        (0..<runs).map { _ in
            let start = Self.threadTime()
            let count = kernels.runFloat32MultiplyAdds(rounds: 4_000_000)
            return Double(count) / (Self.threadTime() - start) / 1e9
        }
    }

    /// Processor seconds of PyTorch's runs, by shape.
    private func peerTimes(python: String) throws -> [String: [Double]] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("peers/matmul_float32.py").path
        process.arguments = [python, script, "\(runs)"] + shapes.map(name)
        process.standardOutput = output
        try process.run()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n")
        process.waitUntilExit()
        guard process.terminationStatus == 0, lines.first?.hasPrefix("torch ") == true else {
            throw BenchError.peer("PyTorch did not run; install it with pip install torch, or name another --python")
        }
        print("peer: \(lines[0])")
        return Dictionary(
            uniqueKeysWithValues: lines.dropFirst().map { line in
                let fields = line.split(separator: " ")
                return (String(fields[0]), fields.dropFirst().compactMap { Double($0) })
            })
    }

    private static func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    // MARK: Operands

    /// Codes drawn from 65,536 ones of the distribution.
    private static func codes(
        _ count: Int, _ format: ElementFormat, _ numbers: Numbers, seed: UInt64
    ) -> UnsafeRawBufferPointer {
        let float = format.float!
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 32
        }
        let drawn: [UInt32] = (0..<65_536).map { _ in
            switch numbers {
            case .codes:
                let sign = next() % 2 == 0 ? 0 : float.signMask
                return sign | UInt32(next() % UInt64(float.largestFiniteCode + 1))
            case .normal:
                let (u, v) = ((Double(next()) + 1) / 4_294_967_297, Double(next()) / 4_294_967_296)
                let number = (-2 * log(u)).squareRoot() * cos(2 * Double.pi * v)
                return float.encode(FloatFormat.value(of: number), FloatEnvironment()).code
            }
        }
        let bytes = format.containerBytes
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * bytes, alignment: 64)
        for i in 0..<count {
            let code = drawn[Int(next() % 65_536)]
            if bytes == 1 {
                memory[i] = UInt8(truncatingIfNeeded: code)
            } else {
                memory.storeBytes(of: UInt16(truncatingIfNeeded: code), toByteOffset: 2 * i, as: UInt16.self)
            }
        }
        return UnsafeRawBufferPointer(memory)
    }

    // MARK: Lines

    private func name(_ shape: Shape) -> String { "\(shape.m)x\(shape.n)x\(shape.k)" }

    private static func name(_ accumulator: ProductAccumulator) -> String {
        switch accumulator {
        case .integer(let bits, let overflow): "\(bits)-\(overflow.rawValue)"
        case .sequential: "fp32-sequential"
        case .grouped(let group): "grouped:\(group)"
        case .aligned(let group, let bits, let output): "aligned:\(group),\(bits),\(output.rawValue)"
        case .exact: "exact"
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    @discardableResult
    private func line(_ name: String, _ rates: [Double], of peak: Double? = nil) -> [Double] {
        let sorted = rates.sorted()
        let share = peak.map { String(format: "  %4.0f %% of the peak", 100 * median(rates) / $0) } ?? ""
        print(
            "  \(name.padding(toLength: 38, withPad: " ", startingAt: 0))"
                + String(format: "%7.2f (%.2f … %.2f)", median(rates), sorted.first!, sorted.last!) + share)
        return rates
    }
}
