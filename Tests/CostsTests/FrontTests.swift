import Hardware
import Networks
import Programs
import Testing
import Timing

@testable import Costs

@Suite struct Fronts {
    /// What recipes share and how many threads cost them decides no number of a front.
    @Test func sharedNestsAndThreadsChangeNoPoint() throws {
        for objective in [ScheduleObjective.traffic, .latency] {
            let machine = try edge()
            let prices = try EnergyTable.load(for: machine, from: library)
            let shape = EncoderShape(
                layers: 3, hidden: 64, heads: 4, intermediate: 128, vocabulary: 1000, positions: 64, types: 2,
                classes: 2)
            let step = StepDescription(
                shape: shape, batch: 4, sequence: 16, trainable: .all, hasNewHead: true,
                method: .quzo(residualBits: 8))
            let cost = try StepCost(step, on: machine, objective: objective, prices: prices)
            func front(_ cache: StepCache?, threads: Int) throws -> FirstOrderFront {
                try FirstOrderFront(
                    beside: step, cost, around: .qat, on: machine, objective: objective, prices: prices, cache: cache,
                    threads: threads)
            }
            let alone = try front(nil, threads: 1)
            #expect(alone.points.count + alone.refusals.count == 6 * 3 * 3)
            #expect(alone.points.contains(where: \.isOnFront) && alone.points.contains { !$0.isOnFront })
            let cache = StepCache()
            #expect(try front(cache, threads: 3) == alone)
            // Again, with everything in the cache.
            let count = cache.layouts.count
            #expect(try front(cache, threads: 2) == alone)
            #expect(cache.layouts.count == count)
        }
    }
}
