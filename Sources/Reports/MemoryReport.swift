import Programs

/// The allocator's peaks by kind, beside closed formulas.
public enum MemoryReport {
    public static func lines(_ scheduled: ScheduledProgram, of step: StepDescription, name: String) -> [String] {
        let terms = MemoryFormula.terms(of: step)
        var table = TextTable()
        table.append([
            "\(name): each kind at its own peak", "allocated, bytes", "by formula", "allocated/formula", "formula",
        ])
        table.rule()
        for kind in MemoryKind.allCases {
            guard let bytes = scheduled.memory.peakByKind[kind], bytes > 0 else { continue }
            guard let term = terms.first(where: { $0.kind == kind }), term.bytes > 0 else {
                table.append([CostReport.label(kind), Quantity.number(bytes), "-"])
                continue
            }
            table.append([
                CostReport.label(kind), Quantity.number(bytes), Quantity.number(term.bytes),
                Quantity.number(Double(bytes) / Double(term.bytes), digits: 4), term.formula,
            ])
        }
        return table.lines() + ["what stays on the chip is in the formulas and not in DRAM"]
    }
}
