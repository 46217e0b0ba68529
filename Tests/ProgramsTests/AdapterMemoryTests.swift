import Hardware
import Networks
import NumberFormats
import ProgramFixtures
import Programs
import Testing

/// `MemoryFormula` of adapters against what is alive, in DRAM or on the chip.
@Suite struct AdapterMemory {
    private func machine() throws -> Machine {
        try Fixture.machine([
            "organisation.dram.capacityBytes=\(1 << 42)",
            "organisation.array.macsPerCyclePerElement={int4: 2, int8: 1, bf16: 0.25}",
        ])
    }

    /// Each kind's most bytes at one operation, wherever its tensors lie.
    private func peaks(_ scheduled: ScheduledProgram) -> [MemoryKind: Int] {
        let program = scheduled.program
        var result: [MemoryKind: Int] = [:]
        for kind in MemoryKind.allCases {
            var changes = [Int](repeating: 0, count: program.operations.count + 1)
            for (index, tensor) in program.tensors.enumerated() where tensor.kind == kind {
                guard let life = scheduled.memory.lifetimes[index] else { continue }
                changes[life.lowerBound] += tensor.bytes(batch: program.step.batch)
                changes[life.upperBound + 1] -= tensor.bytes(batch: program.step.batch)
            }
            var now = 0
            for change in changes {
                now += change
                result[kind] = max(result[kind] ?? 0, now)
            }
        }
        return result
    }

    private func check(_ step: StepDescription, on machine: Machine) throws {
        let scheduled = try Lowering.schedule(step, on: machine)
        let peaks = peaks(scheduled)
        let terms = MemoryFormula.terms(of: step.on(machine))
        #expect(Set(terms.map(\.kind)).isSuperset(of: [.weights, .otherParameters]))
        for term in terms {
            // Micro-batches add their gradients to those that wait.
            if term.kind == .gradients, step.recipe?.microBatches != 1 { continue }
            #expect(
                peaks[term.kind] == term.bytes, "\(term) of \(step.method) \(step.trainable) \(step.network.layers)")
            #expect(scheduled.memory.peakByKind[term.kind] ?? 0 <= term.bytes)
        }
    }

    private static let recipes = [
        "qat,adam", "qat,adam8,checkpoint=layer", "qat,lion8,checkpoint=selective,update=end,gradient=fp32",
        "qat,sgd,master=bf16,update=end,micro=2", "quantized:int8,lion8,checkpoint=layer,update=end",
        "full:bf16,adam,update=end", "full:bf16,momentum,state=bf16,master=none,checkpoint=layer",
    ]

    @Test(arguments: [BuiltInNetwork.storiesOf260K, .miniLM, .optOf1300M, .llama2Of7B])
    func whatFormulasSayIsWhatIsAlive(name: BuiltInNetwork) throws {
        let isEncoder = !name.configuration.isCausal
        let network = isEncoder ? name.configuration.forClassification(classes: 2) : name.configuration
        let last: LinearLayer.Role = network.isGated ? .down : .output
        let sets = [
            LowRankAdapters(rank: 8), LowRankAdapters(rank: 4, targets: .allLinear, format: .bf16),
            LowRankAdapters(rank: 16, targets: .roles([.attentionOutput, last]), last: 2),
            LowRankAdapters(rank: 2, targets: .roles([last]), last: 1),
        ]
        var methods: [StepDescription.Method] = [.quzo(residualBits: 0), .quzo(residualBits: 16), .zoqo, .mezo]
        methods += try Self.recipes.map { .firstOrder(try FirstOrderRecipe($0)) }
        let machine = try machine()
        for adapters in sets {
            for method in methods {
                // Neither residuals nor ZOQO's steps are of values in floating point.
                if adapters.format != nil, [.quzo(residualBits: 16), .zoqo].contains(method) { continue }
                var own = adapters
                if case .firstOrder(let recipe) = method, recipe.scheme == .full { own.base = .int4 }
                let step = AdapterFixture.step(network, own, method, hasNewHead: isEncoder)
                try check(step, on: machine)
            }
        }
    }
}
