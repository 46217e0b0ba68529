import Foundation
import Testing

@testable import Networks

@Suite struct MappedFileTests {
    @Test func holdsTheBytesOfTheFile() throws {
        let folder = try ScratchFolder()
        let file = try MappedFile(path: folder.write("a", [1, 2, 3]))
        #expect(Array(file.bytes) == [1, 2, 3])
    }

    @Test func refusesWhatIsNoReadableFile() throws {
        let folder = try ScratchFolder()
        let path = folder.path
        #expect(
            message { _ = try MappedFile(path: "\(path)/a") }
                == "\(path)/a: no such file; give the path of a file that exists")
        #expect(message { _ = try MappedFile(path: path) } == "\(path): is a folder; give the path of a file")
        try folder.write("empty", "")
        #expect(
            message { _ = try MappedFile(path: "\(path)/empty") }
                == "\(path)/empty: is empty; at least one byte is needed")
        #expect(message { _ = try MappedFile(path: "\(path)/empty/a") }.contains("no such file"))
        #expect(
            message { _ = try MappedFile(path: "/dev/null") }
                == "/dev/null: is a pipe or a device; give a regular file, which can be read more than once")
        mkfifo("\(path)/pipe", 0o600)
        #expect(message { _ = try MappedFile(path: "\(path)/pipe") }.contains("is a pipe or a device"))
        let long = String(repeating: "x", count: 300)
        #expect(
            message { _ = try MappedFile(path: long) }
                == "\(long): can't be read (File name too long); give a file that you may read")
    }

    @Test func errorsStayOnOneLineWhateverTheName() {
        #expect(
            InputError.fileMissing(file: "a\nb\u{1b}[2J\u{202e}").description
                == "a\\u{a}b\\u{1b}[2J\\u{202e}: no such file; give the path of a file that exists")
    }
}

@Suite struct AtomicFileTests {
    private struct Interruption: Error {}

    @Test func replacesTheFileAsAWhole() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("run.json", "old and longer")
        try writeAtomically("new", to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(folder.names == ["run.json"])
    }

    @Test func writesPiecesInOrder() throws {
        let folder = try ScratchFolder()
        try writeAtomically(to: "\(folder.path)/a") { output in
            for byte in UInt8(0)..<100 { try output.append([byte]) }
        }
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/a"))) == Array(0..<100))
    }

    @Test func leavesNothingBehindWhenInterrupted() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("run.json", "old")
        #expect(throws: Interruption.self) {
            try writeAtomically(to: path) { output in
                try output.append([1, 2, 3])
                throw Interruption()
            }
        }
        #expect(throws: Interruption.self) {
            try writeAtomically(to: "\(folder.path)/other") { _ in throw Interruption() }
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(folder.names == ["run.json"])
    }

    /// Where the file system has no nameless files, a temporary name stands in; it goes on an error, too.
    @Test func worksWithoutNamelessFiles() throws {
        let folder = try ScratchFolder()
        let path = try folder.write("run.json", "old")
        #expect(throws: Interruption.self) {
            try writeAtomically(to: path, namelessly: false) { output in
                try output.append([1, 2, 3])
                #expect(folder.names.count == 2)
                throw Interruption()
            }
        }
        #expect(folder.names == ["run.json"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        try writeAtomically(to: path, namelessly: false) { try $0.append(Array("new".utf8)) }
        #expect(folder.names == ["run.json"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    }

    @Test func hasNoNameBeforeItIsWhole() throws {
        let folder = try ScratchFolder()
        try writeAtomically(to: "\(folder.path)/a") { output in
            try output.append([1, 2, 3])
            #expect(folder.names.isEmpty, "the file system of \(folder.path) has no nameless files")
        }
        #expect(folder.names == ["a"])
    }

    @Test func refusesWhatIsNoPlaceForAFile() throws {
        let folder = try ScratchFolder()
        let path = folder.path
        let advice = "give a path in a folder that exists, may be written and has room"
        #expect(
            message { try writeAtomically("x", to: "\(path)/none/a") }
                == "\(path)/none/a: can't be written (No such file or directory); \(advice)")
        try FileManager.default.createDirectory(atPath: "\(path)/sub", withIntermediateDirectories: false)
        #expect(
            message { try writeAtomically("x", to: "\(path)/sub") }
                == "\(path)/sub: can't be written (Is a directory); \(advice)")
        #expect(message { try writeAtomically("x", to: "\(path)/sub/") }.contains("Is a directory"))
        #expect(message { try writeAtomically("x", to: "") }.contains("No such file or directory"))
        #expect(folder.names == ["sub"])
    }

    @Test func refusesAFileSystemWithoutFiles() {
        #expect(message { try writeAtomically("x", to: "/proc/zeroth") }.hasPrefix("/proc/zeroth: can't be written ("))
    }
}
