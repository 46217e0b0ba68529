import Testing

@testable import Networks

@Suite struct JSONTests {
    private func read(_ text: String) throws -> JSONObject {
        let file = TestFile("a.json", text)
        return try JSONReader.object(in: file.bytes, file: file.name)
    }

    @Test func readsEveryKindOfValue() throws {
        let object = try read(
            #" { "a" : [ 1 , -2.5e+3 , true , false , null , "x\n\"\\\/\u00e9\ud83d\ude00é" , { } , [ ] ] } "#)
        let expected: [JSON] = [
            .number("1"), .number("-2.5e+3"), .bool(true), .bool(false), .null,
            .string("x\n\"\\/\u{e9}\u{1f600}\u{e9}"),
            .object(JSONObject(members: [])), .array([]),
        ]
        #expect(object["a"] == .array(expected))
        #expect(object["b"] == nil)
        #expect(expected[0].integer == 1)
        #expect(expected[1].integer == nil)
        #expect(expected[1].double == -2_500)
    }

    @Test func quotesWhatItReads() throws {
        let text = "a\"\\\n\t\r\u{1}é\u{1f600}/"
        #expect(try read("{\"k\":\(jsonQuoted(text))}")["k"]?.string == text)
    }

    @Test func namesTheSecondOfTwoEqualKeys() {
        #expect(
            message { _ = try read("{\"a\": 1,\n  \"b\": {\"a\": 2, \"\\u0061\": 3}}") }
                == "a.json: line 2, column 17: key \"a\" stands twice; keep one of them")
    }

    @Test(arguments: [
        ("", "line 1, column 1: is not JSON: the text ends where a value must stand"),
        ("{\"a\":", "line 1, column 6: is not JSON: the text ends where a value must stand"),
        ("{\"a\": 1} x", "line 1, column 10: is not JSON: the text must end after its first value"),
        ("{\"a\" 1}", "line 1, column 6: is not JSON: a colon must follow the key"),
        ("{\"a\": 1,\n}", "line 2, column 1: is not JSON: a key between quotation marks must stand here"),
        ("{\"a\": 1 2}", "line 1, column 9: is not JSON: a comma or a closing brace must stand here"),
        ("{\"a\": [1 2]}", "line 1, column 10: is not JSON: a comma or a closing bracket must stand here"),
        ("{\"a\": tru}", "line 1, column 7: is not JSON: true must stand here"),
        ("{\"a\": 01}", "line 1, column 8: is not JSON: a comma or a closing brace must stand here"),
        ("{\"a\": -}", "line 1, column 8: is not JSON: a digit must stand here"),
        ("{\"a\": 1.}", "line 1, column 9: is not JSON: a digit must follow the point"),
        ("{\"a\": 1e}", "line 1, column 9: is not JSON: a digit must stand in the exponent"),
        ("{\"a\": NaN}", "line 1, column 7: is not JSON: a value must stand here"),
        ("{\"a", "line 1, column 4: is not JSON: the text ends inside of a string"),
        ("{\"a\\", "line 1, column 5: is not JSON: the text ends inside of a string"),
        ("{\"a\n\"", "line 1, column 4: is not JSON: a control character in a string must be escaped"),
        ("{\"\\x\"", "line 1, column 4: is not JSON: one of \" \\ / b f n r t u must follow a backslash"),
        ("{\"\\u12g4\"", "line 1, column 7: is not JSON: four hexadecimal digits must follow \\u"),
        ("{\"\\ud800\"", "line 1, column 9: is not JSON: a surrogate must have its other half"),
        ("{\"\\ud800\\n\"", "line 1, column 10: is not JSON: the second half of a surrogate pair must stand here"),
        ("[]", "line 1: is not a JSON object; {\"key\": value, …} is needed"),
    ])
    func tellsThePlaceOfAnError(text: String, expected: String) {
        #expect(message { _ = try read(text) } == "a.json: \(expected)")
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let file = TestFile("a.json", Array("{\n\"".utf8) + [0xff] + Array("\":1}".utf8))
        #expect(
            message { _ = try JSONReader.object(in: file.bytes, file: file.name) }
                == "a.json: line 2: is not UTF-8; save the file as UTF-8")
    }

    @Test func nestsSixtyFourDeepAndNoDeeper() throws {
        func nested(_ depth: Int) -> String {
            "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        _ = try read(nested(64))
        #expect(message { _ = try read(nested(65)) }.contains("values must nest at most 64 deep"))
        #expect(message { _ = try read(nested(1_000_000)) }.contains("values must nest at most 64 deep"))
    }
}
