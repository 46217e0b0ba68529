extension Machine {
    /// The same machine with `bytes` in the on-chip memory that holds `buffer`: what an error tries that says which size would do.
    ///
    /// - Parameter bytes: at least 1, a multiple of a word of each bank.
    public func with(_ buffer: SRAM.Buffer, bytes: Int) -> Machine {
        var result = self
        let isUnified = organisation.sram.isUnified
        precondition(bytes >= 1 && bytes % organisation.sram[buffer].readBytesPerCycle == 0)
        if isUnified || buffer == .weight { result.organisation.sram.weight.bytes = bytes }
        if isUnified || buffer == .activation { result.organisation.sram.activation.bytes = bytes }
        if isUnified || buffer == .accumulator { result.organisation.sram.accumulator.bytes = bytes }
        return result
    }
}
