import Emulator
import Networks
import NumberFormats
import Programs

/// Operands and results of commands as .npy files, one for each field of an event but draws' addresses: `SEQUENCE.ROLE.NAME.npy`, as cocotb benches read them.
///
/// Shapes are the fields'. Elements are signed for integers, unsigned codes for narrow floating-point formats, and FP32 as it is; 4-bit codes have a byte each.
public final class TileArrays: TileObserver {
    /// Files that one trace may have.
    public static let fileLimit = 20_000

    private let plan: TracePlan
    private let folder: String
    private var sequence = 0
    private var start = 0
    private var times: NestTimes?
    private var isHeld = false
    /// Files written, by name.
    public private(set) var files: [String] = []
    public private(set) var failure: (any Error)?
    public var goesOn: Bool { failure == nil }

    /// - Throws: `TraceError.tooMany` where the events have more fields than `fileLimit`.
    public init(_ plan: TracePlan, to folder: String) throws {
        (self.plan, self.folder) = (plan, folder)
        // Some three arrays an event.
        guard plan.events <= Self.fileLimit / 3 else {
            throw TraceError.tooMany("events as .npy files", count: plan.events, limit: Self.fileLimit / 3)
        }
    }

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
        isHeld = plan.holds(planned.layout) && plan.holds(begin: start + time.begin)
        if isHeld { write(planned, command) { $0 == .input } }
    }

    public func didRun(_ command: ObservedCommand) {
        if isHeld { write(plan.nests[command.nest].commands[command.index], command) { $0 == .output } }
        sequence += 1
    }

    private func write(
        _ planned: NestLayouts.Planned, _ command: ObservedCommand, _ isMeant: (TraceField.Role) -> Bool
    ) {
        for planned in planned.fields where isMeant(planned.field.role) && failure == nil {
            let tile: ObservedTile?
            switch planned.source {
            case .view(let view): tile = command.tile(view)
            case .transfer(let transfer, let buffer): tile = command.tile(transfer, in: buffer)
            default: tile = nil
            }
            guard let tile else { continue }
            let field = planned.field
            let name = "\(TraceLog.hex(UInt64(sequence), 10)).\(field.role.rawValue).\(field.name).npy"
            do {
                try NpyWriter.write(to: folder + "/" + name, type: Self.type(field), shape: field.shape) { output in
                    try output.append(Self.bytes(tile, field))
                }
                files.append(name)
            } catch {
                failure = error
            }
        }
    }

    private static func type(_ field: TraceField) -> NpyType {
        switch (field.format, field.bits) {
        case ("int4", _), ("int8", _): .int8
        case ("int16", _): .int16
        case ("int32", _): .int32
        case ("fp32", _): .float32
        case ("fp16", _): .float16
        case (_, ...8): .uint8
        case (_, ...16): .uint16
        default: .uint32
        }
    }

    private static func bytes(_ tile: ObservedTile, _ field: TraceField) -> [UInt8] {
        guard field.bits == 4 else { return tile.bytes }
        return tile.bytes.flatMap { byte -> [UInt8] in
            [UInt8(bitPattern: Int8(bitPattern: byte << 4) >> 4), UInt8(bitPattern: Int8(bitPattern: byte) >> 4)]
        }
    }
}
