import Kernels
import NumberFormats
import Programs

/// Matrix products of tiles: operands from their slots, sums in the accumulator memory as Int32.
extension TileExecutor {
    /// One instance's place in a view of examples, heads and rows.
    private static func offset(_ operand: TileOperand, _ instance: Int) -> Int {
        let (example, head) = instance.quotientAndRemainder(dividingBy: operand.dimensions[1].count)
        return example * operand.dimensions[0].pitch + head * operand.dimensions[1].pitch
    }

    private func require(_ operand: TileOperand, _ what: String, rows: Int, bytes: Int, _ instances: Int)
        throws(TileError)
    {
        guard operand.dimensions.count == 3 else { throw fault(.notDescribed("examples, heads and rows of \(what)")) }
        for (name, found, needed) in [
            ("instances", operand.dimensions[0].count * operand.dimensions[1].count, instances),
            ("rows", operand.dimensions[2].count, rows), ("bytes of a row", operand.runBytes, bytes),
        ] where found != needed {
            throw fault(.sizesDiffer(what: "\(name) of \(what)", found: found, needed: needed))
        }
    }

    /// One matmul command.
    func multiply(_ block: FoldBlock, _ part: Command.Part) throws(TileError) {
        guard case .product(let product) = operation.action, block.format == .int8 else {
            throw fault(.notDescribed("a product of int8 codes"))
        }
        // Operands: first codes, first scales, second codes, second scales.
        let (firstView, secondView) = (part.view(0), part.view(2))
        let first = try operand(firstView, "the first operand", .read)
        let second = try operand(secondView, "the second operand", .read)
        let sums = try operand(part.view(nil), "the sums", block.accumulates ? .change : .write)
        try require(first, "the first operand", rows: block.m, bytes: block.k, block.instances)
        try require(second, "the second operand", rows: block.n, bytes: block.k, block.instances)
        try require(sums, "the sums", rows: block.m, bytes: 4 * block.n, block.instances)
        macs += block.macs
        count(block, product, first, second, sums)
        if options.array == .registers {
            do throws(TileError.Fault) {
                try registers.multiply(block, first, second, sums)
            } catch {
                throw fault(error)
            }
            return
        }
        let key = PackedTiles.Key(
            buffer: secondView?.buffer ?? -1, version: secondView?.buffer.map { slots[$0].version } ?? 0,
            offset: secondView?.offset.value(at: indices) ?? 0, n: block.n, k: block.k)
        let codes = packed.find(key) ?? pack(second, block, key)
        let perInstance = Kernels.packedInt8Count(rows: block.n, columns: block.k)
        let rowsPerPiece = threads == 1 ? block.m : max(32, (block.m + threads - 1) / threads)
        let pieces = (block.m + rowsPerPiece - 1) / rowsPerPiece
        let (kernels, shared) = (kernels, codes.shared)
        parallelFor(block.instances * pieces, threads: threads) { item in
            let (instance, piece) = item.quotientAndRemainder(dividingBy: pieces)
            let row = piece * rowsPerPiece
            let (a, c) = (first.dimensions[2].pitch, sums.dimensions[2].pitch)
            kernels.multiplyInt8(
                first.pointer(Int8.self, offset: Self.offset(first, instance) + row * a), rowStride: a,
                rows: min(rowsPerPiece, block.m - row), packed: shared.baseAddress + instance * perInstance,
                columns: block.n, depth: block.k,
                into: sums.pointer(Int32.self, offset: Self.offset(sums, instance) + row * c), rowStride: c / 4,
                accumulates: block.accumulates)
        }
    }

    private func pack(_ second: TileOperand, _ block: FoldBlock, _ key: PackedTiles.Key) -> AlignedBuffer<Int8> {
        let perInstance = Kernels.packedInt8Count(rows: block.n, columns: block.k)
        let memory = packed.add(key, bytes: block.instances * perInstance)
        // A multiple of the packed panels' height, so that pieces pack side by side.
        let rowsPerPiece = 64
        let pieces = (block.n + rowsPerPiece - 1) / rowsPerPiece
        let (kernels, target) = (kernels, memory.shared)
        parallelFor(block.instances * pieces, threads: threads) { item in
            let (instance, piece) = item.quotientAndRemainder(dividingBy: pieces)
            let (row, pitch) = (piece * rowsPerPiece, second.dimensions[2].pitch)
            kernels.packInt8(
                second.pointer(Int8.self, offset: Self.offset(second, instance) + row * pitch), rowStride: pitch,
                rows: min(rowsPerPiece, block.n - row), columns: block.k,
                into: target.baseAddress + instance * perInstance
                    + Kernels.packedInt8Count(rows: row, columns: block.k))
        }
        return memory
    }

    // MARK: Epilogue

    /// Sums to results: scales of rows and columns, bias.
    func finish(_ part: Command.Part) throws(TileError) {
        guard case .product = operation.action else { throw fault(.notDescribed("an epilogue of a product")) }
        let hasBias = operation.reads.count > 4
        let sums = try operand(part.view(nil), "the sums", .read)
        let firstScales = try operand(part.view(1), "the first operand's scales", .read)
        let secondScales = try operand(part.view(3), "the second operand's scales", .read)
        let bias = hasBias ? try operand(part.view(4), "the bias", .read) : nil
        let result = try operand(part.view(operation.reads.count), "the result", .write)
        let instances = sums.dimensions.count == 3 ? sums.dimensions[0].count * sums.dimensions[1].count : 0
        let (m, n) = (sums.dimensions.last?.count ?? 0, sums.runBytes / 4)
        try require(sums, "the sums", rows: m, bytes: 4 * n, instances)
        try require(firstScales, "the first operand's scales", rows: m, bytes: 4, instances)
        try require(secondScales, "the second operand's scales", rows: n, bytes: 4, instances)
        try require(result, "the result", rows: m, bytes: 4 * n, instances)
        if let bias, bias.runBytes != 4 * n {
            throw fault(.sizesDiffer(what: "bytes of the bias", found: bias.runBytes, needed: 4 * n))
        }
        // Scales one behind the other, as the kernel reads them.
        if scratch.count < instances * (m + n) { scratch = AlignedBuffer(uninitializedCount: instances * (m + n)) }
        let scales = scratch.shared
        for instance in 0..<instances {
            let start = scales.baseAddress + instance * (m + n)
            Self.gather(firstScales, instance, m, into: start)
            Self.gather(secondScales, instance, n, into: start + m)
        }
        let rowsPerPiece = threads == 1 ? m : max(32, (m + threads - 1) / threads)
        let pieces = (m + rowsPerPiece - 1) / rowsPerPiece
        let kernels = kernels
        parallelFor(instances * pieces, threads: threads) { item in
            let (instance, piece) = item.quotientAndRemainder(dividingBy: pieces)
            let row = piece * rowsPerPiece
            let start = scales.baseAddress + instance * (m + n)
            let (from, to) = (sums.dimensions[2].pitch, result.dimensions[2].pitch)
            kernels.dequantize(
                sums.pointer(Int32.self, offset: Self.offset(sums, instance) + row * from), rowStride: from / 4,
                rows: min(rowsPerPiece, m - row), columns: n, rowScales: start + row, columnScales: start + m,
                bias: bias.map { UnsafePointer($0.pointer(Float.self)) },
                into: result.pointer(Float.self, offset: Self.offset(result, instance) + row * to), rowStride: to / 4)
        }
    }

    private static func gather(
        _ operand: TileOperand, _ instance: Int, _ count: Int, into target: UnsafeMutablePointer<Float>
    ) {
        let source = operand.pointer(Float.self, offset: offset(operand, instance))
        let stride = count > 1 ? operand.dimensions[2].pitch / 4 : 1
        for index in 0..<count { target[index] = source[index * stride] }
    }

    /// Adds a command's accumulators to the statistics, where these are kept.
    private func count(
        _ block: FoldBlock, _ product: Product, _ first: TileOperand, _ second: TileOperand, _ sums: TileOperand
    ) {
        guard accumulators != nil else { return }
        for instance in 0..<block.instances {
            let a = first.pointer(Int8.self, offset: Self.offset(first, instance))
            let b = second.pointer(Int8.self, offset: Self.offset(second, instance))
            let before =
                block.accumulates
                ? UnsafePointer(sums.pointer(Int32.self, offset: Self.offset(sums, instance))) : nil
            accumulators?.count(
                operation, a, rowStride: first.dimensions[2].pitch, b, rowStride: second.dimensions[2].pitch,
                m: block.m, n: block.n, k: block.k, adding: before, rowStride: sums.dimensions[2].pitch / 4,
                kernels: kernels, threads: threads)
        }
    }

    /// A place of an instance, for the register-level array.
    static func instance(_ operand: TileOperand, _ instance: Int) -> Int { offset(operand, instance) }
}
