/// What stands in the registers of one processing element (docs/semantics.md, section 11).
///
/// Codes are bytes, the lowest k first. Sums are words as `MACStep` has them.
public struct ProcessingElement: Hashable, Sendable {
    /// Codes on their way right.
    public var a: [UInt8]
    /// Whether `a` takes part.
    public var valid = false
    /// Whether `a` is of the first streamed row or beat of a fold.
    public var first = false
    /// Whether `a` is of the last one.
    public var last = false
    /// Codes on their way down.
    public var shift: [UInt8]
    /// The next fold's stationary codes.
    public var waiting: [UInt8]
    /// This fold's stationary codes.
    public var active: [UInt8]
    /// The sum that grows here, in output-stationary commands.
    public var accumulating: UInt128 = 0
    /// A finished one that waits for its turn.
    public var held: UInt128 = 0
    /// The sum on its way down.
    public var sum: UInt128 = 0
    /// The order to send `held` down, a beat before the element below sees it.
    public var insertEarly = false
    /// The order as the element below sees it.
    public var insertLate = false

    /// Registers after reset.
    public init(lanes: Int) {
        a = [UInt8](repeating: 0, count: lanes)
        (shift, waiting, active) = (a, a, a)
    }
}
