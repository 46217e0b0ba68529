// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth
import NumberFormats

@c @implementation
public func zeroth_format_bits(_ format: Int32) -> Int32 {
    if format == ZEROTH_INT4_PACKED { return 8 }
    guard let known = try? elementFormat(format) else { return 0 }
    return Int32(known.bits)
}

@c @implementation
public func zeroth_decode(_ code: UInt32, _ format: Int32, _ value: UnsafeMutablePointer<Double>) -> Int32 {
    status { () throws(Refusal) in
        // Every format's numbers are FP32 numbers.
        let wide = FormatConversion.convert(code, from: try elementFormat(format), to: .fp32, FloatEnvironment())
        value.pointee = Double(Float(bitPattern: wide.code))
    }
}

@c @implementation
public func zeroth_cast(
    _ code: UInt32, _ from: Int32, _ to: Int32, _ rounding: Int32, _ randomBits: Int32, _ random: UInt32,
    _ overflow: Int32, _ flush: Int32, _ result: UnsafeMutablePointer<UInt32>, _ flags: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        try check(flush, 0...3)
        let environment = FloatEnvironment(
            rounding: try CAPI.rounding(rounding, bits: randomBits), overflow: try overflowPolicy(overflow),
            flushesInputs: flush & 1 != 0, flushesOutputs: flush & 2 != 0)
        leave(
            FormatConversion.convert(
                code, from: try elementFormat(from), to: try elementFormat(to), environment, random: random),
            result, flags)
    }
}

@c @implementation
public func zeroth_add(
    _ a: UInt32, _ aFormat: Int32, _ b: UInt32, _ bFormat: Int32, _ to: Int32, _ rounding: Int32,
    _ result: UnsafeMutablePointer<UInt32>, _ flags: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        leave(
            FloatArithmetic.add(
                FloatOperand(a, try floatFormat(aFormat)), FloatOperand(b, try floatFormat(bFormat)),
                to: try floatFormat(to), FloatEnvironment(rounding: try deterministicRounding(rounding))),
            result, flags)
    }
}

@c @implementation
public func zeroth_multiply(
    _ a: UInt32, _ aFormat: Int32, _ b: UInt32, _ bFormat: Int32, _ to: Int32, _ rounding: Int32,
    _ result: UnsafeMutablePointer<UInt32>, _ flags: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        leave(
            FloatArithmetic.multiply(
                FloatOperand(a, try floatFormat(aFormat)), FloatOperand(b, try floatFormat(bFormat)),
                to: try floatFormat(to), FloatEnvironment(rounding: try deterministicRounding(rounding))),
            result, flags)
    }
}

@c @implementation
public func zeroth_multiply_add(
    _ a: UInt32, _ aFormat: Int32, _ b: UInt32, _ bFormat: Int32, _ c: UInt32, _ cFormat: Int32, _ to: Int32,
    _ rounding: Int32, _ result: UnsafeMutablePointer<UInt32>, _ flags: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        leave(
            FloatArithmetic.fusedMultiplyAdd(
                FloatOperand(a, try floatFormat(aFormat)), FloatOperand(b, try floatFormat(bFormat)),
                FloatOperand(c, try floatFormat(cFormat)), to: try floatFormat(to),
                FloatEnvironment(rounding: try deterministicRounding(rounding))),
            result, flags)
    }
}

private func leave(_ rounded: Rounded, _ result: UnsafeMutablePointer<UInt32>, _ flags: UnsafeMutablePointer<UInt32>) {
    result.pointee = rounded.code
    flags.pointee = UInt32(rounded.flags.rawValue)
}
