/// Philox4x32-10, the counter-based generator behind every random bit of Zeroth.
///
/// A block is a pure function of a 64-bit key and a 128-bit counter, so any draw can be made again without the draws before it.
///
/// Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011
/// (doi:10.1145/2063384.2063405); docs/semantics.md, section 4.
public enum Philox4x32: Sendable {
    /// Rounds of the generator that the paper recommends.
    public static let rounds = 10

    /// Multipliers of counter words 0 and 2.
    public static let multipliers: (UInt32, UInt32) = (0xD251_1F53, 0xCD9E_8D57)

    /// What each round adds to key words 0 and 1: the golden ratio and √3 − 1, as Weyl constants.
    public static let weylConstants: (UInt32, UInt32) = (0x9E37_79B9, 0xBB67_AE85)

    /// The four words of one block.
    ///
    /// - Parameters:
    ///   - counter: counter words 0…3, in lanes 0…3.
    ///   - key: key words 0 and 1.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var word = counter
        var key = key
        for round in 0..<rounds {
            if round > 0 {
                key[0] &+= weylConstants.0
                key[1] &+= weylConstants.1
            }
            let first = multipliers.0.multipliedFullWidth(by: word[0])
            let second = multipliers.1.multipliedFullWidth(by: word[2])
            word = SIMD4(second.high ^ word[1] ^ key[0], second.low, first.high ^ word[3] ^ key[1], first.low)
        }
        return word
    }
}
