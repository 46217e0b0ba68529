import NumberFormats

extension StreamPlan {
    /// The stream of an operation that is no product (those have `ProductScheduler`).
    init(_ operation: Operation, in program: Program) {
        let ids = operation.reads + operation.writes
        let inputs = operation.reads.count
        let batch = program.layoutContext.batch
        func format(_ index: Int) -> ElementFormat { program[ids[index]].format }
        func elements(_ index: Int) -> Int { program[ids[index]].elements(batch: batch) }
        func whole(_ index: Int) -> Int { program[ids[index]].bytes(batch: batch) }

        /// `elements` of operand `index` a piece.
        func piece(_ index: Int, _ elements: Int, outerStride: Int = 0, replaces: Int? = nil) -> Operand {
            Operand(
                operand: index, isWrite: index >= inputs, unitBytes: format(index).bytes(elements),
                outerStride: format(index).bytes(outerStride), replaces: replaces)
        }
        /// A column of [rows, columns] a piece.
        func column(_ index: Int, rows: Int, columns: Int) -> Operand {
            Operand(
                operand: index, isWrite: index >= inputs, unitBytes: format(index).bytes(1), innerCount: rows,
                innerPitch: format(index).bytes(columns), outerStride: format(index).bytes(rows * columns))
        }
        /// A token's pieces of [heads, rows, columns], one of each head.
        func token(_ index: Int, rows: Int, heads: Int, columns: Int) -> Operand {
            Operand(
                operand: index, isWrite: index >= inputs, unitBytes: format(index).bytes(columns), innerCount: heads,
                innerPitch: format(index).bytes(rows * columns),
                outerStride: format(index).bytes(heads * rows * columns))
        }
        /// A token's row of [rows, columns].
        func row(_ index: Int, rows: Int, columns: Int) -> Operand {
            piece(index, columns, outerStride: rows * columns)
        }
        /// Rows [rows, columns] of one pass or of two, of which some operands hold one pass's that serves both: how many passes, and an
        /// operand's piece.
        func passes(_ total: Int, of indices: [Int], unit: Int) -> Int {
            indices.map { total * unit / elements($0) }.max() ?? 1
        }
        func shared(_ index: Int, total: Int, unit: Int, passes: Int) -> Operand {
            piece(index, unit, outerStride: elements(index) < total * unit ? 0 : total / passes * unit)
        }
        /// Roundings of values that wait in BF16 or FP16: each is converted on its way in or out.
        func conversions(_ indices: [Int], _ elements: Int) -> VectorWork {
            VectorWork([.convert: elements * indices.count { [.bf16, .fp16].contains(format($0)) }])
        }
        /// All of operand `index`, once.
        func fixed(_ index: Int) -> Operand {
            Operand(operand: index, isWrite: index >= inputs, unitBytes: whole(index), isFixed: true)
        }
        let elementGranule = 128
        let hasCopy: Bool
        switch operation.action {
        case .softmax, .norm, .addAdapter: hasCopy = operation.writes.count > 1
        case .addNorm(_, _, _, let keepsSum): hasCopy = operation.writes.count > (keepsSum ? 2 : 1)
        default: hasCopy = false
        }

        switch operation.action {
        case .product:
            preconditionFailure("products are laid out by ProductScheduler")
        case .embed(_, let columns):
            // tokens, word, position, type, norm weight, norm bias; x.
            let sequence = program.layoutContext.sequence
            var words = piece(1, columns)
            words.gathered = true
            self.init(
                outer: batch, units: sequence,
                operands: [
                    piece(0, 1, outerStride: sequence), words, piece(2, columns),
                    Operand(operand: 3, isWrite: false, unitBytes: format(3).bytes(columns), isFixed: true), fixed(4),
                    fixed(5),
                    piece(6, columns, outerStride: sequence * columns),
                ], work: .embed(columns) + conversions([1, 2, 3, 6], columns))
        case .lookUp(_, let columns):
            // tokens, word, (position); x.
            let sequence = program.layoutContext.sequence
            var words = piece(1, columns)
            words.gathered = true
            let places = inputs > 2 ? [2] : []
            self.init(
                outer: batch, units: sequence,
                operands: [piece(0, 1, outerStride: sequence), words] + places.map { piece($0, columns) }
                    + [piece(inputs, columns, outerStride: sequence * columns)],
                work: (places.isEmpty ? VectorWork() : VectorWork([.add: columns]))
                    + conversions([1, inputs] + places, columns))
        case .quantizeRows(let rows, let columns):
            self.init(
                units: rows, operands: [piece(0, columns), piece(1, columns), piece(2, 1)],
                work: .quantize(columns) + conversions([0], columns))
        case .quantizeByHead(let examples, let rows, let heads, let columns):
            // Scales lie by head, too.
            self.init(
                outer: examples, units: rows,
                operands: [
                    row(0, rows: rows, columns: heads * columns), token(1, rows: rows, heads: heads, columns: columns),
                    token(2, rows: rows, heads: heads, columns: 1),
                ], work: (.quantize(columns) + conversions([0], columns)) * heads)
        case .quantizeByToken(let examples, let rows, let heads, let columns):
            self.init(
                outer: examples, units: rows,
                operands: [
                    token(0, rows: rows, heads: heads, columns: columns), row(1, rows: rows, columns: heads * columns),
                    row(2, rows: rows, columns: 1),
                ], work: .quantize(heads * columns) + conversions([0], heads * columns))
        case .regroup(let examples, let rows, let heads, let columns, let toHeads):
            let byToken = row(toHeads ? 0 : 1, rows: rows, columns: heads * columns)
            let byHead = token(toHeads ? 1 : 0, rows: rows, heads: heads, columns: columns)
            // A pass through the vector unit, a conversion a value.
            self.init(
                outer: examples, units: rows, operands: toHeads ? [byToken, byHead] : [byHead, byToken],
                work: VectorWork([.convert: heads * columns]))
        case .cast(let elements):
            self.init(
                units: elements, granule: elementGranule, operands: [piece(0, 1), piece(1, 1)], work: .copy(1))
        case .rotate(let examples, let rows, let heads, let columns):
            let width = heads * columns
            var written = row(2, rows: rows, columns: width)
            written.replaces = 0
            self.init(
                outer: examples, units: rows,
                operands: [row(0, rows: rows, columns: width), piece(1, columns), written],
                work: .rotate * width + conversions([0, 2], width))
        case .quantizeColumns(let instances, let rows, let columns):
            // x [examples, rows, heads · columns]; codes and scales by channel.
            let heads = program.layoutContext.keyValueHeads
            let channels = heads * columns
            self.init(
                outer: instances / heads, units: channels,
                operands: [
                    column(0, rows: rows, columns: channels), fixed(1),
                    piece(2, rows, outerStride: rows * channels), piece(3, 1, outerStride: channels),
                ], work: .quantize(rows) + conversions([0], rows))
        case .softmax(let rows, let columns):
            let copies = hasCopy ? [piece(3, columns)] : []
            self.init(
                units: rows, operands: [piece(0, columns), fixed(1), piece(2, columns, replaces: 0)] + copies,
                work: .softmax(columns) + (hasCopy ? .copy(columns) : VectorWork()) + conversions([0, 2], columns))
        case .norm(let norm, let rows, let columns):
            let parameters = (1..<inputs).map { fixed($0) }
            self.init(
                units: rows,
                operands: [piece(0, columns)] + parameters
                    + operation.writes.indices.map { piece(inputs + $0, columns) },
                work: .norm(norm, columns) + (hasCopy ? .copy(columns) : VectorWork())
                    + conversions([0, inputs], columns))
        case .addNorm(let norm, let rows, let columns, let keepsSum):
            let passes = passes(rows, of: [0, 1], unit: columns)
            let results = operation.writes.indices.map { piece(inputs + $0, columns) }
            self.init(
                outer: passes, units: rows / passes,
                operands: [0, 1].map { shared($0, total: rows, unit: columns, passes: passes) }
                    + (2..<inputs).map { fixed($0) }
                    + results.map { $0.strided(by: rows / passes, passes: passes) },
                work: .norm(norm, columns) + VectorWork([.add: columns])
                    + (hasCopy ? .copy(columns) : VectorWork())
                    + conversions([0, 1, inputs] + (keepsSum ? [inputs + 1] : []), columns))
        case .add(let elements):
            let passes = passes(elements, of: [0, 1], unit: 1)
            self.init(
                outer: passes, units: elements / passes, granule: elementGranule,
                operands: [0, 1].map { shared($0, total: elements, unit: 1, passes: passes) }
                    + [piece(2, 1).strided(by: elements / passes, passes: passes)],
                work: VectorWork([.add: 1]) + conversions([0, 1, 2], 1))
        case .addAdapter(let elements):
            // A layer's y may be one pass's and what its adapter adds both passes'; the sum then is a tensor of its own.
            let passes = passes(elements, of: [1], unit: 1)
            let results = operation.writes.indices.map {
                piece(inputs + $0, 1, replaces: $0 == 0 && ids[inputs] == ids[1] ? 1 : nil)
            }
            self.init(
                outer: passes, units: elements / passes, granule: elementGranule,
                operands: [0, 1].map { shared($0, total: elements, unit: 1, passes: passes) }
                    + results.map { $0.strided(by: elements / passes, passes: passes) },
                work: VectorWork([.add: 1]) + (hasCopy ? .copy(1) : VectorWork()) + conversions([0, 1, inputs], 1))
        case .broadcast(let elements):
            let passes = passes(elements, of: [0], unit: 1)
            self.init(
                outer: passes, units: elements / passes, granule: elementGranule,
                operands: [
                    shared(0, total: elements, unit: 1, passes: passes),
                    piece(1, 1).strided(by: elements / passes, passes: passes),
                ], work: .copy(1))
        case .activation(let activation, let elements):
            self.init(
                units: elements, granule: elementGranule, operands: [piece(0, 1), piece(1, 1)],
                work: .activation(activation) + conversions([0, 1], 1))
        case .gate(let activation, let elements):
            // Of gate and up one may be the same in both passes.
            let passes = passes(elements, of: [0, 1], unit: 1)
            self.init(
                outer: passes, units: elements / passes, granule: elementGranule,
                operands: [0, 1].map { shared($0, total: elements, unit: 1, passes: passes) }
                    + [piece(2, 1).strided(by: elements / passes, passes: passes)],
                work: .activation(activation) + VectorWork([.multiply: 1]) + conversions([0, 1, 2], 1))
        case .meanPool(let examples, let rows, let columns):
            self.init(
                outer: examples, units: columns,
                operands: [column(0, rows: rows, columns: columns), fixed(1), piece(2, 1, outerStride: columns)],
                work: .meanPool(rows: rows) + conversions([0], rows) + conversions([2], 1))
        case .select(let examples, _, let columns):
            var chosen = piece(0, columns)
            chosen.gathered = true
            self.init(
                units: examples, operands: [fixed(1), chosen, piece(2, columns)],
                work: VectorWork([.convert: columns]))
        case .loss(let passes, let examples, let classes):
            self.init(
                outer: passes, units: examples,
                operands: [piece(0, classes, outerStride: examples * classes), piece(1, 1), fixed(2)],
                work: .loss(classes), endWork: .lossEnd * passes)
        case .projectedGradient:
            // Two losses, in a tensor each or in one.
            self.init(
                units: 1, operands: (0..<inputs).map { piece($0, elements($0)) } + [piece(inputs, 1)],
                work: .projectedGradient)
        case .update(_, let rows, let columns, let residualBits):
            // multipliers, codes, (residuals), (kept); codes, (residuals): in the weight buffer, where the perturbation unit works.
            let context = program.layoutContext
            let (queries, residuals) = (context.queries, residualBits > 0 ? 1 : 0)
            let isInPlace = inputs > queries + 1 + residuals
            let per = isInPlace ? columns : max(1, 8 / format(queries).bits)
            var operands = (0..<queries).map { fixed($0) } + [piece(queries, per)]
            if residuals > 0 { operands.append(piece(queries + 1, per)) }
            if isInPlace { operands.append(piece(inputs - 1, InPlaceList.bytes(columns: columns))) }
            operands.append(piece(inputs, per, replaces: queries))
            if residuals > 0 { operands.append(piece(inputs + 1, per, replaces: queries + 1)) }
            for index in operands.indices { operands[index].memory = .weight }
            self.init(
                units: rows * columns / per, granule: isInPlace ? 1 : elementGranule / per, operands: operands,
                engine: .update(
                    weights: per, times: queries, restoring: isInPlace ? context.perturbationDraws : [],
                    draws: context.updateDraws))
        case .perturbInPlace(let move, _, let rows, let columns):
            let keeps = operation.writes.count > 1
            let isList = format(keeps ? inputs + 1 : inputs).integer != nil
            let kept = isList ? InPlaceList.bytes(columns: columns) : columns
            // codes, (kept); codes, kept. Of floating-point weights `turn` reads what is kept alone.
            var operands = [piece(0, columns)]
            if move != .start, isList { operands.append(piece(1, kept)) }
            operands.append(piece(inputs, columns, replaces: 0))
            if keeps { operands.append(piece(inputs + 1, kept, replaces: move == .start ? nil : 1)) }
            for index in operands.indices { operands[index].memory = .weight }
            self.init(
                units: rows, operands: operands,
                engine: .perturb(
                    weights: columns, times: isList && move == .next ? 2 : 1,
                    draws: program.layoutContext.perturbationDraws))
        case .updateBias(_, let elements):
            let queries = program.layoutContext.queries
            self.init(
                units: elements,
                operands: (0..<queries).map { fixed($0) } + [
                    piece(queries, 1), piece(queries + 1, 1, replaces: queries),
                ],
                work: .perturbBias * queries,
                engine: .drawThenVector(values: queries, program.layoutContext.updateDraws.filter { $0 != .update }))
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights(_, let rows, let columns):
                let scales = operation.writes.count > 1 ? [piece(2, 1)] : []
                self.init(
                    units: rows, operands: [piece(0, columns), piece(1, columns)] + scales,
                    work: scales.isEmpty ? .copy(columns) : .quantize(columns))
            case .selectGradient(let examples, let rows, let columns):
                // Zeros cost their writing alone. A piece is a channel, as of the mean's gradient.
                self.init(
                    outer: examples, units: columns,
                    operands: [
                        piece(0, 1, outerStride: columns), fixed(1), column(2, rows: rows, columns: columns),
                    ], work: VectorWork([.convert: rows]))
            case .activationGradient(let activation, let elements):
                self.init(
                    units: elements, granule: elementGranule, operands: [piece(0, 1), piece(1, 1), piece(2, 1)],
                    work: .activationGradient(activation))
            case .gateGradient(let activation, let elements):
                self.init(
                    units: elements, granule: elementGranule, operands: ids.indices.map { piece($0, 1) },
                    work: .gateGradient(activation, wantsUp: operation.writes.count > 1))
            case .lossGradient(let examples, let classes):
                self.init(
                    units: examples, operands: [piece(0, classes), piece(1, 1), piece(2, classes)],
                    work: .lossGradient(classes))
            case .meanPoolGradient(let examples, let rows, let columns):
                self.init(
                    outer: examples, units: columns,
                    operands: [
                        piece(0, 1, outerStride: columns), fixed(1), column(2, rows: rows, columns: columns),
                    ], work: .meanPoolGradient(rows: rows))
            case .softmaxGradient(let rows, let columns, let isCoded):
                self.init(
                    units: rows,
                    operands: [piece(0, columns), piece(1, columns)] + (isCoded ? [piece(2, 1)] : [])
                        + [piece(inputs, columns)], work: .softmaxGradient(columns, isCoded: isCoded))
            case .normGradient(let norm, let rows, let columns):
                self.init(
                    units: rows, operands: [piece(0, columns), piece(1, columns), fixed(2), piece(3, columns)],
                    work: .normGradient(norm, columns))
            case .addGradients(let terms, let elements):
                self.init(
                    units: elements, granule: elementGranule, operands: (0...terms).map { piece($0, 1) },
                    work: .addGradients(terms: terms))
            case .biasGradient(let rows, let columns):
                self.init(
                    units: columns, operands: [column(0, rows: rows, columns: columns), piece(1, 1)],
                    work: .biasGradient(rows: rows))
            case .quantizeGradient(let instances, let rows, let columns):
                self.init(
                    outer: instances, units: rows,
                    operands: [
                        row(0, rows: rows, columns: columns), fixed(1), row(2, rows: rows, columns: columns),
                        row(3, rows: rows, columns: 1),
                    ],
                    work: .quantize(columns) + VectorWork([.multiply: columns]) + conversions([0], columns))
            case .quantizeGradientColumns(let instances, let rows, let columns):
                self.init(
                    outer: instances, units: columns,
                    operands: [
                        column(0, rows: rows, columns: columns), fixed(1), row(2, rows: columns, columns: rows),
                        row(3, rows: columns, columns: 1),
                    ],
                    work: .quantize(rows) + VectorWork([.multiply: rows]) + conversions([0], rows))
            case .optimize(let optimizer, let rows, let columns):
                self.init(optimizer, rows: rows, columns: columns, operation, in: program)
            }
        }
    }
}
