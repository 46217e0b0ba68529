/// A generator of random bits, asked by address: every draw is a pure function of a stream and an element's place in its tensor.
///
/// Counter-based and sequential generators stand behind this one interface, so what consumes bits does not know where they come from.
/// Asking for a range costs no more calls than asking for one element; a sequential generator jumps to the range's start.
///
/// Source: docs/semantics.md, sections 4 to 4.5.
public protocol RandomSource: Sendable {
    /// The source's name, as the command line spells it.
    var name: String { get }

    /// What the generator costs in hardware, by structure.
    var hardware: GeneratorHardware { get }

    /// Fills `draws` with the 32-bit draws of elements `element`, `element` + 1, …
    ///
    /// - Parameters:
    ///   - stream: seed, step, query, purpose and tensor.
    ///   - element: the first element; `element` ≥ 0 and `element` + count ≤ `RandomStream.elementLimit`.
    func fill(_ draws: UnsafeMutableBufferPointer<UInt32>, of stream: RandomStream, from element: Int)

    /// Fills `draws` with the 16-bit draws of elements `element`, `element` + 1, …, in the same range.
    ///
    /// A stream is read in one width only: 16- and 32-bit draws of one stream may share bits.
    func fill(_ draws: UnsafeMutableBufferPointer<UInt16>, of stream: RandomStream, from element: Int)
}

extension RandomStream {
    /// Elements of a stream: 2⁴⁸, places 0 … 2⁴⁸ − 1.
    public static let elementLimit = 1 << 48
}

extension RandomSource {
    /// The 32-bit draws of a range of elements.
    public func words(of stream: RandomStream, elements: Range<Int>) -> [UInt32] {
        precondition(
            elements.lowerBound >= 0 && elements.upperBound <= RandomStream.elementLimit, "A stream has 2^48 elements")
        return [UInt32](unsafeUninitializedCapacity: elements.count) { buffer, count in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count]), of: stream, from: elements.lowerBound)
            count = elements.count
        }
    }

    /// The 16-bit draws of a range of elements.
    public func halves(of stream: RandomStream, elements: Range<Int>) -> [UInt16] {
        precondition(
            elements.lowerBound >= 0 && elements.upperBound <= RandomStream.elementLimit, "A stream has 2^48 elements")
        return [UInt16](unsafeUninitializedCapacity: elements.count) { buffer, count in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count]), of: stream, from: elements.lowerBound)
            count = elements.count
        }
    }

    /// The 32-bit draw of one element.
    public func word(of stream: RandomStream, at element: Int) -> UInt32 {
        words(of: stream, elements: element..<element + 1)[0]
    }

    /// The 16-bit draw of one element.
    public func half(of stream: RandomStream, at element: Int) -> UInt16 {
        halves(of: stream, elements: element..<element + 1)[0]
    }
}
