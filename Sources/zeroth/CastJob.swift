import Foundation
import Kernels
import Networks
import NumberFormats
import Synchronization

/// The conversion of a file's codes, some at a time.
struct CastJob {
    let kernels: Kernels
    let source: ElementFormat
    let target: ElementFormat
    let environment: FloatEnvironment
    /// Whether the numbers are written instead of their codes.
    let decodes: Bool
    let threads: Int

    /// Elements converted between two writes, and by one thread at a time.
    private static let round = 1 << 20
    private static let piece = 1 << 15

    /// Converts all elements and appends the results to a file.
    ///
    /// - Returns: the exceptions that any element raised.
    func run(_ file: NpyFile, random: RoundingSource, into output: inout AtomicFileOutput) throws -> ExceptionFlags {
        let raised = Atomic<UInt8>(0)
        let width = decodes ? 4 : target.containerBytes
        let results = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, min(Self.round, file.elementCount) * width), alignment: 64)
        defer { results.deallocate() }
        let shared = SharedBuffer(results.bindMemory(to: UInt8.self))
        let codes = SharedBuffer(UnsafeMutableBufferPointer(mutating: file.bytes.bindMemory(to: UInt8.self)))
        for first in stride(from: 0, to: file.elementCount, by: Self.round) {
            let count = min(Self.round, file.elementCount - first)
            let pieces = (count + Self.piece - 1) / Self.piece
            parallelFor(pieces, threads: threads) { piece in
                let start = piece * Self.piece
                let flags = convert(
                    UnsafeRawPointer(codes.baseAddress + (first + start) * source.containerBytes),
                    count: min(Self.piece, count - start), random: random.bits(from: first + start),
                    into: UnsafeMutableRawPointer(shared.baseAddress + start * width))
                raised.bitwiseOr(flags.rawValue, ordering: .relaxed)
            }
            try output.append(UnsafeRawBufferPointer(rebasing: results[..<(count * width)]))
        }
        return ExceptionFlags(rawValue: raised.load(ordering: .relaxed))
    }

    private func convert(
        _ codes: UnsafeRawPointer, count: Int, random: RoundingBits, into result: UnsafeMutableRawPointer
    ) -> ExceptionFlags {
        guard decodes else {
            return kernels.convert(
                codes, from: source, to: target, count: count, environment, random: random, into: result)
        }
        return withUnsafeTemporaryAllocation(byteCount: max(1, count * target.containerBytes), alignment: 64) {
            narrow in
            let flags = kernels.convert(
                codes, from: source, to: target, count: count, environment, random: random, into: narrow.baseAddress!)
            kernels.decode(
                narrow.baseAddress!, target, count: count, into: result.assumingMemoryBound(to: Float.self))
            return flags
        }
    }
}
