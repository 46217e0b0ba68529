/// Writes arrays as .npy files of version 1.0 in C order, whole or not at all, byte for byte as numpy.save does.
public enum NpyWriter {
    /// Writes a file whose elements come piece by piece.
    ///
    /// - Parameters:
    ///   - path: the file's path; its folder must exist.
    ///   - type: the type of the elements.
    ///   - shape: the extents, outermost first, none negative; empty for a single number.
    ///   - body: appends the elements in row-major order, little-endian.
    /// - Throws: `InputError.fileNotWritten`, `InputError.npy` with `.shapeTooLarge` or `.tooManyDimensions`, or what `body` throws.
    /// - Precondition: `body` appends as many bytes as shape and type need.
    public static func write(
        to path: String, type: NpyType, shape: [Int], _ body: (inout AtomicFileOutput) throws -> Void
    ) throws {
        precondition(shape.allSatisfy { $0 >= 0 }, "a negative extent")
        guard shape.count <= NpyHeader.dimensionLimit else {
            throw InputError.npy(file: path, .tooManyDimensions(count: shape.count))
        }
        // An array without elements may have a shape that fits its own type, but not a wider one.
        guard let needed = NpyHeader.byteCount(shape: shape, type: type) else {
            throw InputError.npy(file: path, .shapeTooLarge(shape: shape))
        }
        try writeAtomically(to: path) { output in
            try output.append(NpyHeader.bytes(type: type, shape: shape))
            let start = output.byteCount
            try body(&output)
            precondition(output.byteCount - start == needed, "as many bytes are needed as shape and type say")
        }
    }

    /// Writes elements that are all in memory, row-major.
    ///
    /// - Throws: `InputError.fileNotWritten`.
    /// - Precondition: the elements are as many as the shape needs.
    public static func write<Element: NpyElement>(
        _ elements: UnsafeBufferPointer<Element>, shape: [Int], to path: String
    ) throws {
        try write(to: path, type: Element.npyType, shape: shape) { try $0.append(UnsafeRawBufferPointer(elements)) }
    }

    /// Writes elements that are all in memory, row-major.
    ///
    /// - Throws: `InputError.fileNotWritten`.
    /// - Precondition: the elements are as many as the shape needs.
    public static func write<Element: NpyElement>(_ elements: [Element], shape: [Int], to path: String) throws {
        try elements.withUnsafeBufferPointer { try write($0, shape: shape, to: path) }
    }
}
