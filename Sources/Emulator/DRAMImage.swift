import Kernels
import NumberFormats
import Programs

/// The accelerator's DRAM as bytes at the addresses of a program's memory plan.
final class DRAMImage {
    let scheduled: ScheduledProgram
    let kernels: Kernels
    /// The address of the first of `bytes`.
    let origin: Int
    let bytes: AlignedBuffer<UInt8>
    /// Kept where bytes are checked.
    let written: WrittenBytes?

    /// - Parameter tensors: those whose bytes it has; all, where they are not given.
    init(_ scheduled: ScheduledProgram, kernels: Kernels, checks: Bool, tensors: Set<Int>? = nil) {
        self.scheduled = scheduled
        self.kernels = kernels
        let batch = scheduled.program.step.batch
        let ranges = (tensors.map(Array.init) ?? Array(scheduled.program.tensors.indices)).compactMap { index in
            scheduled.memory.addresses[index].map { $0..<$0 + scheduled.program.tensors[index].bytes(batch: batch) }
        }
        // A multiple of 64, so that addresses keep their alignment.
        origin = tensors == nil ? 0 : (ranges.map(\.lowerBound).min() ?? 0) / 64 * 64
        let count = max(0, (ranges.map(\.upperBound).max() ?? 0) - origin)
        bytes = AlignedBuffer(count: count)
        written = checks ? WrittenBytes(count: count) : nil
    }

    /// A tensor's places among `bytes`; nil where it does not lie in DRAM.
    func range(of index: Int) -> Range<Int>? {
        guard let address = scheduled.memory.addresses[index].map({ $0 - origin }) else { return nil }
        return address..<address + scheduled.program.tensors[index].bytes(batch: scheduled.program.step.batch)
    }

    private func copy<Element>(_ source: UnsafeBufferPointer<Element>, to index: Int) {
        guard let range = range(of: index) else { return }
        let raw = UnsafeRawBufferPointer(source)
        precondition(raw.count >= range.count, "a tensor has all of its bytes")
        UnsafeMutableRawPointer(bytes.baseAddress + range.lowerBound).copyMemory(
            from: raw.baseAddress!, byteCount: range.count)
        written?.alive.set(range, true)
    }

    private func copy<Element>(_ index: Int, to target: UnsafeMutableBufferPointer<Element>) {
        guard let range = range(of: index) else { return }
        UnsafeMutableRawPointer(target.baseAddress!).copyMemory(
            from: bytes.baseAddress + range.lowerBound, byteCount: range.count)
    }

    /// Codes, of which a tensor in INT4 holds two a byte. Rows have even lengths, so that they follow each other without a gap.
    private func copy(codes: UnsafeMutableBufferPointer<Int8>, to index: Int) {
        guard scheduled.program.tensors[index].format == .int4 else {
            return copy(UnsafeBufferPointer(codes), to: index)
        }
        guard let range = range(of: index) else { return }
        precondition(codes.count == 2 * range.count, "a tensor has all of its codes")
        kernels.packInt4(codes.baseAddress!, count: codes.count, into: bytes.baseAddress + range.lowerBound)
        written?.alive.set(range, true)
    }

    private func copy(_ index: Int, toCodes target: UnsafeMutableBufferPointer<Int8>) {
        guard scheduled.program.tensors[index].format == .int4 else { return copy(index, to: target) }
        guard let range = range(of: index) else { return }
        kernels.unpackInt4(bytes.baseAddress + range.lowerBound, count: target.count, into: target.baseAddress!)
    }

    /// Copies a tensor, where it lies in DRAM, from an image of some of its tensors.
    func copy(_ index: Int, from other: DRAMImage) {
        guard let range = range(of: index), let source = other.range(of: index) else { return }
        (bytes.baseAddress + range.lowerBound).update(
            from: other.bytes.baseAddress + source.lowerBound, count: range.count)
        written?.alive.set(range, true)
    }

    /// Writes the network's parameters to their places.
    func fill(_ parameters: EncoderParameters) {
        let checkpoint = parameters.checkpoint
        for (index, tensor) in scheduled.program.tensors.enumerated() {
            switch tensor.binding {
            case .linearWeight(let number): copy(codes: parameters.linears[number].codes.elements, to: index)
            case .linearScales(let number):
                copy(UnsafeBufferPointer(parameters.linears[number].scales.elements), to: index)
            case .linearBias(let number): copy(UnsafeBufferPointer(parameters.linears[number].bias.elements), to: index)
            case .linearResiduals(let number):
                if let residuals = parameters.linears[number].residuals8 {
                    copy(UnsafeBufferPointer(residuals.elements), to: index)
                } else if let residuals = parameters.linears[number].residuals16 {
                    copy(UnsafeBufferPointer(residuals.elements), to: index)
                }
            case .wordEmbeddings: copy(checkpoint.parameter(.wordEmbeddings), to: index)
            case .positionEmbeddings: copy(checkpoint.parameter(.positionEmbeddings), to: index)
            case .typeEmbeddings: copy(checkpoint.parameter(.typeEmbeddings), to: index)
            case .normWeight(let norm): copy(checkpoint.norm(norm).weight, to: index)
            case .normBias(let norm): copy(checkpoint.norm(norm).bias, to: index)
            case .tokens, .lengths, .labels, nil: break
            }
        }
    }

    /// Writes a batch to its place, for a new run.
    func begin(_ batch: EncodedBatch) {
        for (index, tensor) in scheduled.program.tensors.enumerated() {
            switch tensor.binding {
            case .tokens: batch.tokens.withUnsafeBufferPointer { copy($0, to: index) }
            case .lengths: batch.lengths.withUnsafeBufferPointer { copy($0, to: index) }
            case .labels: batch.labels.withUnsafeBufferPointer { copy($0, to: index) }
            default: break
            }
        }
    }

    /// Copies what a step changed back to the parameters: codes, residuals and, where it is trained, the head's bias.
    func readBack(_ parameters: EncoderParameters, trained: Range<Int>) {
        for (index, tensor) in scheduled.program.tensors.enumerated() {
            switch tensor.binding {
            case .linearWeight(let number) where trained.contains(number):
                copy(index, toCodes: parameters.linears[number].codes.elements)
            case .linearResiduals(let number) where trained.contains(number):
                if let residuals = parameters.linears[number].residuals8 {
                    copy(index, to: residuals.elements)
                } else if let residuals = parameters.linears[number].residuals16 {
                    copy(index, to: residuals.elements)
                }
            case .linearBias(let number) where number == parameters.shape.headNumber && parameters.hasNewHead:
                copy(index, to: parameters.linears[number].bias.elements)
            default: break
            }
        }
    }
}
