import Testing

@testable import FineTuning

/// Which examples a step sees.
struct BatchOrderTests {
    @Test func everyEpochSeesEveryExampleOnce() {
        var order = BatchOrder(count: 10, batch: 4, seed: 3)
        let seen = (0..<5).flatMap { order.places(step: $0) }
        #expect(seen[..<10].sorted() == Array(0..<10))
        #expect(seen[10...].sorted() == Array(0..<10))
        #expect(Array(seen[..<10]) != Array(seen[10...]))
    }

    @Test func aStepsExamplesDependOnNothingBeforeIt() {
        var forwards = BatchOrder(count: 37, batch: 8, seed: 1)
        let all = (0..<30).map { forwards.places(step: $0) }
        for step in (0..<30).reversed() {
            var fresh = BatchOrder(count: 37, batch: 8, seed: 1)
            #expect(fresh.places(step: step) == all[step])
        }
    }

    @Test func aBatchMayBeLargerThanTheSet() {
        var order = BatchOrder(count: 3, batch: 8, seed: 1)
        #expect(order.places(step: 0).count == 8)
    }
}
