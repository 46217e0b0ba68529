import Foundation
import Testing

@testable import Networks

/// Files of images and labels.
@Suite struct IDXFileTests {
    private func read(_ bytes: [UInt8], dimensions: Int) throws(InputError) -> IDXFile {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(InputError) in
                try IDXFile(source: MemoryFile(name: "data", bytes: bytes), dimensions: dimensions)
            }
        }
        return try result.get()
    }

    private func expect(_ bytes: [UInt8], dimensions: Int, _ problem: IDXProblem) {
        #expect(throws: InputError.idx(file: "data", problem)) { try read(bytes, dimensions: dimensions) }
    }

    @Test func imagesAndLabelsAreRead() throws {
        let images = try read([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6], dimensions: 3)
        #expect(images.shape == [2, 1, 3] && images.bytes == [1, 2, 3, 4, 5, 6])
        #expect(try read([0, 0, 8, 1, 0, 0, 0, 2, 9, 7], dimensions: 1).bytes == [9, 7])
    }

    @Test func whatIsWrongIsNamed() {
        expect([0x1F, 0x8B, 8, 0], dimensions: 1, .compressed)
        expect([0, 0, 8, 1, 0], dimensions: 1, .truncated(found: 5, needed: 8))
        expect([0, 0, 13, 1, 0, 0, 0, 1, 0], dimensions: 1, .notBytes(magic: [0, 0, 13, 1]))
        expect(
            [0, 0, 8, 1, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 9), dimensions: 3,
            .dimensions(found: 1, needed: 3))
        expect([0, 0, 8, 1, 0, 0, 0, 0], dimensions: 1, .shape([0]))
        expect([0, 0, 8, 1, 0, 0, 0, 3, 1], dimensions: 1, .size(found: 1, needed: 3, shape: [3]))
        expect(
            [0, 0, 8, 3] + [UInt8](repeating: 0xFF, count: 12), dimensions: 3,
            .shape([0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF]))
    }

    @Test func labelsBelongToImages() throws {
        let folder = NSTemporaryDirectory() + "idx-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (images, labels) = (folder + "/images", folder + "/labels")
        try writeAtomically([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 255] as [UInt8], to: images)
        try writeAtomically([0, 0, 8, 1, 0, 0, 0, 2, 1, 1] as [UInt8], to: labels)
        #expect(throws: InputError.idx(file: labels, .labels(found: 2, images: 1))) {
            try ImageDataset(images: images, labels: labels)
        }
        try writeAtomically([0, 0, 8, 1, 0, 0, 0, 1, 4] as [UInt8], to: labels)
        let data = try ImageDataset(images: images, labels: labels)
        #expect(data.count == 1 && data.classes == 5 && data.values(0) == [1])
    }
}
