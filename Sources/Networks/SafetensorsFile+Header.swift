extension SafetensorsFile {
    /// Reads one entry of the header, and checks it by itself.
    static func tensor(_ name: String, _ value: JSON, file: String, dataSize: Int) throws(InputError) -> Tensor {
        guard let fields = value.object else { throw .tensorNotAnObject(file: file, tensor: name) }
        for field in fields.members where !["dtype", "shape", "data_offsets"].contains(field.key) {
            throw .tensorFieldUnknown(file: file, tensor: name, field: field.key)
        }
        func field(_ key: String) throws(InputError) -> JSON {
            guard let value = fields[key] else { throw .tensorFieldMissing(file: file, tensor: name, field: key) }
            return value
        }
        func naturals(_ key: String, _ expected: String, count: Int? = nil) throws(InputError) -> [Int] {
            let invalid = InputError.tensorFieldInvalid(file: file, tensor: name, field: key, expected: expected)
            guard let elements = try field(key).array, count == nil || elements.count == count else { throw invalid }
            var result: [Int] = []
            for element in elements {
                guard let number = element.integer, number >= 0 else { throw invalid }
                result.append(number)
            }
            return result
        }

        guard let typeName = try field("dtype").string else {
            throw .tensorFieldInvalid(file: file, tensor: name, field: "dtype", expected: "a string such as \"F32\"")
        }
        guard let type = TensorType(rawValue: typeName) else {
            throw .tensorTypeUnknown(file: file, tensor: name, type: typeName)
        }
        let shape = try naturals("shape", "a list of whole numbers from 0 to 2^63 - 1")
        let offsets = try naturals("data_offsets", "a list of two whole numbers from 0 to 2^63 - 1", count: 2)

        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else { throw .tensorOffsetsReversed(file: file, tensor: name, begin: begin, end: end) }
        guard end <= dataSize else { throw .tensorPastEnd(file: file, tensor: name, end: end, size: dataSize) }
        guard let expected = byteCount(shape: shape, type: type) else {
            throw .tensorTooLarge(file: file, tensor: name, shape: shape)
        }
        guard end - begin == expected else {
            throw .tensorSizeMismatch(file: file, tensor: name, bytes: end - begin, expected: expected)
        }
        return Tensor(name: name, type: type, shape: shape, dataRange: begin..<end)
    }

    /// The bytes of a tensor, or nil if they overflow.
    ///
    /// Zero extents don't excuse the others: whoever multiplies in another order would overflow.
    static func byteCount(shape: [Int], type: TensorType) -> Int? {
        var bytes = type.byteCount
        for extent in shape where extent != 0 {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            bytes = product
        }
        return shape.contains(0) ? 0 : bytes
    }

    /// Checks that tensors in the order of their data cover it without holes and overlaps.
    static func checkTiling(_ tensors: [Tensor], file: String, dataSize: Int) throws(InputError) {
        var end = 0
        var last = ""
        for tensor in tensors {
            let begin = tensor.dataRange.lowerBound
            guard begin >= end else { throw .tensorsOverlap(file: file, first: last, second: tensor.name, at: begin) }
            guard begin == end else { throw .tensorGap(file: file, tensor: tensor.name, from: end, to: begin) }
            end = tensor.dataRange.upperBound
            last = tensor.name
        }
        guard end == dataSize else { throw .trailingBytes(file: file, from: end, to: dataSize) }
    }
}
