import Emulator

/// How wide accumulators have to be: a row for each product of the network.
public enum AccumulatorReport {
    public static func lines(_ statistics: AccumulatorStatistics) -> [String] {
        var table = TextTable()
        table.append(["accumulators", "depth", "sums", "largest magnitude", "wraps", "saturations", "narrowest width"])
        table.rule()
        for row in statistics.rows {
            table.append([
                row.name, Quantity.number(row.depth), Quantity.number(row.sums),
                Quantity.number(Int(clamping: row.statistics.largestMagnitude)),
                Quantity.number(row.statistics.overflows), "0", "\(row.statistics.narrowestWidth) bits",
            ])
        }
        return table.lines()
    }
}
