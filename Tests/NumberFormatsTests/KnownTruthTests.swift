import Foundation
import NumberFormats
import Testing

/// What is known of on-grid zeroth-order steps, on quadratics whose optimum is known.
@Suite struct KnownTruthTests {
    /// ZOQO on ½h(x − x*)², one coordinate: the best point it visits is the grid point nearest to x*. Over optima that lie anywhere between grid
    /// points, the gradient that is left is Δ‖H‖_F/√12 in the root mean square, with the problems as coordinates of one quadratic; each further
    /// bit halves it.
    @Test func zoqoReachesTheGridsFloorAndNoFurther() throws {
        var floors: [Double] = []
        for bits in [4, 5, 6, 7, 8] {
            let limit = Int32(1) << Int32(bits - 1) - 1
            let spacing = 1 / Double(limit)
            let problems = 3000
            var left = 0.0
            var norm = 0.0
            let uniforms = RandomStream(seed: 5, step: 0, query: 0, purpose: .dataSplit, tensor: 0)
            for problem in 0..<problems {
                let optimum = (Double(uniforms.word(at: 2 * problem)) / 0x1p32 - 0.5) * 1.5
                let curvature = 0.5 + Double(uniforms.word(at: 2 * problem + 1)) / 0x1p32
                func loss(_ code: Int8) -> Float {
                    let distance = Double(code) * spacing - optimum
                    return Float(curvature / 2 * distance * distance)
                }
                var code: Int8 = 0
                var nearest = abs(optimum)
                for step in 0..<3 * Int(limit) {
                    let streams = TensorStreams(seed: UInt64(problem), step: UInt32(step), tensor: 0)
                    let d = UniformGrid(checked: 1).integer(word: streams[.perturbation].word(at: 0))
                    let plus = loss(WeightPerturbation.perturbed(code, by: d, limit: limit))
                    let minus = loss(WeightPerturbation.perturbed(code, by: -d, limit: limit))
                    let move = SignStep.step(
                        gridSteps: d, length: 1, sign: SignStep.sign(lossDifference: plus - minus))
                    code = WeightUpdate.applied(move, to: code, rounding: .stochastic, limit: limit).code
                    nearest = min(nearest, abs(Double(code) * spacing - optimum))
                }
                left += curvature * nearest * curvature * nearest
                norm += curvature * curvature
            }
            let floor = spacing * norm.squareRoot() / 12.0.squareRoot()
            // e²·h² of uniform e has a relative deviation below 1.2 a problem: five standard errors of its root.
            #expect(abs(left.squareRoot() / floor - 1) < 5 * 0.6 / Double(problems).squareRoot(), "\(bits) bits")
            floors.append(left.squareRoot())
        }
        for (coarse, fine) in zip(floors, floors.dropFirst()) { #expect(abs(coarse / fine - 2) < 0.35) }
    }

    /// Steps below half a grid step are lost where they are rounded to nearest, and move the weight on average where they are rounded stochastically.
    @Test func nearestRoundingStallsBelowHalfAStepAndStochasticRoundingMoves() {
        let streams = TensorStreams(seed: 3, step: 0, tensor: 0)
        for share in [0.05, 0.2, 0.45] {
            // u₂ = 127 of 127: the step is multiplier·127/2²⁴.
            let multiplier = Int32((share * 16_777_216 / 127).rounded())
            var stalled: Int8 = 0
            var sum = 0
            var carried: (code: Int8, residual: Int32) = (0, 0)
            let steps = 20_000
            for step in 0..<steps {
                let random = streams[.update].half(at: step)
                stalled =
                    WeightUpdate.updated(
                        stalled, code: 127, multiplier: multiplier, random: random, rounding: .nearest
                    ).code
                sum += Int(
                    WeightUpdate.step(code: 127, multiplier: multiplier, random: random, rounding: .stochastic))
                if step < 100 {
                    let result = WeightUpdate.updated(
                        carried.code, residual: carried.residual, code: 127, multiplier: multiplier, random: random,
                        rounding: .residual(.eight))
                    carried = (result.code, result.residual)
                }
            }
            #expect(stalled == 0)
            // The mean of Bernoulli draws: five standard errors.
            let error = 5 * (share * (1 - share) / Double(steps)).squareRoot()
            #expect(abs(Double(sum) / Double(steps) - share) < error + 1e-4)
            // A hundred steps with a residual come to the sum within the residual's half step.
            #expect(abs(Double(carried.code) + 100 * share) <= 1)
        }
    }

    /// QuZO's path on a quadratic beside MeZO's in binary64 with the same u: the finer the grid is beside the step, the closer.
    @Test func quzoOnAFineGridFollowsMeZO() throws {
        let count = 16
        func loss(_ x: [Double]) -> Double {
            x.enumerated().reduce(0) {
                $0 + (0.5 + Double($1.offset) / 16) * ($1.element - 0.1) * ($1.element - 0.1) / 2
            }
        }
        /// Distance of the two paths' ends over the length of MeZO's, by how many grid steps a perturbation of 0.01 is.
        func deviation(gridSteps: Double, bits: PerturbationBits) throws -> Double {
            let spacing = 0.01 / gridSteps
            // Codes on an INT8 grid around the start, and what the start is.
            let start = (0..<count).map { 0.1 + 0.002 * Double($0 - 8) }
            var codes = [Int8](repeating: 0, count: count)
            var residuals = [Int32](repeating: 0, count: count)
            var x = start
            let scalars = try PerturbationScalars(size: .gridSteps(gridSteps), bits: bits, rowScales: [])
            let rate = 0.01
            for step in 0..<200 {
                let streams = TensorStreams(seed: 77, step: UInt32(step), tensor: 0)
                let t = (0..<count).map { IrwinHallGaussian.integer(word: streams[.perturbation].word(at: $0)) }
                let u = t.map { Double($0) / IrwinHallGaussian.variance.squareRoot() }
                let mezo =
                    (loss(zip(x, u).map { $0 + 0.01 * $1 }) - loss(zip(x, u).map { $0 - 0.01 * $1 })) / 0.02
                x = zip(x, u).map { $0 - rate * mezo * $1 }
                let d = (0..<count).map { element in
                    WeightPerturbation.gridSteps(
                        code: IrwinHallGaussian.code(
                            integer: t[element], bits: bits, random: streams[.firstRounding].half(at: element)),
                        multiplier: scalars.multipliers[0], random: streams[.gridRounding].half(at: element))
                }
                func value(_ sign: Int32) -> Double {
                    loss(
                        codes.indices.map {
                            start[$0] + spacing * Double(WeightPerturbation.perturbed(codes[$0], by: sign * d[$0]))
                        })
                }
                // Learning rate in grid steps squared for each unit of loss.
                let update = UpdateScalars(
                    lossDifference: Float(value(1) - value(-1)), size: .gridSteps(gridSteps),
                    learningRate: rate / (spacing * spacing), bits: bits, rowScales: [])
                #expect(update.clampedMultipliers == 0)
                for element in 0..<count {
                    let result = WeightUpdate.updated(
                        codes[element], residual: residuals[element],
                        code: IrwinHallGaussian.code(
                            integer: t[element], bits: bits, random: streams[.secondRounding].half(at: element)),
                        multiplier: update.multipliers[0], random: streams[.update].half(at: element),
                        rounding: .residual(.sixteen))
                    (codes[element], residuals[element]) = (result.code, result.residual)
                }
            }
            func length(_ a: [Double], _ b: [Double]) -> Double {
                zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            }
            let end = codes.indices.map {
                start[$0] + spacing * (Double(codes[$0]) + Double(residuals[$0]) / 65536)
            }
            return length(end, x) / length(x, start)
        }
        let fine = try deviation(gridSteps: 20, bits: .eight)
        let coarse = try deviation(gridSteps: 1, bits: .two)
        #expect(fine < 0.1, "\(fine)")
        #expect(coarse > 3 * fine, "\(coarse) beside \(fine)")
    }

    /// m and a of ZOQO: whole steps, at least one, never more than the grid's limit.
    @Test func gridScalarsAreWholeStepsOfEachRow() {
        #expect(GridScalars(size: .gridSteps(0.3), rowScales: []).lengths == [1])
        #expect(GridScalars(size: .gridSteps(2.9), rowScales: []).lengths == [2])
        #expect(GridScalars(size: .gridSteps(1e12), rowScales: []).lengths == [32767])
        #expect(GridScalars(size: .weightUnits(0.01), rowScales: [0.0019, 0.0051, 1]).lengths == [5, 1, 1])
        #expect(SignStep.sign(lossDifference: .nan) == 0)
        #expect(SignStep.step(gridSteps: 0, length: 9, sign: 1) == 0)
        #expect(SignStep.step(gridSteps: -3, length: 2, sign: 1) == -2)
    }
}
