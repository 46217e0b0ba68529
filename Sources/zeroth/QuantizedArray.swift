import Networks
import NumberFormats

/// The array that `zeroth quantize` reads: finite FP32 numbers in rows.
final class QuantizedArray {
    let file: NpyFile
    /// The product of all extents but the last; 1 for an array of one dimension or none.
    let rows: Int
    /// The last extent; 1 for a single number.
    let columns: Int
    /// Rows × columns numbers; valid while this object lives.
    let numbers: UnsafeBufferPointer<Float>

    /// Rows without elements that are accepted.
    private static let emptyRowLimit = 1 << 24

    /// FP32 numbers of a float16 array.
    private let widened: UnsafeMutableBufferPointer<Float>?

    /// Reads a file.
    ///
    /// - Throws: the errors of `NpyFile`; `InputError.npy` with `.type`, or with `.element` for a NaN or an infinity, of which no scale can be made.
    init(path: String) throws {
        file = try NpyFile(path: path)
        if file.type == .float32 {
            numbers = try file.elements(as: Float.self)
            widened = nil
        } else {
            let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: file.elementCount)
            _ = copy.initialize(from: try file.float32Values())
            widened = copy
            numbers = UnsafeBufferPointer(copy)
        }
        columns = file.shape.last ?? 1
        rows = file.shape.dropLast().reduce(1, *)
        // A file of no bytes of data can claim more rows than memory has room for scales.
        guard columns > 0 || rows <= Self.emptyRowLimit else {
            throw InputError.npy(
                file: path,
                .shape(found: file.shape, expected: "a last extent above 0, or at most \(Self.emptyRowLimit) rows,"))
        }
        if let place = numbers.firstIndex(where: { !$0.isFinite }) {
            throw InputError.npy(
                file: path,
                .element(
                    index: file.index(ofElement: place), value: "\(numbers[place])",
                    expected: "a finite number, of which a scale can be made,"))
        }
    }

    deinit { widened?.deallocate() }

    /// Refuses a group whose range, greatest minus least, binary32 does not hold: it has no scale.
    func checkRanges(_ tensor: QuantizedTensor) throws {
        guard let group = tensor.parameters.firstIndex(where: \.scale.isNaN) else { return }
        let members = tensor.layout.range(ofGroup: group)
        guard let place = members.max(by: { numbers[$0] < numbers[$1] }) else { return }
        let least = members.reduce(Float(0)) { min($0, numbers[$1]) }
        throw InputError.npy(
            file: file.name,
            .element(
                index: file.index(ofElement: place), value: "\(numbers[place])",
                expected: "less than 2^128 above its group's least, \(least), for an asymmetric scale,"))
    }

    /// The file, as quantization.json describes it.
    func described() throws -> QuantizationRecord.File {
        QuantizationRecord.File(path: file.name, type: file.type, shape: file.shape, sha256: file.source.sha256)
    }
}
