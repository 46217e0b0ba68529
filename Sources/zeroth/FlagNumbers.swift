import FineTuning

/// Lists of whole numbers on the command line.
enum FlagNumbers {
    /// Whole numbers in a flag's value, one for each of `names`.
    static func parse(
        _ flag: String, _ text: String?, separator: Character, names: [String], example: String,
        upTo range: ClosedRange<Int> = 1...Int.max
    ) throws(RunError) -> [Int] {
        let form = names.joined(separator: String(separator))
        guard let text else {
            throw .badSetting(name: flag, value: "left out", allowed: "\(form), such as \(example)")
        }
        let parts = text.lowercased().split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == names.count else {
            throw .badSetting(
                name: flag, value: text, allowed: "\(form): \(names.count) whole numbers, such as \(example)")
        }
        var numbers: [Int] = []
        for (name, part) in zip(names, parts) {
            guard let number = Int(part), range.contains(number) else {
                throw .badSetting(
                    name: flag, value: text,
                    allowed: "\(form), where \(name) is a whole number from \(range.lowerBound) to "
                        + "\(range.upperBound), such as \(example)")
            }
            numbers.append(number)
        }
        return numbers
    }
}
