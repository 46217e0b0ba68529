#include "bytes.h"

#include <string.h>

ptrdiff_t zk_first_byte(const uint8_t *bytes, ptrdiff_t count, uint8_t value) {
    const uint8_t *const found = count > 0 ? memchr(bytes, value, (size_t)count) : NULL;
    return found ? found - bytes : -1;
}
