import Foundation
import Networks
import NumberFormats
import Reports

/// What quantization.json says: everything that is needed to read the codes, and to make them again.
struct QuantizationRecord: Encodable {
    struct File: Encodable {
        var path: String
        var dtype: String
        var shape: [Int]
        var sha256: String

        init(path: String, type: NpyType, shape: [Int], sha256: String) {
            self.path = path
            dtype = type.name
            self.shape = shape
            self.sha256 = sha256
        }
    }

    /// Where random bits came from: a file, or a stream.
    struct Random: Encodable {
        var file: String?
        var sha256: String?
        var seed: UInt64?
        var step: UInt32?
        var query: UInt16?
        var tensor: UInt16?
    }

    /// Errors in the unit of the input.
    struct Errors: Encodable {
        var elements: Int
        var limited: Int
        var largest: Double
        var rootMeanSquare: Double
        /// Absent where nothing was lost, or where every number is 0.
        var signalToNoiseDecibels: Double?
    }

    var zeroth = Version.current
    var input: File
    var files: [File]
    var format: String
    var scheme: String
    var granularity: String
    var scaleRule: String
    var rounding: String
    var randomBits: Int?
    var random: Random?
    var packed: Bool
    var rows: Int
    var columns: Int
    var groups: Int
    /// Bits of codes (without the padding of packed rows), scales and zero points, over the elements.
    var bitsPerElement: Double?
    /// The formula that turns codes into numbers.
    var dequantization: String
    var errors: Errors

    init(
        _ tensor: QuantizedTensor, input: File, files: [File], scalesGiven: Bool, packed: Bool, rounding: String,
        random: Random?
    ) {
        let quantizer = tensor.quantizer
        self.input = input
        self.files = files
        format = quantizer.format.rawValue
        scheme = quantizer.scheme.rawValue
        switch quantizer.granularity {
        case .tensor: granularity = "tensor"
        case .channel: granularity = "channel"
        case .group(let size): granularity = "group:\(size)"
        case .block: granularity = "mx"
        }
        scaleRule = scalesGiven ? "given" : quantizer.scaleRule.rawValue
        self.rounding = rounding
        randomBits = quantizer.rounding.randomBits
        self.random = random
        self.packed = packed
        rows = input.shape.dropLast().reduce(1, *)
        columns = input.shape.last ?? 1
        groups = tensor.layout.groupCount
        let isBlock = quantizer.granularity == .block
        let groupBits = isBlock ? 8 : 32 + (quantizer.scheme == .asymmetric ? quantizer.format.bits : 0)
        if !tensor.codes.isEmpty {
            bitsPerElement =
                Double(quantizer.format.bits) + Double(groups * groupBits) / Double(tensor.codes.count)
        }
        switch (quantizer.scheme, quantizer.format.integer, isBlock) {
        case (.asymmetric, _, _): dequantization = "fl((code - zero point) * scale)"
        case (_, .some, true): dequantization = "fl(code * 2^-6 * 2^(scale code - 127))"
        case (_, .some, false): dequantization = "fl(code * scale)"
        case (_, .none, true): dequantization = "fl(value of code * 2^(scale code - 127))"
        case (_, .none, false): dequantization = "fl(value of code * scale)"
        }
        let ratio = tensor.errors.signalToNoise
        errors = Errors(
            elements: tensor.errors.count, limited: tensor.errors.limited, largest: tensor.errors.largest,
            rootMeanSquare: tensor.errors.rootMeanSquare,
            signalToNoiseDecibels: ratio.flatMap { $0.isFinite && $0 > 0 ? 10 * log10($0) : nil })
    }

    /// What people read.
    func table(folder: String) -> TextTable {
        var table = TextTable()
        let shape = input.shape.isEmpty ? "one number" : input.shape.map(String.init).joined(separator: " × ")
        table.append(["input", "\(input.path), \(input.dtype), \(shape)"])
        table.append(["format", "\(format), \(scheme)\(packed ? ", packed" : "")"])
        table.append(["scales", "\(Quantity.number(groups)) (\(granularity), \(scaleRule))"])
        table.append(["rounding", rounding + (randomBits.map { ", \($0) random bits" } ?? "")])
        table.append(["storage", bitsPerElement.map { Quantity.number($0, digits: 3) + " bits an element" } ?? "none"])
        table.rule()
        table.append(["largest error", String(format: "%.4g (input's unit)", errors.largest)])
        table.append(["RMS error", String(format: "%.4g (input's unit)", errors.rootMeanSquare)])
        let decibels = errors.signalToNoiseDecibels.map { Quantity.number($0, digits: 2) + " dB" }
        table.append([
            "signal to quantization noise", decibels ?? (errors.rootMeanSquare == 0 ? "nothing lost" : "no signal"),
        ])
        let share = errors.elements == 0 ? 0 : Double(errors.limited) / Double(errors.elements)
        table.append([
            "limited to the range",
            "\(Quantity.number(errors.limited)) elements (\(Quantity.percent(share, digits: 3)))",
        ])
        table.rule()
        table.append(["written", "\(folder): \(files.map(\.path).joined(separator: ", ")), quantization.json"])
        return table
    }
}
