extension StepRequest {
    /// The arguments with which `zeroth` prices this step: `cost --network … --json`. Settings at their defaults are left out.
    public var arguments: [String] {
        var arguments = ["cost", "--network", network, "--hardware", hardware]
        for override in overrides { arguments += ["--set", override] }
        arguments += ["--method", method, "--batch", "\(batch)"]
        let rest: [(flag: String, value: String?)] = [
            ("sequence", sequence.map { "\($0)" }), ("queries", queries == 1 ? nil : "\(queries)"),
            ("baseline", baseline), ("weights", weights), ("activations", activations),
            ("trainable", trainable == "all" ? nil : trainable), ("update-rounding", updateRounding), ("head", head),
            ("loss-tokens", lossTokens), ("objective", objective == .traffic ? nil : objective.rawValue),
        ]
        for (flag, value) in rest {
            if let value { arguments += ["--\(flag)", value] }
        }
        return arguments + ["--json"]
    }

    /// The same as a line for a POSIX shell.
    public var command: String {
        (["zeroth"] + arguments).map(Self.quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_./=:,+".utf8.contains(byte)
        }
        return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
