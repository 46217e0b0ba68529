/// A bank of lanes of a sequential generator as a source: element e is drawn by lane e mod lanes, as its draw number e div lanes.
///
/// Lane and number follow from the element's row-major place, so no draw depends on the order of visiting. A machine that visits in
/// another order has to load other states into its lanes; how many cycles that takes is in `hardware`.
///
/// Source: docs/semantics.md, 4.1.
public struct SequentialSource<Generator: SequentialGenerator>: RandomSource, Hashable {
    /// The generator in every lane.
    public let generator: Generator
    /// Lanes that draw at the same time, 1…65536.
    public let lanes: Int

    /// A bank of lanes.
    ///
    /// - Throws: `RandomSourceError.lanes`.
    public init(_ generator: Generator, lanes: Int = 1) throws(RandomSourceError) {
        guard 1...65536 ~= lanes else { throw .lanes(lanes) }
        self.generator = generator
        self.lanes = lanes
    }

    public var name: String { generator.name }

    public var hardware: GeneratorHardware { generator.hardware(lanes: lanes) }

    /// The state of a lane before its first draw: made of the words of two Philox blocks of the stream.
    public func initialState(lane: Int, of stream: RandomStream) -> Generator.State {
        let first = stream.block(UInt64(lane) * 2, use: .laneStates)
        let second = stream.block(UInt64(lane) * 2 + 1, use: .laneStates)
        return generator.initialState(random: (0..<4).map { first[$0] } + (0..<4).map { second[$0] })
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt32>, of stream: RandomStream, from element: Int) {
        fillDraws(draws, of: stream, from: element)
    }

    public func fill(_ draws: UnsafeMutableBufferPointer<UInt16>, of stream: RandomStream, from element: Int) {
        fillDraws(draws, of: stream, from: element)
    }

    private func fillDraws<Draw: FixedWidthInteger & UnsignedInteger>(
        _ draws: UnsafeMutableBufferPointer<Draw>, of stream: RandomStream, from element: Int
    ) {
        let bits = Draw.bitWidth
        let drawsPerOutput = generator.packsDraws ? generator.outputBits / bits : 1
        let outputsPerDraw = (bits + generator.outputBits - 1) / generator.outputBits
        // All lanes stand at one of two outputs, so two jumps serve them all.
        var jump: (output: UInt64, jump: Generator.Jump)?
        for offset in 0..<min(lanes, draws.count) {
            let number = (element + offset) / lanes
            let output = UInt64(number / drawsPerOutput) * UInt64(outputsPerDraw)
            if jump?.output != output { jump = (output, generator.jump(by: output)) }
            var state = generator.jumped(
                initialState(lane: (element + offset) % lanes, of: stream), by: jump!.jump)
            var part = number % drawsPerOutput
            for place in stride(from: offset, to: draws.count, by: lanes) {
                var draw = generator.output(state) >> UInt64(part * bits)
                for piece in 1..<max(outputsPerDraw, 1) {
                    generator.advance(&state)
                    draw |= generator.output(state) << UInt64(piece * generator.outputBits)
                }
                draws[place] = Draw(truncatingIfNeeded: draw)
                part += 1
                if part == drawsPerOutput {
                    part = 0
                    generator.advance(&state)
                }
            }
        }
    }
}
