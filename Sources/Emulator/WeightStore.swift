import Kernels
import NumberFormats
import Programs

/// The linear weights in the layout that the kernels read: as stored, and perturbed both ways.
///
/// On the accelerator the perturbation unit changes weights as they stream into SRAM. Every fetch draws the same values (docs/semantics.md,
/// section 4), so the computer draws them once a step and packs clamp(k + d) and clamp(k − d) together.
final class WeightStore {
    private let parameters: EncoderParameters
    private let kernels: Kernels
    private let threads: Int
    private var packed: [AlignedBuffer<Int8>?]
    private var isStale: [Bool]
    private var plus: [AlignedBuffer<Int8>?]
    private var minus: [AlignedBuffer<Int8>?]
    private var values: [AlignedBuffer<Float>?]
    private let plusBias: AlignedBuffer<Float>
    private let minusBias: AlignedBuffer<Float>
    /// Row-major ±codes of one piece, a pair for each thread.
    private let pieces: [(plus: AlignedBuffer<Int8>, minus: AlignedBuffer<Int8>)]

    /// Rows of a piece; a multiple of the packed panels' height, so that pieces pack side by side.
    private static let rowsPerPiece = 64

    init(parameters: EncoderParameters, kernels: Kernels, threads: Int) {
        self.parameters = parameters
        self.kernels = kernels
        self.threads = threads
        let count = parameters.matrices.count
        packed = Array(repeating: nil, count: count)
        isStale = Array(repeating: true, count: count)
        plus = packed
        minus = packed
        values = Array(repeating: nil, count: count)
        plusBias = AlignedBuffer(count: parameters.shape.classes)
        minusBias = AlignedBuffer(count: parameters.shape.classes)
        let widest = parameters.matrices.compactMap { $0?.columns }.max() ?? 0
        pieces = (0..<max(1, threads)).map { _ in
            (AlignedBuffer(count: Self.rowsPerPiece * widest), AlignedBuffer(count: Self.rowsPerPiece * widest))
        }
    }

    /// Marks the codes of the matrices `numbers` as changed.
    func invalidate(_ numbers: some Sequence<Int>) {
        for number in numbers { isStale[number] = true }
    }

    /// Packs what has changed of the matrices `numbers`, as stored.
    func packStored(_ numbers: some Sequence<Int>) {
        for number in numbers where isStale[number] {
            let linear = parameters.matrix(number)
            switch parameters.precision {
            case .quantized:
                let buffer =
                    packed[number]
                    ?? AlignedBuffer(count: Kernels.packedInt8Count(rows: linear.rows, columns: linear.columns))
                packed[number] = buffer
                let target = buffer.shared
                let codes = linear.codes.shared
                let kernels = kernels
                let (rows, columns) = (linear.rows, linear.columns)
                parallelFor((rows + Self.rowsPerPiece - 1) / Self.rowsPerPiece, threads: threads) { piece in
                    let first = piece * Self.rowsPerPiece
                    kernels.packInt8(
                        codes.baseAddress + first * columns, rowStride: columns,
                        rows: min(Self.rowsPerPiece, rows - first),
                        columns: columns,
                        into: target.baseAddress + Kernels.packedInt8Count(rows: first, columns: columns))
                }
            case .fp32:
                let buffer =
                    values[number]
                    ?? AlignedBuffer(count: Kernels.packedFloat32Count(rows: linear.rows, columns: linear.columns))
                values[number] = buffer
                kernels.packFloat32(
                    linear.values.baseAddress, rowStride: linear.columns, rows: linear.rows, columns: linear.columns,
                    into: buffer.baseAddress)
            }
            isStale[number] = false
        }
    }

    /// Draws a query's perturbation of the matrices `numbers` and packs both signs.
    ///
    /// - Parameter moves: of each matrix, in the order of `numbers`.
    /// - Returns: what became of each matrix's codes, in the same order.
    func perturb(_ numbers: [Int], _ moves: [CodeMoves], query: Int) -> [PerturbationStatistics] {
        /// `place` among `numbers`.
        struct Piece { let number: Int, place: Int, first: Int, rows: Int }
        var work: [Piece] = []
        for (place, number) in numbers.enumerated() {
            let linear = parameters.matrix(number)
            if plus[number] == nil {
                let count = Kernels.packedInt8Count(rows: linear.rows, columns: linear.columns)
                plus[number] = AlignedBuffer(count: count)
                minus[number] = AlignedBuffer(count: count)
            }
            for first in stride(from: 0, to: linear.rows, by: Self.rowsPerPiece) {
                work.append(
                    Piece(number: number, place: place, first: first, rows: min(Self.rowsPerPiece, linear.rows - first))
                )
            }
        }
        var statistics = [PerturbationStatistics](repeating: PerturbationStatistics(), count: work.count)
        let pieceWork = work
        let sources = parameters.matrices.map { $0?.codes.shared }
        let columnCounts = parameters.matrices.map { $0?.columns ?? 0 }
        let plusTargets = plus.map { $0?.shared }
        let minusTargets = minus.map { $0?.shared }
        let scratch = pieces.map { (plus: $0.plus.shared, minus: $0.minus.shared) }
        let kernels = kernels
        statistics.withUnsafeMutableBufferPointer { buffer in
            let results = SharedBuffer(buffer)
            workers(pieceWork.count, threads: threads) { worker, index in
                let piece = pieceWork[index]
                let columns = columnCounts[piece.number]
                let offset = Kernels.packedInt8Count(rows: piece.first, columns: columns)
                let (plusCodes, minusCodes) = (scratch[worker].plus.baseAddress, scratch[worker].minus.baseAddress)
                let elements = piece.first * columns..<(piece.first + piece.rows) * columns
                // The kernel indexes by the element's place in the tensor; the scratch holds the piece alone.
                results[index] = moves[piece.place].perturb(
                    kernels, sources[piece.number]!.baseAddress, elements: elements, query: query,
                    plus: plusCodes - elements.lowerBound, minus: minusCodes - elements.lowerBound)
                kernels.packInt8(
                    plusCodes, rowStride: columns, rows: piece.rows, columns: columns,
                    into: plusTargets[piece.number]!.baseAddress + offset)
                kernels.packInt8(
                    minusCodes, rowStride: columns, rows: piece.rows, columns: columns,
                    into: minusTargets[piece.number]!.baseAddress + offset)
            }
        }
        var totals = [PerturbationStatistics](repeating: PerturbationStatistics(), count: numbers.count)
        for (piece, result) in zip(work, statistics) {
            totals[piece.place] = totals[piece.place] + result
        }
        return totals
    }

    /// The head bias of both passes (docs/semantics.md, section 10).
    func perturbBias(_ moves: BiasMoves, query: Int) {
        let head = parameters.linears[parameters.shape.headNumber]
        for element in 0..<head.bias.count {
            (plusBias[element], minusBias[element]) = moves.perturbed(head.bias[element], at: element, query: query)
        }
    }

    /// Pointers for the executors; perturbed ones are nil for layers that are not perturbed.
    func weights(withBias: Bool) -> PassExecutor.PackedWeights {
        PassExecutor.PackedWeights(
            none: packed.map { $0?.shared }, plus: plus.map { $0?.shared }, minus: minus.map { $0?.shared },
            values: values.map { $0?.shared }, plusBias: withBias ? plusBias.shared : nil,
            minusBias: withBias ? minusBias.shared : nil)
    }
}
