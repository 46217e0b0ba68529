extension Machine {
    /// The machine with everything that decides neither a layout nor a cycle made equal: its name and texts, the energy table, and of DRAM
    /// the standard, the channels and the capacity (bandwidth, bursts, rows and latencies stand beside these).
    ///
    /// Machines that are equal in this lay every operation out alike, in as many cycles.
    public var forLayout: Machine {
        let (own, dram) = (organisation, organisation.dram)
        return Machine(
            name: "", summary: "", arithmetic: arithmetic,
            organisation: Organisation(
                clockMegahertz: own.clockMegahertz, array: own.array, vectorUnit: own.vectorUnit,
                perturbationUnit: own.perturbationUnit, sram: own.sram, dma: own.dma,
                dram: DRAM(
                    standard: "", channels: 1, capacityBytes: 1,
                    bandwidthGigabytesPerSecond: dram.bandwidthGigabytesPerSecond, burstBytes: dram.burstBytes,
                    latencyNanoseconds: dram.latencyNanoseconds, rowBytes: dram.rowBytes,
                    rowMissNanoseconds: dram.rowMissNanoseconds),
                energyTable: ""),
            file: "", overrides: [])
    }
}
