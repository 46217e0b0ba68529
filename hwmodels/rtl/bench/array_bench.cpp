// Runs tiles through array_tile under Verilator and holds results, cycles and registers against a file's (see
// array_tiles.h).
//
//   array_bench --rows R --columns C --lanes L --kind K [--depth D] FILE        the tiles of FILE; build of array_probe
//   array_bench --rows R --columns C --lanes L --kind K [--depth D] --speed N   one large command N times; build of
//                                                                               array_probe or, faster, of array_tile
//
// The shape is that of the build (-GROWS=R and so on). A tile whose registers are given begins after a reset; the
// others follow each other without one, so that leftovers are found. Commands that break a rule are tried first.
//
// Prints counts and, of each kind, the first mismatch. Exit status: 0 if there was none, 1 if there was, 2 if the file
// or the arguments are wrong.

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <type_traits>
#include <vector>

#if __has_include("Varray_probe.h")
#include "Varray_probe.h"
using Top = Varray_probe;
#define HAS_REGISTERS 1
#else
#include "Varray_tile.h"
using Top = Varray_tile;
#define HAS_REGISTERS 0
#endif
#include "array_tiles.h"
#include "verilated.h"

// Ports: Verilator makes integers of those up to 64 bits, arrays of 32-bit words of wider ones.
template <class Port> static void put(Port& port, const uint32_t* words, int bits) {
    if constexpr (std::is_integral_v<Port>) {
        uint64_t value = words[0] | (bits > 32 ? (uint64_t)words[1] << 32 : 0);
        port = (Port)(bits < 64 ? value & ((1ull << bits) - 1) : value);
    } else {
        for (int i = 0; i < wordsFor(bits); ++i) port[i] = words[i];
        if (bits % 32) port[bits / 32] &= (1u << bits % 32) - 1;
    }
}

template <class Port> static void get(const Port& port, uint32_t* words, int bits) {
    if constexpr (std::is_integral_v<Port>) {
        words[0] = (uint32_t)port;
        if (bits > 32) words[1] = (uint32_t)((uint64_t)port >> 32);
    } else {
        for (int i = 0; i < wordsFor(bits); ++i) words[i] = port[i];
    }
}

template <class Port> static bool holds(const Port&, int bits) {
    size_t bytes = bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : bits <= 64 ? 8 : 4 * (size_t)wordsFor(bits);
    return sizeof(Port) == bytes;
}

// How often something was wrong, and the first time in words.
struct Mismatches {
    long count = 0;
    std::string first;

    void note(const char* format, ...) {
        if (count++ != 0) return;
        char text[4096];
        va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        first = text;
    }
};

struct Counts {
    long tiles = 0;
    Mismatches bits, cycles, registers;
    bool good() const { return bits.count == 0 && cycles.count == 0 && registers.count == 0 && tiles > 0; }
};

class Bench {
public:
    Bench(const Shape& shape, VerilatedContext& context) : shape(shape), top(&context) {
        bool fits = holds(top.row_data, shape.rowBits()) && holds(top.column_data, shape.columnBits())
            && holds(top.result, shape.resultBits());
#if HAS_REGISTERS
        fits = fits && holds(top.registers, shape.registerBits());
#endif
        if (!fits) stop("this bench was built for another shape than the arguments say");
        noise.resize(wordsFor(std::max(shape.rowBits(), shape.columnBits())));
        top.start = 0;
        top.result_address = 0;
#if !HAS_REGISTERS
        top.accumulate = 0;
        top.first_word = 0;
        top.close = 0;
        top.read_address = 0;
#endif
        reset();
    }
    ~Bench() { top.final(); }

    void run(const Tile& tile, Counts& counts) {
        const Command& c = tile.command;
        ++counts.tiles;
        if (!tile.registers.empty() || any() % 8 == 0) {
            // A reset in the middle of a command leaves nothing of it.
            if (any() % 2 == 0) {
                begin(c);
                for (uint32_t i = any() % (tile.cycles + 3); i > 0; --i) {
                    bringData(tile);
                    tick();
                }
            }
            reset();
        }
        begin(c);
        bool outOfRange = false;
        uint32_t beat = 0;
        bool begun = false;
        // Beat 0 is the first in which an operand is asked for. The last sum stands in the last row's register in beat
        // `cycles`, at whose end it is taken; done is high in the one after.
        uint64_t limit = 2 * (uint64_t)tile.cycles + 1000;
        for (uint64_t cycle = 0; cycle < limit && !top.done; ++cycle) {
            begun = begun || (c.outputStationary ? top.row_request : top.column_request);
            outOfRange = bringData(tile) || outOfRange;
            top.start = top.busy && any() % 4 == 0;  // must be ignored
            tick();
            if (!begun) continue;
            if (beat < tile.registers.size()) compareRegisters(tile, beat, counts);
            ++beat;
        }
        top.start = 0;
        bool finished = top.done;
        if (!finished) {
            counts.cycles.note("tile %s: done is still low after %llu cycles, cycles is %u and has to be %u",
                               c.name.c_str(), (unsigned long long)limit, top.cycles, tile.cycles);
        } else if (top.cycles != tile.cycles) {
            counts.cycles.note("tile %s: cycles is %u, expected %u", c.name.c_str(), top.cycles, tile.cycles);
        } else if (beat != tile.cycles + 1) {
            counts.cycles.note("tile %s: done came with beat %u, expected with beat %u", c.name.c_str(), beat,
                               tile.cycles + 1);
        }
        if (outOfRange)
            counts.bits.note("tile %s: asked for an operand word behind the last", c.name.c_str());
        if (finished && top.fault)
            counts.cycles.note("tile %s: fault is high, from a start while a command ran", c.name.c_str());
        compareResults(tile, counts);
        // The next command may begin in the cycle of done; or later.
        if (finished && any() % 2) {
            for (uint32_t i = 1 + any() % 3; i > 0; --i) {
                tick();  // done is one cycle long
                if (top.done || top.busy || top.cycles != tile.cycles)
                    counts.cycles.note("tile %s: done, busy or another count of cycles after done", c.name.c_str());
            }
        }
        if (!finished) reset();
    }

    // Commands that break a rule must not run, not for one cycle.
    void checkRefusals(Counts& counts) {
        Command good;
        good.beats = good.folds = good.groups = good.rowsLast = good.blocked = 1;
        good.aFormat = good.bFormat = shape.kind == 0 ? 11 : 0;
        good.settings = 32;
        struct Rule { const char* what; void (*breaks)(Command&, const Shape&); };
        const Rule rules[] = {
            {"0 beats", [](Command& c, const Shape&) { c.beats = 0; }},
            {"0 folds", [](Command& c, const Shape&) { c.folds = 0; }},
            {"0 groups", [](Command& c, const Shape&) { c.groups = 0; }},
            {"0 rows in the last fold", [](Command& c, const Shape&) { c.rowsLast = 0; }},
            {"a row too many in the last fold", [](Command& c, const Shape& s) { c.rowsLast = s.rows + 1; }},
            {"one output more than the memory holds", [](Command& c, const Shape& s) { c.beats = s.depth + 1; }},
            {"one group more than the memory holds", [](Command& c, const Shape& s) { c.groups = s.depth + 1; }},
            {"as many groups as 16 bits hold, of as many outputs",
             [](Command& c, const Shape&) { c.beats = c.groups = 65535; }},
            {"two folds of re-entry in output-stationary",
             [](Command& c, const Shape&) { c.outputStationary = 1; c.blocked = 0; c.folds = 2; }},
        };
        for (const Rule& rule : rules) {
            if ((&rule == &rules[5] || &rule == &rules[6]) && shape.depth >= 65535) continue;  // cannot be written down
            Command command = good;
            rule.breaks(command, shape);
            begin(command);
            bool ran = false;
            for (int i = 0; i < 4; ++i) {
                ran = ran || top.busy || top.done || top.row_request || top.column_request || !top.fault;
                tick();
            }
            if (ran) counts.cycles.note("a command with %s was not refused", rule.what);
            if (ran) reset();
        }
        begin(good);
        if (top.fault || !top.busy)
            counts.cycles.note("a command that breaks no rule was refused");
        reset();
    }

    void speed(long repetitions) {
        Tile tile;
        Command& c = tile.command;
        c.doubleBuffered = 1;
        c.beats = std::min(256, shape.depth);
        c.folds = 64;
        c.groups = 1;
        c.rowsLast = shape.rows;
        c.aFormat = c.bFormat = shape.kind == 0 ? 11 : 0;
        c.settings = shape.kind == 0 ? 32 : 64 + 13;
        auto fill = [this](std::vector<Word>& words, long count, int bits) {
            words.assign(count, Word(wordsFor(bits)));
            for (Word& word : words)
                for (uint32_t& w : word) w = any() & 0xF7F7F7F7u;  // no NaN among e4m3 codes
        };
        fill(tile.columnWords, (long)c.folds * shape.rows, shape.columnBits());
        fill(tile.rowWords, (long)c.folds * c.beats, shape.rowBits());
        long clocks = 0;
        std::clock_t start = std::clock();
        for (long i = 0; i < repetitions; ++i) {
            begin(c);
            while (!top.done) {
                bringData(tile);
                tick();
                ++clocks;
            }
        }
        double seconds = (double)(std::clock() - start) / CLOCKS_PER_SEC;
        double pes = (double)shape.rows * shape.columns;
        double macCycles = clocks * pes * shape.lanes;
        double macs = (double)repetitions * c.folds * c.beats * pes * shape.lanes;
        std::printf("clock cycles %ld\nMAC-cycles %.0f\nMACs %.0f\nCPU seconds %.3f\n", clocks, macCycles, macs,
                    seconds);
        std::printf("clock cycles per second %.0f\nMAC-cycles per second %.0f\n", clocks / seconds,
                    macCycles / seconds);
    }

private:
    const Shape& shape;
    Top top;
    Word noise;
    uint64_t state = 88172645463325252ull;

    uint32_t any() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (uint32_t)(state >> 32);
    }

    void tick() {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    }

    void reset() {
        top.reset = 1;
        tick();
        top.reset = 0;
    }

    // Gives the command; afterwards its first cycle is there, and the pins hold something else.
    void begin(const Command& c) {
        top.output_stationary = c.outputStationary;
        top.double_buffered = c.doubleBuffered;
        top.blocked = c.blocked;
        top.beats = c.beats;
        top.folds = c.folds;
        top.groups = c.groups;
        top.rows_last = c.rowsLast;
        top.a_format = c.aFormat;
        top.b_format = c.bFormat;
        top.settings = c.settings;
        top.start = 1;
        tick();
        top.start = 0;
        top.output_stationary = !c.outputStationary;
        top.double_buffered = !c.doubleBuffered;
        top.blocked = !c.blocked;
        top.beats = top.folds = top.groups = 1;
        top.rows_last = 1;
        top.a_format = top.b_format = 12;
        top.settings = 8;
    }

    // The memories. Where nothing is asked for they bring noise, which must not get in, and so for rows that take no
    // part. True if an address was wrong.
    bool bringData(const Tile& tile) {
        const Command& c = tile.command;
        bool row = top.row_request && top.row_address < tile.rowWords.size();
        bool column = top.column_request && top.column_address < tile.columnWords.size();
        bool lastFold = !c.outputStationary && top.row_address / c.beats % c.folds == (unsigned)c.folds - 1;
        bringWord(top.row_data, row ? &tile.rowWords[top.row_address] : nullptr, shape.rowBits(),
                  lastFold ? c.rowsLast * shape.lanes : shape.rows * shape.lanes);
        bringWord(top.column_data, column ? &tile.columnWords[top.column_address] : nullptr, shape.columnBits(),
                  shape.columns * shape.lanes);
        return top.row_request != row || top.column_request != column;
    }

    // The lowest codes of a word, noise above them or instead of it.
    template <class Port> void bringWord(Port& port, const Word* word, int bits, int codes) {
        if (word && 8 * codes == bits) return put(port, word->data(), bits);
        for (uint32_t& w : noise) w = any();
        for (int i = 0; word && i < codes; ++i) {
            uint32_t mask = 0xFFu << 8 * (i % 4);
            noise[i / 4] = (noise[i / 4] & ~mask) | ((*word)[i / 4] & mask);
        }
        put(port, noise.data(), bits);
    }

    void compareResults(const Tile& tile, Counts& counts) {
        Word got(wordsFor(shape.resultBits()));
        for (size_t i = 0; i < tile.results.size(); ++i) {
            top.result_address = i;
            top.eval();
            get(top.result, got.data(), shape.resultBits());
            if (got == tile.results[i]) continue;
            for (int column = 0; column < shape.columns; ++column) {
                std::string is = hex(got, column * shape.sumBits(), shape.sumBits());
                std::string expected = hex(tile.results[i], column * shape.sumBits(), shape.sumBits());
                if (is != expected)
                    counts.bits.note("tile %s: result %zu of column %d is %s, expected %s",
                                     tile.command.name.c_str(), i, column, is.c_str(), expected.c_str());
            }
        }
    }

    void compareRegisters(const Tile& tile, uint32_t beat, Counts& counts) {
#if HAS_REGISTERS
        Word got(wordsFor(shape.registerBits()));
        get(top.registers, got.data(), shape.registerBits());
        const Word& wanted = tile.registers[beat];
        if (got == wanted) return;
        struct Field { const char* name; int bits; };
        const int codes = shape.codeBits(), sum = shape.sumBits();
        const Field fields[] = {{"a", codes},       {"valid", 1},          {"first", 1},        {"last", 1},
                                {"shift", codes},   {"waiting", codes},    {"active", codes},   {"accumulating", sum},
                                {"held", sum},      {"sum", sum},          {"insert_early", 1}, {"insert_late", 1}};
        for (int pe = 0; pe < shape.rows * shape.columns; ++pe) {
            int at = (pe + 1) * shape.peBits();
            for (const Field& field : fields) {
                at -= field.bits;
                std::string is = hex(got, at, field.bits), expected = hex(wanted, at, field.bits);
                if (is != expected)
                    counts.registers.note(
                        "tile %s: at the end of beat %u register %s of PE (%d, %d) is %s, expected %s",
                        tile.command.name.c_str(), beat, field.name, pe / shape.columns, pe % shape.columns,
                        is.c_str(), expected.c_str());
            }
        }
#else
        (void)tile; (void)beat; (void)counts;
#endif
    }
};

static long number(const char* text, const char* option, long low, long high) {
    char* end = nullptr;
    long value = text ? std::strtol(text, &end, 10) : 0;
    if (!text || *text == 0 || *end != 0 || value < low || value > high)
        stop("%s takes a number from %ld to %ld", option, low, high);
    return value;
}

int main(int count, char** arguments) {
    Shape shape;
    const char* path = nullptr;
    long repetitions = 0;
    for (int i = 1; i < count; ++i) {
        std::string option = arguments[i];
        const char* value = i + 1 < count ? arguments[i + 1] : nullptr;
        if (option == "--rows") shape.rows = (int)number(value, "--rows", 1, 64), ++i;
        else if (option == "--columns") shape.columns = (int)number(value, "--columns", 1, 64), ++i;
        else if (option == "--lanes") shape.lanes = (int)number(value, "--lanes", 1, 1024), ++i;
        else if (option == "--kind") shape.kind = (int)number(value, "--kind", 0, 4), ++i;
        else if (option == "--depth") shape.depth = (int)number(value, "--depth", 1, 65536), ++i;
        else if (option == "--speed") repetitions = number(value, "--speed", 1, 1000000000), ++i;
        else if (option.rfind("--", 0) == 0 || path) stop("%s is not an argument", arguments[i]);
        else path = arguments[i];
    }
    if (shape.rows == 0 || shape.columns == 0 || shape.lanes == 0 || shape.kind < 0)
        stop("--rows, --columns, --lanes and --kind have to be given");
    if ((path != nullptr) == (repetitions != 0)) stop("a file of tiles or --speed N has to be given");

    VerilatedContext context;
    context.randReset(2);  // registers begin with any value: what is not reset shows
    context.randSeed(1);
    Bench bench(shape, context);
    if (repetitions) {
        bench.speed(repetitions);
        return 0;
    }
    Counts counts;
    bench.checkRefusals(counts);
    Reader reader(path, shape);
    Tile tile;
    while (reader.next(tile)) {
        if (!HAS_REGISTERS && !tile.registers.empty()) stop("a file with registers needs a build of array_probe");
        bench.run(tile, counts);
    }
    for (const Mismatches& found : {counts.registers, counts.cycles, counts.bits})
        if (found.count != 0) std::printf("first: %s\n", found.first.c_str());
    std::printf("tiles %ld\nbit mismatches %ld\ncycle mismatches %ld\nregister mismatches %ld\n", counts.tiles,
                counts.bits.count, counts.cycles.count, counts.registers.count);
    return counts.good() ? 0 : 1;
}
