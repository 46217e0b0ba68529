extension ScheduledProgram {
    /// Live bytes in DRAM at each operation, by kind in the order of `MemoryKind.allCases`: the sum over the tensors that are alive then and
    /// have a place there.
    public func liveBytesByKind() -> [[Int]] {
        let kinds = MemoryKind.allCases
        var changes = [[Int]](
            repeating: [Int](repeating: 0, count: kinds.count), count: program.operations.count + 1)
        for (index, tensor) in program.tensors.enumerated() {
            guard let life = memory.lifetimes[index], memory.addresses[index] != nil,
                let kind = kinds.firstIndex(of: tensor.kind)
            else { continue }
            let bytes = tensor.bytes(batch: program.step.batch)
            changes[life.lowerBound][kind] += bytes
            changes[life.upperBound + 1][kind] -= bytes
        }
        var now = [Int](repeating: 0, count: kinds.count)
        return changes.dropLast().map { change in
            for kind in kinds.indices { now[kind] += change[kind] }
            return now
        }
    }
}
