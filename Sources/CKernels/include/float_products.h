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

/// What the numbers of 16 rows of B have in common.
typedef struct zk_float_range {
    uint32_t smallest;  // the least magnitude's FP32 code minus 1, zeros, infinities and NaNs aside; UINT32_MAX where there is none
    uint32_t largest;   // the largest magnitude's FP32 code, likewise; 0 where there is none
    uint32_t special;   // whether there are infinities or NaNs
} zk_float_range;

/// Decodes rows 16·panel … 16·panel + 15 of B into packed[k][16], zeros for the rows which B lacks.
zk_float_range zk_float_pack(
    int level, const zk_float_matrix_product *_Nonnull product, ptrdiff_t panel, float *_Nonnull packed);

/// Computes rows `row` … `row + rows − 1` of C in the columns of `panels` panels from `panel` on.
///
/// `packed` and `ranges` are those of these panels, as `zk_float_pack` left them. Allocates at most 8 MiB, or 12 rows of A as doubles and int64
/// where these are more.
void zk_float_multiply(
    int level, const zk_float_matrix_product *_Nonnull product, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t panel,
    ptrdiff_t panels, const float *_Nonnull packed, const zk_float_range *_Nonnull ranges);

#endif
