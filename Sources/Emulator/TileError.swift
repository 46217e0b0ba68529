/// What is wrong with a laid-out program: found before or while its commands run on modelled memories.
public struct TileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Fault: Error, Hashable, Sendable {
        /// A tile buffer reaches beyond the part of its memory that tiles may use.
        case bufferOutsideMemory(end: Int, bytes: Int)
        /// Two tile buffers share bytes.
        case buffersOverlap(other: String)
        /// A tensor has no place, or one that reaches beyond its memory.
        case tensorOutsideMemory(end: Int, bytes: Int)
        /// Two tensors that are alive at once share bytes.
        case tensorsOverlap(other: String)
        /// A command needs a slot while all are taken: the one it would get is still read.
        case noFreeSlot(slots: Int)
        /// A command reads, writes or frees a slot, and none is taken.
        case noSlotTaken
        /// A command touches a tile for which it does not wait.
        case notWaitedFor
        /// A command writes to a slot that it does not take, and not in place.
        case notAcquired
        /// Slots are still taken when the operation ends.
        case notReleased(slots: Int)
        /// Bytes beyond a slot.
        case outsideSlot(end: Int, bytes: Int)
        /// Bytes beyond a tensor.
        case outsideTensor(end: Int, bytes: Int)
        /// A byte on the chip that nothing has written since its slot was taken, or since its tensor came to life.
        case readBeforeWrite
        /// A byte in DRAM that nothing has written since its tensor came to life.
        case loadBeforeStore
        /// A byte in DRAM that the operation itself has stored.
        case loadAfterStore
        /// A byte of a result that the operation writes twice.
        case writtenTwice
        /// A byte of a result that the operation does not write.
        case notWritten
        /// A load or store of a tensor that has no place in DRAM.
        case notInDRAM
        /// A row number outside its table.
        case rowOutsideTable(row: Int, rows: Int)
        /// Drawn values that the vector unit did not find, or left.
        case draws(found: Int, needed: Int)
        /// More codes of a row stand at the end of their range, perturbed in place, than the list has room for that restores them.
        case listOverflow(row: Int, codes: Int, room: Int)
        /// What is restored of a weight is not what was perturbed: codes or list are another pass's.
        case notRestored(row: Int, column: Int)
        /// Restored weights that the update did not find in the perturbation unit, or left there.
        case restoredWeights(found: Int, needed: Int)
        /// A segment of rows that is not the next, or a command behind a phase's last segment that comes too early or late; `element` is then the row's length.
        case segmentOutOfTurn(phase: Int, element: Int, neededPhase: Int, neededElement: Int)
        /// A segment of other rows before those that were begun are done.
        case segmentOfOtherRows(outer: Int, first: Int, neededOuter: Int, neededFirst: Int)
        /// A place or a number of 4-bit codes that is odd: half of a byte, whose other half is another's.
        case withinByte(code: Int)
        /// The command does not say which part of the operation it does, or on which bytes.
        case notDescribed(String)
        /// The command's amounts and its bytes do not agree.
        case sizesDiffer(what: String, found: Int, needed: Int)
        /// The register-level array took other cycles than the timing model says.
        case cyclesDiffer(registers: Int, model: Int)
        /// The register-level array cannot execute the command.
        case notOnArray(String)
        /// Whoever watches the run stopped it.
        case stopped
    }

    /// The operation's name.
    public let operation: String
    /// Number of the command in its operation, from 0, loops expanded; nil for what is found before any runs, or when all have.
    public let command: Int?
    /// What the command does, such as `load`; empty where there is none.
    public let work: String
    /// The tile buffer's or tensor's name; empty where neither is concerned.
    public let buffer: String
    /// The byte in it, from 0.
    public let byte: Int?
    public let fault: Fault

    public var description: String {
        var place = "operation \(operation)"
        if let command { place += ", command \(command) (\(work))" }
        if !buffer.isEmpty { place += ", \(buffer)" }
        if let byte { place += ", byte \(byte)" }
        return place + ": " + fault.description
    }
}

extension TileError.Fault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bufferOutsideMemory(let end, let bytes):
            "the buffer ends at byte \(end) of a memory that has \(bytes) for tiles"
        case .buffersOverlap(let other): "shares bytes with buffer \(other); buffers of an operation lie apart"
        case .tensorOutsideMemory(let end, let bytes): "the tensor ends at byte \(end) of a memory of \(bytes)"
        case .tensorsOverlap(let other): "shares bytes with tensor \(other), which is alive at the same time"
        case .noFreeSlot(let slots):
            "needs a free slot, and all \(slots) are taken; the tile in the oldest has to be released first"
        case .noSlotTaken: "no slot is taken; the tile was released, or never brought"
        case .notWaitedFor: "the command touches the tile and does not wait for it"
        case .notAcquired: "writes bytes that nobody has written to a slot that it did not take"
        case .notReleased(let slots): "\(slots) slots are still taken at the operation's end; each has to be released"
        case .outsideSlot(let end, let bytes): "reaches to byte \(end) of a slot of \(bytes)"
        case .outsideTensor(let end, let bytes): "reaches to byte \(end) of a tensor of \(bytes)"
        case .readBeforeWrite: "reads a byte of the chip that nothing has written"
        case .loadBeforeStore: "loads a byte of DRAM that nothing has written"
        case .loadAfterStore: "loads a byte that the operation has stored; stores are served after later loads"
        case .writtenTwice: "writes a byte of the result a second time"
        case .notWritten: "the operation left a byte of its result unwritten"
        case .notInDRAM: "moves a tensor that has no place in DRAM"
        case .rowOutsideTable(let row, let rows): "row \(row) of a table of \(rows)"
        case .draws(let found, let needed): "\(found) drawn values wait for the vector unit, \(needed) are needed"
        case .listOverflow(let row, let codes, let room):
            "row \(row): \(codes) codes stand at the end of their range, perturbed in place, and the list that restores them has "
                + "room for \(room); try a smaller --perturbation-size, or --set organisation.perturbationUnit.placement=on-load"
        case .notRestored(let row, let column):
            "row \(row), column \(column): the code that the draw or the list restores is not the one that was perturbed; "
                + "codes and list have to be those that the pass before left"
        case .restoredWeights(let found, let needed):
            "\(found) restored weights wait in the perturbation unit, \(needed) are needed"
        case .segmentOutOfTurn(let phase, let element, let neededPhase, let neededElement):
            "comes to phase \(phase), element \(element) of its rows; next is phase \(neededPhase), element \(neededElement)"
        case .segmentOfOtherRows(let outer, let first, let neededOuter, let neededFirst):
            "comes to piece \(first) of part \(outer), while piece \(neededFirst) of part \(neededOuter) is begun and not done"
        case .withinByte(let code):
            "a run of 4-bit codes begins or ends at code \(code), within a byte that holds another's code; it has to be even"
        case .notDescribed(let what): "the command does not say \(what)"
        case .sizesDiffer(let what, let found, let needed): "\(what): \(found) found, \(needed) needed"
        case .cyclesDiffer(let registers, let model):
            "\(registers) cycles in the register-level array, \(model) in the timing model"
        case .notOnArray(let reason): "not on the register-level array: \(reason)"
        case .stopped: "whoever watches the run stopped it"
        }
    }
}
