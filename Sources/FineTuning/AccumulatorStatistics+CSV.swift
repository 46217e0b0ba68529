import Emulator

/// accumulators.csv: a line for each product of the network.
extension AccumulatorStatistics {
    /// The whole file. Accumulators have 32 bits and wrap, so none saturates.
    public var csv: String {
        let header = "product,depth,sums,least,greatest,largest_magnitude,wraps,saturations,narrowest_bits"
        let lines = rows.map { row in
            let s = row.statistics
            return
                "\(row.name),\(row.depth),\(row.sums),\(s.least),\(s.greatest),\(s.largestMagnitude),\(s.overflows),0,"
                + "\(s.narrowestWidth)"
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }
}
