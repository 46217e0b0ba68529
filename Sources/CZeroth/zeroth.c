#include "zeroth.h"

// The functions are in Swift, in CAPI; the header is a target of its own so that the compiler holds the two together.
_Static_assert(ZEROTH_API_VERSION == 1, "CAPI/Version.swift says the same");
