import Hardware
import NumberFormats

/// Lays a matrix product out on the array.
///
/// Sums stay in the accumulator buffer while k advances, so k is the innermost tile loop; of m and n either may be the outer
/// one. The operand of the outer dimension can be held as a panel over the whole of k and is then fetched once; an operand
/// that is not is fetched again in each turn of the other dimension, and weights that are perturbed on load are perturbed
/// again with it. Instances of attention products share a tile in groups: heads of an example, then whole examples.
struct ProductScheduler {
    /// Tiles and loop order of a candidate.
    struct Tiling: Hashable {
        var examples: Int
        var heads: Int
        var m: Int
        var n: Int
        var k: Int
        var weightsOuter: Bool
        /// The outer dimension's operand is held over the whole of k.
        var panel: Bool
        var weightSlots = 1
        var streamSlots = 1
        var sumSlots = 1
        var resultSlots = 1
    }

    /// One operand of the product.
    struct Operand {
        /// Place in the operation's `reads` followed by its `writes`.
        let values: Int
        let scales: Int?
        /// As stored, and as the array reads it.
        let stored: ElementFormat
        let read: ElementFormat
        /// Their widths, which candidates ask for often.
        let storedBits: Int
        let readBits: Int
        let matrix: ProductLayout.Matrix
        let scaleMatrix: ProductLayout.Matrix
        let isResident: Bool
        let scalesAreResident: Bool
        /// One matrix serves every instance, as both signs' weights do before they are perturbed.
        let isShared: Bool
        /// Codes or values that the array reads in another format.
        var isDequantized: Bool { stored != read }
        func storedBytes(_ elements: Int) -> Int { (elements * storedBits + 7) / 8 }
        func readBytes(_ elements: Int) -> Int { (elements * readBits + 7) / 8 }
        /// Its scales are the epilogue's.
        var isScaled: Bool { scales != nil && !isDequantized }
    }

    let model: MachineModel
    let objective: ScheduleObjective
    let operation: String
    let product: Product
    let layout: ProductLayout
    let array: ArrayModel
    let first: Operand
    let second: Operand
    let bias: Int?
    let perturbationDraws: [RandomPurpose]
    /// Tiles begin at even elements, since two codes share a byte.
    let hasNibbles: Bool
    let result: Int
    let resultFormat: ElementFormat
    let resultBytes: Int
    let resultIsResident: Bool
    let copy: Int?
    let copyIsResident: Bool
    let epilogue: VectorWork
    let operandCount: Int
    let capacity: Room
    /// Vector cycles of one pass over the lanes.
    let epiloguePass: Int
    let dequantizePass: Int
    let castPass: Int

    init(
        _ product: Product, _ operation: Operation, in program: Program, isResident: [Bool], model: MachineModel,
        objective: ScheduleObjective
    ) throws(ScheduleError) {
        self.product = product
        self.model = model
        self.objective = objective
        self.operation = operation.name
        guard let array = model.arrays[product.format] else {
            let formats = model.machine.organisation.array.formats.map(\.rawValue)
            throw .unsupportedFormat(
                operation: operation.name,
                reason: HardwareError.unsupportedFormat(
                    machine: model.machine.name, format: product.format.rawValue, supported: formats
                ).description)
        }
        self.array = array
        let formats = operation.reads.map { program[$0].format }
        let count = operation.reads.count
        let secondPlace = formats[0].hasScales && product.foldedScales != .first ? 2 : 1
        let batch = program.layoutContext.batch
        var layout = ProductLayout(
            product, program.layoutContext, secondIsTransposed: formats[secondPlace].hasScales)
        let firstIsShared =
            product.sign == .both && program[operation.reads[0]].elements(batch: batch) == product.m * product.k
        if firstIsShared { layout.shareFirst() }
        self.layout = layout
        var next = 0
        func operand(
            _ matrix: ProductLayout.Matrix, _ scaleMatrix: ProductLayout.Matrix, _ read: ElementFormat, isShared: Bool
        ) -> Operand {
            let values = next
            let isFolded = product.foldedScales == (values == 0 ? .first : .second)
            let isCodes = formats[values].hasScales && !isFolded
            next += isCodes ? 2 : 1
            return Operand(
                values: values, scales: isCodes ? values + 1 : nil, stored: formats[values], read: read,
                storedBits: formats[values].bits, readBits: read.bits, matrix: matrix, scaleMatrix: scaleMatrix,
                isResident: isResident[values],
                scalesAreResident: isCodes && isResident[values + 1], isShared: isShared)
        }
        first = operand(layout.first, layout.firstScales, product.firstFormat, isShared: firstIsShared)
        second = operand(
            layout.second, layout.secondScales, product.secondFormat, isShared: product.sign == .both)
        bias = next < count ? next : nil
        perturbationDraws = program.layoutContext.perturbationDraws
        result = count
        copy = operation.writes.count > 1 ? count + 1 : nil
        resultFormat = program[operation.writes[0]].format
        resultBytes = resultFormat.bits / 8
        resultIsResident = isResident[count]
        copyIsResident = operation.writes.count > 1 && isResident[count + 1]
        epilogue = .epilogue(
            integers: product.firstFormat.integer != nil,
            scales: (first.isScaled ? 1 : 0) + (second.isScaled ? 1 : 0) + (product.hasFactor ? 1 : 0),
            bias: bias != nil, narrow: resultFormat != .fp32, copy: operation.writes.count > 1)
        operandCount = count + operation.writes.count
        let organisation = model.machine.organisation
        let tileBytes = MemoryPlanner.tileBytes(model.machine)
        capacity =
            organisation.sram.isUnified
            ? Room(weight: 0, activation: tileBytes, accumulator: 0)
            : Room(
                weight: organisation.sram.weight.bytes, activation: tileBytes,
                accumulator: organisation.sram.accumulator.bytes)
        epiloguePass = epilogue.cycles(on: organisation.vectorUnit)
        dequantizePass = VectorWork.dequantize.cycles(on: organisation.vectorUnit)
        castPass = VectorWork.copy(1).cycles(on: organisation.vectorUnit)
        hasNibbles = first.stored.bits == 4 || second.stored.bits == 4
    }

    /// Bytes of a sum in the accumulator buffer.
    var sumBytes: Int { array.sumBits / 8 }
    /// An output-stationary chain can't be taken up again: where the order of sums decides bits, a tile has all of k.
    var sumsNeedAllOfK: Bool {
        let arithmetic = model.machine.arithmetic
        switch arithmetic.accumulator(product.format) {
        case .exact, .integer(_, .wrap): return false
        default: return array.dataflow == .outputStationary && arithmetic.order == .reentry
        }
    }
}
