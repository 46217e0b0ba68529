import Programs

/// Where a program's activations lie in a worker's memory while it runs one group of examples.
///
/// First fit over the tensors' lives, so that a worker's memory is the peak of what is alive, not the sum. This is the computer's memory; the
/// accelerator's own allocation is the program's (Programs), and no bit depends on either.
struct ActivationLayout {
    /// Byte offset of each activation for a group of `examples`; nil for parameters and inputs.
    let offsets: [Int?]
    /// Bytes a worker needs.
    let bytes: Int

    private static let alignment = 64

    init(program: Program, examples: Int) {
        var firstUse = [Int?](repeating: nil, count: program.tensors.count)
        var lastUse = [Int](repeating: 0, count: program.tensors.count)
        for (index, operation) in program.operations.enumerated() {
            for id in operation.reads + operation.writes {
                if firstUse[id.index] == nil { firstUse[id.index] = index }
                lastUse[id.index] = index
            }
        }
        var offsets = [Int?](repeating: nil, count: program.tensors.count)
        var live: [(offset: Int, end: Int, lastUse: Int)] = []
        var bytes = 0
        let order = program.tensors.indices.filter { firstUse[$0] != nil }.sorted { firstUse[$0]! < firstUse[$1]! }
        for index in order {
            let tensor = program.tensors[index]
            guard tensor.binding == nil, !tensor.isPersistent, case .perExample = tensor.extent else { continue }
            let start = firstUse[index]!
            live.removeAll { $0.lastUse < start }
            live.sort { $0.offset < $1.offset }
            // Codes of four bits lie in a byte each here.
            let bytesNeeded = max(
                tensor.bytes(batch: examples), tensor.format == .int4 ? tensor.elements(batch: examples) : 0)
            let size = (bytesNeeded + Self.alignment - 1) / Self.alignment * Self.alignment
            var offset = 0
            for other in live where offset + size > other.offset {
                offset = max(offset, other.end)
            }
            offsets[index] = offset
            live.append((offset, offset + size, lastUse[index]))
            bytes = max(bytes, offset + size)
        }
        self.offsets = offsets
        self.bytes = bytes
    }
}
