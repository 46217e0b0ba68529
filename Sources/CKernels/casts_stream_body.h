/// Casts whose random bits are drawn from a stream, and stochastic rounding to INT8; included after casts_body.h.

/// The draws of one chunk's elements, as the stream has them.
typedef struct drawn_elements {
    zk_u32x16 words[PIECES + 1];  // one piece more, so that sixteen can be read at any element
} drawn_elements;

/// Draws for the `count` elements from `at` on, which lie in one chunk: 16-bit draws for N ≤ 16, else 32-bit draws. Only the parts of the chunk
/// that hold them are drawn. Returns where the draw of element `at` is.
ZK_INLINE const void *zk_draw_elements(
    const philox_draws *draws, uint64_t purpose, uint64_t at, int count, int bits, drawn_elements *drawn) {
    const int from = (int)(at % CHUNK), to = from + count;
    const uint64_t first = at - (uint64_t)from;
    if (bits > 16) {
        const int part = from / 32, parts = (to + 31) / 32 - part;
        zk_draw_words(draws, purpose, (first >> 2) + 8 * (uint64_t)part, parts, drawn->words + 2 * part);
        return (const uint32_t *)drawn->words + from;
    }
    const int part = from / 64, parts = (to + 63) / 64 - part;
    zk_draw_words(draws, purpose, (first >> 3) + 8 * (uint64_t)part, parts, drawn->words + 2 * part);
    return (const uint16_t *)drawn->words + from;
}

/// Sixteen 16-bit draws, widened.
ZK_INLINE zk_u32x16 zk_load_halves(const void *draws, ptrdiff_t i) {
    return __builtin_convertvector(*(const zk_u16x16_at *)((const uint16_t *)draws + i), zk_u32x16);
}

void ZK_NAME(zk_cast_float32_stream)(
    const zk_cast *cast, const float *x, ptrdiff_t count, const zk_stream *stream, uint64_t first, void *codes,
    uint32_t *flags) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    if (flags) *flags = 0;
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const void *random = zk_draw_elements(&draws, stream->purpose, at, (int)part, cast->random_bits, &drawn);
        uint32_t words[CHUNK];
        if (cast->random_bits <= 16) {
            for (ptrdiff_t j = 0; j < part; j += LANES) *(zk_u32x16_at *)(words + j) = zk_load_halves(random, j);
            random = words;
        }
        zk_cast_general(cast, x + i, part, random, (char *)codes + i * cast->bytes, flags);
        i += part;
    }
}

// MARK: Stochastic rounding to INT8

/// Sixteen roundings, form A. For N ≤ 24, |y| · 2^N fits an INT32 with R added, so both parts of y stay in one integer.
ZK_INLINE zk_i32x16 zk_round_int8_lanes(zk_f32x16 x, zk_f32x16 factor, zk_u32x16 random, int bits, const int is_long) {
    const zk_f32x16 y = x * factor, largest = 127.0f;
    const zk_i32x16 negative = (zk_i32x16)y >> 31;
    zk_f32x16 a = (zk_f32x16)((zk_u32x16)y & 0x7FFFFFFFu);
    a = a < largest ? a : largest;
    zk_i32x16 code;
    if (is_long) {
        const zk_i32x16 whole = __builtin_convertvector(a, zk_i32x16);
        const zk_f32x16 fraction = (a - __builtin_convertvector(whole, zk_f32x16)) * 0x1p32f;
        const zk_u32x16 v = __builtin_convertvector(fraction, zk_u32x16);
        code = whole - (zk_i32x16)(v > ~(random << (32 - bits)));
        const zk_i32x16 most = 127;
        code = code < most ? code : most;
    } else {
        const zk_f32x16 unit = (float)(1 << bits);
        const zk_u32x16 mask = (1u << bits) - 1;
        code = (__builtin_convertvector(a * unit, zk_i32x16) + (zk_i32x16)(random & mask)) >> bits;
    }
    code = (code ^ negative) - negative;
    return code & (zk_i32x16)(y == y);
}

/// How much of a draw the rounding takes.
enum { TAKES_HALVES, TAKES_WORDS, TAKES_MORE_THAN_24 };

ZK_INLINE void zk_round_int8_loop(
    const float *x, ptrdiff_t count, float factor, int bits, const zk_stream *stream, uint64_t first, int8_t *codes,
    const int takes) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    const zk_f32x16 scale = factor;
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const void *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, bits, &drawn);
        const ptrdiff_t whole = part & ~(ptrdiff_t)(LANES - 1);
        for (ptrdiff_t j = 0; j < whole; j += LANES) {
            const zk_u32x16 r = takes == TAKES_HALVES ? zk_load_halves(random, j)
                                                      : *(const zk_u32x16_at *)((const uint32_t *)random + j);
            const zk_i32x16 code =
                zk_round_int8_lanes(*(const zk_f32x16_at *)(x + i + j), scale, r, bits, takes == TAKES_MORE_THAN_24);
            *(zk_i8x16_at *)(codes + i + j) = __builtin_convertvector(code, zk_i8x16);
        }
        if (whole < part) {
            // Draws behind the part may be undefined; what they round is dropped.
            const zk_u32x16 r = takes == TAKES_HALVES ? zk_load_halves(random, whole)
                                                      : *(const zk_u32x16_at *)((const uint32_t *)random + whole);
            _Alignas(64) float numbers[LANES] = {0};
            memcpy(numbers, x + i + whole, (size_t)(part - whole) * sizeof *numbers);
            const zk_i8x16 code = __builtin_convertvector(
                zk_round_int8_lanes(*(const zk_f32x16_at *)numbers, scale, r, bits, takes == TAKES_MORE_THAN_24),
                zk_i8x16);
            memcpy(codes + i + whole, &code, (size_t)(part - whole));
        }
        i += part;
    }
}

void ZK_NAME(zk_round_int8_stream)(
    const float *x, ptrdiff_t count, float factor, int random_bits, const zk_stream *stream, uint64_t first,
    int8_t *codes) {
    if (random_bits > 24) {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_MORE_THAN_24);
    } else if (random_bits > 16) {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_WORDS);
    } else {
        zk_round_int8_loop(x, count, factor, random_bits, stream, first, codes, TAKES_HALVES);
    }
}
