// swift-tools-version: 6.2
import PackageDescription

/// Targets in the order of the layers: each imports only what stands above it (docs/architecture.md).
let package = Package(
    name: "zeroth",
    products: [
        .executable(name: "zeroth", targets: ["zeroth"]),
        .executable(name: "zeroth-bench", targets: ["zeroth-bench"]),
        // The C interface: libzeroth-c, header Sources/CZeroth/include/zeroth.h.
        .library(name: "zeroth-c", type: .dynamic, targets: ["CAPI", "CZeroth"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .target(name: "CKernels"),
        .target(name: "CEmbedded", exclude: ["opinions"]),
        .target(name: "NumberFormats", exclude: ["coefficients.py", "gaussian_table.py"]),
        .target(name: "Kernels", dependencies: ["CKernels", "NumberFormats"]),
        .target(name: "Hardware", dependencies: ["CEmbedded", "NumberFormats"]),
        .target(name: "Networks", dependencies: ["CEmbedded", "NumberFormats", "Kernels"]),
        .target(name: "Programs", dependencies: ["Hardware", "Networks", "NumberFormats"]),
        .target(name: "Emulator", dependencies: ["Programs", "Networks", "Hardware", "Kernels", "NumberFormats"]),
        .target(name: "Timing", dependencies: ["Programs", "Networks", "Hardware"]),
        .target(
            name: "Costs",
            dependencies: ["Timing", "Programs", "Networks", "Hardware", "Kernels", "NumberFormats"]),
        .target(
            name: "FineTuning",
            dependencies: ["Emulator", "Programs", "Networks", "Hardware", "Kernels", "NumberFormats"]),
        .target(
            name: "Exploration",
            dependencies: ["Costs", "Timing", "Programs", "Networks", "Hardware", "Kernels", "NumberFormats"]),
        .target(
            name: "Traces",
            dependencies: ["Timing", "Emulator", "Programs", "Networks", "Hardware", "Kernels", "NumberFormats"]),
        .target(name: "Reports", dependencies: ["Costs", "FineTuning", "Exploration"]),
        .target(name: "CZeroth"),
        .target(name: "CAPI", dependencies: ["CZeroth", "Emulator", "NumberFormats"]),
        .executableTarget(
            name: "zeroth",
            dependencies: [
                "Reports", "Traces", "FineTuning", "Exploration", "Costs", "Timing", "Emulator", "Programs", "Networks",
                "Hardware",
                "Kernels",
                "NumberFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "zeroth-bench",
            dependencies: [
                "FineTuning", "Costs", "Timing", "Emulator", "Programs", "Networks", "Hardware", "Kernels",
                "NumberFormats",
            ],
            exclude: ["peers"]),
        .testTarget(
            name: "NumberFormatsTests", dependencies: ["NumberFormats", "Kernels", "Networks"],
            exclude: ["outside", "quantizers"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "CKernels", "NumberFormats"]),
        .testTarget(name: "HardwareTests", dependencies: ["Hardware"]),
        .testTarget(name: "NetworksTests", dependencies: ["Networks"], exclude: ["transformers"]),
        // Machines and steps that several test targets share; no product has it.
        .target(
            name: "ProgramFixtures", dependencies: ["Programs", "Networks", "Hardware", "NumberFormats"],
            path: "Tests/ProgramFixtures"),
        .testTarget(
            name: "ProgramsTests",
            dependencies: ["ProgramFixtures", "Programs", "Networks", "Hardware", "NumberFormats"]),
        .testTarget(
            name: "EmulatorTests",
            dependencies: ["Emulator", "Programs", "Networks", "Hardware", "Kernels", "NumberFormats"],
            exclude: ["decoder", "training"]),
        .testTarget(
            name: "CAPITests", dependencies: ["CAPI", "CZeroth", "Traces", "Emulator", "NumberFormats"]),
        .testTarget(
            name: "TracesTests",
            dependencies: [
                "ProgramFixtures", "Traces", "FineTuning", "Emulator", "Programs", "Networks", "Hardware", "Kernels",
                "NumberFormats",
            ]),
        .testTarget(
            name: "TimingTests", dependencies: ["ProgramFixtures", "Timing", "Programs", "Networks", "Hardware"],
            exclude: ["run_scalesim.py"]),
        .testTarget(
            name: "CostsTests", dependencies: ["Costs", "Timing", "Programs", "Networks", "Hardware"],
            exclude: ["recompute_cost.py"]),
        .testTarget(
            name: "ExplorationTests",
            dependencies: ["Exploration", "Costs", "Programs", "Networks", "Hardware", "NumberFormats"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Timing", "Programs", "Hardware"]),
        .testTarget(
            name: "FineTuningTests", dependencies: ["FineTuning", "Emulator", "Programs", "Networks", "Hardware"],
            exclude: ["independent"]),
        .testTarget(
            name: "zerothTests", dependencies: ["zeroth", "Networks"],
            exclude: ["exact", "gemm", "quantize", "traces", "random_sources.py", "recompute_reproduction.py"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
