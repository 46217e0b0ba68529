import Hardware
import Synchronization

/// Energy tables, each read once.
final class EnergyTables: Sendable {
    private struct Name: Hashable {
        let table: String
        /// Tables are looked for beside the machine's file first.
        let machineFile: String
    }

    private let tables = Mutex<[Name: EnergyTable]>([:])

    /// The table that a machine names.
    func table(for machine: Machine) throws(HardwareError) -> EnergyTable {
        let name = Name(table: machine.organisation.energyTable, machineFile: machine.file)
        if let table = tables.withLock({ $0[name] }) { return table }
        let table = try EnergyTable.load(for: machine)
        tables.withLock { $0[name] = table }
        return table
    }
}
