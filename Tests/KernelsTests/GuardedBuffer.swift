#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Memory whose last element ends at a page that faults: a kernel that reads or writes beyond the end dies.
final class GuardedBuffer<Element: BitwiseCopyable> {
    let start: UnsafeMutablePointer<Element>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    init(_ source: [Element]) {
        let page = Int(getpagesize())
        let bytes = source.count * MemoryLayout<Element>.stride
        mappedBytes = (bytes + page - 1) / page * page + page
        guard
            let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED
        else { fatalError("mmap failed") }
        self.mapping = mapping
        guard mprotect(mapping + mappedBytes - page, page, PROT_NONE) == 0 else { fatalError("mprotect failed") }
        count = source.count
        start = (mapping + mappedBytes - page - bytes).bindMemory(to: Element.self, capacity: source.count)
        start.update(from: source, count: source.count)
    }

    deinit { munmap(mapping, mappedBytes) }

    var array: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}
