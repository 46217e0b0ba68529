import NumberFormats

extension EncoderParameters.Linear {
    /// What the weights stand for, row-major: fl(code·scale), or the values.
    public var numbers: [Float] {
        guard format.hasScales else { return Array(values.elements) }
        let table = format.codeNumbers
        return (0..<count).map { table[Int(UInt8(bitPattern: codes[$0]))] * scales[$0 / columns] }
    }
}

extension EncoderParameters {
    /// What linear layer `number` stands for with its adapter in it: W + (alpha/rank)·B·A, the products and sums in binary64, rounded once.
    public func mergedNumbers(_ number: Int) -> [Float] {
        let linear = linears[number]
        let weights = linear.numbers
        guard layout.isAdapted(number) else { return weights }
        let numbers = layout.adapterNumbers(number)
        let (a, b) = (matrix(numbers.a).numbers, matrix(numbers.b).numbers)
        let (rank, columns, factor) = (matrix(numbers.a).rows, linear.columns, Double(layout.adapterFactor))
        var result: [Float] = []
        result.reserveCapacity(weights.count)
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<linear.rows {
            for column in 0..<columns { sums[column] = 0 }
            for k in 0..<rank {
                let left = Double(b[row * rank + k])
                for column in 0..<columns { sums[column] += left * Double(a[k * columns + column]) }
            }
            for column in 0..<columns {
                result.append(Float(Double(weights[row * columns + column]) + factor * sums[column]))
            }
        }
        return result
    }
}

extension ElementFormat {
    /// The numbers that the 256 bytes of a one-byte format's codes stand for at scale 1.
    var codeNumbers: [Float] {
        (0..<256).map { byte in
            guard let float else { return Float(Int8(truncatingIfNeeded: byte)) }
            return Float(float.value(of: UInt32(byte)))
        }
    }
}
