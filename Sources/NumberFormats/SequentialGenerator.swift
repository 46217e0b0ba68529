/// A generator that makes each output from a state and then moves the state on, and can jump.
///
/// Its outputs are numbered from 0: output 0 is that of the initial state.
public protocol SequentialGenerator: Hashable, Sendable {
    /// The state of one lane.
    associatedtype State: Sendable
    /// A move by a fixed number of outputs, ready to be applied to any state.
    associatedtype Jump: Sendable

    /// The source's name, as the command line spells it.
    var name: String { get }
    /// Random bits of one output, 1…64, in the low bits.
    var outputBits: Int { get }
    /// Whether one output holds several draws, cut from it low bits first; otherwise a draw takes whole outputs.
    var packsDraws: Bool { get }

    /// The state of a lane before its first output.
    ///
    /// - Parameter random: the lane's eight words of random bits.
    func initialState(random: [UInt32]) -> State
    /// The output of a state.
    func output(_ state: State) -> UInt64
    /// Moves a state to its next output.
    func advance(_ state: inout State)
    /// A jump by a number of outputs.
    func jump(by outputs: UInt64) -> Jump
    /// The state that as many calls of `advance` give.
    func jumped(_ state: State, by jump: Jump) -> State

    /// What a bank of lanes costs in hardware.
    func hardware(lanes: Int) -> GeneratorHardware
}
