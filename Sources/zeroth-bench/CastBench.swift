import Foundation
import Kernels
import NumberFormats

/// Casts, stochastic rounding and Gaussians on one thread beside PyTorch, ml_dtypes and NumPy, in turn, on the same data.
///
/// Times are processor times; outputs are allocated before, in large pages like NumPy's. The large buffers go through memory, the blocks stay in the second-level cache.
struct CastBench {
    private var elements = 1 << 24
    private var runs = 7
    private var python = "python3"

    /// Elements of a block that stays in the caches.
    private static let block = 1 << 16

    init(arguments: [String]) throws {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchError.usage("\(flag) needs a value") }
            switch (flag, Int(value)) {
            case ("--elements", let number?) where (1...1 << 30).contains(number) && number % Self.block == 0:
                elements = number
            case ("--elements", _):
                throw BenchError.usage("--elements takes a multiple of \(Self.block), at most \(1 << 30), not \(value)")
            case ("--runs", let number?) where number > 0: runs = number
            case ("--python", _): python = value
            default: throw BenchError.usage("\(flag) \(value) is not understood")
            }
        }
    }

    func run() throws {
        let folder = NSTemporaryDirectory() + "zeroth-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let peer = try Peer(
            python: python, script: "casts.py", arguments: [folder, "\(elements)"], needs: "torch ml_dtypes numpy")
        defer { peer.finish() }
        let kernels = Kernels(level: try KernelLevel.fromEnvironment())
        print(
            """
            zeroth (\(kernels.level)) beside \(peer.version); one thread, processor time, \(runs) runs in turn after one warm-up,
            \(elements) elements at once or as one block of \(Self.block) over and over; 10⁹ elements a second, median (least … greatest)
            """)
        let data = try ["normal", "wide"].map { ($0, try Self.floats(folder + "/\($0).f32", count: elements)) }
        for (name, x) in data {
            for format in [ElementFormat.e4m3, .e5m2, .bf16, .fp16] {
                try casts(x, name, to: format, kernels, peer, folder)
            }
        }
        try otherRules(data[0].1, kernels)
        try decoding(data[0].1, kernels, peer)
        try generators(data[0].1, kernels, peer)
    }

    /// Casts to one format, nearest even, by the rules of PyTorch: E4M3 saturates, infinities included; the others overflow to infinity.
    private func casts(
        _ x: LargeBuffer<Float>, _ name: String, to format: ElementFormat, _ kernels: Kernels, _ peer: Peer,
        _ folder: String
    ) throws {
        let environment = FloatEnvironment(overflow: format == .e4m3 ? .saturateFinite : .ieee)
        guard let cast = Float32Cast(to: format, environment) else { return }
        let codes = LargeBuffer<UInt16>(count: elements)
        for other in ["torch", "numpy"] {
            for block in [elements, Self.block] {
                try compare(
                    "FP32 → \(format.rawValue), \(name), \(block == elements ? "memory" : "cache")",
                    with: other == "torch" ? "PyTorch" : format == .fp16 ? "NumPy" : "ml_dtypes", block: block,
                    request: "time \(format.rawValue) \(other) \(name) \(block)", peer
                ) { kernels.cast(x.baseAddress, count: block, cast, into: codes.baseAddress) }
            }
            kernels.cast(x.baseAddress, count: elements, cast, into: codes.baseAddress)
            _ = try peer.answer(to: "codes \(format.rawValue) \(other) \(name)", count: 1)
            let theirs = try Data(contentsOf: URL(fileURLWithPath: folder + "/codes"))
            let (differing, notNumbers) = difference(codes, theirs, cast)
            print("      codes that differ: \(differing) of \(elements), NaNs of the peer aside: \(notNumbers)")
        }
    }

    /// Codes that differ where the peer has a number, and the peer's NaNs.
    private func difference(_ ours: LargeBuffer<UInt16>, _ theirs: Data, _ cast: Float32Cast) -> (Int, Int) {
        guard let float = cast.format.float else { return (0, 0) }
        var (differing, notNumbers) = (0, 0)
        theirs.withUnsafeBytes { theirs in
            for i in 0..<elements {
                let (own, other): (UInt32, UInt32)
                if cast.format.containerBytes == 1 {
                    (own, other) = (UInt32(ours.bytes[i]), UInt32(theirs[i]))
                } else {
                    own = UInt32(ours[i])
                    other = UInt32(theirs.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
                }
                if float.isNaN(other) {
                    notNumbers += 1
                } else if own != other {
                    differing += 1
                }
            }
        }
        return (differing, notNumbers)
    }

    /// Rules for which there is no peer.
    private func otherRules(_ x: LargeBuffer<Float>, _ kernels: Kernels) throws {
        let codes = LargeBuffer<UInt16>(count: elements)
        let words = LargeBuffer<UInt32>(count: elements)
        var source = SystemRandomNumberGenerator()
        for i in 0..<elements { words.baseAddress[i] = source.next() }
        let rules: [(String, RoundingMode, Bool)] = [
            ("nearest even, with its exceptions", .nearestEven, true), ("toward zero", .towardZero, false),
            ("up", .up, false), ("to odd", .odd, false),
            ("stochastic A, N = 16, words given", .stochasticA(bits: 16), false),
            ("stochastic C, N = 16, words given", .stochasticC(bits: 16), false),
        ]
        for (name, rounding, raisesFlags) in rules {
            let environment = FloatEnvironment(rounding: rounding, overflow: .saturateFinite)
            guard let cast = Float32Cast(to: .e4m3, environment) else { return }
            try measure("FP32 → e4m3, \(name), cache", block: Self.block) {
                kernels.cast(
                    x.baseAddress, count: Self.block, cast, random: .words(words.baseAddress), into: codes.baseAddress,
                    raisesFlags: raisesFlags)
            }
        }
    }

    private func decoding(_ x: LargeBuffer<Float>, _ kernels: Kernels, _ peer: Peer) throws {
        guard let cast = Float32Cast(to: .e4m3) else { return }
        let codes = LargeBuffer<UInt8>(count: elements)
        let values = LargeBuffer<Float>(count: elements)
        kernels.cast(x.baseAddress, count: elements, cast, into: codes.baseAddress)
        for block in [elements, Self.block] {
            try compare(
                "e4m3 → FP32, \(block == elements ? "memory" : "cache")", with: "PyTorch", block: block,
                request: "time decode torch normal \(block)", peer
            ) { kernels.decode(codes.baseAddress, .e4m3, count: block, into: values.baseAddress) }
        }
    }

    private func generators(_ x: LargeBuffer<Float>, _ kernels: Kernels, _ peer: Peer) throws {
        let streams = TensorStreams(seed: 1, step: 0, tensor: 0)
        let codes = LargeBuffer<Int8>(count: elements)
        let values = LargeBuffer<Float>(count: elements)
        let integers = LargeBuffer<Int16>(count: elements)
        for block in [elements, Self.block] {
            let place = block == elements ? "memory" : "cache"
            for bits in [16, 24] {
                try compare(
                    "FP32 → int8, stochastic, N = \(bits), Philox, \(place)",
                    with: "PyTorch uniform, add, floor, clamp",
                    block: block, request: "time int8 torch normal \(block)", peer
                ) {
                    kernels.roundStochastically(
                        x.baseAddress, count: block, factor: 40, randomBits: bits, stream: streams[.activations],
                        from: 0, into: codes.baseAddress)
                }
            }
            if let cast = Float32Cast(to: .e4m3, FloatEnvironment(rounding: .stochasticA(bits: 16))) {
                try measure("FP32 → e4m3, stochastic, N = 16, Philox, \(place)", block: block) {
                    kernels.cast(
                        x.baseAddress, count: block, cast, random: .stream(streams[.activations], first: 0),
                        into: codes.baseAddress)
                }
            }
            for (other, name) in [("numpy", "NumPy, Philox, ziggurat"), ("torch", "PyTorch normal_")] {
                try compare(
                    "Gaussian u, FP32, \(place)", with: name, block: block,
                    request: "time gauss \(other) normal \(block)", peer
                ) {
                    kernels.gaussianValues(
                        values.baseAddress, count: block, stream: streams[.perturbation], from: 0)
                }
            }
            try measure("Gaussian t, int16, \(place)", block: block) {
                kernels.gaussianIntegers(
                    integers.baseAddress, count: block, stream: streams[.perturbation], from: 0)
            }
        }
    }

    /// Seconds that all elements take in blocks.
    private func seconds(block: Int, _ work: () -> Void) -> Double {
        let start = Clock.processorOfThread()
        for _ in 0..<elements / block { work() }
        return Clock.processorOfThread() - start
    }

    private func measure(_ name: String, block: Int, _ work: () -> Void) throws {
        work()
        let ours = (0..<runs).map { _ in seconds(block: block, work) }
        print("  \(padded(name)) \(speed(ours))")
    }

    private func compare(
        _ name: String, with other: String, block: Int, request: String, _ peer: Peer, _ work: () -> Void
    ) throws {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        work()
        for _ in 0..<runs {
            ours.append(seconds(block: block, work))
            theirs.append(try peer.answer(to: request, count: 1)[0])
        }
        let ratios = zip(theirs, ours).map { $0 / $1 }.sorted()
        print(
            "  \(padded(name)) \(speed(ours))  \(other) \(speed(theirs))  ratio "
                + String(format: "%.2f× (%.2f … %.2f)", ratios[runs / 2], ratios[0], ratios[runs - 1]))
    }

    private func speed(_ seconds: [Double]) -> String {
        let speeds = seconds.map { Double(elements) / $0 * 1e-9 }.sorted()
        return String(format: "%.3f (%.3f … %.3f)", speeds[runs / 2], speeds[0], speeds[runs - 1])
    }

    private func padded(_ name: String) -> String { name.padding(toLength: 56, withPad: " ", startingAt: 0) }

    private static func floats(_ path: String, count: Int) throws -> LargeBuffer<Float> {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard data.count == 4 * count else {
            throw BenchError.peer("\(path) has \(data.count) bytes, not \(4 * count)")
        }
        let buffer = LargeBuffer<Float>(count: count)
        data.withUnsafeBytes {
            buffer.baseAddress.update(from: $0.bindMemory(to: Float.self).baseAddress!, count: count)
        }
        return buffer
    }
}
