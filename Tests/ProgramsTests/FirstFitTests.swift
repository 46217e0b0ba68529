import ProgramFixtures
import Testing

@testable import Programs

@Suite struct FirstFits {
    /// Pieces come and go at random; each one comes where a search through every address finds room first.
    @Test func piecesLieWhereASearchFindsRoomFirst() throws {
        var random = SplitMix(state: 41)
        for unit in [1, 4, 16] {
            var space = FirstFit(unit: unit)
            var placed: [(address: Int, bytes: Int)] = []
            var most = 0
            for _ in 0..<2000 {
                if placed.count > Int.random(in: 0...40, using: &random) {
                    let piece = placed.remove(at: Int.random(in: 0..<placed.count, using: &random))
                    space.free(piece.address, piece.bytes)
                }
                let bytes = Int.random(in: 0...40, using: &random)
                func isFree(_ address: Int) -> Bool {
                    placed.allSatisfy {
                        $0.bytes == 0 || $0.address + roundUp($0.bytes, to: unit) <= address
                            || address + bytes <= $0.address
                    }
                }
                var expected = 0
                while bytes > 0, !isFree(expected) { expected += unit }
                let address = try space.place(bytes)
                #expect(address == expected)
                placed.append((address, bytes))
                most = max(most, placed.count)
            }
            #expect(most > 15)
        }
    }

    @Test func whatEndsBeyond64BitsIsAnError() throws {
        var space = FirstFit(unit: 64)
        #expect(try space.place(Int.max / 2) == 0)
        #expect(throws: ScheduleError.self) { try space.place(Int.max / 2 + 1) }
        #expect(throws: ScheduleError.self) { try space.place(Int.max) }
    }
}
