import Kernels
import NumberFormats
import Programs

/// The perturbation unit on tiles: weights on their way into SRAM, updates in place, draws for a new head's bias.
extension TileExecutor {
    func context() throws(TileError) -> QuZOContext {
        guard let quzo else { throw fault(.notDescribed("what to draw: inference has no perturbation")) }
        return quzo
    }

    /// Elements of one piece of work for a thread, and a multiple of the kernels' 256.
    static let elementsPerPiece = 32768

    /// clamp(k ± d) in the tile. The same values come out of every fetch, since they depend on the element alone.
    func perturb(_ command: TileCommand) throws(TileError) {
        let weights = command.amount
        let quzo = try context()
        guard case .product(let product) = action, case .linear(let number) = product.role,
            let multipliers = quzo.perturbation[number]
        else { throw fault(.notDescribed("a trained layer's weights")) }
        let tile = try command.operand(2, .change)
        let (rows, columns, pitch) = (tile.rows, tile.runBytes, tile.rowPitch)
        guard rows * columns == weights else {
            throw fault(.sizesDiffer(what: "weights", found: rows * columns, needed: weights))
        }
        let first = command.first
        let k = product.k
        guard first >= 0, first + (rows - 1) * k + columns <= product.n * k else {
            throw fault(.outsideTensor(end: first + (rows - 1) * k + columns, bytes: product.n * k))
        }
        // Ranges of elements that are contiguous in tile and tensor alike.
        var pieces: [(elements: Range<Int>, offset: Int)] = []
        if columns == k, rows == 1 || pitch == k {
            var element = first
            while element < first + weights {
                let next = min(first + weights, (element / Self.elementsPerPiece + 1) * Self.elementsPerPiece)
                pieces.append((element..<next, element - first))
                element = next
            }
        } else {
            for row in 0..<rows { pieces.append((first + row * k..<first + row * k + columns, row * pitch)) }
        }
        let (isPlus, isBoth) = (product.sign != .minus, product.sign == .both)
        // The second sign's tile stands behind the first one's.
        let second = isBoth ? try command.operand(-1, .fill, bytes: weights) : nil
        if isBoth, pitch != columns, rows > 1 {
            throw fault(.sizesDiffer(what: "bytes between rows", found: pitch, needed: columns))
        }
        let (kernels, settings, streams, work) = (kernels, quzo.settings, quzo.streams(number), pieces)
        var statistics = [PerturbationStatistics](repeating: PerturbationStatistics(), count: work.count)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(work.count, threads: threads) { index in
                let start = work[index].elements.lowerBound
                let codes = tile.pointer(Int8.self, offset: work[index].offset) - start
                let minus = second.map { $0.pointer(Int8.self, offset: work[index].offset) - start }
                results[index] = multipliers.withUnsafeBufferPointer { multipliers in
                    kernels.perturb(
                        codes, elements: work[index].elements, columns: k, multipliers: multipliers,
                        bits: settings.bits, streams: streams, plus: isPlus ? codes : nil,
                        minus: isBoth ? minus : isPlus ? nil : codes)
                }
            }
        }
        guard isPlus else { return }
        let before = perturbations[number] ?? (PerturbationStatistics(), 0)
        perturbations[number] = (statistics.reduce(before.statistics, +), before.weights + weights)
    }

    /// What became of a layer's codes in the pass with +d. Weights that were fetched more than once were counted as often.
    func perturbationStatistics(_ number: Int) -> PerturbationStatistics {
        guard let (sum, weights) = perturbations[number] else { return PerturbationStatistics() }
        let times = UInt64(weights / parameters.linears[number].count)
        return PerturbationStatistics(
            moved: sum.moved / times, clampedPlus: sum.clampedPlus / times, clampedMinus: sum.clampedMinus / times,
            squareSum: sum.squareSum / times)
    }

    /// The update, in place.
    func update(_ command: TileCommand) throws(TileError) {
        let weights = command.amount
        let quzo = try context()
        guard case .update(let number, let rows, let columns, let residualBits) = action else {
            throw fault(.notDescribed("an update of weights"))
        }
        let multiplier = try command.operand(0, .read)
        let codes = try command.operand(1, .change)
        let residuals = residualBits > 0 ? try command.operand(2, .change) : nil
        guard codes.bytes.count == weights, residuals.map({ $0.bytes.count == weights * residualBits / 8 }) ?? true
        else { throw fault(.sizesDiffer(what: "codes", found: codes.bytes.count, needed: weights)) }
        guard quzo.settings.rounding.residualBits == residualBits else {
            throw fault(
                .sizesDiffer(
                    what: "bits of a residual", found: quzo.settings.rounding.residualBits, needed: residualBits))
        }
        let first = command.first
        guard first >= 0, first + weights <= rows * columns else {
            throw fault(.outsideTensor(end: first + weights, bytes: rows * columns))
        }
        if isUpdateInPlace { try takeRestored(codes, weights) }
        // s_w is fixed in a run; the rows' multipliers are registers of the unit.
        let scalars = quzo.update(
            lossDifference: multiplier.pointer(Float.self)[0],
            rowScales: Array(parameters.linears[number].scales.elements))
        var pieces: [Range<Int>] = []
        var element = first
        while element < first + weights {
            let next = min(first + weights, (element / Self.elementsPerPiece + 1) * Self.elementsPerPiece)
            pieces.append(element..<next)
            element = next
        }
        let (kernels, settings, streams, work) = (kernels, quzo.settings, quzo.streams(number), pieces)
        var statistics = [UpdateStatistics](repeating: UpdateStatistics(), count: work.count)
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            parallelFor(work.count, threads: threads) { index in
                results[index] = scalars.multipliers.withUnsafeBufferPointer { multipliers in
                    kernels.update(
                        codes.pointer(Int8.self) - first,
                        residuals: residuals.map {
                            UnsafeMutableRawPointer($0.bytes.baseAddress) - first * (residualBits / 8)
                        }, elements: work[index], columns: columns, multipliers: multipliers, bits: settings.bits,
                        rounding: settings.rounding, streams: streams)
                }
            }
        }
        updates[number] = statistics.reduce(updates[number] ?? UpdateStatistics(), +)
    }

    // MARK: A new head's bias

    /// u₁ or u₂ of a tile's values, for the vector unit.
    func draw(_ command: TileCommand) throws(TileError) {
        let quzo = try context()
        guard case .draw(let values, let draws)? = running?.work else { return }
        let streams = quzo.streams(parameters.shape.headNumber + 1)
        let first = command.first
        drawn += (first..<first + values).map { element in
            BiasPerturbation.code(
                at: element, streams: streams,
                rounding: draws.contains(.firstRounding) ? .firstRounding : .secondRounding,
                bits: quzo.settings.bits)
        }
    }

    /// The drawn codes into the values: of a pass, or of the update.
    func perturbBias(_ command: TileCommand) throws(TileError) {
        let quzo = try context()
        let settings = quzo.settings
        let scale = parameters.linears[parameters.shape.headNumber].scales[0]
        let values: TileOperand
        let change: (Float, Int32) -> Float
        var second: TileOperand?
        switch action {
        case .product(let product):
            values = try command.operand(4, .change)
            if product.biasSign == .both { second = try command.operand(-1, .fill, bytes: values.bytes.count) }
            let multiplier = BiasPerturbation.passMultiplier(size: settings.size, bits: settings.bits, headScale: scale)
            if let second {
                guard drawn.count * 4 == values.bytes.count else {
                    throw fault(.draws(found: drawn.count, needed: values.bytes.count / 4))
                }
                for (index, code) in drawn.enumerated() {
                    second.pointer(Float.self)[index] =
                        BiasPerturbation.perturbed(
                            values.pointer(Float.self)[index], multiplier: multiplier, code: code
                        ).minus
                }
            }
            change = {
                let both = BiasPerturbation.perturbed($0, multiplier: multiplier, code: $1)
                return product.biasSign == .minus ? both.minus : both.plus
            }
        case .updateBias:
            let difference = try command.operand(0, .read)
            values = try command.operand(1, .change)
            let multiplier = BiasPerturbation.updateMultiplier(
                lossDifference: difference.pointer(Float.self)[0], size: settings.size,
                learningRate: quzo.learningRate, bits: settings.bits, headScale: scale)
            change = { BiasPerturbation.updated($0, multiplier: multiplier, code: $1) }
        default: throw fault(.notDescribed("a bias"))
        }
        let count = values.bytes.count / 4
        guard drawn.count == count else { throw fault(.draws(found: drawn.count, needed: count)) }
        let bias = values.pointer(Float.self)
        for index in 0..<count { bias[index] = change(bias[index], drawn[index]) }
        drawn = []
    }
}
