import Programs

/// A nest with what is the same in every turn of a loop worked out beforehand.
struct ClockPlan {
    /// A command to be issued.
    struct Issue {
        let command: Command
        /// Place in `Command.Unit.allCases`.
        let unit: Int
        let isStore: Bool
        /// Cycles on its unit; nil where a loop moves a transfer within a burst.
        let cycles: Int?
        let transfer: Transfer?
        let ports: [PortUse]
        let acquires: [Int]
        let reads: [Int]
        let writes: [Int]
    }

    indirect enum Node {
        /// Place in `issues`.
        case issue(Int)
        /// A tile buffer.
        case release(Int)
        /// Place in `loops`.
        case loop(Int)
    }

    struct Loop {
        let count: Int
        let body: [Node]
        // What its commands use, ascending.
        let units: [Int]
        let ports: [Int]
        /// Tile buffers that its commands read, write or free.
        let buffers: [Int]
        let uses: [Bool]
        let writes: [Bool]
        let releases: [Bool]
        let stores: Bool
        /// Turns after which the addresses within a burst are the same again.
        let period: Int
    }

    private(set) var issues: [Issue] = []
    private(set) var loops: [Loop] = []
    private(set) var body: [Node] = []

    init(_ nest: Nest, model: MachineModel) {
        var use = Use(buffers: nest.buffers.count, ports: model.ports.count)
        body = prepare(nest.body, depth: 0, model, &use)
    }

    /// What the commands of a loop touch.
    private struct Use {
        var units = [Bool](repeating: false, count: 4)
        var ports: [Bool]
        var uses: [Bool]
        var writes: [Bool]
        var releases: [Bool]
        var stores = false
        /// Of every transfer whose place counts.
        var transfers: [Transfer] = []

        init(buffers: Int, ports: Int) {
            self.ports = Array(repeating: false, count: ports)
            uses = Array(repeating: false, count: buffers)
            (writes, releases) = (uses, uses)
        }

        mutating func add(_ other: Use) {
            func or(_ a: inout [Bool], _ b: [Bool]) { for index in b.indices where b[index] { a[index] = true } }
            or(&units, other.units)
            or(&ports, other.ports)
            or(&uses, other.uses)
            or(&writes, other.writes)
            or(&releases, other.releases)
            stores = stores || other.stores
            transfers += other.transfers
        }
    }

    private mutating func prepare(
        _ nodes: [NestNode], depth: Int, _ model: MachineModel, _ use: inout Use
    ) -> [Node] {
        var result: [Node] = []
        result.reserveCapacity(nodes.count)
        for node in nodes {
            switch node {
            case .release(let buffer):
                use.releases[buffer] = true
                result.append(.release(buffer))
            case .command(let command):
                let issue = Self.issue(command, model)
                use.units[issue.unit] = true
                for port in issue.ports { use.ports[port.port] = true }
                for buffer in issue.acquires { use.uses[buffer] = true }
                for buffer in issue.reads { use.uses[buffer] = true }
                for buffer in issue.writes { (use.uses[buffer], use.writes[buffer]) = (true, true) }
                if issue.isStore { use.stores = true }
                if let transfer = issue.transfer, !transfer.gathered { use.transfers.append(transfer) }
                issues.append(issue)
                result.append(.issue(issues.count - 1))
            case .loop(let count, let body):
                var inner = Use(buffers: use.uses.count, ports: use.ports.count)
                let nodes = prepare(body, depth: depth + 1, model, &inner)
                var period = 1
                for transfer in inner.transfers where depth < transfer.offset.strides.count {
                    let own =
                        model.burstBytes / greatestCommonDivisor(transfer.offset.strides[depth], model.burstBytes)
                    period = period / greatestCommonDivisor(period, own) * own
                }
                func places(_ flags: [Bool]) -> [Int] { flags.indices.filter { flags[$0] } }
                loops.append(
                    Loop(
                        count: count, body: nodes, units: places(inner.units), ports: places(inner.ports),
                        buffers: inner.uses.indices.filter { inner.uses[$0] || inner.releases[$0] }, uses: inner.uses,
                        writes: inner.writes, releases: inner.releases, stores: inner.stores, period: period))
                result.append(.loop(loops.count - 1))
                use.add(inner)
            }
        }
        return result
    }

    private static func issue(_ command: Command, _ model: MachineModel) -> Issue {
        let transfer: Transfer?
        var isStore = false
        switch command.work {
        case .load(let moved): transfer = moved
        case .store(let moved): (transfer, isStore) = (moved, true)
        default: transfer = nil
        }
        var cycles: Int?
        if let transfer {
            if transfer.gathered || transfer.offset.strides.allSatisfy({ $0 % model.burstBytes == 0 }) {
                cycles = model.cycles(command, residue: transfer.offset.base % model.burstBytes)
            }
        } else {
            cycles = model.cycles(command)
        }
        return Issue(
            command: command, unit: command.unit.number, isStore: isStore, cycles: cycles, transfer: transfer,
            ports: model.portUses(command), acquires: command.acquires, reads: command.reads, writes: command.writes)
    }
}

extension Command.Unit {
    /// Place in `allCases`.
    var number: Int {
        switch self {
        case .dma: 0
        case .perturbation: 1
        case .array: 2
        case .vector: 3
        }
    }
}
