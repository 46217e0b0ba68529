import NumberFormats

extension StreamPlan {
    /// An optimizer's pass over a weight's gradient, the weight and its moments.
    ///
    /// A piece is a value; where something is in codes it is a row, since codes' scales belong to rows or to parts of rows.
    init(
        _ optimizer: FirstOrderRecipe.Optimizer, rows: Int, columns: Int, _ operation: Operation, in program: Program
    ) {
        let ids = operation.reads + operation.writes
        let inputs = operation.reads.count
        let batch = program.layoutContext.batch
        func format(_ index: Int) -> ElementFormat { program[ids[index]].format }
        let isByRow = ids.indices.contains { format($0).hasScales }
        func piece(_ index: Int, replaces: Int? = nil) -> Operand {
            let elements = isByRow ? program[ids[index]].elements(batch: batch) / rows : 1
            return Operand(
                operand: index, isWrite: index >= inputs, unitBytes: format(index).bytes(elements), replaces: replaces)
        }

        var work = VectorWork.optimize(optimizer) * (isByRow ? columns : 1)
        let values = isByRow ? columns : 1
        var place = 0
        /// Passes over a tensor that is read, and its scales: the conversion to FP32.
        func read() {
            switch format(place) {
            case .bf16, .fp16: work = work + VectorWork([.convert: values])
            case .fp32: break
            default: work = work + .decode * values
            }
            place += format(place).hasScales ? 2 : 1
        }
        read()
        let weights = place
        read()
        var moments: [Int] = []
        while place < inputs {
            moments.append(place)
            read()
        }

        var operands = (0..<inputs).map { piece($0) }
        var next = inputs
        /// A tensor that is written where it was read, and its scales.
        func write(_ source: Int, hasScales: Bool) {
            operands.append(piece(next, replaces: source))
            if hasScales { operands.append(piece(next + 1, replaces: source + 1)) }
            next += hasScales ? 2 : 1
        }
        let hasGrid = format(weights).hasScales
        write(weights, hasScales: false)
        if hasGrid { work = work + .roundToGrid(columns) }
        if [.bf16, .fp16].contains(format(weights)) { work = work + VectorWork([.convert: values]) }
        for moment in moments {
            let isCoded = format(moment).hasScales
            write(moment, hasScales: isCoded)
            if isCoded {
                let block = FirstOrderRecipe.momentBlock(columns: columns)
                work = work + .quantize(block) * (columns / block)
            } else if format(moment) == .bf16 {
                work = work + VectorWork([.convert: values])
            }
        }
        let draws = hasGrid ? program.layoutContext.updateDraws : []
        self.init(
            units: isByRow ? rows : rows * columns, granule: isByRow ? 1 : 128, operands: operands, work: work,
            engine: draws.isEmpty ? .vector : .drawThenVector(values: columns, draws))
    }
}
