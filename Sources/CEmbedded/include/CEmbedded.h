#ifndef ZEROTH_CEMBEDDED_H
#define ZEROTH_CEMBEDDED_H

#include <stddef.h>

/// A file of the source tree that ships inside the program.
typedef struct {
    /// "opinions/config.json", "hwmodels/edge-int8.json5", ...
    const char *name;
    /// The bytes, starting at a multiple of 64; NULL if the file was missing when this was compiled.
    const unsigned char *data;
    /// The number of bytes; 0 if the file was missing.
    size_t size;
} zeroth_embedded_file;

/// Every embedded file, in a fixed order; zeroth_embedded_file_count() of them. (Swift can't see an array of unknown length: use the functions.)
extern const zeroth_embedded_file zeroth_embedded_files[];

/// The number of entries in zeroth_embedded_files.
size_t zeroth_embedded_file_count(void);

/// The entry at an index less than the count; NULL past the end.
const zeroth_embedded_file *zeroth_embedded_file_at(size_t index);

/// The entry of a name; NULL if no file of this name is meant to be embedded.
const zeroth_embedded_file *zeroth_embedded_file_named(const char *name);

#endif
