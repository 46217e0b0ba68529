import Foundation

/// Benchmarks, each beside a peer in the same run.
@main
struct Bench {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("zeroth-bench: \(error)\n".utf8))
            exit(error is BenchError ? 2 : 1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        switch arguments.first {
        case "step": try StepBench(arguments: Array(arguments.dropFirst())).run()
        case "cost": try CostBench(arguments: Array(arguments.dropFirst())).run()
        case "casts": try CastBench(arguments: Array(arguments.dropFirst())).run()
        case "products-float": try FloatProductBench(arguments: Array(arguments.dropFirst())).run()
        case "products": try ProductBench(arguments: Array(arguments.dropFirst())).run()
        case "tiles": try TileBench(arguments: Array(arguments.dropFirst())).run()
        case "decoder": try DecoderBench(arguments: Array(arguments.dropFirst())).run()
        case "array": try ArrayBench(arguments: Array(arguments.dropFirst())).run()
        default:
            FileHandle.standardError.write(
                Data(
                    """
                    usage: zeroth-bench step NETWORK_DIR [--batch 16] [--sequence 64] [--threads 2] [--runs 7] [--python python3]
                      one bit-exact QuZO step of all weights beside PyTorch's FP32 MeZO step, in turn, in one run
                           zeroth-bench cost [--network llama2-7b] [--hardware edge-int8] [--batch 16] [--sequence 128] [--runs 31]
                      costing one step of a network: lowering, layout, time, prices
                           zeroth-bench tiles NETWORK_DIR [--hardware edge-int8] [--batch 16] [--sequence 64] [--threads 1] [--runs 7] [--checked yes] [--set PATH=VALUE]
                      the same step tile by tile on modelled memories, checked and unchecked, beside whole layers, in turn, in one run
                           zeroth-bench casts [--elements 16777216] [--runs 7] [--python python3]
                      casts, stochastic rounding and Gaussians on one thread beside PyTorch, ml_dtypes and NumPy, in turn, in one run
                           zeroth-bench products-float [--runs 7] [--shape MxNxK] [--python python3]
                      floating-point matrix products of every accumulator beside the FP32 multiply-add peak and, with --python, PyTorch's FP32 product
                       zeroth-bench products [--runs 7] [--threads 2] [--shape MxNxK] [--python python3]
                      integer matrix products beside torch._int_mm and the instruction peak, in turn, in one run
                           zeroth-bench decoder FILE|DIR [--tokens 32] [--threads 2] [--runs 5] [--python python3] [--text FILE] [--tokenizer FILE] [--limit 1024]
                      greedy decoding in each precision, with --python beside transformers' Llama, in turn; with --text the loss on a text's first tokens
                           zeroth-bench array [--runs 7] [--array RxC] [--beats 64] [--folds 64]
                      the register-level model of the array: elements moved in a second; hwmodels/rtl/check measures Verilator on the same arrays

                    """.utf8))
            exit(arguments.isEmpty || arguments == ["--help"] ? 0 : 2)
        }
    }
}
