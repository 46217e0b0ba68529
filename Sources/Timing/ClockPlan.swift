import Programs

/// A nest with what is the same in every turn of a loop worked out beforehand.
struct ClockPlan {
    /// A command to be issued; what it names lies in `lists`.
    struct Issue {
        /// Place in `Command.Unit.allCases`.
        let unit: Int
        let isStore: Bool
        /// Cycles on its unit; −1 where a loop moves a transfer within a burst.
        let cycles: Int
        // Tile buffers.
        let acquires: Range<Int>
        let reads: Range<Int>
        let writes: Range<Int>
        /// In `ports`.
        let ports: Range<Int>
    }

    enum Node {
        /// Place in `issues`.
        case issue(Int)
        /// A tile buffer.
        case release(Int)
        /// Place in `loops`.
        case loop(Int)
    }

    /// A class, so that a clock that runs it many times does not copy it.
    final class Loop {
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

        fileprivate init(count: Int, body: [Node], use: Use, period: Int) {
            func places(_ flags: [Bool]) -> [Int] { flags.indices.filter { flags[$0] } }
            self.count = count
            self.body = body
            units = places(use.units)
            ports = places(use.ports)
            buffers = use.uses.indices.filter { use.uses[$0] || use.releases[$0] }
            (uses, writes, releases, stores) = (use.uses, use.writes, use.releases, use.stores)
            self.period = period
        }
    }

    private(set) var commands: [Command] = []
    private(set) var lists: [Int] = []
    private(set) var ports: [PortUse] = []
    private(set) var issues: [Issue] = []
    private(set) var loops: [Loop] = []
    private(set) var body: [Node] = []

    init(_ nest: Nest, model: MachineModel) {
        var use = Use(buffers: nest.buffers.count, ports: model.ports.count)
        body = prepare(nest.body, depth: 0, model, &use)
    }

    /// What the commands of a loop touch.
    fileprivate struct Use {
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
                let issue = issue(command, model)
                use.units[issue.unit] = true
                for index in issue.ports { use.ports[ports[index].port] = true }
                for buffer in command.acquires { use.uses[buffer] = true }
                for buffer in command.reads { use.uses[buffer] = true }
                for buffer in command.writes { (use.uses[buffer], use.writes[buffer]) = (true, true) }
                if issue.isStore { use.stores = true }
                if let transfer = command.transfer { use.transfers.append(transfer) }
                commands.append(command)
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
                loops.append(Loop(count: count, body: nodes, use: inner, period: period))
                result.append(.loop(loops.count - 1))
                use.add(inner)
            }
        }
        return result
    }

    private mutating func issue(_ command: Command, _ model: MachineModel) -> Issue {
        var isStore = false
        if case .store = command.work { isStore = true }
        let cycles: Int
        if let transfer = command.transfer {
            let isSteady = transfer.offset.strides.allSatisfy { $0 % model.burstBytes == 0 }
            cycles = isSteady ? model.cycles(command, residue: transfer.offset.base % model.burstBytes) : -1
        } else {
            cycles = model.cycles(command)
        }
        func list(_ places: [Int]) -> Range<Int> {
            lists += places
            return lists.count - places.count..<lists.count
        }
        let uses = model.portUses(command)
        ports += uses
        return Issue(
            unit: command.unit.number, isStore: isStore, cycles: cycles, acquires: list(command.acquires),
            reads: list(command.reads), writes: list(command.writes), ports: ports.count - uses.count..<ports.count)
    }
}

extension Command {
    /// What it moves to or from DRAM.
    var transfer: Transfer? {
        switch work {
        case .load(let transfer), .store(let transfer): transfer
        default: nil
        }
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
