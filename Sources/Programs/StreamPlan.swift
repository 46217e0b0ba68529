import Hardware
import NumberFormats

/// An operation of the vector or perturbation unit as a stream: `outer` times `units` equal pieces, worked on in tiles.
struct StreamPlan {
    /// One tensor of the stream.
    struct Operand {
        /// Place in the operation's `reads` followed by its `writes`.
        let operand: Int
        let isWrite: Bool
        /// Bytes of one piece: contiguous, or this many in each of `innerCount` runs.
        var unitBytes: Int
        var innerCount = 1
        var innerPitch = 0
        /// Bytes from one outer index to the next.
        var outerStride = 0
        /// Moved once, whole.
        var isFixed = false
        var gathered = false
        /// The operand (place in this list) whose tile it overwrites.
        var replaces: Int?
        var memory: SRAM.Buffer = .activation

        /// On-chip bytes of a tile.
        func tileBytes(_ units: Int) -> Int { (isFixed ? 1 : units) * unitBytes * innerCount }

        /// The same, with the rows of a second pass `units` pieces further on.
        func strided(by units: Int, passes: Int) -> Operand {
            var result = self
            if passes > 1 { result.outerStride = units * unitBytes }
            return result
        }
    }

    enum Engine {
        case vector
        /// Perturbation unit, `weights` a piece, perturbing stored weights; where there are two, one takes back and one perturbs.
        case perturb(weights: Int, times: Int, draws: [RandomPurpose])
        /// Perturbation unit, `weights` a piece: the update, once for each query, and before it, where there is something to draw for it, what
        /// takes an in-place perturbation back.
        case update(weights: Int, times: Int, restoring: [RandomPurpose], draws: [RandomPurpose])
        /// `values` draws a piece, then the vector unit.
        case drawThenVector(values: Int, [RandomPurpose])

        /// Elements of a piece that random bits are drawn for, in their order; 1 where a piece is counted by itself.
        var weightsPerPiece: Int {
            switch self {
            case .vector, .drawThenVector: 1
            case .perturb(let weights, _, _), .update(let weights, _, _, _): weights
            }
        }
    }

    var outer = 1
    var units: Int
    var granule = 1
    var operands: [Operand]
    var work = VectorWork()
    var endWork = VectorWork()
    var engine = Engine.vector
}
