/// A .npy file of one array of numbers, its header checked, its data read in place.
///
/// The format: magic, version, header length, a header that is a Python dictionary of `descr`, `fortran_order` and
/// `shape`, then the data (numpy.org, "numpy.lib.format"). Versions 1.0, 2.0 and 3.0, little-endian numbers and C order
/// are read; every byte of the file must belong to the one array.
public final class NpyFile: @unchecked Sendable {
    /// The longest header that is read, in bytes: one of 64 dimensions needs some 1,500.
    public static let headerLimit = 1_000_000

    /// The bytes behind the file.
    public let source: any ByteSource
    /// The type of the elements.
    public let type: NpyType
    /// The extents, outermost first; empty for a single number. No extent is negative, some may be zero.
    public let shape: [Int]
    /// The product of the extents; 1 for a single number.
    public let elementCount: Int
    /// The elements in row-major order, aligned to their size; valid while this object lives.
    public let bytes: UnsafeRawBufferPointer

    /// A copy of data that doesn't lie aligned in the source; freed with the object.
    private let copy: UnsafeMutableRawBufferPointer?

    /// The name that errors give.
    public var name: String { source.name }

    /// Maps and checks a file.
    ///
    /// - Throws: the errors of `MappedFile`, and `InputError.npy` with the file cases of `NpyProblem`.
    public convenience init(path: String) throws(InputError) {
        try self.init(source: MappedFile(path: path))
    }

    /// Checks bytes that are somewhere already.
    ///
    /// - Throws: `InputError.npy` with the file cases of `NpyProblem`.
    public init(source: any ByteSource) throws(InputError) {
        let header: NpyHeader
        let data: UnsafeRawBufferPointer
        do {
            header = try NpyHeader(reading: source.bytes)
            data = try header.data(in: source.bytes)
        } catch {
            throw .npy(file: source.name, error)
        }
        self.source = source
        type = header.type
        shape = header.shape
        elementCount = data.count / header.type.byteCount
        if data.isEmpty || UInt(bitPattern: data.baseAddress).isMultiple(of: UInt(header.type.byteCount)) {
            bytes = data
            copy = nil
        } else {
            // A header of another program's that isn't padded.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: header.type.byteCount)
            copy.copyMemory(from: data)
            self.copy = copy
            bytes = UnsafeRawBufferPointer(copy)
        }
    }

    deinit { copy?.deallocate() }

    /// The elements, row-major, as a copy.
    ///
    /// - Throws: `InputError.npy` with `NpyProblem.type` where the array has another type.
    public func array<Element: NpyElement>(of _: Element.Type) throws(InputError) -> [Element] {
        let elements = try elements(as: Element.self)
        return withExtendedLifetime(self) { Array(elements) }
    }

    /// The elements, row-major, in place. Valid while this object lives, and it may go with its last use: hold it
    /// (`withExtendedLifetime`) for as long as the elements are read, or take ``array(of:)``.
    ///
    /// - Throws: `InputError.npy` with `NpyProblem.type` where the array has another type.
    public func elements<Element: NpyElement>(as _: Element.Type) throws(InputError) -> UnsafeBufferPointer<Element> {
        guard type == Element.npyType else { throw mismatch("\(Element.npyType.name) (\(Element.npyType.descriptor))") }
        return bytes.assumingMemoryBound(to: Element.self)
    }

    /// The bits of the elements, whatever their type, row-major, in place; valid as ``elements(as:)`` is.
    ///
    /// - Throws: `InputError.npy` with `NpyProblem.type` where the elements have another size.
    public func bits<Bits: NpyElement & FixedWidthInteger & UnsignedInteger>(
        as _: Bits.Type
    ) throws(InputError) -> UnsafeBufferPointer<Bits> {
        guard type.byteCount == Bits.npyType.byteCount else {
            throw mismatch("a dtype of \(Bits.npyType.byteCount) bytes an element")
        }
        return bytes.assumingMemoryBound(to: Bits.self)
    }

    /// The elements of a float32 array, or those of a float16 array widened, which is exact; a copy.
    ///
    /// - Throws: `InputError.npy` with `NpyProblem.type` for another type.
    public func float32Values() throws(InputError) -> [Float] {
        switch type {
        case .float32: return try array(of: Float.self)
        case .float16:
            let codes = try bits(as: UInt16.self)
            return withExtendedLifetime(self) { codes.map(float(fromFloat16:)) }
        default: throw mismatch("float32 (<f4), or float16 (<f2), which is widened exactly,")
        }
    }

    /// The index of the element at a row-major place, one entry per dimension.
    public func index(ofElement place: Int) -> [Int] {
        var rest = place
        var index = [Int](repeating: 0, count: shape.count)
        for axis in shape.indices.reversed() where shape[axis] > 0 {
            index[axis] = rest % shape[axis]
            rest /= shape[axis]
        }
        return index
    }

    private func mismatch(_ expected: String) -> InputError {
        .npy(file: name, .type(found: type, expected: expected))
    }
}
