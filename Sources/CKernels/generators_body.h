/// Random numbers made from a stream's draws, once for all levels: included after casts_stream_body.h.

/// t of sixteen draws.
ZK_INLINE zk_i32x16 zk_gaussian_lanes(zk_u32x16 words) { return zk_scaled_byte_sums(words, 1) - 510; }

/// u = t/σ rounded from binary64's t · (1/√21845), by FP32 operations: 1/√21845 is cut after eleven bits, so that the first product is
/// exact, and the rest corrects it. Equal for all 1,021 values of t.
ZK_INLINE zk_f32x16 zk_gaussian_value_lanes(zk_u32x16 words) {
    const zk_f32x16 t = __builtin_convertvector(zk_gaussian_lanes(words), zk_f32x16);
    return t * 0x1.bb6p-8f + t * 0x1.11874p-21f;
}

void ZK_NAME(zk_gaussian_integers)(const zk_stream *stream, uint64_t first, ptrdiff_t count, int16_t *t) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const uint32_t *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, 32, &drawn);
        for (ptrdiff_t j = 0; j < part; j += LANES) {
            // Draws behind the part may be undefined; what they give is dropped.
            const zk_i16x16 integers =
                __builtin_convertvector(zk_gaussian_lanes(*(const zk_u32x16_at *)(random + j)), zk_i16x16);
            if (part - j < LANES) {
                memcpy(t + i + j, &integers, (size_t)(part - j) * sizeof *t);
            } else {
                *(zk_i16x16_at *)(t + i + j) = integers;
            }
        }
        i += part;
    }
}

void ZK_NAME(zk_gaussian_values)(const zk_stream *stream, uint64_t first, ptrdiff_t count, float *u) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const uint32_t *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, 32, &drawn);
        for (ptrdiff_t j = 0; j < part; j += LANES) {
            // Draws behind the part may be undefined; what they give is dropped.
            const zk_f32x16 numbers = zk_gaussian_value_lanes(*(const zk_u32x16_at *)(random + j));
            if (part - j < LANES) {
                memcpy(u + i + j, &numbers, (size_t)(part - j) * sizeof *u);
            } else {
                *(zk_f32x16_at *)(u + i + j) = numbers;
            }
        }
        i += part;
    }
}
