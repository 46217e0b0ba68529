#include "bytes.h"

#include <string.h>

void zk_pack_int4(const int8_t *codes, ptrdiff_t count, uint8_t *bytes) {
    const ptrdiff_t pairs = count / 2;
    for (ptrdiff_t i = 0; i < pairs; i++) {
        bytes[i] = (uint8_t)((codes[2 * i] & 15) | (codes[2 * i + 1] & 15) << 4);
    }
    if (count % 2) bytes[pairs] = (uint8_t)(codes[count - 1] & 15);
}

ptrdiff_t zk_first_byte(const uint8_t *bytes, ptrdiff_t count, uint8_t value) {
    const uint8_t *const found = count > 0 ? memchr(bytes, value, (size_t)count) : NULL;
    return found ? found - bytes : -1;
}
