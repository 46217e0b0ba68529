import Programs
import Timing

/// When the commands of a nest begin and end, in cycles from the nest's start, in order of issue.
///
/// The DMA serves stores behind later loads; both kinds keep their order among themselves.
struct NestTimes {
    private var stores: [(begin: Int, end: Int)] = []
    private var others: [(begin: Int, end: Int)] = []
    private var nextStore = 0
    private var nextOther = 0

    init(_ nest: Nest, on model: MachineModel) throws(ScheduleError) {
        var stores: [(Int, Int)] = []
        var others: [(Int, Int)] = []
        _ = try TimingModel.expandedTime(nest, on: model) { command, begin, end in
            if case .store = command.work { stores.append((begin, end)) } else { others.append((begin, end)) }
        }
        (self.stores, self.others) = (stores, others)
    }

    mutating func begin() { (nextStore, nextOther) = (0, 0) }

    /// Of the command that is issued next.
    mutating func next(isStore: Bool) -> (begin: Int, end: Int) {
        if isStore {
            defer { nextStore += 1 }
            return nextStore < stores.count ? stores[nextStore] : (0, 0)
        }
        defer { nextOther += 1 }
        return nextOther < others.count ? others[nextOther] : (0, 0)
    }
}
