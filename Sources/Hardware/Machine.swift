import NumberFormats

/// A machine: what fixes the bits (`arithmetic`) apart from what fixes the time (`organisation`).
///
/// docs/machines.md lists every field with its unit and range.
public struct Machine: Sendable, Hashable {
    /// Name in reports; a file states it.
    public let name: String
    /// One line on what the machine is.
    public let summary: String
    public let arithmetic: Arithmetic
    public internal(set) var organisation: Organisation
    /// The file it was read from, as the user knows it.
    public let file: String
    /// Overrides that were applied, in order, as `path=value`.
    public let overrides: [String]

    /// Multiply-accumulates an element does each cycle on operands of `format`.
    ///
    /// - Throws: `HardwareError.unsupportedFormat` where the array cannot.
    public func macsPerCyclePerElement(_ format: ElementFormat) throws(HardwareError) -> Double {
        guard let rate = organisation.array.macsPerCyclePerElement[format] else {
            throw .unsupportedFormat(
                machine: name, format: format.rawValue, supported: organisation.array.formats.map(\.rawValue))
        }
        return rate
    }
}

extension Machine {
    static let keys = ["name", "summary", "arithmetic", "organisation"]

    /// Decodes the text of a machine file.
    ///
    /// - Parameter file: what errors call the text.
    public init(
        json5 bytes: [UInt8], file: String, overrides: [MachineOverride] = []
    ) throws(HardwareError) {
        try self.init(try JSON5Parser.parse(bytes, file: file), file: file, overrides: overrides)
    }

    /// Decodes a machine file that is parsed.
    init(_ root: JSON5Node, file: String, overrides: [MachineOverride]) throws(HardwareError) {
        var root = root
        try MachineOverride.apply(overrides, to: &root)
        let fields = try FieldReader(root, file: file, path: "", keys: Self.keys)
        name = try fields.string("name", "the machine's name")
        summary = try fields.string("summary", "one line on what the machine is")
        let arithmeticFields = try fields.section("arithmetic", keys: Arithmetic.keys)
        let organisationFields = try fields.section("organisation", keys: Organisation.keys)
        arithmetic = try Arithmetic(arithmeticFields)
        organisation = try Organisation(organisationFields)
        try Self.check(
            arithmetic, arithmeticFields, on: organisation.array,
            organisationFields.section("array", keys: MatrixArray.keys))
        self.file = file
        self.overrides = overrides.map(\.description)
    }
}
