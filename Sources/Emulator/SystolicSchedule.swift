/// The beats of a command: when a fold's operands enter an array and its sums leave it (docs/semantics.md, section 11). A beat is one cycle.
///
/// Beats are those of row 0 and column 0; row r is r beats behind, column c is c beats behind.
public struct SystolicSchedule: Hashable, Sendable {
    /// Rows R of the array.
    public let rows: Int
    /// Columns C of the array.
    public let columns: Int
    /// Beats T streamed in each fold.
    public let beats: Int
    /// Folds of all tiles, G·F.
    public let folds: Int
    /// Whether folds overlap.
    public let isDoubleBuffered: Bool
    /// Whether sums stay in the elements.
    public let isOutputStationary: Bool

    init(_ command: SystolicCommand, on shape: SystolicArrayShape) {
        rows = shape.rows
        columns = shape.columns
        beats = command.beats
        folds = command.allFolds
        isDoubleBuffered = command.isDoubleBuffered
        isOutputStationary = command.dataflow == .outputStationary
    }

    /// Beats of one fold alone: from its first operand to its last sum, both counted.
    public var beatsPerFold: Int { 2 * rows + columns + beats - 2 }

    /// Beats Δ from one fold's stream to the next's.
    public var spacing: Int { isDoubleBuffered ? max(beats, rows) : beatsPerFold }

    /// The beat S_f in which fold f's stream begins.
    public func stream(_ fold: Int) -> Int { (isOutputStationary ? 0 : rows) + fold * spacing }

    /// The beat L_f in which fold f's first weights enter, in weight- and input-stationary commands.
    public func load(_ fold: Int) -> Int {
        if fold == 0 { return 0 }
        return isDoubleBuffered ? stream(fold - 1) : stream(fold - 1) + beats + rows + columns - 2
    }

    /// Cycles of the command, from the first operand's beat to the beat at whose end the last sum is written to the last row's register, both counted.
    public var cycles: Int { beatsPerFold + (folds - 1) * spacing }
}
