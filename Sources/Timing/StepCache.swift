import Programs
import Synchronization

/// Laid-out operations and their times, for steps on equal machines to share. Results do not depend on it, and any number of threads may use
/// it at once (`LayoutCache`).
public final class StepCache: Sendable {
    public let layouts: LayoutCache
    /// With the nest, so that no other object gets its identity.
    private let timings = Mutex<[ObjectIdentifier: (nest: LaidOutNest, timing: NestTiming)]>([:])
    private let limit: Int

    /// - Parameter limit: nests that are kept, at least 1; when there are more, all are forgotten.
    public init(limit: Int = 1 << 14) {
        layouts = LayoutCache(limit: limit)
        self.limit = limit
    }

    /// Cycles of a nest that `layouts` gave, on the machine for which it did.
    func time(_ nest: LaidOutNest, on model: MachineModel) throws(ScheduleError) -> NestTiming {
        let id = ObjectIdentifier(nest)
        if let known = timings.withLock({ $0[id]?.timing }) { return known }
        let timing = try NestClock.time(nest.nest, on: model)
        timings.withLock { timings in
            if timings.count >= limit { timings = [:] }
            timings[id] = (nest, timing)
        }
        return timing
    }
}
