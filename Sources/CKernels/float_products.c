/// Floating-point products: which kernel runs over which tile.
#pragma STDC FP_CONTRACT OFF
#include "float_products_internal.h"

#include "products_internal.h"

/// Depth that is decoded at a time, before it is interleaved or transposed.
enum { STAGE = 256, STAGE_STRIDE = STAGE + 16 };

/// Panels of B that lie decoded at once, at most.
enum { MOST_PANELS = 16 };

static const zk_float_kernels *kernels_of(int level) {
#if defined(__x86_64__)
    if (level >= ZK_LEVEL_AVX512) return zk_float_kernels_avx512();
    if (level == ZK_LEVEL_AVX2 && __builtin_cpu_supports("fma")) return zk_float_kernels_avx2();
#endif
    (void)level;
    return zk_float_kernels_scalar();
}

/// Decodes a piece of `rows` rows into rows of a stage. Rows lie far apart, so the processor does not foresee the next one: it is asked for two rows ahead.
static void decode_rows(
    const zk_float_kernels *kernels, const zk_float_operand *operand, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t stride,
    ptrdiff_t k, ptrdiff_t count, float *stage, zk_float_range *range) {
    const ptrdiff_t size = operand->kind == ZK_CODES_TABLE ? 1 : 2;
    const char *const codes = operand->codes;
    for (ptrdiff_t i = 0; i < rows; i++) {
        if (i + 2 < rows) {
            const char *const ahead = codes + ((row + i + 2) * stride + k) * size;
            for (ptrdiff_t at = 0; at < count * size; at += 64) __builtin_prefetch(ahead + at);
        }
        kernels->decode(operand, (row + i) * stride + k, count, stage + i * STAGE_STRIDE, range);
    }
}

/// Decodes rows 16·panel … 16·panel + 15 of B into packed[k][16], zeros for the rows which B lacks.
static zk_float_range pack(
    int level, const zk_float_kernels *kernels, const zk_float_matrix_product *p, ptrdiff_t panel, float *packed) {
    zk_float_range range = {UINT32_MAX, 0, 0};
    const ptrdiff_t row = panel * ZK_PANEL_ROWS;
    const ptrdiff_t rows = zk_smaller(p->n - row, ZK_PANEL_ROWS);
    float stage[ZK_PANEL_ROWS * STAGE_STRIDE];
    for (ptrdiff_t k = 0; k < p->k; k += STAGE) {
        const ptrdiff_t count = zk_smaller(p->k - k, STAGE);
        decode_rows(kernels, &p->b, row, rows, p->k, k, count, stage, &range);
        zk_pack_float32(level, stage, STAGE_STRIDE, rows, count, packed + k * ZK_PANEL_ROWS);
    }
    return range;
}

/// Bits of the numbers that the wide kernel multiplies.
enum { INTEGER_BITS = 62 };

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
    if (bits + 9 <= 105 && a->end - a->unit <= INTEGER_BITS && b->end - b->unit <= INTEGER_BITS) return kernels->wide;
    return zk_float_grouped_plain;
}

/// The kernel for aligned sums of a tile.
///
/// With products' exponents from −74 up and F ≤ 26, c is a multiple of 2^−100: a group's sum is one of 2^(E − F), E being a product's exponent, or c cut. So E ≥ −100 where
/// a term is not zero, every scale 2^(F − E) is a normal number, and FP32 holds the products, of at most 22 bits, and the sums.
static zk_float_kernel *aligned_kernel(
    const zk_float_kernels *kernels, const zk_float_matrix_product *p, const span *a, const span *b) {
    if (p->fraction_bits > 26) return kernels->aligned_wide;
    if (a->is_empty || b->is_empty) return kernels->aligned;
    const int32_t least = a->unit + p->a.fraction_bits + b->unit + p->b.fraction_bits;
    const int32_t end = a->end + b->end + ceiling_logarithm(p->k);
    return least >= -74 && end <= 120 ? kernels->aligned : kernels->aligned_wide;
}

// MARK: Blocks of A

/// Whether some tile of a grouped product may need integers, going by its formats alone.
static int may_need_integers(const zk_float_matrix_product *p) {
    if (p->sum != ZK_SUM_GROUPED) return 0;
    // Magnitudes of the formats of 6 and 8 bits but E5M2 reach from 2^−9 to 2^9, and no products below 2^35 in sum leave FP64.
    const int is_narrow = p->a.minimum_exponent - p->a.fraction_bits >= -9
        && p->b.minimum_exponent - p->b.fraction_bits >= -9 && p->k <= 1 << 16;
    return !is_narrow;
}

ptrdiff_t zk_float_block_bytes(const zk_float_matrix_product *p) {
    const int needs32 = p->sum != ZK_SUM_GROUPED, needs64 = p->sum != ZK_SUM_SEQUENTIAL;
    const int bytes = 4 * needs32 + 8 * needs64 + 8 * may_need_integers(p) + 4 * (p->sum == ZK_SUM_ALIGNED);
    return p->k * ZK_A_STRIDE * bytes;
}

zk_float_block zk_float_load(int level, const zk_float_matrix_product *p, ptrdiff_t row, void *memory) {
    const zk_float_kernels *const kernels = kernels_of(level);
    zk_float_block block = {.row = row, .rows = zk_smaller(p->m - row, ZK_BLOCK_ROWS), .range = {UINT32_MAX, 0, 0}};
    // The memory's parts: each has a multiple of 64 bytes.
    const ptrdiff_t all = p->k * ZK_A_STRIDE;
    char *next = memory;
    if (p->sum != ZK_SUM_SEQUENTIAL) {
        block.a64 = (double *)next;
        next += all * (ptrdiff_t)sizeof(double);
    }
    if (may_need_integers(p)) {
        block.a_integer = (int64_t *)next;
        next += all * (ptrdiff_t)sizeof(int64_t);
    }
    if (p->sum != ZK_SUM_GROUPED) {
        block.a32 = (float *)next;
        next += all * (ptrdiff_t)sizeof(float);
    }
    if (p->sum == ZK_SUM_ALIGNED) block.a_exponent = (int32_t *)next;

    float stage[ZK_BLOCK_ROWS * STAGE_STRIDE];
    _Alignas(64) float interleaved[STAGE * ZK_A_STRIDE];
    for (ptrdiff_t k = 0; k < p->k; k += STAGE) {
        const ptrdiff_t count = zk_smaller(p->k - k, STAGE);
        decode_rows(kernels, &p->a, row, block.rows, p->k, k, count, stage, &block.range);
        const ptrdiff_t at = k * ZK_A_STRIDE, elements = count * ZK_A_STRIDE;
        float *const a32 = block.a32 ? block.a32 + at : interleaved;
        zk_pack_float32(level, stage, STAGE_STRIDE, block.rows, count, a32);
        if (block.a64) kernels->widen(a32, elements, block.a64 + at);
        if (block.a_exponent) kernels->exponents(a32, elements, p->a.minimum_exponent, block.a_exponent + at);
    }
    if (block.a_integer) {
        const span span = span_of(&block.range, &p->a);
        if (span.end - span.unit <= INTEGER_BITS) {
            kernels->integers(block.a64, all, zk_power_of_two(-span.unit), block.a_integer);
        }
    }
    return block;
}

// MARK: Tiles

/// Runs a tile in the product's order and leaves its sums in `sums`.
static void run(
    const zk_float_kernels *kernels, const zk_float_matrix_product *p, zk_float_kernel *kernel, zk_float_tile tile,
    float *sums) {
    if (p->block == 0) {
        tile.sums = sums;
        tile.k = p->k;
        kernel(&tile);
        return;
    }
    // The accumulator memory starts at +0; so a first block's −0 becomes +0.
    const ptrdiff_t floats = tile.rows * ZK_TILE_COLUMNS;
    memset(sums, 0, (size_t)floats * sizeof(float));
    _Alignas(64) float block_sums[ZK_BLOCK_ROWS * ZK_TILE_COLUMNS] = {0};
    tile.sums = block_sums;
    const zk_float_tile first = tile;
    for (ptrdiff_t k = 0; k < p->k; k += p->block) {
        tile.k = zk_smaller(p->k - k, p->block);
        if (first.a32) tile.a32 = first.a32 + k * ZK_A_STRIDE;
        if (first.a64) tile.a64 = first.a64 + k * ZK_A_STRIDE;
        if (first.a_integer) tile.a_integer = first.a_integer + k * ZK_A_STRIDE;
        if (first.a_exponent) tile.a_exponent = first.a_exponent + k * ZK_A_STRIDE;
        if (first.b_exponent) tile.b_exponent = first.b_exponent + k * ZK_PANEL_ROWS;
        tile.b = first.b + k * ZK_PANEL_ROWS;
        kernel(&tile);
        kernels->add(sums, block_sums, floats);
    }
}

/// One block of A against one panel or two.
static void multiply_tile(
    const zk_float_kernels *kernels, const zk_float_matrix_product *p, const zk_float_block *block, ptrdiff_t column,
    ptrdiff_t columns, const float *packed, const int32_t *exponents, const zk_float_range *range) {
    zk_float_tile tile = {
        .a32 = block->a32,
        .a64 = block->a64,
        .a_exponent = block->a_exponent,
        .b = packed,
        .second_panel = p->k * ZK_PANEL_ROWS,
        .panels = columns > ZK_PANEL_ROWS ? 2 : 1,
        .rows = block->rows,
        .group = p->group,
        .b_exponent = exponents,
        .fraction_bits = p->fraction_bits,
        .output_mask = p->output_mask,
        .may_be_infinite = block->range.special || range->special,
    };
    _Alignas(64) float sums[ZK_BLOCK_ROWS * ZK_TILE_COLUMNS];
    // BF16's products can be too large or too small for FP32.
    const int is_rounded = p->a.kind == ZK_CODES_BF16 || p->b.kind == ZK_CODES_BF16;
    const span a = span_of(&block->range, &p->a), b = span_of(range, &p->b);
    zk_float_kernel *kernel;
    switch (p->sum) {
    case ZK_SUM_SEQUENTIAL: kernel = is_rounded ? kernels->sequential_rounded : kernels->sequential; break;
    case ZK_SUM_ALIGNED: kernel = aligned_kernel(kernels, p, &a, &b); break;
    default:
        kernel = grouped_kernel(kernels, p, &a, &b);
        if (kernel == kernels->wide) {
            if (!block->a_integer) abort();  // may_need_integers is wrong
            tile.a_integer = block->a_integer;
            tile.a_unit = a.unit;
            tile.b_unit = b.unit;
        }
        // Rounding by an addition takes sums that stay finite in FP32.
        if (!a.is_empty && !b.is_empty && a.end + b.end + ceiling_logarithm(p->k) + 1 > 127) tile.may_be_infinite = 1;
    }
    run(kernels, p, kernel, tile, sums);
    kernels->store(sums, block->rows, columns, p->c + block->row * p->n + column, p->n);
}

/// Panels of B that each block of A meets in turn, at least two and an even number: they, and the block, should stay in the second-level cache.
static ptrdiff_t panels_at_once(const zk_float_matrix_product *p) {
    const ptrdiff_t panel_bytes = p->k * ZK_PANEL_ROWS * (ptrdiff_t)sizeof(float);
    const ptrdiff_t pairs = ZK_CHUNK_BYTES / (2 * panel_bytes + 1);
    return zk_smaller(2 * (pairs < 1 ? 1 : pairs), MOST_PANELS);
}

ptrdiff_t zk_float_scratch_bytes(const zk_float_matrix_product *p) {
    const ptrdiff_t element = sizeof(float) + (p->sum == ZK_SUM_ALIGNED ? sizeof(int32_t) : 0);
    return panels_at_once(p) * p->k * ZK_PANEL_ROWS * element;
}

void zk_float_multiply(
    int level, const zk_float_matrix_product *p, const zk_float_block *blocks, ptrdiff_t count, ptrdiff_t panel,
    ptrdiff_t panels, void *scratch) {
    const zk_float_kernels *const kernels = kernels_of(level);
    const ptrdiff_t panel_floats = p->k * ZK_PANEL_ROWS;
    const ptrdiff_t at_once = panels_at_once(p);
    // Only the sequential kernel takes two panels in one tile.
    const ptrdiff_t step = p->sum == ZK_SUM_SEQUENTIAL ? 2 : 1;
    float *const packed = scratch;
    int32_t *const exponents = p->sum == ZK_SUM_ALIGNED ? (int32_t *)(packed + at_once * panel_floats) : NULL;
    zk_float_range ranges[MOST_PANELS];
    for (ptrdiff_t first = panel; first < panel + panels; first += at_once) {
        const ptrdiff_t here = zk_smaller(panel + panels - first, at_once);
        for (ptrdiff_t j = 0; j < here; j++) {
            ranges[j] = pack(level, kernels, p, first + j, packed + j * panel_floats);
            if (exponents) {
                kernels->exponents(
                    packed + j * panel_floats, panel_floats, p->b.minimum_exponent, exponents + j * panel_floats);
            }
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            for (ptrdiff_t j = 0; j < here; j += step) {
                const ptrdiff_t column = (first + j) * ZK_PANEL_ROWS;
                const ptrdiff_t end = (first + zk_smaller(j + step, here)) * ZK_PANEL_ROWS;
                multiply_tile(
                    kernels, p, &blocks[i], column, zk_smaller(p->n, end) - column, packed + j * panel_floats,
                    exponents ? exponents + j * panel_floats : NULL, &ranges[j]);
            }
        }
    }
}
