/// Floating-point products: which kernel runs over which tile.
#pragma STDC FP_CONTRACT OFF
#include "float_products_internal.h"

#include "products_internal.h"

/// Depth that is decoded at a time, before it is interleaved or transposed.
enum { STAGE = 128, STAGE_STRIDE = STAGE + 16 };

/// Bytes of A's blocks that one pass over the panels shares.
enum { A_BYTES = 6 << 20, MOST_BLOCKS = 4 };

static const zk_float_kernels *kernels_of(int level) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return zk_float_kernels_avx512();
    if (level == ZK_LEVEL_AVX2 && __builtin_cpu_supports("fma")) return zk_float_kernels_avx2();
#endif
    (void)level;
    return zk_float_kernels_scalar();
}

zk_float_range zk_float_pack(int level, const zk_float_matrix_product *p, ptrdiff_t panel, float *packed) {
    const zk_float_kernels *const kernels = kernels_of(level);
    zk_float_range range = {UINT32_MAX, 0, 0};
    const ptrdiff_t row = panel * ZK_PANEL_ROWS;
    const ptrdiff_t rows = zk_smaller(p->n - row, ZK_PANEL_ROWS);
    float stage[ZK_PANEL_ROWS * STAGE_STRIDE];
    for (ptrdiff_t k = 0; k < p->k; k += STAGE) {
        const ptrdiff_t count = zk_smaller(p->k - k, STAGE);
        for (ptrdiff_t i = 0; i < rows; i++) {
            kernels->decode(&p->b, (row + i) * p->k + k, count, stage + i * STAGE_STRIDE, &range);
        }
        zk_pack_float32(level, stage, STAGE_STRIDE, rows, count, packed + k * ZK_PANEL_ROWS);
    }
    return range;
}

/// Twelve rows of A.
typedef struct block {
    float *a32;
    double *a64;
    int64_t *a_integer;
    int32_t *a_exponent;
    ptrdiff_t row, rows;
    zk_float_range range;
    int has_integers;
} block;

/// Exponents that a range spans: every number is a multiple of 2^unit and below 2^end.
typedef struct span {
    int32_t unit, end;
    int is_empty;
} span;

static span span_of(const zk_float_range *range, const zk_float_operand *operand) {
    if (range->largest == 0) return (span){0, 0, 1};
    int32_t least = (int32_t)((range->smallest + 1) >> 23) - 127;
    if (least < operand->minimum_exponent) least = operand->minimum_exponent;
    int32_t most = (int32_t)(range->largest >> 23) - 127;
    if (most < operand->minimum_exponent) most = operand->minimum_exponent;
    return (span){least - operand->fraction_bits, most + 1, 0};
}

static int32_t ceiling_logarithm(ptrdiff_t count) {
    return count <= 1 ? 0 : 64 - __builtin_clzll((unsigned long long)count - 1);
}

/// The kernel for grouped sums of a tile.
///
/// Let u be the product of the units: products, and sums c that are rounded to 24 bits, are multiples of it if u ≥ 2^−149 (below that, FP32's subnormal numbers would be
/// coarser than u). Sums of k products stay below k·2^(ends); rounding each group's moves them by a factor below (1 + 2^−23)^k < 2 for k ≤ 2^22. So partial sums have
/// at most ends − log₂ u + ⌈log₂ k⌉ + 1 bits. FP64 holds 53. The wide kernel needs fewer than 105 with ⌈log₂ 2·ZK_WIDE_STEP⌉ more for its roundings: each is
/// at most half a place of a sum's leading 53 bits.
static zk_float_kernel *grouped_kernel(
    const zk_float_kernels *kernels, const zk_float_matrix_product *p, const span *a, const span *b) {
    // Zeros, infinities and NaNs: no rounding anywhere.
    if (a->is_empty || b->is_empty) return kernels->grouped;
    const int32_t unit = a->unit + b->unit;
    const int32_t bits = a->end + b->end - unit + ceiling_logarithm(p->k) + 1;
    if (unit < -149 || p->k > (ptrdiff_t)1 << 22) return zk_float_grouped_plain;
    if (bits <= 53) return kernels->grouped;
    if (bits + 9 <= 105 && a->end - a->unit <= 62 && b->end - b->unit <= 62) return kernels->wide;
    return zk_float_grouped_plain;
}

/// Decodes and interleaves rows of A; those which A lacks are zeros.
static void load_block(const zk_float_kernels *kernels, const zk_float_matrix_product *p, block *block) {
    block->range = (zk_float_range){UINT32_MAX, 0, 0};
    block->has_integers = 0;
    float stage[ZK_BLOCK_ROWS * STAGE_STRIDE];
    memset(stage, 0, sizeof stage);
    for (ptrdiff_t k = 0; k < p->k; k += STAGE) {
        const ptrdiff_t count = zk_smaller(p->k - k, STAGE);
        for (ptrdiff_t i = 0; i < block->rows; i++) {
            kernels->decode(&p->a, (block->row + i) * p->k + k, count, stage + i * STAGE_STRIDE, &block->range);
        }
        const ptrdiff_t at = k * ZK_BLOCK_ROWS;
        for (ptrdiff_t j = 0; j < count; j++) {
            for (int i = 0; i < ZK_BLOCK_ROWS; i++) {
                const float value = stage[i * STAGE_STRIDE + j];
                const ptrdiff_t to = at + j * ZK_BLOCK_ROWS + i;
                if (block->a32) block->a32[to] = value;
                if (block->a64) block->a64[to] = value;
                if (block->a_exponent) block->a_exponent[to] = zk_field_exponent(value, p->a.minimum_exponent);
            }
        }
    }
}

/// Makes the integers that the wide kernel multiplies.
static void load_integers(const zk_float_matrix_product *p, block *block, int32_t unit) {
    const double scale = zk_power_of_two(-unit);
    for (ptrdiff_t i = 0; i < p->k * ZK_BLOCK_ROWS; i++) {
        const double value = block->a64[i];
        block->a_integer[i] = value - value == 0 ? (int64_t)(value * scale) : 0;
    }
    block->has_integers = 1;
}

/// Runs a tile in the product's order and leaves its sums in `sums`.
static void run(const zk_float_matrix_product *p, zk_float_kernel *kernel, zk_float_tile tile, float *sums) {
    const ptrdiff_t floats = ZK_BLOCK_ROWS * ZK_TILE_COLUMNS;
    memset(sums, 0, (size_t)floats * sizeof(float));
    if (p->block == 0 || p->block >= p->k) {
        tile.sums = sums;
        tile.k = p->k;
        kernel(&tile);
        // The accumulator memory starts at +0, and a block's −0 added to it is +0.
        if (p->block > 0) {
            for (ptrdiff_t i = 0; i < floats; i++) sums[i] = 0.0f + sums[i];
        }
        return;
    }
    _Alignas(64) float block_sums[ZK_BLOCK_ROWS * ZK_TILE_COLUMNS];
    tile.sums = block_sums;
    const zk_float_tile first = tile;
    for (ptrdiff_t k = 0; k < p->k; k += p->block) {
        memset(block_sums, 0, sizeof block_sums);
        tile.k = zk_smaller(p->k - k, p->block);
        if (first.a32) tile.a32 = first.a32 + k * ZK_BLOCK_ROWS;
        if (first.a64) tile.a64 = first.a64 + k * ZK_BLOCK_ROWS;
        if (first.a_integer) tile.a_integer = first.a_integer + k * ZK_BLOCK_ROWS;
        if (first.a_exponent) tile.a_exponent = first.a_exponent + k * ZK_BLOCK_ROWS;
        tile.b = first.b + k * ZK_PANEL_ROWS;
        kernel(&tile);
        for (ptrdiff_t i = 0; i < floats; i++) sums[i] += block_sums[i];
    }
}

static void store(
    const zk_float_matrix_product *p, const float *sums, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column,
    ptrdiff_t columns) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        uint32_t line[ZK_TILE_COLUMNS];
        memcpy(line, sums + i * ZK_TILE_COLUMNS, sizeof line);
        for (int j = 0; j < ZK_TILE_COLUMNS; j++) {
            if ((line[j] & 0x7FFFFFFF) > 0x7F800000) line[j] = ZK_CANONICAL_NAN;
        }
        memcpy(p->c + (row + i) * p->n + column, line, (size_t)columns * sizeof(float));
    }
}

/// One block of A against all panels' one or two.
static void multiply_tile(
    const zk_float_kernels *kernels, const zk_float_matrix_product *p, block *block, ptrdiff_t column,
    ptrdiff_t columns, const float *packed, const zk_float_range *ranges) {
    zk_float_tile tile = {
        .a32 = block->a32,
        .a64 = block->a64,
        .a_exponent = block->a_exponent,
        .b = packed,
        .second_panel = p->k * ZK_PANEL_ROWS,
        .panels = columns > ZK_PANEL_ROWS ? 2 : 1,
        .rows = block->rows,
        .group = p->group,
        .b_minimum_exponent = p->b.minimum_exponent,
        .fraction_bits = p->fraction_bits,
        .output_mask = p->output_mask,
        .has_specials = block->range.special || ranges->special,
    };
    _Alignas(64) float sums[ZK_BLOCK_ROWS * ZK_TILE_COLUMNS];
    // BF16's products can be too large or too small for FP32.
    const int is_rounded = p->a.kind == ZK_CODES_BF16 || p->b.kind == ZK_CODES_BF16;
    zk_float_kernel *kernel;
    switch (p->sum) {
    case ZK_SUM_SEQUENTIAL: kernel = is_rounded ? kernels->sequential_rounded : kernels->sequential; break;
    case ZK_SUM_ALIGNED:
        kernel = is_rounded || p->fraction_bits > 26 ? kernels->aligned_wide : kernels->aligned;
        break;
    default: {
        const span a = span_of(&block->range, &p->a), b = span_of(ranges, &p->b);
        kernel = grouped_kernel(kernels, p, &a, &b);
        if (kernel == kernels->wide) {
            if (!block->has_integers) load_integers(p, block, a.unit);
            tile.a_integer = block->a_integer;
            tile.a_unit = a.unit;
            tile.b_unit = b.unit;
        }
    }
    }
    run(p, kernel, tile, sums);
    store(p, sums, block->row, block->rows, column, columns);
}

static void *_Nonnull allocate(ptrdiff_t bytes) {
    void *const memory = aligned_alloc(64, (size_t)zk_rounded_up(bytes + 1, 64));
    if (memory == NULL) abort();
    return memory;
}

void zk_float_multiply(
    int level, const zk_float_matrix_product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t panel, ptrdiff_t panels,
    const float *packed, const zk_float_range *ranges) {
    const zk_float_kernels *const kernels = kernels_of(level);
    const int needs32 = p->sum != ZK_SUM_GROUPED;
    const int needs64 = p->sum != ZK_SUM_SEQUENTIAL;
    const int needs_integers = p->sum == ZK_SUM_GROUPED;
    const int needs_exponents = p->sum == ZK_SUM_ALIGNED;
    const ptrdiff_t elements = p->k * ZK_BLOCK_ROWS;
    const ptrdiff_t bytes = 4 * needs32 + 8 * needs64 + 8 * needs_integers + 4 * needs_exponents;
    ptrdiff_t most = A_BYTES / (elements * bytes + 1);
    most = most < 1 ? 1 : zk_smaller(most, MOST_BLOCKS);
    const ptrdiff_t wanted = (rows + ZK_BLOCK_ROWS - 1) / ZK_BLOCK_ROWS;
    most = zk_smaller(most, wanted);
    block blocks[MOST_BLOCKS];
    for (ptrdiff_t i = 0; i < most; i++) {
        blocks[i] = (block){
            .a32 = needs32 ? allocate(elements * 4) : NULL,
            .a64 = needs64 ? allocate(elements * 8) : NULL,
            .a_integer = needs_integers ? allocate(elements * 8) : NULL,
            .a_exponent = needs_exponents ? allocate(elements * 4) : NULL,
        };
    }
    // Only the sequential kernel takes two panels at a time.
    const ptrdiff_t step = p->sum == ZK_SUM_SEQUENTIAL ? 2 : 1;
    for (ptrdiff_t done = 0; done < rows; done += most * ZK_BLOCK_ROWS) {
        ptrdiff_t count = 0;
        for (ptrdiff_t at = done; at < rows && count < most; at += ZK_BLOCK_ROWS, count++) {
            blocks[count].row = row + at;
            blocks[count].rows = zk_smaller(rows - at, ZK_BLOCK_ROWS);
            load_block(kernels, p, &blocks[count]);
        }
        for (ptrdiff_t j = 0; j < panels; j += step) {
            const ptrdiff_t column = (panel + j) * ZK_PANEL_ROWS;
            const ptrdiff_t last = (panel + zk_smaller(j + step, panels)) * ZK_PANEL_ROWS;
            const ptrdiff_t columns = zk_smaller(p->n, last) - column;
            for (ptrdiff_t i = 0; i < count; i++) {
                multiply_tile(
                    kernels, p, &blocks[i], column, columns, packed + j * p->k * ZK_PANEL_ROWS, ranges + j);
            }
        }
    }
    for (ptrdiff_t i = 0; i < most; i++) {
        free(blocks[i].a32);
        free(blocks[i].a64);
        free(blocks[i].a_integer);
        free(blocks[i].a_exponent);
    }
}
