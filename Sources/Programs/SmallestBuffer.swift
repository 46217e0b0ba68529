import Hardware

extension Lowering {
    /// An error about a buffer that no tile fits, with the smallest size of it that works for the whole step: the operation that is named is the
    /// one that needs it.
    ///
    /// Which tensors are resident depends on the size, and so does what an operation needs, so sizes are tried.
    static func withSmallest(_ error: ScheduleError, _ program: Program, on machine: Machine) -> ScheduleError {
        guard case .tileDoesNotFit(let first, let buffer, let available, let smallest, _, let field) = error else {
            return error
        }
        let row = machine.organisation.sram[buffer].readBytesPerCycle
        /// The operation that does not fit `bytes` of the buffer, and what it needs; nil where all do.
        func problem(_ bytes: Int) -> (operation: String, smallest: Int)? {
            let machine = machine.with(buffer, bytes: bytes)
            var layout = Layout(program: program, model: MachineModel(machine), objective: .traffic, timer: nil)
            return layout.largestNeed(of: buffer, residents: MemoryPlanner(program, on: machine).residents())
        }
        // What fails with `low` bytes works with `high`.
        var (low, high, operation) = (available, max(smallest, available + row), first)
        while high <= largest, let found = problem(high) {
            (low, high) = (high, max(found.smallest, high + row))
            operation = found.operation
        }
        while high - low > row {
            let middle = low + (high - low) / row / 2 * row
            guard let found = problem(middle) else {
                high = middle
                continue
            }
            low = middle
            operation = found.operation
        }
        return .tileDoesNotFit(
            operation: operation, buffer: buffer, available: available, smallest: high, machine: machine.name,
            field: field)
    }

    /// No machine file has larger memories; beyond it the first estimate has to do.
    private static let largest = 1 << 34
}
