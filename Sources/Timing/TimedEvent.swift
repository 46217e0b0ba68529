import Programs

/// What a clock passes while it runs a nest.
public enum TimedEvent: Sendable {
    /// A command occupies its unit, in cycles from the nest's start.
    case command(Command, start: Int, end: Int)
    /// Turns of a loop in a steady state, which are not run one by one: a unit works `busy` of the cycles between its commands before and
    /// behind them.
    case turns(Int, unit: Command.Unit, start: Int, end: Int, busy: Int)
}
