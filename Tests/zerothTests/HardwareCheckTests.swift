import Foundation
import Testing

/// `hwmodels/rtl/check` and `hwmodels/rtl/faults`, the comparison of the SystemVerilog with the emulator. CI runs the check itself, in full; here it has to
/// fail where it should.
@Suite struct HardwareCheckTests {
    private static let folder: String = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appendingPathComponent("hwmodels/rtl").path
    }()

    /// Whether Verilator and a C++ compiler are there; or have to be.
    private static let hasVerilator =
        ProgramRun.isRequired || (has("verilator", "--version") && has("g++", "--version"))

    private static func has(_ program: String...) -> Bool {
        (try? ProgramRun.execute("/usr/bin/env", program, in: NSTemporaryDirectory()))?.status == 0
    }

    private static func run(_ script: String, _ arguments: String...) throws -> ProgramRun.Output {
        try ProgramRun.execute(
            "/usr/bin/env",
            ["python3", "\(folder)/\(script)"] + arguments + ["--zeroth", CommandLineTests.program],
            in: NSTemporaryDirectory())
    }

    /// Bits, cycles, taps, carries, roundings: each planted fault turns the row that has to see it red.
    @Test(.enabled(if: hasVerilator, "needs Verilator: apt-get install -y verilator g++"))
    func everyPlantedFaultIsFound() throws {
        let output = try Self.run("faults")
        #expect(output.status == 0, "\(output.out)\(output.err)")
        let lines = output.out.split(separator: "\n")
        let faults = lines.dropLast().filter { $0.contains("found") }.count
        #expect(faults >= 20)
        #expect(lines.last == "\(faults) found, 0 missed")
    }

    /// The same rows without a fault: a check that is always red would find all of them.
    @Test(.enabled(if: hasVerilator, "needs Verilator: apt-get install -y verilator g++"))
    func withoutAFaultTheRowsAreGreen() throws {
        let output = try Self.run(
            "check", "--no-lint", "--vectors", "5000", "--tiles", "300", "--icarus-vectors", "0", "--only", "philox",
            "perturb", "weight_update",
            "array_9x3x2_integer")
        #expect(output.status == 0, "\(output.out)\(output.err)")
        #expect(output.out.hasSuffix("\n5 passed, 0 failed\n"), "\(output.out)")
    }

    @Test(.enabled(if: ProgramRun.hasPython, "needs Python"))
    func aMissingToolIsNamedWithItsPackage() throws {
        // A folder without any program; Python itself by its path, since `python3` may be a script.
        let folder = FileManager.default.temporaryDirectory.path + "/zeroth-path-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let found = try ProgramRun.execute(
            "/usr/bin/env", ["python3", "-c", "import sys; print(sys.executable)"], in: folder)
        let python = found.out.trimmingCharacters(in: .whitespacesAndNewlines)
        for script in ["check", "faults"] {
            let output = try ProgramRun.execute(
                "/usr/bin/env", ["PATH=\(folder)", python, "\(Self.folder)/\(script)"], in: folder)
            #expect(output.status == 2, "\(output.out)\(output.err)")
            #expect(
                output.err.contains("verilator") && output.err.contains("apt-get install -y verilator"), "\(output.err)"
            )
        }
    }

    /// Rows of the table that do not exist would pass by not being there.
    @Test(.enabled(if: hasVerilator, "needs Verilator: apt-get install -y verilator g++"))
    func aRowThatDoesNotExistIsAFailure() throws {
        let output = try Self.run("check", "--icarus-vectors", "0", "--only", "fp32_addr")
        #expect(output.status != 0 && (output.out + output.err).contains("fp32_addr"), "\(output.out)\(output.err)")
    }
}
