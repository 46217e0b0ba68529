import Hardware
import Kernels
import NumberFormats
import Programs

/// Matrix products of tiles: operands from their slots, sums in the accumulator memory as Int32.
extension TileExecutor {
    private func require(_ operand: TileOperand, _ what: String, rows: Int, bytes: Int, _ instances: Int)
        throws(TileError)
    {
        for (name, found, needed) in [
            ("instances", operand.instances, instances),
            ("rows", operand.rows, rows), ("bytes of a row", operand.runBytes, bytes),
        ] where found != needed {
            throw fault(.sizesDiffer(what: "\(name) of \(what)", found: found, needed: needed))
        }
    }

    /// One matmul command.
    func multiply(_ command: TileCommand) throws(TileError) {
        let formats = Machine.emulatedFormats
        guard case .product(let product) = action, case .matmul(let block)? = running?.work,
            block.format == product.format, formats.contains(product.firstFormat),
            formats.contains(product.secondFormat)
        else {
            throw fault(.notDescribed("a product of \(formats.map(\.rawValue).joined(separator: " or ")) codes"))
        }
        // Operands: first codes, first scales, second codes, second scales.
        let second = try command.operand(2, .read)
        let firstTile = try command.operand(0, .read)
        let sums = try command.operand(-1, block.accumulates ? .change : .write)
        try require(
            firstTile, "the first operand", rows: block.m, bytes: bytes(block.k, product.firstFormat), block.instances)
        try require(
            second, "the second operand", rows: block.n, bytes: bytes(block.k, product.secondFormat), block.instances)
        try require(sums, "the sums", rows: block.m, bytes: 4 * block.n, block.instances)
        macs += block.macs
        let firstKey = try key(command, 0, rows: block.m, block)
        let first =
            product.firstFormat == .int4
            ? firstTile.unpacked(at: (unpacked.find(firstKey) ?? unpack(firstTile, firstKey)).baseAddress) : firstTile
        if accumulators != nil || options.array == .registers {
            let second = read(second, product.secondFormat, .second)
            count(block, first, second, sums)
            if options.array == .registers {
                do throws(TileError.Fault) {
                    try registers.multiply(product, block, first, second, sums)
                } catch {
                    throw fault(error)
                }
                return
            }
        }
        let secondKey = try key(command, 2, rows: block.n, block)
        let codes = packed.find(secondKey) ?? pack(read(second, product.secondFormat, .second), block, secondKey)
        let perInstance = Kernels.packedInt8Count(rows: block.n, columns: block.k)
        let rowsPerPiece = threads == 1 ? block.m : max(32, (block.m + threads - 1) / threads)
        let pieces = (block.m + rowsPerPiece - 1) / rowsPerPiece
        let (kernels, shared) = (kernels, codes.shared)
        parallelFor(block.instances * pieces, threads: threads) { item in
            let (instance, piece) = item.quotientAndRemainder(dividingBy: pieces)
            let row = piece * rowsPerPiece
            let (a, c) = (first.rowPitch, sums.rowPitch)
            kernels.multiplyInt8(
                first.pointer(Int8.self, offset: first.instance(instance) + row * a), rowStride: a,
                rows: min(rowsPerPiece, block.m - row), packed: shared.baseAddress + instance * perInstance,
                columns: block.n, depth: block.k,
                into: sums.pointer(Int32.self, offset: sums.instance(instance) + row * c), rowStride: c / 4,
                accumulates: block.accumulates)
        }
    }

    /// What is kept of an operand stands as long as the tile.
    private func key(
        _ command: TileCommand, _ operand: Int, rows: Int, _ block: FoldBlock
    ) throws(TileError) -> PackedTiles.Key {
        let view = try command.view(operand)
        let buffer = view.pointee.buffer
        return PackedTiles.Key(
            buffer: buffer, version: buffer < 0 ? 0 : slots[buffer].version,
            offset: view.pointee.offset.value(at: indices), n: rows, k: block.k)
    }

    private func unpack(_ first: TileOperand, _ key: PackedTiles.Key) -> AlignedBuffer<Int8> {
        let memory = unpacked.add(key, bytes: first.nibbles)
        unpack(first, to: first.unpacked(at: memory.baseAddress))
        return memory
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
            let (row, pitch) = (piece * rowsPerPiece, second.rowPitch)
            kernels.packInt8(
                second.pointer(Int8.self, offset: second.instance(instance) + row * pitch), rowStride: pitch,
                rows: min(rowsPerPiece, block.n - row), columns: block.k,
                into: target.baseAddress + instance * perInstance
                    + Kernels.packedInt8Count(rows: row, columns: block.k))
        }
        return memory
    }

    // MARK: Epilogue

    /// Sums to results: scales of rows and columns, bias.
    func finish(_ command: TileCommand) throws(TileError) {
        guard case .product = action else { throw fault(.notDescribed("an epilogue of a product")) }
        let sums = try command.operand(-1, .read)
        let firstScales = try command.operand(1, .read)
        let secondScales = try command.operand(3, .read)
        let bias = operation.reads.count > 4 ? try command.operand(4, .read) : nil
        let result = try command.operand(operation.reads.count, .write)
        let (instances, m, n) = (sums.instances, sums.rows, sums.runBytes / 4)
        try require(sums, "the sums", rows: m, bytes: 4 * n, instances)
        try require(firstScales, "the first operand's scales", rows: m, bytes: 4, instances)
        try require(secondScales, "the second operand's scales", rows: n, bytes: 4, instances)
        try require(result, "the result", rows: m, bytes: 4 * n, instances)
        // A bias for both signs is two, one behind the other.
        if let bias, bias.runBytes != 4 * n || ![1, instances].contains(bias.rows) {
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
            let (from, to) = (sums.rowPitch, result.rowPitch)
            kernels.dequantize(
                sums.pointer(Int32.self, offset: sums.instance(instance) + row * from), rowStride: from / 4,
                rows: min(rowsPerPiece, m - row), columns: n, rowScales: start + row, columnScales: start + m,
                bias: bias.map {
                    UnsafePointer($0.pointer(Float.self, offset: $0.rows > 1 ? instance * $0.rowPitch : 0))
                },
                into: result.pointer(Float.self, offset: result.instance(instance) + row * to), rowStride: to / 4)
        }
    }

    private static func gather(
        _ operand: TileOperand, _ instance: Int, _ count: Int, into target: UnsafeMutablePointer<Float>
    ) {
        let source = operand.pointer(Float.self, offset: operand.instance(instance))
        let stride = count > 1 ? operand.rowPitch / 4 : 1
        for index in 0..<count { target[index] = source[index * stride] }
    }

    /// Adds a command's accumulators to the statistics, where these are kept.
    private func count(
        _ block: FoldBlock, _ first: TileOperand, _ second: TileOperand, _ sums: TileOperand
    ) {
        guard accumulators != nil else { return }
        for instance in 0..<block.instances {
            let a = first.pointer(Int8.self, offset: first.instance(instance))
            let b = second.pointer(Int8.self, offset: second.instance(instance))
            let before =
                block.accumulates
                ? UnsafePointer(sums.pointer(Int32.self, offset: sums.instance(instance))) : nil
            accumulators?.count(
                operation, a, rowStride: first.rowPitch, b, rowStride: second.rowPitch,
                m: block.m, n: block.n, k: block.k, adding: before, rowStride: sums.rowPitch / 4,
                kernels: kernels, threads: threads)
        }
    }
}
