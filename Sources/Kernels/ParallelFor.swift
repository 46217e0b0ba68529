import Dispatch
import Synchronization

/// Calls `body` once for each index in `0 ..< count`, on up to `threads` threads, and returns when all calls have.
///
/// Threads take the next index when they are free, in ascending order, so uneven items balance. With one thread, or at most one item, all
/// calls run in order on the caller's. The number of threads is a ceiling: Dispatch runs no more than there are processors. Since the
/// order in which items finish is open, bits must not depend on it: an item writes where no other item writes.
///
/// - Parameters:
///   - count: Number of items, ≥ 0. An item should take some microseconds at least: handing work to a second thread costs as much.
///   - threads: Ceiling on the number of threads, ≥ 1.
///   - body: The work on one item.
public func parallelFor(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
    precondition(count >= 0, "a negative number of items")
    precondition(threads >= 1, "parallelFor needs a thread")
    let workers = min(threads, count)
    if workers <= 1 {
        for index in 0..<count { body(index) }
        return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index)
        }
    }
}
