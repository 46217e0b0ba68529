/// Images or labels in the IDX format of the MNIST data sets (yann.lecun.com/exdb/mnist): four bytes of type and dimensions, big-endian extents, unsigned bytes.
public struct IDXFile: Sendable {
    /// Extents, outermost first: images, rows, columns; or labels.
    public let shape: [Int]
    /// As many bytes as the extents' product, row-major.
    public let bytes: [UInt8]

    /// Reads a file of unsigned bytes.
    ///
    /// - Parameter dimensions: 1 for labels, 3 for images.
    /// - Throws: the errors of `MappedFile`, and `InputError.idx`.
    public init(path: String, dimensions: Int) throws(InputError) {
        try self.init(source: try MappedFile(path: path), dimensions: dimensions)
    }

    init(source: any ByteSource, dimensions: Int) throws(InputError) {
        let (file, data) = (source.name, source.bytes)
        if data.count >= 2, data[0] == 0x1F, data[1] == 0x8B { throw .idx(file: file, .compressed) }
        let header = 4 + 4 * dimensions
        guard data.count >= header else { throw .idx(file: file, .truncated(found: data.count, needed: header)) }
        guard data[0] == 0, data[1] == 0, data[2] == 8 else {
            throw .idx(file: file, .notBytes(magic: data[0..<4].map { $0 }))
        }
        guard data[3] == UInt8(dimensions) else {
            throw .idx(file: file, .dimensions(found: Int(data[3]), needed: dimensions))
        }
        let shape = (0..<dimensions).map { index in
            Int(UInt32(bigEndian: data.loadUnaligned(fromByteOffset: 4 + 4 * index, as: UInt32.self)))
        }
        var count = 1
        for extent in shape {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflows else { throw .idx(file: file, .shape(shape)) }
            count = product
        }
        guard data.count - header == count else {
            throw .idx(file: file, .size(found: data.count - header, needed: count, shape: shape))
        }
        self.shape = shape
        bytes = Array(data[header...])
    }
}

/// What can be wrong with an IDX file: one case per cause, for `InputError.idx`.
public enum IDXProblem: Error, Equatable, Sendable {
    /// A gzip stream.
    case compressed
    /// A file shorter than its header.
    case truncated(found: Int, needed: Int)
    /// Other elements than unsigned bytes, or no IDX file at all.
    case notBytes(magic: [UInt8])
    /// Labels where images are needed, or the other way about.
    case dimensions(found: Int, needed: Int)
    /// An extent of 0, or extents whose product overflows.
    case shape([Int])
    /// More or fewer bytes than the extents need.
    case size(found: Int, needed: Int, shape: [Int])
    /// Another number of labels than of images.
    case labels(found: Int, images: Int)

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .compressed: "is compressed with gzip; unpack it first: gunzip -c FILE.gz > FILE"
        case .truncated(let found, let needed): "has \(found) bytes, its header alone takes \(needed); is it truncated?"
        case .notBytes(let magic):
            "begins with \(magic); an IDX file of unsigned bytes begins with 0, 0, 8 and its number of dimensions"
        case .dimensions(let found, let needed):
            "has \(found) dimensions; \(needed) are needed: labels have 1, images 3"
        case .shape(let shape): "has the extents \(shape); each is at least 1, and their product a 64-bit number"
        case .size(let found, let needed, let shape):
            "has \(found) bytes of data; its extents \(shape) need \(needed)"
        case .labels(let found, let images): "has \(found) labels for \(images) images; one for each is needed"
        }
    }
}
