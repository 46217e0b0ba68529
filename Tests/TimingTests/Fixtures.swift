import Foundation
import Hardware
import Programs

/// Machines and networks that the tests share.
enum Fixture {
    /// Folder of machine files in this checkout.
    static let machineFile: URL = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("hwmodels/edge-int8.json5")

    static func machine(_ overrides: [String] = []) throws -> Machine {
        try Machine(
            json5: Array(Data(contentsOf: machineFile)), file: "edge-int8.json5",
            overrides: overrides.map { try MachineOverride(parsing: $0) })
    }

    static let miniLM = EncoderShape(
        layers: 6, hidden: 384, heads: 12, intermediate: 1536, vocabulary: 30522, positions: 512, types: 2, classes: 2)

    static func step(
        _ method: StepDescription.Method, shape: EncoderShape = miniLM, batch: Int = 16, sequence: Int = 64,
        trainable: TrainableSet = .all, hasNewHead: Bool = true
    ) -> StepDescription {
        StepDescription(
            shape: shape, batch: batch, sequence: sequence, trainable: trainable, hasNewHead: hasNewHead, method: method
        )
    }
}

/// A small generator of repeatable random choices.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Fixture {
    /// A small network with sizes that divide nothing.
    static func randomStep(_ random: inout SplitMix) -> StepDescription {
        let heads = Int.random(in: 1...4, using: &random)
        let shape = EncoderShape(
            layers: Int.random(in: 1...2, using: &random), hidden: heads * Int.random(in: 1...20, using: &random),
            heads: heads, intermediate: Int.random(in: 1...150, using: &random), vocabulary: 50, positions: 32,
            types: 2,
            classes: Int.random(in: 2...5, using: &random))
        let methods: [StepDescription.Method] = [
            .inference(.w8a8), .quzo(residualBits: 0), .quzo(residualBits: 8), .quzo(residualBits: 16), .qat,
        ]
        let sets: [TrainableSet] = [.all, .last(count: 1), .head]
        return StepDescription(
            shape: shape, batch: Int.random(in: 1...5, using: &random),
            sequence: Int.random(in: 1...20, using: &random),
            trainable: sets.randomElement(using: &random)!, hasNewHead: Bool.random(using: &random),
            method: methods.randomElement(using: &random)!)
    }

    /// A machine with sizes that force tiles and refetches.
    static func randomMachine(_ random: inout SplitMix) throws -> Machine {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        let banks = 4
        let dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!
        if pick([0, 1, 2]) == 0 {
            // One memory for everything.
            return try machine([
                "organisation.array.rows=\(pick([3, 4, 8, 16]))", "organisation.array.columns=\(pick([2, 4, 8, 16]))",
                "organisation.array.dataflow=\(dataflow.rawValue)",
                "organisation.sram={unified: {bytes: \(pick([16384, 65536, 262144])), banks: 4, wordBits: 64, "
                    + "ports: \(pick([1, 2]))}}",
            ])
        }
        return try machine([
            "organisation.array.dataflow=\(dataflow.rawValue)",
            "organisation.array.rows=\(pick([3, 4, 8, 16]))", "organisation.array.columns=\(pick([2, 4, 8, 16]))",
            "organisation.array.doubleBuffered=\(Bool.random(using: &random))",
            "organisation.vectorUnit.lanes=\(pick([1, 4, 7, 32]))",
            "organisation.perturbationUnit.perturbationsPerCycle=\(pick([1, 5, 32]))",
            "organisation.sram.weight.banks=\(banks)", "organisation.sram.weight.wordBits=64",
            "organisation.sram.weight.bytes=\(pick([2048, 4096, 65536]))",
            "organisation.sram.activation.banks=\(banks)", "organisation.sram.activation.wordBits=64",
            "organisation.sram.activation.bytes=\(pick([16384, 32768, 262144]))",
            "organisation.sram.accumulator.banks=\(banks)", "organisation.sram.accumulator.wordBits=64",
            "organisation.sram.accumulator.bytes=\(pick([1024, 4096, 65536]))",
            "organisation.dram.burstBytes=\(pick([16, 32, 128]))",
            "organisation.dram.bandwidthGigabytesPerSecond=\(pick([1, 5, 19]))",
        ])
    }
}
