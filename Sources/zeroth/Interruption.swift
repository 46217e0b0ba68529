import Dispatch
import Foundation
import Synchronization

/// Notices Ctrl-C and termination, so that a run can write its checkpoint before it ends.
final class Interruption {
    /// Shared with the handlers.
    private final class Flag: Sendable {
        let signalled = Atomic<Int32>(0)
    }

    private let flag = Flag()
    private let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "zeroth.interruption")
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            sources.append(DispatchSource.makeSignalSource(signal: number, queue: queue))
        }
        self.sources = sources
        for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
            source.setEventHandler { [flag] in flag.signalled.store(number, ordering: .relaxed) }
            source.resume()
        }
    }

    /// Asks from any thread whether a signal arrived.
    var hasArrived: @Sendable () -> Bool { { [flag] in flag.signalled.load(ordering: .relaxed) != 0 } }

    /// The signal that arrived; nil so far.
    var received: Int32? {
        let number = flag.signalled.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
