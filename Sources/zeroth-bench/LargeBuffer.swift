import Foundation

/// Memory of zeros in large pages where the system lends them, as NumPy's arrays are: both sides of a comparison then pay the same for addresses.
final class LargeBuffer<Element: BitwiseCopyable> {
    let baseAddress: UnsafeMutablePointer<Element>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    init(count: Int) {
        let page = 2 << 20
        mappedBytes = count * MemoryLayout<Element>.stride + page
        guard
            let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED
        else { fatalError("no memory for \(count) elements") }
        #if os(Linux)
            let largePages: Int32 = 14  // MADV_HUGEPAGE
            madvise(mapping, mappedBytes, largePages)
        #endif
        self.mapping = mapping
        self.count = count
        let start = (UInt(bitPattern: mapping) + UInt(page) - 1) & ~UInt(page - 1)
        let memory = mapping + Int(start - UInt(bitPattern: mapping))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * MemoryLayout<Element>.stride)
        baseAddress = memory.assumingMemoryBound(to: Element.self)
    }

    deinit { munmap(mapping, mappedBytes) }

    subscript(index: Int) -> Element { baseAddress[index] }

    /// The elements' bytes, valid while the object lives.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: baseAddress, count: count * MemoryLayout<Element>.stride)
    }
}
