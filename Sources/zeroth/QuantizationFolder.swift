import FineTuning
import Foundation
import Networks
import NumberFormats

/// The folder that `zeroth quantize` writes. Each file is written whole, quantization.json last: without it the folder isn't whole.
struct QuantizationFolder {
    let path: String

    private static let codes = "codes.npy"
    private static let scales = "scales.npy"
    private static let zeroPoints = "zero-points.npy"
    private static let record = "quantization.json"

    /// Refuses a folder that exists, unless `overwrite` is set and it holds nothing but files of these names. Changes nothing.
    func checkVacant(overwrite: Bool) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else { throw QuantizationFolderError.isFile(path: path) }
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        guard overwrite || names.isEmpty else { throw QuantizationFolderError.exists(path: path) }
        let own = [Self.codes, Self.scales, Self.zeroPoints, Self.record]
        if let other = names.sorted().first(where: { !own.contains($0) }) {
            throw QuantizationFolderError.holdsOtherFiles(path: path, name: other)
        }
    }

    /// Refuses to read what writing would remove: a file in the folder.
    func checkOutside(_ file: String) throws {
        let folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
        let holder = URL(fileURLWithPath: file).resolvingSymlinksInPath().standardizedFileURL
            .deletingLastPathComponent().path
        if folder == holder { throw QuantizationFolderError.holdsInput(path: path, file: file) }
    }

    /// Makes the folder; what an earlier quantization left goes, quantization.json first.
    func begin(overwrite: Bool) throws {
        try checkVacant(overwrite: overwrite)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for name in [Self.record, Self.codes, Self.scales, Self.zeroPoints]
            where FileManager.default.fileExists(atPath: path + "/" + name) {
                try FileManager.default.removeItem(atPath: path + "/" + name)
            }
        } catch {
            throw InputError.fileNotWritten(file: path, reason: error.localizedDescription)
        }
    }

    /// Writes codes, scales and zero points, and describes the files.
    ///
    /// - Parameters:
    ///   - tensor: what was quantized.
    ///   - shape: the shape of the array.
    ///   - packed: whether two 4-bit codes share a byte.
    func write(_ tensor: QuantizedTensor, shape: [Int], packed: Bool) throws -> [QuantizationRecord.File] {
        var files = [try writeCodes(tensor, shape: shape, packed: packed)]
        let groups = groupShape(tensor, shape: shape)
        if tensor.quantizer.granularity == .block {
            files.append(
                try write(tensor.parameters.map { Quantizer.blockScaleCode($0.scale) }, groups, Self.scales))
        } else {
            files.append(try write(tensor.parameters.map(\.scale), groups, Self.scales))
        }
        if tensor.quantizer.scheme == .asymmetric {
            let zeros = tensor.parameters.map(\.zeroPoint)
            files.append(
                tensor.quantizer.format == .int16
                    ? try write(zeros.map(Int16.init), groups, Self.zeroPoints)
                    : try write(zeros.map(Int8.init), groups, Self.zeroPoints))
        }
        return files
    }

    /// Writes quantization.json and returns its text.
    func finish(_ record: QuantizationRecord) throws -> String {
        let text = try Terminal.json(record)
        try writeAtomically(text + "\n", to: path + "/" + Self.record)
        return text
    }

    /// One scale in all, one a row in the shape of the rows, or as many as a row has groups behind that.
    private func groupShape(_ tensor: QuantizedTensor, shape: [Int]) -> [Int] {
        switch tensor.quantizer.granularity {
        case .tensor: []
        case .channel: Array(shape.dropLast())
        case .group, .block: shape.dropLast() + [tensor.layout.groupsPerRow]
        }
    }

    private func writeCodes(_ tensor: QuantizedTensor, shape: [Int], packed: Bool) throws -> QuantizationRecord.File {
        if packed {
            let columns = shape.last ?? 1
            let rows = shape.dropLast().reduce(1, *)
            return try write(
                NibblePacking.packed(tensor.codes, rows: rows, columns: columns),
                shape.isEmpty ? [] : shape.dropLast() + [NibblePacking.bytesPerRow(columns: columns)], Self.codes)
        }
        switch CodeArray.type(of: tensor.quantizer.format) {
        case .int8: return try write(tensor.codes.map(Int8.init), shape, Self.codes)
        case .uint8: return try write(tensor.codes.map(UInt8.init), shape, Self.codes)
        default: return try write(tensor.codes, shape, Self.codes)
        }
    }

    private func write<Element: NpyElement>(
        _ elements: [Element], _ shape: [Int], _ name: String
    ) throws -> QuantizationRecord.File {
        let file = path + "/" + name
        try NpyWriter.write(elements, shape: shape, to: file)
        return QuantizationRecord.File(
            path: name, type: Element.npyType, shape: shape, sha256: try SHA256.hexadecimal(ofFile: file))
    }
}

/// Why a folder can't take a quantization.
enum QuantizationFolderError: Error, CustomStringConvertible {
    case exists(path: String)
    case isFile(path: String)
    case holdsOtherFiles(path: String, name: String)
    case holdsInput(path: String, file: String)

    var description: String {
        switch self {
        case .exists(let path): "\(path): exists already; name another folder, or replace it with --overwrite"
        case .isFile(let path): "\(path): is a file; name a folder that is to be written"
        case .holdsOtherFiles(let path, let name):
            "\(path): holds \(name), which no quantization wrote, so --overwrite leaves it alone; name another folder"
        case .holdsInput(let path, let file):
            "\(file): is read, but lies in \(path), which is to be written; name another folder"
        }
    }
}
