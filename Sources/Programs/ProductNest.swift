import Hardware
import NumberFormats

/// The nest of a tiling: buffers, loops, commands.
extension ProductScheduler {
    struct Place {
        let example: Affine, examples: Int
        let head: Affine, heads: Int
        var group: Int { examples * heads }
    }

    func transfer(
        _ operand: Int, _ matrix: ProductLayout.Matrix, _ format: ElementFormat, _ place: Place, row: Affine, rows: Int,
        column: Affine,
        columns: Int
    ) -> Transfer {
        let start =
            place.example.scaled(by: matrix.example) + place.head.scaled(by: matrix.head)
            + row.scaled(by: matrix.row) + column
        // Instances that share a matrix fetch it once.
        return Transfer(
            operand: operand, offset: start.bytes(format),
            dimensions: [
                .init(count: matrix.example == 0 ? 1 : place.examples, pitch: format.bytes(matrix.example)),
                .init(count: matrix.head == 0 ? 1 : place.heads, pitch: format.bytes(matrix.head)),
                .init(count: rows, pitch: format.bytes(matrix.row)),
            ], runBytes: format.bytes(columns))
    }

    /// Rows and columns of an operand on the chip: in a slot of `buffer`, which holds no other, or in the resident tensor.
    func view(
        _ operand: Int, _ matrix: ProductLayout.Matrix, _ buffer: Int?, _ place: Place, row: Affine, rows: Int,
        column: Affine, columns: Int, _ format: ElementFormat
    ) -> TileView {
        let start =
            place.example.scaled(by: matrix.example) + place.head.scaled(by: matrix.head)
            + row.scaled(by: matrix.row) + column
        let (examples, heads, run) = (place.examples, place.heads, format.bytes(columns))
        return TileView(
            operand: operand, buffer: buffer, offset: buffer == nil ? start.bytes(format) : Affine(0),
            dimensions: buffer == nil
                ? matrix.inTensor(examples: examples, heads: heads, rows: rows, format)
                : matrix.inTile(examples: examples, heads: heads, rows: rows, runBytes: run), runBytes: run)
    }

    /// What the array reads of an operand. A slot holds `heldK` of k, of which the part begins at `kInTile`.
    func view(
        _ operand: Operand, _ buffer: Int?, _ place: Place, row: Affine, rows: Int, k: Affine, ks: Int, kInTile: Affine,
        heldK: Int
    ) -> TileView {
        let (matrix, format) = (operand.matrix, operand.read)
        let rowsAreK = matrix.rowsAreK
        guard let buffer else {
            return view(
                operand.values, matrix, nil, place, row: rowsAreK ? k : row, rows: rowsAreK ? ks : rows,
                column: rowsAreK ? row : k, columns: rowsAreK ? rows : ks, format)
        }
        var held = matrix.inTile(
            examples: place.examples, heads: place.heads, rows: rowsAreK ? heldK : rows,
            runBytes: format.bytes(rowsAreK ? rows : heldK))
        // Of weights perturbed both ways, the second sign's tile stands behind the first one's.
        if operand.isShared, operand.values == second.values {
            held[0] = .init(count: place.examples, pitch: rows * format.bytes(heldK))
        }
        return TileView(
            operand: operand.values, buffer: buffer,
            offset: rowsAreK ? kInTile.scaled(by: held[2].pitch) : kInTile.bytes(format),
            dimensions: rowsAreK ? [held[0], held[1], .init(count: ks, pitch: held[2].pitch)] : held,
            runBytes: format.bytes(rowsAreK ? rows : ks))
    }

    /// A tile of weights as it was brought, and the second sign's behind it where there is one.
    func perturbed(_ operand: Operand, _ buffer: Int, rows: Int, ks: Int) -> [TileView] {
        let run = operand.readBytes(ks)
        return (0..<product.sign.copies).map {
            TileView(
                operand: $0 == 0 ? operand.values : nil, buffer: buffer, offset: Affine($0 * rows * run),
                dimensions: [.init(count: rows, pitch: run)], runBytes: run)
        }
    }

    /// Sums of a tile: instance by instance, row by row.
    func sumsView(_ buffer: Int, _ place: Place, _ m: Int, _ n: Int) -> TileView {
        let run = sumBytes * n
        return TileView(
            operand: nil, buffer: buffer, offset: Affine(0),
            dimensions: [
                .init(count: place.examples, pitch: place.heads * m * run), .init(count: place.heads, pitch: m * run),
                .init(count: m, pitch: run),
            ], runBytes: run)
    }

    /// Buffers of one operand.
    struct OperandBuffers {
        /// What the array reads; nil where it reads the resident tensor itself.
        var ready: Int?
        var staged: Int?
        var scales: Int?
    }

    func nest() throws(ScheduleError) -> Nest { nest(try choose()) }

    func nest(_ t: Tiling) -> Nest {
        var builder = NestBuilder()
        let (weightHome, sumHome) = (model.home(.weight), model.home(.accumulator))
        let group = t.examples * t.heads
        func buffers(
            _ operand: Operand, _ name: String, _ memory: SRAM.Buffer, group: Int, rows: Int, k: Int, slots: Int
        ) -> OperandBuffers {
            var result = OperandBuffers()
            let elements = group * rows * k
            if operand.isDequantized {
                if !operand.isResident {
                    result.staged = builder.buffer(
                        name + ".codes", memory, bytes: operand.storedBytes(elements), slots: slots)
                }
                if operand.scales != nil, !operand.scalesAreResident {
                    let count = group * (operand.matrix.rowsAreK ? k : rows)
                    result.scales = builder.buffer(name + ".scales", memory, bytes: 4 * count, slots: slots)
                }
                result.ready = builder.buffer(name, memory, bytes: operand.readBytes(elements), slots: slots)
            } else if !operand.isResident {
                result.ready = builder.buffer(name, memory, bytes: operand.readBytes(elements), slots: slots)
            }
            return result
        }
        let weights = buffers(
            second, "stationary", weightHome, group: group, rows: t.n, k: t.panel && t.weightsOuter ? product.k : t.k,
            slots: t.weightSlots)
        let stream = buffers(
            first, "streamed", .activation, group: distinct(first, t), rows: t.m,
            k: t.panel && !t.weightsOuter ? product.k : t.k,
            slots: t.streamSlots)
        func vector(_ name: String, _ bytes: Int) -> Int {
            builder.buffer(name, .activation, bytes: bytes, slots: t.streamSlots)
        }
        let firstScales =
            first.isScaled && !first.scalesAreResident
            ? vector("streamed.scales", 4 * distinct(first, t) * t.m) : nil
        let secondScales =
            second.isScaled && !second.scalesAreResident
            ? vector("stationary.scales", 4 * distinct(second, t) * t.n) : nil
        let biasBuffer = bias.map { _ in vector("bias", 4 * t.n * product.biasSign.copies) }
        let sums = builder.buffer(
            "sums", sumHome, bytes: sumBytes * group * t.m * t.n, slots: t.sumSlots)
        let resultBuffer =
            resultIsResident
            ? nil
            : builder.buffer(
                "result", .activation, bytes: group * t.m * t.n * resultBytes, slots: t.resultSlots)
        let copyBuffer =
            copy == nil || copyIsResident
            ? nil : builder.buffer("copy", .activation, bytes: group * t.m * t.n * 2, slots: t.resultSlots)

        /// Brings a tile of an operand to where the array reads it.
        func bring(
            _ operand: Operand, _ buffers: OperandBuffers, _ place: Place, row: Affine, rows: Int, k: Affine, ks: Int,
            isStationary: Bool
        ) -> [NestNode] {
            let home = isStationary ? weightHome : .activation
            let (storedRow, storedRows, column, columns) =
                operand.matrix.rowsAreK ? (k, ks, row, rows) : (row, rows, k, ks)
            var nodes: [NestNode] = []
            let elements = (operand.isShared ? 1 : place.group) * rows * ks
            if !operand.isResident, let target = buffers.staged ?? buffers.ready {
                nodes.append(
                    builder.load(
                        transfer(
                            operand.values, operand.matrix, operand.stored, place, row: storedRow, rows: storedRows,
                            column: column, columns: columns), into: target))
            }
            if isStationary, product.sign != .none, let target = buffers.ready {
                // On the fill path: the load's write is the only one, but for a second sign's tile.
                let more = (product.sign.copies - 1) * operand.readBytes(elements)
                nodes.append(
                    .command(
                        Command(
                            work: .perturb(
                                weights: elements, signs: product.sign.copies, draws: perturbationDraws),
                            acquires: [], reads: [target], writes: [target],
                            accesses: more == 0 ? [] : [.init(buffer: home, read: 0, written: more)],
                            part: .init(
                                first: row.scaled(by: operand.matrix.row) + k, origin: .init(n: row, k: k),
                                views: perturbed(operand, target, rows: rows, ks: ks)))))
            }
            if operand.isDequantized, let ready = buffers.ready {
                if let buffer = buffers.scales, let scales = operand.scales {
                    nodes.append(
                        builder.load(
                            transfer(
                                scales, operand.scaleMatrix, .fp32, place, row: storedRow, rows: storedRows,
                                column: Affine(0), columns: 1), into: buffer))
                }
                var read: [SRAM.Buffer: Int] = [:]
                read[operand.isResident ? .activation : home, default: 0] += operand.storedBytes(elements)
                if operand.scales != nil {
                    let matrices = operand.isShared ? 1 : place.group
                    read[operand.scalesAreResident ? .activation : home, default: 0] += 4 * matrices * storedRows
                }
                let accesses = SRAM.Buffer.allCases.compactMap { memory -> Command.Access? in
                    let written = memory == home ? operand.readBytes(elements) : 0
                    let bytes = read[memory, default: 0]
                    return bytes + written > 0 ? .init(buffer: memory, read: bytes, written: written) : nil
                }
                nodes.append(
                    .command(
                        Command(
                            work: .vector((operand.scales == nil ? .copy(1) : .dequantize) * elements),
                            acquires: [ready],
                            reads: [buffers.staged, buffers.scales].compactMap { $0 }, writes: [ready],
                            accesses: accesses)))
                for buffer in [buffers.staged, buffers.scales] {
                    if let buffer { nodes.append(.release(buffer: buffer)) }
                }
            }
            return nodes
        }

        func matmul(
            _ place: Place, at m: Affine, _ ms: Int, _ n: Affine, _ ns: Int, _ k: Affine, _ ks: Int, accumulates: Bool
        ) -> NestNode {
            let block = FoldBlock(
                instances: place.group, m: ms, n: ns, k: ks, format: product.format, accumulates: accumulates)
            // A panel's slot holds all of k.
            let (holdsFirst, holdsSecond) = (t.panel && !t.weightsOuter, t.panel && t.weightsOuter)
            let origin = Command.Part.Origin(example: place.example, head: place.head, m: m, n: n, k: k)
            let views = [
                view(
                    first, stream.ready, place, row: m, rows: ms, k: k, ks: ks, kInTile: holdsFirst ? k : Affine(0),
                    heldK: holdsFirst ? product.k : ks),
                view(
                    second, weights.ready, place, row: n, rows: ns, k: k, ks: ks, kInTile: holdsSecond ? k : Affine(0),
                    heldK: holdsSecond ? product.k : ks), sumsView(sums, place, ms, ns),
            ]
            let part = Command.Part(origin: origin, views: views)
            let traffic = array.traffic(block)
            let sumBytes = sumBytes * place.group * ms * ns
            let firstBytes = first.readBytes(place.group * ms * ks * traffic.first)
            let secondBytes = second.readBytes(place.group * ns * ks * traffic.second)
            let moved = Command.Access(
                buffer: sumHome, read: sumBytes * traffic.sumsRead, written: sumBytes * traffic.sumsWritten)
            // A resident tensor is read where it lies.
            let secondIsResident = second.isResident && !second.isDequantized
            let accesses: [Command.Access] =
                secondIsResident
                ? [.init(buffer: .activation, read: firstBytes + secondBytes, written: 0), moved]
                : [
                    .init(buffer: weightHome, read: secondBytes, written: 0),
                    .init(buffer: .activation, read: firstBytes, written: 0), moved,
                ]
            return .command(
                Command(
                    work: .matmul(block), acquires: accumulates ? [] : [sums],
                    reads: [weights.ready, stream.ready].compactMap { $0 }, writes: [sums],
                    accesses: Command.Access.merged(accesses), part: part))
        }

        func finish(_ place: Place, m: Affine, ms: Int, n: Affine, ns: Int) -> [NestNode] {
            let outputs = place.group * ms * ns
            var read = 4 * place.group * ((first.isScaled ? ms : 0) + (second.isScaled ? ns : 0))
            if bias != nil { read += 4 * ns * product.biasSign.copies }
            let written = outputs * (resultBytes + (copy == nil ? 0 : 2))
            func vector(_ operand: Int, _ matrix: ProductLayout.Matrix, _ buffer: Int?, _ start: Affine, _ count: Int)
                -> TileView
            {
                view(operand, matrix, buffer, place, row: start, rows: count, column: Affine(0), columns: 1, .fp32)
            }
            var views = [sumsView(sums, place, ms, ns)]
            if first.isScaled, let scales = first.scales {
                views.append(vector(scales, layout.firstScales, firstScales, m, ms))
            }
            if second.isScaled, let scales = second.scales {
                views.append(vector(scales, layout.secondScales, secondScales, n, ns))
            }
            if let bias {
                let copies = Transfer.Dimension(count: product.biasSign.copies, pitch: 4 * ns)
                views.append(
                    TileView(
                        operand: bias, buffer: biasBuffer, offset: Affine(0), dimensions: [copies], runBytes: 4 * ns))
            }
            for (operand, buffer, format) in [(result, resultBuffer, resultFormat), (copy ?? -1, copyBuffer, .bf16)]
            where operand >= 0 {
                views.append(
                    view(operand, layout.result, buffer, place, row: m, rows: ms, column: n, columns: ns, format))
            }
            var nodes: [NestNode] = [
                .command(
                    Command(
                        work: .vector(epilogue * outputs), acquires: [resultBuffer, copyBuffer].compactMap { $0 },
                        reads: [sums] + [firstScales, secondScales, biasBuffer].compactMap { $0 },
                        writes: [resultBuffer, copyBuffer].compactMap { $0 },
                        accesses: Command.Access.merged([
                            .init(buffer: .activation, read: read, written: written),
                            .init(buffer: sumHome, read: sumBytes * outputs, written: 0),
                        ]),
                        part: .init(
                            function: .epilogue,
                            origin: .init(example: place.example, head: place.head, m: m, n: n), views: views))),
                .release(buffer: sums),
            ]
            for (buffer, operand, format) in [(resultBuffer, result, resultFormat), (copyBuffer, copy ?? 0, .bf16)] {
                guard let buffer else { continue }
                nodes.append(
                    builder.store(
                        transfer(
                            operand, layout.result, format, place, row: m, rows: ms, column: n, columns: ns),
                        from: buffer))
                nodes.append(.release(buffer: buffer))
            }
            return nodes
        }

        func firstVectors(_ place: Place, _ start: Affine, _ size: Int) -> [NestNode] {
            guard let buffer = firstScales, let scales = first.scales else { return [] }
            return [
                builder.load(
                    transfer(
                        scales, layout.firstScales, .fp32, place, row: start, rows: size, column: Affine(0),
                        columns: 1),
                    into: buffer)
            ]
        }

        func secondVectors(_ place: Place, _ start: Affine, _ size: Int) -> [NestNode] {
            var nodes: [NestNode] = []
            if let buffer = secondScales, let scales = second.scales {
                nodes.append(
                    builder.load(
                        transfer(
                            scales, layout.secondScales, .fp32, place, row: start, rows: size, column: Affine(0),
                            columns: 1), into: buffer))
            }
            if let buffer = biasBuffer, let bias {
                nodes.append(
                    builder.load(
                        Transfer(operand: bias, offset: start.scaled(by: 4), dimensions: [], runBytes: 4 * size),
                        into: buffer))
                if product.biasSign != .none {
                    let copies = product.biasSign.copies
                    // A second sign's copy stands behind the first one's.
                    let views = (0..<copies).map {
                        TileView(
                            operand: $0 == 0 ? bias : nil, buffer: buffer, offset: Affine(4 * size * $0),
                            dimensions: [], runBytes: 4 * size)
                    }
                    let part = Command.Part(function: .perturbBias, first: start, views: views)
                    // The sum is FP32, so nothing is rounded to a grid.
                    let draws = perturbationDraws.filter { $0 != .gridRounding }
                    nodes.append(
                        .command(
                            Command(
                                work: .draw(values: size, draws: draws), acquires: [], reads: [buffer],
                                writes: [buffer], accesses: [], part: part)))
                    nodes.append(
                        .command(
                            Command(
                                work: .vector(.perturbBias * (size * copies)), acquires: [], reads: [buffer],
                                writes: [buffer],
                                accesses: [.init(buffer: .activation, read: 4 * size, written: 4 * size * copies)],
                                part: part)))
                }
            }
            return nodes
        }

        func releases(_ buffers: [Int?]) -> [NestNode] { buffers.compactMap { $0.map { .release(buffer: $0) } } }

        /// One tile of results: k, then the epilogue.
        func inner(_ place: Place, m: Affine, ms: Int, n: Affine, ns: Int, depth: Int) -> [NestNode] {
            let holdsWeights = t.panel && t.weightsOuter
            let holdsStream = t.panel && !t.weightsOuter
            return NestBuilder.tiled(product.k, by: t.k, depth: depth, peelFirst: true) { k, ks, _, isFirst in
                var nodes: [NestNode] = []
                if !holdsWeights {
                    nodes += bring(second, weights, place, row: n, rows: ns, k: k, ks: ks, isStationary: true)
                }
                if !holdsStream {
                    nodes += bring(first, stream, place, row: m, rows: ms, k: k, ks: ks, isStationary: false)
                }
                nodes.append(matmul(place, at: m, ms, n, ns, k, ks, accumulates: !isFirst))
                if !holdsWeights { nodes += releases([weights.ready]) }
                if !holdsStream { nodes += releases([stream.ready]) }
                return nodes
            } + finish(place, m: m, ms: ms, n: n, ns: ns)
        }

        let whole = Affine(0)
        let body = NestBuilder.tiled(layout.examples, by: t.examples, depth: 0) { example, examples, depth, _ in
            NestBuilder.tiled(layout.heads, by: t.heads, depth: depth) { head, heads, depth, _ in
                let place = Place(example: example, examples: examples, head: head, heads: heads)
                if t.weightsOuter {
                    return NestBuilder.tiled(product.n, by: t.n, depth: depth) { n, ns, depth, _ in
                        var nodes = secondVectors(place, n, ns)
                        if t.panel {
                            nodes += bring(
                                second, weights, place, row: n, rows: ns, k: whole, ks: product.k, isStationary: true)
                        }
                        nodes += NestBuilder.tiled(product.m, by: t.m, depth: depth) { m, ms, depth, _ in
                            firstVectors(place, m, ms) + inner(place, m: m, ms: ms, n: n, ns: ns, depth: depth)
                                + releases([firstScales])
                        }
                        return nodes + releases([t.panel ? weights.ready : nil, secondScales, biasBuffer])
                    }
                }
                return NestBuilder.tiled(product.m, by: t.m, depth: depth) { m, ms, depth, _ in
                    var nodes = firstVectors(place, m, ms)
                    if t.panel {
                        nodes += bring(
                            first, stream, place, row: m, rows: ms, k: whole, ks: product.k, isStationary: false)
                    }
                    nodes += NestBuilder.tiled(product.n, by: t.n, depth: depth) { n, ns, depth, _ in
                        secondVectors(place, n, ns) + inner(place, m: m, ms: ms, n: n, ns: ns, depth: depth)
                            + releases([secondScales, biasBuffer])
                    }
                    return nodes + releases([t.panel ? stream.ready : nil, firstScales])
                }
            }
        }
        return Nest(buffers: builder.buffers, body: body, usefulBytes: usefulBytes())
    }

    func usefulBytes() -> [Int] {
        var useful = [Int](repeating: 0, count: operandCount)
        let instances = product.instances
        func add(_ operand: Operand, rows: Int) {
            let instances = distinct(operand)
            if !operand.isResident {
                useful[operand.values] = operand.storedBytes(instances * rows * product.k)
            }
            guard let scales = operand.scales, !operand.scalesAreResident else { return }
            useful[scales] = 4 * instances * (operand.matrix.rowsAreK ? product.k : rows)
        }
        add(first, rows: product.m)
        add(second, rows: product.n)
        if let bias { useful[bias] = 4 * product.n }
        if !resultIsResident { useful[result] = instances * product.m * product.n * resultBytes }
        if let copy, !copyIsResident { useful[copy] = 2 * instances * product.m * product.n }
        return useful
    }
}
