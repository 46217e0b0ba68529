import Hardware
import NumberFormats
import ProgramFixtures
import Programs
import Testing

/// Properties of every nest of random steps on random machines: what is visited command by command agrees with the closed forms.
@Suite struct Schedules {
    /// Calls `body` with scheduled programs; steps that do not fit their machine are refused with an error that holds.
    private func forRandomSchedules(
        _ count: Int, seed: UInt64, _ body: (ScheduledProgram) throws -> Void
    ) throws {
        var random = SplitMix(state: seed)
        var scheduled = 0
        var cut = 0
        for _ in 0..<count {
            let step = Fixture.randomStep(&random)
            let machine = try Fixture.randomMachine(&random)
            let objective = ScheduleObjective.allCases.randomElement(using: &random)!
            do {
                let program = try Lowering.schedule(step, on: machine, objective: objective)
                try body(program)
                scheduled += 1
                if program.nests.contains(where: \.cutsRows) { cut += 1 }
            } catch let error as ScheduleError {
                switch error {
                case .tileDoesNotFit: break
                case .badSize(_, _, let allowed) where allowed.contains("4-bit"): break
                case .notLowered(let what, _) where what.contains("residuals of floating-point"): break
                default: throw error
                }
            }
        }
        #expect(scheduled > count / 3)
        // On some machines rows do not fit.
        #expect(cut > count / 30)
    }

    @Test func countsInClosedFormEqualThoseOfEveryCommand() throws {
        try forRandomSchedules(60, seed: 11) { scheduled in
            let model = scheduled.model
            for nest in scheduled.nests {
                var total = ActionCounts()
                var read: [Int: (Set<Int>, bytes: Int)] = [:]
                var written = read
                var tiles: [[Int]: Int] = [:]
                try nest.forEachCommand { command, indices in
                    total = try total.adding(Nest.counts(of: command, on: model))
                    let isRead: Bool
                    let transfer: Transfer
                    switch command.work {
                    case .load(let t): (isRead, transfer) = (true, t)
                    case .store(let t): (isRead, transfer) = (false, t)
                    default: return
                    }
                    let pieces = command.part.map { [$0.outer.value(at: indices), $0.first.value(at: indices)] } ?? []
                    let tile = tiles[pieces, default: tiles.count]
                    tiles[pieces] = tile
                    let (bytes, bursts, touched) = Self.walk(transfer, indices, model, number: tile)
                    let padding = bursts * model.burstBytes - bytes
                    if isRead {
                        total.dramRead.padding += padding
                        read[transfer.operand, default: ([], 0)].bytes += bytes
                        read[transfer.operand]!.0.formUnion(touched)
                    } else {
                        total.dramWritten.padding += padding
                        written[transfer.operand, default: ([], 0)].bytes += bytes
                        written[transfer.operand]!.0.formUnion(touched)
                    }
                }
                for (_, (unique, bytes)) in read {
                    total.dramRead.useful += unique.count
                    total.dramRead.refetch += bytes - unique.count
                }
                for (_, (unique, bytes)) in written {
                    total.dramWritten.useful += unique.count
                    total.dramWritten.refetch += bytes - unique.count
                    // No result is written twice.
                    #expect(bytes == unique.count)
                }
                let closed = try nest.counts(on: model)
                #expect(closed == total)
            }
        }
    }

    /// Bytes, bursts and byte places of one transfer, run by run. Gathered runs are told apart by their order.
    private static func walk(
        _ transfer: Transfer, _ indices: [Int], _ model: MachineModel, number: Int
    ) -> (bytes: Int, bursts: Int, touched: Set<Int>) {
        var starts = [transfer.offset.value(at: indices)]
        for dimension in transfer.dimensions {
            starts = starts.flatMap { start in (0..<dimension.count).map { start + $0 * dimension.pitch } }
        }
        var touched: Set<Int> = []
        var bursts = 0
        for start in starts {
            if transfer.gathered {
                // Worst place of a row: as far behind a burst's start as the rows' pitch allows.
                var worst = 0
                for row in 0..<model.burstBytes {
                    let residue = (start + row * transfer.dimensions[0].pitch) % model.burstBytes
                    worst = max(worst, (residue + transfer.runBytes + model.burstBytes - 1) / model.burstBytes)
                }
                bursts += worst
                // Rows of different transfers are different words.
                for byte in 0..<transfer.runBytes { touched.insert((number << 32) + start + byte) }
            } else {
                bursts += (start + transfer.runBytes - 1) / model.burstBytes - start / model.burstBytes + 1
                for byte in 0..<transfer.runBytes { touched.insert(start + byte) }
            }
        }
        return (transfer.bytes, bursts, touched)
    }

    @Test func countsAreConserved() throws {
        try forRandomSchedules(150, seed: 12) { scheduled in
            let total = try scheduled.totalCounts()
            #expect(total.macs.values.reduce(0, +) == scheduled.program.macs)
            #expect(total.macs.values.reduce(0, +) + total.idleSlots == total.slots)
            #expect(total.idleSlots >= 0)
            for (number, operation) in scheduled.program.operations.enumerated() {
                let counts = scheduled.counts(of: number)
                guard case .product(let product) = operation.action else { continue }
                let rate = try scheduled.machine.macsPerCyclePerElement(product.format)
                let elements = scheduled.machine.organisation.array.elements
                #expect(counts.macs == [product.format: product.macs])
                #expect(Double(counts.slots) == Double(counts.arrayCycles * elements) * rate)
                let trains = product.sign != .none
                #expect((counts.perturbedWeights > 0) == trains)
                #expect(!trains || counts.perturbedWeights % (product.n * product.k) == 0)
            }
        }
    }

    @Test func everyResultIsStoredWholeAndEveryTransferStaysInItsTensor() throws {
        try forRandomSchedules(60, seed: 13) { scheduled in
            var seen: Set<Int> = []
            for (number, nest) in scheduled.nestOfOperation.enumerated() where seen.insert(nest).inserted {
                let operation = scheduled.program.operations[number]
                let ids = operation.reads + operation.writes
                let sizes = ids.map { scheduled.program[$0].bytes(batch: scheduled.program.step.batch) }
                var stored: [Int: Set<Int>] = [:]
                scheduled.nests[nest].forEachCommand { command, indices in
                    let transfer: Transfer
                    switch command.work {
                    case .load(let t): transfer = t
                    case .store(let t): transfer = t
                    default: return
                    }
                    let touched = Self.walk(transfer, indices, scheduled.model, number: 0).touched
                    if !transfer.gathered {
                        #expect(touched.min()! >= 0)
                        #expect(touched.max()! < sizes[transfer.operand], "\(operation.name) \(transfer)")
                    }
                    if case .store = command.work { stored[transfer.operand, default: []].formUnion(touched) }
                }
                for index in operation.reads.count..<ids.count {
                    let isResident = scheduled.memory.residentAddresses[ids[index].index] != nil
                    #expect((stored[index]?.count ?? 0) == (isResident ? 0 : sizes[index]), "\(operation.name)")
                }
            }
        }
    }

    @Test func sramNeverHoldsMoreThanItsSize() throws {
        try forRandomSchedules(150, seed: 14) { scheduled in
            let sram = scheduled.machine.organisation.sram
            for nest in scheduled.nests {
                for (index, buffer) in nest.buffers.enumerated() {
                    let room =
                        buffer.memory == .activation
                        ? sram.activation.bytes - sram.activation.bytes / 2 : sram[buffer.memory].bytes
                    #expect(buffer.end <= room)
                    for other in nest.buffers[..<index] where other.memory == buffer.memory {
                        #expect(other.end <= buffer.address || buffer.end <= other.address)
                    }
                }
                // What is brought into a tile fits its slot.
                nest.forEachCommand { command, _ in
                    if case .load(let transfer) = command.work {
                        #expect(transfer.bytes <= nest.buffers[command.acquires[0]].bytes)
                    }
                    if case .store(let transfer) = command.work {
                        #expect(transfer.bytes <= nest.buffers[command.reads[0]].bytes)
                    }
                }
            }
            for (buffer, peak) in scheduled.memory.peakSRAM { #expect(peak <= sram[buffer].bytes) }
        }
    }

    @Test func liveTensorsNeverOverlap() throws {
        try forRandomSchedules(100, seed: 15) { scheduled in
            let memory = scheduled.memory
            let batch = scheduled.program.step.batch
            for places in [memory.addresses, memory.residentAddresses] {
                for a in places.indices {
                    guard let x = places[a], let life = memory.lifetimes[a] else { continue }
                    #expect(memory.addresses[a] == nil || x % scheduled.model.burstBytes == 0)
                    let end = x + scheduled.program.tensors[a].bytes(batch: batch)
                    for b in 0..<a {
                        guard let y = places[b], let other = memory.lifetimes[b], life.overlaps(other) else { continue }
                        #expect(end <= y || y + scheduled.program.tensors[b].bytes(batch: batch) <= x)
                    }
                }
            }
            #expect(memory.peak.total == memory.peak.byKind.values.reduce(0, +))
            #expect(memory.peak.total == memory.timeline.max())
            #expect(memory.peak.total <= memory.dramExtent)
            for (kind, bytes) in memory.peak.byKind { #expect(bytes <= memory.peakByKind[kind]!) }
        }
    }

    @Test func weightsThatFitAPanelAreFetchedAndPerturbedOnce() throws {
        let scheduled = try Lowering.schedule(Fixture.step(.quzo(residualBits: 0)), on: Fixture.machine())
        let query = scheduled.program.operations.firstIndex { $0.name == "layer.0.query" }!
        let counts = scheduled.counts(of: query)
        #expect(counts.perturbedWeights == 384 * 384)
        #expect(
            counts.randomBits == [
                .perturbation: 32 * 384 * 384, .firstRounding: 16 * 384 * 384, .gridRounding: 16 * 384 * 384,
            ])
        #expect(counts.dramRead.refetch == 0)
        #expect(counts.dramWritten == DRAMBytes(useful: 4 * 1024 * 384))
    }

    @Test func fewerBytesOfWeightBufferNeverMeanLessTraffic() throws {
        var last = Int.max
        for bytes in [8192, 32768, 65536, 262144, 1_048_576] {
            let machine = try Fixture.machine(["organisation.sram.weight.bytes=\(bytes)"])
            let scheduled = try Lowering.schedule(Fixture.step(.quzo(residualBits: 0)), on: machine)
            let query = scheduled.program.operations.firstIndex { $0.name == "layer.0.intermediate" }!
            let counts = scheduled.counts(of: query)
            #expect(counts.dramRead.transferred <= last)
            last = counts.dramRead.transferred
        }
    }

    @Test func aLargeLanguageModelsProductsStayRolled() throws {
        let shape = EncoderShape(
            layers: 32, hidden: 4096, heads: 32, intermediate: 11008, vocabulary: 32000, positions: 4096, types: 1,
            classes: 2)
        let machine = try Fixture.machine(["organisation.dram.capacityBytes=1000000000000"])
        for method in [StepDescription.Method.quzo(residualBits: 16), .qat] {
            let scheduled = try Lowering.schedule(
                Fixture.step(method, shape: shape, batch: 16, sequence: 128), on: machine)
            #expect(try scheduled.totalCounts().macs.values.reduce(0, +) == scheduled.program.macs)
            func nodes(_ body: [NestNode]) -> Int {
                body.reduce(0) { sum, node in if case .loop(_, let inner) = node { sum + nodes(inner) } else { sum + 1 }
                }
            }
            for nest in scheduled.nests { #expect(nodes(nest.body) < 500) }
        }
    }
}

@Suite struct ScheduleErrors {
    @Test func aTileThatCannotFitNamesTheBufferAndTheSmallestThatDoes() throws {
        var bytes = 64
        let step = Fixture.step(.quzo(residualBits: 0))
        for (buffer, bank) in [("weight", 64), ("activation", 256), ("accumulator", 256)] {
            bytes = bank
            var refusals = 0
            while true {
                let wide = "organisation.array.columns=128"
                let machine = try Fixture.machine([wide, "organisation.sram.\(buffer).bytes=\(bytes)"])
                do {
                    _ = try Lowering.schedule(step, on: machine)
                    break
                } catch .tileDoesNotFit(let operation, let named, let available, let smallest, _, _) {
                    #expect(named.rawValue == buffer)
                    #expect(available == bytes)
                    #expect(smallest > bytes)
                    // One byte-step less is refused by the same operation, the named size is not.
                    let less = try Fixture.machine([wide, "organisation.sram.\(buffer).bytes=\(smallest - bank)"])
                    do {
                        _ = try Lowering.schedule(step, on: less)
                        Issue.record("\(smallest - bank) bytes of \(buffer) do")
                    } catch .tileDoesNotFit(let other, _, _, let same, _, _) {
                        #expect(other == operation)
                        #expect(same == smallest)
                    }
                    bytes = smallest
                    refusals += 1
                }
            }
            #expect(refusals > 0)
        }
    }

    @Test func aMachineWithoutBF16RefusesTheBaselineByName() throws {
        let machine = try Fixture.machine(["organisation.array.macsPerCyclePerElement={int8: 1}"])
        _ = try Lowering.schedule(Fixture.step(.quzo(residualBits: 0)), on: machine)
        #expect {
            try Lowering.schedule(Fixture.step(.qat), on: machine)
        } throws: { error in
            "\(error)".contains("bf16") && "\(error)".contains("macsPerCyclePerElement")
        }
    }

    @Test func sizesThatMeanNothingAreErrors() throws {
        let machine = try Fixture.machine()
        let good = Fixture.step(.qat)
        var bad: [StepDescription] = []
        func change(_ edit: (inout StepDescription) -> Void) {
            var step = good
            edit(&step)
            bad.append(step)
        }
        change { $0.batch = 0 }
        change { $0.sequence = -1 }
        change { $0.sequence = 513 }
        change { $0.network.heads = 7 }
        change { $0.network.keyValueHeads = 5 }
        change { $0.network.layers = -1 }
        change { $0.network.hidden = 1 << 40 }
        change { $0.network.intermediate = Int.max }
        change { $0.batch = Int.max }
        change { $0.batch = 1 << 50 }
        change { $0.network.vocabulary = Int.max }
        change { $0.network.head = .none }
        change { $0.network.hasPooler = true }
        change { $0.method = .quzo(residualBits: 7) }
        for step in bad {
            #expect(throws: ScheduleError.self) { try Lowering.schedule(step, on: machine) }
        }
    }

    @Test func aStepLargerThanDRAMIsRefusedWithItsSize() throws {
        let machine = try Fixture.machine(["organisation.dram.capacityBytes=67108864"])
        do {
            _ = try Lowering.schedule(Fixture.step(.qat), on: machine)
            Issue.record("scheduled")
        } catch .dramFull(let needed, let available, _) {
            #expect(available == 67_108_864)
            let enough = try Fixture.machine(["organisation.dram.capacityBytes=\(needed)"])
            _ = try Lowering.schedule(Fixture.step(.qat), on: enough)
        }
    }
}
