import Hardware
import Synchronization

/// Operations that are laid out, for steps on equal machines to share.
///
/// What it gives is what laying out anew would give, to the last loop: a nest follows from the machine, from what layouts read of the step and
/// from the operation's action and operands, and these are the key, whole. Everything else is kept from the code that lays out: it
/// sees the machine without names, energy table and DRAM capacity (`Machine.forLayout`) and of the step no more than `LayoutContext`.
/// Errors are not kept.
///
/// May be used by any number of threads at once; two that miss the same nest both make it, and one of the equal results is kept. One cache
/// serves one timer.
public final class LayoutCache: Sendable {
    /// What is the same for all operations of a step.
    private struct SectionKey: Hashable {
        let machine: Machine
        let context: LayoutContext
        let objective: ScheduleObjective
        let isTimed: Bool
    }

    /// Nests of one machine and context.
    final class Section: Sendable {
        /// Of the machine without what decides no layout.
        let model: MachineModel
        private let nests = Mutex<[NestKey: LaidOutNest]>([:])

        fileprivate init(_ machine: Machine) { model = MachineModel(machine) }

        func nest(_ key: NestKey) -> LaidOutNest? { nests.withLock { $0[key] } }

        /// Keeps a nest, and says which one is kept and whether it is new.
        fileprivate func keep(_ nest: LaidOutNest, _ key: NestKey) -> (kept: LaidOutNest, isNew: Bool) {
            nests.withLock { nests in
                if let kept = nests[key] { return (kept, false) }
                nests[key] = nest
                return (nest, true)
            }
        }
    }

    private struct State {
        var sections: [SectionKey: Section] = [:]
        var count = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: nests that are kept, at least 1; when there are more, all are forgotten. A nest takes some KiB.
    public init(limit: Int = 1 << 14) {
        precondition(limit >= 1)
        self.limit = limit
    }

    /// Nests that are kept now.
    public var count: Int { state.withLock { $0.count } }

    func section(
        _ program: Program, on machine: Machine, objective: ScheduleObjective, isTimed: Bool
    ) -> Section {
        let key = SectionKey(
            machine: machine.forLayout, context: program.layoutContext, objective: objective, isTimed: isTimed)
        return state.withLock { state in
            if let section = state.sections[key] { return section }
            let section = Section(key.machine)
            state.sections[key] = section
            return section
        }
    }

    /// Keeps a nest of a section; the one that is kept already, where another thread was faster.
    func keep(_ nest: LaidOutNest, _ key: NestKey, in section: Section) -> LaidOutNest {
        let (kept, isNew) = section.keep(nest, key)
        guard isNew else { return kept }
        state.withLock { state in
            state.count += 1
            if state.count > limit { state = State() }
        }
        return kept
    }
}
