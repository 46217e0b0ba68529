import NumberFormats

extension Quantizer {
    /// Elements that a thread quantizes at a time, or more where a group has more.
    private static let piece = 1 << 13

    /// ``quantized(_:rows:columns:given:random:)`` on several threads, which decide no bit: a group is one thread's, and errors are added in the order
    /// of the groups.
    ///
    /// - Parameters:
    ///   - x: rows × columns numbers, row-major.
    ///   - rows: ≥ 0.
    ///   - columns: ≥ 0.
    ///   - given: the groups' parameters, where they don't follow from the numbers; one entry a group.
    ///   - threads: ≥ 1.
    ///   - random: random bits, R in the low N, of the element at a row-major place; called by the stochastic modes alone.
    public func quantized(
        _ x: UnsafeBufferPointer<Float>, rows: Int, columns: Int, given: [QuantizationParameters]? = nil,
        threads: Int, random: @Sendable (Int) -> UInt32 = { _ in 0 }
    ) -> QuantizedTensor {
        precondition(x.count == rows * columns, "as many numbers as rows × columns are needed")
        let layout = layout(rows: rows, columns: columns)
        let groups = layout.groupCount
        precondition(given == nil || given!.count == groups, "one entry a group is needed")
        var codes = [Int16](repeating: 0, count: x.count)
        var parameters = given ?? Array(repeating: .zeros, count: groups)
        var errors = [QuantizationErrors](repeating: QuantizationErrors(), count: groups)
        let groupsPerPiece = max(1, groups == 0 ? 1 : Self.piece / max(1, x.count / groups))
        let pieces = (groups + groupsPerPiece - 1) / groupsPerPiece
        let numbers = SharedBuffer(UnsafeMutableBufferPointer(mutating: x))
        let isGiven = given != nil
        codes.withUnsafeMutableBufferPointer { codes in
            parameters.withUnsafeMutableBufferPointer { parameters in
                errors.withUnsafeMutableBufferPointer { errors in
                    let (codes, parameters, errors) = (
                        SharedBuffer(codes), SharedBuffer(parameters), SharedBuffer(errors)
                    )
                    parallelFor(pieces, threads: threads) { piece in
                        for group in piece * groupsPerPiece..<min((piece + 1) * groupsPerPiece, groups) {
                            let range = layout.range(ofGroup: group)
                            let members = UnsafeBufferPointer(rebasing: numbers.elements[range])
                            if !isGiven { parameters[group] = self.parameters(of: members) }
                            errors[group] = quantize(
                                members, parameters[group], first: range.lowerBound,
                                codes: UnsafeMutableBufferPointer(rebasing: codes.elements[range]), random: random)
                        }
                    }
                }
            }
        }
        var total = QuantizationErrors()
        for each in errors { total.add(each) }
        return QuantizedTensor(quantizer: self, layout: layout, codes: codes, parameters: parameters, errors: total)
    }
}
