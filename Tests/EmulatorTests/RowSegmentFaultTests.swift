import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// Faults planted where rows come in segments, each found and named.
@Suite struct RowSegmentFaultTests: FaultPlanting {
    let encoder: RandomEncoder
    let scheduled: ScheduledProgram
    let batch: EncodedBatch
    let settings = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(1), rounding: .residual(.eight))

    /// An operation that quantizes rows which are cut.
    private let quantize: String

    /// A step that perturbs in place on a machine that holds no row whole; laid out once, since finding the smallest buffers takes time.
    private static let step = Result {
        var random = SplitMix(state: 0)
        func draw() throws -> RandomEncoder { try RandomEncoder(&random, sizes: RowSegmentTests.sizes) }
        var encoder = try draw()
        while encoder.parameters().shape.hidden < 60 || !encoder.hasNewHead { encoder = try draw() }
        let step = StepDescription(
            shape: encoder.parameters().shape, batch: 2, sequence: 150, trainable: .all, hasNewHead: true,
            method: .quzo(residualBits: 8))
        let buffers = ["weight", "activation", "accumulator"].map {
            "organisation.sram.\($0)={bytes: 64, banks: 1, wordBits: 64, ports: 1}"
        }
        let array = ["organisation.array.rows=4", "organisation.array.columns=4"]
        let tight = try RowSegmentTests.tight(
            step, TileMachine.inPlace + array + buffers, objective: .traffic, spare: Array(repeating: 1, count: 6))
        return (encoder, try #require(tight), encoder.batch(count: 2, sequence: 150, &random))
    }

    init() throws {
        (encoder, scheduled, batch) = try Self.step.get()
        let program = scheduled
        let cut = program.program.operations.indices.first { number in
            guard case .quantizeRows = program.program.operations[number].action else { return false }
            return program.nest(of: number).cutsRows
        }
        quantize = program.program.operations[try #require(cut)].name
    }

    private static let softmax = "layer.0.softmax"
    private static let perturb = "layer.0.query.perturb"
    private static let update = "layer.0.query.update"
    private static let weight = "layer.0.query.weight"

    private static func phase(_ command: Command) -> Int? {
        if case .segment(let phase)? = command.part?.function { phase } else { nil }
    }
    private static func end(_ command: Command) -> Int? {
        if case .endOfRow(let phase)? = command.part?.function { phase } else { nil }
    }
    private static func isUpdate(_ command: Command) -> Bool {
        if case .update = command.work { true } else { false }
    }

    /// Elements of the rows of an operation, and of its first segment.
    private func sizes(_ name: String) throws -> (row: Int, segment: Int) {
        let number = try #require(scheduled.program.operations.firstIndex { $0.name == name })
        var starts: Set<Int> = []
        scheduled.nest(of: number).forEachCommand { command, indices in
            if Self.phase(command) != nil { starts.insert(command.part!.element.value(at: indices)) }
        }
        let row =
            switch scheduled.program.operations[number].action {
            case .softmax(_, let columns), .quantizeRows(_, let columns), .embed(_, let columns): columns
            case .perturbInPlace(_, _, _, let columns), .update(_, _, let columns, _): columns
            default: 0
            }
        return (row, try #require(starts.sorted().dropFirst().first))
    }

    @Test func withoutAFaultNothingIsFoundAndEveryRowIsCut() throws {
        let emulator = TileEmulator(
            parameters: encoder.parameters(residualBits: 8), kernels: Kernels(level: .highestAvailable), threads: 1)
        for step in 0..<2 {
            _ = try emulator.step(scheduled, batch, settings: settings, step: step, learningRate: 1)
        }
        let split = RowSegmentTests.cuts(scheduled).split
        #expect(split.isSuperset(of: ["embed", "quantizeRows", "softmax", "addNorm", "meanPool", "loss", "update"]))
    }

    // MARK: Order

    @Test func aSegmentThatIsLeftOut() throws {
        let error = try found(
            planted(quantize) { nest in editingCommand(nest) { Self.phase($0) == 0 ? [] : nil } })
        let segment = try sizes(quantize).segment
        #expect(
            error.fault == .segmentOutOfTurn(phase: 0, element: segment, neededPhase: 0, neededElement: 0))
        #expect(error.operation == quantize && error.work == "vector")
        #expect("\(error)".hasSuffix("comes to phase 0, element \(segment) of its rows; next is phase 0, element 0"))
    }

    /// Its sum would count twice; no byte of the chip would tell.
    @Test func aSegmentThatComesTwice() throws {
        let error = try found(
            planted(Self.softmax) { nest in editingCommand(nest) { Self.phase($0) == 1 ? [$0, $0] : nil } })
        let segment = try sizes(Self.softmax).segment
        #expect(error.fault == .segmentOutOfTurn(phase: 1, element: 0, neededPhase: 1, neededElement: segment))
    }

    @Test func aPhaseThatIsLeftOut() throws {
        let (row, segment) = try sizes(Self.softmax)
        let error = try found(
            planted(Self.softmax) { nest in
                // Every segment of the sums: the loop's and the last.
                var result = nest
                while true {
                    let next = editingCommand(result) { Self.phase($0) == 1 ? [] : nil }
                    if next == result { return result }
                    result = next
                }
            })
        #expect(error.fault == .segmentOutOfTurn(phase: 1, element: row, neededPhase: 1, neededElement: 0))
        #expect(row > segment)
    }

    @Test func anEndThatIsLeftOut() throws {
        let row = try sizes(Self.softmax).row
        let error = try found(
            planted(Self.softmax) { nest in editingCommand(nest) { Self.end($0) == 1 ? [] : nil } })
        #expect(error.fault == .segmentOutOfTurn(phase: 2, element: 0, neededPhase: 1, neededElement: row))
    }

    @Test func aLastPhaseThatIsLeftOut() throws {
        let name = try #require(
            scheduled.program.operations.first { if case .loss = $0.action { true } else { false } }?.name)
        let error = try found(
            planted(name) { nest in editingCommand(nest) { Self.end($0) == 1 ? [] : nil } })
        guard case .segmentOutOfTurn(phase: 0, element: 0, neededPhase: 1, _) = error.fault else { throw error }
        #expect(error.operation == name)
    }

    @Test func aSegmentOfAnotherPlaceThanItSays() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                editingCommand(nest) { command in
                    guard Self.phase(command) == 2, var part = command.part else { return nil }
                    part.element = Affine(part.element.base + 16, strides: part.element.strides)
                    return [with(command, part: part)]
                }
            })
        #expect(error.fault == .segmentOutOfTurn(phase: 2, element: 16, neededPhase: 2, neededElement: 0))
    }

    @Test func aSegmentOfOtherRows() throws {
        let error = try found(
            planted(quantize) { nest in
                editingCommand(nest) { command in
                    guard Self.phase(command) == 1, var part = command.part else { return nil }
                    part.first = Affine(part.first.base + 1, strides: part.first.strides)
                    return [with(command, part: part)]
                }
            })
        #expect(error.fault == .segmentOfOtherRows(outer: 0, first: 1, neededOuter: 0, neededFirst: 0))
    }

    // MARK: What rows carry

    @Test func aCarriedTileThatIsReleasedTooSoon() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                let carried = nest.buffers.firstIndex { $0.name == "carried" }!
                return editing(nest) { node in
                    guard case .command(let command) = node, Self.end(command) == 1 else { return nil }
                    return [node, .release(buffer: carried)]
                }
            })
        #expect(error.fault == .noSlotTaken && error.buffer == "carried" && error.work == "vector")
    }

    @Test func aCarriedTileThatNobodyWaitsFor() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                let carried = nest.buffers.firstIndex { $0.name == "carried" }!
                return editingCommand(nest) { command in
                    guard Self.phase(command) == 1 else { return nil }
                    return [
                        Command(
                            work: command.work, acquires: command.acquires,
                            reads: command.reads.filter { $0 != carried },
                            writes: command.writes.filter { $0 != carried }, accesses: command.accesses,
                            part: command.part)
                    ]
                }
            })
        #expect(error.fault == .notWaitedFor && error.buffer == "carried")
    }

    @Test func aCarriedTileThatNobodyTakes() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                let carried = nest.buffers.firstIndex { $0.name == "carried" }!
                return editingCommand(nest) { command in
                    guard command.acquires.contains(carried) else { return nil }
                    return [with(command, acquires: command.acquires.filter { $0 != carried })]
                }
            })
        #expect(error.fault == .noSlotTaken && error.buffer == "carried")
    }

    @Test func aCarriedSlotThatIsTooSmall() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                changing(nest, buffer: "carried") { $0.resized(bytes: $0.bytes - 4, slots: 1) }
            })
        guard case .outsideSlot(let end, let bytes) = error.fault else { throw error }
        #expect(end == bytes + 4 && error.buffer == "carried")
    }

    @Test func rowsThatCarryFewerWords() throws {
        let error = try found(
            planted(Self.softmax) { nest in
                editingCommand(nest) { command in
                    guard Self.phase(command) == 0, var part = command.part else { return nil }
                    let view = part.views.removeLast()
                    part.views.append(
                        TileView(
                            operand: nil, buffer: view.buffer, offset: view.offset, dimensions: view.dimensions,
                            runBytes: 64))
                    return [with(command, part: part)]
                }
            })
        #expect(error.fault == .sizesDiffer(what: "bytes that a row carries", found: 64, needed: 68))
    }

    // MARK: Segments in DRAM

    @Test func aSegmentThatIsNotLoaded() throws {
        let error = try found(
            planted(quantize) { nest in editingCommand(nest) { Self.isLoad($0) == nil ? nil : [] } })
        #expect(error.fault == .noSlotTaken && error.buffer == "operand.0" && error.work == "vector")
    }

    @Test func aSegmentOfCodesThatIsNotStored() throws {
        let error = try found(
            planted(quantize) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == 1 else { return nil }
                    return []
                }
            })
        guard case .notWritten = error.fault else { throw error }
        #expect(error.byte == 0 && error.command == nil)
    }

    @Test func aSegmentOfCodesThatIsStoredTwice() throws {
        let error = try found(
            planted(quantize) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == 1 else { return nil }
                    return [command, command]
                }
            })
        #expect(error.fault == .writtenTwice && error.byte == 0 && error.work == "store")
    }

    @Test func aSegmentThatReachesBehindItsTablesRow() throws {
        let row = try sizes("embeddings").row
        let error = try found(
            planted("embeddings") { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), t.gathered else { return nil }
                    let moved = Transfer(
                        operand: t.operand, offset: Affine(4 * row - 4), dimensions: t.dimensions,
                        runBytes: t.runBytes, gathered: true)
                    return [with(command, work: .load(moved))]
                }
            })
        guard case .sizesDiffer("bytes of a table's row", _, needed: 4 * row) = error.fault else { throw error }
        #expect(error.operation == "embeddings" && error.work == "load")
    }

    // MARK: Weights in place

    private static func isPerturb(_ command: Command) -> Bool {
        if case .perturb = command.work { true } else { false }
    }

    @Test(arguments: [false, true])
    func aSegmentOfWeightsThatIsLeftOut(last: Bool) throws {
        let error = try found(
            planted(Self.perturb, last: last) { nest in editingCommand(nest) { Self.isPerturb($0) ? [] : nil } })
        if last {
            // All segments of the loop, and so the row, stay at +d.
            guard case .notRestored(row: 0, _) = error.fault else { throw error }
            #expect(error.operation == Self.update)
        } else {
            // The one before the loop.
            guard case .segmentOutOfTurn(phase: 0, let element, neededPhase: 0, neededElement: 0) = error.fault else {
                throw error
            }
            #expect(element > 0 && error.operation == Self.perturb)
        }
    }

    @Test(arguments: [false, true])
    func aSegmentOfWeightsThatIsPerturbedTwice(last: Bool) throws {
        let segment = try sizes(Self.perturb).segment
        let error = try found(
            planted(Self.perturb, last: last) { nest in
                editingCommand(nest) { Self.isPerturb($0) ? [$0, with($0, acquires: [])] : nil }
            })
        #expect(error.fault == .segmentOutOfTurn(phase: 0, element: 0, neededPhase: 0, neededElement: segment))
    }

    @Test func anUpdateOfASegmentThatWasNotRestored() throws {
        let error = try found(
            planted(Self.update) { nest in editingCommand(nest) { Self.isPerturb($0) ? [] : nil } })
        #expect(error.fault == .restoredWeights(found: 0, needed: try sizes(Self.update).segment))
        #expect(error.work == "update")
    }

    @Test func aListThatIsNotStored() throws {
        let error = try found(
            planted(Self.perturb) { nest in
                var list: Int?
                nest.forEachCommand { command, _ in
                    if let t = Self.isStore(command) { list = max(list ?? 0, t.operand) }
                }
                return editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == list else { return nil }
                    return []
                }
            })
        #expect(error.fault == .notWritten && error.buffer == "layer.0.query.saturated")
    }

    /// Every row is restored with the list of the first.
    @Test func aListOfAnotherRow() throws {
        let operation = try #require(scheduled.program.operations.first { $0.name == Self.update })
        let place = operation.reads.count - 1
        let error = try found(
            planted(Self.update) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), t.operand == place, !t.offset.strides.isEmpty else {
                        return nil
                    }
                    let first = Transfer(
                        operand: t.operand, offset: Affine(0), dimensions: t.dimensions, runBytes: t.runBytes)
                    return [with(command, work: .load(first))]
                }
            })
        guard case .notRestored(let row, _) = error.fault else { throw error }
        #expect(row > 0 && error.operation == Self.update && error.buffer == Self.weight)
    }

    @Test func aSegmentThatBeginsWhereAnotherDoes() throws {
        let error = try found(
            planted(Self.update) { nest in
                editingCommand(nest) { command in
                    guard Self.isPerturb(command), var part = command.part else { return nil }
                    part.first = Affine(part.first.base + 16, strides: part.first.strides)
                    return [with(command, part: part)]
                }
            })
        guard case .sizesDiffer("elements before a segment", found: 16, needed: 0) = error.fault else { throw error }
    }

    /// A row with more codes at an end than its list has room for, told when the row is through, as where rows are whole.
    @Test func aRowWithMoreSaturatedCodesThanRoom() throws {
        let large = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(3000), rounding: .residual(.eight))
        func fault(_ scheduled: ScheduledProgram) throws -> TileError {
            let emulator = TileEmulator(
                parameters: encoder.parameters(residualBits: 8), kernels: Kernels(level: .highestAvailable), threads: 1)
            let error = #expect(throws: EmulatorError.self) {
                _ = try emulator.step(scheduled, batch, settings: large, step: 0, learningRate: 1)
            }
            guard case .tile(let found) = try #require(error) else { throw try #require(error) }
            return found
        }
        let roomy = try TileMachine.load("edge-int8", TileMachine.inPlace)
        let whole = try fault(Lowering.schedule(scheduled.program.step, on: roomy))
        let cut = try fault(scheduled)
        guard case .listOverflow = cut.fault else { throw cut }
        #expect(cut.fault == whole.fault && cut.operation == whole.operation && cut.buffer == whole.buffer)
    }
}
