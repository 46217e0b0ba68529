/// A view of memory that items of a ``parallelFor(_:threads:_:)`` write at once: the only unchecked Sendable in Zeroth.
///
/// It owns nothing and checks nothing across threads. Whoever makes one promises that the memory outlives every use and that no element
/// is written by one thread while another reads or writes it.
public struct SharedBuffer<Element>: @unchecked Sendable {
    /// The memory.
    public let elements: UnsafeMutableBufferPointer<Element>

    /// A view of a buffer.
    @inlinable
    public init(_ elements: UnsafeMutableBufferPointer<Element>) {
        self.elements = elements
    }

    /// A view of `count` elements from `start`.
    @inlinable
    public init(start: UnsafeMutablePointer<Element>?, count: Int) {
        self.elements = UnsafeMutableBufferPointer(start: start, count: count)
    }

    /// Number of elements.
    @inlinable
    public var count: Int { elements.count }

    /// The address of the first element. The buffer must not be empty.
    @inlinable
    public var baseAddress: UnsafeMutablePointer<Element> {
        guard let base = elements.baseAddress else { preconditionFailure("an empty SharedBuffer has no address") }
        return base
    }

    /// The element at an index in `0 ..< count`, checked in debug builds only.
    @inlinable
    public subscript(index: Int) -> Element {
        get { elements[index] }
        nonmutating set { elements[index] = newValue }
    }
}
