/// An array after quantization.
public struct QuantizedTensor: Sendable {
    /// How it was quantized.
    public let quantizer: Quantizer
    /// How it was cut into groups.
    public let layout: QuantizationLayout
    /// Row-major: an integer format's integers, or a floating-point format's codes.
    public let codes: [Int16]
    /// One entry a group.
    public let parameters: [QuantizationParameters]
    /// How far the codes are from the numbers.
    public let errors: QuantizationErrors

    public init(
        quantizer: Quantizer, layout: QuantizationLayout, codes: [Int16], parameters: [QuantizationParameters],
        errors: QuantizationErrors
    ) {
        self.quantizer = quantizer
        self.layout = layout
        self.codes = codes
        self.parameters = parameters
        self.errors = errors
    }

    /// What the codes stand for, row-major.
    public func dequantized() -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(codes.count)
        for group in 0..<layout.groupCount {
            for place in layout.range(ofGroup: group) {
                result.append(quantizer.dequantized(codes[place], parameters[group]))
            }
        }
        return result
    }
}

extension Quantizer {
    /// Quantizes an array.
    ///
    /// - Parameters:
    ///   - x: rows × columns numbers, row-major.
    ///   - rows: ≥ 0.
    ///   - columns: ≥ 0.
    ///   - given: the groups' parameters, where they don't follow from the numbers; one entry a group.
    ///   - random: random bits, R in the low N, of the element at a row-major place; called by the stochastic modes alone.
    public func quantized(
        _ x: UnsafeBufferPointer<Float>, rows: Int, columns: Int, given: [QuantizationParameters]? = nil,
        random: (Int) -> UInt32 = { _ in 0 }
    ) -> QuantizedTensor {
        precondition(x.count == rows * columns, "as many numbers as rows × columns are needed")
        let layout = layout(rows: rows, columns: columns)
        precondition(given == nil || given!.count == layout.groupCount, "one entry a group is needed")
        var codes = [Int16](repeating: 0, count: x.count)
        var parameters: [QuantizationParameters] = []
        var errors = QuantizationErrors()
        codes.withUnsafeMutableBufferPointer { codes in
            for index in 0..<layout.groupCount {
                let range = layout.range(ofGroup: index)
                let group = UnsafeBufferPointer(rebasing: x[range])
                let found = given?[index] ?? self.parameters(of: group)
                parameters.append(found)
                errors.add(
                    quantize(
                        group, found, first: range.lowerBound, codes: .init(rebasing: codes[range]), random: random))
            }
        }
        return QuantizedTensor(quantizer: self, layout: layout, codes: codes, parameters: parameters, errors: errors)
    }

    /// Writes the codes of one group and returns its errors.
    ///
    /// - Parameters:
    ///   - group: its numbers.
    ///   - parameters: its scale.
    ///   - first: the row-major place of its first number in the array.
    ///   - codes: takes as many codes.
    ///   - random: as in ``quantized(_:rows:columns:given:random:)``.
    public func quantize(
        _ group: UnsafeBufferPointer<Float>, _ parameters: QuantizationParameters, first: Int,
        codes: UnsafeMutableBufferPointer<Int16>, random: (Int) -> UInt32
    ) -> QuantizationErrors {
        let isStochastic = rounding.randomBits != nil
        var signals = SIMD16<Double>.zero
        var squares = SIMD16<Double>.zero
        var errors = QuantizationErrors()
        for (place, x) in group.enumerated() {
            let coded = code(of: x, parameters, random: isStochastic ? random(first + place) : 0)
            codes[place] = coded.code
            let difference = Double(x) - Double(dequantized(coded.code, parameters))
            signals[place & 15] += Double(x) * Double(x)
            squares[place & 15] += difference * difference
            errors.largest = max(errors.largest, abs(difference))
            errors.limited += coded.isLimited ? 1 : 0
        }
        errors.count = group.count
        if parameters.scale.isNaN { errors.largest = .nan }
        errors.signal = QuantizationErrors.sum(signals)
        errors.noise = QuantizationErrors.sum(squares)
        return errors
    }
}
