/// Silicon area of a machine's parts, as far as its energy table's sources give it.
public struct MachineArea: Sendable, Hashable, Codable {
    public struct Part: Sendable, Hashable, Codable {
        /// The machine's field, such as `sram.weight` or `array`.
        public let part: String
        /// Nil where an entry has no area.
        public let squareMillimetres: Double?
        /// Where the areas come from; nil where one is missing.
        public let source: String?
        /// Entries without an area.
        public let missing: [String]
    }

    /// Memories, array, vector unit, perturbation unit. Generators, DMA engine, control and wires are parts of none.
    public let parts: [Part]
    /// Sum of the parts; nil where one is not known.
    public let squareMillimetres: Double?

    /// - A memory has the area of its banks.
    /// - An element of the array has, for each of its formats, as many multiply-accumulators as it does in a cycle, at least one: nothing is shared
    ///   between formats.
    /// - A lane has one circuit for each kind of operation, and the perturbation unit one for each weight that it perturbs, and that it
    ///   updates, in a cycle.
    ///
    /// - Throws: `HardwareError.missingEnergy` where the table has no row for a bank.
    public init(_ machine: Machine, prices: EnergyTable) throws(HardwareError) {
        let organisation = machine.organisation
        var parts: [Part] = []
        for (buffer, bank) in organisation.sram.memories {
            let macro = try prices.macro(for: buffer, of: organisation.sram)
            let source = prices.entries[macro.name + ".leakage"].map { "\($0.node), \($0.source)" }
            parts.append(
                Part(
                    part: String(organisation.sram.field(buffer).dropFirst("organisation.".count)),
                    squareMillimetres: Double(bank.banks) * macro.areaSquareMillimetres, source: source, missing: []))
        }
        /// A part made of circuits that entries name, so many of each.
        func circuits(_ part: String, _ counts: [(entry: String, times: Double)]) -> Part {
            var (sum, sources, missing): (Double, [String], [String]) = (0, [], [])
            for (name, times) in counts {
                guard let entry = prices.entries[name], let area = entry.squareMicrometres else {
                    missing.append(name)
                    continue
                }
                sum += times * area / 1e6
                if let source = entry.areaSource, !sources.contains(source) { sources.append(source) }
            }
            return Part(
                part: part, squareMillimetres: missing.isEmpty ? sum : nil,
                source: missing.isEmpty ? sources.joined(separator: "; ") : nil, missing: missing)
        }
        let array = organisation.array
        parts.append(
            circuits(
                "array",
                array.formats.map { format in
                    let rate = max(1, array.macsPerCyclePerElement[format] ?? 0)
                    return ("mac.\(format.rawValue)", Double(array.elements) * rate)
                }))
        parts.append(
            circuits(
                "vectorUnit",
                VectorOperation.allCases.map { ("vector.\($0.rawValue)", Double(organisation.vectorUnit.lanes)) }))
        let unit = organisation.perturbationUnit
        parts.append(
            circuits(
                "perturbationUnit",
                [
                    ("perturbation", Double(unit.perturbationsPerCycle)), ("update", Double(unit.updatesPerCycle)),
                ]))
        self.parts = parts
        let known = parts.compactMap(\.squareMillimetres)
        squareMillimetres = known.count == parts.count ? known.reduce(0, +) : nil
    }
}
