// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth
import NumberFormats

/// INT8 codes of weights: symmetric.
private let codes: ClosedRange<Int32> = -127...127

@c @implementation
public func zeroth_perturb(
    _ codes: UnsafePointer<Int8>, _ count: Int64, _ firstElement: UInt64, _ seed: UInt64, _ step: UInt32,
    _ query: UInt32, _ tensor: UInt32, _ bits: Int32, _ multiplier: Int32, _ subtract: Int32,
    _ result: UnsafeMutablePointer<Int8>
) -> Int32 {
    status { () throws(Refusal) in
        try check(count, 0...1 << 48)
        try check(firstElement, 0...1 << 48 - UInt64(count))
        try check(multiplier, 1...Int32(PerturbationScalars.multiplierLimit - 1))
        guard let bits = PerturbationBits(rawValue: Int(bits)) else { throw .range }
        let streams = try streams(seed, step, query, tensor)
        for index in 0..<Int(count) { try check(Int32(codes[index]), CAPI.codes) }
        for index in 0..<Int(count) {
            let element = Int(firstElement) + index
            let u = IrwinHallGaussian.code(
                integer: IrwinHallGaussian.integer(word: streams[.perturbation].word(at: element)), bits: bits,
                random: streams[.firstRounding].half(at: element))
            let d = WeightPerturbation.gridSteps(
                code: u, multiplier: multiplier, random: streams[.gridRounding].half(at: element))
            result[index] = WeightPerturbation.perturbed(codes[index], by: subtract == 0 ? d : -d)
        }
    }
}

@c @implementation
public func zeroth_update(
    _ code: Int32, _ u2: Int32, _ multiplier: Int32, _ random: UInt32, _ mode: Int32, _ residual: Int32,
    _ newCode: UnsafeMutablePointer<Int32>, _ newResidual: UnsafeMutablePointer<Int32>
) -> Int32 {
    status { () throws(Refusal) in
        try check(code, codes)
        try check(u2, codes)
        try check(multiplier, -UpdateScalars.multiplierLimit...UpdateScalars.multiplierLimit)
        try check(random, 0...0xFFFF)
        try check(mode, 0...3)
        let rounding: UpdateRounding = [.stochastic, .nearest, .residual(.eight), .residual(.sixteen)][Int(mode)]
        if case .residual(let bits) = rounding {
            try check(residual, bits.range)
        } else {
            try check(residual, 0...0)
        }
        let moved = WeightUpdate.updated(
            Int8(code), residual: residual, code: u2, multiplier: multiplier, random: UInt16(random),
            rounding: rounding)
        newCode.pointee = Int32(moved.code)
        newResidual.pointee = moved.residual
    }
}
