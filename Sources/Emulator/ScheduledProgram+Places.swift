import Hardware
import Programs

extension ScheduledProgram {
    /// Checks that everything has a place of its own: tile buffers in their memories, tensors in DRAM and in the resident half, apart from those that are alive
    /// at the same time. With that, a place is a piece of memory that nothing else touches.
    ///
    /// - Throws: `TileError` with the first buffer or tensor that has none.
    func checkPlaces() throws(TileError) {
        var seen: Set<Int> = []
        for (number, nest) in nestOfOperation.enumerated() where seen.insert(nest).inserted {
            try checkBuffers(of: nests[nest], operation: program.operations[number].name)
        }
        let organisation = machine.organisation
        let residentBytes = organisation.sram.activation.bytes - tileBytes(.activation)
        try checkTensors(memory.addresses, capacity: organisation.dram.capacityBytes)
        try checkTensors(memory.residentAddresses, capacity: residentBytes)
        for (number, operation) in program.operations.enumerated() {
            for id in operation.reads + operation.writes
            where memory.addresses[id.index] == nil && memory.residentAddresses[id.index] == nil {
                throw TileError(
                    operation: program.operations[number].name, command: nil, work: "", buffer: program[id].name,
                    byte: nil, fault: .tensorOutsideMemory(end: 0, bytes: 0))
            }
        }
    }

    private func checkBuffers(of nest: Nest, operation: String) throws(TileError) {
        for (index, buffer) in nest.buffers.enumerated() {
            func fault(_ fault: TileError.Fault) -> TileError {
                TileError(
                    operation: operation, command: nil, work: "", buffer: buffer.name, byte: nil, fault: fault)
            }
            let bytes = tileBytes(buffer.memory)
            guard buffer.address >= 0, buffer.end <= bytes else {
                throw fault(.bufferOutsideMemory(end: buffer.end, bytes: bytes))
            }
            for other in nest.buffers[..<index] where other.memory == buffer.memory {
                guard other.end <= buffer.address || buffer.end <= other.address else {
                    throw fault(.buffersOverlap(other: other.name))
                }
            }
        }
    }

    private func checkTensors(_ addresses: [Int?], capacity: Int) throws(TileError) {
        let batch = program.step.batch
        let placed = addresses.indices.filter { addresses[$0] != nil && memory.lifetimes[$0] != nil }.sorted {
            addresses[$0]! < addresses[$1]!
        }
        for (position, index) in placed.enumerated() {
            let (tensor, life) = (program.tensors[index], memory.lifetimes[index]!)
            let end = addresses[index]! + tensor.bytes(batch: batch)
            func fault(_ fault: TileError.Fault) -> TileError {
                TileError(
                    operation: program.operations[life.lowerBound].name, command: nil, work: "", buffer: tensor.name,
                    byte: nil, fault: fault)
            }
            guard addresses[index]! >= 0, end <= capacity else {
                throw fault(.tensorOutsideMemory(end: end, bytes: capacity))
            }
            for other in placed[(position + 1)...] {
                guard addresses[other]! < end else { break }
                guard !memory.lifetimes[other]!.overlaps(life) else {
                    throw fault(.tensorsOverlap(other: program.tensors[other].name))
                }
            }
        }
    }
}
