import Hardware
import NumberFormats

/// Which tiles: candidates, what they need and move, and the choice among them.
extension ProductScheduler {
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
    func distinct(_ operand: Operand) -> Int { operand.isShared ? 1 : product.instances }

    /// The tiling with as many double buffers as fit; nil where it does not fit at all.
    func fitted(_ tiling: Tiling) -> Tiling? {
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

    func fetched(_ operand: Operand, _ elements: Double, _ padding: Double) -> Double {
        operand.isResident ? 0 : elements * Double(operand.storedBits) / 8 * padding
    }

    /// Bytes of whole bursts over bytes wanted, where a tile's runs are fetched one by one.
    func padding(_ operand: Operand, rows: Int, k: Int) -> Double {
        let columns = operand.matrix.rowsAreK ? rows : k
        if operand.matrix.row == columns { return 1 }
        let run = operand.storedBytes(columns)
        return Double(roundUp(run, to: model.burstBytes)) / Double(run)
    }

    /// DRAM bytes of `outputs` results in tiles of `n` columns.
    func written(_ outputs: Double, n: Int, heads: Int) -> Double {
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
        let rate = model.bytesPerCycle
        let dma = traffic / rate + rowMissCycles(t)
        // A single buffer serializes what it separates.
        var cycles = max(dma, arrayCycles, vectorCycles, perturbCycles)
        if t.weightSlots == 1 || t.streamSlots == 1 { cycles = max(cycles, dma + arrayCycles) }
        if t.sumSlots == 1 { cycles = max(cycles, arrayCycles + tiles * epilogueCycles) }
        if t.resultSlots == 1 {
            cycles = max(cycles, vectorCycles + outputs * Double(resultBytes) / rate)
        }
        // From a load's start to the end of its tile's use; as many at a time as there are slots.
        let latency = Double(model.loadLatency)
        let loads = loads(t)
        func way(_ operand: Operand, _ elements: Double, _ loads: Double, perturbed: Double, slots: Int) -> Double {
            guard !operand.isResident else { return 0 }
            let uses =
                operand.isDequantized
                ? elements * Double(conversionPass(operand)) / lanes : perturbed + arrayCycles
            return (elements * Double(operand.storedBits) / 8 / rate + latency * loads + uses) / Double(slots)
        }
        cycles = max(
            cycles, way(first, firstElements, loads.first, perturbed: 0, slots: t.streamSlots),
            way(second, secondElements, loads.second, perturbed: perturbCycles, slots: t.weightSlots))
        let fill = matmul + epilogueCycles + traffic / rate / max(1, tiles * Double(kTiles)) + latency
        return cycles + fill
    }

    /// Loads of each operand's tiles.
    private func loads(_ t: Tiling) -> (first: Double, second: Double) {
        let (holdsFirst, holdsSecond) = (t.panel && !t.weightsOuter, t.panel && t.weightsOuter)
        let groups =
            Double(ceilingDivision(layout.examples, t.examples)) * Double(ceilingDivision(layout.heads, t.heads))
        let kTiles = Double(ceilingDivision(product.k, t.k))
        let (mTiles, nTiles) = (ceilingDivision(product.m, t.m), ceilingDivision(product.n, t.n))
        return (
            groups * Double(mTiles) * (holdsFirst ? 1 : Double(nTiles) * kTiles),
            groups * Double(nTiles) * (holdsSecond ? 1 : Double(mTiles) * kTiles)
        )
    }

    /// Cycles of the DRAM rows that a tiling's transfers are expected to enter.
    private func rowMissCycles(_ t: Tiling) -> Double {
        guard model.rowMissCycles > 0 else { return 0 }
        let (holdsFirst, holdsSecond) = (t.panel && !t.weightsOuter, t.panel && t.weightsOuter)
        let loads = loads(t)
        var rows = 0.0
        if !first.isResident {
            rows += loads.first * rowsEntered(first, t, rows: t.m, k: holdsFirst ? product.k : t.k)
        }
        if !second.isResident {
            rows += loads.second * rowsEntered(second, t, rows: t.n, k: holdsSecond ? product.k : t.k)
        }
        let tiles = moved(t).tiles
        if !resultIsResident { rows += tiles * rowsEntered(result: t, resultFormat) }
        if copy != nil, !copyIsResident { rows += tiles * rowsEntered(result: t, .bf16) }
        return rows * Double(model.rowMissCycles)
    }

    /// DRAM rows that a tile of an operand enters, as `MachineModel.rowsEntered` counts them.
    func rowsEntered(_ operand: Operand, _ t: Tiling, rows: Int, k: Int) -> Double {
        let (runs, columns) = operand.matrix.rowsAreK ? (k, rows) : (rows, k)
        return rowsEntered(operand.matrix, operand.stored, t, runs: runs, columns: columns)
    }

    func rowsEntered(result t: Tiling, _ format: ElementFormat) -> Double {
        rowsEntered(layout.result, format, t, runs: t.m, columns: t.n)
    }

    private func rowsEntered(
        _ matrix: ProductLayout.Matrix, _ format: ElementFormat, _ t: Tiling, runs: Int, columns: Int
    ) -> Double {
        // Instances lie between each other's rows: the tile's own transfer tells.
        guard t.examples * t.heads == 1 else {
            let place = Place(example: Affine(0), examples: t.examples, head: Affine(0), heads: t.heads)
            let tile = transfer(
                0, matrix, format, place, row: Affine(0), rows: runs, column: Affine(0), columns: columns)
            return Double(model.rowsEntered(tile))
        }
        return rowsEntered(runs: runs, run: format.bytes(columns), pitch: format.bytes(matrix.row))
    }

    private func rowsEntered(runs: Int, run: Int, pitch: Int) -> Double {
        let rowBytes = model.rowBytes
        if runs == 1 || pitch == run { return Double(ceilingDivision(runs * run, rowBytes)) }
        if pitch >= rowBytes { return Double(runs) * Double(ceilingDivision(run, rowBytes)) }
        return Double(max(ceilingDivision(run, rowBytes), ceilingDivision(pitch * runs, rowBytes)))
    }

    /// What tiles begin at a multiple of.
    var unit: Int { hasNibbles ? 2 : 1 }
    var leastM: Int { min(unit, product.m) }
    var sizesOfN: [Int] {
        NestBuilder.sizes(product.n, granule: min(roundUp(array.granuleOfN, to: unit), product.n))
    }
    var sizesOfK: [Int] {
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

    /// The best candidate that fits. By traffic: of those within a near tie of the least, the one expected to take least time, and of equals the
    /// one that moves less.
    func choose() throws(ScheduleError) -> Tiling {
        var least = Double.infinity
        func isNear(_ traffic: Double) -> Bool {
            objective == .latency || traffic <= least * (1 + ScheduleObjective.nearTie)
        }
        var near: [(tiling: Tiling, traffic: Double)] = []
        forEachCandidate { tiling, traffic in
            // Most candidates are out by their traffic alone, and of the others most by their sums.
            guard isNear(traffic) else { return }
            let sums = sumBytes * tiling.examples * tiling.heads * tiling.m * tiling.n
            guard sums <= max(capacity.accumulator, capacity.activation) else { return }
            // Where it fits matters now only if the least would be less.
            if traffic < least {
                guard capacity.holds(need(tiling)) else { return }
                least = traffic
            }
            near.append((tiling, traffic))
        }
        var best: (tiling: Tiling, traffic: Double, cycles: Double)?
        for (tiling, traffic) in near where isNear(traffic) {
            guard let fitted = fitted(tiling) else { continue }
            let cycles = expectedCycles(fitted, traffic: traffic)
            if let best, (best.cycles, best.traffic) <= (cycles, traffic) { continue }
            best = (fitted, traffic, cycles)
        }
        if let best { return best.tiling }
        let used = need(
            Tiling(
                examples: product.sign.copies, heads: 1, m: leastM, n: sizesOfN.last!, k: sizesOfK.last!,
                weightsOuter: true, panel: false))
        let memory = SRAM.Buffer.allCases.first { used[$0] > capacity[$0] } ?? .activation
        throw .tileDoesNotFit(operation: operation, memory, need: used[memory], machine: model.machine)
    }
}
