// Runs layers through tile_engine under Verilator. The engine gets a folder's commands.memh, and a memory that holds its
// dram.memh and answers loads in order, a latency later; nothing else. What the memory holds behind the layer, and when
// each command began and ended, is written beside them.
//
//   engine_bench --rows R --columns C --kind K [--log] FOLDER LATENCY LIMIT …
//
// Writes FOLDER/result.memh, in the form of golden.memh, and FOLDER/events.txt: a line a command, its class, number, first
// cycle, cycle in which its unit is free, and with --log what it read and left, in hex, joined by dots. Prints of each layer its
// cycles and the engine's faults; a layer that is not through after LIMIT cycles has -1. Exit status 2: something is wrong
// with files or arguments.

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "Vengine_probe.h"
#include "verilated.h"

[[noreturn]] static void stop(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::fprintf(stderr, "engine_bench: ");
    std::vfprintf(stderr, format, arguments);
    std::fprintf(stderr, "\n");
    va_end(arguments);
    std::exit(2);
}

template <class Port> static uint64_t bits(const Port& port, int low, int count) {
    if constexpr (std::is_integral_v<Port>) {
        return (uint64_t)port >> low & (count < 64 ? (1ull << count) - 1 : ~0ull);
    } else {
        uint64_t value = 0;
        for (int i = count - 1; i >= 0; --i) value = 2 * value + (port[(low + i) / 32] >> (low + i) % 32 & 1);
        return value;
    }
}

template <class Port> static void putByte(Port& port, int place, uint8_t byte) {
    if constexpr (std::is_integral_v<Port>) {
        port = (Port)(((uint64_t)port & ~(0xFFull << 8 * place)) | (uint64_t)byte << 8 * place);
    } else {
        port[place / 4] = (port[place / 4] & ~(0xFFu << 8 * (place % 4))) | (uint32_t)byte << 8 * (place % 4);
    }
}

constexpr int BEAT = 16;

static int digit(char c, const std::string& path) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    stop("%s: not a hex digit", path.c_str());
}

static std::vector<std::string> lines(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "r");
    if (!file) stop("%s cannot be read", path.c_str());
    std::vector<std::string> result;
    char* line = nullptr;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) >= 0) {
        line[std::strcspn(line, "\r\n")] = 0;
        if (line[0] != 0 && line[0] != '/') result.push_back(line);
    }
    std::free(line);
    std::fclose(file);
    return result;
}

// A word of the command image.
struct Image {
    uint32_t words[12] = {};
    Image(const std::string& line, const std::string& path) {
        if (line.size() != 96) stop("%s: a word has 96 digits", path.c_str());
        for (int i = 0; i < 96; ++i) words[(95 - i) / 8] |= (uint32_t)digit(line[i], path) << 4 * ((95 - i) % 8);
    }
    uint64_t field(int low, int count) const {
        uint64_t value = 0;
        for (int i = count - 1; i >= 0; --i) value = 2 * value + (words[(low + i) / 32] >> (low + i) % 32 & 1);
        return value;
    }
};

struct Shape { int rows = 0, columns = 0, kind = 0; };

class Bench {
public:
    Bench(VerilatedContext& context, const Shape& shape, bool logs) : top(&context), shape(shape), logs(logs) {}
    ~Bench() { top.final(); }

    void run(const std::string& folder, long latency, long limit) {
        std::string path = folder + "/commands.memh";
        for (std::vector<Image>& of : commands) of.clear();
        std::vector<Image> image;
        for (const std::string& line : lines(path)) image.emplace_back(line, path);
        readMemory(folder + "/dram.memh");
        top.push = top.start = top.response = 0;
        top.place = 0;
        top.reset = 1;
        tick();
        tick();
        top.reset = 0;
        for (const Image& word : image) {
            std::memcpy(&top.word, word.words, sizeof word.words);
            top.push = 1;
            tick();
            int unit = (int)word.field(380, 4);
            if (unit >= 1 && unit <= 4) commands[word.field(96, 4)].push_back(word);
            if (unit == 0) {
                outputStationary = word.field(0, 1);
                inputStationary = word.field(1, 1);
                beatBytes = (int)word.field(52, 8);
                aFormat = (int)word.field(4, 4);
                bFormat = (int)word.field(8, 4);
            }
        }
        top.push = 0;
        for (int i = 0; i < 16; ++i) tick();
        top.start = 1;
        tick();
        top.start = 0;
        std::vector<Answer> answers(latency + 1);
        for (std::vector<Event>& of : events) of.assign(0, Event());
        int moving = 0, ended[6] = {};
        std::vector<std::pair<int, int>> left;  // ended in the cycle before: what they left is there
        bool sumsCome = false;
        long cycle = 0, result = -1;
        for (; cycle < limit && !top.fault; ++cycle) {
            top.response = 0;
            top.clk = 0;
            top.eval();
            if (top.finished) {
                result = cycle;
                break;
            }
            // The memory: a ring of the beats that were asked for.
            Answer& asked = answers[cycle % (latency + 1)];
            asked.is = top.request && !top.store;
            // A burst may reach beyond what there is: its bytes are not the layer's.
            for (int i = 0; i < BEAT && top.request; ++i) {
                size_t place = (size_t)top.address + i;
                if (top.store && top.strobe >> i & 1 && place < memory.size()) memory[place] = (uint8_t)bits(top.store_data, 8 * i, 8);
                asked.bytes[i] = i < beatBytes && place < memory.size() ? memory[place] : noise();
            }
            const Answer& now = answers[(cycle + 1) % (latency + 1)];
            if (now.is) {
                top.response = 1;
                for (int i = 0; i < BEAT; ++i) putByte(top.response_data, i, now.bytes[i]);
                top.eval();
            }
            for (int k = 0; k < 6; ++k) {
                if (top.begins >> k & 1) {
                    events[k].push_back(Event{cycle, 0, {}});
                    if (k < 3) moving = k;
                }
            }
            if (top.transferred && !events[moving].empty()) events[moving].back().end = cycle + 1;
            // Stored codes are changed from the first cycle on; other operands are looked at behind it, when the last sum is in.
            if (logs && top.begins >> 3 & 1) before(3);
            int began = top.begins;
            std::vector<std::pair<int, int>> done;
            for (int k = 0; k < 6; ++k) {
                if (!(top.ends >> k & 1)) continue;
                int number = ended[k]++;
                if (k >= 3 && number < (int)events[k].size()) events[k][number].end = cycle + 1;
                done.emplace_back(k, number);
            }
            top.clk = 1;
            top.eval();
            if (logs) {
                // The last sum of a product is taken in the cycle behind its last.
                if (sumsCome) take(4, ended[4] - 1 - (int)(done.size() && has(done, 4)));
                sumsCome = has(done, 4);
                if (began >> 4 & 1) before(4);
                if (began >> 5 & 1) before(5);
                for (auto [k, number] : done) if (k != 4) take(k, number);
            }
        }
        if (logs && sumsCome) {
            tick();
            take(4, ended[4] - 1);
        }
        write(folder);
        std::printf("%s %ld %d\n", folder.c_str(), result, (int)top.fault);
    }

private:
    struct Answer { bool is = false; uint8_t bytes[BEAT] = {}; };
    struct Event { long start = 0, end = 0; std::string data; };

    Vengine_probe top;
    Shape shape;
    bool logs, outputStationary = false, inputStationary = false;
    int beatBytes = 1, aFormat = 0, bFormat = 0;
    std::vector<uint8_t> memory;
    std::vector<Image> commands[6];
    std::vector<Event> events[6];
    uint64_t state = 88172645463325252ull;

    uint8_t noise() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (uint8_t)(state >> 32);
    }

    static bool has(const std::vector<std::pair<int, int>>& done, int k) {
        for (auto& pair : done) if (pair.first == k) return true;
        return false;
    }

    void tick() {
        top.clk = 0;
        top.eval();
        top.clk = 1;
        top.eval();
    }

    void readMemory(const std::string& path) {
        memory.clear();
        for (const std::string& line : lines(path)) {
            if (line.size() != 2 * BEAT) stop("%s: a word has %d digits", path.c_str(), 2 * BEAT);
            for (int i = BEAT - 1; i >= 0; --i) memory.push_back((uint8_t)(16 * digit(line[2 * i], path) + digit(line[2 * i + 1], path)));
        }
    }

    static void hex(std::string& text, uint64_t value, int digits) {
        while (digits-- > 0) text += "0123456789abcdef"[value >> 4 * digits & 15];
    }

    uint8_t inMemory(uint64_t place) const { return place < memory.size() ? memory[place] : 0; }

    uint8_t byteAt(bool activation, uint64_t place) {
        top.place = (uint32_t)place;
        top.eval();
        return activation ? top.activation_byte : top.weight_byte;
    }

    // Codes of a tile's row.
    void codes(std::string& text, bool activation, int format, uint64_t tile, uint64_t pitch, uint64_t rows, uint64_t depth) {
        for (uint64_t row = 0; row < rows; ++row) {
            for (uint64_t k = 0; k < depth; ++k) {
                bool nibbles = format == 12 || format == 13;
                uint8_t byte = byteAt(activation, tile + row * pitch + (nibbles ? k / 2 : k));
                hex(text, nibbles ? byte >> (k % 2 ? 4 : 0) & 15 : byte, nibbles ? 1 : 2);
            }
        }
        text += '.';
    }

    // What the command of a class that begins reads.
    void before(int k) {
        size_t number = events[k].size() - 1;
        if (number >= commands[k].size()) return;
        const Image& c = commands[k][number];
        std::string& text = events[k][number].data;
        if (k == 3) {
            for (uint64_t i = 0; i < c.field(156, 16) * c.field(172, 16); ++i) hex(text, byteAt(false, c.field(132, 24) + i), 2);
            text += '.';
        } else if (k == 4) {
            codes(text, true, aFormat, c.field(172, 24), c.field(196, 16), c.field(228, 16), c.field(260, 16));
            codes(text, false, bFormat, c.field(132, 24), c.field(156, 16), c.field(244, 16), c.field(260, 16));
            if (c.field(128, 1)) {
                sums(text, c.field(212, 16), c.field(228, 16), c.field(244, 16), c.field(276, 16));
                text += '.';
            }
        } else {
            sums(text, c.field(128, 16), c.field(144, 16), c.field(160, 16), c.field(176, 16));
            text += '.';
        }
    }

    // Sums of a tile of outputs, where the accumulator memory has them.
    void sums(std::string& text, uint64_t first, uint64_t m, uint64_t n, uint64_t beats) {
        int width = shape.kind == 4 ? 88 : 32;
        for (uint64_t row = 0; row < m; ++row) {
            for (uint64_t column = 0; column < n; ++column) {
                uint64_t line = inputStationary ? column : row, across = inputStationary ? row : column;
                uint64_t group = across / shape.columns;
                if (outputStationary) {
                    group += line / shape.rows * ((n + shape.columns - 1) / shape.columns);
                    line %= shape.rows;
                }
                top.place = (uint32_t)(first + group * (outputStationary ? shape.rows : beats) + line);
                top.eval();
                int low = (int)(across % shape.columns) * width;
                if (width > 64) hex(text, bits(top.sums, low + 64, width - 64), (width - 64) / 4);
                hex(text, bits(top.sums, low, width < 64 ? width : 64), (width < 64 ? width : 64) / 4);
            }
        }
    }

    // What a command left.
    void take(int k, int number) {
        if (number < 0 || number >= (int)commands[k].size() || number >= (int)events[k].size()) return;
        const Image& c = commands[k][number];
        std::string& text = events[k][number].data;
        if (k <= 2) {
            uint64_t runs = c.field(188, 16), bytes = c.field(204, 24), pitch = c.field(228, 32);
            for (uint64_t r = 0; r < runs; ++r)
                for (uint64_t i = 0; i < bytes; ++i)
                    hex(text, k == 2 ? inMemory(c.field(132, 32) + r * pitch + i) : byteAt(k == 1, c.field(164, 24) + r * bytes + i), 2);
        } else if (k == 3) {
            for (uint64_t i = 0; i < c.field(156, 16) * c.field(172, 16); ++i) hex(text, byteAt(false, c.field(132, 24) + i), 2);
        } else if (k == 4) {
            sums(text, c.field(212, 16), c.field(228, 16), c.field(244, 16), c.field(276, 16));
        } else {
            uint64_t count = c.field(144, 16) * c.field(160, 16);
            for (uint64_t i = 0; i < count; ++i)
                for (int byte = 3; byte >= 0; --byte) hex(text, byteAt(true, c.field(264, 24) + 4 * i + byte), 2);
        }
    }

    void write(const std::string& folder) {
        FILE* file = std::fopen((folder + "/result.memh").c_str(), "w");
        FILE* log = std::fopen((folder + "/events.txt").c_str(), "w");
        if (!file || !log) stop("%s cannot be written to", folder.c_str());
        for (size_t word = 0; word < memory.size(); word += BEAT) {
            std::string text;
            for (int i = BEAT - 1; i >= 0; --i) hex(text, memory[word + i], 2);
            std::fprintf(file, "%s\n", text.c_str());
        }
        for (int k = 0; k < 6; ++k)
            for (size_t i = 0; i < events[k].size(); ++i)
                std::fprintf(log, "%d %zu %ld %ld %s\n", k, i + 1, events[k][i].start, events[k][i].end, events[k][i].data.c_str());
        if (std::fclose(file) != 0 || std::fclose(log) != 0) stop("%s cannot be written to", folder.c_str());
    }
};

int main(int count, char** arguments) {
    Shape shape;
    bool logs = false;
    std::vector<std::string> rest;
    for (int i = 1; i < count; ++i) {
        std::string option = arguments[i];
        if (option == "--log") logs = true;
        else if (i + 1 < count && option == "--rows") shape.rows = std::atoi(arguments[++i]);
        else if (i + 1 < count && option == "--columns") shape.columns = std::atoi(arguments[++i]);
        else if (i + 1 < count && option == "--kind") shape.kind = std::atoi(arguments[++i]);
        else rest.push_back(option);
    }
    if (shape.rows < 1 || shape.columns < 2 || rest.empty() || rest.size() % 3 != 0)
        stop("--rows, --columns, --kind, and FOLDER LATENCY LIMIT of each layer have to be given");
    VerilatedContext context;
    context.randReset(2);  // registers and memories begin with any value: what is not reset shows
    context.randSeed(1);
    Bench bench(context, shape, logs);
    for (size_t i = 0; i < rest.size(); i += 3) bench.run(rest[i], std::atol(rest[i + 1].c_str()), std::atol(rest[i + 2].c_str()));
    return 0;
}
