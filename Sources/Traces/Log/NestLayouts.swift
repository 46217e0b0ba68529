import Emulator
import NumberFormats
import Programs

/// The layouts of one nest's commands: what each one's event lines hold.
struct NestLayouts {
    struct Planned {
        let command: Command
        let layout: TraceLayout
        let fields: [PlannedField]
    }

    private let program: Program
    private let operation: Operation
    private let settings: StepSettings?
    private(set) var commands: [Planned] = []

    /// - Parameters:
    ///   - operation: one of those that run the nest; all have the same formats.
    ///   - settings: what the step draws; nil in inference.
    ///   - next: the number of the first layout.
    init(_ nest: Nest, of operation: Operation, in program: Program, settings: StepSettings?, numbersFrom next: Int) {
        (self.program, self.operation, self.settings) = (program, operation, settings)
        var found: [Planned] = []
        for (index, command) in nest.commands.enumerated() {
            let before = found.last?.command
            let fields = fields(command, behind: before)
            let layout = TraceLayout(
                number: next + index, command: index, unit: command.unit.rawValue, event: Self.event(command),
                rounding: rounding(command), place: Self.place(command), fields: fields.map(\.field))
            found.append(Planned(command: command, layout: layout, fields: fields))
        }
        commands = found
    }

    static func event(_ command: Command) -> String {
        switch command.work {
        case .load: "load"
        case .store: "store"
        case .perturb: "perturb"
        case .draw: "draw"
        case .update: "update"
        case .matmul: "matmul"
        case .vector: "vector"
        }
    }

    static func place(_ command: Command) -> [String] {
        switch command.work {
        case .load, .store: ["operand", "offset"]
        default: command.part?.origin == nil ? ["outer", "first", "element"] : ["example", "head", "m", "n", "k"]
        }
    }

    private func rounding(_ command: Command) -> String {
        let isQuZO = if case .quzo? = settings { true } else { false }
        switch command.work {
        case .load, .store, .matmul: return "none"
        case .perturb, .draw: return isQuZO ? "stochastic" : "none"
        case .update: return isQuZO ? settings?.rounding.word ?? "none" : "none"
        case .vector: return "nearest-even"
        }
    }

    // MARK: Fields

    private func fields(_ command: Command, behind before: Command?) -> [PlannedField] {
        switch command.work {
        case .load(let transfer), .store(let transfer):
            var result: [PlannedField] = []
            if transfer.gathered, let view = command.part?.views.first {
                result.append(field(.input, "rows", "int32", 32, view))
            }
            let buffer = command.writes.first ?? command.reads.first ?? 0
            let format = format(transfer.operand)
            let shape = Self.shape(
                transfer.dimensions.map(\.count), elements: transfer.runBytes * 8 / format.bits)
            let data = TraceField(.output, "data", format: format.rawValue, bits: format.bits, shape: shape)
            return result + [PlannedField(field: data, source: .transfer(transfer, buffer: buffer))]
        case .matmul(let block): return matmul(command, block)
        case .perturb(let weights, _, let draws): return perturb(command, weights, draws)
        case .draw(let values, let draws):
            let count = DrawCount(total: values, queries: queriesOfDraw)
            let plan = DrawPlan(
                rows: 1, columns: count.each, rowStride: count.each, first: command.part?.first ?? Affine(0))
            return randoms(plan, draws, queries(count.queries)) + [drawn(.output, values)]
        case .update(let weights, let draws):
            let queries = program.step.queries
            let each = max(1, weights / max(1, queries))
            let plan = DrawPlan(rows: 1, columns: each, rowStride: each, first: command.part?.first ?? Affine(0))
            var inputs = views(command, .input) { $0 < operation.reads.count }
            if case .perturb? = before?.work { inputs.append(restored(.input, each)) }
            return inputs + randoms(plan, draws, self.queries(queries))
                + views(command, .output) { $0 >= operation.reads.count }
        case .vector: return vector(command)
        }
    }

    private func matmul(_ command: Command, _ block: FoldBlock) -> [PlannedField] {
        guard case .product(let product) = operation.action, let views = command.part?.views, views.count == 3 else {
            return []
        }
        let (a, b) = (product.firstFormat, product.secondFormat)
        var result = [
            field(.input, "a", a.rawValue, a.bits, views[0]), field(.input, "b", b.rawValue, b.bits, views[1]),
        ]
        if block.accumulates { result.append(field(.input, "acc", "int32", 32, views[2])) }
        return result + [field(.output, "acc", "int32", 32, views[2])]
    }

    private func perturb(_ command: Command, _ weights: Int, _ draws: [Programs.RandomPurpose]) -> [PlannedField] {
        let first = command.part?.first ?? Affine(0)
        if case .product(let product) = operation.action {
            guard let view = command.part?.views.first(where: { $0.operand != nil }) else { return [] }
            let format = product.secondFormat
            let rows = view.dimensions.last?.count ?? 1
            let plan = DrawPlan(
                rows: rows, columns: view.runBytes * 8 / format.bits, rowStride: product.k, first: first)
            return views(command, .input) { $0 >= 0 } + randoms(plan, draws, [.running(0)])
                + views(command, .output) { _ in true }
        }
        if case .update = operation.action {
            // Before an update: what the last query's pass left is taken back, and stays in the unit.
            let plan = DrawPlan(rows: 1, columns: weights, rowStride: weights, first: first)
            return views(command, .input) { $0 >= 0 && $0 < operation.reads.count }
                + randoms(plan, draws, [.number(program.step.queries - 1)]) + [restored(.output, weights)]
        }
        var queries: [DrawPlan.Query] = [.running(0)]
        if case .perturbInPlace(.next, _, _, _) = operation.action { queries = [.running(-1), .running(0)] }
        let each = max(1, weights / queries.count)
        let plan = DrawPlan(rows: 1, columns: each, rowStride: each, first: first)
        return views(command, .input) { $0 < operation.reads.count } + randoms(plan, draws, queries)
            + views(command, .output) { $0 >= operation.reads.count }
    }

    private func vector(_ command: Command) -> [PlannedField] {
        guard let part = command.part else { return [] }
        let isTaken = { (view: TileView) in view.buffer.map { command.acquires.contains($0) } ?? false }
        if part.function == .perturbBias {
            if case .product = operation.action {
                let count = part.views.first.map { $0.bytes / 4 } ?? 1
                return views(command, .input) { $0 >= 0 } + [drawn(.input, count)]
                    + views(command, .output) { _ in true }
            }
            let count = part.views.first { $0.operand == program.step.queries }.map { $0.bytes / 4 } ?? 1
            return views(command, .input) { $0 < operation.reads.count }
                + [drawn(.input, count * program.step.queries)]
                + views(command, .output) { $0 >= operation.reads.count }
        }
        let isEpilogue = part.function == .epilogue
        let inputs = part.views.filter { view in
            guard let operand = view.operand else { return isEpilogue || !isTaken(view) }
            return operand < operation.reads.count
        }
        let outputs = part.views.filter { view in
            view.operand.map { $0 >= operation.reads.count } ?? !isEpilogue
        }
        return inputs.map { named(.input, $0) } + outputs.map { named(.output, $0) }
    }

    /// The views of operands that `isMeant`, those of no tensor as −1.
    private func views(
        _ command: Command, _ role: TraceField.Role, _ isMeant: (Int) -> Bool
    ) -> [PlannedField] {
        (command.part?.views ?? []).filter { isMeant($0.operand ?? -1) }.map { named(role, $0) }
    }

    private func named(_ role: TraceField.Role, _ view: TileView) -> PlannedField {
        if let operand = view.operand {
            let format = format(operand)
            return field(role, "t\(operand)", format.rawValue, format.bits, view, columns: columns(operand))
        }
        guard case .product(let product) = operation.action else { return field(role, "carried", "fp32", 32, view) }
        // Sums, or the second sign's weights or bias.
        if view.dimensions.count == 3 { return field(role, "acc", "int32", 32, view) }
        let isBias = view.dimensions.isEmpty
        let format = isBias ? ElementFormat.fp32 : product.secondFormat
        return field(role, "second", format.rawValue, format.bits, view)
    }

    private func field(
        _ role: TraceField.Role, _ name: String, _ format: String, _ bits: Int, _ view: TileView, columns: Int? = nil
    ) -> PlannedField {
        let elements = view.runBytes * 8 / bits
        var shape = Self.shape(view.dimensions.map(\.count), elements: elements)
        // A stream's run is whole rows, where they fit.
        if let columns, shape.count == 2, shape[0] == 1, elements > columns, elements % columns == 0 {
            shape = [elements / columns, columns]
        }
        return PlannedField(
            field: TraceField(role, name, format: format, bits: bits, shape: shape), source: .view(view))
    }

    /// Columns of a stream's operand that is rows of them; nil for others.
    private func columns(_ operand: Int) -> Int? {
        switch operation.action {
        case .embed(_, let columns): [1, 2, 6].contains(operand) ? columns : nil
        case .quantizeRows(_, let columns): operand < 2 ? columns : nil
        case .softmax(_, let columns): operand != 1 ? columns : nil
        case .addNorm(_, _, let columns, _): [0, 1, 4].contains(operand) ? columns : nil
        case .update(_, _, let columns, _), .perturbInPlace(_, _, _, let columns):
            format(operand).integer != nil
                && program[(operation.reads + operation.writes)[operand]].kind != .perturbations
                ? columns : nil
        default: nil
        }
    }

    private func drawn(_ role: TraceField.Role, _ count: Int) -> PlannedField {
        PlannedField(field: TraceField(role, "drawn", format: "int32", bits: 32, shape: [count]), source: .drawn)
    }

    private func restored(_ role: TraceField.Role, _ count: Int) -> PlannedField {
        PlannedField(field: TraceField(role, "restored", format: "int8", bits: 8, shape: [count]), source: .restored)
    }

    private func format(_ operand: Int) -> ElementFormat {
        let all = operation.reads + operation.writes
        return all.indices.contains(operand) ? program[all[operand]].format : .int8
    }

    /// Examples and heads are instances.
    static func shape(_ counts: [Int], elements: Int) -> [Int] {
        (counts.count == 3 ? [counts[0] * counts[1], counts[2]] : counts) + [max(1, elements)]
    }

    // MARK: Draws

    private struct DrawCount {
        let each: Int
        let queries: Int

        init(total: Int, queries: Int) {
            (each, self.queries) = (max(1, total / max(1, queries)), queries)
        }
    }

    private var queriesOfDraw: Int { if case .updateBias = operation.action { program.step.queries } else { 1 } }

    private func queries(_ count: Int) -> [DrawPlan.Query] {
        if case .product = operation.action { return [.running(0)] }
        return (0..<count).map { .number($0) }
    }

    private func randoms(
        _ plan: DrawPlan, _ draws: [Programs.RandomPurpose], _ queries: [DrawPlan.Query]
    ) -> [PlannedField] {
        queries.enumerated().flatMap { place, query in
            draws.flatMap { draw -> [PlannedField] in
                let purpose = draw.stream(settings)
                let name = purpose.fieldName + (queries.count > 1 ? ".q\(place)" : "")
                func field(_ what: String, _ bits: Int, _ shape: [Int]) -> TraceField {
                    TraceField(.random, "\(name).\(what)", format: "word", bits: bits, shape: shape)
                }
                return [
                    PlannedField(field: field("element", 48, [plan.rows]), source: .element(plan, query: query)),
                    PlannedField(
                        field: field("counter", 128, [plan.rows]), source: .counter(plan, query: query, purpose)),
                    PlannedField(
                        field: field("word", purpose.drawBits, [plan.rows, plan.columns]),
                        source: .word(plan, query: query, purpose)),
                ]
            }
        }
    }
}

extension Nest {
    /// All commands, in the order of the text.
    var commands: [Command] {
        var result: [Command] = []
        func walk(_ nodes: [NestNode]) {
            for node in nodes {
                switch node {
                case .command(let command): result.append(command)
                case .loop(_, let body): walk(body)
                case .release: break
                }
            }
        }
        walk(body)
        return result
    }

    /// Visits commands as they are issued, by their place in the text.
    func forEachIssue(_ visit: (Int) -> Void) {
        var next = 0
        func walk(_ nodes: [NestNode]) {
            for node in nodes {
                switch node {
                case .command:
                    visit(next)
                    next += 1
                case .release: break
                case .loop(let count, let body):
                    let start = next
                    for _ in 0..<count {
                        next = start
                        walk(body)
                    }
                    if count == 0 { next = start + Self.commandCount(body) }
                }
            }
        }
        walk(body)
    }

    private static func commandCount(_ nodes: [NestNode]) -> Int {
        nodes.reduce(0) { sum, node in
            switch node {
            case .command: sum + 1
            case .release: sum
            case .loop(_, let body): sum + commandCount(body)
            }
        }
    }

    /// How often each command runs, by its place in the text.
    var timesOfCommands: [Int] {
        var result: [Int] = []
        func walk(_ nodes: [NestNode], _ times: Int) {
            for node in nodes {
                switch node {
                case .command: result.append(times)
                case .release: break
                case .loop(let count, let body): walk(body, times * count)
                }
            }
        }
        walk(body, 1)
        return result
    }
}
