/// Merges neighbouring tokens, the pair of least priority first and the leftmost of equals, until no pair merges: the heart of both byte-pair encodings here.
///
/// Pairs wait in a heap, so a text of n tokens takes n·log n steps; the result is that of looking through all pairs before each merge.
struct PairMerger {
    /// A pair that may merge. Of equal priorities the leftmost comes first.
    private struct Candidate {
        let priority: Double
        let position: Int32
        let left: Int32
        let right: Int32
        let merged: Int32

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.priority != b.priority ? a.priority < b.priority : a.position < b.position
        }
    }

    private var tokens: [Int32]
    private var next: [Int32]
    private var previous: [Int32]
    private var heap: [Candidate] = []
    private let find: (Int32, Int32) -> (priority: Double, token: Int32)?

    /// The tokens that are left after all merges.
    ///
    /// - Parameter find: what a pair becomes, and its priority, no NaN; nil if it doesn't merge.
    static func merge(_ tokens: [Int32], _ find: @escaping (Int32, Int32) -> (priority: Double, token: Int32)?)
        -> [Int32]
    {
        guard tokens.count > 1 else { return tokens }
        var merger = PairMerger(tokens, find)
        return merger.run()
    }

    private init(_ tokens: [Int32], _ find: @escaping (Int32, Int32) -> (priority: Double, token: Int32)?) {
        self.tokens = tokens
        self.find = find
        next = tokens.indices.map { Int32($0 + 1) }
        previous = tokens.indices.map { Int32($0 - 1) }
        next[tokens.count - 1] = -1
    }

    private mutating func run() -> [Int32] {
        for position in 0..<tokens.count - 1 { offer(Int32(position)) }
        while let best = pop() {
            let (left, right) = (Int(best.position), Int(next[Int(best.position)]))
            // Merges since then may have changed either side; a token that is gone is −1.
            guard right >= 0, tokens[left] == best.left, tokens[right] == best.right else { continue }
            tokens[left] = best.merged
            tokens[right] = -1
            next[left] = next[right]
            if next[left] >= 0 { previous[Int(next[left])] = Int32(left) }
            if previous[left] >= 0 { offer(previous[left]) }
            offer(Int32(left))
        }
        return tokens.filter { $0 >= 0 }
    }

    /// Puts the pair that starts at a position into the heap, if it merges.
    private mutating func offer(_ position: Int32) {
        let right = next[Int(position)]
        guard right >= 0 else { return }
        let pair = (tokens[Int(position)], tokens[Int(right)])
        guard let found = find(pair.0, pair.1) else { return }
        push(
            Candidate(
                priority: found.priority, position: position, left: pair.0, right: pair.1, merged: found.token))
    }

    private mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var place = heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place] < heap[parent] else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }

    private mutating func pop() -> Candidate? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return last }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == place { return first }
            heap.swapAt(place, least)
            place = least
        }
    }
}
