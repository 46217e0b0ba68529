import CKernels
import NumberFormats

/// ZOQO's perturbation, and updates by the sum of several queries' steps (docs/semantics.md, section 10).
///
/// Ranges, pointers and multipliers as in ``perturb(_:elements:columns:multipliers:bits:streams:plus:minus:limit:)``. `steps` holds an Int32 for each element and
/// is added to query by query: each step is rounded by itself, and `applySteps` clamps once.
extension Kernels {
    /// The same as `perturb` with ZOQO's perturbation: d uniform on the whole steps −m…m.
    ///
    /// - Parameter largest: m, of each row or one for all, 1…32767.
    public func perturbOnGrid(
        _ codes: UnsafePointer<Int8>, elements: Range<Int>, columns: Int, largest: UnsafeBufferPointer<Int32>,
        streams: TensorStreams, plus: UnsafeMutablePointer<Int8>?, minus: UnsafeMutablePointer<Int8>?,
        limit: Int32 = 127
    ) -> PerturbationStatistics {
        let base = checkedMultipliers(largest, elements: elements, columns: columns)
        guard level == .reference else {
            var range = tensorRange(
                elements, columns: columns, multipliers: largest, bits: .eight, streams: streams, base: base,
                limit: limit)
            return PerturbationStatistics(zk_perturb_grid(Int32(level.rawValue), &range, codes, plus, minus))
        }
        var statistics = PerturbationStatistics()
        for e in elements {
            let d = Self.gridSteps(at: e, largest: base[largest.count == 1 ? 0 : e / columns], streams)
            statistics = statistics + Self.move(codes, at: e, by: d, limit: limit, plus: plus, minus: minus)
        }
        return statistics
    }

    /// Adds one query's step of QuZO, c_g·u₂ rounded, to `steps`: in grid steps, or in 2⁻⁸ or 2⁻¹⁶ of one where residuals are kept.
    ///
    /// The sum of up to 64 queries fits.
    public func addStep(
        to steps: UnsafeMutablePointer<Int32>, elements: Range<Int>, columns: Int,
        multipliers: UnsafeBufferPointer<Int32>, bits: PerturbationBits, rounding: UpdateRounding,
        streams: TensorStreams, estimator: GradientEstimator = .qRGE2
    ) {
        let base = checkedMultipliers(multipliers, elements: elements, columns: columns)
        guard level == .reference else {
            var range = tensorRange(
                elements, columns: columns, multipliers: multipliers, bits: bits, streams: streams, base: base,
                estimator: estimator)
            zk_add_step(Int32(level.rawValue), &range, steps, Self.code(of: rounding))
            return
        }
        for e in elements {
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: e))
            let u = IrwinHallGaussian.code(
                integer: t, bits: bits, random: streams[estimator.secondPurpose].half(at: e))
            steps[e] += WeightUpdate.step(
                code: u, multiplier: base[multipliers.count == 1 ? 0 : e / columns],
                random: streams[.update].half(at: e), rounding: rounding)
        }
    }

    /// Adds one query's step of ZOQO, a·sgn(L₊ − L₋)·sgn(d), to `steps`.
    ///
    /// - Parameters:
    ///   - largest: m, as in the passes.
    ///   - lengths: a, as many as there are m.
    ///   - sign: of the losses' difference.
    public func addSignStep(
        to steps: UnsafeMutablePointer<Int32>, elements: Range<Int>, columns: Int,
        largest: UnsafeBufferPointer<Int32>, lengths: UnsafeBufferPointer<Int32>, sign: Int32, streams: TensorStreams
    ) {
        let base = checkedMultipliers(largest, elements: elements, columns: columns)
        guard lengths.count == largest.count, let length = lengths.baseAddress else {
            preconditionFailure("a length for each m")
        }
        guard level == .reference else {
            var range = tensorRange(
                elements, columns: columns, multipliers: largest, bits: .eight, streams: streams, base: base)
            zk_add_sign_step(Int32(level.rawValue), &range, steps, length, sign)
            return
        }
        for e in elements {
            let row = largest.count == 1 ? 0 : e / columns
            steps[e] += SignStep.step(
                gridSteps: Self.gridSteps(at: e, largest: base[row], streams), length: length[row], sign: sign)
        }
    }

    /// Subtracts `steps` from the codes of a range in place, with one clamp, and keeps what the residuals hold.
    public func applySteps(
        _ steps: UnsafePointer<Int32>, to codes: UnsafeMutablePointer<Int8>, residuals: UnsafeMutableRawPointer?,
        elements: Range<Int>, rounding: UpdateRounding, limit: Int32 = 127
    ) -> UpdateStatistics {
        let code = Self.code(of: rounding)
        precondition(code < 8 || residuals != nil, "a residual-carrying update needs residuals")
        guard level == .reference else {
            let unused: [Int32] = [0]
            return unused.withUnsafeBufferPointer { unused in
                var range = tensorRange(
                    elements, columns: 1, multipliers: unused, bits: .eight,
                    streams: TensorStreams(seed: 0, step: 0, tensor: 0),
                    base: unused.baseAddress!, limit: limit)
                return UpdateStatistics(zk_apply_steps(Int32(level.rawValue), &range, codes, residuals, steps, code))
            }
        }
        var statistics = UpdateStatistics()
        for e in elements {
            let result = WeightUpdate.applied(
                steps[e], to: codes[e], residual: Self.residual(residuals, at: e, rounding: rounding),
                rounding: rounding, limit: limit)
            statistics.moved += result.code != codes[e] ? 1 : 0
            statistics.clamped += result.isClamped ? 1 : 0
            codes[e] = result.code
            Self.setResidual(residuals, at: e, rounding: rounding, to: result.residual)
        }
        return statistics
    }

    /// ZOQO's d of one element.
    private static func gridSteps(at e: Int, largest m: Int32, _ streams: TensorStreams) -> Int32 {
        UniformGrid(checked: m).integer(word: streams[.perturbation].word(at: e))
    }
}
