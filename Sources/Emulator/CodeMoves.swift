import Kernels
import NumberFormats

/// What one step's method does to the codes of one trained linear layer, piece by piece.
struct CodeMoves: Sendable {
    let settings: StepSettings
    let step: Int
    let number: Int
    let columns: Int
    /// M, the largest code.
    let limit: Int32
    /// c_d of QuZO or m of ZOQO: of each row, or one for all.
    let multipliers: [Int32]

    /// Writes k₊ and k₋ of a range of elements, where they are wanted. Pointers are those of element 0; results may be written over `codes`.
    func perturb(
        _ kernels: Kernels, _ codes: UnsafePointer<Int8>, elements: Range<Int>, query: Int,
        plus: UnsafeMutablePointer<Int8>?, minus: UnsafeMutablePointer<Int8>?
    ) -> PerturbationStatistics {
        let streams = settings.streams(number, step: step, query: query)
        return multipliers.withUnsafeBufferPointer { multipliers in
            switch settings {
            case .quzo(let quzo):
                kernels.perturb(
                    codes, elements: elements, columns: columns, multipliers: multipliers, bits: quzo.bits,
                    streams: streams, plus: plus, minus: minus, limit: limit)
            case .zoqo:
                kernels.perturbOnGrid(
                    codes, elements: elements, columns: columns, largest: multipliers, streams: streams, plus: plus,
                    minus: minus, limit: limit)
            }
        }
    }

    /// One query's move, once its losses are known.
    enum Move: Sendable {
        /// c_g: of each row, or one for all.
        case scaled([Int32])
        /// a, as many as there are m, and the sign of the losses' difference.
        case signed(lengths: [Int32], sign: Int32)
    }

    /// The moves that the queries' losses make of a layer.
    ///
    /// - Parameter differences: fl(L₊ − L₋) of each query.
    func moves(differences: [Float], learningRate: Double, rowScales: [Float]) -> [Move] {
        switch settings {
        case .quzo(let quzo):
            differences.map {
                .scaled(
                    UpdateScalars(
                        lossDifference: $0, size: quzo.size, learningRate: learningRate, bits: quzo.bits,
                        rowScales: rowScales, queries: differences.count
                    ).multipliers)
            }
        case .zoqo(let zoqo):
            differences.map {
                .signed(
                    lengths: zoqo.lengths(learningRate: learningRate, rowScales: rowScales).lengths,
                    sign: SignStep.sign(lossDifference: $0))
            }
        }
    }

    /// Whether `update` adds steps up before it applies them: all but one query of QuZO.
    func addsUp(_ moves: [Move]) -> Bool {
        if case .quzo = settings { moves.count > 1 } else { true }
    }

    /// Updates a range of codes, and residuals where they are kept, by all queries' moves.
    ///
    /// - Parameter sums: where steps add up, room for an Int32 for each element of the range.
    func update(
        _ kernels: Kernels, _ codes: UnsafeMutablePointer<Int8>, residuals: UnsafeMutableRawPointer?,
        elements: Range<Int>, moves: [Move], sums: UnsafeMutablePointer<Int32>
    ) -> UpdateStatistics {
        if !addsUp(moves), case .quzo(let quzo) = settings, case .scaled(let multipliers) = moves[0] {
            return multipliers.withUnsafeBufferPointer {
                kernels.update(
                    codes, residuals: residuals, elements: elements, columns: columns, multipliers: $0,
                    bits: quzo.bits, rounding: quzo.rounding, streams: settings.streams(number, step: step, query: 0),
                    estimator: quzo.estimator, limit: limit)
            }
        }
        sums.update(repeating: 0, count: elements.count)
        let steps = sums - elements.lowerBound
        for (query, move) in moves.enumerated() {
            add(move, kernels, to: steps, elements: elements, query: query)
        }
        return kernels.applySteps(
            steps, to: codes, residuals: residuals, elements: elements, rounding: settings.rounding, limit: limit)
    }

    private func add(
        _ move: Move, _ kernels: Kernels, to steps: UnsafeMutablePointer<Int32>, elements: Range<Int>, query: Int
    ) {
        let streams = settings.streams(number, step: step, query: query)
        switch (move, settings) {
        case (.scaled(let multipliers), .quzo(let quzo)):
            multipliers.withUnsafeBufferPointer {
                kernels.addStep(
                    to: steps, elements: elements, columns: columns, multipliers: $0, bits: quzo.bits,
                    rounding: quzo.rounding, streams: streams, estimator: quzo.estimator)
            }
        case (.signed(let lengths, let sign), _):
            multipliers.withUnsafeBufferPointer { largest in
                lengths.withUnsafeBufferPointer { lengths in
                    kernels.addSignStep(
                        to: steps, elements: elements, columns: columns, largest: largest, lengths: lengths,
                        sign: sign, streams: streams)
                }
            }
        case (.scaled, .zoqo): preconditionFailure("ZOQO moves by signs")
        }
    }
}
