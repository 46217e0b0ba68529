// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Functions have the names of the C header.

import CZeroth
import Emulator
import NumberFormats

/// What a C array's pointer stands for.
private final class ArrayObject {
    let array: SystolicArray
    var run: SystolicRun?
    var sizes = (m: 0, n: 0)
    /// Ends with a zero.
    var message: UnsafeMutablePointer<CChar>

    init(_ shape: SystolicArrayShape) {
        array = SystolicArray(shape)
        message = .allocate(capacity: 1)
        message.pointee = 0
    }

    deinit { message.deallocate() }

    func refuse(_ text: String) {
        message.deallocate()
        let bytes = Array(text.utf8CString)
        message = .allocate(capacity: bytes.count)
        message.initialize(from: bytes, count: bytes.count)
    }

    static func of(_ pointer: UnsafeMutableRawPointer) -> ArrayObject {
        Unmanaged<ArrayObject>.fromOpaque(pointer).takeUnretainedValue()
    }
}

@c @implementation
public func zeroth_array_create(
    _ rows: Int32, _ columns: Int32, _ lanes: Int32, _ kind: Int32
) -> UnsafeMutableRawPointer? {
    let kinds: [SystolicArrayShape.Kind] = [.integer, .sequential, .grouped, .aligned, .exact]
    guard kinds.indices.contains(Int(kind)),
        let shape = try? SystolicArrayShape(
            rows: Int(rows), columns: Int(columns), lanes: Int(lanes), kind: kinds[Int(kind)])
    else { return nil }
    return Unmanaged.passRetained(ArrayObject(shape)).toOpaque()
}

@c @implementation
public func zeroth_array_free(_ array: UnsafeMutableRawPointer?) {
    guard let array else { return }
    Unmanaged<ArrayObject>.fromOpaque(array).release()
}

@c @implementation
public func zeroth_array_begin(
    _ array: UnsafeMutableRawPointer, _ dataflow: Int32, _ doubleBuffered: Int32, _ aFormat: Int32,
    _ bFormat: Int32, _ settings: Int32, _ block: Int32, _ m: Int32, _ n: Int32, _ k: Int32,
    _ a: UnsafePointer<UInt32>, _ b: UnsafePointer<UInt32>
) -> Int32 {
    let object = ArrayObject.of(array)
    object.run = nil
    object.refuse("")
    return status { () throws(Refusal) in
        let dataflows: [SystolicCommand.Dataflow] = [.weightStationary, .inputStationary, .outputStationary]
        guard dataflows.indices.contains(Int(dataflow)) else { throw .range }
        for size in [m, n, k] { try check(size, 1...1 << 24) }
        try check(Int(m) * Int(k), 1...1 << 30)
        try check(Int(n) * Int(k), 1...1 << 30)
        try check(block, 0...1 << 24)
        let formats = try operandFormats(aFormat, bFormat)
        let shape = object.array.shape
        let kind = Int32(SystolicArrayShape.Kind.allCases.firstIndex(of: shape.kind)!)
        let accumulator = try accumulator(
            kind: kind, settings: settings, group: shape.lanes * 8 / max(8, formats.a.bits, formats.b.bits))
        let order: AccumulationOrder = block == 0 ? .reentry : .blocked(Int(block))
        guard DotProduct.problem(formats.a, formats.b, accumulator: accumulator, order: order) == nil else {
            throw .accumulator
        }
        do {
            let command = try SystolicCommand(
                m: Int(m), n: Int(n), k: Int(k), dataflows[Int(dataflow)],
                DotProduct(formats.a, formats.b, accumulator: accumulator, order: order),
                isPacked: formats.isPacked, isDoubleBuffered: doubleBuffered != 0, on: shape)
            let operands = try SystolicOperands(
                activations: Array(UnsafeBufferPointer(start: a, count: Int(m) * Int(k))),
                weights: Array(UnsafeBufferPointer(start: b, count: Int(n) * Int(k))), m: Int(m), n: Int(n),
                k: Int(k), for: command, on: shape)
            object.array.reset()
            object.run = SystolicRun(command, operands, on: object.array)
            object.sizes = (Int(m), Int(n))
        } catch {
            object.refuse("\(error)")
            throw .command
        }
    }
}

@c @implementation
public func zeroth_array_message(_ array: UnsafeMutableRawPointer) -> UnsafePointer<CChar> {
    UnsafePointer(ArrayObject.of(array).message)
}

@c @implementation
public func zeroth_array_cycles(_ array: UnsafeMutableRawPointer) -> Int64 {
    Int64(ArrayObject.of(array).run?.schedule.cycles ?? 0)
}

@c @implementation
public func zeroth_array_step(_ array: UnsafeMutableRawPointer) -> Int32 {
    ArrayObject.of(array).run?.step() == true ? 1 : 0
}

@c @implementation
public func zeroth_array_sum(
    _ array: UnsafeMutableRawPointer, _ m: Int32, _ n: Int32, _ words: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        let run = try run(array, m, n)
        write(run.sum(m: Int(m), n: Int(n)), of: run.command.arithmetic.accumulator, to: words)
    }
}

@c @implementation
public func zeroth_array_result(
    _ array: UnsafeMutableRawPointer, _ m: Int32, _ n: Int32, _ result: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in result.pointee = try run(array, m, n).result(m: Int(m), n: Int(n)) }
}

/// The run of an array's command, for an output that it has.
private func run(_ array: UnsafeMutableRawPointer, _ m: Int32, _ n: Int32) throws(Refusal) -> SystolicRun {
    let object = ArrayObject.of(array)
    guard let run = object.run, m >= 0, n >= 0, m < object.sizes.m, n < object.sizes.n else { throw .range }
    return run
}

@c @implementation
public func zeroth_array_element(
    _ array: UnsafeMutableRawPointer, _ row: Int32, _ column: Int32, _ sum: UnsafeMutablePointer<UInt32>,
    _ moving: UnsafeMutablePointer<UInt8>, _ held: UnsafeMutablePointer<UInt8>, _ flags: UnsafeMutablePointer<UInt32>
) -> Int32 {
    status { () throws(Refusal) in
        let array = ArrayObject.of(array).array
        guard row >= 0, column >= 0, row < array.shape.rows, column < array.shape.columns else { throw .range }
        let element = array[Int(row), Int(column)]
        write(element.sum, of: array.shape.kind == .exact ? .exact : .sequential, to: sum)
        for lane in 0..<array.shape.lanes {
            moving[lane] = element.a[lane]
            held[lane] = element.active[lane]
        }
        flags.pointee = (element.valid ? 1 : 0) | (element.first ? 2 : 0) | (element.last ? 4 : 0)
    }
}
