/// Watches a tiled run, command by command. It sees bytes and changes none.
public protocol TileObserver: AnyObject {
    /// Whether commands of operation `number`, which begins, are to be shown.
    func begins(_ number: Int) -> Bool
    /// A command is about to take its slots: what it reads stands where it will find it.
    func willRun(_ command: ObservedCommand)
    /// A command has run; its slots are still taken.
    func didRun(_ command: ObservedCommand)
    /// False stops the run with `TileError.Fault.stopped`.
    var goesOn: Bool { get }
}
