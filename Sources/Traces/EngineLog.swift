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
            func bytes(_ codes: [UInt32]) -> String {
                hex((0..<rows).flatMap { row in (0..<columns).map { UInt8(codes[first + row * layer.k + $0]) } })
            }
            return Line(
                unit: "perturbation", event: "perturb", placeWords: productPlace,
                place: [0, 0, 0, first / layer.k, first % layer.k],
                fields: "i:t2:int8:8:\(rows)x\(columns),o:t2:int8:8:\(rows)x\(columns)",
                data: bytes(layer.weights) + " " + bytes(reference.weights))
        case .product(let product):
            let (m0, n0, k0) = (product.place[0], product.place[1], product.place[2])
            func codes(_ codes: [UInt32], _ format: ElementFormat, _ rows: Range<Int>) -> String {
                var text = ""
                for row in rows {
                    for k in k0..<k0 + product.k {
                        text += Self.hex(UInt128(codes[row * layer.k + k]), format.bits == 4 ? 1 : 2)
                    }
                }
                return text
            }
            let (a, b) = (layer.activationFormat, layer.weightFormat)
            var fields = "i:a:\(a.rawValue):\(a.bits):1x\(product.m)x\(product.k),"
            fields += "i:b:\(b.rawValue):\(b.bits):1x\(product.n)x\(product.k),"
            var data = [
                codes(layer.activations, a, m0..<m0 + product.m), codes(reference.weights, b, n0..<n0 + product.n),
            ]
            let shape = "\(sumFormat):1x\(product.m)x\(product.n)"
            if product.accumulates {
                fields += "i:acc:\(shape),"
                data.append(sums(m0..<m0 + product.m, n0..<n0 + product.n, depth: k0))
            }
            data.append(sums(m0..<m0 + product.m, n0..<n0 + product.n, depth: k0 + product.k))
            return Line(
                unit: "array", event: "matmul", placeWords: productPlace, place: [0, 0] + product.place,
                fields: fields + "o:acc:\(shape)", data: data.joined(separator: " "))
        case .epilogue(let epilogue):
            let (m0, n0) = origin(of: command)
            var data = sums(m0..<m0 + epilogue.m, n0..<n0 + epilogue.n, depth: layer.k) + " "
            for m in 0..<epilogue.m {
                for n in 0..<epilogue.n {
                    data += Self.hex(UInt128(result[(m0 + m) * layer.n + n0 + n].bitPattern), 8)
                }
            }
            let number = program.scheduled.program.operations[0].reads.count
            return Line(
                unit: "vector", event: "vector", placeWords: productPlace, place: [0, 0, m0, n0, 0],
                fields: "i:acc:\(sumFormat):1x\(epilogue.m)x\(epilogue.n),"
                    + "o:t\(number):fp32:32:1x\(epilogue.m)x\(epilogue.n)", data: data)
        }
    }

    private var step: MACStep {
        let (a, b) = (reference.layer.activationFormat, reference.layer.weightFormat)
        let machine = reference.layer.machine
        return MACStep(a, b, accumulator: machine.arithmetic.accumulator(machine.multiplierFormat(a, b))!)
    }

    /// Format and bits of a sum.
    private var sumFormat: String {
        if step.accumulator == .exact { return "word:\(step.sumBits)" }
        return reference.layer.activationFormat.integer == nil ? "fp32:32" : "int32:32"
    }

    /// Sums of a tile after the first `depth` of k.
    private func sums(_ rows: Range<Int>, _ columns: Range<Int>, depth: Int) -> String {
        let digits = step.sumBits / 4
        var text = ""
        for m in rows {
            for n in columns { text += Self.hex(reference.register(row: m, column: n, depth: depth), digits) }
        }
        return text
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
