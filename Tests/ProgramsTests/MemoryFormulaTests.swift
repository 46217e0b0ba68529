import Hardware
import Networks
import NumberFormats
import ProgramFixtures
import Programs
import Testing

@Suite struct MemoryFormulas {
    private static let recipes = [
        "qat,adam", "qat,adam8,checkpoint=layer", "qat,lion,checkpoint=selective,update=end",
        "qat,sgd,master=bf16,update=end",
        "quantized:int8,lion8,checkpoint=layer,update=end", "quantized:int8,sgd",
        "quantized:int8,sgd,checkpoint=selective",
        "full:bf16,adam",
        "full:bf16,momentum,state=bf16,master=none,update=end",
        "qat:int4/int8,adam,gradient=fp32,update=end",
    ]

    private func machine(_ overrides: [String] = []) throws -> Machine {
        try Fixture.machine(
            [
                "organisation.dram.capacityBytes=\(1 << 42)",
                "organisation.array.macsPerCyclePerElement={int4: 2, int8: 1, bf16: 0.25}",
            ] + overrides)
    }

    /// Tensors of networks this large do not fit the chip, so that formula and allocator count the same.
    private func check(_ step: StepDescription, _ overrides: [String] = []) throws {
        let machine = try machine(overrides)
        let step = step.on(machine)
        let scheduled = try Lowering.schedule(step, on: machine)
        let terms = MemoryFormula.terms(of: step)
        #expect(terms.count >= 2)
        for term in terms {
            let bytes = scheduled.memory.peakByKind[term.kind] ?? 0
            #expect(bytes <= term.bytes, "\(term) of \(step.method) has \(bytes)")
            // What stays on the chip: scales of a head or of a block, gradients of a classifier's head; of saved activations scales, and of the
            // last block what is read soon.
            let share = term.kind == .scales ? 0 : term.kind == .savedActivations ? 0.9 : 0.99
            #expect(Double(bytes) >= share * Double(term.bytes), "\(term) of \(step.method) has \(bytes)")
            if [.weights, .otherParameters, .residuals, .optimizerState].contains(term.kind) {
                // A classifier's weights, made each step of their masters, stay on the chip, too.
                let classifier = step.recipe?.master == nil ? 0 : 2 * (step.network.classes ?? 0) * step.network.hidden
                #expect(term.bytes - bytes <= (term.kind == .weights ? classifier : 0), "\(term) of \(step.method)")
            }
        }
    }

    @Test(arguments: [BuiltInNetwork.llama2Of7B, .optOf1300M, .robertaLarge])
    func whatFormulasSayIsWhatIsAllocated(name: BuiltInNetwork) throws {
        let isEncoder = !name.configuration.isCausal
        let network = isEncoder ? name.configuration.forClassification(classes: 2) : name.configuration
        var methods: [StepDescription.Method] = [.quzo(residualBits: 0), .quzo(residualBits: 16), .zoqo, .mezo]
        methods += try Self.recipes.map { .firstOrder(try FirstOrderRecipe($0)) }
        for method in methods {
            let step = StepDescription(
                network: network, batch: 1, sequence: 32, trainable: .all, hasNewHead: isEncoder, method: method)
            try check(step)
            // Weights without a grid have no residuals.
            if method == .quzo(residualBits: 16) { continue }
            try check(step, ["arithmetic.head=bf16", "arithmetic.embedding=bf16"])
        }
    }

    @Test func bytesOverTimeHaveThePeaksOfThePlan() throws {
        for text in Self.recipes {
            let step = Fixture.step(.firstOrder(try FirstOrderRecipe(text)), batch: 4, sequence: 16)
            let scheduled = try Lowering.schedule(step, on: machine())
            // Summed over the tensors that are alive and have a place in DRAM.
            let (program, plan, kinds) = (scheduled.program, scheduled.memory, MemoryKind.allCases)
            var bytes = [[Int]](
                repeating: [Int](repeating: 0, count: kinds.count), count: program.operations.count)
            for (index, tensor) in program.tensors.enumerated() {
                guard let life = plan.lifetimes[index], plan.addresses[index] != nil else { continue }
                let kind = try #require(kinds.firstIndex(of: tensor.kind))
                for operation in life { bytes[operation][kind] += tensor.bytes(batch: program.step.batch) }
            }
            for operation in bytes.indices { #expect(Array(plan.bytesByKind(at: operation)) == bytes[operation]) }
            #expect(bytes.map { $0.reduce(0, +) } == plan.timeline)
            for (index, kind) in kinds.enumerated() {
                #expect(bytes.map { $0[index] }.max() == plan.peakByKind[kind] ?? 0)
            }
        }
    }
}
