import Programs

/// Reads from DRAM by one of SCALE-Sim's read buffers where it estimates bandwidth (`CALC`).
///
/// Its active half collects the words that missed, and forgets all of them once it is full. So a word is fetched again if and only if
/// the half has filled up since its last fetch.
struct ScaleSimReads {
    /// Words of the active half.
    let activeWords: Int
    /// Words fetched.
    private(set) var words = 0
    /// Words collected since the half was last full; fewer than it holds.
    private var collected = 0

    init(activeWords: Int) { self.activeWords = activeWords }

    /// Whether the half has ever been full.
    var hasBeenFull: Bool { words >= activeWords }

    /// Reads `blocks` blocks of `size` words each, every block `passes` times in the same order before the next.
    ///
    /// No count exceeds `blocks` · `size` · `passes`, which 64 bits must hold.
    mutating func read(blocks: Int, size: Int, passes: Int) {
        guard blocks > 0, size > 0 else { return }
        // Words read once all miss. So do those of a block no smaller than the half: between two reads of a word lie
        // size − 1 other misses, and with its own they fill the half.
        guard size < activeWords, passes > 1 else {
            let count = blocks * size * passes
            words += count
            collected = (collected + count % activeWords) % activeWords
            return
        }
        // A smaller block is fetched once, unless the half fills up during its first pass.
        let untilFull = ceilingDivision(activeWords - collected, size)
        guard blocks >= untilFull else { return fetch(blocks: blocks, size: size) }
        fetch(blocks: untilFull - 1, size: size)
        fetchAcrossFull(size: size)
        // The half holds just one block now, as it will each time: whole periods can be skipped.
        let period = ceilingDivision(activeWords - size, size)
        let (periods, rest) = (blocks - untilFull).quotientAndRemainder(dividingBy: period)
        words += periods * (period * size + (activeWords - period * size))
        fetch(blocks: rest, size: size)
    }

    /// Fetches blocks that fit beside what the half holds: once each.
    private mutating func fetch(blocks: Int, size: Int) {
        words += blocks * size
        collected += blocks * size
    }

    /// Fetches a block during whose first pass the half fills up: the words before that are fetched again by the second.
    private mutating func fetchAcrossFull(size: Int) {
        words += size + (activeWords - collected)
        collected = size
    }
}
