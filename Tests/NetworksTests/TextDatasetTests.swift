import Networks
import Testing

private func dataset(_ text: String, labels: [String]? = nil) throws -> TextDataset {
    try TextDataset(source: TestFile("a.tsv", text), labels: labels)
}

@Suite struct TextDatasetTests {
    @Test func readsLabelsAndTexts() throws {
        let data = try dataset("\u{feff}spam\tbuy now\r\nham\t hi \u{e9}\nspam\tlast")
        #expect(data.labels == ["ham", "spam"])
        #expect(data.examples.map(\.text) == ["buy now", " hi \u{e9}", "last"])
        #expect(data.examples.map(\.label) == [1, 0, 1])
        #expect(data.examples.map(\.line) == [1, 2, 3])
        #expect(data.classCounts == [1, 2])
        #expect(data.majorityShare == 2.0 / 3)
        #expect(data.name == "a.tsv")
    }

    @Test func takesTheOrderOfANetworksLabels() throws {
        let data = try dataset("b\tx\n", labels: ["c", "b", "a"])
        #expect(data.labels == ["c", "b", "a"])
        #expect(data.examples.map(\.label) == [1])
        #expect(data.classCounts == [0, 1, 0])
    }

    @Test(arguments: [
        ("a\tx\nb y\n", "line 2: has no tab; one example a line: label, tab, text"),
        ("a\tx\n\nb\ty\n", "line 2: has no tab; one example a line: label, tab, text"),
        ("a\tx\nb\ty\tz\n", "line 2: has 3 columns; one example a line: label, tab, text"),
        ("a\tx\n\ty\n", "line 2: has no label; one example a line: label, tab, text"),
        ("a\tx\n \ty\n", "line 2: has no label; one example a line: label, tab, text"),
        ("a\tx\nb\t\n", "line 2: has no text; one example a line: label, tab, text"),
        ("a\tx\nb\t \r\n", "line 2: has no text; one example a line: label, tab, text"),
        ("a\tx\na\ty\n", "every line: has the label \"a\"; at least two labels are needed"),
        ("\u{feff}", "is empty; at least one byte is needed"),
    ])
    func tellsTheLineOfAnError(text: String, expected: String) {
        #expect(message { _ = try dataset(text) } == "a.tsv: \(expected)")
    }

    @Test func namesLabelsThatTheNetworkDoesNotHave() {
        #expect(
            message { _ = try dataset("a\tx\nz\ty\n", labels: ["a", "b"]) }
                == "a.tsv: line 2: unknown label \"z\"; known are \"a\", \"b\"")
        let many = (0..<20).map { "l\($0)" }
        #expect(message { _ = try dataset("z\ty\n", labels: many) }.hasSuffix("\"l7\", …"))
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let file = TestFile("a.tsv", Array("a\tx\nb\ty\nb\t".utf8) + [0xe9, 0x0a])
        #expect(message { _ = try TextDataset(source: file) } == "a.tsv: line 3: is not UTF-8; save the file as UTF-8")
    }

    @Test func removesLaterDuplicatesAndCountsContradictions() throws {
        let (data, removed, conflicting) = try dataset("a\tx\nb\ty\nb\tx\na\tx\na\tz\n").removingDuplicates()
        #expect(data.examples.map(\.text) == ["x", "y", "z"])
        #expect(data.examples.map(\.label) == [0, 1, 0])
        #expect(data.labels == ["a", "b"])
        #expect(removed == 2)
        #expect(conflicting == 1)
    }

    @Test func splitsEveryExampleIntoOnePart() throws {
        let data = try dataset((0..<101).map { "\($0 % 2)\ttext \($0)\n" }.joined())
        let order = (0..<101).map { $0 * 7 % 101 }
        let (training, validation) = try data.split(validationFraction: 0.2, order: order)
        #expect(validation.examples.map(\.line) == order[..<20].map { $0 + 1 })
        #expect(training.examples.map(\.line) == order[20...].map { $0 + 1 })
        #expect(training.labels == data.labels)
    }

    @Test func refusesSharesThatLeaveAPartEmpty() throws {
        let data = try dataset("a\tx\nb\ty\nb\tz\n")
        for fraction in [0, 1, -0.5, .nan, .infinity] {
            #expect(
                message { _ = try data.split(validationFraction: fraction, order: [2, 0, 1]) }
                    == "a.tsv: validation share \(fraction): is out of range; more than 0 and less than 1 is needed")
        }
        #expect(
            message { _ = try data.split(validationFraction: 0.1, order: [2, 0, 1]) }
                == "a.tsv: validation share 0.1: leaves a part of the 3 examples empty; more examples or another share are needed"
        )
        #expect(message { _ = try data.split(validationFraction: 0.9, order: [2, 0, 1]) }.contains("leaves a part"))
    }

    @Test(
        .enabled(if: Resources.references != nil || Resources.required, "skipped: no references"))
    func readsTheMessages() throws {
        let data = try TextDataset.load(path: #require(Resources.references) + "/data/sms-spam/sms.tsv")
        #expect(data.labels == ["ham", "spam"])
        #expect(data.classCounts == [4_827, 747])
        let (unique, removed, conflicting) = data.removingDuplicates()
        #expect(unique.classCounts == [4_518, 653])
        #expect(removed == 403)
        #expect(conflicting == 0)
    }
}
