/// Cuts text into the pieces within which byte pairs merge: first each digit by itself (pre-tokenizer "smollm" of llama.cpp, Hugging Face's `Digits` with `individual_digits`), then GPT-2's pattern
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` on what lies between (openai/gpt-2, `encoder.py`).
enum PieceSplitter {
    private enum Kind { case letter, digit, space, other }

    /// The pieces in order; together they are the text.
    static func pieces(of text: String) -> [Range<String.UnicodeScalarView.Index>] {
        let scalars = text.unicodeScalars
        let places = Array(scalars.indices) + [scalars.endIndex]
        let kinds = scalars.map(kind)
        var result: [Range<String.UnicodeScalarView.Index>] = []
        var start = 0
        while start < kinds.count {
            if kinds[start] == .digit {
                result.append(places[start]..<places[start + 1])
                start += 1
                continue
            }
            let end = kinds[start...].firstIndex(of: .digit) ?? kinds.count
            while start < end {
                let next = pieceEnd(start, end, kinds) { scalars[places[$0]] }
                result.append(places[start]..<places[next])
                start = next
            }
        }
        return result
    }

    /// Where the piece from `start` ends, in a part without digits that ends at `end`.
    private static func pieceEnd(
        _ start: Int, _ end: Int, _ kinds: [Kind], _ scalar: (Int) -> Unicode.Scalar
    ) -> Int {
        if scalar(start) == "'" {
            let next = start + 1 < end ? scalar(start + 1) : " "
            if ["s", "t", "m", "d"].contains(next) { return start + 2 }
            let last = start + 2 < end ? scalar(start + 2) : " "
            if (next == "r" && last == "e") || (next == "v" && last == "e") || (next == "l" && last == "l") {
                return start + 3
            }
        }
        // One space may stand in front of letters and of other characters.
        let first = scalar(start) == " " ? start + 1 : start
        if first < end, kinds[first] == .letter || kinds[first] == .other {
            return kinds[first..<end].firstIndex { $0 != kinds[first] } ?? end
        }
        let rest = kinds[start..<end].firstIndex { $0 != .space } ?? end
        // Spaces before another character leave the last one to it.
        return rest == end || rest == start + 1 ? rest : rest - 1
    }

    private static func kind(_ scalar: Unicode.Scalar) -> Kind {
        if scalar.properties.isWhitespace { return .space }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
        case .decimalNumber, .letterNumber, .otherNumber: return .digit
        default: return .other
        }
    }
}
