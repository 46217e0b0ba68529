import Hardware

/// One way into an on-chip memory: its banks take one word each from it in a cycle.
public struct MemoryPort: Sendable, Hashable {
    public enum Direction: String, Sendable, Hashable, CaseIterable {
        /// The only port, for reads and writes alike.
        case shared
        /// Of two ports the one that reads, and the one that writes.
        case read, write
    }

    /// The memory; `activation` for one that all buffers share.
    public let buffer: SRAM.Buffer
    public let direction: Direction

    public init(_ buffer: SRAM.Buffer, _ direction: Direction) {
        self.buffer = buffer
        self.direction = direction
    }
}

/// Cycles for which a command needs a port; `port` is a place in `MachineModel.ports`.
public struct PortUse: Sendable, Hashable {
    public let port: Int
    public let cycles: Int
}

extension MachineModel {
    /// Every port of the machine's on-chip memories.
    static func ports(of sram: SRAM) -> [MemoryPort] {
        sram.memories.flatMap { memory, bank in
            bank.ports == 1
                ? [MemoryPort(memory, .shared)] : [MemoryPort(memory, .read), MemoryPort(memory, .write)]
        }
    }

    /// What a command's on-chip accesses take of each port, words spread evenly over the banks. No port twice.
    public func portUses(_ command: Command) -> [PortUse] {
        let sram = machine.organisation.sram
        var uses: [PortUse] = []
        func use(_ buffer: SRAM.Buffer, _ direction: MemoryPort.Direction, _ bytes: Int, _ rate: Int) {
            guard bytes > 0, let port = ports.firstIndex(of: MemoryPort(buffer, direction)) else { return }
            uses.append(PortUse(port: port, cycles: ceilingDivision(bytes, rate)))
        }
        for access in Command.Access.merged(command.accesses, home: home) {
            let bank = sram[access.buffer]
            if bank.ports == 1 {
                use(access.buffer, .shared, access.read + access.written, bank.readBytesPerCycle)
            } else {
                use(access.buffer, .read, access.read, bank.readBytesPerCycle)
                use(access.buffer, .write, access.written, bank.writeBytesPerCycle)
            }
        }
        return uses
    }
}

extension Command.Access {
    /// One access for each memory, where `home` names the memory of a buffer.
    static func merged(
        _ accesses: [Command.Access], home: (SRAM.Buffer) -> SRAM.Buffer
    ) -> [Command.Access] {
        guard accesses.count > 1 || accesses.contains(where: { home($0.buffer) != $0.buffer }) else { return accesses }
        return merged(accesses.map { .init(buffer: home($0.buffer), read: $0.read, written: $0.written) })
    }
}
