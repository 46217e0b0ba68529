import Foundation

/// Benchmarks, each beside a peer in the same run.
@main
struct Bench {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "step": try StepBench(arguments: Array(arguments.dropFirst())).run()
        case "products-float": try FloatProductBench(arguments: Array(arguments.dropFirst())).run()
        default:
            FileHandle.standardError.write(
                Data(
                    """
                    usage: zeroth-bench step NETWORK_DIR [--batch 16] [--sequence 64] [--threads 2] [--runs 7] [--python python3]
                      one bit-exact QuZO step of all weights beside PyTorch's FP32 MeZO step, in turn, in one run
                           zeroth-bench products-float [--runs 7] [--shape MxNxK] [--python python3]
                      floating-point matrix products of every accumulator beside the FP32 multiply-add peak and, with --python, PyTorch's FP32 product

                    """.utf8))
            exit(arguments.isEmpty || arguments == ["--help"] ? 0 : 2)
        }
    }
}
