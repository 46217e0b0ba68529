/// The keys of a Hugging Face `config.json`, read one by one; every error names the file, the key and what is needed.
struct ConfigurationSettings {
    let file: String
    private let object: JSONObject

    /// - Throws: the errors of JSON.
    init(source: any ByteSource) throws(InputError) {
        file = source.name
        object = try JSONReader.object(in: source.bytes, file: file)
    }

    /// The value of a key; nil if it is missing or null, which Hugging Face reads alike.
    subscript(key: String) -> JSON? { object[key].flatMap { $0 == .null ? nil : $0 } }

    /// Whether the key is there, be it null.
    func contains(_ key: String) -> Bool { object[key] != nil }

    func invalid(_ key: String, _ value: JSON, _ expected: String) -> InputError {
        .settingInvalid(file: file, key: key, found: value.summary, expected: expected)
    }

    /// A whole number that has to be there.
    ///
    /// - Parameter alias: another name that Hugging Face takes for the key; both may stand only with one value.
    func size(_ key: String, alias: String? = nil, _ range: ClosedRange<Int>) throws(InputError) -> Int {
        if let alias, object[alias] != nil {
            let number = try size(alias, range)
            if let value = object[key], value.integer != number {
                throw invalid(key, value, "\(number), as \(alias) says, or one of the two keys")
            }
            return number
        }
        guard let value = object[key] else {
            throw .settingMissing(file: file, key: key, expected: words(range))
        }
        return try number(key, value, range)
    }

    /// A whole number, or nil if the key is missing or null.
    func optionalSize(_ key: String, _ range: ClosedRange<Int>) throws(InputError) -> Int? {
        guard let value = self[key] else { return nil }
        return try number(key, value, range)
    }

    /// True or false; `missing` if the key is missing or null.
    func flag(_ key: String, missing: Bool) throws(InputError) -> Bool {
        guard let value = self[key] else { return missing }
        guard let flag = value.bool else { throw invalid(key, value, "true or false") }
        return flag
    }

    /// The text of a key, or nil if it is missing or null.
    func text(_ key: String, expected: String) throws(InputError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.string else { throw invalid(key, value, expected) }
        return text
    }

    /// Refuses a key whose value is true: `reason` says why it can't be.
    func requireFalse(_ key: String, _ reason: String) throws(InputError) {
        if try flag(key, missing: false) { throw invalid(key, .bool(true), "false, since \(reason),") }
    }

    private func number(_ key: String, _ value: JSON, _ range: ClosedRange<Int>) throws(InputError) -> Int {
        guard let number = value.integer, range.contains(number) else { throw invalid(key, value, words(range)) }
        return number
    }

    private func words(_ range: ClosedRange<Int>) -> String {
        "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}
