import Programs

extension PreparedNest {
    /// The outermost loop of a nest, where its turns touch nothing of each other's: each brings its tiles and gives them back, and what stands around it was loaded before
    /// and is only read. Some of the turns may then run on another chip at the same time.
    struct Turns {
        /// Numbers of its first and last instruction.
        let start: Int
        let end: Int
        let count: Int
        /// Commands before the loop, and in one turn.
        let commandsBefore: Int
        let commandsPerTurn: Int

        init?(_ instructions: [Instruction], _ prepared: [Prepared], _ commands: [Command]) {
            var next = 0
            var around: UInt64 = 0
            var before = 0
            search: while true {
                guard next < instructions.count else { return nil }
                switch instructions[next] {
                case .command(let number):
                    guard [.transfer, .perturb].contains(prepared[number].kind), !Self.isStore(commands[number]) else {
                        return nil
                    }
                    around |= prepared[number].touches
                    before += 1
                case .release: return nil
                case .loop(let count, _):
                    guard count > 0 else { return nil }
                    if count > 1 { break search }
                case .next: return nil
                }
                next += 1
            }
            guard case .loop(let count, let end) = instructions[next] else { return nil }
            let isTail = instructions[(end + 1)...].allSatisfy { instruction in
                switch instruction {
                case .release: true
                case .next(let count, _): count == 1
                case .command, .loop: false
                }
            }
            let body = instructions[(next + 1)..<end]
            var balance: [Int: Int] = [:]
            Self.visit(body) { instruction, times in
                switch instruction {
                case .command(let number):
                    for buffer in commands[number].acquires { balance[buffer, default: 0] += times }
                case .release(let buffer): balance[buffer, default: 0] -= times
                case .loop, .next: break
                }
            }
            let isApart = body.allSatisfy { instruction in
                switch instruction {
                case .command(let number): prepared[number].makes & around == 0
                case .release(let buffer): around >> UInt64(buffer) & 1 == 0
                case .loop, .next: true
                }
            }
            guard isTail, isApart, balance.values.allSatisfy({ $0 == 0 }) else { return nil }
            (start, self.end, self.count) = (next, end, count)
            commandsBefore = before
            commandsPerTurn = Self.sum(body) { _ in 1 }
        }

        private static func isStore(_ command: Command) -> Bool {
            if case .store = command.work { true } else { false }
        }

        /// Each instruction, and how often it runs.
        private static func visit(_ instructions: ArraySlice<Instruction>, _ body: (Instruction, Int) -> Void) {
            var times = [1]
            for instruction in instructions {
                switch instruction {
                case .loop(let count, _): times.append(times.last! * count)
                case .next: times.removeLast()
                case .command, .release: body(instruction, times.last!)
                }
            }
        }

        /// The sum of a command's amount over all that run.
        static func sum(_ instructions: ArraySlice<Instruction>, _ amount: (Int) -> Int) -> Int {
            var result = 0
            visit(instructions) { instruction, times in
                if case .command(let number) = instruction { result += times * amount(number) }
            }
            return result
        }
    }
}
