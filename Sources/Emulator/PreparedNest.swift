import Hardware
import Kernels
import Programs

/// A nest with everything worked out that is the same in each turn, as plain values: a step has hundreds of thousands of commands, and each should cost little
/// beside its work.
final class PreparedNest {
    /// Loops around a command, at most.
    static let depth = 6

    /// base + Σ stride · index over the loops around a command.
    struct Place {
        var base = 0
        var strides = (0, 0, 0, 0, 0, 0)

        init(_ affine: Affine) {
            base = affine.base
            withUnsafeMutableBytes(of: &strides) { bytes in
                let strides = bytes.bindMemory(to: Int.self)
                for (depth, stride) in affine.strides.enumerated() { strides[depth] = stride }
            }
        }

        @inline(__always) func value(at i: UnsafePointer<Int>) -> Int {
            base + strides.0 * i[0] + strides.1 * i[1] + strides.2 * i[2] + strides.3 * i[3] + strides.4 * i[4]
                + strides.5 * i[5]
        }
    }

    /// Runs of bytes in up to three dimensions, outermost first; dimensions that are not there have one index.
    struct Runs {
        var counts = (1, 1, 1)
        var pitches = (0, 0, 0)
        var runBytes: Int

        /// - Parameter joined: runs that touch count as one.
        init(_ dimensions: [Programs.Transfer.Dimension], _ runBytes: Int, joined: Bool) {
            self.runBytes = runBytes
            var kept = dimensions
            if joined {
                kept.removeAll { $0.count == 1 }
                while let last = kept.last, last.pitch == self.runBytes {
                    self.runBytes *= last.count
                    kept.removeLast()
                }
            }
            let all = Array(repeating: (1, 0), count: max(0, 3 - kept.count)) + kept.map { ($0.count, $0.pitch) }
            counts = (all[0].0, all[1].0, all[2].0)
            pitches = (all[0].1, all[1].1, all[2].1)
        }

        @inline(__always)
        func visit(_ body: (_ offset: Int, _ bytes: Int) throws(TileError) -> Void) throws(TileError) {
            for a in 0..<counts.0 {
                for b in 0..<counts.1 {
                    for c in 0..<counts.2 { try body(a * pitches.0 + b * pitches.1 + c * pitches.2, runBytes) }
                }
            }
        }
    }

    /// A `TileView`.
    struct View {
        /// −1 for what is no tensor.
        let operand: Int
        /// −1 for a resident tensor.
        let buffer: Int
        let offset: Place
        let extent: Int
        let bytes: Int
        let shape: Runs
        let joined: Runs
        /// Number of its `Stored`; −1 where the tile is more than a result on its way to DRAM.
        var stored = -1

        init(_ view: TileView) {
            operand = view.operand ?? -1
            buffer = view.buffer ?? -1
            offset = Place(view.offset)
            extent = view.extent
            bytes = view.bytes
            shape = Runs(view.dimensions, view.runBytes, joined: false)
            joined = Runs(view.dimensions, view.runBytes, joined: true)
        }

        /// Some of the bytes of a view that is one run.
        init(_ view: View, _ range: Range<Int>) {
            (operand, buffer) = (view.operand, view.buffer)
            var place = view.offset
            place.base += range.lowerBound
            offset = place
            (extent, bytes) = (range.count, range.count)
            shape = Runs([], range.count, joined: false)
            joined = shape
        }
    }

    struct Transfer {
        let operand: Int
        let buffer: Int
        let isLoad: Bool
        let isGathered: Bool
        let offset: Place
        let runs: Runs
        /// Of the tile, and of one run of a gathered load; such runs, and bytes between the rows of their table.
        let bytes: Int
        let rowBytes: Int
        let rows: Int
        let rowPitch: Int
    }

    /// A command: what of it is needed beside `commands`.
    struct Prepared {
        enum Kind: UInt8 { case transfer, perturb, draw, update, matmul, vector }
        let kind: Kind
        let function: Command.Part.Function
        /// Whether it says which part of the operation it does.
        let isDescribed: Bool
        /// Weights or values of the perturbation unit.
        let amount: Int
        let outer: Place
        let first: Place
        let element: Place
        let transfer: Int
        let views: Range<Int>
        let acquires: Range<Int>
        /// Tile buffers as bits: those that it takes, those that it takes or makes, and all that it touches.
        let takes: UInt64
        let makes: UInt64
        let touches: UInt64
    }

    enum Instruction {
        case command(Int)
        case release(Int)
        case loop(count: Int, end: Int)
        case next(count: Int, start: Int)
    }

    let nest: Nest
    private(set) var commands: [Command] = []
    let instructions: UnsafeMutableBufferPointer<Instruction>
    let prepared: UnsafeMutableBufferPointer<Prepared>
    let views: UnsafeMutableBufferPointer<View>
    let transfers: UnsafeMutableBufferPointer<Transfer>
    let stored: UnsafeMutableBufferPointer<Stored>
    let acquired: UnsafeMutableBufferPointer<Int>
    /// The loop whose turns may run apart; nil where none may.
    let turns: Turns?
    /// Weights that the perturbation unit draws for, as often as it does.
    let perturbedWeights: Int
    /// Bytes of the computer's memory that the slots take.
    let chipBytes: Int

    /// - Throws: a fault where loops or dimensions are more than any schedule has.
    init(_ nest: Nest) throws(TileError.Fault) {
        self.nest = nest
        var instructions: [Instruction] = []
        var commands: [Command] = []
        var prepared: [Prepared] = []
        var views: [View] = []
        var transfers: [Transfer] = []
        var acquired: [Int] = []

        func add(_ command: Command) throws(TileError.Fault) {
            let part = command.part
            let affines =
                (part?.views.map(\.offset) ?? []) + [
                    part?.outer ?? Affine(0), part?.first ?? Affine(0), part?.element ?? Affine(0),
                ]
            var dimensions = part?.views.map(\.dimensions.count) ?? []
            var kind = Prepared.Kind.vector
            var amount = 0
            var transfer: (Programs.Transfer, Bool, Int?)?
            switch command.work {
            case .load(let load): transfer = (load, true, command.writes.first)
            case .store(let store): transfer = (store, false, command.reads.first)
            case .perturb(let weights, _, _): (kind, amount) = (.perturb, weights)
            case .draw(let values, _): (kind, amount) = (.draw, values)
            case .update(let weights, _): (kind, amount) = (.update, weights)
            case .matmul: kind = .matmul
            case .vector: kind = .vector
            }
            if let (work, isLoad, buffer) = transfer {
                guard let buffer else { throw .notDescribed("the tile that it moves") }
                kind = .transfer
                dimensions.append(work.dimensions.count)
                guard work.offset.strides.count <= Self.depth else {
                    throw .notDescribed("at most \(Self.depth) loops")
                }
                transfers.append(
                    Transfer(
                        operand: work.operand, buffer: buffer, isLoad: isLoad, isGathered: work.gathered,
                        offset: Place(work.offset), runs: Runs(work.dimensions, work.runBytes, joined: !work.gathered),
                        bytes: work.bytes, rowBytes: work.runBytes, rows: work.runs,
                        rowPitch: work.dimensions.first?.pitch ?? work.runBytes))
            }
            guard affines.allSatisfy({ $0.strides.count <= Self.depth }), dimensions.allSatisfy({ $0 <= 3 }) else {
                throw .notDescribed("at most \(Self.depth) loops and 3 dimensions")
            }
            let firstView = views.count
            views += (part?.views ?? []).map { View($0) }
            let firstAcquired = acquired.count
            acquired += command.acquires
            instructions.append(.command(prepared.count))
            prepared.append(
                Prepared(
                    kind: kind, function: part?.function ?? .action, isDescribed: part != nil, amount: amount,
                    outer: Place(part?.outer ?? Affine(0)), first: Place(part?.first ?? Affine(0)),
                    element: Place(part?.element ?? Affine(0)), transfer: transfers.count - 1,
                    views: firstView..<views.count,
                    acquires: firstAcquired..<acquired.count, takes: Self.bits(command.acquires),
                    makes: Self.bits(command.acquires + command.writes),
                    touches: Self.bits(command.acquires + command.reads + command.writes)))
            commands.append(command)
        }

        func walk(_ nodes: [NestNode]) throws(TileError.Fault) {
            for node in nodes {
                switch node {
                case .command(let command): try add(command)
                case .release(let buffer): instructions.append(.release(buffer))
                case .loop(let count, let body):
                    let start = instructions.count
                    instructions.append(.loop(count: count, end: 0))
                    try walk(body)
                    instructions[start] = .loop(count: count, end: instructions.count)
                    instructions.append(.next(count: count, start: start))
                }
            }
        }
        guard nest.buffers.count <= 64 else { throw .notDescribed("at most 64 tile buffers") }
        try walk(nest.body)
        turns = Turns(instructions, prepared, commands)
        perturbedWeights = Turns.sum(instructions[...]) { prepared[$0].kind == .perturb ? prepared[$0].amount : 0 }
        let stored = Stored.all(instructions, prepared, commands, transfers, &views)
        self.commands = commands
        self.instructions = Self.copy(instructions)
        self.prepared = Self.copy(prepared)
        self.views = Self.copy(views)
        self.transfers = Self.copy(transfers)
        self.stored = Self.copy(stored)
        self.acquired = Self.copy(acquired)
        chipBytes = nest.buffers.reduce(0) { TileSlots($1, offset: $0).end }
    }

    private static func bits(_ buffers: [Int]) -> UInt64 { buffers.reduce(0) { $0 | 1 << UInt64($1) } }

    private static func copy<Value>(_ values: [Value]) -> UnsafeMutableBufferPointer<Value> {
        let memory = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
        _ = memory.initialize(fromContentsOf: values)
        return memory
    }

    deinit {
        instructions.deallocate()
        prepared.deallocate()
        views.deallocate()
        transfers.deallocate()
        stored.deallocate()
        acquired.deallocate()
    }
}
