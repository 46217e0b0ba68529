// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth
import NumberFormats

@c @implementation
public func zeroth_mac(
    _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ lanes: Int32, _ aFormat: Int32, _ bFormat: Int32,
    _ kind: Int32, _ settings: Int32, _ c: UnsafePointer<UInt32>, _ sum: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        try check(lanes, 1...2048)
        let formats = try operandFormats(aFormat, bFormat)
        for format in [formats.a, formats.b] where format.bits > 8 { throw .format }
        let accumulator = try accumulator(kind: kind, settings: settings, group: Int(lanes))
        if accumulator == .sequential, lanes != 1 { throw .accumulator }
        guard DotProduct.problem(formats.a, formats.b, accumulator: accumulator, order: .reentry) == nil else {
            throw .accumulator
        }
        func codes(_ bytes: UnsafePointer<UInt8>) -> [UInt32] {
            let bytes = UnsafeBufferPointer(start: bytes, count: Int(lanes))
            return formats.isPacked
                ? bytes.flatMap { [UInt32($0) & 15, UInt32($0) >> 4] } : bytes.map { UInt32($0) }
        }
        let step = MACStep(formats.a, formats.b, accumulator: accumulator)
        write(step.sum(word(c, of: accumulator), codes(a), codes(b)), of: accumulator, to: sum)
    }
}

@c @implementation
public func zeroth_exact_round(_ state: UnsafePointer<UInt32>, _ result: UnsafeMutablePointer<UInt32>) -> Int32 {
    result.pointee = FixedPointSum(bits: word(state, of: .exact)).rounded
    return ZEROTH_OK
}

@c @implementation
public func zeroth_product(
    _ a: UnsafePointer<UInt32>, _ b: UnsafePointer<UInt32>, _ m: Int32, _ n: Int32, _ k: Int32, _ aFormat: Int32,
    _ bFormat: Int32, _ accumulator: UnsafePointer<CChar>, _ order: UnsafePointer<CChar>,
    _ c: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        for size in [m, n, k] { try check(size, 1...65536) }
        let (m, n, k) = (Int(m), Int(n), Int(k))
        try check(m * n * k, 1...1 << 31)
        let (aFormat, bFormat) = (try elementFormat(aFormat), try elementFormat(bFormat))
        guard let sums = ProductAccumulator(name: String(cString: accumulator)),
            let order = AccumulationOrder(name: String(cString: order)),
            DotProduct.problem(aFormat, bFormat, accumulator: sums, order: order) == nil
        else { throw .accumulator }
        let product = DotProduct(aFormat, bFormat, accumulator: sums, order: order)
        for row in 0..<m {
            let x = UnsafeBufferPointer(start: a + row * k, count: k)
            for column in 0..<n {
                let y = UnsafeBufferPointer(start: b + column * k, count: k)
                c[row * n + column] = result(product, x, y)
            }
        }
    }
}

private func result(
    _ product: DotProduct, _ a: UnsafeBufferPointer<UInt32>, _ b: UnsafeBufferPointer<UInt32>
) -> UInt32 {
    guard let aFormat = product.aFormat.integer, let bFormat = product.bFormat.integer else {
        return product.floatSum(a, b).bitPattern
    }
    var statistics = IntegerStatistics()
    return UInt32(
        bitPattern: product.integerSum(
            a.map { Int32(aFormat.decode($0)) }, b.map { Int32(bFormat.decode($0)) }, statistics: &statistics))
}

@c @implementation
public func zeroth_requantize(
    _ sum: Int32, _ weightScale: UInt32, _ activationScale: UInt32, _ hasBias: Int32, _ bias: UInt32,
    _ factor: UInt32, _ y: UnsafeMutablePointer<UInt32>, _ code: UnsafeMutablePointer<Int32>
) -> Int32 {
    let value = IntegerProduct.dequantized(
        sum, columnScale: Float(bitPattern: weightScale), rowScale: Float(bitPattern: activationScale),
        bias: hasBias == 0 ? nil : Float(bitPattern: bias))
    // One NaN on output (section 2.2).
    y.pointee = value.isNaN ? 0x7FC0_0000 : value.bitPattern
    code.pointee = Int32(IntegerProduct.requantized(value, factor: Float(bitPattern: factor)))
    return ZEROTH_OK
}
