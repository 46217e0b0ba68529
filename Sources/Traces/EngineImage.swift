import Emulator
import Hardware
import NumberFormats
import Programs

/// The command image of a layer: what `tile_engine` is told before it starts (hwmodels/rtl/README.md, "The tile engine").
struct EngineImage {
    private let program: EngineProgram
    private let perturbation: EngineLayer.Perturbation?

    init(_ program: EngineProgram, _ perturbation: EngineLayer.Perturbation?) {
        self.program = program
        self.perturbation = perturbation
    }

    /// Its lines, settings first.
    ///
    /// - Throws: `EngineError.tooLarge` where a field does not hold its value.
    func lines() throws(EngineError) -> [String] {
        var lines = [try settings().text]
        for kind in EngineClass.allCases {
            let count = program.commands.lazy.filter { $0.kind == kind }.count
            guard count < 0xFFFF else { throw .tooLarge(what: "commands of one class", value: count, limit: 0xFFFE) }
        }
        for queue in 1...4 {
            let commands = program.commands.filter { $0.kind.queue == queue }
            let limit = program.shape.commands
            guard commands.count <= limit else {
                throw .tooLarge(what: "commands of one unit", value: commands.count, limit: limit)
            }
            for command in commands { lines.append(try word(command).text) }
        }
        for port in 0..<program.scheduled.model.ports.count {
            let entries = program.portEntries.filter { $0.port == port }
            let limit = 2 * program.shape.commands
            guard entries.count <= limit else {
                throw .tooLarge(what: "accesses of one port", value: entries.count, limit: limit)
            }
            for kind in EngineClass.allCases {
                guard let first = entries.first(where: { $0.kind == kind }) else { continue }
                var word = ImageWord(kind: 6)
                word.set(port, at: 0, bits: 4)
                word.set(kind.rawValue, at: 4, bits: 4)
                word.set(first.number - 1, at: 8, bits: 16)
                lines.append(word.text)
            }
            for entry in entries {
                var word = ImageWord(kind: 5)
                word.set(port, at: 0, bits: 4)
                word.set(entry.kind.rawValue, at: 4, bits: 4)
                word.set(entry.number, at: 8, bits: 16)
                try put(&word, "cycles of a port", entry.cycles, at: 24, bits: 16)
                word.set(entry.covers, at: 40, bits: 16)
                lines.append(word.text)
            }
        }
        return lines
    }

    private func put(
        _ word: inout ImageWord, _ what: String, _ value: Int, at place: Int, bits: Int
    ) throws(EngineError) {
        guard value >= 0, value >> bits == 0 else {
            throw .tooLarge(what: what, value: value, limit: 1 << bits - 1)
        }
        word.set(value, at: place, bits: bits)
    }

    private func settings() throws(EngineError) -> ImageWord {
        let machine = program.scheduled.machine
        let (a, b) = (machine.arithmetic.activations, machine.arithmetic.weights)
        let isPacked = a == .int4 && b == .int4
        let unit = machine.organisation.vectorUnit
        let accumulator = machine.arithmetic.accumulator(machine.multiplierFormat(a, b))!
        let dataflow = program.model.dataflow
        let reads = program.scheduled.program.operations[0].reads
        var word = ImageWord(kind: 0)
        word.set(dataflow == .outputStationary ? 1 : 0, at: 0, bits: 1)
        word.set(dataflow == .inputStationary ? 1 : 0, at: 1, bits: 1)
        word.set(program.model.doubleBuffered ? 1 : 0, at: 2, bits: 1)
        word.set(reads.count > 4 ? 1 : 0, at: 3, bits: 1)
        word.set(ArrayTileVectors.pin(a, isPacked: isPacked), at: 4, bits: 4)
        word.set(ArrayTileVectors.pin(b, isPacked: isPacked), at: 8, bits: 4)
        word.set(ArrayTileVectors.settings(accumulator), at: 12, bits: 8)
        word.set(unit.lanes, at: 20, bits: 8)
        try put(&word, "cycles of a conversion", unit.cycles(.convert), at: 28, bits: 8)
        try put(&word, "cycles of a multiplication", unit.cycles(.multiply), at: 36, bits: 8)
        try put(&word, "cycles of an addition", unit.cycles(.add), at: 44, bits: 8)
        word.set(Int(program.scheduled.model.bytesPerCycle), at: 52, bits: 8)
        word.set(program.scheduled.model.burstBytes, at: 60, bits: 16)
        if let perturbation {
            word.set(perturbation.streams.seed, at: 76, bits: 64)
            word.set(UInt64(perturbation.streams.step), at: 140, bits: 32)
            word.set(UInt64(perturbation.streams.query), at: 172, bits: 16)
            word.set(UInt64(perturbation.streams.tensor), at: 188, bits: 16)
            word.set(perturbation.bits.rawValue, at: 204, bits: 4)
            word.set(Int(perturbation.multiplier), at: 208, bits: 24)
            word.set(perturbation.isMinus ? 1 : 0, at: 232, bits: 1)
        }
        return word
    }

    private func word(_ command: EngineCommand) throws(EngineError) -> ImageWord {
        var word = ImageWord(kind: command.kind.queue)
        for (place, number) in command.waits.enumerated() { word.set(number, at: 16 * place, bits: 16) }
        word.set(command.kind.rawValue, at: 96, bits: 4)
        var place = 128
        func add(_ what: String, _ value: Int, _ bits: Int) throws(EngineError) {
            try put(&word, what, value, at: place, bits: bits)
            place += bits
        }
        switch command.work {
        case .transfer(let dram, let tile, let runs, let runBytes, let pitch):
            let flags = (command.kind == .store ? 1 : 0) + (command.kind == .weightLoad ? 0 : 2)
            try add("flags", flags, 4)
            try add("a DRAM address", dram, 32)
            try add("a tile's address", tile, 24)
            try add("runs of a transfer", runs, 16)
            try add("bytes of a run", runBytes, 24)
            try add("bytes between runs", pitch, 32)
        case .perturb(let tile, let rows, let columns, let first):
            try add("flags", 0, 4)
            try add("a tile's address", tile, 24)
            try add("rows of a tile", rows, 16)
            try add("columns of a tile", columns, 16)
            try add("a weight's place", first, 48)
            guard case .product(let product) = program.scheduled.program.operations[0].action else { break }
            try add("k", product.k, 24)
        case .product(let product):
            try add("flags", (product.accumulates ? 1 : 0) + (product.isBlocked ? 2 : 0), 4)
            try add("a tile's address", product.weightTile, 24)
            try add("bytes between rows", product.weightPitch, 16)
            try add("a tile's address", product.activationTile, 24)
            try add("bytes between rows", product.activationPitch, 16)
            try add("a word of sums", product.firstWord, 16)
            try add("rows of a tile", product.m, 16)
            try add("columns of a tile", product.n, 16)
            try add("k of a tile", product.k, 16)
            try add("beats", product.beats, 16)
            try add("folds", product.folds, 16)
            try add("groups", product.groups, 16)
            try add("rows of the last fold", product.rowsLast, 8)
        case .epilogue(let epilogue):
            try add("a word of sums", epilogue.firstWord, 16)
            try add("rows of a tile", epilogue.m, 16)
            try add("columns of a tile", epilogue.n, 16)
            try add("words of a group", epilogue.beats, 16)
            try add("a place of scales", epilogue.firstScales, 24)
            try add("a place of scales", epilogue.secondScales, 24)
            try add("a place of biases", epilogue.bias, 24)
            try add("a place of results", epilogue.result, 24)
        }
        return word
    }
}
