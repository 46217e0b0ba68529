import Hardware
import NumberFormats

/// What a layer gives, from the scalar references on whole matrices: no tiling, no array, no order of commands.
struct EngineReference {
    let layer: EngineLayer
    /// The weights as the array multiplies them.
    let weights: [UInt32]
    private let arithmetic: DotProduct

    init(_ layer: EngineLayer) {
        self.layer = layer
        let machine = layer.machine
        let format = machine.multiplierFormat(layer.activationFormat, layer.weightFormat)
        arithmetic = DotProduct(
            layer.activationFormat, layer.weightFormat, accumulator: machine.arithmetic.accumulator(format)!,
            order: machine.arithmetic.order)
        weights = layer.perturbation.map { Self.perturbed(layer.weights, $0) } ?? layer.weights
    }

    /// clamp(k ± d, 127) of INT8 codes, each drawn for by itself.
    static func perturbed(_ weights: [UInt32], _ perturbation: EngineLayer.Perturbation) -> [UInt32] {
        let streams = perturbation.streams
        return weights.enumerated().map { element, code in
            let t = IrwinHallGaussian.integer(word: streams[.perturbation].word(at: element))
            let u = IrwinHallGaussian.code(
                integer: t, bits: perturbation.bits, random: streams[.firstRounding].half(at: element))
            let d = WeightPerturbation.gridSteps(
                code: u, multiplier: perturbation.multiplier, random: streams[.gridRounding].half(at: element))
            let weight = Int8(truncatingIfNeeded: code)
            return UInt32(UInt8(bitPattern: WeightPerturbation.perturbed(weight, by: perturbation.isMinus ? -d : d)))
        }
    }

    /// The accumulator's register after the first `depth` of k, as the array's element or the accumulator memory holds it.
    func register(row m: Int, column n: Int, depth: Int) -> UInt128 {
        let step = MACStep(layer.activationFormat, layer.weightFormat, accumulator: arithmetic.accumulator)
        let a = Array(layer.activations[m * layer.k..<m * layer.k + depth])
        let b = Array(weights[n * layer.k..<n * layer.k + depth])
        var group = depth
        switch arithmetic.accumulator {
        case .sequential: group = 1
        case .grouped(let count), .aligned(let count, _, _): group = count
        case .integer, .exact: break
        }
        func chain(_ range: Range<Int>) -> UInt128 {
            var sum: UInt128 = 0
            for start in stride(from: range.lowerBound, to: range.upperBound, by: max(1, group)) {
                let end = min(range.upperBound, start + group)
                sum = step.sum(sum, Array(a[start..<end]), Array(b[start..<end]))
            }
            return sum
        }
        guard case .blocked(let count) = arithmetic.order else { return chain(0..<depth) }
        var memory: UInt128 = 0
        for start in stride(from: 0, to: depth, by: count) {
            memory = step.sum(memory: memory, block: chain(start..<min(depth, start + count)))
        }
        return memory
    }

    /// C [m, n], row-major.
    func result() -> [Float] {
        let (a, b) = (layer.activationFormat.integer, layer.weightFormat.integer)
        var result: [Float] = []
        result.reserveCapacity(layer.m * layer.n)
        for m in 0..<layer.m {
            let row = layer.activations[m * layer.k..<(m + 1) * layer.k]
            for n in 0..<layer.n {
                let column = weights[n * layer.k..<(n + 1) * layer.k]
                let (rowScale, columnScale) = (layer.activationScales[m], layer.weightScales[n])
                let bias = layer.bias.map { $0[n] }
                if let a, let b {
                    var statistics = IntegerStatistics()
                    let sum = arithmetic.integerSum(
                        row.map { Int32(a.decode($0)) }, column.map { Int32(b.decode($0)) }, statistics: &statistics)
                    result.append(
                        IntegerProduct.dequantized(
                            groups: [sum], columnScales: [columnScale], rowScale: rowScale, bias: bias))
                } else {
                    let scaled = arithmetic.floatSum(row, column) * columnScale * rowScale
                    let y = if let bias { scaled + bias } else { scaled }
                    result.append(y.isNaN ? Float(bitPattern: 0x7FC0_0000) : y)
                }
            }
        }
        return result
    }
}
