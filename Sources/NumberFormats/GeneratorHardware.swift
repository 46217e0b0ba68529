/// What a random generator is built of: structure counts derived from its algorithm (docs/semantics.md, 4.5, has each derivation).
///
/// No energy and no area: those come from an energy table that names its source. Inverters, wiring (shifts, rotations) and the
/// element counter that every source shares are not counted.
public struct GeneratorHardware: Hashable, Sendable {
    /// Flip-flops that hold the generator's state, all lanes.
    public var stateBits: Int
    /// Flip-flops between pipeline stages.
    public var pipelineBits: Int
    /// Bits of memory.
    public var memoryBits: Int
    /// Two-input XOR gates.
    public var xorGates: Int
    /// Two-input AND and OR gates.
    public var andOrGates: Int
    /// Full-adder bits, the sum of the adders' widths.
    public var adderBits: Int
    /// Multipliers of 32 × 32 bits to 64.
    public var multipliers32: Int
    /// Random bits made a cycle, all lanes.
    public var bitsPerCycle: Int
    /// Cycles from an address, or a loaded state, to its bits.
    public var latencyCycles: Int
    /// Cycles to place the generator at another element, its new state given: 0 where the address is an input.
    public var reseedCycles: Int

    /// A generator's counts; what is left out is 0.
    public init(
        stateBits: Int, pipelineBits: Int = 0, memoryBits: Int = 0, xorGates: Int, andOrGates: Int = 0,
        adderBits: Int = 0, multipliers32: Int = 0, bitsPerCycle: Int, latencyCycles: Int, reseedCycles: Int
    ) {
        self.stateBits = stateBits
        self.pipelineBits = pipelineBits
        self.memoryBits = memoryBits
        self.xorGates = xorGates
        self.andOrGates = andOrGates
        self.adderBits = adderBits
        self.multipliers32 = multipliers32
        self.bitsPerCycle = bitsPerCycle
        self.latencyCycles = latencyCycles
        self.reseedCycles = reseedCycles
    }
}
