import Hardware
import NumberFormats

/// Lays a matrix product out on the array.
///
/// Sums stay in the accumulator buffer while k advances, so k is the innermost tile loop; of m and n either may be the outer
/// one. The operand of the outer dimension can be held as a panel over the whole of k and is then fetched once; an operand
/// that is not is fetched again in each turn of the other dimension, and weights that are perturbed on load are perturbed
/// again with it. Instances of attention products share a tile in groups: heads of an example, then whole examples.
struct ProductScheduler {
    /// Tiles and loop order of a candidate.
    struct Tiling: Hashable {
        var examples: Int
        var heads: Int
        var m: Int
        var n: Int
        var k: Int
        var weightsOuter: Bool
        /// The outer dimension's operand is held over the whole of k.
        var panel: Bool
        var weightSlots = 1
        var streamSlots = 1
        var sumSlots = 1
        var resultSlots = 1
    }

    /// One operand of the product.
    struct Operand {
        /// Place in the operation's `reads` followed by its `writes`.
        let values: Int
        let scales: Int?
        /// As stored, and as the array reads it.
        let stored: ElementFormat
        let read: ElementFormat
        /// Their widths, which candidates ask for often.
        let storedBits: Int
        let readBits: Int
        let matrix: ProductLayout.Matrix
        let scaleMatrix: ProductLayout.Matrix
        let isResident: Bool
        let scalesAreResident: Bool
        /// One matrix serves every instance, as both signs' weights do before they are perturbed.
        let isShared: Bool
        /// Codes or values that the array reads in another format.
        var isDequantized: Bool { stored != read }
        func storedBytes(_ elements: Int) -> Int { (elements * storedBits + 7) / 8 }
        func readBytes(_ elements: Int) -> Int { (elements * readBits + 7) / 8 }
        /// Its scales are the epilogue's.
        var isScaled: Bool { scales != nil && !isDequantized }
    }

    let model: MachineModel
    let objective: ScheduleObjective
    let operation: String
    let product: Product
    let layout: ProductLayout
    let array: ArrayModel
    let first: Operand
    let second: Operand
    private let bias: Int?
    private let perturbationDraws: [RandomPurpose]
    /// Tiles begin at even elements, since two codes share a byte.
    private let hasNibbles: Bool
    private let result: Int
    private let resultFormat: ElementFormat
    let resultBytes: Int
    let resultIsResident: Bool
    private let copy: Int?
    private let copyIsResident: Bool
    private let epilogue: VectorWork
    private let operandCount: Int
    let capacity: Room
    /// Vector cycles of one pass over the lanes.
    let epiloguePass: Int
    private let dequantizePass: Int
    private let castPass: Int

    init(
        _ product: Product, _ operation: Operation, in program: Program, isResident: [Bool], model: MachineModel,
        objective: ScheduleObjective
    ) throws(ScheduleError) {
        self.product = product
        self.model = model
        self.objective = objective
        self.operation = operation.name
        guard let array = model.arrays[product.format] else {
            let formats = model.machine.organisation.array.formats.map(\.rawValue)
            throw .unsupportedFormat(
                operation: operation.name,
                reason: HardwareError.unsupportedFormat(
                    machine: model.machine.name, format: product.format.rawValue, supported: formats
                ).description)
        }
        self.array = array
        let formats = operation.reads.map { program[$0].format }
        let count = operation.reads.count
        let secondPlace = formats[0].hasScales ? 2 : 1
        let batch = program.step.batch
        var layout = ProductLayout(
            product, step: program.step, secondIsTransposed: formats[secondPlace].hasScales)
        let firstIsShared =
            product.sign == .both && program[operation.reads[0]].elements(batch: batch) == product.m * product.k
        if firstIsShared { layout.shareFirst() }
        self.layout = layout
        var next = 0
        func operand(
            _ matrix: ProductLayout.Matrix, _ scaleMatrix: ProductLayout.Matrix, _ read: ElementFormat, isShared: Bool
        ) -> Operand {
            let values = next
            let isCodes = formats[values].hasScales
            next += isCodes ? 2 : 1
            return Operand(
                values: values, scales: isCodes ? values + 1 : nil, stored: formats[values], read: read,
                storedBits: formats[values].bits, readBits: read.bits, matrix: matrix, scaleMatrix: scaleMatrix,
                isResident: isResident[values],
                scalesAreResident: isCodes && isResident[values + 1], isShared: isShared)
        }
        first = operand(layout.first, layout.firstScales, product.firstFormat, isShared: firstIsShared)
        second = operand(
            layout.second, layout.secondScales, product.secondFormat, isShared: product.sign == .both)
        bias = next < count ? next : nil
        perturbationDraws = program.step.method.perturbationDraws
        result = count
        copy = operation.writes.count > 1 ? count + 1 : nil
        resultFormat = program[operation.writes[0]].format
        resultBytes = resultFormat.bits / 8
        resultIsResident = isResident[count]
        copyIsResident = operation.writes.count > 1 && isResident[count + 1]
        epilogue = .epilogue(
            integers: product.firstFormat.integer != nil, scales: (first.isScaled ? 1 : 0) + (second.isScaled ? 1 : 0),
            bias: bias != nil, narrow: resultFormat != .fp32, copy: operation.writes.count > 1)
        operandCount = count + operation.writes.count
        let organisation = model.machine.organisation
        let tileBytes = MemoryPlanner.tileBytes(model.machine)
        capacity =
            organisation.sram.isUnified
            ? Room(weight: 0, activation: tileBytes, accumulator: 0)
            : Room(
                weight: organisation.sram.weight.bytes, activation: tileBytes,
                accumulator: organisation.sram.accumulator.bytes)
        epiloguePass = epilogue.cycles(on: organisation.vectorUnit)
        dequantizePass = VectorWork.dequantize.cycles(on: organisation.vectorUnit)
        castPass = VectorWork.copy(1).cycles(on: organisation.vectorUnit)
        hasNibbles = first.stored.bits == 4 || second.stored.bits == 4
    }

    /// Bytes of a sum in the accumulator buffer.
    private var sumBytes: Int { array.sumBits / 8 }
    /// An output-stationary chain can't be taken up again: where the order of sums decides bits, a tile has all of k.
    private var sumsNeedAllOfK: Bool {
        let arithmetic = model.machine.arithmetic
        switch arithmetic.accumulator(product.format) {
        case .exact, .integer(_, .wrap): return false
        default: return array.dataflow == .outputStationary && arithmetic.order == .reentry
        }
    }

    // MARK: Choosing

    /// Bytes by on-chip buffer; a memory that all share counts as `activation`.
    struct Room {
        let weight: Int
        let activation: Int
        let accumulator: Int

        func holds(_ need: Room) -> Bool {
            need.weight <= weight && need.activation <= activation && need.accumulator <= accumulator
        }
        subscript(buffer: SRAM.Buffer) -> Int {
            switch buffer {
            case .weight: weight
            case .activation: activation
            case .accumulator: accumulator
            }
        }
    }

    /// Bytes that a tiling's buffers take, with the slots it asks for.
    func need(_ t: Tiling) -> Room {
        let group = t.examples * t.heads
        let secondK = t.panel && t.weightsOuter ? product.k : t.k
        let firstK = t.panel && !t.weightsOuter ? product.k : t.k
        // Both signs' weights are two tiles made of one fetch.
        func bytes(_ operand: Operand, _ rows: Int, _ k: Int, group: Int) -> Int {
            let elements = group * rows * k
            if operand.isDequantized {
                let scales =
                    operand.scales == nil || operand.scalesAreResident
                    ? 0 : 4 * group * (operand.matrix.rowsAreK ? k : rows)
                return operand.readBytes(elements) + scales
                    + (operand.isResident ? 0 : operand.storedBytes(elements))
            }
            return operand.isResident ? 0 : operand.readBytes(elements)
        }
        let sums = sumBytes * group * t.m * t.n
        var vectors = bias == nil ? 0 : 4 * t.n * product.biasSign.copies
        if first.isScaled, !first.scalesAreResident { vectors += 4 * distinct(first, t) * t.m }
        if second.isScaled, !second.scalesAreResident { vectors += 4 * distinct(second, t) * t.n }
        var results = 0
        if !resultIsResident { results += group * t.m * t.n * resultBytes }
        if copy != nil, !copyIsResident { results += group * t.m * t.n * 2 }
        let weight = bytes(second, t.n, secondK, group: group) * t.weightSlots
        let activation =
            bytes(first, t.m, firstK, group: distinct(first, t)) * t.streamSlots + vectors * t.streamSlots
            + results * t.resultSlots
        if model.machine.organisation.sram.isUnified {
            return Room(weight: 0, activation: weight + activation + sums * t.sumSlots, accumulator: 0)
        }
        return Room(weight: weight, activation: activation, accumulator: sums * t.sumSlots)
    }

    /// Matrices of an operand in a tile's instances.
    func distinct(_ operand: Operand, _ t: Tiling) -> Int { operand.isShared ? 1 : t.examples * t.heads }
    /// Vector cycles of one pass over the lanes that brings an operand to the array's format.
    func conversionPass(_ operand: Operand) -> Int { operand.scales == nil ? castPass : dequantizePass }
    /// Matrices of an operand in all instances.
    private func distinct(_ operand: Operand) -> Int { operand.isShared ? 1 : product.instances }

    /// The tiling with as many double buffers as fit; nil where it does not fit at all.
    private func fitted(_ tiling: Tiling) -> Tiling? {
        var t = tiling
        guard capacity.holds(need(t)) else { return nil }
        t.weightSlots = 2
        if !capacity.holds(need(t)) { t.weightSlots = 1 }
        t.sumSlots = 2
        if !capacity.holds(need(t)) { t.sumSlots = 1 }
        t.streamSlots = 2
        if !capacity.holds(need(t)) { t.streamSlots = 1 }
        t.resultSlots = 2
        if !capacity.holds(need(t)) { t.resultSlots = 1 }
        return t
    }

    /// Elements that a tiling moves, refetches included. `tiles` counts those of the result.
    func moved(_ t: Tiling) -> (first: Double, second: Double, outputs: Double, tiles: Double) {
        let groups =
            Double(ceilingDivision(layout.examples, t.examples)) * Double(ceilingDivision(layout.heads, t.heads))
        let (mTiles, nTiles) = (ceilingDivision(product.m, t.m), ceilingDivision(product.n, t.n))
        let firstTurns = Double(t.panel && !t.weightsOuter ? 1 : nTiles)
        let secondTurns = Double(t.panel && t.weightsOuter ? 1 : mTiles)
        let instances = Double(product.instances)
        return (
            Double(distinct(first)) * Double(product.m) * Double(product.k) * firstTurns,
            Double(distinct(second)) * Double(product.n) * Double(product.k) * secondTurns,
            instances * Double(product.m) * Double(product.n), groups * Double(mTiles) * Double(nTiles)
        )
    }

    /// DRAM bytes that a tiling is expected to move, whatever its slots.
    func expectedTraffic(_ t: Tiling) -> Double {
        let (firstElements, secondElements, outputs, _) = moved(t)
        let firstK = t.panel && !t.weightsOuter ? product.k : t.k
        let secondK = t.panel && t.weightsOuter ? product.k : t.k
        return fetched(first, firstElements, padding(first, rows: t.m, k: firstK))
            + fetched(second, secondElements, padding(second, rows: t.n, k: secondK))
            + written(outputs, n: t.n, heads: t.heads)
    }

    private func fetched(_ operand: Operand, _ elements: Double, _ padding: Double) -> Double {
        operand.isResident ? 0 : elements * Double(operand.storedBits) / 8 * padding
    }

    /// Bytes of whole bursts over bytes wanted, where a tile's runs are fetched one by one.
    private func padding(_ operand: Operand, rows: Int, k: Int) -> Double {
        let columns = operand.matrix.rowsAreK ? rows : k
        if operand.matrix.row == columns { return 1 }
        let run = operand.storedBytes(columns)
        return Double(roundUp(run, to: model.burstBytes)) / Double(run)
    }

    /// DRAM bytes of `outputs` results in tiles of `n` columns.
    private func written(_ outputs: Double, n: Int, heads: Int) -> Double {
        var traffic = 0.0
        if !resultIsResident {
            let run = n * resultBytes
            let padded =
                layout.result.row == n || n == product.n && layout.heads == heads
                ? 1 : Double(roundUp(run, to: model.burstBytes)) / Double(run)
            traffic += outputs * Double(resultBytes) * padded
        }
        if copy != nil, !copyIsResident { traffic += outputs * 2 }
        return traffic
    }

    /// Cycles that a tiling is expected to take. Chooses among tilings; Timing does not use it.
    func expectedCycles(_ t: Tiling, traffic: Double) -> Double {
        let (firstElements, secondElements, outputs, tiles) = moved(t)
        let kTiles = ceilingDivision(product.k, t.k)
        let organisation = model.machine.organisation
        let group = t.examples * t.heads
        let matmul = Double(
            array.cycles(
                folds: group * array.folds(m: t.m, n: t.n, k: t.k), stream: array.stream(m: t.m, n: t.n, k: t.k)))
        let arrayCycles = tiles * Double(kTiles) * matmul
        let epilogueCycles = Double(ceilingDivision(group * t.m * t.n, organisation.vectorUnit.lanes) * epiloguePass)
        var vectorCycles = tiles * epilogueCycles
        let lanes = Double(organisation.vectorUnit.lanes)
        if first.isDequantized { vectorCycles += firstElements * Double(conversionPass(first)) / lanes }
        if second.isDequantized { vectorCycles += secondElements * Double(conversionPass(second)) / lanes }
        let perturbed = product.sign == .none ? 0 : secondElements
        let perturbCycles = perturbed / Double(organisation.perturbationUnit.perturbationsPerCycle)
        let dma = traffic / model.bytesPerCycle
        // A single buffer serializes what it separates.
        var cycles = max(dma, arrayCycles, vectorCycles, perturbCycles)
        if t.weightSlots == 1 || t.streamSlots == 1 { cycles = max(cycles, dma + arrayCycles) }
        if t.sumSlots == 1 { cycles = max(cycles, arrayCycles + tiles * epilogueCycles) }
        if t.resultSlots == 1 {
            cycles = max(cycles, vectorCycles + outputs * Double(resultBytes) / model.bytesPerCycle)
        }
        let fill = matmul + epilogueCycles + dma / max(1, tiles * Double(kTiles))
        return cycles + fill
    }

    /// What tiles begin at a multiple of.
    private var unit: Int { hasNibbles ? 2 : 1 }
    private var leastM: Int { min(unit, product.m) }
    private var sizesOfN: [Int] {
        NestBuilder.sizes(product.n, granule: min(roundUp(array.granuleOfN, to: unit), product.n))
    }
    private var sizesOfK: [Int] {
        sumsNeedAllOfK ? [product.k] : NestBuilder.sizes(product.k, granule: roundUp(array.granuleOfK, to: unit))
    }

    /// Every candidate, whether it fits or not, with its expected traffic, put together from what the sizes have in common. Candidates follow
    /// from the product and the array's shape alone.
    func forEachCandidate(_ consider: (Tiling, _ traffic: Double) -> Void) {
        // Groups of whole instances.
        if layout.examples * layout.heads > 1, product.sign != .both {
            var groups = NestBuilder.sizes(layout.heads, granule: 1).map { (1, $0) }
            groups += NestBuilder.sizes(layout.examples, granule: 1).map { ($0, layout.heads) }
            for (examples, heads) in groups {
                for weightsOuter in [true, false] {
                    let tiling = Tiling(
                        examples: examples, heads: heads, m: product.m, n: product.n, k: product.k,
                        weightsOuter: weightsOuter, panel: true)
                    consider(tiling, expectedTraffic(tiling))
                }
            }
        }
        // Tiles within an instance.
        let least = leastM
        let ms =
            NestBuilder.sizes(product.m, granule: min(roundUp(array.granuleOfM, to: unit), product.m))
            + (product.m > least ? [least] : [])
        let (ns, ks) = (sizesOfN, sizesOfK)
        // Both signs' instances share a tile.
        let examples = product.sign.copies
        let mTiles = ms.map { Double(ceilingDivision(product.m, $0)) }
        let firstOnce = Double(distinct(first)) * Double(product.m) * Double(product.k)
        let secondOnce = Double(distinct(second)) * Double(product.n) * Double(product.k)
        let outputs = Double(product.instances) * Double(product.m) * Double(product.n)
        // What rounding to bursts adds depends on k, or where an operand's rows are k on m and n.
        func byK(_ operand: Operand) -> [Double]? {
            operand.matrix.rowsAreK ? nil : ks.map { padding(operand, rows: 0, k: $0) }
        }
        let (firstByK, secondByK) = (byK(first), byK(second))
        let firstByM = ms.map { first.matrix.rowsAreK ? padding(first, rows: $0, k: 0) : 1 }
        let firstWhole = padding(first, rows: 1, k: product.k)
        let secondWhole = padding(second, rows: 1, k: product.k)
        for n in ns {
            let nTiles = Double(ceilingDivision(product.n, n))
            let written = written(outputs, n: n, heads: 1)
            let secondByN = second.matrix.rowsAreK ? padding(second, rows: n, k: 0) : 1
            for (kPlace, k) in ks.enumerated() {
                for weightsOuter in [true, false] {
                    for panel in [true, false] {
                        let (holdsFirst, holdsSecond) = (panel && !weightsOuter, panel && weightsOuter)
                        let firstPadding = holdsFirst ? firstWhole : firstByK?[kPlace] ?? 1
                        let secondPadding =
                            secondByK == nil ? secondByN : holdsSecond ? secondWhole : secondByK![kPlace]
                        let firstElements = firstOnce * (holdsFirst ? 1 : nTiles)
                        for (mPlace, m) in ms.enumerated() {
                            let padding = firstByK == nil ? firstByM[mPlace] : firstPadding
                            let secondElements = secondOnce * (holdsSecond ? 1 : mTiles[mPlace])
                            let traffic =
                                fetched(first, firstElements, padding) + fetched(second, secondElements, secondPadding)
                                + written
                            consider(
                                Tiling(
                                    examples: examples, heads: 1, m: m, n: n, k: k, weightsOuter: weightsOuter,
                                    panel: panel), traffic)
                        }
                    }
                }
            }
        }
    }

    func choose() throws(ScheduleError) -> Tiling {
        var best: (tiling: Tiling, traffic: Double, cycles: Double)?
        func consider(_ tiling: Tiling, _ traffic: Double) {
            // Most candidates are out by their traffic alone.
            if objective == .traffic, let best, traffic > best.traffic { return }
            guard let fitted = fitted(tiling) else { return }
            let cycles = expectedCycles(fitted, traffic: traffic)
            let isBetter: Bool
            if let best {
                switch objective {
                case .traffic: isBetter = (traffic, cycles) < (best.traffic, best.cycles)
                case .latency: isBetter = (cycles, traffic) < (best.cycles, best.traffic)
                }
            } else {
                isBetter = true
            }
            if isBetter { best = (fitted, traffic, cycles) }
        }
        forEachCandidate(consider)
        if let best { return best.tiling }
        let used = need(
            Tiling(
                examples: product.sign.copies, heads: 1, m: leastM, n: sizesOfN.last!, k: sizesOfK.last!,
                weightsOuter: true, panel: false))
        let memory = SRAM.Buffer.allCases.first { used[$0] > capacity[$0] } ?? .activation
        throw .tileDoesNotFit(operation: operation, memory, need: used[memory], machine: model.machine)
    }

    // MARK: Building

    private struct Place {
        let example: Affine, examples: Int
        let head: Affine, heads: Int
        var group: Int { examples * heads }
    }

    private func transfer(
        _ operand: Int, _ matrix: ProductLayout.Matrix, _ format: ElementFormat, _ place: Place, row: Affine, rows: Int,
        column: Affine,
        columns: Int
    ) -> Transfer {
        let start =
            place.example.scaled(by: matrix.example) + place.head.scaled(by: matrix.head)
            + row.scaled(by: matrix.row) + column
        // Instances that share a matrix fetch it once.
        return Transfer(
            operand: operand, offset: start.bytes(format),
            dimensions: [
                .init(count: matrix.example == 0 ? 1 : place.examples, pitch: format.bytes(matrix.example)),
                .init(count: matrix.head == 0 ? 1 : place.heads, pitch: format.bytes(matrix.head)),
                .init(count: rows, pitch: format.bytes(matrix.row)),
            ], runBytes: format.bytes(columns))
    }

    /// Rows and columns of an operand on the chip: in a slot of `buffer`, which holds no other, or in the resident tensor.
    private func view(
        _ operand: Int, _ matrix: ProductLayout.Matrix, _ buffer: Int?, _ place: Place, row: Affine, rows: Int,
        column: Affine, columns: Int, _ format: ElementFormat
    ) -> TileView {
        let start =
            place.example.scaled(by: matrix.example) + place.head.scaled(by: matrix.head)
            + row.scaled(by: matrix.row) + column
        let (examples, heads, run) = (place.examples, place.heads, format.bytes(columns))
        return TileView(
            operand: operand, buffer: buffer, offset: buffer == nil ? start.bytes(format) : Affine(0),
            dimensions: buffer == nil
                ? matrix.inTensor(examples: examples, heads: heads, rows: rows, format)
                : matrix.inTile(examples: examples, heads: heads, rows: rows, runBytes: run), runBytes: run)
    }

    /// What the array reads of an operand. A slot holds `heldK` of k, of which the part begins at `kInTile`.
    private func view(
        _ operand: Operand, _ buffer: Int?, _ place: Place, row: Affine, rows: Int, k: Affine, ks: Int, kInTile: Affine,
        heldK: Int
    ) -> TileView {
        let (matrix, format) = (operand.matrix, operand.read)
        let rowsAreK = matrix.rowsAreK
        guard let buffer else {
            return view(
                operand.values, matrix, nil, place, row: rowsAreK ? k : row, rows: rowsAreK ? ks : rows,
                column: rowsAreK ? row : k, columns: rowsAreK ? rows : ks, format)
        }
        var held = matrix.inTile(
            examples: place.examples, heads: place.heads, rows: rowsAreK ? heldK : rows,
            runBytes: format.bytes(rowsAreK ? rows : heldK))
        // Of weights perturbed both ways, the second sign's tile stands behind the first one's.
        if operand.isShared, operand.values == second.values {
            held[0] = .init(count: place.examples, pitch: rows * format.bytes(heldK))
        }
        return TileView(
            operand: operand.values, buffer: buffer,
            offset: rowsAreK ? kInTile.scaled(by: held[2].pitch) : kInTile.bytes(format),
            dimensions: rowsAreK ? [held[0], held[1], .init(count: ks, pitch: held[2].pitch)] : held,
            runBytes: format.bytes(rowsAreK ? rows : ks))
    }

    /// A tile of weights as it was brought, and the second sign's behind it where there is one.
    private func perturbed(_ operand: Operand, _ buffer: Int, rows: Int, ks: Int) -> [TileView] {
        let run = operand.readBytes(ks)
        return (0..<product.sign.copies).map {
            TileView(
                operand: $0 == 0 ? operand.values : nil, buffer: buffer, offset: Affine($0 * rows * run),
                dimensions: [.init(count: rows, pitch: run)], runBytes: run)
        }
    }

    /// Sums of a tile: instance by instance, row by row.
    private func sumsView(_ buffer: Int, _ place: Place, _ m: Int, _ n: Int) -> TileView {
        let run = sumBytes * n
        return TileView(
            operand: nil, buffer: buffer, offset: Affine(0),
            dimensions: [
                .init(count: place.examples, pitch: place.heads * m * run), .init(count: place.heads, pitch: m * run),
                .init(count: m, pitch: run),
            ], runBytes: run)
    }

    /// Buffers of one operand.
    private struct OperandBuffers {
        /// What the array reads; nil where it reads the resident tensor itself.
        var ready: Int?
        var staged: Int?
        var scales: Int?
    }

    func nest() throws(ScheduleError) -> Nest { nest(try choose()) }

    func nest(_ t: Tiling) -> Nest {
        var builder = NestBuilder()
        let (weightHome, sumHome) = (model.home(.weight), model.home(.accumulator))
        let group = t.examples * t.heads
        func buffers(
            _ operand: Operand, _ name: String, _ memory: SRAM.Buffer, group: Int, rows: Int, k: Int, slots: Int
        ) -> OperandBuffers {
            var result = OperandBuffers()
            let elements = group * rows * k
            if operand.isDequantized {
                if !operand.isResident {
                    result.staged = builder.buffer(
                        name + ".codes", memory, bytes: operand.storedBytes(elements), slots: slots)
                }
                if operand.scales != nil, !operand.scalesAreResident {
                    let count = group * (operand.matrix.rowsAreK ? k : rows)
                    result.scales = builder.buffer(name + ".scales", memory, bytes: 4 * count, slots: slots)
                }
                result.ready = builder.buffer(name, memory, bytes: operand.readBytes(elements), slots: slots)
            } else if !operand.isResident {
                result.ready = builder.buffer(name, memory, bytes: operand.readBytes(elements), slots: slots)
            }
            return result
        }
        let weights = buffers(
            second, "stationary", weightHome, group: group, rows: t.n, k: t.panel && t.weightsOuter ? product.k : t.k,
            slots: t.weightSlots)
        let stream = buffers(
            first, "streamed", .activation, group: distinct(first, t), rows: t.m,
            k: t.panel && !t.weightsOuter ? product.k : t.k,
            slots: t.streamSlots)
        func vector(_ name: String, _ bytes: Int) -> Int {
            builder.buffer(name, .activation, bytes: bytes, slots: t.streamSlots)
        }
        let firstScales =
            first.isScaled && !first.scalesAreResident
            ? vector("streamed.scales", 4 * distinct(first, t) * t.m) : nil
        let secondScales =
            second.isScaled && !second.scalesAreResident
            ? vector("stationary.scales", 4 * distinct(second, t) * t.n) : nil
        let biasBuffer = bias.map { _ in vector("bias", 4 * t.n * product.biasSign.copies) }
        let sums = builder.buffer(
            "sums", sumHome, bytes: sumBytes * group * t.m * t.n, slots: t.sumSlots)
        let resultBuffer =
            resultIsResident
            ? nil
            : builder.buffer(
                "result", .activation, bytes: group * t.m * t.n * resultBytes, slots: t.resultSlots)
        let copyBuffer =
            copy == nil || copyIsResident
            ? nil : builder.buffer("copy", .activation, bytes: group * t.m * t.n * 2, slots: t.resultSlots)

        /// Brings a tile of an operand to where the array reads it.
        func bring(
            _ operand: Operand, _ buffers: OperandBuffers, _ place: Place, row: Affine, rows: Int, k: Affine, ks: Int,
            isStationary: Bool
        ) -> [NestNode] {
            let home = isStationary ? weightHome : .activation
            let (storedRow, storedRows, column, columns) =
                operand.matrix.rowsAreK ? (k, ks, row, rows) : (row, rows, k, ks)
            var nodes: [NestNode] = []
            let elements = (operand.isShared ? 1 : place.group) * rows * ks
            if !operand.isResident, let target = buffers.staged ?? buffers.ready {
                nodes.append(
                    builder.load(
                        transfer(
                            operand.values, operand.matrix, operand.stored, place, row: storedRow, rows: storedRows,
                            column: column, columns: columns), into: target))
            }
            if isStationary, product.sign != .none, let target = buffers.ready {
                // On the fill path: the load's write is the only one, but for a second sign's tile.
                let more = (product.sign.copies - 1) * operand.readBytes(elements)
                nodes.append(
                    .command(
                        Command(
                            work: .perturb(
                                weights: elements, signs: product.sign.copies, draws: perturbationDraws),
                            acquires: [], reads: [target], writes: [target],
                            accesses: more == 0 ? [] : [.init(buffer: home, read: 0, written: more)],
                            part: .init(
                                first: row.scaled(by: operand.matrix.row) + k,
                                views: perturbed(operand, target, rows: rows, ks: ks)))))
            }
            if operand.isDequantized, let ready = buffers.ready {
                if let buffer = buffers.scales, let scales = operand.scales {
                    nodes.append(
                        builder.load(
                            transfer(
                                scales, operand.scaleMatrix, .fp32, place, row: storedRow, rows: storedRows,
                                column: Affine(0), columns: 1), into: buffer))
                }
                var read: [SRAM.Buffer: Int] = [:]
                read[operand.isResident ? .activation : home, default: 0] += operand.storedBytes(elements)
                if operand.scales != nil {
                    read[operand.scalesAreResident ? .activation : home, default: 0] += 4 * place.group * storedRows
                }
                let accesses = SRAM.Buffer.allCases.compactMap { memory -> Command.Access? in
                    let written = memory == home ? operand.readBytes(elements) : 0
                    let bytes = read[memory, default: 0]
                    return bytes + written > 0 ? .init(buffer: memory, read: bytes, written: written) : nil
                }
                nodes.append(
                    .command(
                        Command(
                            work: .vector((operand.scales == nil ? .copy(1) : .dequantize) * elements),
                            acquires: [ready],
                            reads: [buffers.staged, buffers.scales].compactMap { $0 }, writes: [ready],
                            accesses: accesses)))
                for buffer in [buffers.staged, buffers.scales] {
                    if let buffer { nodes.append(.release(buffer: buffer)) }
                }
            }
            return nodes
        }

        func matmul(
            _ place: Place, at m: Affine, _ ms: Int, _ n: Affine, _ ns: Int, _ k: Affine, _ ks: Int, accumulates: Bool
        ) -> NestNode {
            let block = FoldBlock(
                instances: place.group, m: ms, n: ns, k: ks, format: product.format, accumulates: accumulates)
            // A panel's slot holds all of k.
            let (holdsFirst, holdsSecond) = (t.panel && !t.weightsOuter, t.panel && t.weightsOuter)
            let part = Command.Part(views: [
                view(
                    first, stream.ready, place, row: m, rows: ms, k: k, ks: ks, kInTile: holdsFirst ? k : Affine(0),
                    heldK: holdsFirst ? product.k : ks),
                view(
                    second, weights.ready, place, row: n, rows: ns, k: k, ks: ks, kInTile: holdsSecond ? k : Affine(0),
                    heldK: holdsSecond ? product.k : ks), sumsView(sums, place, ms, ns),
            ])
            let traffic = array.traffic(block)
            let sumBytes = sumBytes * place.group * ms * ns
            let firstBytes = first.readBytes(place.group * ms * ks * traffic.first)
            let secondBytes = second.readBytes(place.group * ns * ks * traffic.second)
            let moved = Command.Access(
                buffer: sumHome, read: sumBytes * traffic.sumsRead, written: sumBytes * traffic.sumsWritten)
            // A resident tensor is read where it lies.
            let secondIsResident = second.isResident && !second.isDequantized
            let accesses: [Command.Access] =
                secondIsResident
                ? [.init(buffer: .activation, read: firstBytes + secondBytes, written: 0), moved]
                : [
                    .init(buffer: weightHome, read: secondBytes, written: 0),
                    .init(buffer: .activation, read: firstBytes, written: 0), moved,
                ]
            return .command(
                Command(
                    work: .matmul(block), acquires: accumulates ? [] : [sums],
                    reads: [weights.ready, stream.ready].compactMap { $0 }, writes: [sums],
                    accesses: Command.Access.merged(accesses), part: part))
        }

        func finish(_ place: Place, m: Affine, ms: Int, n: Affine, ns: Int) -> [NestNode] {
            let outputs = place.group * ms * ns
            var read = 4 * place.group * ((first.isScaled ? ms : 0) + (second.isScaled ? ns : 0))
            if bias != nil { read += 4 * ns * product.biasSign.copies }
            let written = outputs * (resultBytes + (copy == nil ? 0 : 2))
            func vector(_ operand: Int, _ matrix: ProductLayout.Matrix, _ buffer: Int?, _ start: Affine, _ count: Int)
                -> TileView
            {
                view(operand, matrix, buffer, place, row: start, rows: count, column: Affine(0), columns: 1, .fp32)
            }
            var views = [sumsView(sums, place, ms, ns)]
            if first.isScaled, let scales = first.scales {
                views.append(vector(scales, layout.firstScales, firstScales, m, ms))
            }
            if second.isScaled, let scales = second.scales {
                views.append(vector(scales, layout.secondScales, secondScales, n, ns))
            }
            if let bias {
                let copies = Transfer.Dimension(count: product.biasSign.copies, pitch: 4 * ns)
                views.append(
                    TileView(
                        operand: bias, buffer: biasBuffer, offset: Affine(0), dimensions: [copies], runBytes: 4 * ns))
            }
            for (operand, buffer, format) in [(result, resultBuffer, resultFormat), (copy ?? -1, copyBuffer, .bf16)]
            where operand >= 0 {
                views.append(
                    view(operand, layout.result, buffer, place, row: m, rows: ms, column: n, columns: ns, format))
            }
            var nodes: [NestNode] = [
                .command(
                    Command(
                        work: .vector(epilogue * outputs), acquires: [resultBuffer, copyBuffer].compactMap { $0 },
                        reads: [sums] + [firstScales, secondScales, biasBuffer].compactMap { $0 },
                        writes: [resultBuffer, copyBuffer].compactMap { $0 },
                        accesses: Command.Access.merged([
                            .init(buffer: .activation, read: read, written: written),
                            .init(buffer: sumHome, read: sumBytes * outputs, written: 0),
                        ]), part: .init(function: .epilogue, views: views))), .release(buffer: sums),
            ]
            for (buffer, operand, format) in [(resultBuffer, result, resultFormat), (copyBuffer, copy ?? 0, .bf16)] {
                guard let buffer else { continue }
                nodes.append(
                    builder.store(
                        transfer(
                            operand, layout.result, format, place, row: m, rows: ms, column: n, columns: ns),
                        from: buffer))
                nodes.append(.release(buffer: buffer))
            }
            return nodes
        }

        func firstVectors(_ place: Place, _ start: Affine, _ size: Int) -> [NestNode] {
            guard let buffer = firstScales, let scales = first.scales else { return [] }
            return [
                builder.load(
                    transfer(
                        scales, layout.firstScales, .fp32, place, row: start, rows: size, column: Affine(0),
                        columns: 1),
                    into: buffer)
            ]
        }

        func secondVectors(_ place: Place, _ start: Affine, _ size: Int) -> [NestNode] {
            var nodes: [NestNode] = []
            if let buffer = secondScales, let scales = second.scales {
                nodes.append(
                    builder.load(
                        transfer(
                            scales, layout.secondScales, .fp32, place, row: start, rows: size, column: Affine(0),
                            columns: 1), into: buffer))
            }
            if let buffer = biasBuffer, let bias {
                nodes.append(
                    builder.load(
                        Transfer(operand: bias, offset: start.scaled(by: 4), dimensions: [], runBytes: 4 * size),
                        into: buffer))
                if product.biasSign != .none {
                    let copies = product.biasSign.copies
                    // A second sign's copy stands behind the first one's.
                    let views = (0..<copies).map {
                        TileView(
                            operand: $0 == 0 ? bias : nil, buffer: buffer, offset: Affine(4 * size * $0),
                            dimensions: [], runBytes: 4 * size)
                    }
                    let part = Command.Part(function: .perturbBias, first: start, views: views)
                    // The sum is FP32, so nothing is rounded to a grid.
                    let draws = perturbationDraws.filter { $0 != .gridRounding }
                    nodes.append(
                        .command(
                            Command(
                                work: .draw(values: size, draws: draws), acquires: [], reads: [buffer],
                                writes: [buffer], accesses: [], part: part)))
                    nodes.append(
                        .command(
                            Command(
                                work: .vector(.perturbBias * (size * copies)), acquires: [], reads: [buffer],
                                writes: [buffer],
                                accesses: [.init(buffer: .activation, read: 4 * size, written: 4 * size * copies)],
                                part: part)))
                }
            }
            return nodes
        }

        func releases(_ buffers: [Int?]) -> [NestNode] { buffers.compactMap { $0.map { .release(buffer: $0) } } }

        /// One tile of results: k, then the epilogue.
        func inner(_ place: Place, m: Affine, ms: Int, n: Affine, ns: Int, depth: Int) -> [NestNode] {
            let holdsWeights = t.panel && t.weightsOuter
            let holdsStream = t.panel && !t.weightsOuter
            return NestBuilder.tiled(product.k, by: t.k, depth: depth, peelFirst: true) { k, ks, _, isFirst in
                var nodes: [NestNode] = []
                if !holdsWeights {
                    nodes += bring(second, weights, place, row: n, rows: ns, k: k, ks: ks, isStationary: true)
                }
                if !holdsStream {
                    nodes += bring(first, stream, place, row: m, rows: ms, k: k, ks: ks, isStationary: false)
                }
                nodes.append(matmul(place, at: m, ms, n, ns, k, ks, accumulates: !isFirst))
                if !holdsWeights { nodes += releases([weights.ready]) }
                if !holdsStream { nodes += releases([stream.ready]) }
                return nodes
            } + finish(place, m: m, ms: ms, n: n, ns: ns)
        }

        let whole = Affine(0)
        let body = NestBuilder.tiled(layout.examples, by: t.examples, depth: 0) { example, examples, depth, _ in
            NestBuilder.tiled(layout.heads, by: t.heads, depth: depth) { head, heads, depth, _ in
                let place = Place(example: example, examples: examples, head: head, heads: heads)
                if t.weightsOuter {
                    return NestBuilder.tiled(product.n, by: t.n, depth: depth) { n, ns, depth, _ in
                        var nodes = secondVectors(place, n, ns)
                        if t.panel {
                            nodes += bring(
                                second, weights, place, row: n, rows: ns, k: whole, ks: product.k, isStationary: true)
                        }
                        nodes += NestBuilder.tiled(product.m, by: t.m, depth: depth) { m, ms, depth, _ in
                            firstVectors(place, m, ms) + inner(place, m: m, ms: ms, n: n, ns: ns, depth: depth)
                                + releases([firstScales])
                        }
                        return nodes + releases([t.panel ? weights.ready : nil, secondScales, biasBuffer])
                    }
                }
                return NestBuilder.tiled(product.m, by: t.m, depth: depth) { m, ms, depth, _ in
                    var nodes = firstVectors(place, m, ms)
                    if t.panel {
                        nodes += bring(
                            first, stream, place, row: m, rows: ms, k: whole, ks: product.k, isStationary: false)
                    }
                    nodes += NestBuilder.tiled(product.n, by: t.n, depth: depth) { n, ns, depth, _ in
                        secondVectors(place, n, ns) + inner(place, m: m, ms: ms, n: n, ns: ns, depth: depth)
                            + releases([secondScales, biasBuffer])
                    }
                    return nodes + releases([t.panel ? stream.ready : nil, firstScales])
                }
            }
        }
        return Nest(buffers: builder.buffers, body: body, usefulBytes: usefulBytes())
    }

    private func usefulBytes() -> [Int] {
        var useful = [Int](repeating: 0, count: operandCount)
        let instances = product.instances
        func add(_ operand: Operand, rows: Int) {
            let instances = distinct(operand)
            if !operand.isResident {
                useful[operand.values] = operand.storedBytes(instances * rows * product.k)
            }
            guard let scales = operand.scales, !operand.scalesAreResident else { return }
            useful[scales] = 4 * instances * (operand.matrix.rowsAreK ? product.k : rows)
        }
        add(first, rows: product.m)
        add(second, rows: product.n)
        if let bias { useful[bias] = 4 * product.n }
        if !resultIsResident { useful[result] = instances * product.m * product.n * resultBytes }
        if let copy, !copyIsResident { useful[copy] = 2 * instances * product.m * product.n }
        return useful
    }
}
