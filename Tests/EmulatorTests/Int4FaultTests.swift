import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Emulator
@testable import Programs

/// Faults planted where two codes share a byte, each found and named.
@Suite struct Int4FaultTests: FaultPlanting {
    let encoder: RandomEncoder
    let scheduled: ScheduledProgram
    let batch: EncodedBatch
    let settings = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(1), rounding: .residual(.eight))
    let formats = StepFormats(weights: .int4, activations: .int4, attention: .int4, head: .int4, embedding: .fp32)

    init() throws {
        (encoder, scheduled, batch) = try Self.smallStep(formats: formats)
    }

    private static let product = "layer.0.query"
    private static let update = "layer.0.query.update"

    @Test func withoutAFaultNothingIsFound() throws {
        let emulator = TileEmulator(
            parameters: encoder.parameters(residualBits: 8, formats: formats),
            kernels: Kernels(level: .highestAvailable), threads: 1)
        _ = try emulator.step(scheduled, batch, settings: settings, step: 0, learningRate: 1)
    }

    // MARK: Memory

    /// DRAM holds the bytes that transfers count: column 2j in the low half of byte j of its row, and the other in the high one.
    @Test(arguments: [KernelLevel.reference, .highestAvailable])
    func dramHoldsPackedCodes(level: KernelLevel) throws {
        let parameters = encoder.parameters(formats: formats)
        let image = DRAMImage(scheduled, kernels: Kernels(level: level), checks: true)
        image.fill(parameters)
        var seen = 0
        for (index, tensor) in scheduled.program.tensors.enumerated() {
            guard case .linearWeight(let number)? = tensor.binding else { continue }
            let linear = parameters.linears[number]
            let range = try #require(image.range(of: index))
            #expect(range.count == linear.count / 2)
            let packed = NibblePacking.packed(
                linear.codes.elements.map(Int16.init), rows: linear.rows, columns: linear.columns)
            #expect(Array(image.bytes.elements[range]) == packed)
            // Half a byte is one code's alone.
            image.bytes[range.lowerBound] ^= 0x50
            let copy = encoder.parameters(formats: formats)
            image.readBack(copy, trained: number..<number + 1)
            let codes = Array(linear.codes.elements)
            let high = Int16(codes[1]) & 15 ^ 5
            let expected = [codes[0], Int8(high > 7 ? high - 16 : high)] + codes[2...]
            #expect(Array(copy.linears[number].codes.elements) == expected)
            seen += 1
        }
        #expect(seen == parameters.linears.count)
    }

    /// Tile buffers of codes are as large as the bytes that are brought.
    @Test func tileBuffersHoldTwoCodesAByte() throws {
        var loaded = 0
        for number in scheduled.program.operations.indices {
            guard case .product(let product) = scheduled.program.operations[number].action else { continue }
            scheduled.nest(of: number).forEachCommand { command, _ in
                guard let block = Self.isMatmul(command), let part = command.part else { return }
                #expect(part.views[0].runBytes * 2 == block.k && part.views[1].runBytes * 2 == block.k)
                #expect(product.firstFormat == .int4 && product.secondFormat == .int4)
                loaded += 1
            }
        }
        #expect(loaded > 20)
    }

    // MARK: Halves of bytes

    private func shifting(_ command: Command, by codes: Int) -> Command? {
        guard var part = command.part else { return nil }
        part.first = Affine(part.first.base + codes, strides: part.first.strides)
        return with(command, part: part)
    }

    /// Draws for the codes one place on: the first of the tile's would be the high half's.
    @Test func aPerturbationThatBeginsWithTheWrongHalf() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard case .perturb = command.work else { return nil }
                    return shifting(command, by: 1).map { [$0] }
                }
            })
        guard case .withinByte(let code) = error.fault else { throw error }
        #expect(code % 2 == 1 && error.operation == Self.product && error.work == "perturb")
        #expect("\(error)".contains("within a byte"))
    }

    @Test func anUpdateThatBeginsWithTheWrongHalf() throws {
        let error = try found(
            planted(Self.update) { nest in
                editingCommand(nest) { command in
                    guard case .update = command.work else { return nil }
                    return shifting(command, by: 1).map { [$0] }
                }
            })
        #expect(error.fault == .withinByte(code: 1) && error.operation == Self.update)
    }

    /// An odd number of codes would take the neighbour's half along.
    @Test func anUpdateThatEndsWithinAByte() throws {
        let error = try found(
            planted(Self.update) { nest in
                editingCommand(nest) { command in
                    guard case .update(let weights, let draws) = command.work else { return nil }
                    return [with(command, work: .update(weights: weights - 1, draws: draws))]
                }
            })
        guard case .withinByte(let code) = error.fault else { throw error }
        #expect(code % 2 == 1 && error.work == "update")
    }

    @Test func aProductThatEndsWithinAByte() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let block = Self.isMatmul(command) else { return nil }
                    let other = FoldBlock(
                        instances: block.instances, m: block.m, n: block.n, k: block.k - 1, format: block.format,
                        accumulates: block.accumulates)
                    return [with(command, work: .matmul(other))]
                }
            })
        guard case .withinByte(let code) = error.fault else { throw error }
        #expect(code % 2 == 1 && error.work == "matmul")
    }

    @Test func aProductInAnotherFormat() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let block = Self.isMatmul(command) else { return nil }
                    let other = FoldBlock(
                        instances: block.instances, m: block.m, n: block.n, k: block.k, format: .int8,
                        accumulates: block.accumulates)
                    return [with(command, work: .matmul(other))]
                }
            })
        #expect(error.fault == .notDescribed("a product of int8 or int4 codes"))
    }

    /// The last two codes of the tile are what an earlier tile left in the slot.
    @Test func aTileWithoutItsLastByte() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), nest.buffers[command.writes[0]].name == "stationary" else {
                        return nil
                    }
                    let short = Transfer(
                        operand: t.operand, offset: t.offset, dimensions: t.dimensions, runBytes: t.runBytes - 1)
                    return [with(command, work: .load(short))]
                }
            })
        #expect(error.fault == .readBeforeWrite && error.buffer == "stationary")
    }

    /// Codes of which half the bytes are written keep the others from before.
    @Test func codesOfWhichHalfIsStored() throws {
        let error = try found(
            planted("layer.0.input.quantize") { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == 1 else { return nil }
                    let short = Transfer(
                        operand: t.operand, offset: t.offset, dimensions: t.dimensions, runBytes: t.runBytes - 1)
                    return [with(command, work: .store(short))]
                }
            })
        #expect(error.fault == .notWritten && error.buffer.hasSuffix(".codes"))
    }
}

/// The same where weights are perturbed where they are stored: what comes back has to be what was there.
@Suite struct Int4InPlaceFaultTests: FaultPlanting {
    let encoder: RandomEncoder
    let scheduled: ScheduledProgram
    let batch: EncodedBatch
    let settings = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(1), rounding: .residual(.eight))
    let formats = StepFormats(weights: .int4, activations: .int8, attention: .int8, head: .int8, embedding: .fp32)

    init() throws {
        (encoder, scheduled, batch) = try Self.smallStep(TileMachine.inPlace, formats: formats)
    }

    private static let name = "layer.0.query"

    @Test func withoutAFaultNothingIsFound() throws {
        let emulator = TileEmulator(
            parameters: encoder.parameters(residualBits: 8, formats: formats),
            kernels: Kernels(level: .highestAvailable), threads: 1)
        for step in 0..<3 {
            _ = try emulator.step(scheduled, batch, settings: settings, step: step, learningRate: 1)
        }
    }

    /// Loads of weights one byte, two codes, beside their place.
    @Test(arguments: [name + ".perturb", name + ".update"])
    func codesOfTheNeighbouringByte(operation: String) throws {
        let program = scheduled.program
        let number = try #require(program.operations.lastIndex { $0.name == operation })
        let operands = program.operations[number].reads
        let place = try #require(operands.firstIndex { program[$0].name == Self.name + ".weight" })
        let error = try found(
            planted(operation, last: true) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), t.operand == place else { return nil }
                    let beside = Transfer(
                        operand: t.operand, offset: Affine(t.offset.base + 1), dimensions: t.dimensions,
                        runBytes: t.runBytes)
                    return [with(command, work: .load(beside))]
                }
            })
        guard case .notRestored = error.fault else { throw error }
        #expect(error.operation == operation && error.buffer == Self.name + ".weight")
    }

    @Test func codesThatAreNotStored() throws {
        let error = try found(
            planted(Self.name + ".perturb", last: true) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isStore(command), t.operand == 2 else { return nil }
                    return []
                }
            })
        #expect(error.fault == .notWritten && error.buffer == Self.name + ".weight" && error.byte == 0)
    }
}
