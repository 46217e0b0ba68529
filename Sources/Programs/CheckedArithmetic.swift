/// Arithmetic of counts: what 64 bits do not hold is an error that a user can bring about, not a trap.
package enum Checked {
    package static func product(_ a: Int, _ b: Int, _ what: @autoclosure () -> String) throws(ScheduleError) -> Int {
        let (value, overflow) = a.multipliedReportingOverflow(by: b)
        guard !overflow else { throw .tooLarge(what: what()) }
        return value
    }

    package static func sum(_ a: Int, _ b: Int, _ what: @autoclosure () -> String) throws(ScheduleError) -> Int {
        let (value, overflow) = a.addingReportingOverflow(b)
        guard !overflow else { throw .tooLarge(what: what()) }
        return value
    }

    /// Product of sizes, for a bound: infinity is not reached by any factor a size can be.
    static func bound(_ factors: Int...) -> Double { factors.reduce(1) { $0 * Double($1) } }
}

/// a ÷ b, rounded up; a ≥ 0, b > 0.
package func ceilingDivision(_ a: Int, _ b: Int) -> Int { a == 0 ? 0 : (a - 1) / b + 1 }

/// The least multiple of `unit` that is at least `a`.
package func roundUp(_ a: Int, to unit: Int) -> Int { ceilingDivision(a, unit) * unit }

package func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (abs(a), abs(b))
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
