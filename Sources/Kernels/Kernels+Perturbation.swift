import CKernels
import NumberFormats

/// What a perturbation did to a range of weights. Sums of ranges are statistics of their union.
public struct PerturbationStatistics: Hashable, Sendable {
    /// Weights with d ≠ 0.
    public var moved: UInt64
    /// Weights whose k + d lay outside ±M.
    public var clampedPlus: UInt64
    /// Weights whose k − d lay outside ±M.
    public var clampedMinus: UInt64
    /// Σ d², exact, in grid steps squared.
    public var squareSum: UInt64

    public init(moved: UInt64 = 0, clampedPlus: UInt64 = 0, clampedMinus: UInt64 = 0, squareSum: UInt64 = 0) {
        self.moved = moved
        self.clampedPlus = clampedPlus
        self.clampedMinus = clampedMinus
        self.squareSum = squareSum
    }

    public static func + (left: Self, right: Self) -> Self {
        Self(
            moved: left.moved + right.moved, clampedPlus: left.clampedPlus + right.clampedPlus,
            clampedMinus: left.clampedMinus + right.clampedMinus, squareSum: left.squareSum + right.squareSum)
    }
}

/// What an update did to a range of weights. Sums of ranges are statistics of their union.
public struct UpdateStatistics: Hashable, Sendable {
    /// Weights whose code changed.
    public var moved: UInt64
    /// Weights whose code would have left ±M.
    public var clamped: UInt64

    public init(moved: UInt64 = 0, clamped: UInt64 = 0) {
        self.moved = moved
        self.clamped = clamped
    }

    public static func + (left: Self, right: Self) -> Self {
        Self(moved: left.moved + right.moved, clamped: left.clamped + right.clamped)
    }
}

/// Perturbation and update of INT8 and INT4 weights (docs/semantics.md, sections 4, 5, 6 and 10).
///
/// Calls cover a range of elements, so several threads share one tensor; ranges that begin and end at multiples of 256 are fastest. All pointers are
/// those of element 0 of the tensor, and no element outside the range is touched. Multipliers are one for each row, or one for all.
extension Kernels {
    /// Writes the weights that both passes read, k₊ = clamp(k + d, M) and k₋ = clamp(k − d, M), for a range of a tensor.
    ///
    /// - Parameters:
    ///   - codes: k, row-major.
    ///   - elements: The range, within 0 ..< rows · columns.
    ///   - columns: Elements in a row, > 0.
    ///   - multipliers: c_d of ``PerturbationScalars``, each 0 < c_d < 2²⁴.
    ///   - bits: Bits of the perturbation code u₁.
    ///   - streams: The random streams of this tensor, step and query.
    ///   - plus: k₊, or nil; it may be `codes`.
    ///   - minus: k₋, or nil; it may be `codes`.
    ///   - limit: M, the largest code, 1…127: 127 for INT8, 7 for INT4.
    public func perturb(
        _ codes: UnsafePointer<Int8>, elements: Range<Int>, columns: Int, multipliers: UnsafeBufferPointer<Int32>,
        bits: PerturbationBits, streams: TensorStreams, plus: UnsafeMutablePointer<Int8>?,
        minus: UnsafeMutablePointer<Int8>?, limit: Int32 = 127
    ) -> PerturbationStatistics {
        let multiplier = checkedMultipliers(multipliers, elements: elements, columns: columns)
        guard level == .reference else {
            var range = tensorRange(
                elements, columns: columns, multipliers: multipliers, bits: bits, streams: streams, base: multiplier,
                limit: limit)
            return PerturbationStatistics(zk_perturb(Int32(level.rawValue), &range, codes, plus, minus))
        }
        var statistics = PerturbationStatistics()
        for e in elements {
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: e))
            let u = IrwinHallGaussian.code(integer: t, bits: bits, random: streams[.firstRounding].half(at: e))
            let d = WeightPerturbation.gridSteps(
                code: u, multiplier: multiplier[multipliers.count == 1 ? 0 : e / columns],
                random: streams[.gridRounding].half(at: e))
            statistics = statistics + Self.move(codes, at: e, by: d, limit: limit, plus: plus, minus: minus)
        }
        return statistics
    }

    /// Subtracts c_g·u₂ / 2²⁴ grid steps, rounded onto the grid, from a range of a tensor's weights in place.
    ///
    /// - Parameters:
    ///   - codes: k, row-major, overwritten.
    ///   - residuals: e of each weight, row-major: Int8 for `residual(.eight)`, Int16 for `residual(.sixteen)`, 0 at first, overwritten;
    ///     nil for the other roundings.
    ///   - elements: The range, within 0 ..< rows · columns.
    ///   - columns: Elements in a row, > 0.
    ///   - multipliers: c_g of ``UpdateScalars``.
    ///   - bits: Bits of the perturbation code u₂.
    ///   - rounding: How a step is rounded.
    ///   - streams: The random streams of this tensor, step and query, the same as in the passes.
    ///   - estimator: Which rounding of u is read.
    ///   - limit: M, the largest code, 1…127.
    public func update(
        _ codes: UnsafeMutablePointer<Int8>, residuals: UnsafeMutableRawPointer?, elements: Range<Int>, columns: Int,
        multipliers: UnsafeBufferPointer<Int32>, bits: PerturbationBits, rounding: UpdateRounding,
        streams: TensorStreams, estimator: GradientEstimator = .qRGE2, limit: Int32 = 127
    ) -> UpdateStatistics {
        let multiplier = checkedMultipliers(multipliers, elements: elements, columns: columns)
        let code = Self.code(of: rounding)
        precondition(code < 8 || residuals != nil, "a residual-carrying update needs residuals")
        guard level == .reference else {
            var range = tensorRange(
                elements, columns: columns, multipliers: multipliers, bits: bits, streams: streams, base: multiplier,
                limit: limit, estimator: estimator)
            return UpdateStatistics(zk_update(Int32(level.rawValue), &range, codes, residuals, code))
        }
        var statistics = UpdateStatistics()
        for e in elements {
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: e))
            let u = IrwinHallGaussian.code(integer: t, bits: bits, random: streams[estimator.secondPurpose].half(at: e))
            let result = WeightUpdate.updated(
                codes[e], residual: Self.residual(residuals, at: e, rounding: rounding), code: u,
                multiplier: multiplier[multipliers.count == 1 ? 0 : e / columns],
                random: streams[.update].half(at: e), rounding: rounding, limit: limit)
            statistics.moved += result.code != codes[e] ? 1 : 0
            statistics.clamped += result.isClamped ? 1 : 0
            codes[e] = result.code
            Self.setResidual(residuals, at: e, rounding: rounding, to: result.residual)
        }
        return statistics
    }

    /// How the kernels spell a rounding; from 8 on it keeps residuals.
    static func code(of rounding: UpdateRounding) -> Int32 {
        switch rounding {
        case .stochastic: Int32(ZK_ROUNDING_STOCHASTIC)
        case .nearest: Int32(ZK_ROUNDING_NEAREST)
        case .residual(let width): Int32(width.rawValue)
        }
    }

    /// The reference's k₊ and k₋ of one element, and what became of them.
    static func move(
        _ codes: UnsafePointer<Int8>, at e: Int, by d: Int32, limit: Int32, plus: UnsafeMutablePointer<Int8>?,
        minus: UnsafeMutablePointer<Int8>?
    ) -> PerturbationStatistics {
        let k = codes[e]
        let up = WeightPerturbation.perturbed(k, by: d, limit: limit)
        let down = WeightPerturbation.perturbed(k, by: -d, limit: limit)
        plus?[e] = up
        minus?[e] = down
        return PerturbationStatistics(
            moved: d != 0 ? 1 : 0, clampedPlus: Int32(up) != Int32(k) + d ? 1 : 0,
            clampedMinus: Int32(down) != Int32(k) - d ? 1 : 0, squareSum: UInt64(Int64(d) * Int64(d)))
    }

    func checkedMultipliers(
        _ multipliers: UnsafeBufferPointer<Int32>, elements: Range<Int>, columns: Int
    ) -> UnsafePointer<Int32> {
        precondition(elements.lowerBound >= 0 && elements.upperBound < 1 << 48 && columns > 0, "elements of a tensor")
        precondition(
            multipliers.count == 1 || multipliers.count * columns >= elements.upperBound,
            "a multiplier for each row, or one for all")
        guard let base = multipliers.baseAddress else { preconditionFailure("a tensor has a multiplier") }
        return base
    }

    func tensorRange(
        _ elements: Range<Int>, columns: Int, multipliers: UnsafeBufferPointer<Int32>, bits: PerturbationBits,
        streams: TensorStreams, base: UnsafePointer<Int32>, limit: Int32 = 127, estimator: GradientEstimator = .qRGE2
    ) -> zk_tensor_range {
        zk_tensor_range(
            seed: streams.seed, step: streams.step, query: streams.query, tensor: streams.tensor,
            bits: Int32(bits.rawValue), first: Int64(elements.lowerBound), last: Int64(elements.upperBound),
            columns: Int64(columns), multipliers: base, multiplier_per_row: multipliers.count == 1 ? 0 : 1,
            limit: limit,
            update_purpose: Int32(estimator.secondPurpose.rawValue))
    }

    static func residual(_ residuals: UnsafeMutableRawPointer?, at e: Int, rounding: UpdateRounding) -> Int32 {
        guard let residuals, case .residual(let bits) = rounding else { return 0 }
        switch bits {
        case .eight: return Int32(residuals.load(fromByteOffset: e, as: Int8.self))
        case .sixteen: return Int32(residuals.load(fromByteOffset: 2 * e, as: Int16.self))
        }
    }

    static func setResidual(
        _ residuals: UnsafeMutableRawPointer?, at e: Int, rounding: UpdateRounding, to value: Int32
    ) {
        guard let residuals, case .residual(let bits) = rounding else { return }
        switch bits {
        case .eight: residuals.storeBytes(of: Int8(value), toByteOffset: e, as: Int8.self)
        case .sixteen: residuals.storeBytes(of: Int16(value), toByteOffset: 2 * e, as: Int16.self)
        }
    }
}

extension PerturbationStatistics {
    init(_ statistics: zk_perturbation_statistics) {
        self.init(
            moved: statistics.moved, clampedPlus: statistics.clamped_plus, clampedMinus: statistics.clamped_minus,
            squareSum: statistics.square_sum)
    }
}

extension UpdateStatistics {
    init(_ statistics: zk_update_statistics) {
        self.init(moved: statistics.moved, clamped: statistics.clamped)
    }
}
