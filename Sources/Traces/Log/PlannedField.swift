import Emulator
import NumberFormats
import Programs

/// A field of a layout, and where its elements come from.
struct PlannedField {
    enum Source {
        /// The bytes of a view.
        case view(TileView)
        /// The tile that a transfer moves.
        case transfer(Transfer, buffer: Int)
        /// Values that wait for the vector unit.
        case drawn
        /// Codes that wait for the update.
        case restored
        /// Of draws: the first element of each row, the counter of its block, the draws.
        case element(DrawPlan, query: DrawPlan.Query)
        case counter(DrawPlan, query: DrawPlan.Query, NumberFormats.RandomPurpose)
        case word(DrawPlan, query: DrawPlan.Query, NumberFormats.RandomPurpose)
    }

    let field: TraceField
    let source: Source
}

/// The weights or values that a command draws for.
struct DrawPlan {
    /// Which query's draws.
    enum Query {
        /// Counted from that whose passes run.
        case running(Int)
        case number(Int)

        func value(_ command: ObservedCommand) -> Int {
            switch self {
            case .running(let offset): command.query + offset
            case .number(let number): number
            }
        }
    }

    let rows: Int
    let columns: Int
    /// Elements of the tensor from one row's first to the next one's.
    let rowStride: Int
    let first: Affine

    func element(_ row: Int, _ command: ObservedCommand) -> Int {
        first.value(at: command.indices) + row * rowStride
    }
}

extension Programs.RandomPurpose {
    /// The stream that a step of these settings draws from.
    func stream(_ settings: StepSettings?) -> NumberFormats.RandomPurpose {
        switch self {
        case .perturbation: .perturbation
        case .firstRounding: .firstRounding
        case .secondRounding:
            if case .quzo(let quzo)? = settings { quzo.estimator.secondPurpose } else { .secondRounding }
        case .gridRounding: .gridRounding
        case .update: .update
        }
    }
}

extension NumberFormats.RandomPurpose {
    /// As docs/semantics.md, section 4, has it: u from 32 bits, roundings from 16.
    var drawBits: Int { self == .perturbation ? 32 : 16 }
    /// As fields are named.
    var fieldName: String { "\(self)" }
}
