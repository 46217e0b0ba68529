/// Matrix products to cost, from a SCALE-Sim topology file with GEMM columns.
///
/// The first line names the columns: `Layer, M, N, K,` in that order (SCALE-Sim 3.0.0, `topology_utils.py`,
/// `load_arrays_gemm`; it skips the line, so a file in another order would give other products without a word). Each
/// further line is one layer. The comma at a line's end, without which SCALE-Sim drops the last column, may be there or
/// not. Blank lines are passed over. A fourth column `Sparsity` may only say that nothing is left out (N:N).
public struct GEMMTopology: Sendable, Hashable {
    /// One product: C [m, n] = A [m, k] · B [k, n].
    public struct Layer: Sendable, Hashable {
        /// The name as it stands in the file, without white space around it; names may repeat.
        public let name: String
        /// Rows of A and C: the tokens.
        public let m: Int
        /// Columns of B and C: the outputs.
        public let n: Int
        /// Columns of A, rows of B: the inputs.
        public let k: Int

        /// Multiply-accumulates: m·n·k, at most `largestProduct` in what `GEMMTopology` reads.
        public var macs: Int { m * n * k }
    }

    /// The largest m, n or k: 2^31 − 1.
    public static let largestSize = Int(Int32.max)
    /// The most multiply-accumulates of a layer, 2^56: bytes, cycles and bits of it then fit in 64 bits.
    public static let largestProduct = 1 << 56
    /// The most layers of a file, 2^16.
    public static let mostLayers = 1 << 16

    /// At least one, in the order of the file.
    public let layers: [Layer]

    /// One product of sizes that a program gives; each at least 1 and at most `largestSize`, their product at most `largestProduct`.
    public init(name: String, m: Int, n: Int, k: Int) {
        layers = [Layer(name: name, m: m, n: n, k: k)]
    }

    /// Maps and reads a file; see `init(source:)`.
    public static func load(path: String) throws(InputError) -> GEMMTopology {
        try GEMMTopology(source: MappedFile(path: path))
    }

    /// Reads a topology.
    ///
    /// - Throws: `InputError.invalidUTF8` or `.topology`, which names the line.
    public init(source: any ByteSource) throws(InputError) {
        let lines = try textLines(of: source)
        do {
            layers = try Self.layers(of: lines)
        } catch {
            throw .topology(file: source.name, error)
        }
    }

    private static func layers(of lines: [String]) throws(GEMMTopologyProblem) -> [Layer] {
        var layers: [Layer] = []
        var columns: [String]?
        for (index, text) in lines.enumerated() {
            let line = index + 1
            let cells = cells(of: text)
            if cells.isEmpty { continue }
            guard let columns else {
                columns = try header(cells, line: line)
                continue
            }
            guard cells.count == columns.count else {
                throw .columns(line: line, found: cells.count, expected: columns)
            }
            guard layers.count < mostLayers else { throw .tooManyLayers(line: line, limit: mostLayers) }
            layers.append(try layer(cells, columns: columns, line: line))
        }
        guard !layers.isEmpty else { throw .noLayers }
        return layers
    }

    /// The cells of a line without white space around them; the comma at its end starts none.
    private static func cells(of line: String) -> [String] {
        var cells = line.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        if cells.last == "" { cells.removeLast() }
        return cells
    }

    /// The names of the columns, spelled as here whatever their case in the file.
    private static func header(_ cells: [String], line: Int) throws(GEMMTopologyProblem) -> [String] {
        let names = cells.map { $0.lowercased() }
        if names.contains(where: { $0.hasPrefix("ifmap") || $0.hasPrefix("filter") }) { throw .convolution(line: line) }
        guard names.count >= 4, names[0] == "layer" || names[0] == "layer name", names[1...3] == ["m", "n", "k"],
            names.count == 4 || names[4...] == ["sparsity"]
        else { throw .header(line: line, found: cells.joined(separator: ", ")) }
        return ["Layer", "M", "N", "K"] + (names.count == 5 ? ["Sparsity"] : [])
    }

    private static func layer(
        _ cells: [String], columns: [String], line: Int
    ) throws(GEMMTopologyProblem) -> Layer {
        guard !cells[0].isEmpty else { throw .nameEmpty(line: line) }
        var sizes: [Int] = []
        for (cell, column) in zip(cells[1...3], columns[1...3]) {
            guard let size = decimal(cell), (1...largestSize).contains(size) else {
                throw .size(line: line, column: column, found: cell, limit: largestSize)
            }
            sizes.append(size)
        }
        if cells.count == 5 {
            let ratio = cells[4].split(separator: ":", omittingEmptySubsequences: false).map { decimal(trimmed($0)) }
            guard ratio.count == 2, let part = ratio[0], part > 0, ratio[1] == part else {
                throw .sparsity(line: line, found: cells[4])
            }
        }
        let (plane, overflow) = sizes[0].multipliedReportingOverflow(by: sizes[1])
        guard !overflow, plane <= largestProduct / sizes[2] else {
            throw .tooLarge(line: line, m: sizes[0], n: sizes[1], k: sizes[2], limit: largestProduct)
        }
        return Layer(name: cells[0], m: sizes[0], n: sizes[1], k: sizes[2])
    }

    /// The number of digits alone; nil for signs, fractions and what 64 bits can't hold.
    private static func decimal(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(text) : nil
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace: (Character) -> Bool = \.isWhitespace
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
