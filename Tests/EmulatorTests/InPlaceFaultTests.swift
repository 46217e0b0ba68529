import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// Faults planted in a step that perturbs weights where they are stored, each found and named.
@Suite struct InPlaceFaultTests: FaultPlanting {
    let encoder: RandomEncoder
    let scheduled: ScheduledProgram
    let batch: EncodedBatch
    let settings = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(6), rounding: .residual(.eight))

    /// A weight whose list lies in DRAM, and one whose list is resident on the chip.
    private let weight: String
    private let residentWeight: String
    private var perturb: String { weight + ".perturb" }
    private var update: String { weight + ".update" }

    init() throws {
        (encoder, scheduled, batch) = try Self.smallStep(TileMachine.inPlace)
        let program = scheduled.program
        let addresses = scheduled.memory.addresses
        let lists = program.tensors.indices.filter { program.tensors[$0].name.hasSuffix(".saturated") }
        func weight(_ list: Int?) throws -> String {
            try String(#require(list.map { program.tensors[$0].name }).dropLast(".saturated".count))
        }
        self.weight = try weight(lists.first { addresses[$0] != nil })
        residentWeight = try weight(lists.first { addresses[$0] == nil })
    }

    private static func isPerturb(_ command: Command) -> Bool {
        if case .perturb = command.work { true } else { false }
    }
    private static func isUpdate(_ command: Command) -> Bool {
        if case .update = command.work { true } else { false }
    }

    @Test func withoutAFaultNothingIsFound() throws {
        let emulator = TileEmulator(
            parameters: encoder.parameters(residualBits: 8), kernels: Kernels(level: .highestAvailable), threads: 1)
        for step in 0..<3 {
            _ = try emulator.step(scheduled, batch, settings: settings, step: step, learningRate: 1)
        }
        // The weights of a layer take several tiles.
        let commands = scheduled.program.operations.indices.filter {
            scheduled.program.operations[$0].name == perturb
        }
        #expect(commands.count == 2)
        var tiles = 0
        scheduled.nest(of: commands[0]).forEachCommand { command, _ in tiles += Self.isPerturb(command) ? 1 : 0 }
        #expect(tiles > 4)
    }

    // MARK: Restoring

    @Test func anUpdateBeforeItsRestoring() throws {
        let error = try found(
            planted(update) { nest in
                var restoring: Command?
                let dropped = editingCommand(nest) { command in
                    guard Self.isPerturb(command) else { return nil }
                    restoring = command
                    return []
                }
                return editingCommand(dropped) { command in
                    Self.isUpdate(command) ? [command, restoring!] : nil
                }
            })
        guard case .restoredWeights(found: 0, let needed) = error.fault else { throw error }
        #expect(error.operation == update && error.work == "update" && needed > 0)
    }

    @Test func aRestoringThatIsLeftOut() throws {
        let error = try found(
            planted(update) { nest in editingCommand(nest) { Self.isPerturb($0) ? [] : nil } })
        guard case .restoredWeights(found: 0, _) = error.fault else { throw error }
        #expect(error.work == "update")
    }

    @Test func aRestoringDoneTwice() throws {
        let error = try found(
            planted(update) { nest in editingCommand(nest) { Self.isPerturb($0) ? [$0, $0] : nil } })
        guard case .restoredWeights(_, needed: 0) = error.fault else { throw error }
        #expect(error.work == "perturb")
    }

    @Test func restoredWeightsThatNobodyUpdates() throws {
        // The last tile's: an update that is left out before shows when the next tile is restored.
        let error = try found(
            planted(update) { nest in editingCommand(nest) { Self.isUpdate($0) ? [] : nil } })
        guard case .restoredWeights(let found, needed: 0) = error.fault else { throw error }
        #expect(found > 0 && error.operation == update)
    }

    /// What the update restores is −d; where the weights still stand at +d, or at k, nothing is restored in silence.
    @Test(arguments: [false, true])
    func aPerturbationThatIsLeftOut(last: Bool) throws {
        // `start` brings the list into being, so leaving it out is a slot that nobody took; `turn` rewrites in place.
        let error = try found(
            planted(perturb, last: last) { nest in editingCommand(nest) { Self.isPerturb($0) ? [] : nil } })
        if last {
            guard case .notRestored = error.fault else { throw error }
            #expect(error.operation.hasSuffix(".update") && error.buffer.hasSuffix(".weight"))
        } else {
            #expect(error.fault == .noSlotTaken && error.operation == perturb)
        }
    }

    @Test func aPerturbationDoneTwice() throws {
        let error = try found(
            planted(perturb, last: true) { nest in editingCommand(nest) { Self.isPerturb($0) ? [$0, $0] : nil } })
        guard case .notRestored(row: 0, _) = error.fault else { throw error }
        #expect(error.operation == perturb && error.buffer == weight + ".weight")
    }

    @Test func aResidentListThatIsWrittenTwice() throws {
        let error = try found(
            planted(residentWeight + ".perturb", last: true) { nest in
                editingCommand(nest) { Self.isPerturb($0) ? [$0, $0] : nil }
            })
        #expect(error.fault == .writtenTwice && error.buffer == residentWeight + ".saturated")
    }

    // MARK: Lists

    /// The list's place among the operands of an operation.
    private func list(_ name: String) throws -> Int {
        let operation = try #require(scheduled.program.operations.first { $0.name == name })
        return try #require(
            (operation.reads + operation.writes).lastIndex { scheduled.program[$0].name == weight + ".saturated" })
    }

    /// Each tile gets the list of the one before.
    @Test func aListOfOtherRows() throws {
        let place = try list(update)
        let error = try found(
            planted(update) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), t.operand == place, !t.offset.strides.isEmpty else {
                        return nil
                    }
                    let first = Transfer(
                        operand: t.operand, offset: Affine(0), dimensions: t.dimensions, runBytes: t.runBytes)
                    return [with(command, work: .load(first))]
                }
            })
        guard case .notRestored = error.fault else { throw error }
        #expect(error.operation == update && error.work == "perturb" && error.buffer == weight + ".weight")
    }

    @Test(arguments: [false, true])
    func aListThatIsNotStored(last: Bool) throws {
        let place = try list(perturb) + (last ? 1 : 0)
        let error = try found(
            planted(perturb, last: last) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == place else { return nil }
                    return []
                }
            })
        #expect(error.fault == .notWritten && error.buffer == weight + ".saturated" && error.byte == 0)
    }

    @Test func aListThatIsNotWaitedFor() throws {
        let name = "operand.\(try list(update))"
        let error = try found(
            planted(update) { nest in
                let list = nest.buffers.firstIndex { $0.name == name }!
                return editingCommand(nest) { command in
                    guard Self.isPerturb(command) else { return nil }
                    return [with(command, reads: command.reads.filter { $0 != list })]
                }
            })
        #expect(error.fault == .notWaitedFor && error.work == "perturb")
    }

    @Test func aListSlotThatIsTooSmall() throws {
        let name = "operand.\(try list(perturb))"
        let error = try found(
            planted(perturb) { nest in
                changing(nest, buffer: name) {
                    $0.resized(bytes: $0.bytes - 1, slots: $0.slots)
                }
            })
        guard case .outsideSlot(let end, let bytes) = error.fault else { throw error }
        #expect(end == bytes + 1 && error.operation == perturb)
    }

    // MARK: Amounts

    @Test func aTileThatIsNoWholeRows() throws {
        let error = try found(
            planted(perturb) { nest in
                editingCommand(nest) { command in
                    guard case .perturb(let weights, let signs, let draws) = command.work else { return nil }
                    return [with(command, work: .perturb(weights: weights - 1, signs: signs, draws: draws))]
                }
            })
        guard case .sizesDiffer("weights of whole rows", _, _) = error.fault else { throw error }
    }
}
