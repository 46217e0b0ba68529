import Programs

/// What commands of the tile engine count as, for those that wait for them: what is done of a class stands in one counter.
public enum EngineClass: Int, CaseIterable, Sendable {
    case weightLoad, activationLoad, store, perturbation, product, epilogue

    /// The place of its unit's queue in the image.
    var queue: Int {
        switch self {
        case .weightLoad, .activationLoad, .store: 1
        case .perturbation: 2
        case .product: 3
        case .epilogue: 4
        }
    }
}

/// One command as the engine gets it.
struct EngineCommand {
    /// What the unit does, addresses in bytes of the memory that is meant.
    enum Work: Hashable {
        /// Runs of a tensor in DRAM, one behind the other on the chip.
        case transfer(dram: Int, tile: Int, runs: Int, runBytes: Int, pitch: Int)
        case perturb(tile: Int, rows: Int, columns: Int, first: Int)
        case product(Product)
        case epilogue(Epilogue)
    }

    /// One tile of a product.
    struct Product: Hashable {
        let weightTile: Int
        let weightPitch: Int
        let activationTile: Int
        let activationPitch: Int
        let firstWord: Int
        let m: Int
        let n: Int
        let k: Int
        let accumulates: Bool
        let isBlocked: Bool
        let beats: Int
        let folds: Int
        let groups: Int
        let rowsLast: Int
        /// Its place in the layer: first row, column and k.
        let place: [Int]
    }

    struct Epilogue: Hashable {
        let firstWord: Int
        let m: Int
        let n: Int
        /// Words of accumulator memory for each group of columns.
        let beats: Int
        let firstScales: Int
        let secondScales: Int
        let bias: Int
        let result: Int
    }

    let work: Work
    let kind: EngineClass
    /// Number in its class, from 1.
    let number: Int
    /// Of each class, the commands that have to be done before it begins.
    let waits: [Int]
    /// Cycles in which its unit begins it and is free again, by the timing model.
    var start = 0
    var end = 0
}

/// What a command needs of a memory's port.
struct EnginePortEntry {
    let port: Int
    let kind: EngineClass
    let number: Int
    let cycles: Int
    /// The last command of the class that is served with it, since those between do not use the port.
    var covers: Int
}
