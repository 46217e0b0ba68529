extension AlignedBuffer {
    /// Sets every element to `value`.
    public func fill(_ value: Element) { elements.update(repeating: value) }

    /// Copies as many elements as the buffer has.
    /// - Precondition: `source` has `count` elements.
    public func copy(from source: UnsafeBufferPointer<Element>) {
        precondition(source.count == count, "\(source.count) elements for a buffer of \(count)")
        _ = elements.update(fromContentsOf: source)
    }

    /// The elements' bytes, as they lie in memory, valid while the object lives.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(elements) }
}
