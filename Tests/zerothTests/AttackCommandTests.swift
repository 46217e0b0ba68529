import Foundation
import Networks
import Testing

/// `zeroth attack` as its users run it.
struct AttackCommandTests {
    private let folder: String

    /// 60 images of 4 × 4 pixels in two classes: bright on the left, bright on the right.
    init() throws {
        folder = NSTemporaryDirectory() + "zeroth-attack-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 4, 0, 0, 0, 4]
        var labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 60]
        for image in 0..<60 {
            labels.append(UInt8(image % 2))
            for pixel in 0..<16 {
                let isBright = (pixel % 4 < 2) == (image % 2 == 0)
                images.append(UInt8((image * 7 + pixel * 13) % 50) + (isBright ? 120 : 60))
            }
        }
        try writeAtomically(images, to: folder + "/images")
        try writeAtomically(labels, to: folder + "/labels")
    }

    private func run(_ arguments: [String]) throws -> ProgramRun.Output {
        try ProgramRun.zeroth(["attack"] + arguments, in: folder)
    }

    @Test func aClassifierIsTrainedAndAttacked() throws {
        let data = ["--images", "images", "--labels", "labels"]
        let trained = try run(["train"] + data + ["--output", "c.safetensors", "--hidden", "6", "--epochs", "40"])
        #expect(trained.status == 0 && trained.out.contains("accuracy on them 100.0 %"), "\(trained.out)")
        let attack = ["run"] + data + ["--classifier", "c.safetensors", "--epsilon", "0.3", "--queries", "200"]
        let output = try run(attack + ["--bits", "6", "--output", "rows.csv", "--json"])
        #expect(output.status == 0 && output.err.isEmpty)
        struct Summary: Decodable {
            let attacked, succeeded: Int
            let medianQueries: Int?
        }
        let summary = try JSONDecoder().decode(Summary.self, from: Data(output.out.utf8))
        #expect(summary.attacked == 60 && summary.succeeded > 50 && summary.medianQueries != nil)
        let lines = try String(contentsOfFile: folder + "/rows.csv", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 61 && lines[0] == "image,label,succeeded,queries,margin,largest_change")
        #expect(lines.dropFirst().count { $0.split(separator: ",")[2] == "1" } == summary.succeeded)
        #expect(try run(attack + ["--method", "zo-signsgd", "--precision", "w8a8"]).out.contains("broken"))
    }

    @Test func whatIsWrongIsNamed() throws {
        let data = ["--images", "images", "--labels", "labels"]
        _ = try run(["train"] + data + ["--output", "c.safetensors", "--hidden", "2", "--epochs", "1"])
        let attack = ["run"] + data + ["--classifier", "c.safetensors"]
        for (arguments, words) in [
            (attack + ["--bits", "9"], "--bits"), (attack + ["--method", "zo-signsgd", "--bits", "4"], "--bits"),
            (attack + ["--epsilon", "0"], "--epsilon"), (attack + ["--queries", "1"], "--queries"),
            (attack + ["--size", "0"], "--size"), (attack + ["--step", "3"], "--step"),
            (attack + ["--first", "60"], "--first"), (attack + ["--count", "0"], "--count"),
            (["run", "--images", "labels", "--labels", "labels", "--classifier", "c.safetensors"], "labels"),
            (["run", "--images", "images", "--labels", "images", "--classifier", "c.safetensors"], "images have"),
            (["run"] + data + ["--classifier", "images"], "images"),
            (["train"] + data + ["--output", "none/c.safetensors", "--epochs", "1"], "none/c.safetensors"),
            (["train"] + data + ["--output", "c", "--hidden", "0"], "--hidden"),
        ] {
            let output = try run(arguments)
            let word = words == "images have" ? "dimensions" : words
            #expect(
                output.status != 0 && output.out.isEmpty && output.err.contains(word), "\(arguments): \(output.err)")
        }
    }
}
