import Emulator
import Networks
import NumberFormats
import Programs

/// The golden transaction log of a layer on the tile engine (docs/traces.md, section 1): what each command leaves, by the references.
struct EngineLog {
    let program: EngineProgram
    let reference: EngineReference
    /// DRAM before and after.
    let stimulus: [UInt8]
    let golden: [UInt8]

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hex(_ value: UInt128, _ digits: Int) -> String {
        String(
            (0..<digits).reversed().map { Character(UnicodeScalar(Self.digits[Int(value >> UInt128(4 * $0) & 15)])) })
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes { text += [Self.digits[Int(byte >> 4)], Self.digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// One line's part that its command decides.
    private struct Line {
        let unit: String
        let event: String
        let placeWords: String
        let place: [Int]
        let fields: String
        let data: String
        var layout: String { "unit=\(unit) event=\(event) rounding=none place=\(placeWords) fields=\(fields)" }
    }

    /// The whole text. `machineDigest`: docs/traces.md, 1.5.
    func text(machineDigest: String) -> String {
        let scheduled = program.scheduled
        let operation = scheduled.program.operations[0]
        let result = reference.result()
        var layouts: [String: Int] = [:]
        var layoutLines: [String] = []
        var events: [String] = []
        for (sequence, command) in program.commands.enumerated() {
            let line = line(command, result)
            if layouts[line.layout] == nil {
                layouts[line.layout] = layouts.count
                let number = Self.hex(UInt128(layoutLines.count), 4)
                layoutLines.append("layout \(number) command=\(layoutLines.count) \(line.layout)")
            }
            let place = line.place.map { Self.hex(UInt128($0), 8) }.joined(separator: ".")
            events.append(
                [
                    Self.hex(UInt128(sequence), 10), Self.hex(UInt128(command.start), 12),
                    Self.hex(UInt128(command.end), 12), Self.hex(UInt128(layouts[line.layout]!), 4), "0000", line.unit,
                    line.event, place, line.data, "00",
                ].joined(separator: " "))
        }
        let names = (operation.reads + operation.writes).map { "\"\(scheduled.program[$0].name)\"" }
        let body =
            [
                "operation 0000 pass=\(operation.pass.rawValue) tensors=\(operation.reads.count),\(operation.writes.count) "
                    + "\"\(operation.name)\" \(names.joined(separator: " "))"
            ] + layoutLines
        let digest = body.joined(separator: "\n") + "\n"
        let streams = reference.layer.perturbation?.streams
        let header = [
            "zeroth-log 1", "source \"zeroth vectors engine\"",
            "machine \"\(scheduled.machine.name)\" \(machineDigest)",
            "program \(Array(digest.utf8).withUnsafeBytes { SHA256.hexadecimal(of: $0) })",
            "step \(streams?.step ?? 0) seed \(Self.hex(UInt128(streams?.seed ?? 0), 16)) queries 1",
            "method \"\(streams == nil ? "inference" : "quzo")\" estimator \"none\" rounding \"none\"",
            "generator \"philox4x32-10\"", "lanes ascending", "operations 1", body[0], "layouts \(layoutLines.count)",
        ]
        let trailer = "end \(Self.hex(UInt128(events.count), 16)) --------"
        return (header + layoutLines + ["events"] + events + [trailer]).joined(separator: "\n") + "\n"
    }

    private func line(_ command: EngineCommand, _ result: [Float]) -> Line {
        let layer = reference.layer
        let productPlace = "example,head,m,n,k"
        switch command.work {
        case .transfer(let dram, _, let runs, let runBytes, let pitch):
            let memory = command.kind == .store ? golden : stimulus
            let bytes = (0..<runs).flatMap { memory[dram + $0 * pitch..<dram + $0 * pitch + runBytes] }
            let (operand, offset) = tensor(at: dram)
            return Line(
                unit: "dma", event: command.kind == .store ? "store" : "load", placeWords: "operand,offset",
                place: [operand, offset], fields: "o:data:word:8:\(runs)x\(runBytes)", data: hex(bytes))
        case .perturb(_, let rows, let columns, let first):
            let bytes = (0..<rows).flatMap { row in
                (0..<columns).map { UInt8(reference.weights[first + row * layer.k + $0]) }
            }
            return Line(
                unit: "perturbation", event: "perturb", placeWords: productPlace,
                place: [0, 0, 0, first / layer.k, first % layer.k], fields: "o:t2:int8:8:\(rows)x\(columns)",
                data: hex(bytes))
        case .product(let product):
            let step = MACStep(
                layer.activationFormat, layer.weightFormat,
                accumulator: layer.machine.arithmetic.accumulator(
                    layer.machine.multiplierFormat(layer.activationFormat, layer.weightFormat))!)
            let depth = product.place[2] + product.k
            var data = ""
            for m in 0..<product.m {
                for n in 0..<product.n {
                    let sum = reference.register(row: product.place[0] + m, column: product.place[1] + n, depth: depth)
                    data += Self.hex(sum, step.sumBits / 4)
                }
            }
            let format =
                step.accumulator == .exact ? "word" : layer.activationFormat.integer == nil ? "fp32" : "int32"
            return Line(
                unit: "array", event: "matmul", placeWords: productPlace, place: [0, 0] + product.place,
                fields: "o:acc:\(format):\(step.sumBits):1x\(product.m)x\(product.n)", data: data)
        case .epilogue(let epilogue):
            let (m0, n0) = origin(of: command)
            var data = ""
            for m in 0..<epilogue.m {
                for n in 0..<epilogue.n {
                    data += Self.hex(UInt128(result[(m0 + m) * layer.n + n0 + n].bitPattern), 8)
                }
            }
            let number = program.scheduled.program.operations[0].reads.count
            return Line(
                unit: "vector", event: "vector", placeWords: productPlace, place: [0, 0, m0, n0, 0],
                fields: "o:t\(number):fp32:32:1x\(epilogue.m)x\(epilogue.n)", data: data)
        }
    }

    /// The tile of an epilogue is that of the last product before it.
    private func origin(of epilogue: EngineCommand) -> (Int, Int) {
        let number = epilogue.waits[EngineClass.product.rawValue]
        for command in program.commands where command.kind == .product && command.number == number {
            if case .product(let product) = command.work { return (product.place[0], product.place[1]) }
        }
        return (0, 0)
    }

    private func tensor(at address: Int) -> (operand: Int, offset: Int) {
        let scheduled = program.scheduled
        let operation = scheduled.program.operations[0]
        for (operand, id) in (operation.reads + operation.writes).enumerated() {
            guard let start = scheduled.memory.addresses[id.index] else { continue }
            if (start..<start + scheduled.program[id].bytes(batch: 1)).contains(address) {
                return (operand, address - start)
            }
        }
        return (0, address)
    }
}
