import Kernels
import Networks
import NumberFormats

/// A black-box attack on an image classifier: untargeted, by queries for logits alone (docs/semantics.md, section 14).
public struct ImageAttack: Hashable, Sendable {
    public enum Method: Hashable, Sendable {
        /// The perturbation, its noise and its steps on a grid of `bits`-bit codes.
        case zoqo(bits: Int)
        /// The same in FP32, with Gaussian noise.
        case zoSignSGD
    }

    public var method: Method
    /// ε: no pixel, 0…1, moves further.
    public var bound: Float
    /// Queries for an image at most.
    public var queries: Int
    /// The noise of a query, as a part of ε; ZOQO's largest step of noise is that of the grid, at least one.
    public var size: Double
    /// A step's length, as a part of ε.
    public var step: Double
    public var seed: UInt64

    public init(method: Method, bound: Float, queries: Int, size: Double, step: Double, seed: UInt64) {
        (self.method, self.bound, self.queries) = (method, bound, queries)
        (self.size, self.step, self.seed) = (size, step, seed)
    }

    /// What became of an image.
    public struct Outcome: Hashable, Sendable {
        public let image: Int
        public let label: Int
        /// Whether a query was taken for another class.
        public let succeeded: Bool
        /// Queries until then, or all.
        public let queries: Int
        /// The smallest margin that a query had.
        public let margin: Float
        /// The largest change of a pixel in the query that succeeded, or in the last.
        public let largestChange: Float
    }

    /// The largest code of a grid of some bits.
    static func largestCode(bits: Int) -> Int32 { (1 << Int32(bits - 1)) - 1 }

    /// A part of ε in grid steps, at least one: to nearest, ties away from zero.
    static func gridSteps(_ part: Double, largest: Int32) -> Int32 {
        Int32(max(1, min(32767, (part * Double(largest)).rounded(.toNearestOrAwayFromZero))))
    }

    /// Attacks an image until a query is taken for another class, or no queries are left.
    public func run(_ victim: ClassifierQueries, _ data: ImageDataset, image: Int) -> Outcome {
        let x = data.values(image)
        let label = Int(data.labels[image])
        var search: any AttackSearch =
            switch method {
            case .zoqo(let bits): GridSearch(self, bits: bits, pixels: x.count)
            case .zoSignSGD: FloatSearch(self, pixels: x.count)
            }
        let classes = victim.classifier.shape.classes
        var used = 0
        var best = Float.infinity
        var change: Float = 0
        var number: UInt32 = 0
        while used + 1 < queries {
            let streams = TensorStreams(
                seed: seed, step: number, tensor: UInt16(truncatingIfNeeded: image))
            let words = PhiloxSource().words(of: streams[.perturbation], elements: 0..<x.count)
            let pair = search.pair(x, words)
            let logits = victim.logits(pair, count: 2)
            var margins: [Float] = []
            for place in 0..<2 {
                let margin = ClassifierQueries.margin(
                    logits[place * classes..<(place + 1) * classes], label: label)
                used += 1
                margins.append(margin)
                best = min(best, margin)
                change = 0
                for index in x.indices { change = max(change, abs(pair[place * x.count + index] - x[index])) }
                if margin < 0 {
                    return Outcome(
                        image: image, label: label, succeeded: true, queries: used, margin: best, largestChange: change)
                }
            }
            search.move(words, difference: margins[0] - margins[1])
            number += 1
        }
        return Outcome(
            image: image, label: label, succeeded: false, queries: used, margin: best, largestChange: change)
    }

    /// Attacks the images that the classifier recognizes, in order, until `count` of them were attacked.
    ///
    /// - Returns: an outcome for each, and how many images were looked at.
    public func run(
        _ victim: ClassifierQueries, _ data: ImageDataset, from first: Int, count: Int, threads: Int
    ) -> (outcomes: [Outcome], seen: Int) {
        var images: [Int] = []
        var seen = 0
        let classes = victim.classifier.shape.classes
        for image in first..<max(first, data.count) where images.count < count {
            seen += 1
            let logits = victim.logits(data.values(image), count: 1)
            if ClassifierQueries.prediction(logits[0..<classes]) == Int(data.labels[image]) { images.append(image) }
        }
        var outcomes = [Outcome?](repeating: nil, count: images.count)
        outcomes.withUnsafeMutableBufferPointer { buffer in
            let (results, images) = (SharedBuffer(buffer), images)
            parallelFor(images.count, threads: threads) { place in
                results[place] = run(victim, data, image: images[place])
            }
        }
        return (outcomes.map { $0! }, seen)
    }
}

/// The state of an attack on one image.
protocol AttackSearch {
    /// Both queries of a step: the image with the perturbation plus the noise, and less the noise.
    func pair(_ x: [Float], _ words: [UInt32]) -> [Float]
    /// The step after both, by the sign of the difference of their margins.
    mutating func move(_ words: [UInt32], difference: Float)
}

/// fl(x + δ), held between 0 and 1.
private func shown(_ x: Float, _ delta: Float) -> Float { min(max(x + delta, 0), 1) }

/// 1, 0 or −1; 0 for a NaN.
private func sign(_ x: Float) -> Int32 { x > 0 ? 1 : x < 0 ? -1 : 0 }

/// ZOQO: codes −M…M of a grid with step fl(ε / M).
struct GridSearch: AttackSearch {
    private(set) var codes: [Int32]
    private let largest: Int32
    private let scale: Float
    private let noise: UniformGrid
    private let length: Int32

    init(_ attack: ImageAttack, bits: Int, pixels: Int) {
        largest = ImageAttack.largestCode(bits: bits)
        scale = attack.bound / Float(largest)
        noise = UniformGrid(checked: ImageAttack.gridSteps(attack.size, largest: largest))
        length = ImageAttack.gridSteps(attack.step, largest: largest)
        codes = [Int32](repeating: 0, count: pixels)
    }

    private func held(_ code: Int32) -> Int32 { min(max(code, -largest), largest) }

    func pair(_ x: [Float], _ words: [UInt32]) -> [Float] {
        func query(_ sign: Int32) -> [Float] {
            x.indices.map { shown(x[$0], scale * Float(held(codes[$0] + sign * noise.integer(word: words[$0])))) }
        }
        return query(1) + query(-1)
    }

    mutating func move(_ words: [UInt32], difference: Float) {
        let direction = length * sign(difference)
        guard direction != 0 else { return }
        for index in codes.indices {
            codes[index] = held(codes[index] - direction * noise.integer(word: words[index]).signum())
        }
    }
}

/// ZO-SignSGD in FP32: Gaussian noise, steps by the sign of each pixel's gradient estimate.
struct FloatSearch: AttackSearch {
    private(set) var deltas: [Float]
    private let bound: Float
    /// Of a unit of the Gaussian's integer.
    private let unit: Float
    private let length: Float

    init(_ attack: ImageAttack, pixels: Int) {
        bound = attack.bound
        unit = Float(attack.size * Double(attack.bound) / IrwinHallGaussian.variance.squareRoot())
        length = Float(attack.step * Double(attack.bound))
        deltas = [Float](repeating: 0, count: pixels)
    }

    private func held(_ delta: Float) -> Float { min(max(delta, -bound), bound) }

    func pair(_ x: [Float], _ words: [UInt32]) -> [Float] {
        func query(_ sign: Float) -> [Float] {
            x.indices.map {
                shown(x[$0], held(deltas[$0] + sign * (unit * Float(IrwinHallGaussian.integer(word: words[$0])))))
            }
        }
        return query(1) + query(-1)
    }

    mutating func move(_ words: [UInt32], difference: Float) {
        let direction = length * Float(sign(difference))
        guard direction != 0 else { return }
        for index in deltas.indices {
            deltas[index] = held(
                deltas[index] - direction * Float(IrwinHallGaussian.integer(word: words[index]).signum()))
        }
    }
}
