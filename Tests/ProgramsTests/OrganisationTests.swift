import Hardware
import Programs
import Testing

/// Organisations that programs are not laid out for are refused by the field that says so.
@Suite struct OrganisationTests {
    @Test(arguments: [
        (["organisation.perturbationUnit.placement=in-place"], "perturbationUnit.placement is in-place", "on-load"),
        (["organisation.perturbationUnit.sharedFetch=true"], "perturbationUnit.sharedFetch is true", "false"),
    ])
    func whatIsNotScheduledIsNamed(overrides: [String], found: String, scheduled: String) throws {
        let machine = try Fixture.machine(overrides)
        let refused = ScheduleError.notScheduled(
            field: "organisation." + found.split(separator: " ")[0],
            value: found.split(separator: " ").dropFirst(2).joined(separator: " "), scheduled: scheduled,
            machine: "edge-int8")
        #expect(throws: refused) { try Lowering.schedule(Fixture.step(.quzo(residualBits: 0)), on: machine) }
        #expect(
            "\(refused)"
                == "machine edge-int8: organisation.\(found), for which no program is laid out; it must be \(scheduled)"
        )
    }

    /// A second port lets a bank read and write at once: never slower, and faster where sums move both ways.
    @Test func aSecondPortIsNeverSlower() throws {
        let step = Fixture.step(.quzo(residualBits: 0), batch: 2)
        let one = try Fixture.machine(["organisation.sram.accumulator.banks=2"])
        let two = try Fixture.machine([
            "organisation.sram.accumulator={bytes: 262144, banks: 2, wordBits: 256, ports: 2}"
        ])
        let slow = try Lowering.schedule(step, on: one)
        let fast = try Lowering.schedule(step, on: two)
        #expect(fast.model.array(.int8).beat == 2 && slow.model.array(.int8).beat == 4)
        #expect(try slow.totalCounts().macs == fast.totalCounts().macs)
    }
}
