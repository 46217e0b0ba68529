/// One entry for each vector function, perturbation and update: runs it at the level asked for.
#include "vectors_types.h"

void zk_quantize_rows(
    int level, const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *codes, ptrdiff_t code_stride,
    float *scales, int32_t limit) {
    ZK_DISPATCH(level, zk_quantize_rows, x, x_stride, rows, columns, codes, code_stride, scales, limit);
}

void zk_quantize_columns(
    int level, const float *x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, int8_t *codes,
    ptrdiff_t code_stride, float *scales, int32_t limit) {
    ZK_DISPATCH(level, zk_quantize_columns, x, x_stride, valid_rows, columns, codes, code_stride, scales, limit);
}

void zk_softmax_rows(
    int level, float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t valid, float factor) {
    ZK_DISPATCH(level, zk_softmax_rows, x, x_stride, rows, columns, valid, factor);
}

void zk_add_layer_norm(
    int level, const float *residual, const float *x, const float *gamma, const float *beta, float epsilon, ptrdiff_t rows,
    ptrdiff_t columns, float *out) {
    ZK_DISPATCH(level, zk_add_layer_norm, residual, x, gamma, beta, epsilon, rows, columns, out);
}

void zk_gelu(int level, float *x, ptrdiff_t count) { ZK_DISPATCH(level, zk_gelu, x, count); }

void zk_gelu_quantize_rows(
    int level, float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t columns, int8_t *codes, ptrdiff_t code_stride,
    float *scales, int32_t limit) {
    ZK_DISPATCH(level, zk_gelu_quantize_rows, x, x_stride, rows, columns, codes, code_stride, scales, limit);
}

void zk_mean_pool(
    int level, const float *x, ptrdiff_t x_stride, ptrdiff_t valid_rows, ptrdiff_t columns, float *out) {
    ZK_DISPATCH(level, zk_mean_pool, x, x_stride, valid_rows, columns, out);
}

void zk_embed(
    int level, const int32_t *tokens, ptrdiff_t rows, const float *word, const float *position, const float *type,
    const float *gamma, const float *beta, float epsilon, ptrdiff_t columns, float *out) {
    ZK_DISPATCH(level, zk_embed, tokens, rows, word, position, type, gamma, beta, epsilon, columns, out);
}

void zk_rms_norm(
    int level, const float *x, const float *gamma, float epsilon, ptrdiff_t rows, ptrdiff_t columns, float *out) {
    ZK_DISPATCH(level, zk_rms_norm, x, gamma, epsilon, rows, columns, out);
}

void zk_silu_gate(int level, float *gate, const float *up, ptrdiff_t count) {
    ZK_DISPATCH(level, zk_silu_gate, gate, up, count);
}

void zk_rotate(int level, float *x, ptrdiff_t heads, ptrdiff_t half, const float *cosines, const float *sines) {
    ZK_DISPATCH(level, zk_rotate, x, heads, half, cosines, sines);
}

void zk_exp(int level, float *x, ptrdiff_t count) { ZK_DISPATCH(level, zk_exp, x, count); }

zk_perturbation_statistics zk_perturb(
    int level, const zk_tensor_range *range, const int8_t *codes, int8_t *plus, int8_t *minus) {
    ZK_DISPATCH(level, zk_perturb, range, codes, plus, minus);
}

zk_perturbation_statistics zk_perturb_grid(
    int level, const zk_tensor_range *range, const int8_t *codes, int8_t *plus, int8_t *minus) {
    ZK_DISPATCH(level, zk_perturb_grid, range, codes, plus, minus);
}

void zk_add_step(int level, const zk_tensor_range *range, int32_t *steps, int rounding) {
    ZK_DISPATCH(level, zk_add_step, range, steps, rounding);
}

void zk_add_sign_step(
    int level, const zk_tensor_range *range, int32_t *steps, const int32_t *lengths, int32_t sign) {
    ZK_DISPATCH(level, zk_add_sign_step, range, steps, lengths, sign);
}

zk_update_statistics zk_apply_steps(
    int level, const zk_tensor_range *range, int8_t *codes, void *residuals, const int32_t *steps, int rounding) {
    ZK_DISPATCH(level, zk_apply_steps, range, codes, residuals, steps, rounding);
}

zk_update_statistics zk_update(
    int level, const zk_tensor_range *range, int8_t *codes, void *residuals, int rounding) {
    ZK_DISPATCH(level, zk_update, range, codes, residuals, rounding);
}

void zk_random_words(
    int level, const zk_tensor_range *range, uint8_t purpose, uint64_t block, int64_t blocks, uint32_t *words) {
    ZK_DISPATCH(level, zk_random_words, range, purpose, block, blocks, words);
}
