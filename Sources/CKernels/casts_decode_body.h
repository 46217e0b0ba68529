/// Numbers of narrow formats as FP32; included after casts_body.h.

ZK_INLINE zk_u32x16 zk_decode_lanes(const zk_decoding *format, zk_u32x16 code) {
    const uint32_t m = (uint32_t)format->fraction_bits;
    const zk_u32x16 nan = 0x7FC00000u;
    if (format->is_power) {
        const zk_u32x16 smallest = 0x00400000u;  // 2⁻¹²⁷
        const zk_u32x16 number = code == 0 ? smallest : code << 23;
        return code > format->largest ? nan : number;
    }
    const zk_u32x16 magnitude = code & format->magnitude, sign = (code & format->sign) << __builtin_clz(format->sign);
    const zk_u32x16 normal = (magnitude << (23 - m)) + ((uint32_t)(format->minimum_exponent + 126) << 23);
    zk_u32x16 number = normal;
    if (format->minimum_exponent > -126) {
        // A subnormal number is an integer of the last place; the format's last place is a normal FP32 number.
        const uint32_t bits = (uint32_t)(format->minimum_exponent - (int32_t)m + 127) << 23;
        float place;
        memcpy(&place, &bits, sizeof place);
        const zk_u32x16 small = (zk_u32x16)(__builtin_convertvector((zk_i32x16)magnitude, zk_f32x16) * place);
        number = magnitude < (1u << m) ? small : normal;
    }
    const zk_u32x16 infinity = 0x7F800000u;
    number = magnitude == format->infinity ? infinity : number;
    number |= sign;
    const zk_i32x16 is_nan = (magnitude > format->largest) & (magnitude != format->infinity);
    return is_nan ? nan : number;
}

void ZK_NAME(zk_decode_float32)(const zk_decoding *decoding, const void *codes, ptrdiff_t count, float *x) {
    const zk_decoding format = *decoding;
    const ptrdiff_t whole = count & ~(ptrdiff_t)(LANES - 1), rest = count - whole;
    for (ptrdiff_t i = 0; i < whole; i += LANES) {
        *(zk_u32x16_at *)(x + i) =
            zk_decode_lanes(&format, zk_load_codes((const char *)codes + i * format.bytes, format.bytes));
    }
    if (rest > 0) {
        _Alignas(64) char staged[2 * LANES] = {0};
        memcpy(staged, (const char *)codes + whole * format.bytes, (size_t)(rest * format.bytes));
        const zk_u32x16 numbers = zk_decode_lanes(&format, zk_load_codes(staged, format.bytes));
        memcpy(x + whole, &numbers, (size_t)rest * 4);
    }
}
