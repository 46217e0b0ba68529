import Programs
import Timing

extension Timeline {
    /// How an operation's commands are shown.
    struct Detail {
        enum Kind {
            /// Each command.
            case commands
            /// Commands, and turns of loops in a steady state together.
            case turns
            /// One slice a unit.
            case units
        }

        let kind: Kind
        let events: Int

        /// By nest: as much as `limit` allows.
        static func ofNests(_ scheduled: ScheduledProgram, limit: Int) throws(ScheduleError) -> [Int: Detail] {
            var details: [Int: Detail] = [:]
            for (index, nest) in scheduled.nests.enumerated() {
                let commands = nest.commandCount
                if commands <= limit {
                    details[index] = Detail(kind: .commands, events: commands)
                    continue
                }
                var events = 0
                let timing = try TimingModel.time(nest, on: scheduled.model) { event in
                    if case .turns(_, _, _, _, let busy) = event, busy == 0 { return }
                    events += 1
                }
                if events <= limit {
                    details[index] = Detail(kind: .turns, events: events)
                } else {
                    details[index] = Detail(kind: .units, events: timing.busyCycles.values.count { $0 > 0 })
                }
            }
            return details
        }
    }
}
