/// Memory for `count` elements, on a boundary of 64 bytes (a cache line, an AMX tile row), zero at first and freed with the object.
///
/// It is a class because it owns memory. Elements are plain bits, so that zero bytes are a value.
public final class AlignedBuffer<Element: BitwiseCopyable> {
    /// Bytes to which the memory is aligned.
    public static var alignment: Int { 64 }

    /// The memory, valid while the object lives.
    public let elements: UnsafeMutableBufferPointer<Element>

    /// Allocates `count` elements (≥ 0), all bytes zero.
    public init(count: Int) {
        precondition(count >= 0, "a negative number of elements")
        let bytes = count * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: Self.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: Element.self), count: count)
    }

    /// Allocates `count` elements (≥ 0) whose bytes are whatever the memory held: a scratch that is written before it is read.
    public init(uninitializedCount count: Int) {
        precondition(count >= 0, "a negative number of elements")
        let bytes = count * MemoryLayout<Element>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes, 1), alignment: Self.alignment)
        elements = UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: Element.self), count: count)
    }

    /// Allocates a copy of a collection.
    public convenience init(_ source: some Collection<Element>) {
        self.init(count: source.count)
        _ = elements.update(fromContentsOf: source)
    }

    deinit {
        UnsafeMutableRawPointer(elements.baseAddress)?.deallocate()
    }

    /// Number of elements.
    public var count: Int { elements.count }

    /// The address of the first element, valid while the object lives.
    public var baseAddress: UnsafeMutablePointer<Element> {
        guard let base = elements.baseAddress else { preconditionFailure("AlignedBuffer always allocates") }
        return base
    }

    /// A view for threads that write different elements at once, valid while the object lives.
    public var shared: SharedBuffer<Element> { SharedBuffer(elements) }

    /// The element at an index in `0 ..< count`, checked in debug builds only.
    public subscript(index: Int) -> Element {
        get { elements[index] }
        set { elements[index] = newValue }
    }
}
