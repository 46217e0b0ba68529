import Emulator
import Foundation
import Hardware
import Kernels
import Networks
import NumberFormats
import Programs

/// Bytes in memory that own themselves.
private final class OwnedFile: ByteSource, @unchecked Sendable {
    let name: String
    let bytes: UnsafeRawBufferPointer

    init(_ name: String, _ contents: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 64)
        memory.copyBytes(from: contents)
        self.name = name
        bytes = UnsafeRawBufferPointer(memory)
    }

    deinit { bytes.deallocate() }
}

/// A small encoder with random weights, in sizes that divide nothing, and batches for it.
struct RandomEncoder {
    let checkpoint: EncoderCheckpoint
    let classes: Int
    let hasNewHead: Bool

    /// Sizes that are drawn from.
    struct Sizes {
        var headDimension = 1...13
        var intermediate = 1...70
        var classes = 2...4
        var positions = 24
        /// Of batches, padded.
        var sequence = 1...24
        /// Rounds up to even sizes, which 4-bit codes want.
        var areEven = false

        func rounded(_ size: Int) -> Int { areEven ? (size + 1) / 2 * 2 : size }
    }

    init(_ random: inout SplitMix, sizes range: Sizes = Sizes()) throws {
        let heads = Int.random(in: 1...4, using: &random)
        let hidden = heads * range.rounded(Int.random(in: range.headDimension, using: &random))
        let (layers, inner) = (
            Int.random(in: 1...2, using: &random), range.rounded(Int.random(in: range.intermediate, using: &random))
        )
        classes = Int.random(in: range.classes, using: &random)
        hasNewHead = Bool.random(using: &random)
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + (0..<20).map { "w\($0)" }
        let labels = (0..<classes).map { "\"\($0)\":\"L\($0)\"" }.joined(separator: ",")
        let numbers = (0..<classes).map { "\"L\($0)\":\($0)" }.joined(separator: ",")
        let configuration = OwnedFile(
            "config.json",
            Array(
                """
                {"architectures":["BertModel"],"model_type":"bert","hidden_act":"gelu","hidden_size":\(hidden),
                "num_hidden_layers":\(layers),"num_attention_heads":\(heads),"intermediate_size":\(inner),
                "max_position_embeddings":\(range.positions),"type_vocab_size":2,"layer_norm_eps":1e-5,"pad_token_id":0,
                "vocab_size":\(tokens.count),"id2label":{\(labels)},"label2id":{\(numbers)}}
                """.utf8))
        let sizes = try EncoderConfiguration(source: configuration)
        var named = EncoderParameter.all(in: sizes).map { ($0.name, $0.shape(in: sizes)) }
        if !hasNewHead {
            named += [
                (EncoderCheckpoint.headNames.weight, [classes, hidden]), (EncoderCheckpoint.headNames.bias, [classes]),
            ]
        }
        var entries: [String] = []
        var body: [UInt8] = []
        for (name, shape) in named {
            let start = body.count
            let isNorm = name.contains("LayerNorm.weight")
            for _ in 0..<shape.reduce(1, *) {
                let value = Float.random(in: -1...1, using: &random) + (isNorm ? 1 : 0)
                withUnsafeBytes(of: value.bitPattern.littleEndian) { body += Array($0) }
            }
            entries.append(
                "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(start),\(body.count)]}")
        }
        var header = Array("{\(entries.joined(separator: ","))}".utf8)
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        checkpoint = try EncoderCheckpoint(
            name: "random", configuration: configuration, weights: OwnedFile("weights", length + header + body),
            vocabulary: OwnedFile("vocab.txt", Array((tokens.joined(separator: "\n") + "\n").utf8)))
    }

    func parameters(
        residualBits: Int = 0, trainable: TrainableSet = .all, formats: StepFormats = .w8a8
    ) -> EncoderParameters {
        let parameters = EncoderParameters(
            checkpoint: checkpoint, classes: classes, precision: .quantized, formats: formats,
            kernels: Kernels(level: .highestAvailable), threads: 1)
        if residualBits > 0 {
            parameters.addResiduals(bits: residualBits, numbers: trainable.numbers(in: parameters.shape))
        }
        return parameters
    }

    /// A batch of examples of random lengths.
    func batch(count: Int, sequence: Int, _ random: inout SplitMix) -> EncodedBatch {
        let examples = (0..<count).map { _ in
            (0..<Int.random(in: 1...sequence, using: &random)).map { _ in Int32.random(in: 0..<25, using: &random) }
        }
        return EncodedBatch(
            examples: examples, labels: (0..<count).map { _ in Int32.random(in: 0..<Int32(classes), using: &random) },
            sequence: sequence, padding: 0)
    }
}

/// Machines that run INT8, and INT4 where they are told to.
enum TileMachine {
    /// Shipped ones, with what costing has and the emulated method does not need switched off.
    static let shipped: [(name: String, overrides: [String])] = [
        ("edge-int8", []), ("tpu-like", []), ("gemmini-like", []),
        ("quzo-edge", []), ("quzo-edge", ["organisation.perturbationUnit.sharedFetch=false"]),
        ("edge-int8", inPlace), ("gemmini-like", inPlace),
        ("edge-int4", ["arithmetic.weights=int8", "arithmetic.activations=int8"]),
        ("edge-int4", []), ("edge-int4", ["arithmetic.activations=int8"]),
        ("edge-int4", ["arithmetic.attention=int4", "arithmetic.head=int4"]), ("edge-int4", inPlace),
        ("edge-int4", ["organisation.perturbationUnit.sharedFetch=true"]),
    ]

    static let inPlace = ["organisation.perturbationUnit.placement=in-place"]

    static func load(_ name: String, _ overrides: [String] = []) throws -> Machine {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("hwmodels")
        let file = folder.appendingPathComponent(name + ".json5")
        return try Machine(
            json5: Array(Data(contentsOf: file)), file: file.path,
            overrides: overrides.map { try MachineOverride(parsing: $0) })
    }

    /// What makes a machine multiply in other formats than INT8.
    static func overrides(_ formats: StepFormats, int4Rate: Int = 2, int8Rate: Int = 1) -> [String] {
        [
            "arithmetic.weights=\(formats.weights.rawValue)", "arithmetic.activations=\(formats.activations.rawValue)",
            "arithmetic.attention=\(formats.attention.rawValue)", "arithmetic.head=\(formats.head.rawValue)",
            "organisation.array.macsPerCyclePerElement={int4: \(int4Rate), int8: \(int8Rate)}",
        ]
    }

    /// Sizes that force tiles, refetches, and odd places.
    static func random(_ random: inout SplitMix, _ formats: StepFormats = .w8a8) throws -> Machine {
        func pick(_ values: [Int]) -> Int { values.randomElement(using: &random)! }
        let dataflow = MatrixArray.Dataflow.allCases.randomElement(using: &random)!.rawValue
        var overrides = [
            "organisation.array.dataflow=\(dataflow)", "organisation.array.rows=\(pick([2, 3, 4, 8, 16]))",
            "organisation.array.columns=\(pick([2, 4, 5, 8, 16]))",
            "organisation.array.doubleBuffered=\(Bool.random(using: &random))",
            "organisation.dram.burstBytes=\(pick([16, 32, 128]))",
        ]
        overrides += [
            ["organisation.perturbationUnit.sharedFetch=false"], ["organisation.perturbationUnit.sharedFetch=true"],
            inPlace,
        ].randomElement(using: &random)!
        if pick([0, 1, 2]) == 0 {
            overrides.append(
                "organisation.sram={unified: {bytes: \(pick([6144, 16384, 65536])), banks: 4, wordBits: "
                    + "\(pick([8, 64])), ports: \(pick([1, 2]))}}")
        } else {
            for (name, sizes) in [
                ("weight", [512, 2048, 65536]), ("activation", [8192, 16384, 65536]),
                ("accumulator", [512, 2048, 65536]),
            ] {
                overrides.append(
                    "organisation.sram.\(name)={bytes: \(pick(sizes)), banks: \(pick([1, 4])), wordBits: "
                        + "\(pick([8, 64])), ports: \(pick([1, 2]))}")
            }
        }
        return try load("edge-int8", overrides + self.overrides(formats, int4Rate: pick([1, 2, 4])))
    }
}
