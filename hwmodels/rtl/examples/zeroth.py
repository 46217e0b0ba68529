"""The emulator's C interface from Python: names and meanings are those of Sources/CZeroth/include/zeroth.h.

    import zeroth
    emulator = zeroth.load()                      # $ZEROTH_LIBRARY, or what `swift build -c release --product zeroth-c` makes
    code, flags = emulator.cast(0x3F8CCCCD, zeroth.FP32, zeroth.E4M3)
"""

import ctypes
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
HEADER = os.path.join(ROOT, "Sources/CZeroth/include/zeroth.h")

# ZEROTH_E4M3 of the header is E4M3 here.
with open(HEADER, encoding="utf-8") as header:
    globals().update({name: int(value) for name, value in re.findall(r"#define ZEROTH_(\w+) (\d+)$", header.read(), re.M)})


class Refused(Exception):
    """An argument that a function refuses."""


def load(path=None):
    """The library at `path`, $ZEROTH_LIBRARY, or .build/release/libzeroth-c.so."""
    path = path or os.environ.get("ZEROTH_LIBRARY") or os.path.join(ROOT, ".build/release/libzeroth-c.so")
    return Emulator(ctypes.CDLL(path))


def words(values, kind=ctypes.c_uint32):
    values = list(values)
    return (kind * len(values))(*values)


class Emulator:
    """A loaded library. Methods return results and raise Refused."""

    def __init__(self, library):
        self.library = library
        library.zeroth_status_text.restype = library.zeroth_array_message.restype = ctypes.c_char_p
        library.zeroth_array_create.restype = ctypes.c_void_p
        library.zeroth_array_cycles.restype = ctypes.c_int64
        found = library.zeroth_api_version()
        if found != API_VERSION:  # noqa: F821 (from the header)
            raise ImportError(f"the library has version {found} of the interface, its header {API_VERSION}")  # noqa: F821

    def check(self, status):
        if status:
            raise Refused(self.library.zeroth_status_text(status).decode())

    def cast(self, code, source, target, rounding=0, random_bits=0, random=0, overflow=2, flush=0):
        """A code of one format as a code of another, and the flags."""
        result, flags = ctypes.c_uint32(), ctypes.c_uint32()
        self.check(self.library.zeroth_cast(
            ctypes.c_uint32(code), source, target, rounding, random_bits, ctypes.c_uint32(random), overflow, flush,
            ctypes.byref(result), ctypes.byref(flags)))
        return result.value, flags.value

    def decode(self, code, source):
        """The number that a code stands for."""
        value = ctypes.c_double()
        self.check(self.library.zeroth_decode(ctypes.c_uint32(code), source, ctypes.byref(value)))
        return value.value

    def product(self, a, b, m, n, k, a_format, b_format, accumulator, order="re-entry"):
        """C[m, n] of codes A[m, k] and B[n, k], as a list of words."""
        result = (ctypes.c_uint32 * (m * n))()
        self.check(self.library.zeroth_product(
            words(a), words(b), m, n, k, a_format, b_format, accumulator.encode(), order.encode(), result))
        return list(result)

    def mac(self, a, b, a_format, b_format, kind, settings, c):
        """The words of a sum after one step of a chain."""
        result = (ctypes.c_uint32 * 3)()
        self.check(self.library.zeroth_mac(
            bytes(a), bytes(b), len(a), a_format, b_format, kind, settings, words(list(c) + [0, 0]), result))
        return list(result)[:len(c)]

    def philox(self, key, counter):
        result = (ctypes.c_uint32 * 4)()
        self.check(self.library.zeroth_philox(words(key), words(counter), result))
        return list(result)

    def lfsr(self, width, mask, state, steps=1):
        """The state of a shift register `steps` steps on."""
        result = ctypes.c_uint64()
        self.check(self.library.zeroth_lfsr(
            width, ctypes.c_uint64(mask), ctypes.c_uint64(state), ctypes.c_uint64(steps), ctypes.byref(result)))
        return result.value

    def draw(self, seed, step, query, tensor, purpose, element, bits=32):
        result = ctypes.c_uint32()
        self.check(self.library.zeroth_draw(
            ctypes.c_uint64(seed), step, query, tensor, purpose, ctypes.c_uint64(element), bits, ctypes.byref(result)))
        return result.value

    def array(self, rows, columns, lanes, kind):
        return Array(self, rows, columns, lanes, kind)


class Array:
    """A systolic array, beat by beat."""

    def __init__(self, emulator, rows, columns, lanes, kind):
        self.emulator, self.library = emulator, emulator.library
        self.lanes, self.words = lanes, 3 if kind == EXACT else 1  # noqa: F821
        self.pointer = ctypes.c_void_p(self.library.zeroth_array_create(rows, columns, lanes, kind))
        if not self.pointer:
            raise Refused("a size or kind out of its range")

    def __del__(self):
        if getattr(self, "pointer", None):
            self.library.zeroth_array_free(self.pointer)

    def begin(self, a, b, m, n, k, a_format, b_format, dataflow=0, settings=32, block=0, double_buffered=True):
        status = self.library.zeroth_array_begin(
            self.pointer, dataflow, int(double_buffered), a_format, b_format, settings, block, m, n, k, words(a), words(b))
        if status == BAD_COMMAND:  # noqa: F821
            raise Refused(self.library.zeroth_array_message(self.pointer).decode())
        self.emulator.check(status)

    @property
    def cycles(self):
        return self.library.zeroth_array_cycles(self.pointer)

    def step(self):
        """Does a beat; false where none was left."""
        return self.library.zeroth_array_step(self.pointer) == 1

    def result(self, m, n):
        result = ctypes.c_uint32()
        self.emulator.check(self.library.zeroth_array_result(self.pointer, m, n, ctypes.byref(result)))
        return result.value

    def element(self, row, column):
        """Sum, codes on their way right, codes held, flags."""
        total, flags = (ctypes.c_uint32 * 3)(), ctypes.c_uint32()
        moving, held = (ctypes.c_uint8 * self.lanes)(), (ctypes.c_uint8 * self.lanes)()
        self.emulator.check(self.library.zeroth_array_element(self.pointer, row, column, total, moving, held, ctypes.byref(flags)))
        return list(total)[:self.words], bytes(moving), bytes(held), flags.value
