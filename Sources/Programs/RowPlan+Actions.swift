import Hardware
import Networks
import NumberFormats

// The phases of each operation that takes whole rows. Work is that of `VectorWork`'s table, element by element, whatever the number of phases;
// what a later phase computes again, since its value was not kept, is counted again: the conversions of its inputs, softmax's products and
// exponentials, a norm's sums of its inputs and differences.
extension RowPlan {
    /// The phases of `plan`, which is the stream of `operation`; nil where its pieces are single elements.
    init?(_ plan: StreamPlan, of operation: Operation, in program: Program) {
        let ids = operation.reads + operation.writes
        let inputs = operation.reads.count
        var plan = plan
        var cut: Cut
        /// Conversions of a value of each of these that waits in BF16 or FP16.
        func conversions(_ places: [Int]) -> VectorWork {
            VectorWork([
                .convert: places.count { [.bf16, .fp16].contains(program[ids[plan.operands[$0].operand]].format) }
            ])
        }
        /// Codes with a scale for a whole piece: the largest magnitude, then the codes.
        func quantization(_ elements: Int, granule: Int = Self.lanes, width: Int = 1, codes: Int, scales: Int) -> Cut {
            Cut(
                elements, granule: granule, carriedWords: 2,
                phases: [
                    Phase(
                        reads: [0], work: (.largestMagnitude + conversions([0])) * width, end: .scale, results: [scales]
                    ),
                    Phase(reads: [0], writes: [codes], work: (.code + conversions([0])) * width),
                ], whole: [scales])
        }
        /// - Parameter input: what makes the normalized value of what is read, in each phase.
        func normalization(
            _ norm: TransformerNorm, _ columns: Int, reads: [Int], input: VectorWork, parameters: [Int], writes: [Int],
            output: VectorWork, whole: Set<Int> = []
        ) -> Cut {
            var phases = VectorWork.normPhases(norm).map { Phase(reads: reads, work: $0.work + input, end: $0.end) }
            phases[phases.count - 1].reads += parameters
            phases[phases.count - 1].writes = writes
            phases[phases.count - 1].work = phases.last!.work + output
            return Cut(
                columns, carriedWords: Self.lanes + 2, phases: phases, whole: whole, beside: Set(parameters))
        }
        func copies(_ count: Int) -> VectorWork { operation.writes.count > count ? .copy(1) : VectorWork() }

        switch operation.action {
        case .quantizeRows(_, let columns): cut = quantization(columns, codes: 1, scales: 2)
        case .quantizeByHead(_, _, let heads, let columns):
            cut = Cut(
                heads, granule: 1,
                phases: [
                    Phase(reads: [0], writes: [1, 2], work: .quantize(columns) + conversions([0]) * columns)
                ])
        case .quantizeByToken(_, _, let heads, let columns):
            cut = quantization(heads, granule: 1, width: columns, codes: 1, scales: 2)
        case .quantizeColumns(_, let rows, _):
            cut = quantization(rows, granule: 2, codes: 2, scales: 3)
            cut.perExample = 1
        case .regroup(_, _, let heads, let columns, _):
            cut = Cut(heads, granule: 1, phases: [Phase(reads: [0], writes: [1], work: .copy(columns))])
        case .rotate(_, _, let heads, let columns):
            cut = Cut(
                heads, granule: 1,
                phases: [Phase(reads: [0], writes: [2], work: (.rotate + conversions([0, 2])) * columns)], whole: [1])
        case .embed(_, let columns):
            let input = VectorWork([.add: 2]) + conversions([1, 2, 3])
            cut = normalization(
                .layerNorm, columns, reads: [1, 2, 3], input: input, parameters: [4, 5], writes: [6],
                output: conversions([6]), whole: [0])
            cut.beside.insert(3)
        case .lookUp(_, let columns):
            let tables = Array(1..<inputs)
            cut = Cut(
                columns,
                phases: [
                    Phase(
                        reads: tables, writes: [inputs],
                        work: VectorWork([.add: tables.count - 1]) + conversions(tables + [inputs]))
                ], whole: [0])
        case .softmax(_, let columns):
            let phases = VectorWork.softmaxPhases
            cut = Cut(
                columns, carriedWords: Self.lanes + 1,
                phases: phases.map { Phase(reads: [0], work: $0.work + conversions([0]), end: $0.end) })
            cut.phases[2].writes = Array(2..<ids.count)
            cut.phases[2].work = cut.phases[2].work + conversions([2]) + copies(1)
            cut.perExample = 1
        case .norm(let norm, _, let columns):
            cut = normalization(
                norm, columns, reads: [0], input: conversions([0]), parameters: Array(1..<inputs),
                writes: Array(inputs..<ids.count), output: conversions([inputs]) + copies(1))
        case .addNorm(let norm, _, let columns, let keepsSum):
            let sums = keepsSum ? [inputs + 1] : []
            cut = normalization(
                norm, columns, reads: [0, 1], input: VectorWork([.add: 1]) + conversions([0, 1]),
                parameters: Array(2..<inputs), writes: Array(inputs..<ids.count),
                output: conversions([inputs] + sums) + copies(keepsSum ? 2 : 1))
        case .meanPool(_, let rows, _):
            cut = Cut(
                rows, granule: 1, carriedWords: 1,
                phases: [
                    Phase(
                        reads: [0], work: VectorWork([.add: 1]) + conversions([0]),
                        end: VectorWork([.divide: 1]) + conversions([2]), results: [2], endReads: [1])
                ], whole: [2])
            cut.perExample = 1
        case .select(_, _, let columns):
            // lengths, the row that they choose; the row.
            cut = Cut(columns, phases: [Phase(reads: [1], writes: [2], work: .copy(1))], whole: [0])
        case .loss(_, _, let classes):
            cut = Cut(
                classes, carriedWords: Self.lanes + 2,
                phases: VectorWork.lossPhases.map { Phase(reads: [0], work: $0.work, end: $0.end) }, whole: [1])
            cut.running = 2
        case .update(_, let rows, let columns, _), .perturbInPlace(_, _, let rows, let columns):
            // Updates without a list have single codes for pieces.
            guard plan.units == rows else { return nil }
            // A list follows a row's codes and has no fixed place for any of them: it is on the chip whole. Copies of floating-point weights have.
            let lists = plan.operands.indices.filter { place in
                let tensor = program[ids[plan.operands[place].operand]]
                return tensor.kind == .perturbations && tensor.format.integer != nil
            }
            let along = plan.operands.indices.filter { !plan.operands[$0].isFixed && !lists.contains($0) }
            cut = Cut(
                columns,
                phases: [
                    Phase(
                        reads: along.filter { !plan.operands[$0].isWrite },
                        writes: along.filter { plan.operands[$0].isWrite })
                ], whole: Set(lists))
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights(_, _, let columns):
                cut =
                    operation.writes.count > 1
                    ? quantization(columns, codes: 1, scales: 2)
                    : Cut(columns, phases: [Phase(reads: [0], writes: [1], work: .copy(1))])
            case .lossGradient(_, let classes):
                cut = Cut(
                    classes, carriedWords: Self.lanes + 2,
                    phases: VectorWork.lossGradientPhases.map { Phase(reads: [0], work: $0.work, end: $0.end) },
                    whole: [1])
                cut.phases[2].writes = [2]
                cut.phases[2].begin = VectorWork([.add: 1])
            case .meanPoolGradient(_, let rows, _):
                cut = Cut(rows, granule: 1, carriedWords: 1, phases: [Phase(reads: [], writes: [2])], whole: [0])
                cut.phases[0].begin = VectorWork([.convert: 2, .divide: 1])
                cut.phases[0].work = VectorWork([.compare: 1])
                cut.perExample = 1
            case .selectGradient(_, let rows, _):
                cut = Cut(rows, granule: 1, phases: [Phase(reads: [], writes: [2], work: .copy(1))], whole: [0])
                cut.perExample = 1
            case .softmaxGradient(_, let columns, let isCoded):
                cut = Cut(
                    columns, carriedWords: Self.lanes,
                    phases: VectorWork.softmaxGradientPhases(isCoded: isCoded).map {
                        Phase(reads: [0, 1], work: $0.work, end: $0.end)
                    }, whole: isCoded ? [2] : [])
                cut.phases[1].writes = [inputs]
            case .normGradient(let norm, _, let columns):
                let phases = VectorWork.normGradientPhases(norm)
                cut = Cut(
                    columns, carriedWords: 2 * Self.lanes + 4,
                    phases: phases.enumerated().map { place, work in
                        // The last two read the gradient and the weights, too.
                        Phase(reads: place < phases.count - 2 ? [1] : [0, 1, 2], work: work.work, end: work.end)
                    }, beside: [2])
                cut.phases[phases.count - 1].writes = [3]
            case .biasGradient(let rows, _):
                cut = Cut(
                    rows, granule: 1, carriedWords: 1,
                    phases: [
                        Phase(
                            reads: [0], work: VectorWork([.convert: 1, .add: 1]), end: VectorWork([.convert: 1]),
                            results: [1])
                    ], whole: [1])
            case .quantizeGradient(_, _, let length), .quantizeGradientColumns(_, let length, _):
                // Scales stand beside every piece of their instance.
                let factor = VectorWork([.multiply: 1]) + conversions([0])
                cut = Cut(
                    length, carriedWords: 2,
                    phases: [
                        Phase(reads: [0, 1], work: .largestMagnitude + factor, end: .scale, results: [3]),
                        Phase(reads: [0, 1], writes: [2], work: .code + factor),
                    ], whole: [3], beside: [1])
                cut.hasRowsBesideOuter = plan.outer > 1
            case .activationGradient, .gateGradient, .addGradients, .optimize: return nil
            }
        case .product, .cast, .add, .addAdapter, .broadcast, .activation, .gate, .projectedGradient, .updateBias:
            return nil
        }

        // Operands that are no longer held whole for the operation come example by example.
        let batch = program.layoutContext.batch
        switch operation.action {
        case .softmax: plan.nest(units: program.rowsOfScores)
        case .select: plan.nest(units: batch)
        default: break
        }
        guard cut.perExample == nil || plan.outer % batch == 0 else { return nil }
        roles = plan.operands.indices.map { place in
            if place == cut.perExample { return .perExample }
            if place == cut.running { return .running }
            if cut.whole.contains(place) { return .whole }
            if cut.beside.contains(place) { return .beside }
            return plan.operands[place].isFixed ? .once : .along
        }
        for place in plan.operands.indices {
            let format = program[ids[plan.operands[place].operand]].format
            switch roles[place] {
            case .perExample: plan.operands[place] = plan.operands[place].with(unitBytes: format.bytes(1))
            case .whole where plan.operands[place].isFixed:
                plan.operands[place] = plan.operands[place].with(unitBytes: format.bytes(1))
            case .beside where cut.hasRowsBesideOuter:
                let bytes = format.bytes(cut.elements)
                plan.operands[place] = plan.operands[place].with(unitBytes: bytes)
                plan.operands[place].outerStride = bytes
            default: break
            }
        }
        self.plan = plan
        elements = cut.elements
        granule = min(cut.granule, cut.elements)
        carriedBytes = cut.carriedWords * Self.wordBytes
        phases = cut.phases
        examples = cut.perExample == nil ? 1 : batch
    }

    /// How the pieces of an operation are cut.
    private struct Cut {
        let elements: Int
        let granule: Int
        let carriedWords: Int
        var phases: [Phase]
        var whole: Set<Int>
        var beside: Set<Int>
        /// What stands beside the pieces is another row for each outer index.
        var hasRowsBesideOuter = false
        var perExample: Int?
        var running: Int?

        init(
            _ elements: Int, granule: Int = RowPlan.lanes, carriedWords: Int = 0, phases: [Phase], whole: Set<Int> = [],
            beside: Set<Int> = []
        ) {
            (self.elements, self.granule, self.carriedWords) = (elements, granule, carriedWords)
            (self.phases, self.whole, self.beside) = (phases, whole, beside)
        }
    }
}

extension Program {
    /// Rows of attention scores of an example.
    fileprivate var rowsOfScores: Int { layoutContext.heads * layoutContext.sequence }
}

extension StreamPlan {
    /// Makes pieces that follow each other in one loop `units` at a time.
    fileprivate mutating func nest(units: Int) {
        guard outer == 1, units >= 1, self.units % units == 0 else { return }
        outer = self.units / units
        self.units = units
        for place in operands.indices where !operands[place].isFixed {
            operands[place].outerStride = operands[place].unitBytes * units
        }
    }
}

extension StreamPlan.Operand {
    fileprivate func with(unitBytes: Int) -> Self {
        var result = self
        result.unitBytes = unitBytes
        result.isFixed = false
        return result
    }
}
