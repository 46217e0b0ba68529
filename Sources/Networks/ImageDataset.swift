/// Images of one size with a class each, as bytes.
public struct ImageDataset: Sendable {
    public let rows: Int
    public let columns: Int
    /// [images, rows, columns].
    public let pixels: [UInt8]
    /// The class of each image.
    public let labels: [UInt8]

    public var count: Int { labels.count }
    /// Pixels of an image.
    public var size: Int { rows * columns }
    /// The largest label and one.
    public var classes: Int { Int(labels.max() ?? 0) + 1 }

    /// - Precondition: as many pixels as images have.
    public init(rows: Int, columns: Int, pixels: [UInt8], labels: [UInt8]) {
        precondition(pixels.count == labels.count * rows * columns, "every image has all of its pixels")
        (self.rows, self.columns, self.pixels, self.labels) = (rows, columns, pixels, labels)
    }

    /// Reads two IDX files.
    ///
    /// - Throws: as `IDXFile.init`; `InputError.idx` with `.labels` where the files do not belong together.
    public init(images: String, labels: String) throws(InputError) {
        let images = try IDXFile(path: images, dimensions: 3)
        let file = labels
        let labels = try IDXFile(path: labels, dimensions: 1)
        guard labels.shape[0] == images.shape[0] else {
            throw .idx(file: file, .labels(found: labels.shape[0], images: images.shape[0]))
        }
        self.init(rows: images.shape[1], columns: images.shape[2], pixels: images.bytes, labels: labels.bytes)
    }

    /// Pixels of an image as numbers from 0 to 1: fl(byte / 255).
    public func values(_ image: Int) -> [Float] {
        pixels[image * size..<(image + 1) * size].map { Float($0) / 255 }
    }
}
