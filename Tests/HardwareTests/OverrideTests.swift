import Testing

@testable import Hardware

@Suite struct OverrideTests {
    private func load(_ overrides: String...) throws -> Machine {
        try Machine.load("edge-int8", overrides: overrides, from: shipped)
    }

    @Test func replacesOneFieldAndNothingElse() throws {
        let plain = try load()
        let wide = try load("organisation.array.rows=64")
        #expect(wide.organisation.array.rows == 64)
        #expect(wide.organisation.array.columns == plain.organisation.array.columns)
        #expect(wide.organisation.dram == plain.organisation.dram)
        #expect(wide.overrides == ["organisation.array.rows=64"])
    }

    @Test func aKeyMayBeShortenedToAUniqueBeginning() throws {
        #expect(try load("organisation.dram.bandwidth=25.6").organisation.dram.bandwidthGigabytesPerSecond == 25.6)
        #expect(
            message { try load("organisation.dram.row=1") }
                == "--set organisation.dram.row=1: 'row' is not one field of organisation.dram; write one of rowBytes, "
                + "rowMissNanoseconds")
    }

    @Test func bareWordsAreStrings() throws {
        #expect(
            message { try load("organisation.array.dataflow=row-stationary") }
                == "--set organisation.array.dataflow=row-stationary: organisation.array.dataflow: is "
                + "\"row-stationary\", which Zeroth does not implement; implemented: weight-stationary, "
                + "output-stationary, input-stationary")
        #expect(
            try load("organisation.array.dataflow=output-stationary").organisation.array.dataflow == .outputStationary)
        #expect(try load("organisation.energyTable=other").organisation.energyTable == "other")
        #expect(
            try load("organisation.array.doubleBuffered=false").organisation.array.doubleBuffered == false
        )
    }

    @Test func badValuesNameTheOverride() {
        #expect(
            message { try load("organisation.dram.bandwidth=-3") }
                == "--set organisation.dram.bandwidth=-3: organisation.dram.bandwidthGigabytesPerSecond: is -3; it must be "
                + "a number from 0.001 to 100000, in 10^9 bytes per second")
        #expect(
            message { try load("organisation.array={rows: 8}") }
                == "--set organisation.array={rows: 8}: organisation.array.columns: missing; expected a whole number from 1 "
                + "to 4096, in elements")
    }

    @Test func badPaths() {
        #expect(
            message { try load("organisation.array.depth=2") }
                == "--set organisation.array.depth=2: organisation.array.depth: unknown key; keys here: rows, columns, "
                + "dataflow, macsPerCyclePerElement, doubleBuffered")
        #expect(
            message { try load("organization.array.rows=2") }
                == "--set organization.array.rows=2: the machine has no field 'organization'; its fields: name, summary, "
                + "arithmetic, organisation")
        #expect(
            message { try load("organisation.array.rows.x=2") }
                == "--set organisation.array.rows.x=2: organisation.array.rows is the number 32 and has no fields; stop the "
                + "path at organisation.array.rows")
        #expect(
            message { try load("rows") }
                == "--set rows: no '=' in it; write path=value, such as organisation.array.rows=64")
        #expect(message { try load("a..b=1") }.contains("an empty name in the path"))
        #expect(message { try load("=1") }.contains("an empty name in the path"))
        #expect(message { try load("name=") }.contains("no value after '='"))
        #expect(message { try load("name={") }.hasPrefix("--set name={:1:2: found the end of the file"))
        #expect(
            message { try load("organisation.array.rows=2", "organisation.array.row=4") }
                == "--set organisation.array.row=4: organisation.array.rows is already set by --set "
                + "organisation.array.rows=2; keep one")
    }
}
