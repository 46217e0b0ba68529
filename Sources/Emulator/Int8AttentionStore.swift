import Kernels

/// Keys and values as INT8 codes, a scale for each token and key head, as caches of integer attention keep them (docs/semantics.md, section 12).
final class Int8AttentionStore: AttentionStore {
    private let shape: AttentionShape
    private(set) var count = 0
    /// [key heads, capacity, D].
    private let keyCodes: AlignedBuffer<Int8>
    private let valueCodes: AlignedBuffer<Int8>
    /// [key heads, capacity].
    private let keyScales: AlignedBuffer<Float>
    private let valueScales: AlignedBuffer<Float>
    /// For each key head the codes of its keys as products read them.
    private let packedKeys: AlignedBuffer<Int8>
    private let packedStride: Int
    /// [D] ones: the scale of a value stands in the probabilities.
    private let ones: AlignedBuffer<Float>

    init(_ shape: AttentionShape) {
        self.shape = shape
        let rows = shape.keyValueHeads * shape.capacity
        keyCodes = AlignedBuffer(count: rows * shape.dimension)
        valueCodes = AlignedBuffer(count: rows * shape.dimension)
        keyScales = AlignedBuffer(count: rows)
        valueScales = AlignedBuffer(count: rows)
        packedStride = Kernels.packedInt8Count(rows: shape.capacity, columns: shape.dimension)
        packedKeys = AlignedBuffer(count: shape.keyValueHeads * packedStride)
        ones = AlignedBuffer(count: shape.dimension)
        ones.fill(1)
    }

    func truncate(to count: Int) { self.count = min(self.count, count) }

    func append(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, count added: Int, kernels: Kernels) {
        let dimension = shape.dimension
        precondition(count + added <= shape.capacity, "more tokens than the cache has room for")
        for head in 0..<shape.keyValueHeads {
            let first = head * shape.capacity + count
            for (source, codes, scales) in [
                (keys, keyCodes, keyScales), (values, valueCodes, valueScales),
            ] {
                kernels.quantizeRows(
                    source + head * dimension, rowStride: shape.keyValueWidth, rows: added, columns: dimension,
                    codes: codes.baseAddress + first * dimension, codeStride: dimension,
                    scales: scales.baseAddress + first)
            }
            // The panel that the first new token falls into is packed again.
            let start = count / Kernels.panelRows * Kernels.panelRows
            kernels.packInt8(
                keyCodes.baseAddress + (head * shape.capacity + start) * dimension, rowStride: dimension,
                rows: count + added - start, columns: dimension,
                into: packedKeys.baseAddress + head * packedStride
                    + Kernels.packedInt8Count(rows: start, columns: dimension))
        }
        count += added
    }

    func attend(
        queries: SharedBuffer<Float>, count rows: Int, into context: SharedBuffer<Float>, kernels: Kernels, threads: Int
    ) {
        let (shape, tokens) = (shape, count)
        let (packedKeys, packedStride, keyScales) = (packedKeys.shared, packedStride, keyScales.shared)
        let (valueCodes, valueScales, ones) = (valueCodes.shared, valueScales.shared, ones.shared)
        parallelFor(shape.keyValueHeads, threads: shape.threads(threads, count: rows, tokens: tokens)) { keyHead in
            let (dimension, width) = (shape.dimension, shape.queryWidth)
            let packedValues = AlignedBuffer<Int8>(
                uninitializedCount: Kernels.packedInt8Count(rows: dimension, columns: tokens))
            kernels.packInt8Transposed(
                valueCodes.baseAddress + keyHead * shape.capacity * dimension, rowStride: dimension, rows: dimension,
                columns: tokens, into: packedValues.baseAddress)
            let scores = AlignedBuffer<Float>(uninitializedCount: rows * tokens)
            let codes = AlignedBuffer<Int8>(uninitializedCount: rows * max(tokens, dimension))
            let scales = AlignedBuffer<Float>(uninitializedCount: rows)
            for head in keyHead * shape.group..<(keyHead + 1) * shape.group {
                kernels.quantizeRows(
                    queries.baseAddress + head * dimension, rowStride: width, rows: rows, columns: dimension,
                    codes: codes.baseAddress, codeStride: dimension, scales: scales.baseAddress)
                kernels.linearInt8(
                    codes.baseAddress, rowStride: dimension, rows: rows, rowScales: scales.baseAddress,
                    packed: packedKeys.baseAddress + keyHead * packedStride, columns: tokens, depth: dimension,
                    columnScales: keyScales.baseAddress + keyHead * shape.capacity, bias: nil,
                    into: scores.baseAddress, rowStride: tokens)
                kernels.causalSoftmax(
                    scores.baseAddress, rowStride: tokens, rows: rows, columns: tokens, first: tokens - rows,
                    factor: shape.factor)
                let factors = valueScales.baseAddress + keyHead * shape.capacity
                for row in 0..<rows {
                    let probabilities = scores.baseAddress + row * tokens
                    for token in 0...tokens - rows + row { probabilities[token] *= factors[token] }
                }
                kernels.quantizeRows(
                    scores.baseAddress, rowStride: tokens, rows: rows, columns: tokens, codes: codes.baseAddress,
                    codeStride: tokens, scales: scales.baseAddress)
                kernels.linearInt8(
                    codes.baseAddress, rowStride: tokens, rows: rows, rowScales: scales.baseAddress,
                    packed: packedValues.baseAddress, columns: dimension, depth: tokens, columnScales: ones.baseAddress,
                    bias: nil, into: context.baseAddress + head * dimension, rowStride: width)
            }
            withExtendedLifetime((packedValues, scores, codes, scales)) {}
        }
    }
}
