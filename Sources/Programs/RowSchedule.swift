import Hardware
import NumberFormats

/// Lays out streams whose pieces do not fit the chip whole, or whose fixed operands do not.
extension StreamingScheduler {
    /// Tiles of `units` pieces by `segment` of their elements.
    struct RowChoice {
        let units: Int
        let segment: Int
        let slots: Int
    }

    /// On-chip bytes of a choice's tiles in `memory`.
    func need(_ rows: RowPlan, _ memory: SRAM.Buffer, _ choice: RowChoice) -> Int {
        var sum = model.home(.activation) == memory ? carriedBytes(rows, choice) : 0
        for (place, operand) in rows.plan.operands.enumerated() {
            guard model.home(operand.memory) == memory, operand.replaces == nil, !isResident[operand.operand] else {
                continue
            }
            sum += rows.tileBytes(place, size: choice.units, segment: choice.segment) * slots(rows, place, choice)
        }
        return sum
    }

    private func carriedBytes(_ rows: RowPlan, _ choice: RowChoice) -> Int {
        choice.segment < rows.elements ? rows.carriedBytes * choice.units : 0
    }

    private func slots(_ rows: RowPlan, _ place: Int, _ choice: RowChoice) -> Int {
        [.once, .running].contains(rows.roles[place]) ? 1 : choice.slots
    }

    func fits(_ rows: RowPlan, _ choice: RowChoice) -> Bool {
        SRAM.Buffer.allCases.allSatisfy { need(rows, $0, choice) <= capacity($0) }
    }

    /// The choices that are tried, whether they fit or not, with two slots and with one: they follow from the operation alone.
    func rowChoices(_ rows: RowPlan) -> [(units: Int, segment: Int)] {
        let isContiguous = !rows.plan.operands.contains { $0.innerCount > 1 }
        var choices: [(units: Int, segment: Int)] = []
        let units = NestBuilder.sizes(rows.plan.units, granule: 1)
        // Whole pieces differ from the plain stream where a fixed operand is brought in parts.
        if zip(rows.plan.operands, rows.roles).contains(where: { $1 == .perExample || $1 == .beside })
            || rows.plan.outer > 1
        {
            choices += units.map { ($0, rows.elements) }
        }
        for segment in NestBuilder.sizes(rows.elements, granule: rows.granule) where segment < rows.elements {
            // Runs of a long row are long; what lies in columns wants neighbours beside it.
            choices += (isContiguous ? [1] : units).map { ($0, segment) }
        }
        return choices
    }

    /// The tiles that are expected to take least time; nil where none fits.
    func choose(_ rows: RowPlan) -> RowChoice? {
        var best: (choice: RowChoice, cycles: Double)?
        for (units, segment) in rowChoices(rows) {
            for slots in [2, 1] {
                let choice = RowChoice(units: units, segment: segment, slots: slots)
                guard fits(rows, choice) else { continue }
                let cycles = estimate(rows, choice)
                if best == nil || cycles < best!.cycles { best = (choice, cycles) }
                break
            }
        }
        return best?.choice
    }

    /// The choice with the least need, with which an error says what would do.
    func leastNeed(_ rows: RowPlan, _ memory: SRAM.Buffer) -> Int {
        var least = Int.max
        for segment in [rows.elements, rows.granule] {
            least = min(least, need(rows, memory, RowChoice(units: 1, segment: segment, slots: 1)))
        }
        return least
    }

    /// The phases of a choice.
    private func phases(_ rows: RowPlan, _ choice: RowChoice) -> [RowPlan.Phase] {
        choice.segment < rows.elements ? rows.phases : [rows.whole]
    }

    /// Cycles that no clock goes below: the loads of the operand that is brought most often, with their latencies.
    func leastCycles(_ rows: RowPlan, _ choice: RowChoice) -> Double {
        let phases = phases(rows, choice)
        let segments = Double(ceilingDivision(rows.elements, choice.segment))
        let rowTiles = Double(rows.plan.outer) * Double(ceilingDivision(rows.plan.units, choice.units))
        var most = 0
        for (place, operand) in rows.plan.operands.enumerated() where !isResident[operand.operand] {
            most = max(most, phases.count { $0.reads.contains(place) })
        }
        let loads = Double(most) * segments * rowTiles
        return loads * Double(model.loadLatency) / Double(choice.slots) * (1 - 1e-9)
    }

    /// Cycles by the busier of DMA and compute in each phase, with the first tile's fill. Chooses among tiles; Timing does not use it.
    private func estimate(_ rows: RowPlan, _ choice: RowChoice) -> Double {
        let unit = model.machine.organisation.vectorUnit
        let rowTiles = Double(rows.plan.outer) * Double(ceilingDivision(rows.plan.units, choice.units))
        let segments = Double(ceilingDivision(rows.elements, choice.segment))
        var cycles = Double(model.loadLatency)
        for phase in phases(rows, choice) {
            var moved = 0
            for place in phase.reads + phase.writes where !isResident[rows.plan.operands[place].operand] {
                let piece = transfer(rows, place, Affine(0), Affine(0), Affine(0), choice.units, choice.segment)
                moved += model.transferCycles(
                    bursts: piece.runs * ceilingDivision(piece.runBytes, model.burstBytes),
                    rows: model.rowsEntered(piece))
            }
            let computed = self.computed(rows, phase, choice)
            let way = Double(moved + computed + model.loadLatency)
            cycles += rowTiles * segments * (choice.slots == 1 ? way : max(Double(max(moved, computed)), way / 2))
            if let end = phase.end { cycles += rowTiles * Double((end * choice.units).cycles(on: unit)) }
        }
        return cycles
    }

    private func computed(_ rows: RowPlan, _ phase: RowPlan.Phase, _ choice: RowChoice) -> Int {
        let organisation = model.machine.organisation
        let perturbation = organisation.perturbationUnit
        let weights = choice.units * choice.segment
        switch rows.plan.engine {
        case .vector, .drawThenVector:
            let isSplit = choice.segment < rows.elements
            let work = isSplit ? phase.work * weights : rows.plan.work * choice.units
            return work.cycles(on: organisation.vectorUnit)
        case .perturb(_, let times, _): return ceilingDivision(weights * times, perturbation.perturbationsPerCycle)
        case .update(_, let times, let restoring, _):
            return ceilingDivision(weights * times, perturbation.updatesPerCycle)
                + (restoring.isEmpty ? 0 : ceilingDivision(weights, perturbation.perturbationsPerCycle))
        }
    }

    /// A tile's way: `size` pieces from `start`, `segment` elements of each from `element` on.
    func transfer(
        _ rows: RowPlan, _ place: Int, _ outer: Affine, _ start: Affine, _ element: Affine, _ size: Int, _ segment: Int,
        example: Affine = Affine(0)
    ) -> Transfer {
        let operand = rows.plan.operands[place]
        let first = outer.scaled(by: operand.outerStride) + start.scaled(by: operand.unitBytes)
        switch rows.roles[place] {
        case .once, .running:
            return Transfer(operand: operand.operand, offset: Affine(0), dimensions: [], runBytes: operand.unitBytes)
        case .perExample:
            return Transfer(
                operand: operand.operand, offset: example.scaled(by: operand.unitBytes), dimensions: [],
                runBytes: operand.unitBytes)
        case .beside:
            return Transfer(
                operand: operand.operand,
                offset: outer.scaled(by: operand.outerStride) + rows.offset(place, element), dimensions: [],
                runBytes: rows.segmentBytes(place, segment))
        case .whole:
            return Transfer(
                operand: operand.operand, offset: first,
                dimensions: [.init(count: operand.innerCount, pitch: operand.innerPitch)],
                runBytes: size * operand.unitBytes)
        case .along where operand.innerCount > 1:
            return Transfer(
                operand: operand.operand, offset: first + rows.offset(place, element),
                dimensions: [.init(count: segment, pitch: operand.innerPitch)], runBytes: size * operand.unitBytes)
        case .along:
            // Data choose a gathered row's place; the segment's in it is known.
            return Transfer(
                operand: operand.operand,
                offset: operand.gathered ? rows.offset(place, element) : first + rows.offset(place, element),
                dimensions: [.init(count: size, pitch: operand.unitBytes)],
                runBytes: rows.segmentBytes(place, segment), gathered: operand.gathered)
        }
    }

    /// Bytes that each operand has to move at least once.
    func usefulBytes(_ rows: RowPlan) -> [Int] {
        var useful = [Int](repeating: 0, count: isResident.count)
        for (place, operand) in rows.plan.operands.enumerated() where !isResident[operand.operand] {
            switch rows.roles[place] {
            case .once, .running: useful[operand.operand] = operand.unitBytes
            case .beside:
                useful[operand.operand] = operand.unitBytes * (operand.outerStride == 0 ? 1 : rows.plan.outer)
            case .perExample: useful[operand.operand] = rows.examples * operand.unitBytes
            case .whole, .along:
                let times = operand.outerStride == 0 && !operand.gathered ? 1 : rows.plan.outer
                useful[operand.operand] = times * operand.tileBytes(rows.plan.units)
            }
        }
        return useful
    }
}
