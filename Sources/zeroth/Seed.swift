import ArgumentParser

/// Seeds on the command line. Their flags take what follows as it stands (`parsing: .unconditional`), so that a negative number is refused as
/// a number, not as a flag.
enum Seed {
    /// - Throws: `ValidationError` saying what a seed may be.
    @Sendable static func parse(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else {
            throw ValidationError("should be a whole number from 0 to \(UInt64.max)")
        }
        return seed
    }
}
