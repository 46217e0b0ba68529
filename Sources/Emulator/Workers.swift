import Kernels
import Synchronization

/// Runs `body(worker, item)` for every item in 0..<`count`; items are taken in turn by at most `threads` workers, so that each worker can
/// own memory. Which worker takes an item decides no result.
func workers(_ count: Int, threads: Int, _ body: @Sendable (_ worker: Int, _ item: Int) -> Void) {
    guard threads > 1, count > 1 else {
        for item in 0..<count { body(0, item) }
        return
    }
    let next = Atomic<Int>(0)
    parallelFor(min(threads, count), threads: threads) { worker in
        while true {
            let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard item < count else { return }
            body(worker, item)
        }
    }
}
