import ProgramFixtures
import Programs
import Testing

@Suite struct Lowerings {
    let shape = Fixture.miniLM
    let batch = 16
    let sequence = 64
    var rows: Int { batch * sequence }
    var linear: Int { rows * (4 * shape.hidden * shape.hidden + 2 * shape.hidden * shape.intermediate) }
    var attention: Int { 2 * batch * sequence * sequence * shape.hidden }
    var head: Int { batch * shape.hidden * shape.classes }

    private func macs(_ program: Program, _ pass: Pass) -> Int {
        program.operations.reduce(0) { sum, operation in
            if operation.pass == pass, case .product(let product) = operation.action { sum + product.macs } else { sum }
        }
    }

    private func program(_ method: StepDescription.Method, _ trainable: TrainableSet = .all) -> Program {
        Lowering.program(for: Fixture.step(method, trainable: trainable))
    }

    @Test func qatForwardIsTheInferenceProgram() {
        let inference = program(.inference(.quantized))
        for trainable in [TrainableSet.all, .last(count: 2), .head] {
            let forward = program(.qat, trainable).operations.filter { operation in
                if operation.pass != .forward { return false }
                if case .firstOrder(.quantizeWeights) = operation.action { return false }
                return true
            }
            #expect(forward.map(\.name) == inference.operations.map(\.name))
            #expect(forward.map(\.action) == inference.operations.map(\.action))
        }
        #expect(inference.macs == shape.layers * (linear + attention) + head)
    }

    @Test(arguments: [TrainableSet.all, .last(count: 1), .last(count: 4), .head])
    func qatBackwardIsTwiceTheTrainedForwardLessTheFirstInputGradients(trainable: TrainableSet) {
        let qat = program(.qat, trainable)
        let trained = shape.layers - trainable.firstLayer(of: shape.layers)
        let expected =
            trained == 0
            ? head : 2 * (trained * (linear + attention) + head) - 3 * rows * shape.hidden * shape.hidden
        #expect(macs(qat, .backward) == expected)
        #expect(macs(qat, .forward) == program(.inference(.quantized)).macs)
    }

    @Test(arguments: [TrainableSet.all, .last(count: 1), .last(count: 4), .head])
    func quzoIsTheSharedPartOnceAndTheTrainedPartTwice(trainable: TrainableSet) {
        let quzo = program(.quzo(residualBits: 0), trainable)
        let first = trainable.firstLayer(of: shape.layers)
        #expect(macs(quzo, .shared) == first * (linear + attention))
        #expect(quzo.macs == first * (linear + attention) + 2 * ((shape.layers - first) * (linear + attention) + head))
    }

    @Test func qatSavesNothingOfFrozenLayers() {
        let qat = program(.qat, .last(count: 1))
        let saved = qat.tensors.filter { $0.kind == .savedActivations }
        #expect(!saved.isEmpty)
        #expect(saved.allSatisfy { $0.name.hasPrefix("layer.5.") || $0.name.hasPrefix("pooled") })
        #expect(
            qat.operations.filter { $0.pass == .backward || $0.pass == .update }.allSatisfy { operation in
                !(0..<5).contains { operation.name.hasPrefix("layer.\($0).") }
            })
        // Frozen layers have neither master nor moments; trained ones have both, and codes of the step only.
        #expect(qat.tensors.filter { $0.name.hasSuffix(".master") }.count == 7)
        #expect(!qat.tensors.contains { $0.name.hasPrefix("layer.0.") && $0.kind == .optimizerState })
    }

    @Test func qatHoldsFourStatesAWeightAndSavesByTheFormula() {
        let qat = program(.qat)
        func bytes(_ test: (Tensor) -> Bool) -> Int {
            qat.tensors.filter(test).reduce(0) { $0 + $1.bytes(batch: batch) }
        }
        #expect(bytes { $0.kind == .optimizerState } == 8 * (shape.linearWeightCount + shape.classes))
        #expect(bytes { $0.name.hasSuffix(".master") } == 4 * shape.linearWeightCount)
        // A token of a layer: codes of x, q, k, v, context, attention norm and GELU; BF16 sums and GELU inputs; per head a
        // row of probabilities as codes and in BF16.
        let codes = 6 * shape.hidden + shape.intermediate + shape.heads * sequence
        let bf16 = 2 * (2 * shape.hidden + shape.intermediate + shape.heads * sequence)
        let scales = 4 * (1 + 2 * shape.heads + 1 + 1 + 1 + shape.heads)
        let values = 4 * shape.hidden * batch
        #expect(
            bytes { $0.kind == .savedActivations }
                == shape.layers * (rows * (codes + bf16 + scales) + values) + batch * (shape.hidden + 4))
    }

    @Test func everyTensorIsWrittenBeforeItIsRead() {
        var random = SplitMix(state: 1)
        for _ in 0..<40 {
            let program = Lowering.program(for: Fixture.randomStep(&random))
            var written: Set<Int> = []
            for operation in program.operations {
                for id in operation.reads where !program[id].isPersistent {
                    #expect(written.contains(id.index), "\(operation.name) reads \(program[id].name)")
                }
                for id in operation.writes { written.insert(id.index) }
            }
        }
    }

    @Test func gradientsOfOnlyOneWeightAreAliveAtATime() throws {
        let scheduled = try Lowering.schedule(Fixture.step(.qat), on: Fixture.machine())
        let largest = scheduled.program.tensors.filter { $0.kind == .gradients }.map { $0.bytes(batch: batch) }.max()
        #expect(scheduled.memory.peakByKind[.gradients] == largest)
    }
}
