import Kernels

/// Keys and values in FP32, kept in the layout in which products read them.
final class Float32AttentionStore: AttentionStore {
    private let shape: AttentionShape
    private(set) var count = 0
    /// For each key head panels of sixteen tokens: [⌈capacity/16⌉][D][16].
    private let keys: AlignedBuffer<Float>
    /// For each key head panels of sixteen channels: [⌈D/16⌉][capacity][16], so that a token only adds to what is there.
    private let values: AlignedBuffer<Float>
    private let keyStride: Int
    private let valueStride: Int
    private static let panel = Kernels.panelRows

    init(_ shape: AttentionShape) {
        self.shape = shape
        keyStride = Kernels.packedFloat32Count(rows: shape.capacity, columns: shape.dimension)
        valueStride = Kernels.packedFloat32Count(rows: shape.dimension, columns: shape.capacity)
        keys = AlignedBuffer(count: shape.keyValueHeads * keyStride)
        values = AlignedBuffer(count: shape.keyValueHeads * valueStride)
    }

    func truncate(to count: Int) { self.count = min(self.count, count) }

    func append(
        keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, count added: Int, kernels: Kernels
    ) {
        let (dimension, panel) = (shape.dimension, Self.panel)
        precondition(count + added <= shape.capacity, "more tokens than the cache has room for")
        for i in 0..<added {
            let token = count + i
            for head in 0..<shape.keyValueHeads {
                let source = i * shape.keyValueWidth + head * dimension
                let key = keys.baseAddress + head * keyStride + token / panel * panel * dimension + token % panel
                let value = values.baseAddress + head * valueStride + token * panel
                for d in 0..<dimension {
                    key[d * panel] = newKeys[source + d]
                    value[d / panel * panel * shape.capacity + d % panel] = newValues[source + d]
                }
            }
        }
        count += added
    }

    func attend(
        queries: SharedBuffer<Float>, count rows: Int, into context: SharedBuffer<Float>, kernels: Kernels, threads: Int
    ) {
        let (shape, tokens, panel) = (shape, count, Self.panel)
        let (keys, values) = (keys.shared, values.shared)
        let (keyStride, valueStride) = (keyStride, valueStride)
        parallelFor(shape.heads, threads: shape.threads(threads, count: rows, tokens: tokens)) { head in
            let (dimension, width) = (shape.dimension, shape.queryWidth)
            let scores = AlignedBuffer<Float>(uninitializedCount: rows * tokens)
            let keyHead = head / shape.group
            kernels.linearFloat32(
                queries.baseAddress + head * dimension, rowStride: width, rows: rows,
                packed: keys.baseAddress + keyHead * keyStride, columns: tokens, depth: dimension, bias: nil,
                into: scores.baseAddress, rowStride: tokens)
            kernels.causalSoftmax(
                scores.baseAddress, rowStride: tokens, rows: rows, columns: tokens, first: tokens - rows,
                factor: shape.factor)
            // Tokens behind a row's own have probability +0, which adds nothing to a chain of finite values.
            for first in stride(from: 0, to: dimension, by: panel) {
                kernels.linearFloat32(
                    scores.baseAddress, rowStride: tokens, rows: rows,
                    packed: values.baseAddress + keyHead * valueStride + first * shape.capacity,
                    columns: min(panel, dimension - first), depth: tokens, bias: nil,
                    into: context.baseAddress + head * dimension + first, rowStride: width)
            }
            withExtendedLifetime(scores) {}
        }
    }
}
