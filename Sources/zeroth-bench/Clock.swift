import Foundation

/// Clocks, in seconds.
enum Clock {
    static func wall() -> Double { time(CLOCK_MONOTONIC) }
    static func processorOfProcess() -> Double { time(CLOCK_PROCESS_CPUTIME_ID) }
    static func processorOfThread() -> Double { time(CLOCK_THREAD_CPUTIME_ID) }

    private static func time(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
