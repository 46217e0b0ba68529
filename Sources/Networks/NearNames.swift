/// The names that differ from a name by the fewest edits, at most three of them and none that differs by more than a
/// third of its length.
///
/// Of long lists and long names only a part is looked at: the result helps a reader, nothing depends on it.
func nearNames(to name: String, in names: some Sequence<String>) -> [String] {
    let wanted = Array(name.utf8.prefix(160))
    let limit = max(1, wanted.count / 3)
    let distances = names.prefix(4_096).compactMap { candidate -> (distance: Int, name: String)? in
        let distance = editDistance(wanted, Array(candidate.utf8.prefix(160)))
        return distance <= limit ? (distance, candidate) : nil
    }
    return distances.sorted { $0 < $1 }.prefix(3).map(\.name)
}

/// The least number of bytes to insert, remove or replace that turns one string into the other (Levenshtein 1966).
func editDistance(_ first: [UInt8], _ second: [UInt8]) -> Int {
    var row = Array(0...second.count)
    for (i, byte) in first.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in second.enumerated() {
            let replaced = diagonal + (byte == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
        }
    }
    return row[second.count]
}
