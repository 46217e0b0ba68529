import Emulator
import NumberFormats
import Programs

/// Writes the log of a step while tiles emulate it (docs/traces.md, section 1).
public final class TraceLog: TileObserver {
    /// `end`, the count, the checksum.
    static let trailerLength = 30

    private let plan: TracePlan
    private let sink: any TraceSink
    private var text = TraceText()
    private var checksum = CRC32()
    /// Events written.
    public private(set) var events = 0
    /// Bytes written, not compressed.
    public private(set) var bytes = 0
    /// What stopped the writing.
    public private(set) var failure: (any Error)?
    public var goesOn: Bool { failure == nil }

    private var sequence = 0
    private var start = 0
    private var times: NestTimes?
    /// Whether the running command is written.
    private var isHeld = false
    /// Of a product so deep that its sums may wrap.
    private var wrapCheck: WrapCheck?
    private let random = PhiloxSource()

    private static let flushBytes = 1 << 20

    /// Writes the header.
    public init(_ plan: TracePlan, to sink: any TraceSink) throws {
        (self.plan, self.sink) = (plan, sink)
        try write(plan.header.bytes)
    }

    deinit { text.deallocate() }

    private func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        checksum.update(bytes)
        self.bytes += bytes.count
        try sink.append(bytes)
    }

    /// Writes the trailer and gives the file its name.
    public func finish() throws {
        if let failure { throw failure }
        try write(text.bytes)
        text.clear()
        let trailer = "end \(Self.hex(UInt64(events), 16)) \(Self.hex(UInt64(checksum.value), 8))\n"
        bytes += trailer.utf8.count
        try sink.append(trailer)
        try sink.finish()
    }

    static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    // MARK: Commands

    public func begins(_ number: Int) -> Bool {
        guard plan.holds(number) else { return false }
        (start, sequence) = plan.starts[number]
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
        let planned = plan.nests[command.nest].commands[command.index]
        let time = times?.next(isStore: planned.layout.event == "store") ?? (begin: 0, end: 0)
        defer { sequence += 1 }
        isHeld = plan.holds(planned.layout) && plan.holds(begin: start + time.begin)
        guard isHeld else { return }
        let layout = planned.layout
        text.append(UInt64(sequence), digits: 10)
        for cycle in [start + time.begin, start + time.end] {
            text.append(UInt8(ascii: " "))
            text.append(UInt64(cycle), digits: 12)
        }
        for number in [layout.number, command.operation] {
            text.append(UInt8(ascii: " "))
            text.append(UInt64(number), digits: 4)
        }
        text.append(" \(layout.unit) \(layout.event) ")
        for (index, value) in place(command, planned).enumerated() {
            if index > 0 { text.append(UInt8(ascii: ".")) }
            text.append(UInt64(truncatingIfNeeded: value), digits: 8)
        }
        for field in planned.fields where field.field.role != .output { append(field, command) }
        wrapCheck = nil
        if case .matmul(let block) = planned.command.work, case .product(let product) = command.action,
            product.k >= WrapCheck.leastDepth
        {
            wrapCheck = WrapCheck(command, block)
        }
    }

    public func didRun(_ command: ObservedCommand) {
        guard isHeld, failure == nil else { return }
        isHeld = false
        let planned = plan.nests[command.nest].commands[command.index]
        var flags = TraceFlags()
        if command.clamped > 0 { flags.insert(.clamped) }
        for field in planned.fields where field.field.role == .output {
            append(field, command)
            if field.field.format == "fp32", case .view(let view) = field.source, let tile = command.tile(view) {
                flags.formUnion(TraceFlags(float32: tile))
            }
        }
        if case .matmul(let block) = planned.command.work, wrapCheck?.wraps(command, block) ?? false {
            flags.insert(.wrapped)
        }
        text.append(UInt8(ascii: " "))
        text.append(UInt64(flags.rawValue), digits: 2)
        text.append(UInt8(ascii: "\n"))
        events += 1
        guard text.count >= Self.flushBytes else { return }
        do { try write(text.bytes) } catch { failure = error }
        text.clear()
    }

    private func place(_ command: ObservedCommand, _ planned: NestLayouts.Planned) -> [Int] {
        switch planned.command.work {
        case .load(let transfer), .store(let transfer):
            return [transfer.operand, transfer.offset.value(at: command.indices)]
        default: break
        }
        guard let part = planned.command.part else { return [0, 0, 0] }
        if let origin = part.origin {
            return [origin.example, origin.head, origin.m, origin.n, origin.k].map { $0.value(at: command.indices) }
        }
        return [part.outer, part.first, part.element].map { $0.value(at: command.indices) }
    }

    // MARK: Fields

    private func append(_ planned: PlannedField, _ command: ObservedCommand) {
        text.append(UInt8(ascii: " "))
        let field = planned.field
        let end = text.count + field.characters
        switch planned.source {
        case .view(let view):
            command.tile(view)?.forEachRun { text.append($0, bits: field.bits) }
        case .transfer(let transfer, let buffer):
            command.tile(transfer, in: buffer)?.forEachRun { text.append($0, bits: field.bits) }
        case .drawn:
            for value in command.drawn.prefix(field.count) {
                text.append(UInt64(UInt32(bitPattern: value)), digits: 8)
            }
        case .restored:
            for code in command.restored.prefix(field.count) {
                text.append(UInt64(UInt8(bitPattern: code)), digits: 2)
            }
        case .element(let plan, _):
            for row in 0..<plan.rows { text.append(UInt64(plan.element(row, command)), digits: 12) }
        case .counter(let plan, let query, let purpose):
            guard let stream = stream(command, query, purpose) else { break }
            let shift: UInt64 = purpose.drawBits == 32 ? 2 : 3
            for row in 0..<plan.rows {
                let block = UInt64(plan.element(row, command)) >> shift
                for word in stream.counter(block: block).reversed() { text.append(UInt64(word), digits: 8) }
            }
        case .word(let plan, let query, let purpose):
            guard let stream = stream(command, query, purpose) else { break }
            for row in 0..<plan.rows {
                let first = plan.element(row, command)
                if purpose.drawBits == 32 {
                    for word in random.words(of: stream, elements: first..<first + plan.columns) {
                        text.append(UInt64(word), digits: 8)
                    }
                } else {
                    for half in random.halves(of: stream, elements: first..<first + plan.columns) {
                        text.append(UInt64(half), digits: 4)
                    }
                }
            }
        }
        // What a faulty program does not have; the run itself ends with its error.
        if text.count < end { text.appendZeros(end - text.count) }
    }

    private func stream(
        _ command: ObservedCommand, _ query: DrawPlan.Query, _ purpose: NumberFormats.RandomPurpose
    ) -> RandomStream? {
        guard let step = command.step, let tensor = command.drawTensor else { return nil }
        return RandomStream(
            seed: step.settings.seed, step: UInt32(truncatingIfNeeded: step.number),
            query: UInt16(truncatingIfNeeded: query.value(command)), purpose: purpose,
            tensor: UInt16(truncatingIfNeeded: tensor))
    }
}

extension ObservedCommand {
    /// The number of the tensor that a command draws for; nil where it draws for none.
    var drawTensor: Int? {
        if case .draw = command.work { return headNumber + 1 }
        switch action {
        case .product(let product): if case .linear(let number) = product.role { return number } else { return nil }
        case .perturbInPlace(_, let number, _, _), .update(let number, _, _, _): return number
        default: return nil
        }
    }
}

extension RandomStream {
    /// The Philox counter of a block of draws, word 0 first (docs/semantics.md, section 4).
    func counter(block: UInt64) -> [UInt32] {
        [
            UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32) & 0xFFFF | UInt32(tensor) << 16,
            step, UInt32(query) | UInt32(purpose.rawValue) << 24,
        ]
    }
}
