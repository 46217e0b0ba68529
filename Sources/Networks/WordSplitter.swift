import Foundation

/// BERT's clean-up and splitting of text, in the order of the reference: control characters out, white space to spaces,
/// ideographs apart, accents out (canonical decomposition, then no nonspacing marks), lower case; then words at spaces,
/// each punctuation a word.
///
/// Categories are those of the Unicode version in the Swift library. Of all scalars, 914 split otherwise in the PyPI
/// package tokenizers 0.23.3: marks and punctuation that are newer than its tables, and the ideographs U+2B820 to
/// U+2B91F, which BERT's own code counts as such and that package leaves out.
enum WordSplitter {
    /// Calls `body` with the UTF-8 bytes of each word and its number of Unicode scalars, until it returns false.
    static func split(
        _ text: String, options: WordPieceTokenizer.Options, _ body: (UnsafeBufferPointer<UInt8>, Int) -> Bool
    ) {
        var text = text
        let isASCII = text.withUTF8 { $0.allSatisfy { $0 < 0x80 } }
        if !isASCII { text = cleaned(text, options: options) }
        var word = Word()
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                // ASCII clean-up changes nothing in text that has been through it.
                let byte = UInt8(scalar.value)
                switch byte {
                case 0x20, 0x09, 0x0a, 0x0d:
                    if !word.flush(body) { return }
                case 0..<0x20, 0x7f:
                    continue
                case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e:
                    if !word.flush(body) { return }
                    word.append(scalar)
                    if !word.flush(body) { return }
                case 0x41...0x5a where options.lowercases:
                    word.append(Unicode.Scalar(byte | 0x20))
                default:
                    word.append(scalar)
                }
            } else if scalar.properties.isWhitespace {
                if !word.flush(body) { return }
            } else if isPunctuation(scalar) {
                if !word.flush(body) { return }
                word.append(scalar)
                if !word.flush(body) { return }
            } else {
                word.append(scalar)
            }
        }
        _ = word.flush(body)
    }

    /// A word that grows.
    private struct Word {
        private var bytes: [UInt8] = []
        private var characters = 0

        mutating func append(_ scalar: Unicode.Scalar) {
            if scalar.isASCII {
                bytes.append(UInt8(scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar)!)
            }
            characters += 1
        }

        /// Hands the word out, if it has characters, and starts the next one.
        mutating func flush(_ body: (UnsafeBufferPointer<UInt8>, Int) -> Bool) -> Bool {
            guard characters > 0 else { return true }
            let more = bytes.withUnsafeBufferPointer { body($0, characters) }
            bytes.removeAll(keepingCapacity: true)
            characters = 0
            return more
        }
    }

    /// The text before splitting, all but the splitting at punctuation.
    private static func cleaned(_ text: String, options: WordPieceTokenizer.Options) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !isControl(scalar) {
            if isSpace(scalar) {
                scalars.append(" ")
            } else if options.splitsIdeographs, isIdeograph(scalar) {
                scalars.append(contentsOf: [" ", scalar, " "])
            } else {
                scalars.append(scalar)
            }
        }
        if options.stripsAccents {
            let decomposed = String(scalars).decomposedStringWithCanonicalMapping
            scalars = String.UnicodeScalarView(
                decomposed.unicodeScalars.lazy.filter { $0.properties.generalCategory != .nonspacingMark })
        }
        guard options.lowercases else { return String(scalars) }
        var lower = ""
        // By the mapping of each scalar, as the reference does: the final form of sigma isn't looked for.
        for scalar in scalars { lower += scalar.properties.lowercaseMapping }
        return lower
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar == "\n" || scalar == "\r" || scalar.properties.isWhitespace
    }

    /// NUL, the replacement character, and what is neither seen nor a space.
    ///
    /// Unassigned scalars stay, so that a text's tokens don't depend on the Unicode version for them.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r": return false
        case "\0", "\u{fffd}": return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse, .surrogate: return true
        default: return false
        }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation,
            .otherPunctuation:
            return true
        default:
            return false
        }
    }

    /// The blocks that BERT calls Chinese; kana and hangul are not among them.
    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x2_0000...0x2_a6df, 0x2_a700...0x2_b73f, 0x2_b740...0x2_b81f,
            0x2_b820...0x2_ceaf, 0xf900...0xfaff, 0x2_f800...0x2_fa1f:
            return true
        default:
            return false
        }
    }
}
