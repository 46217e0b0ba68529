/// Search in maps of bytes; codes of half a byte.
#ifndef ZK_BYTES_H
#define ZK_BYTES_H

#include <stddef.h>
#include <stdint.h>

/// Place of the first of `count` bytes that is `value`; −1 where none is.
ptrdiff_t zk_first_byte(const uint8_t *_Nonnull bytes, ptrdiff_t count, uint8_t value);

/// Two codes to a byte, the first in the low half, of each code its low four bits; the half behind the last of an odd number is 0.
void zk_pack_int4(const int8_t *_Nonnull codes, ptrdiff_t count, uint8_t *_Nonnull bytes);

#endif
