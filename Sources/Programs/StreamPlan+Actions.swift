import NumberFormats

extension StreamPlan {
    /// The stream of an operation that is no product (those have `ProductScheduler`).
    init(_ operation: Operation, in program: Program) {
        let ids = operation.reads + operation.writes
        let inputs = operation.reads.count
        let batch = program.step.batch
        func bytes(_ index: Int) -> Int { program[ids[index]].format.bits / 8 }
        func whole(_ index: Int) -> Int { program[ids[index]].bytes(batch: batch) }

        /// `elements` of operand `index` a piece.
        func piece(_ index: Int, _ elements: Int, outerStride: Int = 0, replaces: Int? = nil) -> Operand {
            Operand(
                operand: index, isWrite: index >= inputs, unitBytes: elements * bytes(index),
                outerStride: outerStride * bytes(index), replaces: replaces)
        }
        /// A column of [rows, columns] a piece.
        func column(_ index: Int, rows: Int, columns: Int) -> Operand {
            Operand(
                operand: index, isWrite: index >= inputs, unitBytes: bytes(index), innerCount: rows,
                innerPitch: columns * bytes(index), outerStride: rows * columns * bytes(index))
        }
        /// All of operand `index`, once.
        func fixed(_ index: Int) -> Operand {
            Operand(operand: index, isWrite: index >= inputs, unitBytes: whole(index), isFixed: true)
        }
        let elementGranule = 128
        let hasCopy: Bool
        switch operation.action {
        case .softmax, .addLayerNorm: hasCopy = operation.writes.count > 1
        default: hasCopy = false
        }

        switch operation.action {
        case .product:
            preconditionFailure("products are laid out by ProductScheduler")
        case .embed(_, let columns):
            // tokens, word, position, type, norm weight, norm bias; x.
            let sequence = program.step.sequence
            var words = piece(1, columns)
            words.gathered = true
            self.init(
                outer: batch, units: sequence,
                operands: [
                    piece(0, 1, outerStride: sequence), words, piece(2, columns),
                    Operand(operand: 3, isWrite: false, unitBytes: columns * bytes(3), isFixed: true), fixed(4), fixed(5),
                    piece(6, columns, outerStride: sequence * columns),
                ], work: .embed(columns))
        case .quantizeRows(let rows, let columns):
            self.init(
                units: rows, operands: [piece(0, columns), piece(1, columns), piece(2, 1)], work: .quantize(columns))
        case .quantizeColumns(let instances, let rows, let columns):
            // x [examples, rows, heads · columns]; codes and scales by channel.
            let channels = instances / batch * columns
            self.init(
                outer: batch, units: channels,
                operands: [
                    column(0, rows: rows, columns: channels), fixed(1),
                    piece(2, rows, outerStride: rows * channels), piece(3, 1, outerStride: channels),
                ], work: .quantize(rows))
        case .softmax(let rows, let columns):
            let copies = hasCopy ? [piece(3, columns)] : []
            self.init(
                units: rows, operands: [piece(0, columns), fixed(1), piece(2, columns, replaces: 0)] + copies,
                work: .softmax(columns) + (hasCopy ? .copy(columns) : VectorWork()))
        case .addLayerNorm(let rows, let columns):
            let copies = hasCopy ? [piece(5, columns)] : []
            self.init(
                units: rows, operands: [piece(0, columns), piece(1, columns), fixed(2), fixed(3), piece(4, columns)] + copies,
                work: .addLayerNorm(columns) + (hasCopy ? .copy(columns) : VectorWork()))
        case .gelu(let elements):
            self.init(
                units: elements, granule: elementGranule, operands: [piece(0, 1), piece(1, 1)],
                work: VectorWork([.gelu: 1]))
        case .meanPool(let examples, let rows, let columns):
            self.init(
                outer: examples, units: columns,
                operands: [column(0, rows: rows, columns: columns), fixed(1), piece(2, 1, outerStride: columns)],
                work: .meanPool(rows: rows))
        case .loss(let examples, let classes):
            self.init(
                units: examples, operands: [piece(0, classes), piece(1, 1), fixed(2)], work: .loss(classes),
                endWork: .lossEnd)
        case .projectedGradient:
            self.init(units: 1, operands: [piece(0, 1), piece(1, 1), piece(2, 1)], work: .projectedGradient)
        case .update(_, let rows, let columns, let residualBits):
            // multiplier, codes, (residuals); codes, (residuals): in the weight buffer, where the perturbation unit works.
            var operands = [fixed(0), piece(1, 1)]
            if residualBits > 0 {
                operands += [piece(2, 1), piece(3, 1, replaces: 1), piece(4, 1, replaces: 2)]
            } else {
                operands.append(piece(2, 1, replaces: 1))
            }
            for index in operands.indices { operands[index].memory = .weight }
            self.init(units: rows * columns, granule: elementGranule, operands: operands, engine: .update)
        case .updateBias(_, let elements):
            self.init(
                units: elements, operands: [fixed(0), piece(1, 1), piece(2, 1, replaces: 1)], work: .perturbBias,
                engine: .drawThenVector(.secondRounding))
        case .firstOrder(let action):
            switch action {
            case .quantizeWeights(_, let rows, let columns):
                self.init(
                    units: rows, operands: [piece(0, columns), piece(1, columns), piece(2, 1)], work: .quantize(columns))
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
            case .geluGradient(let elements):
                self.init(
                    units: elements, granule: elementGranule, operands: [piece(0, 1), piece(1, 1), piece(2, 1)],
                    work: .geluGradient)
            case .softmaxGradient(let rows, let columns):
                self.init(
                    units: rows, operands: [piece(0, columns), piece(1, columns), piece(2, columns)],
                    work: .softmaxGradient(columns))
            case .layerNormGradient(let rows, let columns):
                self.init(
                    units: rows, operands: [piece(0, columns), piece(1, columns), fixed(2), piece(3, columns)],
                    work: .layerNormGradient(columns))
            case .addGradients(let terms, let elements):
                self.init(
                    units: elements, granule: elementGranule, operands: (0...terms).map { piece($0, 1) },
                    work: .addGradients(terms: terms))
            case .biasGradient(let rows, let columns):
                self.init(
                    units: columns, operands: [column(0, rows: rows, columns: columns), piece(1, 1)],
                    work: .biasGradient(rows: rows))
            case .adam(let elements):
                self.init(
                    units: elements, granule: elementGranule,
                    operands: [
                        piece(0, 1), piece(1, 1), piece(2, 1), piece(3, 1), piece(4, 1, replaces: 1),
                        piece(5, 1, replaces: 2), piece(6, 1, replaces: 3),
                    ], work: .adam)
            }
        }
    }
}
