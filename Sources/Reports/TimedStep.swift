import Programs
import Timing

/// A step that is laid out and timed, under the name that it has in files.
public struct TimedStep: Sendable {
    public let name: String
    public let scheduled: ScheduledProgram
    public let timing: ProgramTiming

    public init(name: String, scheduled: ScheduledProgram, timing: ProgramTiming) {
        self.name = name
        self.scheduled = scheduled
        self.timing = timing
    }
}
