import Foundation
import Networks

/// A log that is read once, from its beginning to its end, in memory that does not grow with it.
public final class TraceInput {
    /// An event line; its bytes stand until the input moves on.
    struct Event {
        let line: UnsafeRawBufferPointer
        let layout: TraceLayout
        let operation: Int
        let sequence: Int

        subscript(range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: line[range]) }

        func text(_ range: Range<Int>) -> String { String(decoding: line[range], as: UTF8.self) }

        /// The number in a column; 0 where it is none.
        func number(_ range: Range<Int>) -> Int { TraceInput.hexadecimal(self[range]) ?? 0 }
    }

    public let path: String
    public private(set) var header = TraceHeader(preamble: [], operations: [], layouts: [])
    /// Events that were passed.
    public private(set) var events = 0
    /// Of all bytes that were passed, where it is kept.
    var checksum = CRC32()
    /// Another input keeps the checksum of the same bytes.
    var isShared = false

    private let descriptor: Int32
    private var process: Process?
    private var pipe: Pipe?
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isExhausted = false
    private var byte = 0
    private var line = 1
    private var nextSequence = 0
    private var isDone = false

    private static let blockBytes = 4 << 20

    /// Opens a log and reads its header. What gzip packed is unpacked by it.
    ///
    /// - Throws: `InputError`, `TraceError`.
    public init(path: String) throws {
        self.path = path
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        // What follows may change it.
        let code = errno
        memory = .allocate(byteCount: 2 * Self.blockBytes, alignment: 4096)
        descriptor = file
        guard file >= 0 else {
            if code == ENOENT || code == ENOTDIR { throw InputError.fileMissing(file: path) }
            throw InputError.fileUnreadable(file: path, reason: String(cString: strerror(code)))
        }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw InputError.fileUnreadable(file: path, reason: String(cString: strerror(errno)))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw InputError.fileIsFolder(file: path)
        default: throw InputError.fileNotRegular(file: path)
        }
        guard status.st_size > 0 else { throw InputError.fileEmpty(file: path) }
        posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL)
        var magic: [UInt8] = [0, 0]
        if pread(file, &magic, 2, 0) == 2, magic == [0x1F, 0x8B] { try unpack() }
        header = try TraceHeader(file: path) { try headerLine() }
    }

    deinit {
        if let process {
            try? pipe?.fileHandleForReading.close()
            process.terminate()
            process.waitUntilExit()
        }
        if descriptor >= 0 { close(descriptor) }
        memory.deallocate()
    }

    private func unpack() throws {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc"]
        process.standardInput = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch {
            throw TraceError.compressorMissing(path: path, reason: error.localizedDescription)
        }
        (self.process, self.pipe) = (process, pipe)
    }

    // MARK: Bytes

    /// Bytes from here on, `count` of them where the file has so many.
    private func available(_ count: Int) throws -> Int {
        while end - start < count, !isExhausted {
            if start + count > memory.count || start > Self.blockBytes {
                let kept = UnsafeRawBufferPointer(rebasing: memory[start..<end])
                if count > memory.count {
                    let larger = UnsafeMutableRawBufferPointer.allocate(
                        byteCount: count + Self.blockBytes, alignment: 4096)
                    larger.copyMemory(from: kept)
                    memory.deallocate()
                    memory = larger
                } else if !kept.isEmpty {
                    memmove(memory.baseAddress!, kept.baseAddress!, kept.count)
                }
                (start, end) = (0, end - start)
            }
            if start == end { (start, end) = (0, 0) }
            let room = min(memory.count - end, max(Self.blockBytes, count - (end - start)))
            let source = pipe?.fileHandleForReading.fileDescriptor ?? descriptor
            let found = read(source, memory.baseAddress! + end, room)
            if found > 0 {
                end += found
            } else if found == 0 {
                isExhausted = true
                try checkUnpacker()
            } else if errno != EINTR {
                throw InputError.fileUnreadable(file: path, reason: String(cString: strerror(errno)))
            }
        }
        return min(count, end - start)
    }

    private func checkUnpacker() throws {
        guard let process else { return }
        process.waitUntilExit()
        let status = Int(process.terminationStatus)
        guard status != 0 else { return }
        if status == 127 {
            throw TraceError.compressorMissing(path: path, reason: "there is no such program")
        }
        throw TraceError.compressorFailed(path: path, status: status)
    }

    /// Moves on by a line.
    private func pass(_ count: Int) {
        if !isShared { checksum.update(UnsafeRawBufferPointer(rebasing: memory[start..<start + count])) }
        start += count
        byte += count
        line += 1
    }

    private func fail(_ problem: TraceError.Problem) -> TraceError {
        .file(path, line: line, byte: byte, problem)
    }

    private func headerLine() throws -> (text: String, line: Int, byte: Int) {
        var count = 4096
        while true {
            let found = try available(count)
            let bytes = memory[start..<start + found]
            if let place = bytes.firstIndex(of: 10) {
                guard bytes[start..<place].allSatisfy({ 32...126 ~= $0 }) else {
                    let what = "bytes that are no ASCII text"
                    throw fail(line == 1 ? .notALog(found: what) : .header("holds \(what)"))
                }
                let result = (String(decoding: bytes[start..<place], as: UTF8.self), line, byte)
                pass(place + 1 - start)
                return result
            }
            let first = Array(TraceHeader.firstLine.utf8)
            if line == 1, !first.starts(with: bytes.prefix(first.count)) {
                let shown = bytes.prefix(40).filter { 32...126 ~= $0 }
                throw fail(.notALog(found: String(decoding: shown, as: UTF8.self)))
            }
            guard found == count else { throw fail(.truncated(events: 0)) }
            guard count < TraceHeader.lineLimit else { throw fail(.header("is longer than \(count) characters")) }
            count *= 4
        }
    }

    // MARK: Events

    /// The event that comes next; nil behind the last one, when the trailer has been checked.
    func next() throws -> Event? {
        guard !isDone else { return nil }
        let columns = TraceLayout.Columns.self
        guard try available(TraceLog.trailerLength) == TraceLog.trailerLength else {
            throw fail(.truncated(events: events))
        }
        if memory[start] == UInt8(ascii: "e"), memory[start + 1] == UInt8(ascii: "n") {
            try finish()
            return nil
        }
        guard try available(columns.unit) == columns.unit else { throw fail(.truncated(events: events)) }
        let head = UnsafeRawBufferPointer(rebasing: memory[start..<start + columns.unit])
        for blank in [10, 23, 36, 41, 46] where head[blank] != UInt8(ascii: " ") {
            let what = "an event begins SEQUENCE BEGIN END LAYOUT OPERATION"
            throw fail(.line("character \(blank + 1) should be a blank: \(what)"))
        }
        func number(_ range: Range<Int>, _ what: String) throws -> Int {
            guard let value = Self.hexadecimal(UnsafeRawBufferPointer(rebasing: head[range])) else {
                let text = String(decoding: head[range], as: UTF8.self)
                throw fail(.line("\(what) is `\(text)`, should be \(range.count) lower-case hexadecimal digits"))
            }
            return value
        }
        let sequence = try number(columns.sequence, "the sequence")
        let layoutNumber = try number(columns.layout, "the layout")
        guard header.layouts.indices.contains(layoutNumber) else {
            throw fail(.layoutUnknown(TraceLayout.hex4(layoutNumber), layouts: header.layouts.count))
        }
        let operation = try number(columns.operation, "the operation")
        guard header.operations.indices.contains(operation) else {
            throw fail(.operationUnknown(TraceLayout.hex4(operation), operations: header.operations.count))
        }
        let layout = header.layouts[layoutNumber]
        guard try available(layout.lineLength) == layout.lineLength else { throw fail(.truncated(events: events)) }
        let bytes = UnsafeRawBufferPointer(rebasing: memory[start..<start + layout.lineLength])
        guard bytes[layout.lineLength - 1] == 10, memchr(bytes.baseAddress!, 10, layout.lineLength - 1) == nil else {
            let found = bytes.firstIndex(of: 10).map { "\($0 + 1)" } ?? "more"
            let needed = "layout \(TraceLayout.hex4(layoutNumber)) has \(layout.lineLength)"
            throw fail(.line("has \(found) characters with its line feed, \(needed)"))
        }
        guard sequence == nextSequence || header.isFiltered && sequence > nextSequence else {
            throw fail(.sequence(found: sequence, expected: nextSequence, isFiltered: header.isFiltered))
        }
        let event = Event(line: bytes, layout: layout, operation: operation, sequence: sequence)
        let words = Self.words(layout)
        guard bytes[TraceLayout.Columns.unit..<TraceLayout.Columns.unit + words.count].elementsEqual(words) else {
            throw fail(.line("should have ` \(layout.unit) \(layout.event) ` behind the operation, as its layout"))
        }
        return event
    }

    /// Whether the next line is these bytes.
    func isNext(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        guard !isDone, try available(bytes.count) == bytes.count else { return false }
        return memcmp(memory.baseAddress! + start, bytes.baseAddress!, bytes.count) == 0
    }

    /// Moves on behind an event.
    func pass(_ event: Event) {
        nextSequence = event.sequence + 1
        events += 1
        pass(event.line.count)
    }

    private func finish() throws {
        let length = TraceLog.trailerLength
        let bytes = UnsafeRawBufferPointer(rebasing: memory[start..<start + length])
        let crc = String(decoding: bytes[21..<29], as: UTF8.self)
        let number = UnsafeRawBufferPointer(rebasing: bytes[4..<20])
        guard bytes[2] == UInt8(ascii: "d"), bytes[3] == 32, bytes[20] == 32, bytes[29] == 10,
            let count = Self.hexadecimal(number),
            crc == "--------" || Self.hexadecimal(UnsafeRawBufferPointer(rebasing: bytes[21..<29])) != nil
        else { throw fail(.line("should be `end`, 16 digits and 8 digits or hyphens")) }
        guard count == events else { throw fail(.count(found: events, stated: count)) }
        if !isShared, crc != "--------" {
            let found = TraceLog.hex(UInt64(checksum.value), 8)
            guard crc == found else { throw fail(.checksum(found: found, stated: crc)) }
        }
        start += length
        byte += length
        line += 1
        guard try available(1) == 0 else { throw fail(.behindEnd) }
        isDone = true
    }

    private static func words(_ layout: TraceLayout) -> [UInt8] {
        Array("\(layout.unit) \(layout.event) ".utf8)
    }

    /// The number that lower-case digits make, at most 16; nil where there is another character or the number has more than 63 bits.
    static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var value: UInt64 = 0
        for byte in bytes {
            switch byte {
            case 48...57: value = value << 4 | UInt64(byte - 48)
            case 97...102: value = value << 4 | UInt64(byte - 87)
            default: return nil
            }
        }
        return Int(exactly: value)
    }
}
