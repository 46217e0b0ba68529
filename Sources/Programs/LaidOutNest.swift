import Hardware

/// The nest of an operation and what follows from it alone: one object for all operations that share it.
public final class LaidOutNest: Sendable {
    public let nest: Nest
    /// What it does; an error where a count exceeds 64 bits.
    let counts: Result<ActionCounts, ScheduleError>
    /// Most bytes of tiles in each buffer.
    let tiles: [SRAM.Buffer: Int]
    /// Measured, where the layout's timer did.
    let cycles: Int?

    init(_ nest: Nest, on model: MachineModel, timer: NestTimer?) throws(ScheduleError) {
        self.nest = nest
        counts = Result { () throws(ScheduleError) in try nest.counts(on: model) }
        tiles = Dictionary(uniqueKeysWithValues: SRAM.Buffer.allCases.map { ($0, nest.occupied($0)) })
        if let timer { cycles = try timer(nest, model) } else { cycles = nil }
    }
}
