/// The list from which integer codes perturbed in place are restored: for each row of a weight, the codes that stood at the end of their range.
///
/// A code that stands at the end of its range after perturbation may have been clamped, and what it was is written down; any other is
/// restored by drawing d again. The entries follow the codes' order, so they need no index. Programs are static: the list's room is
/// reserved in advance, and a row with more such codes cannot be restored.
public enum InPlaceList {
    /// Entries of a row, however short: the shorter rows are, the more their shares of such codes differ.
    public static let entriesPerRow = 32
    /// Codes of a row for which there is one entry more. What was measured is in docs/costs.md.
    public static let codesPerEntry = 8

    /// Bytes for a row of `columns` codes, `columns` > 0; an entry is a byte, and more than one for each code is never needed.
    public static func bytes(columns: Int) -> Int {
        min(columns, entriesPerRow + ceilingDivision(columns, codesPerEntry))
    }

    /// What costs of a step with such lists rest on, for reports.
    public static let assumption =
        "perturbed in place: codes at the end of their range are restored from lists with room for \(entriesPerRow) codes a row and one "
        + "for every \(codesPerEntry) of its codes; a row with more cannot be restored"
}

extension Program {
    /// What its costs rest on beyond the machine's file: reservations for what data decide.
    public var assumptions: [String] {
        let keepsLists = operations.contains { operation in
            guard case .perturbInPlace(.start, _, _, _) = operation.action, let kept = operation.writes.last else {
                return false
            }
            return self[kept].format.integer != nil
        }
        return keepsLists ? [InPlaceList.assumption] : []
    }
}
