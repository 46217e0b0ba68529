import Kernels
import Networks
import NumberFormats
import Testing

/// The kernels beside ml_dtypes and gfloat: every cast that outside/casts.py has a digest of, at every level but the reference's (DigestTests).
@Suite struct CastDigestTests {
    @Test(arguments: KernelLevel.available.filter { $0 != .reference })
    func everySetOfCastsIsThatOfTheLibraries(_ level: KernelLevel) throws {
        let sets = try DigestSet.all().filter { ["cast"].contains($0.operation) || $0.library == "gfloat" }
        #expect(sets.count == 971)
        // All sets at the highest level; one in nine at each of the others, which KernelsTests holds equal to it.
        let isHighest = level == KernelLevel.highestAvailable
        let chosen = sets.enumerated().filter { isHighest || $0.offset % 9 == level.rawValue }.map(\.element)
        let different = SharedBuffer<Bool>(start: .allocate(capacity: chosen.count), count: chosen.count)
        defer { different.baseAddress.deallocate() }
        parallelFor(chosen.count, threads: 2) { i in different[i] = digest(chosen[i], level) != chosen[i].digest }
        let names = chosen.indices.filter { different[$0] }.map {
            "\(chosen[$0].library) \(chosen[$0].operation) \(chosen[$0].detail) → \(chosen[$0].target.name)"
        }
        #expect(names.isEmpty)
    }

    private func digest(_ set: DigestSet, _ level: KernelLevel) -> String {
        let operands = set.operands()
        let target = ElementFormat(rawValue: set.target.name)!
        return withUnsafeTemporaryAllocation(byteCount: operands.count * target.containerBytes, alignment: 64) {
            codes in
            let environment = set.library == "gfloat" ? set.environment : FloatEnvironment(overflow: .ieee)
            DigestSet.random.withUnsafeBufferPointer { random in
                _ = Kernels(level: level).convert(
                    operands, from: .fp32, to: target, count: operands.count, environment,
                    random: .words(random.baseAddress!), into: codes.baseAddress!)
            }
            return SHA256.hexadecimal(of: UnsafeRawBufferPointer(codes))
        }
    }
}
