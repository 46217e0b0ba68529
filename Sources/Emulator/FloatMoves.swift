import Kernels
import NumberFormats

/// What one QuZO step does to the floating-point weights of one matrix (docs/semantics.md, section 13).
struct FloatMoves: Sendable {
    let settings: QuZOSettings
    let step: Int
    /// The number under which the matrix draws.
    let number: Int
    let columns: Int
    let format: ElementFormat
    /// s_w of each row; empty where the format has none.
    let scales: [Float]
    let kernels: Kernels
    let threads: Int

    /// Weights cast to their format, with how many were beyond its largest number.
    struct Cast {
        let weights: TensorValues
        let limited: Int
    }

    // MARK: Passes

    /// R(fl(v ± fl(a·u₁))) of one query.
    ///
    /// - Parameter v: [rows, columns], the numbers at scale 1.
    func perturbed(
        _ v: AlignedBuffer<Float>, query: Int
    ) -> (plus: Cast, minus: Cast, perturbed: Int) {
        let plus = AlignedBuffer<Float>(uninitializedCount: v.count)
        let minus = AlignedBuffer<Float>(uninitializedCount: v.count)
        let multipliers = (0..<v.count / columns).map { row in
            Float(settings.size.magnitude / scale(row) * settings.bits.scale)
        }
        let streams = streams(query: query)
        let (source, up, down, columns) = (v.shared, plus.shared, minus.shared, columns)
        let bits = settings.bits
        forEachRow(v.count) { row in
            var codes = PerturbationCodes(streams, rounding: .firstRounding, bits: bits)
            let multiplier = multipliers[row]
            for i in row * columns..<(row + 1) * columns {
                let move = multiplier * Float(codes.code(at: i))
                up[i] = source[i] + move
                down[i] = source[i] - move
            }
        }
        let cast = stochastic
        let results = [plus, minus].map { self.cast($0, cast, .stream(streams[.gridRounding], first: 0)) }
        let (left, right) = (results[0].weights.numbers(of: format), results[1].weights.numbers(of: format))
        let different = (0..<v.count).count { left[$0] != right[$0] }
        return (results[0], results[1], different)
    }

    // MARK: The update

    /// v after all queries' steps, one after another, and one cast.
    func updated(_ v: AlignedBuffer<Float>, differences: [Float], learningRate: Double) -> Cast {
        let sums = AlignedBuffer<Float>(v.elements)
        let (target, columns, bits) = (sums.shared, columns, settings.bits)
        for (query, difference) in differences.enumerated() {
            let share =
                Double(difference) / (2 * settings.size.magnitude) * learningRate * settings.bits.scale
                / Double(differences.count)
            let multipliers = (0..<v.count / columns).map { Float(share / scale($0)) }
            let streams = streams(query: query)
            let rounding = settings.estimator.secondPurpose
            forEachRow(v.count) { row in
                let multiplier = multipliers[row]
                guard !multiplier.isNaN else { return }
                var codes = PerturbationCodes(streams, rounding: rounding, bits: bits)
                for i in row * columns..<(row + 1) * columns {
                    target[i] = target[i] - multiplier * Float(codes.code(at: i))
                }
            }
        }
        guard settings.rounding == .stochastic else { return cast(sums, nearest, .none) }
        return cast(sums, stochastic, .stream(streams(query: 0)[.update], first: 0))
    }

    // MARK: Parts

    private func scale(_ row: Int) -> Double { scales.isEmpty ? 1 : Double(scales[row]) }

    private func streams(query: Int) -> TensorStreams {
        TensorStreams(seed: settings.seed, step: UInt32(step), query: UInt16(query), tensor: UInt16(number))
    }

    private var stochastic: FloatEnvironment {
        FloatEnvironment(rounding: .stochasticA(bits: 16), overflow: .saturateFinite)
    }

    private var nearest: FloatEnvironment { FloatEnvironment(overflow: .saturateFinite) }

    private func forEachRow(_ count: Int, _ body: @Sendable (Int) -> Void) {
        inPieces(count / columns, of: max(1, 8192 / columns), threads: threads) { rows in
            for row in rows { body(row) }
        }
    }

    private func cast(
        _ x: AlignedBuffer<Float>, _ environment: FloatEnvironment, _ random: RoundingBits
    ) -> Cast {
        guard format != .fp32, let cast = Float32Cast(to: format, environment) else {
            return Cast(weights: .numbers(x), limited: 0)
        }
        let largest = format.largestCode
        let limited = x.elements.count { abs($0) > largest }
        if format.containerBytes == 1 {
            let codes = AlignedBuffer<Int8>(uninitializedCount: x.count)
            kernels.cast(x.baseAddress, count: x.count, cast, random: random, into: codes.baseAddress)
            return Cast(weights: .codes(codes), limited: limited)
        }
        let words = AlignedBuffer<UInt16>(uninitializedCount: x.count)
        kernels.cast(x.baseAddress, count: x.count, cast, random: random, into: words.baseAddress)
        kernels.decode(words.baseAddress, format, count: x.count, into: x.baseAddress)
        return Cast(weights: .numbers(x), limited: limited)
    }
}

/// u₁ or u₂ of a tensor's elements, a block of draws at a time (docs/semantics.md, section 5).
struct PerturbationCodes {
    private let gaussian: RandomStream
    private let rounding: RandomStream
    private let bits: PerturbationBits
    private var words: (block: Int, words: SIMD4<UInt32>) = (-1, .zero)
    private var halves: (block: Int, words: SIMD4<UInt32>) = (-1, .zero)

    init(_ streams: TensorStreams, rounding: RandomPurpose, bits: PerturbationBits) {
        gaussian = streams[.perturbation]
        self.rounding = streams[rounding]
        self.bits = bits
    }

    /// The code of an element; neighbours share blocks.
    mutating func code(at element: Int) -> Int32 {
        if words.block != element >> 2 { words = (element >> 2, gaussian.block(UInt64(element >> 2))) }
        if halves.block != element >> 3 { halves = (element >> 3, rounding.block(UInt64(element >> 3))) }
        let pair = halves.words[element >> 1 & 3]
        return IrwinHallGaussian.code(
            integer: IrwinHallGaussian.integer(word: words.words[element & 3]), bits: bits,
            random: UInt16(truncatingIfNeeded: element & 1 == 0 ? pair : pair >> 16))
    }
}

extension TensorValues {
    /// The numbers at scale 1: those of a format's codes, or the numbers themselves.
    func numbers(of format: ElementFormat) -> AlignedBuffer<Float> {
        guard case .codes(let codes) = self else { return numbers }
        let table = format.codeNumbers
        let result = AlignedBuffer<Float>(uninitializedCount: codes.count)
        for i in 0..<codes.count { result[i] = table[Int(UInt8(bitPattern: codes[i]))] }
        return result
    }
}
