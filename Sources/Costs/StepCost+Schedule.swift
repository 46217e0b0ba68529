import Hardware
import Programs
import Timing

extension StepCost {
    /// Lowers a step, lays it out on a machine, times it and prices it.
    ///
    /// - Parameter cache: where steps share what is laid out and timed alike; results do not depend on it.
    /// - Throws: `ScheduleError` where the machine cannot run the step, `HardwareError` where the table lacks a price.
    public init(
        _ step: StepDescription, on machine: Machine, objective: ScheduleObjective = .traffic,
        prices table: EnergyTable, cache: StepCache? = nil
    ) throws {
        let scheduled = try TimingModel.schedule(step, on: machine, objective: objective, cache: cache)
        try self.init(scheduled, timing: TimingModel.time(scheduled, cache: cache), prices: table)
        if case .inference = step.method { return }
        trainable = step.trainable.description
        trainedParameters = step.trainedCount
        adapterParameters = step.adapters == nil ? nil : step.adapterCount
    }

    /// Prices a step that is laid out and timed.
    ///
    /// - Throws: `HardwareError` where the table lacks a price, `ScheduleError` where a count exceeds 64 bits.
    public init(_ scheduled: ScheduledProgram, timing: ProgramTiming, prices table: EnergyTable) throws {
        let machine = scheduled.machine
        var byKind: [CostKind: ActionCounts] = [:]
        var residualUpdates: [CostKind: Int] = [:]
        for (nest, use) in scheduled.nestUses.enumerated() where use.times > 0 {
            let action = scheduled.program.operations[use.first].action
            let (kind, counts) = (CostKind(action), scheduled.countsOfNest[nest])
            byKind[kind] = try byKind[kind, default: ActionCounts()].adding(counts, times: use.times)
            if case .update(_, _, _, let residualBits) = action, residualBits > 0 {
                // A residual is carried once, whatever the number of queries.
                residualUpdates[kind, default: 0] +=
                    counts.updatedWeights / scheduled.program.step.queries * use.times
            }
        }
        var ledger = EnergyLedger(table: table)
        for kind in CostKind.allCases {
            guard let counts = byKind[kind] else { continue }
            try ledger.add(counts, residualUpdates: residualUpdates[kind] ?? 0, for: kind, on: machine)
        }
        let plan = scheduled.memory
        try self.init(
            machine: machine, ledger: ledger, cycles: timing.cycles,
            busyCycles: Dictionary(uniqueKeysWithValues: timing.busyCycles.map { ($0.key.rawValue, $0.value) }),
            counts: scheduled.totalCounts(),
            memory: Memory(
                peakDRAMBytes: plan.dramExtent, peakDRAMBytesByKind: plan.peak.byKind,
                ownPeakDRAMBytesByKind: plan.peakByKind, peakSRAMBytes: plan.peakSRAM),
            peakDynamicMilliwatts: Self.peakDynamicMilliwatts(scheduled, timing, table))
        layoutObjective = scheduled.objective
        unitTimes = Dictionary(uniqueKeysWithValues: Command.Unit.allCases.map { ($0, UnitTime($0, timing)) })
        roofline = try Roofline(scheduled, timing: timing)
        assumptions = scheduled.program.assumptions
    }

    /// Highest sum of the powers of the operations in flight, each operation's energy spread evenly over its time.
    private static func peakDynamicMilliwatts(
        _ scheduled: ScheduledProgram, _ timing: ProgramTiming, _ table: EnergyTable
    ) throws(HardwareError) -> Double {
        var picojoulesOfNest: [Double] = []
        for counts in scheduled.countsOfNest {
            var ledger = EnergyLedger(table: table)
            try ledger.add(counts, for: .linearForward, on: scheduled.machine)
            picojoulesOfNest.append(ledger.lines.reduce(0) { $0 + $1.picojoules })
        }
        let nanosecondsPerCycle = 1000 / scheduled.machine.organisation.clockMegahertz
        var changes: [(cycle: Int, milliwatts: Double)] = []
        for (index, interval) in timing.operations.enumerated() where interval.end > interval.start {
            let nanoseconds = Double(interval.end - interval.start) * nanosecondsPerCycle
            let power = picojoulesOfNest[scheduled.nestOfOperation[index]] / nanoseconds
            changes.append((interval.start, power))
            changes.append((interval.end, -power))
        }
        // What ends at a cycle ends before what starts at it.
        changes.sort { ($0.cycle, $0.milliwatts) < ($1.cycle, $1.milliwatts) }
        var (now, peak) = (0.0, 0.0)
        for change in changes {
            now += change.milliwatts
            peak = max(peak, now)
        }
        return peak
    }
}

extension Comparison {
    /// Costs a zeroth-order step beside a first-order one: same network, batch, sequence, trainable set, machine, prices.
    ///
    /// - Parameters:
    ///   - recipe: nil for what `StepDescription.baseline` takes.
    ///   - cache: where steps share what is laid out and timed alike; results do not depend on it.
    /// - Throws: what keeps the zeroth-order step from being costed, or a price that the table lacks. Where the machine cannot run
    ///   the first-order step, that is the comparison's `reason`; a given recipe that no program is made for is an error.
    public init(
        _ step: StepDescription, beside recipe: FirstOrderRecipe? = nil, on machine: Machine,
        objective: ScheduleObjective = .traffic, prices table: EnergyTable, cache: StepCache? = nil
    ) throws {
        let zerothOrder = try StepCost(step, on: machine, objective: objective, prices: table, cache: cache)
        let first = step.baseline(recipe)
        let firstOrder: Result<StepCost, any Error>
        do {
            firstOrder = .success(try StepCost(first, on: machine, objective: objective, prices: table, cache: cache))
        } catch let error as ScheduleError {
            // A recipe that means nothing here is its author's mistake, not the machine's limit.
            if recipe != nil, !error.isOfMachine { throw error }
            firstOrder = .failure(error)
        }
        self.init(zerothOrder: zerothOrder, baseline: first.recipe, firstOrder: firstOrder, energyTable: table)
    }
}
