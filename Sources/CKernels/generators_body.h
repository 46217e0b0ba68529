/// Random numbers made from a stream's draws, once for all levels: each level's file includes this one after casts_body.h.

/// t of sixteen draws.
ZK_INLINE zk_i32x16 zk_gaussian_lanes(zk_u32x16 words) { return zk_scaled_byte_sums(words, 1) - 510; }

void ZK_NAME(zk_gaussian_integers)(const zk_stream *stream, uint64_t first, ptrdiff_t count, int16_t *t) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const uint32_t *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, 32, &drawn);
        ptrdiff_t j = 0;
        for (; j + LANES <= part; j += LANES) {
            const zk_i32x16 integers = zk_gaussian_lanes(*(const zk_u32x16_at *)(random + j));
            *(zk_i16x16_at *)(t + i + j) = __builtin_convertvector(integers, zk_i16x16);
        }
        for (; j < part; j++) {
            const uint32_t w = random[j];
            t[i + j] = (int16_t)((int32_t)((w & 0xFF) + (w >> 8 & 0xFF) + (w >> 16 & 0xFF) + (w >> 24)) - 510);
        }
        i += part;
    }
}

void ZK_NAME(zk_gaussian_values)(const zk_stream *stream, uint64_t first, ptrdiff_t count, float factor, float *u) {
    const philox_draws draws = zk_draws(stream->seed, stream->tensor, stream->step, stream->query);
    for (ptrdiff_t i = 0; i < count;) {
        const uint64_t at = first + (uint64_t)i;
        const ptrdiff_t left = CHUNK - (ptrdiff_t)(at % CHUNK), part = left < count - i ? left : count - i;
        drawn_elements drawn;
        const uint32_t *const random = zk_draw_elements(&draws, stream->purpose, at, (int)part, 32, &drawn);
        ptrdiff_t j = 0;
        for (; j + LANES <= part; j += LANES) {
            const zk_i32x16 integers = zk_gaussian_lanes(*(const zk_u32x16_at *)(random + j));
            *(zk_f32x16_at *)(u + i + j) = __builtin_convertvector(integers, zk_f32x16) * factor;
        }
        for (; j < part; j++) {
            const uint32_t w = random[j];
            const int32_t t = (int32_t)((w & 0xFF) + (w >> 8 & 0xFF) + (w >> 16 & 0xFF) + (w >> 24)) - 510;
            u[i + j] = (float)t * factor;
        }
        i += part;
    }
}
