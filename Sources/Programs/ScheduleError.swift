import Hardware

/// Why a step cannot be laid out on a machine: one case a cause.
public enum ScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A size of the step that means nothing.
    case badSize(name: String, value: Int, allowed: String)
    /// A count that 64 bits do not hold.
    case tooLarge(what: String)
    /// No tile of an operation fits a buffer; `smallest` bytes would do.
    /// `field` is the machine's that holds the buffer.
    case tileDoesNotFit(
        operation: String, buffer: SRAM.Buffer, available: Int, smallest: Int, machine: String, field: String)
    /// A part of the network, or a wish, that no program is made for.
    case notLowered(what: String, remedy: String)
    /// The array cannot multiply a format that the step needs.
    case unsupportedFormat(operation: String, reason: String)
    /// The tensors need more DRAM than the machine has.
    case dramFull(needed: Int, available: Int, machine: String)

    /// Whether another machine could run the step.
    public var isOfMachine: Bool {
        switch self {
        case .tileDoesNotFit, .unsupportedFormat, .dramFull: true
        case .badSize, .tooLarge, .notLowered: false
        }
    }

    public var description: String {
        switch self {
        case .badSize(let name, let value, let allowed):
            return "\(name) is \(value); it must be \(allowed)"
        case .tooLarge(let what):
            return "\(what) exceeds 64 bits; use a smaller network, batch or sequence"
        case .tileDoesNotFit(let operation, _, let available, let smallest, let machine, let field):
            return
                "\(operation): no tile fits \(field).bytes of machine \(machine), which is \(available); the smallest that "
                + "works for it is \(smallest)"
        case .notLowered(let what, let remedy):
            return "no program is made for \(what); use \(remedy)"
        case .unsupportedFormat(let operation, let reason):
            return "\(operation): \(reason)"
        case .dramFull(let needed, let available, let machine):
            return "the step needs \(needed) bytes of DRAM; machine \(machine) has \(available) "
                + "(organisation.dram.capacityBytes)"
        }
    }
}
