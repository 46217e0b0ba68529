import Kernels
import NumberFormats
import Programs

/// Matrix products of a floating-point or first-order step.
extension TrainingRun {
    func multiply(_ operation: Operation, _ product: Product) throws(EmulatorError) {
        guard product.foldedScales == nil else { throw .notEmulated(operation: operation.name) }
        count(macs: product.macs)
        switch product.role {
        case .linear(let number), .adapter(.forward, let number):
            if product.firstFormat.integer != nil, product.secondFormat.integer != nil {
                try linearCodes(operation, product)
            } else if product.isNarrow {
                try linearNarrow(operation, product, number)
            } else {
                try linear(operation, product, number)
            }
        case .inputGradient, .adapter(.inputGradient, _):
            let gradient = try numbers(operation.reads[0], operation)
            let weight = try dequantized(1, operation)
            // W [outputs, inputs]; a row of the second operand for each input.
            try whole(operation, product, gradient, transposed(weight, rows: product.k, columns: product.n), bias: nil)
        case .weightGradient, .adapter(.weightGradient, _):
            let gradient = try numbers(operation.reads[0], operation)
            let input = try dequantized(1, operation)
            try whole(
                operation, product, transposed(gradient, rows: product.k, columns: product.m),
                transposed(input, rows: product.k, columns: product.n), bias: nil)
        case .attentionScores, .attentionContext, .probabilityGradient, .valueGradient, .queryGradient, .keyGradient:
            try attention(operation, product)
        }
        if product.hasFactor { try scale(operation.writes[0], by: program.step.adapterFactor, operation) }
        try store(operation.writes, operation)
    }

    private func scale(_ id: TensorID, by factor: Float, _ operation: Operation) throws(EmulatorError) {
        let y = try numbers(id, operation)
        let values = y.shared
        inPieces(y.count, of: 65536, threads: threads) { range in
            for i in range { values[i] *= factor }
        }
    }

    // MARK: Linear layers

    private func linear(_ operation: Operation, _ product: Product, _ number: Int) throws(EmulatorError) {
        let x = try dequantized(0, operation)
        let place = next(0, operation)
        let weight: AlignedBuffer<Float>
        if let signed = perturbed[product.sign]?[number] {
            weight = signed.weight.numbers
        } else {
            weight = try dequantized(place, operation)
        }
        try whole(operation, product, x, weight, bias: bias(operation, product, number))
    }

    /// A linear layer's bias as its pass reads it; nil where there is none.
    private func bias(
        _ operation: Operation, _ product: Product, _ number: Int
    ) throws(EmulatorError) -> AlignedBuffer<Float>? {
        let last = next(next(0, operation), operation)
        guard operation.reads.count > last else { return nil }
        if let signed = perturbed[product.biasSign]?[number] { return signed.bias }
        return try numbers(operation.reads[last], operation)
    }

    /// A linear layer of operands in FP8, or in FP8 and BF16.
    private func linearNarrow(_ operation: Operation, _ product: Product, _ number: Int) throws(EmulatorError) {
        let place = next(0, operation)
        let stored = try values(operation.reads[place], operation)
        let weight = perturbed[product.sign]?[number]?.weight ?? stored
        let a = words(try values(operation.reads[0], operation), product.firstFormat)
        let b = words(weight, product.secondFormat)
        let y = try made(operation.writes[0], operation)
        let (m, n) = (product.m, product.n)
        kernels.multiply(
            a.start, b.start, rows: m, columns: n, depth: product.k,
            arithmetic: arithmetic.product(product.firstFormat, product.secondFormat), into: y.baseAddress,
            threads: threads)
        withExtendedLifetime((a, b)) {}
        let rowScales = place == 2 ? try numbers(operation.reads[1], operation).shared : nil
        let columnScales =
            next(place, operation) == place + 2 ? try numbers(operation.reads[place + 1], operation).shared : nil
        let shift = try bias(operation, product, number)?.shared
        let target = y.shared
        inPieces(m, of: max(1, 16384 / n), threads: threads) { range in
            for row in range {
                let out = target.baseAddress + row * n
                if let columnScales { for i in 0..<n { out[i] *= columnScales[i] } }
                if let rowScales { for i in 0..<n { out[i] *= rowScales[row] } }
                if let shift { for i in 0..<n { out[i] += shift[i] } }
            }
        }
    }

    /// What the array reads of an operand: FP8 codes as they are, or BF16 ones.
    private struct Words {
        let start: UnsafeRawPointer
        let owner: AnyObject
    }

    private func words(_ values: TensorValues, _ format: ElementFormat) -> Words {
        switch values {
        case .codes(let bytes): return Words(start: UnsafeRawPointer(bytes.baseAddress), owner: bytes)
        case .numbers(let numbers):
            let halves = codes(numbers)
            return Words(start: UnsafeRawPointer(halves.baseAddress), owner: halves)
        }
    }

    private func linearCodes(_ operation: Operation, _ product: Product) throws(EmulatorError) {
        let (m, n, k) = (product.m, product.n, product.k)
        let x = try values(operation.reads[0], operation).codes
        let rowScales = try numbers(operation.reads[1], operation)
        let weight = try values(operation.reads[2], operation).codes
        let columnScales = try numbers(operation.reads[3], operation)
        let bias = operation.reads.count > 4 ? try numbers(operation.reads[4], operation).shared : nil
        let y = try made(operation.writes[0], operation)
        let packed = AlignedBuffer<Int8>(uninitializedCount: Kernels.packedInt8Count(rows: n, columns: k))
        kernels.packInt8(weight.baseAddress, rowStride: k, rows: n, columns: k, into: packed.baseAddress)
        let (a, scales, b, factors, target) = (
            x.shared, rowScales.shared, packed.shared, columnScales.shared, y.shared
        )
        let kernels = kernels
        inPieces(m, of: 64, threads: threads) { range in
            let start = range.lowerBound
            kernels.linearInt8(
                a.baseAddress + start * k, rowStride: k, rows: range.count, rowScales: scales.baseAddress + start,
                packed: b.baseAddress, columns: n, depth: k, columnScales: factors.baseAddress,
                bias: bias.map { UnsafePointer($0.baseAddress) }, into: target.baseAddress + start * n, rowStride: n)
        }
    }

    /// y[m, n] = a[m, k] · b[n, k]ᵀ (+ bias), operands dense and not yet in the array's formats.
    private func whole(
        _ operation: Operation, _ product: Product, _ a: AlignedBuffer<Float>, _ b: AlignedBuffer<Float>,
        bias: AlignedBuffer<Float>?
    ) throws(EmulatorError) {
        let y = try made(operation.writes[0], operation)
        let (m, n, k) = (product.m, product.n, product.k)
        switch product.format {
        case .fp32:
            let packed = AlignedBuffer<Float>(uninitializedCount: Kernels.packedFloat32Count(rows: n, columns: k))
            kernels.packFloat32(b.baseAddress, rowStride: k, rows: n, columns: k, into: packed.baseAddress)
            let (first, second, target, kernels) = (a.shared, packed.shared, y.shared, kernels)
            let shift = bias?.shared
            inPieces(m, of: 16, threads: threads) { range in
                let start = range.lowerBound
                kernels.linearFloat32(
                    first.baseAddress + start * k, rowStride: k, rows: range.count, packed: second.baseAddress,
                    columns: n, depth: k, bias: shift.map { UnsafePointer($0.baseAddress) },
                    into: target.baseAddress + start * n, rowStride: n)
            }
        case .bf16:
            multiplyBF16(
                codes(a), codes(b), m: m, n: n, k: k, into: y.baseAddress, threads: threads)
            if let bias {
                let (target, shift) = (y.shared, bias.shared)
                inPieces(m, of: max(1, 16384 / n), threads: threads) { range in
                    for row in range { for i in 0..<n { target[row * n + i] = target[row * n + i] + shift[i] } }
                }
            }
        default: throw .notEmulated(operation: operation.name)
        }
    }

    private func multiplyBF16(
        _ a: AlignedBuffer<UInt16>, _ b: AlignedBuffer<UInt16>, m: Int, n: Int, k: Int,
        into y: UnsafeMutablePointer<Float>, threads: Int
    ) {
        kernels.multiply(
            a.baseAddress, b.baseAddress, rows: m, columns: n, depth: k, arithmetic: arithmetic.bf16, into: y,
            threads: threads)
    }

    /// BF16 codes of numbers, which are rounded to BF16 if they are not yet.
    private func codes(_ x: AlignedBuffer<Float>) -> AlignedBuffer<UInt16> {
        let result = AlignedBuffer<UInt16>(uninitializedCount: x.count)
        let (source, target) = (x.shared, result.shared)
        inPieces(x.count, of: 65536, threads: threads) { range in
            for i in range { target[i] = UInt16(truncatingIfNeeded: roundedToBF16(source[i]).bitPattern >> 16) }
        }
        return result
    }

    /// [columns, rows] of x [rows, columns].
    private func transposed(_ x: AlignedBuffer<Float>, rows: Int, columns: Int) -> AlignedBuffer<Float> {
        let result = AlignedBuffer<Float>(uninitializedCount: rows * columns)
        let (source, target) = (x.shared, result.shared)
        inPieces(columns, of: 16, threads: threads) { range in
            for row in 0..<rows { for column in range { target[column * rows + row] = source[row * columns + column] } }
        }
        return result
    }

    // MARK: Attention

    /// Where an operand of an attention product lies: by token [example, token, head · column], or by head [example, head, row, column].
    private struct Layout: Sendable {
        /// Of head `head` of example `example`.
        let start: @Sendable (_ example: Int, _ head: Int) -> Int
        let rowStride: Int
        let columnStride: Int

        /// Rows are tokens, columns a head's channels.
        static func byToken(_ tokens: Int, _ heads: Int, _ depth: Int, transposed: Bool = false) -> Layout {
            let hidden = heads * depth
            return Layout(
                start: { $0 * tokens * hidden + $1 * depth }, rowStride: transposed ? 1 : hidden,
                columnStride: transposed ? hidden : 1)
        }

        /// A matrix of its own for each head.
        static func byHead(_ rows: Int, _ columns: Int, _ heads: Int, transposed: Bool = false) -> Layout {
            Layout(
                start: { ($0 * heads + $1) * rows * columns }, rowStride: transposed ? 1 : columns,
                columnStride: transposed ? columns : 1)
        }
    }

    /// The six products of attention, head by head: first [m, k], second [n, k] as the array reads them.
    private func attention(_ operation: Operation, _ product: Product) throws(EmulatorError) {
        let (tokens, heads, depth) = (tokens, shape.heads, shape.headDimension)
        func byToken(_ transposed: Bool = false) -> Layout { .byToken(tokens, heads, depth, transposed: transposed) }
        func square(_ transposed: Bool = false) -> Layout { .byHead(tokens, tokens, heads, transposed: transposed) }
        let second = next(0, operation)
        /// Values [token, channel] or, in codes, [channel, token] by head.
        func values(_ place: Int, byChannel: Bool) -> Layout {
            program[operation.reads[place]].format.hasScales
                ? .byHead(depth, tokens, heads, transposed: !byChannel) : byToken(byChannel)
        }
        let (first, other, result): (Layout, Layout, Layout)
        switch product.role {
        case .attentionScores: (first, other, result) = (byToken(), byToken(), square())
        case .attentionContext: (first, other, result) = (square(), values(second, byChannel: true), byToken())
        case .valueGradient: (first, other, result) = (square(true), byToken(true), byToken())
        case .probabilityGradient: (first, other, result) = (byToken(), values(second, byChannel: false), square())
        case .queryGradient: (first, other, result) = (square(), byToken(true), byToken())
        case .keyGradient: (first, other, result) = (square(true), byToken(true), byToken())
        default: throw .notEmulated(operation: operation.name)
        }
        if product.firstFormat.hasScales {
            return try attentionCodes(operation, product, first, other, result)
        }
        guard [.fp32, .bf16].contains(product.format) else { throw .notEmulated(operation: operation.name) }
        let a = try dequantized(0, operation)
        let b = try dequantized(second, operation)
        let y = try made(operation.writes[0], operation)
        let (m, n, k) = (product.m, product.n, product.k)
        let (x, w, target, kernels, arithmetic) = (a.shared, b.shared, y.shared, kernels, arithmetic)
        let isWide = product.format == .fp32
        inPieces(product.instances, of: 1, threads: threads) { range in
            let sums = AlignedBuffer<Float>(uninitializedCount: m * n)
            for instance in range {
                let (example, head) = (instance / heads, instance % heads)
                let (p, q) = (first.start(example, head), other.start(example, head))
                if isWide {
                    let left = AlignedBuffer<Float>(uninitializedCount: m * k)
                    let right = AlignedBuffer<Float>(uninitializedCount: n * k)
                    Self.gather(x, p, first, rows: m, columns: k) { left[$0] = $1 }
                    Self.gather(w, q, other, rows: n, columns: k) { right[$0] = $1 }
                    let packed = AlignedBuffer<Float>(
                        uninitializedCount: Kernels.packedFloat32Count(rows: n, columns: k))
                    kernels.packFloat32(right.baseAddress, rowStride: k, rows: n, columns: k, into: packed.baseAddress)
                    kernels.linearFloat32(
                        left.baseAddress, rowStride: k, rows: m, packed: packed.baseAddress, columns: n, depth: k,
                        bias: nil, into: sums.baseAddress, rowStride: n)
                } else {
                    let left = AlignedBuffer<UInt16>(uninitializedCount: m * k)
                    let right = AlignedBuffer<UInt16>(uninitializedCount: n * k)
                    Self.gather(x, p, first, rows: m, columns: k) {
                        left[$0] = UInt16(truncatingIfNeeded: roundedToBF16($1).bitPattern >> 16)
                    }
                    Self.gather(w, q, other, rows: n, columns: k) {
                        right[$0] = UInt16(truncatingIfNeeded: roundedToBF16($1).bitPattern >> 16)
                    }
                    kernels.multiply(
                        left.baseAddress, right.baseAddress, rows: m, columns: n, depth: k, arithmetic: arithmetic.bf16,
                        into: sums.baseAddress, threads: 1)
                }
                let start = result.start(example, head)
                for row in 0..<m {
                    for column in 0..<n { target[start + row * result.rowStride + column] = sums[row * n + column] }
                }
            }
        }
    }

    private func attentionCodes(
        _ operation: Operation, _ product: Product, _ first: Layout, _ other: Layout, _ result: Layout
    ) throws(EmulatorError) {
        let a = try values(operation.reads[0], operation).codes
        let b = try values(operation.reads[2], operation).codes
        let firstScales = try numbers(operation.reads[1], operation)
        let secondScales = try numbers(operation.reads[3], operation)
        let y = try made(operation.writes[0], operation)
        let (m, n, k, heads, tokens) = (product.m, product.n, product.k, shape.heads, tokens)
        let isScores = product.role == .attentionScores
        let (x, w, target, kernels) = (a.shared, b.shared, y.shared, kernels)
        let (rowScales, columnScales) = (firstScales.shared, secondScales.shared)
        let narrow = product.isNarrow ? arithmetic.product(product.firstFormat, product.secondFormat) : nil
        inPieces(product.instances, of: 1, threads: threads) { range in
            let packed = AlignedBuffer<Int8>(uninitializedCount: Kernels.packedInt8Count(rows: n, columns: k))
            let dense = AlignedBuffer<Int8>(uninitializedCount: narrow == nil ? 0 : (m + n) * k)
            let sums = AlignedBuffer<Float>(uninitializedCount: narrow == nil ? 0 : m * n)
            var (rowFactors, columnFactors) = ([Float](repeating: 0, count: m), [Float](repeating: 0, count: n))
            for instance in range {
                let (example, head) = (instance / heads, instance % heads)
                for row in 0..<m {
                    // A token has a scale for each head; a row of probabilities has its own.
                    rowFactors[row] =
                        rowScales[isScores ? (example * tokens + row) * heads + head : instance * tokens + row]
                }
                for column in 0..<n {
                    columnFactors[column] =
                        columnScales[isScores ? (example * tokens + column) * heads + head : instance * n + column]
                }
                if let narrow {
                    let (left, right) = (dense.baseAddress, dense.baseAddress + m * k)
                    Self.gather(x, first.start(example, head), first, rows: m, columns: k) { left[$0] = $1 }
                    Self.gather(w, other.start(example, head), other, rows: n, columns: k) { right[$0] = $1 }
                    kernels.multiply(
                        left, right, rows: m, columns: n, depth: k, arithmetic: narrow, into: sums.baseAddress,
                        threads: 1)
                    let start = result.start(example, head)
                    for row in 0..<m {
                        for column in 0..<n {
                            target[start + row * result.rowStride + column] =
                                (sums[row * n + column] * columnFactors[column]) * rowFactors[row]
                        }
                    }
                    continue
                }
                kernels.packInt8(
                    w.baseAddress + other.start(example, head), rowStride: other.rowStride, rows: n, columns: k,
                    into: packed.baseAddress)
                kernels.linearInt8(
                    x.baseAddress + first.start(example, head), rowStride: first.rowStride, rows: m,
                    rowScales: rowFactors, packed: packed.baseAddress, columns: n, depth: k,
                    columnScales: columnFactors, bias: nil, into: target.baseAddress + result.start(example, head),
                    rowStride: result.rowStride)
            }
        }
    }

    @inline(__always)
    private static func gather<Element>(
        _ x: SharedBuffer<Element>, _ start: Int, _ layout: Layout, rows: Int, columns: Int,
        _ put: (Int, Element) -> Void
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                put(row * columns + column, x[start + row * layout.rowStride + column * layout.columnStride])
            }
        }
    }
}
