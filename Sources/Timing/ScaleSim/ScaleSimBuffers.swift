/// SRAM sizes of a SCALE-Sim run, in KiB (its `…SramSzkB`, taken 1024-fold); a word is one byte.
public struct ScaleSimBuffers: Sendable, Hashable {
    public let ifmapKibibytes: Int
    public let filterKibibytes: Int
    public let ofmapKibibytes: Int

    /// Sizes that are allowed, in KiB.
    public static let sizes = 1...(1 << 30)

    /// - Throws: `ScaleSimError.badSize`.
    public init(ifmapKibibytes: Int, filterKibibytes: Int, ofmapKibibytes: Int) throws(ScaleSimError) {
        let sizes = [
            ("ifmap buffer, KiB,", ifmapKibibytes), ("filter buffer, KiB,", filterKibibytes),
            ("ofmap buffer, KiB,", ofmapKibibytes),
        ]
        for (name, value) in sizes where !Self.sizes.contains(value) {
            throw .badSize(name: name, value: value, allowed: Self.sizes)
        }
        self.ifmapKibibytes = ifmapKibibytes
        self.filterKibibytes = filterKibibytes
        self.ofmapKibibytes = ofmapKibibytes
    }

    /// Words of a read buffer's active half: 50 sets, each of a hundredth of the buffer, rounded down.
    static func activeWords(kibibytes: Int) -> Int { setsInActiveHalf * (1024 * kibibytes / 100) }
    static let setsInActiveHalf = 50

    var ifmapActiveWords: Int { Self.activeWords(kibibytes: ifmapKibibytes) }
    var filterActiveWords: Int { Self.activeWords(kibibytes: filterKibibytes) }
    /// Words of the half of the write buffer that drains.
    var drainedWords: Int { 512 * ofmapKibibytes }
}
