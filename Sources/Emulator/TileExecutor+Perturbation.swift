import Kernels
import NumberFormats
import Programs

/// The perturbation unit on tiles: weights on their way into SRAM, updates in place, draws for a new head's bias.
extension TileExecutor {
    func context() throws(TileError) -> StepContext {
        guard let stepContext else { throw fault(.notDescribed("what to draw: inference has no perturbation")) }
        return stepContext
    }

    /// What the step does to a trained layer's codes.
    func moves(_ number: Int) throws(TileError) -> CodeMoves {
        guard let moves = try context().moves(number, of: parameters) else {
            throw fault(.notDescribed("a trained layer's weights"))
        }
        return moves
    }

    /// Elements of one piece of work for a thread, and a multiple of the kernels' 256.
    static let elementsPerPiece = 32768

    /// A range of elements in pieces for the threads.
    private func pieces(_ first: Int, _ count: Int) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var element = first
        while element < first + count {
            let next = min(first + count, (element / Self.elementsPerPiece + 1) * Self.elementsPerPiece)
            pieces.append(element..<next)
            element = next
        }
        return pieces
    }

    /// clamp(k ± d) in the tile. The same values come out of every fetch, since they depend on the element alone.
    func perturb(_ command: TileCommand) throws(TileError) {
        let weights = command.amount
        guard case .product(let product) = action, case .linear(let number) = product.role else {
            throw fault(.notDescribed("a trained layer's weights"))
        }
        let moves = try moves(number)
        let format = product.secondFormat
        let tile = try command.operand(2, .change)
        let (rows, columns) = (tile.rows, tile.runBytes * 8 / format.bits)
        guard rows * columns == weights else {
            throw fault(.sizesDiffer(what: "weights", found: rows * columns, needed: weights))
        }
        let first = command.first
        _ = try bytes(first, format)
        let k = product.k
        guard first >= 0, first + (rows - 1) * k + columns <= product.n * k else {
            throw fault(.outsideTensor(end: first + (rows - 1) * k + columns, bytes: product.n * k))
        }
        let (isPlus, isBoth) = (product.sign != .minus, product.sign == .both)
        // The second sign's tile stands behind the first one's.
        let second = isBoth ? try command.operand(-1, .fill, bytes: rows * tile.runBytes) : nil
        if isBoth, tile.rowPitch != tile.runBytes, rows > 1 {
            throw fault(.sizesDiffer(what: "bytes between rows", found: tile.rowPitch, needed: tile.runBytes))
        }
        let key = PerturbedTiles.Key(first: first, rows: rows, columns: columns)
        let both = second.map { [tile, $0] } ?? [tile]
        if drawsAgain, let statistics = perturbed.put(key, into: both) {
            if isPlus { count(statistics, of: weights, number) }
            return
        }
        let codes = read(tile, format, .first)
        let minusCodes = second.map { room($0, format, .second) }
        let pitch = codes.rowPitch
        // Ranges of elements that are contiguous in tile and tensor alike.
        let work: [(elements: Range<Int>, offset: Int)]
        if columns == k, rows == 1 || pitch == k {
            work = pieces(first, weights).map { ($0, $0.lowerBound - first) }
        } else {
            work = (0..<rows).map { (first + $0 * k..<first + $0 * k + columns, $0 * pitch) }
        }
        let (kernels, query) = (kernels, query)
        var statistics = [PerturbationStatistics](repeating: PerturbationStatistics(), count: work.count)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(work.count, threads: threads) { index in
                let start = work[index].elements.lowerBound
                let values = codes.pointer(Int8.self, offset: work[index].offset) - start
                let minus = minusCodes.map { $0.pointer(Int8.self, offset: work[index].offset) - start }
                results[index] = moves.perturb(
                    kernels, values, elements: work[index].elements, query: query, plus: isPlus ? values : nil,
                    minus: isBoth ? minus : isPlus ? nil : values)
            }
        }
        write(codes, to: tile, format)
        if let second, let minusCodes { write(minusCodes, to: second, format) }
        let sum = statistics.reduce(PerturbationStatistics(), +)
        clamped = (isPlus ? sum.clampedPlus : 0) + (isPlus && !isBoth ? 0 : sum.clampedMinus)
        if isPlus { count(sum, of: weights, number) }
        if drawsAgain { perturbed.add(key, both, sum) }
    }

    func count(_ statistics: PerturbationStatistics, of weights: Int, _ number: Int) {
        if isRepeated { return }
        let before = perturbations[number] ?? (PerturbationStatistics(), 0)
        perturbations[number] = (before.statistics + statistics, before.weights + weights)
    }

    /// What became of a layer's codes in the passes with +d. Weights that were fetched more than once a query were counted as often.
    func perturbationStatistics(_ number: Int) -> PerturbationStatistics {
        guard let (sum, weights) = perturbations[number] else { return PerturbationStatistics() }
        let times = UInt64(max(1, weights / (parameters.linears[number].count * max(1, losses.count))))
        return PerturbationStatistics(
            moved: sum.moved / times, clampedPlus: sum.clampedPlus / times, clampedMinus: sum.clampedMinus / times,
            squareSum: sum.squareSum / times)
    }

    // MARK: Updates

    /// Queries of the step: the update has a multiplier of each.
    var queries: Int { scheduled.program.step.queries }

    /// The differences of all queries' losses, as their multipliers' tensors hold them.
    private func differences(_ command: TileCommand) throws(TileError) -> [Float] {
        var differences: [Float] = []
        for query in 0..<queries {
            differences.append(try command.operand(query, .read, bytes: 4).pointer(Float.self)[0])
        }
        return differences
    }

    /// What they make of a layer. s_w is fixed in a run; the rows' multipliers are registers of the unit.
    private func steps(_ moves: CodeMoves, _ differences: [Float], rate: Double) -> [CodeMoves.Move] {
        if let knownMoves, knownMoves.differences.elementsEqual(differences, by: { $0.bitPattern == $1.bitPattern }) {
            return knownMoves.moves
        }
        let steps = moves.moves(
            differences: differences, learningRate: rate,
            rowScales: Array(parameters.linears[moves.number].scales.elements))
        knownMoves = (differences, steps)
        return steps
    }

    /// The update, in place, by all queries' steps.
    func update(_ command: TileCommand) throws(TileError) {
        let (context, weights) = (try context(), try command.amount(times: queries))
        guard case .update(let number, let rows, let columns, let residualBits) = action else {
            throw fault(.notDescribed("an update of weights"))
        }
        let moves = try moves(number)
        let format = format(queries)
        let differences = try differences(command)
        let tile = try command.operand(queries, .change)
        let residuals = residualBits > 0 ? try command.operand(queries + 1, .change) : nil
        guard tile.bytes.count == (try bytes(weights, format)),
            residuals.map({ $0.bytes.count == weights * residualBits / 8 }) ?? true
        else { throw fault(.sizesDiffer(what: "codes", found: tile.bytes.count * 8 / format.bits, needed: weights)) }
        let known = context.settings.rounding.residualBits
        guard known == residualBits else {
            throw fault(.sizesDiffer(what: "bits of a residual", found: known, needed: residualBits))
        }
        let first = command.first
        _ = try bytes(first, format)
        guard first >= 0, first + weights <= rows * columns else {
            throw fault(.outsideTensor(end: first + weights, bytes: rows * columns))
        }
        let codes = read(tile, format, .first)
        if isUpdateInPlace { try takeRestored(codes, weights) }
        let steps = steps(moves, differences, rate: context.learningRate)
        let (kernels, work) = (kernels, pieces(first, weights))
        let room = moves.addsUp(steps)
        var statistics = [UpdateStatistics](repeating: UpdateStatistics(), count: work.count)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(work.count, threads: threads) { index in
                let sums = AlignedBuffer<Int32>(uninitializedCount: room ? work[index].count : 0)
                results[index] = moves.update(
                    kernels, codes.pointer(Int8.self) - first,
                    residuals: residuals.map {
                        UnsafeMutableRawPointer($0.bytes.baseAddress) - first * (residualBits / 8)
                    }, elements: work[index], moves: steps, sums: sums.baseAddress)
            }
        }
        write(codes, to: tile, format)
        let found = statistics.reduce(UpdateStatistics(), +)
        clamped = found.clamped
        updates[number] = (updates[number] ?? UpdateStatistics()) + found
    }

    // MARK: A new head's bias

    /// What a tile's values are moved by, for the vector unit: in an update by all queries, one after another.
    func draw(_ command: TileCommand) throws(TileError) {
        let moves = try context().biasMoves(of: parameters)
        let isUpdate: Bool
        if case .updateBias = action { isUpdate = true } else { isUpdate = false }
        let values = try command.amount(times: isUpdate ? queries : 1)
        let first = command.first
        for query in isUpdate ? 0..<queries : query..<query + 1 {
            drawn += (first..<first + values).map { moves.drawn(at: $0, query: query, isUpdate: isUpdate) }
        }
    }

    /// What was drawn into the values: of a pass, or of the update.
    func perturbBias(_ command: TileCommand) throws(TileError) {
        let context = try context()
        let moves = context.biasMoves(of: parameters)
        func takeDrawn(_ needed: Int) throws(TileError) -> [Int32] {
            guard drawn.count == needed else { throw fault(.draws(found: drawn.count, needed: needed)) }
            defer { drawn = [] }
            return drawn
        }
        switch action {
        case .product(let product):
            let values = try command.operand(4, .change)
            let second = product.biasSign == .both ? try command.operand(-1, .fill, bytes: values.bytes.count) : nil
            let bias = values.pointer(Float.self)
            for (index, drawn) in try takeDrawn(values.bytes.count / 4).enumerated() {
                let both = moves.perturbed(bias[index], by: drawn)
                if let second { second.pointer(Float.self)[index] = both.minus }
                bias[index] = product.biasSign == .minus ? both.minus : both.plus
            }
        case .updateBias:
            let differences = try differences(command)
            let values = try command.operand(queries, .change)
            let bias = values.pointer(Float.self)
            let count = values.bytes.count / 4
            let drawn = try takeDrawn(count * queries)
            for (query, difference) in differences.enumerated() {
                for index in 0..<count {
                    bias[index] = moves.updated(
                        bias[index], by: drawn[query * count + index], difference: difference, queries: queries,
                        learningRate: context.learningRate)
                }
            }
        default: throw fault(.notDescribed("a bias"))
        }
    }
}
