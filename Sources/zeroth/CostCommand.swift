import ArgumentParser
import FineTuning

/// `zeroth cost`: what work costs on a machine, without doing it.
struct CostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Say what a matrix product costs on an array, without computing it.",
        discussion: """
            With --oracle scale-sim the answer is what SCALE-Sim 2.0.2 and 3.0.0 report for the product C[M, N] = A[M, K] · B[K, N] \
            where nothing stalls, from closed forms: A is its ifmap, B its filter, C its ofmap, a word one element. The total that it \
            reports is one less than the cycles. DRAM counts, those of its CALC mode, need the sizes of its buffers.

            Examples:
              zeroth cost --gemm 128,4096,4096 --array 128x128 --dataflow ws --oracle scale-sim
              zeroth cost --gemm 64,768,768 --array 32x32 --dataflow os --oracle scale-sim --sram-kib 64,64,64 --json
            """)

    @Option(help: ArgumentHelp("A matrix product: rows of A, depth, columns of B.", valueName: "M,K,N"))
    var gemm: String?

    @Option(help: ArgumentHelp("The array: rows x columns.", valueName: "RxC"))
    var array: String?

    @Option(
        help: ArgumentHelp(
            "What stays in the array: ws (weights, B), os (outputs, C) or is (inputs, A).", valueName: "dataflow"))
    var dataflow: String?

    @Option(help: ArgumentHelp("Answer as another simulator would: scale-sim.", valueName: "name"))
    var oracle: String?

    @Option(
        help: ArgumentHelp(
            "Oracle: KiB of the buffers of ifmap, filter and ofmap, for DRAM counts.", valueName: "I,F,O"))
    var sramKib: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    mutating func run() throws {
        guard oracle == "scale-sim" else {
            throw RunError.badSetting(name: "oracle", value: oracle ?? "left out", allowed: "scale-sim")
        }
        try ScaleSimJob(gemm: gemm, array: array, dataflow: dataflow, sramKib: sramKib).show(json: json)
    }
}
