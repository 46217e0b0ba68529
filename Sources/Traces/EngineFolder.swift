import Emulator
import Foundation
import Hardware
import Networks
import NumberFormats
import Programs

/// A layer as files from which a bench drives the tile engine: stimulus, golden memory, golden log, and a manifest that says what they are.
public struct EngineFolder {
    /// What a folder's `manifest.json` says.
    public struct Manifest: Codable, Sendable {
        public struct Tensor: Codable, Sendable {
            public let name: String
            public let format: String
            /// First byte in DRAM, and bytes.
            public let address: Int
            public let bytes: Int
        }

        public struct Engine: Codable, Sendable {
            public let rows: Int
            public let columns: Int
            public let lanes: Int
            public let kind: String
        }

        public struct Perturbation: Codable, Sendable {
            public let generator: String
            public let seed: UInt64
            public let step: UInt32
            public let query: UInt16
            public let tensor: UInt16
            public let bits: Int
            public let multiplier: Int32
            public let sign: String
        }

        public let format: String
        public let machine: String
        public let machineOverrides: [String]
        public let m: Int
        public let n: Int
        public let k: Int
        public let activations: String
        public let weights: String
        public let dataflow: String
        public let accumulator: String
        public let accumulate: String
        public let rounding: String
        public let perturbation: Perturbation?
        public let engine: Engine
        /// Bytes of a line of dram.memh and golden.memh, the first lowest.
        public let wordBytes: Int
        public let laneOrder: String
        public let dramBytes: Int
        /// Cycles from a beat's request to its data.
        public let latencyCycles: Int
        /// Cycles of the timing model, and commands.
        public let cycles: Int
        public let commands: Int
        public let tensors: [Tensor]
        /// SHA-256 of each file, by name.
        public let files: [String: String]
    }

    public let layer: EngineLayer
    private let program: EngineProgram

    /// Lays a layer out.
    ///
    /// - Throws: `ScheduleError`, or `EngineError` where no engine does it.
    public init(_ layer: EngineLayer) throws {
        self.layer = layer
        program = try EngineProgram(layer.scheduled())
    }

    /// The structure that runs it.
    public var shape: EngineShape { program.shape }
    /// Cycles by the timing model.
    public var cycles: Int { program.cycles }
    public var commandCount: Int { program.commands.count }

    /// DRAM before the layer: zeros where nothing is.
    func stimulus() -> [UInt8] {
        let scheduled = program.scheduled
        var memory = [UInt8](repeating: 0, count: (scheduled.memory.dramExtent + 63) / 64 * 64)
        let operation = scheduled.program.operations[0]
        var parts: [[UInt8]] = []
        func codes(_ codes: [UInt32], _ format: ElementFormat, rows: Int) -> [UInt8] {
            guard format.bits == 4 else { return codes.map { UInt8($0) } }
            return NibblePacking.packed(codes.map { Int16($0) }, rows: rows, columns: layer.k)
        }
        func bytes(_ values: [Float]) -> [UInt8] {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } }
        }
        parts.append(codes(layer.activations, layer.activationFormat, rows: layer.m))
        if layer.activationFormat.hasScales { parts.append(bytes(layer.activationScales)) }
        parts.append(codes(layer.weights, layer.weightFormat, rows: layer.n))
        if layer.weightFormat.hasScales { parts.append(bytes(layer.weightScales)) }
        if let bias = layer.bias { parts.append(bytes(bias)) }
        for (id, part) in zip(operation.reads, parts) { write(part, to: id, &memory) }
        return memory
    }

    private func write(_ part: [UInt8], to id: TensorID, _ memory: inout [UInt8]) {
        guard let address = program.scheduled.memory.addresses[id.index] else { return }
        memory.replaceSubrange(address..<address + part.count, with: part)
    }

    /// DRAM behind it.
    func golden(_ stimulus: [UInt8], _ reference: EngineReference) -> [UInt8] {
        var memory = stimulus
        let bytes = reference.result().flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
        }
        write(bytes, to: program.scheduled.program.operations[0].writes[0], &memory)
        return memory
    }

    /// Writes the folder, which must not exist.
    ///
    /// - Parameters:
    ///   - machineText: the machine file's bytes, kept beside the rest.
    ///   - writesLog: whether golden.log is written, too.
    /// - Throws: `InputError` where it cannot be written.
    public func write(to path: String, machineText: [UInt8], writesLog: Bool) throws {
        let reference = EngineReference(layer)
        let before = stimulus()
        let after = golden(before, reference)
        let width = program.shape.beatBytes
        var files: [(name: String, bytes: [UInt8])] = [
            ("machine.json5", machineText),
            (
                "commands.memh",
                Array((try EngineImage(program, layer.perturbation).lines().joined(separator: "\n") + "\n").utf8)
            ),
            ("dram.memh", MemoryImage(before, width: width).text),
            ("golden.memh", MemoryImage(after, width: width).text),
            ("cycles.txt", Array(cyclesText().utf8)),
        ]
        if writesLog {
            var digest = SHA256()
            digest.update(machineText)
            for override in layer.machine.overrides { digest.update(Array("\(override)\n".utf8)) }
            let log = EngineLog(program: program, reference: reference, stimulus: before, golden: after)
            files.append(("golden.log", Array(log.text(machineDigest: digest.hexadecimal).utf8)))
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            throw InputError.fileNotWritten(file: path, reason: "the folder exists, or its parent does not")
        }
        var digests: [String: String] = [:]
        for file in files {
            try writeAtomically(file.bytes, to: "\(path)/\(file.name)")
            digests[file.name] = file.bytes.withUnsafeBytes { SHA256.hexadecimal(of: $0) }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try writeAtomically(Array(try encoder.encode(manifest(before.count, digests))), to: "\(path)/manifest.json")
    }

    /// One line a command in the order in which the timing model serves them: class, number, first cycle, cycle in which the unit is free.
    private func cyclesText() -> String {
        program.commands.map { "\($0.kind.rawValue) \($0.number) \($0.start) \($0.end)\n" }.joined()
    }

    private func manifest(_ dramBytes: Int, _ files: [String: String]) -> Manifest {
        let machine = layer.machine
        let operation = program.scheduled.program.operations[0]
        let tensors = (operation.reads + operation.writes).map { id in
            let tensor = program.scheduled.program[id]
            return Manifest.Tensor(
                name: tensor.name, format: tensor.format.rawValue,
                address: program.scheduled.memory.addresses[id.index] ?? 0, bytes: tensor.bytes(batch: 1))
        }
        let format = machine.multiplierFormat(layer.activationFormat, layer.weightFormat)
        let perturbation = layer.perturbation.map {
            Manifest.Perturbation(
                generator: "philox4x32-10: docs/semantics.md, section 4", seed: $0.streams.seed, step: $0.streams.step,
                query: $0.streams.query, tensor: $0.streams.tensor, bits: $0.bits.rawValue, multiplier: $0.multiplier,
                sign: $0.isMinus ? "minus" : "plus")
        }
        return Manifest(
            format: "zeroth-engine 1", machine: machine.name, machineOverrides: machine.overrides, m: layer.m,
            n: layer.n,
            k: layer.k, activations: layer.activationFormat.rawValue, weights: layer.weightFormat.rawValue,
            dataflow: machine.organisation.array.dataflow.rawValue,
            accumulator: machine.arithmetic.accumulator(format)?.name ?? "", accumulate: machine.arithmetic.order.name,
            rounding: "nearest-even", perturbation: perturbation,
            engine: .init(
                rows: shape.rows, columns: shape.columns, lanes: shape.lanes, kind: shape.kind.rawValue),
            wordBytes: shape.beatBytes, laneOrder: "ascending, the first byte in the lowest digits",
            dramBytes: dramBytes,
            latencyCycles: program.scheduled.model.loadLatency, cycles: program.cycles,
            commands: program.commands.count, tensors: tensors, files: files)
    }
}
