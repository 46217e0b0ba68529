/// What can be wrong with a .npy file or with the array in it: one case per cause, for `InputError.npy`.
///
/// `byte` counts from the start of the file; an index has one entry per dimension.
public enum NpyProblem: Error, Equatable, Sendable {
    // MARK: The file

    /// The file doesn't start with `\x93NUMPY`.
    case notNpy
    /// The file is a zip archive, which is what `numpy.savez` writes.
    case archive
    /// A version of the format other than 1.0, 2.0 and 3.0.
    case version(major: UInt8, minor: UInt8)
    /// The file ends within magic, version or header length; a header of `size` bytes is all there is.
    case preambleTruncated(size: Int)
    /// A header that ends after the file does; `available` bytes follow its length.
    case headerPastEnd(length: UInt32, available: Int)
    /// A header longer than any that describes an array of numbers.
    case headerTooLong(length: UInt32, limit: Int)
    /// A header that is not the dictionary that the format asks for.
    case malformedHeader(byte: Int, problem: String)
    /// A dtype that is not read: big-endian, object, text, structured and so on.
    case unsupportedType(descriptor: String)
    /// An array whose first index runs fastest.
    case fortranOrder
    /// A shape whose bytes a 64-bit integer can't count.
    case shapeTooLarge(shape: [Int])
    /// More than numpy's 64 dimensions.
    case tooManyDimensions(count: Int)
    /// Fewer bytes of data than shape and type need.
    case dataTruncated(found: Int, needed: Int)
    /// More bytes of data than shape and type need.
    case trailingBytes(from: Int, count: Int)

    // MARK: The array

    /// An array of another type than the job needs.
    case type(found: NpyType, expected: String)
    /// An array of another shape than the job needs.
    case shape(found: [Int], expected: String)
    /// An array with fewer elements than the job needs.
    case tooFewElements(found: Int, needed: Int, purpose: String)
    /// An element that the job can't use.
    case element(index: [Int], value: String, expected: String)

    /// The place in the file; empty where the whole file is meant.
    var place: String {
        switch self {
        case .notNpy, .archive, .version, .preambleTruncated, .headerPastEnd, .headerTooLong: "byte 0"
        case .malformedHeader(let byte, _): "byte \(byte)"
        case .unsupportedType: "header, key 'descr'"
        case .fortranOrder: "header, key 'fortran_order'"
        case .shapeTooLarge, .tooManyDimensions: "header, key 'shape'"
        case .dataTruncated: "data"
        case .trailingBytes(let from, _): "byte \(from)"
        case .type, .shape, .tooFewElements: ""
        case .element(let index, _, _): "element \(shown(index))"
        }
    }

    /// What is wrong and what would be right.
    var problem: String {
        switch self {
        case .notNpy:
            return "is not a .npy file, which starts with \\x93NUMPY; write the array with numpy.save"
        case .archive:
            return "is a zip archive, as numpy.savez writes; a .npy file of one array is needed: use numpy.save"
        case .version(let major, let minor):
            return "has .npy version \(major).\(minor); 1.0, 2.0 and 3.0 are known"
        case .preambleTruncated(let size):
            return "the file has \(size) bytes, too few for magic, version and header length; is it truncated?"
        case .headerPastEnd(let length, let available):
            return "header length \(length) reaches past the end of the file; at most \(available) is possible "
                + "(is it truncated?)"
        case .headerTooLong(let length, let limit):
            return "header length \(length) is over the limit; at most \(limit) is allowed"
        case .malformedHeader(_, let problem):
            return "malformed header: \(problem)"
        case .unsupportedType(let descriptor):
            let known = NpyType.allCases.map(\.descriptor).joined(separator: ", ")
            return "dtype \(shown(descriptor, limit: 80)) is not supported; known are \(known): "
                + "convert the array with numpy's astype, for instance array.astype('<f4')"
        case .fortranOrder:
            return "the array is in Fortran order; C order is needed: save numpy.ascontiguousarray(array)"
        case .shapeTooLarge(let shape):
            return "shape \(shown(shape)) has more bytes than 64 bits can count; give its true shape"
        case .tooManyDimensions(let count):
            return "the array has \(count) dimensions; at most 64 are possible, as in numpy"
        case .dataTruncated(let found, let needed):
            return
                "the file has \(found) bytes of data; \(needed) are needed for its shape and dtype (is it truncated?)"
        case .trailingBytes(_, let count):
            return "\(count) bytes follow the array; the file must end there"
        case .type(let found, let expected):
            return "has dtype \(found.name) (\(found.descriptor)); \(expected) is needed"
        case .shape(let found, let expected):
            return "has shape \(shown(found)); \(expected) is needed"
        case .tooFewElements(let found, let needed, let purpose):
            return "has \(found) elements; \(needed) are needed, \(purpose)"
        case .element(_, let value, let expected):
            return "is \(value); \(expected) is needed"
        }
    }
}
