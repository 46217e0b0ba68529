import Emulator
import Hardware
import Kernels
import NumberFormats
import Testing

@testable import Programs

/// Faults planted in a laid-out program, each found and named.
@Suite struct TileFaultTests: FaultPlanting {
    let encoder: RandomEncoder
    let scheduled: ScheduledProgram
    let batch: EncodedBatch
    let settings = QuZOSettings(seed: 5, bits: .eight, size: .gridSteps(1), rounding: .residual(.eight))

    /// A step on a machine so small that every product has several tiles along m, n and k, and nothing large is resident.
    init() throws {
        (encoder, scheduled, batch) = try Self.smallStep()
    }

    private static let product = "layer.0.query"

    @Test func withoutAFaultNothingIsFound() throws {
        let parameters = encoder.parameters(residualBits: 8)
        let emulator = TileEmulator(
            parameters: parameters, kernels: Kernels(level: .highestAvailable), threads: 1)
        _ = try emulator.step(scheduled, batch, settings: settings, step: 0, learningRate: 1)
    }

    /// Both passes run into it, and the first one's counts.
    @Test func aFaultInBothPassesIsTheFirstOnesOnTwoThreads() throws {
        let planted = try planted(Self.product) { nest in
            editingCommand(nest) { command in
                guard Self.isLoad(command) != nil, nest.buffers[command.writes[0]].name == "streamed" else {
                    return nil
                }
                return []
            }
        }
        #expect(try found(planted, threads: 2) == found(planted, threads: 1))
    }

    /// Only the pass with −d, which two threads run on bytes of its own.
    @Test func aFaultInTheSecondPassIsFoundOnTwoThreads() throws {
        let program = scheduled.program
        let minus = try #require(
            program.operations.lastIndex { $0.name == "layer.0.input.quantize" && $0.pass == .minus })
        var nests = scheduled.nests
        var numbers = scheduled.nestOfOperation
        nests.append(
            editingCommand(scheduled.nest(of: minus)) { command in
                Self.isStore(command)?.operand == 1 ? [] : nil
            })
        numbers[minus] = nests.count - 1
        let planted = ScheduledProgram(
            program: program, machine: scheduled.machine, model: scheduled.model, nests: nests,
            nestOfOperation: numbers, countsOfNest: scheduled.countsOfNest + [scheduled.counts(of: minus)],
            memory: scheduled.memory)
        let error = try found(planted, threads: 2)
        #expect(error.fault == .notWritten && error.buffer.hasSuffix(".codes"))
        #expect(error == (try found(planted, threads: 1)))
    }

    // MARK: Tokens and slots

    @Test func aDroppedLoad() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    Self.isLoad(command) != nil && nest.buffers[command.writes[0]].name == "stationary" ? [] : nil
                }
            })
        #expect(error.fault == .noSlotTaken)
        #expect(error.operation == Self.product && error.buffer == "stationary" && error.work == "perturb")
    }

    @Test func aDroppedRelease() throws {
        let error = try found(
            planted(Self.product) { nest in
                editing(nest) { node in
                    if case .release(let buffer) = node, nest.buffers[buffer].name == "sums" { [] } else { nil }
                }
            })
        let isFound =
            switch error.fault {
            case .noFreeSlot, .notReleased: true
            default: false
            }
        #expect(isFound && error.buffer == "sums")
    }

    @Test func aReleaseBeforeTheLastUse() throws {
        let error = try found(
            planted(Self.product) { nest in
                let sums = nest.buffers.firstIndex { $0.name == "sums" }!
                return editing(nest) { node in
                    guard case .command(let command) = node, command.part?.function == .epilogue else { return nil }
                    return [.release(buffer: sums), node]
                }
            })
        #expect(error.fault == .noSlotTaken && error.buffer == "sums" && error.work == "vector")
    }

    @Test func oneSlotWhereTwoAreTaken() throws {
        let twice = try planted(Self.product) { nest in
            editingCommand(changing(nest, buffer: "result") { $0.resized(bytes: $0.bytes, slots: 1) }) { command in
                command.part?.function == .epilogue ? [command, command] : nil
            }
        }
        let error = try found(twice)
        #expect(error.fault == .noFreeSlot(slots: 1) && error.buffer == "result")
    }

    @Test func aLoadThatTakesNoSlot() throws {
        let error = try found(
            planted("layer.0.input.quantize") { nest in
                editingCommand(nest) { Self.isLoad($0) == nil ? nil : [with($0, acquires: [])] }
            })
        #expect(error.fault == .notAcquired && error.work == "load")
    }

    @Test func aTileThatIsNotWaitedFor() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { Self.isMatmul($0) == nil ? nil : [with($0, reads: Array($0.reads.dropFirst()))] }
            })
        #expect(error.fault == .notWaitedFor && error.work == "matmul")
    }

    @Test func sumsThatGoOnFromNothing() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let block = Self.isMatmul(command) else { return nil }
                    let other = FoldBlock(
                        instances: block.instances, m: block.m, n: block.n, k: block.k, format: block.format,
                        accumulates: true)
                    return [with(command, work: .matmul(other))]
                }
            })
        #expect(error.fault == .readBeforeWrite && error.buffer == "sums" && error.byte == 0)
    }

    // MARK: Bytes of the chip

    @Test func aSlotThatIsTooSmall() throws {
        let error = try found(
            planted(Self.product) { nest in
                changing(nest, buffer: "stationary") { $0.resized(bytes: $0.bytes - 1, slots: $0.slots) }
            })
        guard case .outsideSlot(let end, let bytes) = error.fault else { throw error }
        #expect(end == bytes + 1 && error.buffer == "stationary")
    }

    @Test func aViewAtAWrongOffset() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard Self.isMatmul(command) != nil, var part = command.part else { return nil }
                    let view = part.views[1]
                    part.views[1] = TileView(
                        operand: view.operand, buffer: view.buffer, offset: Affine(-1), dimensions: view.dimensions,
                        runBytes: view.runBytes)
                    return [with(command, part: part)]
                }
            })
        #expect(error.fault == .outsideSlot(end: -1, bytes: try bytes(Self.product, "stationary")))
        #expect(error.buffer == "stationary" && error.work == "matmul")
    }

    private func bytes(_ operation: String, _ buffer: String) throws -> Int {
        let number = try #require(scheduled.program.operations.firstIndex { $0.name == operation })
        return try #require(scheduled.nest(of: number).buffers.first { $0.name == buffer }).bytes
    }

    @Test func aTileOfWhichHalfIsBrought() throws {
        let error = try found(
            planted("layer.0.input.quantize") { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), t.dimensions.isEmpty else { return nil }
                    let half = Transfer(
                        operand: t.operand, offset: t.offset, dimensions: [], runBytes: t.runBytes / 8 * 4)
                    return [with(command, work: .load(half))]
                }
            })
        #expect(error.fault == .readBeforeWrite && error.work == "vector")
        #expect(error.byte != nil && error.buffer == "operand.0")
    }

    @Test func buffersThatShareBytes() throws {
        let error = try found(
            planted(Self.product) { nest in
                let other = nest.buffers.first { $0.name == "bias" }!
                return changing(nest, buffer: "result") {
                    TileBuffer(
                        name: $0.name, memory: $0.memory, address: other.address, bytes: $0.bytes, slots: $0.slots)
                }
            })
        guard case .buffersOverlap = error.fault else { throw error }
        #expect(error.buffer == "result" && error.command == nil)
    }

    @Test func aBufferBeyondItsMemory() throws {
        let error = try found(
            planted(Self.product) { nest in
                changing(nest, buffer: "stationary") {
                    TileBuffer(name: $0.name, memory: $0.memory, address: 255, bytes: $0.bytes, slots: $0.slots)
                }
            })
        guard case .bufferOutsideMemory(_, bytes: 256) = error.fault else { throw error }
        #expect(error.buffer == "stationary")
    }

    // MARK: DRAM

    @Test func aDroppedStore() throws {
        let error = try found(
            planted(Self.product) { nest in editingCommand(nest) { Self.isStore($0) == nil ? nil : [] } })
        #expect(error.fault == .notWritten && error.buffer == "layer.0.query.output" && error.command == nil)
    }

    @Test func aDroppedStoreOfAnUpdate() throws {
        let error = try found(
            planted("layer.0.query.update") { nest in editingCommand(nest) { Self.isStore($0) == nil ? nil : [] } })
        #expect(error.fault == .notWritten && error.byte == 0)
    }

    @Test func aStoreDoneTwice() throws {
        let error = try found(
            planted(Self.product) { nest in editingCommand(nest) { Self.isStore($0) == nil ? nil : [$0, $0] } })
        #expect(error.fault == .writtenTwice && error.work == "store" && error.byte == 0)
    }

    @Test func aTransferBeyondItsTensor() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), nest.buffers[command.writes[0]].name == "stationary" else {
                        return nil
                    }
                    let moved = Transfer(
                        operand: t.operand, offset: Affine(t.offset.base - 1, strides: t.offset.strides),
                        dimensions: t.dimensions, runBytes: t.runBytes)
                    return [with(command, work: .load(moved))]
                }
            })
        guard case .outsideTensor(end: -1, _) = error.fault else { throw error }
        #expect(error.buffer == "layer.0.query.weight" && error.work == "load")
    }

    @Test func aLoadOfWhatIsNotYetThere() throws {
        let error = try found(
            planted("layer.0.gelu") { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command) else { return nil }
                    let result = Transfer(
                        operand: t.operand + 1, offset: t.offset, dimensions: t.dimensions, runBytes: t.runBytes)
                    return [with(command, work: .load(result))]
                }
            })
        #expect(error.fault == .loadBeforeStore && error.buffer == "layer.0.gelu" && error.byte == 0)
    }

    @Test func aLoadOfWhatTheOperationStored() throws {
        let error = try found(
            planted("layer.0.query.update") { nest in
                editingCommand(nest) { command in
                    guard let t = Self.isLoad(command), !t.offset.strides.isEmpty else { return nil }
                    let first = Transfer(
                        operand: t.operand, offset: Affine(0), dimensions: t.dimensions, runBytes: t.runBytes)
                    return [with(command, work: .load(first))]
                }
            })
        #expect(error.fault == .loadAfterStore && error.buffer == "layer.0.query.weight" && error.byte == 0)
    }

    @Test func tensorsThatShareBytes() throws {
        var addresses = scheduled.memory.addresses
        let weights = scheduled.program.tensors.indices.filter {
            if case .linearWeight = scheduled.program.tensors[$0].binding { addresses[$0] != nil } else { false }
        }
        addresses[weights[1]] = addresses[weights[0]]! + 1
        let error = try found(program(addresses: addresses))
        guard case .tensorsOverlap = error.fault else { throw error }
    }

    @Test func aTensorBeyondDRAM() throws {
        var addresses = scheduled.memory.addresses
        let capacity = scheduled.machine.organisation.dram.capacityBytes
        let last = try #require(addresses.lastIndex { $0 != nil })
        addresses[last] = capacity
        let error = try found(program(addresses: addresses))
        guard case .tensorOutsideMemory(_, capacity) = error.fault else { throw error }
    }

    @Test func aTokenOutsideTheVocabulary() throws {
        let strange = EncodedBatch(
            examples: [[1], [2, 25]] + Array(repeating: [3], count: 6), labels: Array(repeating: 0, count: 8),
            sequence: 24, padding: 0)
        let error = try found(scheduled, strange)
        #expect(error.fault == .rowOutsideTable(row: 25, rows: 25) && error.buffer == "embeddings.word")
        #expect("\(error)".hasPrefix("operation embeddings, command "))
        #expect("\(error)".hasSuffix("(load), embeddings.word: row 25 of a table of 25"))
    }

    // MARK: What a command says of itself

    @Test func aDroppedDraw() throws {
        let error = try found(
            planted("head") { nest in
                editingCommand(nest) { command in
                    if case .draw = command.work { [] } else { nil }
                }
            })
        guard case .draws(found: 0, _) = error.fault else { throw error }
        #expect(error.operation == "head" && error.work == "vector")
    }

    @Test func amountsThatAreNotThoseOfTheBytes() throws {
        let error = try found(
            planted(Self.product) { nest in
                editingCommand(nest) { command in
                    guard let b = Self.isMatmul(command) else { return nil }
                    let other = FoldBlock(
                        instances: b.instances, m: b.m, n: b.n + 1, k: b.k, format: b.format,
                        accumulates: b.accumulates)
                    return [with(command, work: .matmul(other))]
                }
            })
        guard case .sizesDiffer = error.fault else { throw error }
        #expect(error.operation == Self.product && error.work == "matmul")
    }

    @Test func aCommandThatDoesNotSayWhere() throws {
        let error = try found(
            planted("layer.0.softmax") { nest in
                editingCommand(nest) { command in
                    guard case .vector = command.work, var part = command.part else { return nil }
                    part.views.removeLast()
                    return [with(command, part: part)]
                }
            })
        #expect(error.fault == .notDescribed("where operand 2 lies"))
    }
}
