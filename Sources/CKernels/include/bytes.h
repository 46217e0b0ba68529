/// Search in maps of bytes.
#ifndef ZK_BYTES_H
#define ZK_BYTES_H

#include <stddef.h>
#include <stdint.h>

/// Place of the first of `count` bytes that is `value`; −1 where none is.
ptrdiff_t zk_first_byte(const uint8_t *_Nonnull bytes, ptrdiff_t count, uint8_t value);

#endif
