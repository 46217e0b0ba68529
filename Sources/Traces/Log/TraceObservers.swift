import Emulator

/// Several observers of one run.
public final class TraceObservers: TileObserver {
    private let all: [any TileObserver]
    private var isWatching: [Bool]

    public init(_ all: [any TileObserver]) {
        self.all = all
        isWatching = Array(repeating: false, count: all.count)
    }

    public func begins(_ number: Int) -> Bool {
        for (place, observer) in all.enumerated() { isWatching[place] = observer.begins(number) }
        return isWatching.contains(true)
    }

    public func willRun(_ command: ObservedCommand) {
        for (place, observer) in all.enumerated() where isWatching[place] { observer.willRun(command) }
    }

    public func didRun(_ command: ObservedCommand) {
        for (place, observer) in all.enumerated() where isWatching[place] { observer.didRun(command) }
    }

    public var goesOn: Bool { all.allSatisfy(\.goesOn) }
}
