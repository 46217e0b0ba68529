import Foundation
import Hardware
import Networks
import Programs
import Testing

@testable import Costs

/// The papers' accounting: parameters, terms, statuses, intervals; docs/reproduction.md says where the figures come
/// from.
@Suite struct ReproductionTests {
    private static let names = Reproductions.names

    /// A row without a layout of ours.
    private func row(_ name: String) throws -> ReproductionRow {
        var reproduction = try #require(Reproductions.named(name))
        reproduction.allocation = nil
        return reproduction.row { _ in preconditionFailure("no layout is asked for") }
    }

    private func allocate(_ request: AllocatorRequest) throws -> AllocatorFigure {
        try AllocatorFigure(
            request, on: Machine.load(request.machine, overrides: request.overrides, from: library))
    }

    @Test func namesAreDistinctAndPlain() {
        #expect(Set(Self.names).count == Self.names.count)
        for name in Self.names {
            #expect(name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || "-.".contains($0)) }, "\(name)")
        }
        #expect(Reproductions.named("quzo") == nil)
    }

    @Test(arguments: names)
    func everyChoiceHasAnOriginAndASource(name: String) throws {
        let row = try row(name)
        #expect(!row.source.isEmpty && !row.summary.isEmpty)
        for assumption in row.assumptions { #expect(!assumption.statement.isEmpty && !assumption.source.isEmpty) }
        #expect(row.inferred == row.assumptions.filter { $0.origin != .stated }.map(\.statement))
        #expect(row.freeChoices == row.inferred.count)
        guard let computed = row.computed else {
            #expect(row.status == .notCounted && row.sides.isEmpty && !row.notes.isEmpty)
            return
        }
        #expect(computed == row.measure.value(row.sides) && !row.assumptions.isEmpty)
        for side in row.sides + row.neighbours.flatMap(\.sides) {
            #expect(side.bytes == side.terms.reduce(0) { $0 + $1.bytes } && side.bytes > 0)
        }
    }

    /// 20.58 GB over 7.00 and 3.76 GB, by hand.
    @Test func bothQuZORatiosComeOutOfOneTotal() throws {
        let (int8, int4) = (try row("quzo-2.94"), try row("quzo-5.47"))
        let weights8 = 6_476_005_376 + 2 * (2 * 131_072_000 + 266_240)
        let weights4 = 6_476_005_376 / 2 + 2 * (2 * 131_072_000 + 266_240)
        let total = weights8 + 2 * 6_738_415_616 + 32 * 4_096 * 400 * 2
        #expect(int8.sides.map(\.bytes) == [total, weights8])
        #expect(int4.sides.map(\.bytes) == [total, weights4])
        for row in [int8, int4] {
            #expect(row.status == .consistent && row.assumptions.contains { $0.origin == .fitted })
            #expect(abs(row.differencePercent ?? 100) < 0.01)
        }
        #expect(int4.freeChoices == int8.freeChoices + 1)
    }

    @Test func whatBreaksTheQuZORatiosIsNamed() throws {
        func neighbour(_ claim: String, _ part: String) throws -> ReproductionRow.Neighbour {
            try #require(try row(claim).neighbours.first { $0.name.contains(part) })
        }
        for (claim, part, value, fits) in [
            ("quzo-5.47", "like for like, INT4", 4.61, false), ("quzo-5.47", "groups of 128 counted", 5.33, false),
            ("quzo-5.47", "no activations", 5.44, false), ("quzo-5.47", "3 bytes against one half", 6, false),
            ("quzo-2.94", "no activations", 2.925, false), ("quzo-2.94", "3 bytes each against 1", 3, false),
            ("quzo-2.94", "INT8 gradients, no momentum", 1.98, false), ("quzo-2.94", "QFT", 2.94, true),
            ("quzo-2.94", "8 bytes", 7.70, false), ("quzo-2.94", "12 bytes", 11.55, false),
        ] {
            let found = try neighbour(claim, part)
            #expect(abs(found.computed - value) < 0.005 && found.fits == fits, "\(found.name): \(found.computed)")
        }
    }

    /// Both ends fit, and one token beyond does not.
    @Test(arguments: ["quzo-2.94", "quzo-5.47", "quzo-7.8"])
    func intervalsEndWhereTheFigureDoesNotRoundAnyMore(name: String) throws {
        let reproduction = try #require(Reproductions.named(name))
        let (search, figure) = (try #require(reproduction.search), reproduction.figure)
        let interval = try #require(reproduction.interval(search))
        func rounds(_ number: Int) -> Bool { figure.rounds(figure.measure.value(search.sides(number))) }
        #expect(rounds(interval.lowest) && rounds(interval.highest) && rounds(interval.used))
        #expect(!rounds(interval.lowest - 1) && !rounds(interval.highest + 1))
        if let joint = try row(name).jointInterval {
            let own = try joint.claims.map { try #require(try row($0).interval) }
            #expect(joint.lowest == own.map(\.lowest).max() && joint.highest == own.map(\.highest).min())
        }
    }

    /// Plain counting misses QZO's measured figures, and the rows say by how much.
    @Test func qzosTableDoesNotComeOut() throws {
        let full = try row("qzo-llama2-7b-full")
        #expect(full.status == .doesNotComeOut && full.sides[0].bytes == 4 * 6_738_415_616)
        let binary = try #require(full.neighbours.first { $0.unit == "GiB" })
        #expect(abs(full.computed! - 26.95) < 0.005 && abs(binary.computed - 25.1) < 0.05)
        #expect(full.notes.contains { $0.contains("26.95 GB or 25.1 GiB") })
    }

    @Test func boundsHoldOrFailByCounting() throws {
        #expect(try row("mezo-opt-30b").status == .holds)
        #expect(try row("mezo-opt-30b").neighbours.first?.fits == false)
        #expect(try row("mezo-adam-2.7b").sides[0].bytes == 16 * 2_651_596_800)
        #expect(try row("mezo-adam-2.7b").neighbours.first?.fits == false)
        #expect(try row("qft-30gb").status == .holds)
        #expect(try row("qzo-18").status == .boundFails)
    }

    @Test func statusFollowsFromOriginsAndDifference() {
        let account = MemoryAccount("side", of: "n", [AccountingTerm("t", .int8, [.init("elements", 1_000_000_000)])])
        func status(_ published: Double, _ origins: [Assumption]) -> ReproductionRow.Status {
            Reproduction(PublishedFigure("x", "x", source: "x", published, decimals: 1, .gigabytes), origins, [account])
                .row { _ in preconditionFailure() }.status
        }
        #expect(status(1, [.stated("a", "b")]) == .reproduced)
        #expect(status(1, [.stated("a", "b"), .inferred("a", "b")]) == .comesOutAsInferred)
        #expect(status(1, [.inferred("a", "b"), .fitted("a", "b")]) == .consistent)
        #expect(status(1.1, [.stated("a", "b")]) == .doesNotComeOut)
    }

    @Test func bytesAreRoundedUpToWholeOnes() {
        #expect(AccountingTerm("t", .int4, [.init("a", 3), .init("b", 5)]).bytes == 8)
        #expect(AccountingTerm("t", .int4, []).bytes == 1)
        #expect(AccountingTerm("t", .fp32, [.init("a", 0)]).bytes == 0)
    }

    /// Blocks × (8 hidden + 3 intermediate + heads × tokens) × tokens, two bytes each.
    @Test func savedActivationsAreTheFormulaOfThePage() {
        let network = NetworkAccounting(.llama2Of7B)
        for tokens in [1, 300, 400, 2_048] {
            let saved = network.account("saved", network.savedActivations(sequence: tokens, .fp16))
            #expect(saved.bytes == 2 * 32 * tokens * (8 * 4_096 + 3 * 11_008 + 32 * tokens))
        }
    }

    /// The allocator's figure is the peak that costing reports for the same step.
    @Test func theAllocatorsFigureIsThatOfCosting() throws {
        let request = try #require(Reproductions.named("quzo-2.94")?.allocation)
        let machine = try Machine.load(request.machine, overrides: request.overrides, from: library)
        let prices = try EnergyTable.load(for: machine, from: library)
        let figure = try allocate(request)
        for (side, step) in zip(figure.sides, [request.firstOrder, request.zerothOrder]) {
            let memory = try StepCost(step, on: machine, prices: prices).memory
            #expect(side.bytes == memory.peakDRAMBytes && side.bytesByKind == memory.peakDRAMBytesByKind)
            #expect(side.bytesByKind.values.reduce(0, +) <= side.bytes)
        }
        // Formula and allocator agree on what both count: the blocks' INT8 matrices and the head in 16 bits.
        let terms = try row("quzo-2.94").sides[1].terms
        let counted = terms.filter { ["block matrices", "head"].contains($0.name) }.reduce(0) { $0 + $1.bytes }
        #expect(figure.sides[1].bytesByKind[.weights] == counted)
    }

    @Test(arguments: names)
    func everyStepBesideARowIsLaidOut(name: String) throws {
        let reproduction = try #require(Reproductions.named(name))
        let row = try reproduction.row(allocate: allocate)
        #expect((row.allocator == nil) == (reproduction.allocation == nil))
        if let allocator = row.allocator {
            #expect(allocator.computed > 0 && !allocator.reasons.isEmpty)
            for side in allocator.sides { #expect(side.bytesByKind.values.reduce(0, +) <= side.bytes) }
        }
    }
}
