import Programs

/// Writes to DRAM by SCALE-Sim's write buffer where it estimates bandwidth (`CALC`).
///
/// Results are packed into lines as wide as the array. When half of the buffer and one word are full, the half is drained, a line a
/// cycle; what is left is drained after the last cycle. The line that is open when a drain begins is closed. If lines divide the half,
/// that line holds the one word, is not the drain's last, and SCALE-Sim counts it as full at the next drain.
struct ScaleSimWrites {
    /// Results written by the array.
    let results: Int
    /// Words of a line: columns of the array, fewer than `half`.
    let lineWords: Int
    /// Words of the half that drains.
    let half: Int

    private var divides: Bool { half % lineWords == 0 }
    /// Lines of one drain.
    var drainLines: Int { ceilingDivision(half, lineWords) }
    /// Drains while the array works.
    var drains: Int { divides ? (results - 1) / half : results / (half + 1) }

    /// Words written, as SCALE-Sim counts them; at most `results` + `lineWords` − 1.
    func words() throws(ScaleSimError) -> Int {
        guard divides, results > half + 1 else { return results }
        let (sum, overflows) = results.addingReportingOverflow(lineWords - 1)
        guard !overflows else { throw .tooLarge(column: "dram_ofmap_writes", formula: "results + (C − 1)") }
        return sum
    }

    /// Lines left after the array's last cycle.
    var linesLeft: Int {
        guard divides else { return ceilingDivision(results - drains * (half + 1), lineWords) }
        guard drains > 0 else { return ceilingDivision(results, lineWords) }
        return 1 + ceilingDivision(results - half - 1, lineWords) - (drains - 1) * drainLines
    }

    /// The result, counted from 0, that sets off the last of the drains; nil if there were none.
    var lastTrigger: Int? {
        guard drains > 0 else { return nil }
        return divides ? drains * half : drains * (half + 1) - 1
    }
}
