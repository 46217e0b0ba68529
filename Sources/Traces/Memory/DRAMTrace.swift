import Emulator
import Programs

/// Requests to DRAM of a step as Ramulator 2's load/store traces have them: `LD 0x…` or `ST 0x…` a line, one for each burst that a run of bytes touches.
///
/// Requests of one operation are in the order in which the timing model's DMA begins them. Source of the format: CMU-SAFARI/ramulator2,
/// src/frontend/impl/memory_trace/loadstore_trace.cpp (`init_trace`): two words a line, the second hexadecimal behind 0x.
public final class DRAMTrace: TileObserver {
    private struct Request {
        let begin: Int
        let order: Int
        let isStore: Bool
        let runs: [(address: Int, bytes: Int)]
    }

    private let plan: TracePlan
    private let sink: any TraceSink
    private let burst: Int
    private var requests: [Request] = []
    private var start = 0
    private var times: NestTimes?
    private var text: [UInt8] = []
    /// Requests written.
    public private(set) var count = 0
    public private(set) var failure: (any Error)?
    public var goesOn: Bool { failure == nil }

    public init(_ plan: TracePlan, to sink: any TraceSink) {
        (self.plan, self.sink) = (plan, sink)
        burst = plan.scheduled.model.burstBytes
    }

    public func begins(_ number: Int) -> Bool {
        flush()
        guard plan.holds(number), plan.filter.unit ?? "dma" == "dma" else { return false }
        start = plan.starts[number].cycle
        do {
            var times = try plan.times(of: plan.scheduled.nestOfOperation[number])
            times.begin()
            self.times = times
        } catch {
            failure = error
        }
        return true
    }

    public func willRun(_ command: ObservedCommand) {
        let isStore = if case .store = command.command.work { true } else { false }
        let time = times?.next(isStore: isStore) ?? (begin: 0, end: 0)
        guard plan.holds(begin: start + time.begin) else { return }
        let transfer: Transfer
        switch command.command.work {
        case .load(let load): transfer = load
        case .store(let store): transfer = store
        default: return
        }
        let operation = plan.scheduled.program.operations[command.operation]
        let operands = operation.reads + operation.writes
        guard operands.indices.contains(transfer.operand),
            let base = plan.scheduled.memory.addresses[operands[transfer.operand].index]
        else { return }
        let offset = transfer.offset.value(at: command.indices)
        var runs: [(Int, Int)] = []
        if transfer.gathered {
            let pitch = transfer.dimensions.first?.pitch ?? transfer.runBytes
            let rows = command.command.part?.views.first.flatMap { command.tile($0) }?.bytes ?? []
            rows.withUnsafeBytes { rows in
                for place in 0..<rows.count / 4 {
                    let row = Int(rows.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self))
                    runs.append((base + row * pitch + offset, transfer.runBytes))
                }
            }
        } else {
            func visit(_ dimensions: ArraySlice<Transfer.Dimension>, _ address: Int) {
                guard let first = dimensions.first else { return runs.append((address, transfer.runBytes)) }
                for index in 0..<first.count { visit(dimensions.dropFirst(), address + index * first.pitch) }
            }
            visit(transfer.dimensions[...], base + offset)
        }
        requests.append(Request(begin: time.begin, order: requests.count, isStore: isStore, runs: runs))
    }

    public func didRun(_ command: ObservedCommand) {}

    /// Writes what an operation asked for, as the DMA served it.
    private func flush() {
        guard failure == nil else { return }
        requests.sort { ($0.begin, $0.order) < ($1.begin, $1.order) }
        for request in requests {
            for run in request.runs where run.bytes > 0 {
                let first = run.address / burst * burst
                for address in stride(from: first, to: run.address + run.bytes, by: burst) {
                    text += Array((request.isStore ? "ST 0x" : "LD 0x").utf8)
                    text += Array(String(address, radix: 16).utf8)
                    text.append(10)
                    count += 1
                }
            }
            if text.count > 1 << 20 { write() }
        }
        requests.removeAll(keepingCapacity: true)
        write()
    }

    private func write() {
        guard failure == nil, !text.isEmpty else { return }
        do { try sink.append(text) } catch { failure = error }
        text.removeAll(keepingCapacity: true)
    }

    /// Writes what is left and gives the file its name.
    public func finish() throws {
        flush()
        if let failure { throw failure }
        try sink.finish()
    }
}
