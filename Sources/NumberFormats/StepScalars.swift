/// The size of a perturbation.
public enum PerturbationSize: Hashable, Sendable {
    /// κ, in steps of the weight's integer grid: the same multiplier for every row.
    case gridSteps(Double)
    /// ε, in units of the weights: row n has multiplier ε/s_w[n].
    case weightUnits(Double)
}

/// Why the scalars of a step do not exist.
public enum StepScalarsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The size is not a positive finite number.
    case sizeNotPositive(PerturbationSize)
    /// c_d would be 0: nothing would move. `row` is nil where all rows share one multiplier.
    case perturbationTooSmall(PerturbationSize, row: Int?, multiplier: Double)
    /// c_d would reach 2²⁴, or not be a number: the row's scale is too small for ε, zero, or NaN.
    case perturbationTooLarge(PerturbationSize, row: Int?, multiplier: Double)

    public var description: String {
        switch self {
        case .sizeNotPositive(let size):
            "the perturbation size \(size) is not a positive finite number"
        case .perturbationTooSmall(let size, let row, let multiplier):
            "the perturbation size \(size) is too small\(Self.place(row)): its multiplier \(multiplier) rounds to 0; "
                + "it must be at least 0.5 (in units of 2^-16 grid steps for each unit of u's code)"
        case .perturbationTooLarge(let size, let row, let multiplier):
            "the perturbation size \(size) is too large\(Self.place(row)): its multiplier \(multiplier) must be below "
                + "\(PerturbationScalars.multiplierLimit) (256 grid steps for each unit of u's code)"
        }
    }

    private static func place(_ row: Int?) -> String {
        row.map { " for row \($0)" } ?? ""
    }
}

/// The scalars of a tensor's perturbation, computed in binary64 in a stated order (docs/semantics.md, section 10).
public struct PerturbationScalars: Hashable, Sendable {
    /// c_d lies below 2²⁴.
    public static let multiplierLimit = 16_777_216

    /// c_d of each row, or one c_d for all rows; 0 < c_d < 2²⁴, in units of 2⁻¹⁶ grid steps for each unit of u₁.
    public let multipliers: [Int32]

    /// c_d = rne(κ·s_u·65536), or rne((ε/s_w[n])·s_u·65536) for row n, left to right.
    ///
    /// - Parameters:
    ///   - size: κ or ε.
    ///   - bits: bits of the perturbation codes, which give s_u.
    ///   - rowScales: s_w, one for each row; not read for a size in grid steps.
    public init(size: PerturbationSize, bits: PerturbationBits, rowScales: [Float]) throws(StepScalarsError) {
        func multiplier(_ gridSteps: Double, row: Int?) throws(StepScalarsError) -> Int32 {
            let exact = gridSteps * bits.scale * 65536
            let rounded = exact.rounded(.toNearestOrEven)
            guard rounded < Double(Self.multiplierLimit) else {
                throw .perturbationTooLarge(size, row: row, multiplier: exact)
            }
            guard rounded > 0 else { throw .perturbationTooSmall(size, row: row, multiplier: exact) }
            return Int32(rounded)
        }
        switch size {
        case .gridSteps(let steps):
            guard steps > 0, steps.isFinite else { throw .sizeNotPositive(size) }
            multipliers = [try multiplier(steps, row: nil)]
        case .weightUnits(let epsilon):
            guard epsilon > 0, epsilon.isFinite else { throw .sizeNotPositive(size) }
            var all: [Int32] = []
            all.reserveCapacity(rowScales.count)
            for (row, scale) in rowScales.enumerated() {
                all.append(try multiplier(epsilon / Double(scale), row: row))
            }
            multipliers = all
        }
    }
}

/// The scalars of a tensor's update, computed in binary64 in a stated order (docs/semantics.md, section 10).
public struct UpdateScalars: Hashable, Sendable {
    /// |c_g| ≤ 2²⁴ − 2¹⁷, so that c_g·u₂ and its rounding fit 32 bits: a step of just under one grid step for each unit of u₂.
    public static let multiplierLimit: Int32 = 16_777_216 - 131_072

    /// c_g of each row, or one c_g for all rows, in units of 2⁻²⁴ grid steps for each unit of u₂. 0 where g is NaN.
    public let multipliers: [Int32]

    /// Multipliers that the limit clamped: where it is not 0, the step taken was shorter than the learning rate asked for.
    public let clampedMultipliers: Int

    /// g = μ/(2κ)·η_t·s_u and c_g = rne(g·2²⁴); with ε, g = μ/(2ε)·η_t·s_u/s_w[n] for row n. Left to right.
    ///
    /// - Parameters:
    ///   - lossDifference: μ = fl(L₊ − L₋).
    ///   - size: κ or ε, the same as in the passes.
    ///   - learningRate: η_t, in grid steps squared for each unit of loss, or in weight units squared with ε.
    ///   - bits: bits of the perturbation codes.
    ///   - rowScales: s_w, one for each row; not read for a size in grid steps.
    ///   - queries: n, of which this is one; g is divided by it.
    public init(
        lossDifference: Float, size: PerturbationSize, learningRate: Double, bits: PerturbationBits, rowScales: [Float],
        queries: Int = 1
    ) {
        let step = Self.step(
            lossDifference: lossDifference, size: size, learningRate: learningRate, bits: bits, queries: queries)
        let exact: [Double]
        switch size {
        case .gridSteps: exact = [step * 16_777_216]
        case .weightUnits: exact = rowScales.map { step / Double($0) * 16_777_216 }
        }
        var clamped = 0
        multipliers = exact.map { value in
            if value.isNaN { return 0 }
            let limit = Double(Self.multiplierLimit)
            let rounded = value.rounded(.toNearestOrEven)
            if abs(rounded) > limit { clamped += 1 }
            return Int32(max(-limit, min(limit, rounded)))
        }
        clampedMultipliers = clamped
    }

    /// μ/(2κ)·η_t·s_u/n in grid steps, or μ/(2ε)·η_t·s_u/n in weight units, for each unit of u₂.
    public static func step(
        lossDifference: Float, size: PerturbationSize, learningRate: Double, bits: PerturbationBits, queries: Int = 1
    ) -> Double {
        switch size {
        case .gridSteps(let magnitude), .weightUnits(let magnitude):
            Double(lossDifference) / (2 * magnitude) * learningRate * bits.scale / Double(queries)
        }
    }
}
