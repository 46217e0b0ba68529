import Kernels
import Networks
import NumberFormats

/// The forward pass of a decoder of the Llama architecture, bit by bit, as docs/semantics.md, section 12, states it.
///
/// Bits depend on the parameters and the tokens alone; not on threads, the kernels' level, the cache, or into how many calls a text is cut.
public final class DecoderEmulator {
    public let parameters: DecoderParameters
    public let kernels: Kernels
    public let threads: Int

    /// Which tokens' logits are computed.
    public enum LogitRows: Sendable {
        /// The last token's, [vocabulary].
        case last
        /// All tokens', [tokens, vocabulary].
        case all
    }

    /// Tokens that run through the blocks at once: enough for the products, few enough for the caches. It decides no bit.
    private static let rowsPerChunk = 128

    /// - Parameter threads: at least 1.
    public init(parameters: DecoderParameters, kernels: Kernels, threads: Int) {
        self.parameters = parameters
        self.kernels = kernels
        self.threads = max(1, threads)
    }

    /// Reads tokens behind those of the cache, and gives logits of the next ones.
    ///
    /// - Parameters:
    ///   - tokens: at least one.
    ///   - cache: takes up the tokens; after an error it holds what it held before.
    /// - Returns: logits, row-major.
    /// - Throws: `EmulatorError.tokenUnknown`, `.sequenceTooLong` or `.logitsNotFinite`.
    public func forward(
        _ tokens: [Int32], cache: DecoderCache, logits: LogitRows = .last
    ) throws(EmulatorError) -> [Float] {
        precondition(!tokens.isEmpty, "a forward pass reads a token")
        let transformer = parameters.configuration.transformer
        for (index, token) in tokens.enumerated() where !(0..<Int32(transformer.vocabulary)).contains(token) {
            throw .tokenUnknown(token: Int(token), place: cache.count + index, vocabulary: transformer.vocabulary)
        }
        let end = cache.count + tokens.count
        let limit = min(cache.capacity, RotaryTable.positionLimit)
        guard end <= limit else { throw .sequenceTooLong(tokens: end, limit: limit) }
        let before = cache.count
        var result: [Float] = []
        for first in stride(from: 0, to: tokens.count, by: Self.rowsPerChunk) {
            let chunk = tokens[first..<min(first + Self.rowsPerChunk, tokens.count)]
            let states = run(chunk, cache: cache)
            let isLast = chunk.endIndex == tokens.count
            switch logits {
            case .all: result += head(states, rows: 0..<chunk.count)
            case .last where isLast: result = head(states, rows: chunk.count - 1..<chunk.count)
            case .last: break
            }
        }
        if let place = result.firstIndex(where: { !$0.isFinite }) {
            cache.truncate(to: before)
            let row = logits == .all ? place / transformer.vocabulary : tokens.count - 1
            throw .logitsNotFinite(place: before + row, token: place % transformer.vocabulary, logit: result[place])
        }
        return result
    }

    /// The states [tokens, hidden] behind the last block.
    private func run(_ tokens: ArraySlice<Int32>, cache: DecoderCache) -> AlignedBuffer<Float> {
        let transformer = parameters.configuration.transformer
        let (rows, hidden) = (tokens.count, transformer.hidden)
        let states = AlignedBuffer<Float>(uninitializedCount: rows * hidden)
        for (row, token) in tokens.enumerated() {
            parameters.embedding.read(Int(token)..<Int(token) + 1, into: states.baseAddress + row * hidden)
        }
        let angles = (0..<rows).map { parameters.rotary.row(cache.count + $0) }
        let workspace = Workspace(transformer, rows: rows, isQuantized: parameters.precision.isQuantized)
        for (layer, store) in zip(parameters.layers, cache.stores) {
            attention(layer, states, store, workspace, angles)
            feedForward(layer, states, workspace)
        }
        cache.count += rows
        return states
    }

    /// x ← x + output(attention(norm(x))).
    private func attention(
        _ layer: DecoderParameters.Layer, _ states: AlignedBuffer<Float>, _ store: any AttentionStore,
        _ workspace: Workspace, _ angles: [(cosines: [Float], sines: [Float])]
    ) {
        let transformer = parameters.configuration.transformer
        let rows = workspace.rows
        norm(states, layer.attentionNorm, rows: rows, into: workspace.normed.values)
        workspace.normed.ready(kernels, threads: threads).apply(
            [
                (layer.query, workspace.queries.shared), (layer.key, workspace.keys.shared),
                (layer.value, workspace.values.shared),
            ], kernels: kernels, threads: threads)
        let half = transformer.headDimension / 2
        for (row, angle) in angles.enumerated() {
            kernels.rotate(
                workspace.queries.baseAddress + row * transformer.queryWidth, heads: transformer.heads, half: half,
                cosines: angle.cosines, sines: angle.sines)
            kernels.rotate(
                workspace.keys.baseAddress + row * transformer.keyValueWidth, heads: transformer.keyValueHeads,
                half: half, cosines: angle.cosines, sines: angle.sines)
        }
        store.append(
            keys: workspace.keys.baseAddress, values: workspace.values.baseAddress, count: rows, kernels: kernels)
        store.attend(
            queries: workspace.queries.shared, count: rows, into: workspace.context.values.shared, kernels: kernels,
            threads: threads)
        workspace.context.ready(kernels, threads: threads).apply(
            [(layer.attentionOutput, workspace.output.shared)], kernels: kernels, threads: threads)
        kernels.add(workspace.output.baseAddress, to: states.baseAddress, count: states.count)
    }

    /// x ← x + down(silu(gate(norm(x))) · up(norm(x))).
    private func feedForward(
        _ layer: DecoderParameters.Layer, _ states: AlignedBuffer<Float>, _ workspace: Workspace
    ) {
        norm(states, layer.feedForwardNorm, rows: workspace.rows, into: workspace.normed.values)
        workspace.normed.ready(kernels, threads: threads).apply(
            [(layer.gate, workspace.gated.values.shared), (layer.up, workspace.up.shared)], kernels: kernels,
            threads: threads)
        kernels.siluGate(workspace.gated.values.baseAddress, up: workspace.up.baseAddress, count: workspace.up.count)
        workspace.gated.ready(kernels, threads: threads).apply(
            [(layer.down, workspace.output.shared)], kernels: kernels, threads: threads)
        kernels.add(workspace.output.baseAddress, to: states.baseAddress, count: states.count)
    }

    /// The logits of some rows of the last states.
    private func head(_ states: AlignedBuffer<Float>, rows: Range<Int>) -> [Float] {
        let transformer = parameters.configuration.transformer
        let hidden = transformer.hidden
        let input = LinearInput(rows: rows.count, columns: hidden, isQuantized: parameters.precision.isQuantized)
        kernels.rmsNorm(
            states.baseAddress + rows.lowerBound * hidden, gamma: parameters.finalNorm.values,
            epsilon: parameters.configuration.normEpsilon, rows: rows.count, columns: hidden,
            out: input.values.baseAddress)
        let logits = AlignedBuffer<Float>(uninitializedCount: rows.count * transformer.vocabulary)
        input.ready(kernels, threads: threads).apply(
            [(parameters.head, logits.shared)], kernels: kernels, threads: threads)
        // Products read the rows through pointers.
        return withExtendedLifetime(input) { Array(logits.elements) }
    }

    private func norm(
        _ states: AlignedBuffer<Float>, _ weight: DecoderParameters.NormWeight, rows: Int,
        into out: AlignedBuffer<Float>
    ) {
        kernels.rmsNorm(
            states.baseAddress, gamma: weight.values, epsilon: parameters.configuration.normEpsilon, rows: rows,
            columns: parameters.configuration.transformer.hidden, out: out.baseAddress)
    }

    /// What a block's operations write, for some rows of tokens.
    private final class Workspace {
        let rows: Int
        let normed: LinearInput
        let context: LinearInput
        let gated: LinearInput
        let queries: AlignedBuffer<Float>
        let keys: AlignedBuffer<Float>
        let values: AlignedBuffer<Float>
        let up: AlignedBuffer<Float>
        let output: AlignedBuffer<Float>

        init(_ transformer: TransformerConfiguration, rows: Int, isQuantized: Bool) {
            func input(_ columns: Int) -> LinearInput {
                LinearInput(rows: rows, columns: columns, isQuantized: isQuantized)
            }
            self.rows = rows
            normed = input(transformer.hidden)
            context = input(transformer.queryWidth)
            gated = input(transformer.intermediate)
            queries = AlignedBuffer(uninitializedCount: rows * transformer.queryWidth)
            keys = AlignedBuffer(uninitializedCount: rows * transformer.keyValueWidth)
            values = AlignedBuffer(uninitializedCount: rows * transformer.keyValueWidth)
            up = AlignedBuffer(uninitializedCount: rows * transformer.intermediate)
            output = AlignedBuffer(uninitializedCount: rows * transformer.hidden)
        }
    }
}
