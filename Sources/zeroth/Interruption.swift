import Dispatch
import Foundation
import Synchronization

/// Notices Ctrl-C and termination, so that a run can write its checkpoint before it ends.
final class Interruption: Sendable {
    private let signalled = Atomic<Int32>(0)
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
            source.setEventHandler { [weak self] in self?.signalled.store(number, ordering: .relaxed) }
            source.resume()
        }
    }

    /// The signal that arrived; nil so far.
    var received: Int32? {
        let number = signalled.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
