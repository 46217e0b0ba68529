import Glibc
import Networks
import Programs

/// Whether a run fits this computer, asked before memory is taken.
public enum MemoryCheck {
    /// Bytes that a run needs, roughly: codes, packed weights as stored and at ±d, residuals, the embeddings, activations of each worker. FP32
    /// weights stay in the mapped file, which the system may drop again.
    public static func estimate(_ shape: EncoderShape, _ settings: RunSettings, threads: Int) -> Int {
        let weights = shape.linearWeightCount + adapterCount(shape, settings)
        // Codes, packed, packed plus, packed minus, residuals of at most two bytes; panels round up by at most a quarter.
        guard settings.method.isOnGrid, settings.formats.isOfCodes else {
            // FP32 weights, those of both signs or gradients, two moments, operands packed and transposed; and all that a forward keeps.
            let values = weights * 4 * 7
            let kept =
                settings.batch * settings.sequence * shape.layers
                * (40 * shape.hidden + 20 * shape.intermediate + 16 * shape.heads * settings.sequence)
            return values + kept + (shape.vocabulary + shape.positions + shape.types) * shape.hidden * 4 + (64 << 20)
        }
        let linear = weights * 6 * 5 / 4
        let embeddings = (shape.vocabulary + shape.positions + shape.types) * shape.hidden * 4
        let rows = max(settings.sequence, 256)
        // A worker's live activations: a handful of hidden rows, the intermediate rows twice, scores and their codes.
        let perRow = 16 * shape.hidden + 10 * shape.intermediate + 5 * shape.heads * settings.sequence
        let results = settings.batch * (shape.hidden + shape.classes) * 4 * 3
        return linear + embeddings + threads * rows * perRow + results + (64 << 20)
    }

    /// Values of the adapters that the settings ask for.
    private static func adapterCount(_ shape: EncoderShape, _ settings: RunSettings) -> Int {
        guard let set = TrainableSet(settings.trainable), set.adapters != nil else { return 0 }
        return StepDescription(
            shape: shape, batch: 1, sequence: 1, trainable: set, hasNewHead: false, method: .inference(.quantized)
        ).adapterCount
    }

    /// - Throws: `RunError.tooLarge` where the estimate is more than this computer has available.
    public static func require(_ shape: EncoderShape, _ settings: RunSettings, threads: Int) throws(RunError) {
        let needed = estimate(shape, settings, threads: threads)
        let available = availableBytes
        guard needed <= available else { throw .tooLarge(needed: needed, available: available) }
    }

    /// Bytes that the system can give without swapping: MemAvailable of /proc/meminfo, or all physical memory elsewhere.
    public static var availableBytes: Int {
        if let file = fopen("/proc/meminfo", "r") {
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, 256, file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasPrefix("MemAvailable:") else { continue }
                let digits = text.filter(\.isNumber)
                if let kibibytes = Int(digits) { return kibibytes * 1024 }
            }
        }
        return sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    }
}
