import Hardware
import NumberFormats
import ProgramFixtures
import Testing

@testable import Programs

/// Rows that do not fit the chip, in segments.
@Suite struct RowPlans {
    /// Streams of random steps on random machines, with their phases.
    private func forRandomRows(
        _ count: Int, seed: UInt64,
        _ body: (Operation, Program, StreamingScheduler, StreamPlan, RowPlan, inout SplitMix) throws -> Void
    ) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<count {
            let machine = try Fixture.randomMachine(&random)
            let step = Fixture.randomStep(&random).on(machine)
            guard (try? step.checkSizes()) != nil else { continue }
            let program = Lowering.program(for: step)
            var seen: Set<Action> = []
            for operation in program.operations {
                if case .product = operation.action { continue }
                guard seen.insert(operation.action.withoutNumber).inserted else { continue }
                let operands = operation.reads + operation.writes
                let isResident = operands.map { id in !program[id].isPersistent && id.index % 5 == 0 }
                let scheduler = StreamingScheduler(
                    model: MachineModel(machine), isResident: isResident, operation: operation.name)
                let plan = scheduler.withOwnTiles(StreamPlan(operation, in: program))
                guard let rows = RowPlan(plan, of: operation, in: program) else { continue }
                try body(operation, program, scheduler, plan, rows, &random)
            }
        }
    }

    /// What phases compute again, for a row of n, as the semantics' formulas have it; conversions of inputs aside.
    private func again(_ action: Action, _ n: Int) -> VectorWork {
        switch action {
        case .softmax: VectorWork([.multiply: 2 * n, .add: n, .exponential: n])
        case .norm(.layerNorm, _, _): VectorWork([.add: n])
        case .addNorm(.layerNorm, _, _, _): VectorWork([.add: 3 * n])
        case .addNorm(.rmsNorm, _, _, _): VectorWork([.add: n])
        case .embed: VectorWork([.add: 5 * n])
        case .firstOrder(.lossGradient): VectorWork([.add: n, .exponential: n])
        case .firstOrder(.normGradient(.layerNorm, _, _)): VectorWork([.add: 2 * n, .multiply: 2 * n])
        case .firstOrder(.normGradient(.rmsNorm, _, _)): VectorWork([.multiply: 2 * n])
        case .firstOrder(.softmaxGradient(_, _, isCoded: true)): VectorWork([.multiply: n])
        case .firstOrder(.quantizeGradient), .firstOrder(.quantizeGradientColumns): VectorWork([.multiply: n])
        default: VectorWork()
        }
    }

    @Test func phasesDoTheWorkOfWholeRowsAndWhatTheyComputeAgain() throws {
        var kinds: Set<String> = []
        try forRandomRows(200, seed: 71) { operation, _, _, plan, rows, _ in
            guard case .vector = rows.plan.engine else { return }
            var sum = VectorWork()
            for phase in rows.phases {
                sum = sum + phase.begin + phase.work * rows.elements + (phase.end ?? VectorWork())
            }
            var expected = plan.work + again(operation.action, rows.elements)
            // A value that waits in BF16 or FP16 is converted each time it is read.
            let conversions = sum.operations[.convert, default: 0] - expected.operations[.convert, default: 0]
            let rereads = rows.phases.reduce(0) { $0 + $1.reads.count } - Set(rows.phases.flatMap(\.reads)).count
            let bytes = plan.operands.map { $0.unitBytes * $0.innerCount }.max()!
            #expect(conversions >= 0 && conversions <= rereads * bytes)
            expected.operations[.convert] = sum.operations[.convert]
            #expect(sum.operations.filter { $0.value > 0 } == expected.operations.filter { $0.value > 0 })
            kinds.insert(operation.action.name)
        }
        #expect(kinds.count >= 18, "\(kinds.sorted())")
    }

    @Test func segmentsCoverEveryOperandOnceAPhase() throws {
        var splits = 0
        try forRandomRows(120, seed: 72) { operation, program, scheduler, plan, rows, random in
            let (units, segment) = scheduler.rowChoices(rows).randomElement(using: &random) ?? (1, rows.granule)
            let choice = StreamingScheduler.RowChoice(
                units: units, segment: segment, slots: Int.random(in: 1...2, using: &random))
            let nest = RowNest(scheduler, rows, choice).nest()
            let isSplit = segment < rows.elements
            if isSplit { splits += 1 }
            let counts = try nest.counts(on: scheduler.model)
            var loaded: [Int: Int] = [:]
            var stored = loaded
            nest.forEachCommand { command, _ in
                switch command.work {
                case .load(let transfer): loaded[transfer.operand, default: 0] += transfer.bytes
                case .store(let transfer): stored[transfer.operand, default: 0] += transfer.bytes
                default: break
                }
            }
            for (place, operand) in rows.plan.operands.enumerated() {
                let whole = nest.usefulBytes[operand.operand]
                if scheduler.isResident[operand.operand] {
                    #expect(loaded[operand.operand] == nil && stored[operand.operand] == nil)
                } else if operand.isWrite {
                    #expect(stored[operand.operand] == whole, "\(operation.name) \(operand.operand)")
                    #expect(
                        whole
                            == program[operation.writes[operand.operand - operation.reads.count]].bytes(
                                batch: program.step.batch))
                } else if rows.roles[place] == .along {
                    let times = isSplit ? rows.phases.count { $0.reads.contains(place) } : 1
                    let passes = operand.outerStride == 0 && !operand.gathered ? rows.plan.outer : 1
                    #expect(loaded[operand.operand] == times * passes * whole, "\(operation.name) \(operand.operand)")
                }
            }
            #expect(counts.dramRead.useful + counts.dramRead.refetch == loaded.values.reduce(0, +))
            #expect(counts.dramWritten.refetch == 0)
            // The room that was asked for is the room that is taken.
            for memory in SRAM.Buffer.allCases {
                #expect(nest.occupied(memory) == scheduler.need(rows, memory, choice), "\(operation.name)")
            }
            // Sixteen partial sums: each segment but the last has whole groups.
            if rows.carriedBytes >= RowPlan.lanes * RowPlan.wordBytes {
                #expect(segment % RowPlan.lanes == 0 || !isSplit)
            }
        }
        #expect(splits > 300)
    }

    @Test func aWholeRowThatFitsIsNeverCut() throws {
        var random = SplitMix(state: 73)
        for _ in 0..<60 {
            let machine = try Fixture.machine(["organisation.sram.activation.bytes=1048576"])
            let step = Fixture.randomStep(&random)
            guard let scheduled = try? Lowering.schedule(step, on: machine) else { continue }
            for nest in scheduled.nests { #expect(!nest.cutsRows) }
        }
    }

    /// llama2-7b's logits, 128,000 bytes a row, in a tile half of 64 KiB: read twice, as often as the maximum and the sum ask for.
    @Test func aVocabularysLossReadsItsLogitsTwice() throws {
        let machine = try Fixture.machine(["organisation.sram.activation.bytes=131072"])
        var step = Fixture.step(.inference(.quantized), batch: 2, sequence: 16)
        step.network = .gatedDecoder(
            family: .llama, layers: 1, hidden: 64, heads: 2, keyValueHeads: 2, headDimension: 32, intermediate: 128,
            vocabulary: 32000, head: .languageModel, tiesHead: false)
        let scheduled = try Lowering.schedule(step, on: machine)
        let loss = scheduled.program.operations.firstIndex { $0.name == "loss" }!
        let counts = scheduled.counts(of: loss)
        let logits = 32 * 4 * 32000
        #expect(scheduled.nest(of: loss).cutsRows)
        #expect(counts.dramRead.useful == logits + 32 * 4)
        #expect(counts.dramRead.refetch == logits)
        #expect(counts.vectorOperations[.exponential] == 32 * 32000)
        #expect(counts.vectorOperations[.add] == 32 * (2 * 32000 + 18))
        #expect(counts.vectorOperations[.compare] == 32 * 32000)
    }

    /// A batch whose lengths alone are larger than the tile half.
    @Test func lengthsComeWithTheirExamples() throws {
        let machine = try Fixture.machine(["organisation.sram.activation.bytes=16384"])
        let shape = EncoderShape(
            layers: 1, hidden: 32, heads: 2, intermediate: 64, vocabulary: 100, positions: 16, types: 1, classes: 2)
        let batch = 5000
        for method in [StepDescription.Method.quzo(residualBits: 8), .qat] {
            let scheduled = try Lowering.schedule(
                Fixture.step(method, shape: shape, batch: batch, sequence: 8), on: machine)
            let pool = scheduled.program.operations.firstIndex { $0.name == "pool" }!
            let counts = scheduled.counts(of: pool)
            #expect(scheduled.nest(of: pool).cutsRows)
            #expect(counts.dramRead.useful == batch * (8 * 32 * 4 + 4))
            #expect(counts.dramRead.refetch == 0)
        }
    }

    @Test func theSmallestSizeThatAnErrorNamesWorksAndOneRowOfBanksLessDoesNot() throws {
        var random = SplitMix(state: 74)
        var refusals = 0
        for _ in 0..<40 {
            var step = Fixture.randomStep(&random)
            step.trainable = .all
            for buffer in ["activation", "weight", "accumulator"] {
                func machine(_ bytes: Int) throws -> Machine {
                    try Fixture.machine(["organisation.sram.\(buffer).bytes=\(bytes)"])
                }
                let bank = buffer == "weight" ? 64 : 256
                let least = try machine(bank)
                do {
                    _ = try Lowering.schedule(step, on: least)
                } catch .tileDoesNotFit(_, let named, let available, let smallest, _, _) {
                    guard named.rawValue == buffer else { continue }
                    #expect(available == bank)
                    _ = try Lowering.schedule(step, on: machine(smallest))
                    let less = try machine(smallest - bank)
                    #expect(throws: ScheduleError.self) { try Lowering.schedule(step, on: less) }
                    refusals += 1
                } catch {
                    continue
                }
            }
        }
        #expect(refusals > 40)
    }
}

extension Action {
    fileprivate var name: String { "\(self)".split(separator: "(").prefix(2).joined(separator: " ") }
}
