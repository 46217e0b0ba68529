import ArgumentParser
import Foundation
import Kernels
import Networks
import NumberFormats
import Reports

/// `zeroth quantize`: an array as codes and scales.
struct QuantizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Quantize an array: write its codes, its scales and what was lost.",
        discussion: """
            Reads a float32 .npy file in C order (float16 is widened, which is exact) of finite numbers. An array of more than two
            dimensions counts as rows of its last one, one of fewer as one row. Writes a folder:

              codes.npy           int8 (int4, int8), int16, or uint8 codes of a floating-point format, in the array's shape;
                                  with --packed uint8, two 4-bit codes a byte, the first in the low half, each row on its own bytes
              scales.npy          float32, one a group; for MX blocks uint8, E8M0 codes
              zero-points.npy     with --asymmetric: int8 or int16, one a group
              quantization.json   settings, shapes, SHA-256 of every file, errors; written last

            A number is about (code - zero point) * scale (docs/semantics.md, section 7).

            Examples:
              zeroth quantize w.npy w-int4 --format int4 --granularity group:128 --scale-rule mse --packed
              zeroth quantize w.npy w-mx --format e2m1 --granularity mx
              zeroth quantize x.npy x-int8 --format int8 --asymmetric --rounding stochastic-a --random-bits 8 --seed 1
            """)

    @Argument(help: ArgumentHelp("Array to read.", valueName: "in.npy"))
    var input: String

    @Argument(help: ArgumentHelp("Folder to write.", valueName: "dir"))
    var output: String

    @OptionGroup(title: "Quantizer") var options: QuantizeOptions

    @OptionGroup(title: "Rounding") var rounding: RoundingOptions

    @Flag(help: "Pack two 4-bit codes to a byte (int4, e2m1).")
    var packed = false

    @Flag(help: "Replace what an earlier quantization wrote there.")
    var overwrite = false

    @Flag(help: "Print quantization.json instead of a table.")
    var json = false

    @OptionGroup var threads: ThreadOptions

    func validate() throws {
        if packed, options.format.bits != 4 {
            throw ValidationError(
                "--packed needs a format of 4 bits, int4 or e2m1; --format is \(options.format.rawValue)")
        }
    }

    mutating func run() throws {
        let quantizer = try options.quantizer(rounding: rounding.mode)
        let folder = QuantizationFolder(path: output)
        try folder.checkVacant(overwrite: overwrite)
        for file in [input, rounding.random, options.scales, options.zeroPoints].compactMap({ $0 }) {
            try folder.checkOutside(file)
        }
        let array = try QuantizedArray(path: input)
        let given = try options.given(for: quantizer, array)
        let source = try rounding.source(count: array.file.elementCount)
        let bits = rounding.randomBits ?? 0
        let tensor = quantizer.quantized(
            array.numbers, rows: array.rows, columns: array.columns, given: given,
            threads: threads.count
        ) { element in source.bits(from: 0).word(at: element, bits: bits) }
        try array.checkRanges(tensor)

        try folder.begin(overwrite: overwrite)
        let files = try folder.write(tensor, shape: array.file.shape, packed: packed)
        let record = QuantizationRecord(
            tensor, input: try array.described(), files: files, scalesGiven: given != nil, packed: packed,
            rounding: rounding.rounding.rawValue,
            random: try rounding.random.map { .init(file: $0, sha256: try SHA256.hexadecimal(ofFile: $0)) }
                ?? rounding.seed.map {
                    .init(seed: $0, step: rounding.step ?? 0, query: rounding.query ?? 0, tensor: rounding.tensor ?? 0)
                })
        let text = try folder.finish(record)
        if json {
            Terminal.print(text)
        } else {
            for line in record.table(folder: output).lines() { Terminal.print(line) }
        }
    }
}
