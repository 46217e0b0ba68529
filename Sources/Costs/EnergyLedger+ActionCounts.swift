import Hardware
import NumberFormats
import Programs

extension EnergyLedger {
    /// Adds the actions of one operation, or of several of a kind, on a machine.
    ///
    /// SRAM bytes are charged at the price of a whole word's byte: the allocator places tensors word by word.
    ///
    /// - Parameter residualUpdates: how many of the updated weights carry a residual.
    /// - Throws: `HardwareError.missingEnergy` naming the entry that the table lacks.
    public mutating func add(
        _ counts: ActionCounts, residualUpdates: Int = 0, for kind: CostKind, on machine: Machine
    ) throws(HardwareError) {
        let organisation = machine.organisation
        for format in ElementFormat.allCases {
            try add(Double(counts.macs[format] ?? 0), "mac.\(format.rawValue)", .mac, by: .array, for: kind)
        }
        try add(Double(counts.registerBits), "register", .bit, by: .array, for: kind)
        for operation in VectorOperation.allCases {
            try add(
                Double(counts.vectorOperations[operation] ?? 0), "vector.\(operation.rawValue)", .operation,
                by: .vectorUnit, for: kind)
        }
        let randomBits = counts.randomBits.values.reduce(0, +)
        try add(
            Double(randomBits), machine.arithmetic.generator.energyEntry, .bit, by: .perturbationUnit,
            for: kind)
        try add(Double(counts.perturbedWeights), "perturbation", .weight, by: .perturbationUnit, for: kind)
        try add(Double(counts.updatedWeights), "update", .weight, by: .perturbationUnit, for: kind)
        try add(Double(residualUpdates), "update.residual", .weight, by: .perturbationUnit, for: kind)
        for buffer in SRAM.Buffer.allCases {
            let (read, written) = (counts.sramRead[buffer] ?? 0, counts.sramWritten[buffer] ?? 0)
            guard read + written > 0 else { continue }
            let macro = try table.macro(for: buffer, of: organisation.sram)
            try add(Double(read), macro.name + ".read", .byte, by: CostUnit(buffer), for: kind)
            try add(Double(written), macro.name + ".write", .byte, by: CostUnit(buffer), for: kind)
        }
        let dram = "dram.\(organisation.dram.standard)"
        try add(Double(counts.dramRead.transferred), dram + ".read", .byte, by: .dram, for: kind)
        try add(Double(counts.dramWritten.transferred), dram + ".write", .byte, by: .dram, for: kind)
    }
}
