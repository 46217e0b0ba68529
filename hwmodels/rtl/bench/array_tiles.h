// Tiles of a systolic array and their reader. A file is text; of each tile it holds
//
//   tile ID output_stationary double_buffered blocked beats folds groups rows_last a_format b_format settings cycles
//        outputs registers                                                                    (these on one line)
//   c HEX   column_data, word after word: groups*folds*R of them, in output-stationary groups*folds*T
//   r HEX   row_data: groups*folds*T
//   o HEX   the result words that are expected: `outputs` of them
//   s HEX   the register bus of array_probe expected at the end of beat 0, 1, …: `registers` of them, 0 or `cycles`
//
// HEX: the most significant digit first, ceil(bits/4) digits. Lines that begin with / or # are comments.

#ifndef ARRAY_TILES_H
#define ARRAY_TILES_H

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using Word = std::vector<uint32_t>;  // 32 bits each, the lowest first

[[noreturn]] inline void stop(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::fprintf(stderr, "array_bench: ");
    std::vfprintf(stderr, format, arguments);
    std::fprintf(stderr, "\n");
    va_end(arguments);
    std::exit(2);
}

inline int wordsFor(int bits) { return (bits + 31) / 32; }

struct Shape {
    int rows = 0, columns = 0, lanes = 0, kind = -1, depth = 256;
    int sumBits() const { return kind == 4 ? 88 : 32; }
    int codeBits() const { return 8 * lanes; }
    int rowBits() const { return rows * codeBits(); }
    int columnBits() const { return columns * codeBits(); }
    int resultBits() const { return columns * sumBits(); }
    int peBits() const { return 4 * codeBits() + 3 * sumBits() + 5; }
    int registerBits() const { return rows * columns * peBits(); }
};

inline std::string hex(const Word& words, int low, int bits) {
    std::string text;
    for (int digit = (bits + 3) / 4 - 1; digit >= 0; --digit) {
        unsigned value = 0;
        for (int i = 3; i >= 0; --i) {
            int at = low + 4 * digit + i;
            value = 2 * value + (4 * digit + i < bits ? words[at / 32] >> at % 32 & 1 : 0);
        }
        text += "0123456789abcdef"[value];
    }
    return text;
}

struct Command {
    std::string name = "-";
    int outputStationary = 0, doubleBuffered = 0, blocked = 0, beats = 0, folds = 0, groups = 0, rowsLast = 0;
    int aFormat = 0, bFormat = 0, settings = 0;
};

struct Tile {
    Command command;
    uint32_t cycles = 0;
    std::vector<Word> columnWords, rowWords, results, registers;
};

// Reads tiles, one after another.
class Reader {
public:
    Reader(const char* path, const Shape& shape) : path(path), shape(shape), file(std::fopen(path, "r")) {
        if (!file) stop("%s cannot be read", path);
    }
    ~Reader() {
        std::fclose(file);
        std::free(line);
    }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    bool next(Tile& tile) {
        if (!nextLine()) return false;
        char name[65];
        Command& c = tile.command;
        long outputs, registers, cycles;
        int count = std::sscanf(line, "tile %64s %d %d %d %d %d %d %d %d %d %d %ld %ld %ld", name, &c.outputStationary,
                                &c.doubleBuffered, &c.blocked, &c.beats, &c.folds, &c.groups, &c.rowsLast, &c.aFormat, &c.bFormat,
                                &c.settings, &cycles, &outputs, &registers);
        if (count != 14) fail("a line `tile ID` and 13 numbers has to stand here");
        c.name = name;
        if (c.beats < 1 || c.beats > 65535) fail("beats have to be 1 to 65535");
        if (c.folds < 1 || c.folds > 65535) fail("folds have to be 1 to 65535");
        if (c.groups < 1 || c.groups > 65535) fail("groups have to be 1 to 65535");
        if (outputs < 0 || outputs > 65536 || cycles < 0) fail("outputs or cycles out of range");
        if (registers != 0 && registers != cycles) fail("registers has to be 0 or cycles");
        tile.cycles = (uint32_t)cycles;
        long folds = (long)c.folds * c.groups;
        words('c', folds * (c.outputStationary ? c.beats : shape.rows), shape.columnBits(), tile.columnWords);
        words('r', folds * c.beats, shape.rowBits(), tile.rowWords);
        words('o', outputs, shape.resultBits(), tile.results);
        words('s', registers, shape.registerBits(), tile.registers);
        return true;
    }

private:
    const char* path;
    const Shape& shape;
    FILE* file;
    char* line = nullptr;
    size_t capacity = 0;
    long number = 0;

    [[noreturn]] void fail(const char* why) { stop("%s, line %ld: %s", path, number, why); }

    bool nextLine() {
        for (;;) {
            if (getline(&line, &capacity, file) < 0) return false;
            ++number;
            line[std::strcspn(line, "\r\n")] = 0;
            if (line[0] != 0 && line[0] != '/' && line[0] != '#') return true;
        }
    }

    void words(char letter, long count, int bits, std::vector<Word>& into) {
        into.assign(count, Word(wordsFor(bits), 0));
        size_t digits = (bits + 3) / 4;
        for (Word& word : into) {
            if (!nextLine()) fail("the file ends within a tile");
            if (line[0] != letter || line[1] != ' ' || std::strlen(line + 2) != digits) {
                char text[96];
                std::snprintf(text, sizeof text, "`%c` and %zu hex digits have to stand here", letter, digits);
                fail(text);
            }
            for (size_t i = 0; i < digits; ++i) {
                char c = line[2 + i];
                uint32_t digit;
                if (c >= '0' && c <= '9') digit = c - '0';
                else if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
                else if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
                else fail("not a hex digit");
                size_t place = digits - 1 - i;
                word[place / 8] |= digit << 4 * (place % 8);
            }
        }
    }
};

#endif
