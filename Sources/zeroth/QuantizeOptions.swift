import ArgumentParser
import FineTuning
import Networks
import NumberFormats

/// The flags that describe a quantizer, and the scales that may be given instead of derived.
struct QuantizeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "int4, int8, int16, e4m3, e5m2, e3m4, e4m3ieee, e2m1, e2m3 or e3m2.", valueName: "format"))
    var format: ElementFormat

    @Option(
        help: ArgumentHelp(
            "What shares a scale: tensor, channel (a row), group:N (N elements of a row) or mx (32 of a row, E8M0 scale).",
            valueName: "cut"))
    var granularity = "channel"

    @Option(
        help: ArgumentHelp(
            "Scales by absmax, mse (least squared error) or power-of-two (absmax if left out).", valueName: "rule"))
    var scaleRule: Quantizer.ScaleRule?

    @Flag(help: "Give each group a zero point (integers).")
    var asymmetric = false

    @Option(help: ArgumentHelp("One scale for every group, instead of derived ones.", valueName: "x"))
    var scale: Float?

    @Option(help: ArgumentHelp("One zero point for every group, with --scale --asymmetric.", valueName: "n"))
    var zeroPoint: Int64?

    @Option(help: ArgumentHelp("Scales to use, float32, one a group.", valueName: "file.npy"))
    var scales: String?

    @Option(
        help: ArgumentHelp(
            "Zero points to use with --scales --asymmetric, integers, one a group.", valueName: "file.npy")
    )
    var zeroPoints: String?

    func validate() throws {
        if scale != nil, scales != nil { throw ValidationError("--scale and --scales cannot both be given") }
        if scaleRule != nil, scale != nil || scales != nil {
            throw ValidationError("--scale-rule cannot be given with --scale or --scales: they need no rule")
        }
        if let name = zeroPoint != nil ? "zero-point" : zeroPoints != nil ? "zero-points" : nil {
            let partner = zeroPoint != nil ? "scale" : "scales"
            guard asymmetric, zeroPoint == nil ? scales != nil : scale != nil else {
                throw ValidationError("--\(name) needs --asymmetric and --\(partner)")
            }
        }
        if asymmetric, scale != nil, zeroPoint == nil {
            throw ValidationError("--asymmetric --scale needs --zero-point")
        }
        if asymmetric, scales != nil, zeroPoints == nil {
            throw ValidationError("--asymmetric --scales needs --zero-points")
        }
    }

    /// The quantizer that the flags describe.
    ///
    /// - Throws: `RunError.badSetting`, `QuantizerError`.
    func quantizer(rounding: RoundingMode) throws -> Quantizer {
        try Quantizer(
            format: format, scheme: asymmetric ? .asymmetric : .symmetric, granularity: try cut(),
            scaleRule: scaleRule ?? .absmax, rounding: rounding)
    }

    private func cut() throws -> Quantizer.Granularity {
        switch granularity {
        case "tensor": return .tensor
        case "channel": return .channel
        case "mx": return .block
        default:
            guard granularity.hasPrefix("group:"), let size = Int(granularity.dropFirst(6)) else {
                throw RunError.badSetting(
                    name: "granularity", value: granularity, allowed: "tensor, channel, group:N with N ≥ 1, or mx")
            }
            return .group(size: size)
        }
    }

    /// The given parameters, one entry a group; nil where none are given.
    ///
    /// - Throws: `RunError.badSetting` for a flag's number, `InputError.npy` for a file, `QuantizerError`.
    func given(for quantizer: Quantizer, _ array: QuantizedArray) throws -> [QuantizationParameters]? {
        let groups = quantizer.layout(rows: array.rows, columns: array.columns).groupCount
        if let scale {
            do {
                let parameters = try quantizer.parameters(scale: scale, zeroPoint: zeroPoint ?? 0)
                return Array(repeating: parameters, count: groups)
            } catch {
                throw Self.settingError(error)
            }
        }
        guard let scales else { return nil }
        let file = try NpyFile(path: scales)
        let numbers = try file.array(of: Float.self)
        try Self.check(file, holds: groups)
        let zeros = try zeroPoints.map { try Self.integers($0, count: groups) }
        return try numbers.indices.map { group in
            do throws(QuantizerError) {
                return try quantizer.parameters(scale: numbers[group], zeroPoint: zeros?[group] ?? 0)
            } catch {
                let index = file.index(ofElement: group)
                switch error {
                case .scale(let scale):
                    throw InputError.npy(
                        file: scales,
                        .element(
                            index: index, value: "\(scale)",
                            expected: "a scale, a finite number from 2^-126 to 2^126,"))
                case .zeroPoint(let zero, let range):
                    throw InputError.npy(
                        file: zeroPoints ?? scales,
                        .element(
                            index: index, value: "\(zero)",
                            expected: "a zero point from \(range.lowerBound) to \(range.upperBound)"))
                default: throw error
                }
            }
        }
    }

    private static func settingError(_ error: QuantizerError) -> any Error {
        switch error {
        case .scale(let scale):
            RunError.badSetting(name: "scale", value: "\(scale)", allowed: "a finite number from 2^-126 to 2^126")
        case .zeroPoint(let zero, let range):
            RunError.badSetting(
                name: "zero-point", value: "\(zero)", allowed: "\(range.lowerBound) to \(range.upperBound)")
        default: error
        }
    }

    private static func check(_ file: NpyFile, holds groups: Int) throws {
        guard file.elementCount == groups else {
            throw InputError.npy(
                file: file.name,
                .shape(found: file.shape, expected: "one entry for each of the \(groups) groups"))
        }
    }

    /// The elements of a file of signed integers.
    private static func integers(_ path: String, count: Int) throws -> [Int64] {
        let file = try NpyFile(path: path)
        try check(file, holds: count)
        switch file.type {
        case .int8: return try file.array(of: Int8.self).map(Int64.init)
        case .int16: return try file.array(of: Int16.self).map(Int64.init)
        case .int32: return try file.array(of: Int32.self).map(Int64.init)
        case .int64: return try file.array(of: Int64.self)
        default:
            throw InputError.npy(
                file: path, .type(found: file.type, expected: "int8, int16, int32 or int64 for zero points"))
        }
    }
}

extension Quantizer.ScaleRule: ExpressibleByArgument {}
