import Programs

/// Loops: run until a steady state shows, then whole periods are skipped.
extension NestClock {
    /// Everything a turn's future depends on, relative to `end`; times before `floor` are all the same, since no unit of
    /// the loop can start a command before it.
    private func state(_ loop: ClockPlan.Loop, turn: Int, into key: inout [Int]) {
        var floor = Int.max
        for unit in loop.units { floor = min(floor, unitFree[unit]) }
        let origin = end
        func relative(_ time: Int) -> Int { max(time, floor) - origin }
        /// With the cause of a wait for it, which none is where it is past.
        func append(_ instant: Instant) {
            key.append(relative(instant.time))
            key.append(instant.isPort && instant.time > floor ? 1 : 0)
        }
        key.removeAll(keepingCapacity: true)
        key.append(turn % loop.period)
        key.append(hasLoadBehindStore ? 1 : 0)
        key.append(pending.count)
        for unit in loop.units { key.append(relative(unitFree[unit])) }
        for port in loop.ports { key.append(relative(portFree[port])) }
        for number in loop.buffers {
            append(buffers[number].ready)
            key.append(buffers[number].producer)
            append(buffers[number].lastUse)
            key.append(buffers[number].free.count)
            for instant in buffers[number].free { append(instant) }
        }
        for store in pending {
            key.append(store.issue)
            append(store.ready)
            key.append(store.producer)
            key.append(store.cycles)
            key.append(store.releases ? 1 : 0)
        }
    }

    /// A turn's start that later ones are compared with.
    private struct Mark {
        var turn = 0
        var key: [Int] = []
        var end = 0
        var sums: [Int] = []
    }

    mutating func run(_ loop: ClockPlan.Loop) throws(ScheduleError) {
        indices.append(0)
        defer { indices.removeLast() }
        var turn = 0
        if !expandsLoops, loop.count > 2 {
            // Brent's way to a period: the mark moves up after 1, 2, 4, … turns, so that it gets into the steady state and
            // the next repetition is found, wherever that begins and however long it is.
            var mark = Mark()
            var key: [Int] = []
            var patience = 1
            while turn < loop.count {
                state(loop, turn: turn, into: &key)
                if turn > 0, key == mark.key {
                    turn += try skip(loop, from: turn, since: mark)
                    break
                }
                if turn == 0 || turn - mark.turn == patience {
                    if turn > 0 { patience *= 2 }
                    swap(&mark.key, &key)
                    (mark.turn, mark.end, mark.sums) = (turn, end, sums)
                }
                indices[indices.count - 1] = turn
                try run(loop.body)
                turn += 1
            }
        }
        while turn < loop.count {
            indices[indices.count - 1] = turn
            try run(loop.body)
            turn += 1
        }
    }

    /// Skips the whole periods that are left; gives the turns skipped.
    private mutating func skip(_ loop: ClockPlan.Loop, from turn: Int, since mark: Mark) throws(ScheduleError) -> Int {
        let period = turn - mark.turn
        let periods = (loop.count - turn) / period
        guard periods > 0 else { return 0 }
        let what = "the step's cycles"
        let cycles = try Checked.product(end - mark.end, periods, what)
        let before = (sums: sums, unitFree: unitFree)
        try advance(loop, by: cycles)
        for index in sums.indices {
            let more = try Checked.product(sums[index] - mark.sums[index], periods, what)
            sums[index] = try Checked.sum(sums[index], more, what)
        }
        if let observe {
            for unit in loop.units {
                observe(
                    .turns(
                        periods * period, unit: Command.Unit.allCases[unit], start: before.unitFree[unit],
                        end: unitFree[unit], busy: sums[unit] - before.sums[unit]))
            }
        }
        return periods * period
    }

    /// Moves all that the loop touches to a later time. Times that it does not touch stay where they are.
    private mutating func advance(_ loop: ClockPlan.Loop, by cycles: Int) throws(ScheduleError) {
        end = try Checked.sum(end, cycles, "the step's cycles")
        for unit in loop.units { unitFree[unit] += cycles }
        for port in loop.ports { portFree[port] += cycles }
        for number in loop.buffers {
            if loop.writes[number] { buffers[number].ready.time += cycles }
            if loop.uses[number] { buffers[number].lastUse.time += cycles }
            if loop.releases[number] {
                for index in buffers[number].free.indices { buffers[number].free[index].time += cycles }
            }
        }
        // Stores that the loop issues: with a steady number queued, those of the turn before are served in each turn.
        // Without any, what is queued was queued before the loop, and stays.
        guard loop.stores else { return }
        pending = pending.map { store in
            PendingStore(
                issue: store.issue, ready: Instant(time: store.ready.time + cycles, isPort: store.ready.isPort),
                producer: store.producer, cycles: store.cycles, releases: store.releases)
        }
    }
}
