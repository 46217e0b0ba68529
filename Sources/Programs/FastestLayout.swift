import Hardware
import NumberFormats

/// Cycles of a laid-out operation: what Timing measures.
public typealias NestTimer = (Nest, MachineModel) throws(ScheduleError) -> Int

// Layouts by measured time. Every candidate that fits is compared, by branch and bound: one whose lower bound is no better than the best
// measured so far is not measured. Candidates follow from the operation and the array's shape alone, and a clock's time of a given nest
// never grows with any rate, so a machine with more of anything but array never gets a slower layout (docs/architecture.md, "Tiles").

extension ProductScheduler {
    /// The layout that takes the fewest cycles; of equals the one expected to take fewest, then the one tried first.
    func fastest(_ timer: NestTimer) throws(ScheduleError) -> Nest {
        var candidates: [(tiling: Tiling, expected: Double)] = []
        forEachCandidate { tiling, traffic in
            for fitted in roomiest(tiling) {
                candidates.append((fitted, expectedCycles(fitted, traffic: traffic)))
            }
        }
        // Where nothing fits, `choose` says so.
        guard let likely = candidates.indices.min(by: { candidates[$0].expected < candidates[$1].expected }) else {
            return try nest()
        }
        var best = nest(candidates[likely].tiling)
        var cycles = try timer(best, model)
        let bounds = candidates.map { lowerBound($0.tiling) }
        // Ascending bounds: from the first that is no better on, none is.
        let order = candidates.indices.filter { $0 != likely && bounds[$0] < Double(cycles) }.sorted { a, b in
            (bounds[a], candidates[a].expected, a) < (bounds[b], candidates[b].expected, b)
        }
        for index in order {
            guard bounds[index] < Double(cycles) else { break }
            let nest = nest(candidates[index].tiling)
            guard nest.hasLessWork(than: cycles, on: model) else { continue }
            let measured = try timer(nest, model)
            if measured < cycles { (best, cycles) = (nest, measured) }
        }
        return best
    }

    /// The tiling with double buffers: every choice of them that fits and to which none can be added. More of them never cost time.
    private func roomiest(_ tiling: Tiling) -> [Tiling] {
        guard capacity.holds(need(tiling)) else { return [] }
        var fitting: [Int] = []
        for slots in stride(from: 15, through: 0, by: -1) where !fitting.contains(where: { $0 & slots == slots }) {
            if capacity.holds(need(tiling.doubling(slots))) { fitting.append(slots) }
        }
        return fitting.map(tiling.doubling)
    }

    /// Cycles that no clock goes below: the busiest unit's work without the rounding up of single commands, between the least that has to
    /// come before the array's first command and behind its last one.
    func lowerBound(_ t: Tiling) -> Double {
        let organisation = model.machine.organisation
        let work = moved(t)
        let (examples, heads) = (Parts(layout.examples, t.examples), Parts(layout.heads, t.heads))
        let (m, n, k) = (Parts(product.m, t.m), Parts(product.n, t.n), Parts(product.k, t.k))
        var arrayCycles = 0.0
        examples.visit { examples, e in
            heads.visit { heads, h in
                m.visit { ms, mTimes in
                    n.visit { ns, nTimes in
                        k.visit { ks, kTimes in
                            let cycles = array.cycles(
                                folds: examples * heads * array.folds(m: ms, n: ns, k: ks),
                                stream: array.stream(m: ms, n: ns, k: ks))
                            arrayCycles += Double(cycles) * Double(e * h * mTimes) * Double(nTimes * kTimes)
                        }
                    }
                }
            }
        }
        // The last tile's results, at least, are worked on and stored after the array.
        let last = Double(examples.least * heads.least) * Double(m.least) * Double(n.least)
        let lanes = Double(organisation.vectorUnit.lanes)
        let tail =
            last * Double(epiloguePass) / lanes
            + (resultIsResident ? 0 : last * Double(resultBytes) / model.bytesPerCycle)
        let rate = model.bytesPerCycle
        // Whole bursts at the full rate, and DRAM rows entered by whole tiles of one instance.
        var (firstDMA, secondDMA, resultDMA) = (0.0, 0.0, 0.0)
        let groups = (examples, heads)
        if !first.isResident {
            let turns = t.panel && !t.weightsOuter ? 1 : n.count
            let columns = t.panel && !t.weightsOuter ? Parts(product.k, product.k) : k
            firstDMA =
                leastBytes(first, rows: m, columns: columns, groups) * Double(turns) / rate
        }
        if !second.isResident {
            let turns = t.panel && t.weightsOuter ? 1 : m.count
            let columns = t.panel && t.weightsOuter ? Parts(product.k, product.k) : k
            secondDMA =
                leastBytes(second, rows: n, columns: columns, groups) * Double(turns) / rate
        }
        if !resultIsResident {
            resultDMA = leastBytes(layout.result, resultFormat, rows: m, columns: n, groups) / rate
        }
        if model.rowMissCycles > 0, t.examples * t.heads == 1 {
            let miss = Double(model.rowMissCycles) * Double(layout.examples * layout.heads)
            let (holdsFirst, holdsSecond) = (t.panel && !t.weightsOuter, t.panel && t.weightsOuter)
            if !first.isResident, !first.isShared {
                let loads = Double(m.whole) * (holdsFirst ? 1 : Double(n.count) * Double(k.whole))
                firstDMA += miss * loads * rowsEntered(first, t, rows: t.m, k: holdsFirst ? product.k : t.k)
            }
            if !second.isResident, !second.isShared {
                let loads = Double(n.whole) * (holdsSecond ? 1 : Double(m.count) * Double(k.whole))
                secondDMA += miss * loads * rowsEntered(second, t, rows: t.n, k: holdsSecond ? product.k : t.k)
            }
            if !resultIsResident {
                resultDMA += miss * Double(m.whole) * Double(n.whole) * rowsEntered(result: t, resultFormat)
            }
        }
        // Weights are perturbed between load and array.
        let isPerturbed = product.sign != .none && !second.isResident
        let perturbationRate = Double(organisation.perturbationUnit.perturbationsPerCycle)
        let perturbCycles = isPerturbed ? work.second / perturbationRate : 0
        let latency = Double(model.loadLatency)

        // The first tiles are loaded one after the other, the second operand's first unless the first one's is a panel.
        let firstTile = Double(distinct(first, t) * t.m * (t.panel && !t.weightsOuter ? product.k : t.k))
        let secondTile = Double(distinct(second, t) * t.n * (t.panel && t.weightsOuter ? product.k : t.k))
        let firstLoad = first.isResident ? 0 : firstTile * Double(first.storedBits) / 8 / rate
        let secondLoad = second.isResident ? 0 : secondTile * Double(second.storedBits) / 8 / rate
        let perturb = isPerturbed ? secondTile / perturbationRate : 0
        let streamsFirst = t.panel && !t.weightsOuter
        var head = 0.0
        if !first.isResident { head = latency + firstLoad + (streamsFirst ? 0 : secondLoad) }
        if !second.isResident { head = max(head, latency + secondLoad + (streamsFirst ? firstLoad : 0) + perturb) }

        let epilogueCycles = work.outputs * Double(epiloguePass) / lanes
        var vectorCycles = epilogueCycles
        if first.isDequantized { vectorCycles += work.first * Double(conversionPass(first)) / lanes }
        if second.isDequantized { vectorCycles += work.second * Double(conversionPass(second)) / lanes }
        var bound = max(head + arrayCycles + tail, vectorCycles, perturbCycles, firstDMA + secondDMA + resultDMA)
        // A tile is brought when the slot of the one `slots` before it is free: used, and brought with its own latency. So the ways of the tiles
        // of a buffer, from a load's start to the end of the tile's use, follow each other in as many chains as it has slots.
        if !second.isResident {
            let uses =
                second.isDequantized
                ? work.second * Double(conversionPass(second)) / lanes : perturbCycles + arrayCycles
            bound = max(bound, (secondDMA + latency * (work.second / secondTile) + uses) / Double(t.weightSlots))
        }
        if !first.isResident {
            let uses = first.isDequantized ? work.first * Double(conversionPass(first)) / lanes : arrayCycles
            bound = max(bound, (firstDMA + latency * (work.first / firstTile) + uses) / Double(t.streamSlots))
        }
        // Scales and bias of the inner dimension are brought before a result's tiles of k, and are free behind its epilogue. Loads keep their
        // order, so the operand that is brought for the result waits with them.
        let hasVectors =
            t.weightsOuter
            ? first.isScaled && !first.scalesAreResident
            : bias != nil || second.isScaled && !second.scalesAreResident
        if hasVectors {
            let inner = t.weightsOuter ? first : second
            let uses = epilogueCycles + (inner.isResident || inner.isDequantized ? 0 : arrayCycles)
            bound = max(bound, (latency * work.tiles + uses) / Double(t.streamSlots))
        }
        if t.sumSlots == 1 { bound = max(bound, arrayCycles + epilogueCycles) }
        // Sums of doubles may be a little above the exact ones.
        return bound * (1 - 1e-9)
    }

    /// Bytes of the whole bursts that an operand's tiles take at least, each loaded once; `columns` are those of k.
    private func leastBytes(
        _ operand: Operand, rows: Parts, columns: Parts, _ groups: (examples: Parts, heads: Parts)
    ) -> Double {
        let (runs, columns) = operand.matrix.rowsAreK ? (columns, rows) : (rows, columns)
        let one = (Parts(1, 1), Parts(1, 1))
        return leastBytes(
            operand.matrix, operand.stored, rows: runs, columns: columns, operand.isShared ? one : groups)
    }

    /// The same of a matrix in tiles of `rows` by `columns`, for each group of instances: a run that touches no other is covered by bursts of its
    /// own, wherever it begins; runs that touch are one.
    private func leastBytes(
        _ matrix: ProductLayout.Matrix, _ format: ElementFormat, rows: Parts, columns: Parts,
        _ groups: (examples: Parts, heads: Parts)
    ) -> Double {
        var bursts = 0.0
        columns.visit { width, columnTimes in
            let run = format.bytes(width)
            let perRun = ceilingDivision(run, model.burstBytes)
            rows.visit { height, rowTimes in
                groups.examples.visit { examples, exampleTimes in
                    groups.heads.visit { heads, headTimes in
                        // Instances that share a matrix fetch it once.
                        let dimensions = [
                            (height, matrix.row), (matrix.head == 0 ? 1 : heads, matrix.head),
                            (matrix.example == 0 ? 1 : examples, matrix.example),
                        ]
                        let runs = dimensions.reduce(1) { $0 * $1.0 }
                        let areApart = dimensions.allSatisfy { $0.0 == 1 || format.bytes($0.1) != run }
                        let count = areApart ? runs * perRun : ceilingDivision(runs * run, model.burstBytes)
                        bursts += Double(count) * Double(columnTimes * rowTimes) * Double(exampleTimes * headTimes)
                    }
                }
            }
        }
        return bursts * Double(model.burstBytes)
    }

    /// Tiles of `size` in `total`: whole ones and the rest.
    private struct Parts {
        let whole: Int
        let size: Int
        let rest: Int

        init(_ total: Int, _ size: Int) { (whole, self.size, rest) = (total / size, size, total % size) }

        var least: Int { rest > 0 ? rest : size }
        var count: Int { whole + (rest > 0 ? 1 : 0) }

        @inline(__always) func visit(_ body: (_ size: Int, _ times: Int) -> Void) {
            if whole > 0 { body(size, whole) }
            if rest > 0 { body(rest, 1) }
        }
    }
}

extension ProductScheduler.Tiling {
    /// Double buffers by bits: 1 weights, 2 sums, 4 streamed operand, 8 results.
    fileprivate func doubling(_ bits: Int) -> Self {
        var t = self
        t.weightSlots = bits & 1 == 0 ? 1 : 2
        t.sumSlots = bits & 2 == 0 ? 1 : 2
        t.streamSlots = bits & 4 == 0 ? 1 : 2
        t.resultSlots = bits & 8 == 0 ? 1 : 2
        return t
    }
}

extension StreamingScheduler {
    /// The layout that takes the fewest cycles; of equals the one tried first. Segments of rows are tried, too, wherever whole rows fit:
    /// else a machine on which they fit might be slower than a smaller one.
    func fastest(
        _ plan: StreamPlan, rows: (StreamPlan) -> RowPlan?, _ timer: NestTimer
    ) throws(ScheduleError) -> Nest {
        let plan = withOwnTiles(plan)
        // The one that is expected to take least, so that few others have to be measured. Where nothing fits, `nest` says so.
        var best = try nest(plan, rows: rows)
        var cycles = try timer(best, model)
        func measure(_ nest: Nest) throws(ScheduleError) {
            guard nest.hasLessWork(than: cycles, on: model) else { return }
            let measured = try timer(nest, model)
            if measured < cycles { (best, cycles) = (nest, measured) }
        }
        for tile in sizes(plan) {
            for slots in [2, 1] {
                let fits = SRAM.Buffer.allCases.allSatisfy {
                    need(plan, $0, tile: tile, slots: slots) <= capacity($0)
                }
                if fits { try measure(nest(plan, Choice(tile: tile, slots: slots))) }
            }
        }
        guard let rows = rows(plan) else { return best }
        for (units, segment) in rowChoices(rows) {
            for slots in [2, 1] {
                let choice = RowChoice(units: units, segment: segment, slots: slots)
                guard fits(rows, choice), leastCycles(rows, choice) < Double(cycles) else { continue }
                try measure(RowNest(self, rows, choice).nest())
            }
        }
        return best
    }
}

extension Nest {
    /// Whether every unit, port and tile buffer has less work than `cycles`; else the nest takes at least as long.
    ///
    /// A slot is taken from a load's start until all that reads the tile has ended, so a buffer's loads, with their latencies, and the work of
    /// one unit on its tiles follow each other in as many chains as it has slots.
    func hasLessWork(than cycles: Int, on model: MachineModel) -> Bool {
        var units = [Double](repeating: 0, count: 4)
        var ports = [Double](repeating: 0, count: model.ports.count)
        var loads = [Double](repeating: 0, count: buffers.count)
        var uses = [Double](repeating: 0, count: 4 * buffers.count)
        func walk(_ nodes: [NestNode], _ times: Double) {
            for node in nodes {
                switch node {
                case .release: break
                case .loop(let count, let body): walk(body, times * Double(count))
                case .command(let command):
                    let unit = Command.Unit.allCases.firstIndex(of: command.unit)!
                    let own: Double
                    switch command.work {
                    case .load(let transfer):
                        own = times * Double(model.leastCycles(transfer))
                        for buffer in command.acquires { loads[buffer] += own + times * Double(model.loadLatency) }
                    case .store(let transfer):
                        own = times * Double(model.leastCycles(transfer))
                    default:
                        own = times * Double(model.cycles(command))
                        for buffer in command.reads { uses[4 * buffer + unit] += own }
                    }
                    units[unit] += own
                    for use in model.portUses(command) { ports[use.port] += times * Double(use.cycles) }
                }
            }
        }
        walk(body, 1)
        var least = max(units.max() ?? 0, ports.max() ?? 0)
        for (buffer, way) in loads.enumerated() where way > 0 {
            let used = uses[4 * buffer..<4 * buffer + 4].max() ?? 0
            least = max(least, (way + used) / Double(buffers[buffer].slots))
        }
        return least * (1 - 1e-9) < Double(cycles)
    }
}

extension MachineModel {
    /// Cycles of a transfer wherever in a burst it starts: at least those of its bytes in whole bursts.
    func leastCycles(_ transfer: Transfer) -> Int {
        // Each run is covered by bursts of its own.
        let bursts =
            transfer.gathered
            ? self.bursts(transfer, residue: 0) : transfer.runs * ceilingDivision(transfer.runBytes, burstBytes)
        return transferCycles(bursts: bursts, rows: rowsEntered(transfer))
    }
}
