/// Matrix products of floating-point codes in a matrix unit's arithmetic. Semantics: docs/semantics.md, section 8.4.
///
/// `level` is one of levels.h and must not exceed `zk_highest_level()`; ZK_LEVEL_AMX runs the code of ZK_LEVEL_AVX512. The bits are the same at
/// every level.
#ifndef ZK_FLOAT_PRODUCTS_H
#define ZK_FLOAT_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

/// How codes become FP32 numbers, exactly.
enum {
    ZK_CODES_TABLE = 0,  // codes of one byte, through a table
    ZK_CODES_BF16 = 1,   // the upper halves of FP32 codes
    ZK_CODES_FP16 = 2,   // IEEE 754 binary16
};

/// How the products of one output are added. `exact` is one group of all of them.
enum {
    ZK_SUM_SEQUENTIAL = 0,
    ZK_SUM_GROUPED = 1,
    ZK_SUM_ALIGNED = 2,
};

/// A matrix of codes, row-major with k codes a row.
typedef struct zk_float_operand {
    const void *_Nonnull codes;
    const uint16_t *_Nullable table;  // ZK_CODES_TABLE: 256 upper halves of FP32 codes, whose lower halves are 0
    int32_t kind;
    int32_t fraction_bits;     // of the format
    int32_t minimum_exponent;  // of the format's normal numbers
} zk_float_operand;

/// C[m, n] = A[m, k] · B[n, k]ᵀ.
typedef struct zk_float_matrix_product {
    zk_float_operand a, b;
    ptrdiff_t m, n, k;
    int32_t sum;
    int32_t fraction_bits;  // aligned: F
    uint32_t output_mask;   // aligned: the bits of an FP32 code that the output keeps
    ptrdiff_t group;        // grouped and aligned: products of one group, ≥ 1
    ptrdiff_t block;        // products of one block, or 0: one chain
    float *_Nonnull c;      // row-major
} zk_float_matrix_product;

/// What several rows of a matrix have in common.
typedef struct zk_float_range {
    uint32_t smallest;  // the least magnitude's FP32 code minus 1, zeros, infinities and NaNs aside; UINT32_MAX where there is none
    uint32_t largest;   // the largest magnitude's FP32 code, likewise; 0 where there is none
    uint32_t special;   // whether there are infinities or NaNs
} zk_float_range;

/// Rows of A in one block.
enum { ZK_FLOAT_BLOCK_ROWS = 12 };

/// Up to 12 rows of A, decoded and interleaved. What the sum does not need is null.
typedef struct zk_float_block {
    float *_Nullable a32;
    double *_Nullable a64;
    int64_t *_Nullable a_integer;
    int32_t *_Nullable a_exponent;
    ptrdiff_t row, rows;
    zk_float_range range;
} zk_float_block;

/// Bytes that one block of A takes.
ptrdiff_t zk_float_block_bytes(const zk_float_matrix_product *_Nonnull product);

/// Decodes the rows from `row` on, 12 or what there is, into `memory`: zk_float_block_bytes, aligned to 64.
zk_float_block zk_float_load(
    int level, const zk_float_matrix_product *_Nonnull product, ptrdiff_t row, void *_Nonnull memory);

/// Bytes of scratch that zk_float_multiply takes.
ptrdiff_t zk_float_scratch_bytes(const zk_float_matrix_product *_Nonnull product);

/// Computes the rows of `count` blocks of C in columns 16·panel … 16·(panel + panels) − 1, or as far as there are columns.
///
/// B is decoded a few panels at a time into `scratch`: zk_float_scratch_bytes, aligned to 64.
void zk_float_multiply(
    int level, const zk_float_matrix_product *_Nonnull product, const zk_float_block *_Nonnull blocks, ptrdiff_t count,
    ptrdiff_t panel, ptrdiff_t panels, void *_Nonnull scratch);

#endif
