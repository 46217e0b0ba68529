import Costs
import Hardware
import Testing

@testable import Exploration

struct SpaceTests {
    @Test func pointsAndChoicesAreEachOther() throws {
        let space = try SampleSpaces.space()
        #expect(space.size == 81)
        for point in 0..<space.size { #expect(space.point(of: space.choices(of: point)) == point) }
        #expect(space.choices(of: 1) == [0, 0, 0, 1] && space.choices(of: 27) == [1, 0, 0, 0])
    }

    @Test func aPointIsTheRequestOfItsChoices() throws {
        let request = try SampleSpaces.space().request([2, 1, 1, 2])
        #expect(request.method == "zoqo" && request.batch == 4 && request.sequence == 16)
        #expect(request.overrides == ["organisation.array.rows=64", "organisation.sram.weight.bytes=65536"])
        #expect(
            request.command
                == "zeroth cost --network minilm-l6 --hardware edge-int8 --set organisation.array.rows=64 "
                + "--set organisation.sram.weight.bytes=65536 --method zoqo --batch 4 --sequence 16 --json")
    }

    @Test func allFormsOfChoicesAreRead() throws {
        let space = try SampleSpaces.space(
            """
            { name: "forms", machine: "edge-int8", network: "minilm-l6", set: ["organisation.clock=500"], vary: [
              { field: "sequence", range: { from: 16, to: 64, step: 16 } },
              { fields: ["organisation.array.rows", "organisation.array.col"], powers: { from: 8, to: 64 } },
              { fields: ["weights", "queries"], tuples: [["int8", 1], ["int4", 2]] },
              { field: "organisation.clockMegahertz", values: [1] },
            ] }
            """.replacing("{ field: \"organisation.clockMegahertz\", values: [1] },", with: ""))
        #expect(space.dimensions.map(\.choices.count) == [4, 4, 2])
        #expect(space.columns.names.contains("organisation.array.columns") && !space.hasRatios)
        let request = space.request([3, 1, 1])
        #expect(request.sequence == 64 && request.weights == "int4" && request.queries == 2)
        #expect(
            request.overrides == [
                "organisation.clock=500", "organisation.array.rows=16", "organisation.array.columns=16",
            ])
        #expect(space.dimensions.map(\.isOrdered) == [true, true, false])
    }

    @Test func rangesHaveTheDecimalsThatAreMeant() throws {
        let space = try SampleSpaces.space(
            """
            { name: "forms", machine: "edge-int8", network: "minilm-l6", vary: [
              { field: "organisation.dram.bandwidthGigabytesPerSecond", range: { from: 3.2, to: 51.2, step: 3.2 } },
            ] }
            """)
        #expect(space.size == 16 && space.label(0, 11) == ["38.4"] && space.label(0, 15) == ["51.2"])
    }

    @Test func digestsDifferWithTheFileAndTheMachine() throws {
        let a = try SampleSpaces.space()
        let b = try SampleSpaces.space(SampleSpaces.text().replacing("small", with: "other"))
        #expect(a.digest.count == 64 && a.digest != b.digest)
        let same = try SampleSpaces.space()
        #expect(a.digest == same.digest)
    }

    @Test(arguments: [
        ("sram.total <= 1 MiB", [1024.0, 65536, 262144].map { $0 + 786432 <= 1_048_576 }),
        ("organisation.sram.weight.bytes*2 > 128KiB", [false, false, true]),
        ("array.elements * 4 == organisation.array.rows * organisation.array.columns * (1 + 3)", [true, true, true]),
        ("organisation.sram.weight.bytes - 1e3 >= 24 + 0", [true, true, true]),
        ("organisation.sram.weight.bytes / batch < 65536", [true, false, false]),
        ("batch != 1", [false, false, false]),
    ])
    func constraintsCompareSumsAndProducts(text: String, holds: [Bool]) throws {
        let constraints = "[\"\(text)\", \"batch >= 1\"]"
        // Where all are excluded there is no plan, but the space can be read.
        let space = try SampleSpaces.space(SampleSpaces.text(constraints: constraints))
        #expect([0, 1, 2].map { space.isAllowed([1, 0, $0, 0]) } == holds)
    }

    @Test func aGridHasThePointsThatMeetTheConstraints() throws {
        let space = try SampleSpaces.space(
            SampleSpaces.text(constraints: "[\"organisation.array.rows * batch <= 64\"]"))
        let points = try #require(try PointList(space: space).points())
        let byHand = (0..<81).filter { [16, 32, 64][$0 / 27] * [1, 2, 4][$0 % 3] <= 64 }
        #expect(points == byHand)
    }

    @Test(arguments: [
        ("\"grid\"", "[\"batch > 4\"]"), ("{ random: { points: 5, seed: 1 } }", "[\"batch > 4\"]"),
        ("{ \"latin-hypercube\": { points: 5, seed: 1 } }", "[\"batch > 4\"]"),
        ("{ nsga2: { population: 4, generations: 2, seed: 1 } }", "[\"batch > 4\"]"),
    ])
    func constraintsThatExcludeAllAreAnError(search: String, constraints: String) throws {
        let space = try SampleSpaces.space(SampleSpaces.text(search: search, constraints: constraints))
        let error = #expect(throws: ExplorationError.self) { try ExplorationRun(space) }
        #expect("\(error!)".contains("constraints") && "\(error!)".contains("'batch > 4'"))
    }

    @Test(arguments: [
        ("{ field: \"organisation.array.rws\", values: [1] }", "unknown key; did you mean 'rows'?"),
        (
            "{ field: \"organisation.aray.rows\", values: [1] }",
            "space.json5:3: vary[0].field: 'organisation.aray.rows' names no field of edge-int8"
        ),
        ("{ field: \"bach\", values: [1] }", "'bach' names no field; did you mean 'batch'?"),
        ("{ field: \"batch\", values: [] }", "space.json5:3: vary[0].values: is empty"),
        ("{ field: \"batch\", values: [0] }", "batch is the number 0; give a whole number from 1"),
        ("{ field: \"batch\", values: [1.5] }", "batch is the number 1.5"),
        ("{ field: \"batch\", values: [1, 2, 1] }", "has the choice 1 twice"),
        ("{ field: \"batch\" }", "has no choices; give one of values, tuples, range, powers"),
        ("{ field: \"batch\", values: [1], powers: {from: 1, to: 2} }", "has values and powers"),
        ("{ field: \"batch\", powers: {from: 3, to: 8} }", "vary[0].powers.from: is 3.0; give a power of two"),
        ("{ field: \"batch\", powers: {from: 8, to: 4} }", "is below from"),
        ("{ field: \"batch\", range: {from: 1, to: 1e9, step: 1} }", "more than 100000 choices"),
        ("{ fields: [\"batch\", \"queries\"], tuples: [[1, 2], [1]] }", "is no list of 2 values"),
        ("{ field: \"batch\", fields: [\"batch\"], values: [1] }", "stands beside fields"),
        ("{ field: \"method\", values: [\"quzo\", \"adamw\"] }", "--method is adamw"),
        ("{ field: \"organisation.array.rows\", values: [\"many\"] }", "is the string \"many\""),
        ("{ field: \"sequence\", values: [1] }", "stands here and in vary"),
        ("{ field: \"organisation.array.columns\", values: [8] }", "stands in set, too"),
        (
            "{ field: \"organisation.array\", values: [{}] }",
            "organisation.array and organisation.array.columns of set hold one another"
        ),
        (
            "{ field: \"organisation.sram.weight.bytes\", values: [65536] }, { field: \"organisation.sram.weight\", values: [{}] }",
            "organisation.sram.weight and organisation.sram.weight.bytes of vary[0] hold one another"
        ),
        ("{ field: \"batch\", values: [1], colour: 1 }", "vary[0].colour: unknown key"),
        ("", "vary: is empty; name at least one field that varies"),
    ])
    func mistakesAreNamed(entry: String, message: String) throws {
        let text = """
            { name: "x", machine: "edge-int8", network: "minilm-l6", sequence: 16, set: ["organisation.array.columns=32"], vary: [
            // The entry stands on line 3.
            \(entry)
            ] }
            """
        let error = #expect(throws: (any Error).self) { try SampleSpaces.space(text) }
        #expect("\(error!)".contains(message), "\(error!)")
    }

    @Test(arguments: [
        ("batch <=", "ends too early"), ("batch 3", "has '3' at column 7"), ("batch <= (2", "expected ')'"),
        ("rows <= 3", "'rows', which names no number"), ("organisation.array.dataflow == 1", "names no number"),
        ("batch <= 3 x", "has 'x'"), ("batch <= 1.2.3", "expected a number"), ("method == 1", "names no number"),
    ])
    func badConstraintsAreNamed(text: String, message: String) throws {
        let error = #expect(throws: ExplorationError.self) {
            try SampleSpaces.space(SampleSpaces.text(constraints: "[\"\(text)\"]"))
        }
        #expect("\(error!)".contains("constraints[0]") && "\(error!)".contains(message), "\(error!)")
    }

    @Test func aConstraintThatGoesOnAndOnIsRefused() throws {
        let text = "batch <= " + Array(repeating: "1", count: 200_000).joined(separator: "+")
        let error = #expect(throws: ExplorationError.self) {
            try SampleSpaces.space(SampleSpaces.text(constraints: "[\"\(text)\"]"))
        }
        #expect("\(error!)".contains("more than 1000 numbers and names"))
    }

    @Test func latinHypercubesCoverEachDimensionEvenly() throws {
        let space = try SampleSpaces.space(
            SampleSpaces.text(search: "{ \"latin-hypercube\": { points: 9, seed: 3 } }"))
        let points = try #require(try PointList(space: space).points())
        // Nine parts of three choices: each choice three times, but for points that were drawn twice.
        #expect(points.count >= 8)
        if points.count == 9 {
            for dimension in 0..<4 {
                for choice in 0..<3 { #expect(points.count { space.choices(of: $0)[dimension] == choice } == 3) }
            }
        }
    }

    @Test func randomPointsAreDistinctAndFollowTheSeed() throws {
        func points(_ count: Int, _ seed: Int) throws -> [Int] {
            let search = "{ random: { points: \(count), seed: \(seed) } }"
            return try PointList(space: SampleSpaces.space(SampleSpaces.text(search: search))).points() ?? []
        }
        #expect(try points(10, 1) == points(10, 1) && points(10, 1) != points(10, 2))
        #expect(try Set(points(10, 1)).count == 10)
        #expect(try points(500, 1).sorted() == Array(0..<81))
    }

    @Test func aShardIsEveryNthPoint() throws {
        let points = Array(100..<123)
        let parts = (1...5).map { Shard(number: $0, count: 5).points(of: points) }
        #expect(parts[1] == [101, 106, 111, 116, 121])
        #expect(parts.flatMap { $0 }.sorted() == points)
        for text in ["0/3", "4/3", "1", "a/b", "1/2/3", "-1/2", "1/0"] {
            #expect(throws: ExplorationError.badShard(text: text)) { try Shard(parsing: text) }
        }
    }
}
