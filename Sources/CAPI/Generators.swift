// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth
import NumberFormats

@c @implementation
public func zeroth_philox(
    _ key: UnsafePointer<UInt32>, _ counter: UnsafePointer<UInt32>, _ words: UnsafeMutablePointer<UInt32>
) -> Int32 {
    let block = Philox4x32.block(
        counter: SIMD4(counter[0], counter[1], counter[2], counter[3]), key: SIMD2(key[0], key[1]))
    for index in 0..<4 { words[index] = block[index] }
    return ZEROTH_OK
}

@c @implementation
public func zeroth_lfsr(
    _ width: Int32, _ mask: UInt64, _ state: UInt64, _ steps: UInt64, _ next: UnsafeMutablePointer<UInt64>
) -> Int32 {
    status { () throws(Refusal) in
        guard let register = try? GaloisLFSR(width: Int(width), mask: mask),
            width == 64 || state >> UInt64(width) == 0
        else { throw .range }
        next.pointee = register.advanced(state, by: steps)
    }
}

@c @implementation
public func zeroth_draw(
    _ seed: UInt64, _ step: UInt32, _ query: UInt32, _ tensor: UInt32, _ purpose: Int32, _ element: UInt64,
    _ bits: Int32, _ word: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        try check(purpose, ZEROTH_PERTURBATION...ZEROTH_UPDATE)
        try check(element, 0...1 << 48 - 1)
        let stream = try streams(seed, step, query, tensor)[RandomPurpose(rawValue: UInt8(purpose))!]
        switch bits {
        case 32: word.pointee = stream.word(at: Int(element))
        case 16: word.pointee = UInt32(stream.half(at: Int(element)))
        default: throw .range
        }
    }
}

func streams(_ seed: UInt64, _ step: UInt32, _ query: UInt32, _ tensor: UInt32) throws(Refusal) -> TensorStreams {
    guard let query = UInt16(exactly: query), let tensor = UInt16(exactly: tensor) else { throw .range }
    return TensorStreams(seed: seed, step: step, query: query, tensor: tensor)
}
