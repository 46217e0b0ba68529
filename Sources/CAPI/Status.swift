// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth

/// What is wrong with an argument, as a status of the C interface.
struct Refusal: Error {
    let status: Int32

    static let format = Refusal(status: ZEROTH_BAD_FORMAT)
    static let rounding = Refusal(status: ZEROTH_BAD_ROUNDING)
    static let overflow = Refusal(status: ZEROTH_BAD_OVERFLOW)
    static let accumulator = Refusal(status: ZEROTH_BAD_ACCUMULATOR)
    static let range = Refusal(status: ZEROTH_BAD_RANGE)
    static let command = Refusal(status: ZEROTH_BAD_COMMAND)
}

/// The status of a body that throws refusals.
func status(_ body: () throws(Refusal) -> Void) -> Int32 {
    do throws(Refusal) {
        try body()
        return ZEROTH_OK
    } catch {
        return error.status
    }
}

/// - Throws: `Refusal.range` unless the value is in the range.
func check<Value: Comparable>(_ value: Value, _ allowed: ClosedRange<Value>) throws(Refusal) {
    guard allowed.contains(value) else { throw .range }
}

@c @implementation
public func zeroth_api_version() -> Int32 { ZEROTH_API_VERSION }

/// Texts that C reads: static strings end with a zero.
private let texts: [Int32: StaticString] = [
    ZEROTH_OK: "all is well",
    ZEROTH_BAD_FORMAT: "a format that is unknown, or that the function does not take",
    ZEROTH_BAD_ROUNDING: "a rounding that is unknown or not taken here, or random bits that are not 1 to 32",
    ZEROTH_BAD_OVERFLOW: "an overflow policy that is unknown; 0 to 2 are possible",
    ZEROTH_BAD_ACCUMULATOR: "an accumulator, settings or an order that are unknown or do not go with the formats",
    ZEROTH_BAD_RANGE: "a size, count, place or number out of its range",
    ZEROTH_BAD_COMMAND: "a command that the array can't execute; zeroth_array_message says why",
]

@c @implementation
public func zeroth_status_text(_ status: Int32) -> UnsafePointer<CChar> {
    let text: StaticString = texts[status] ?? "an unknown status"
    return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
