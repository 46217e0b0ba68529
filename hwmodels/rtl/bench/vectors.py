"""Vector files: their headers, and modules of a bench that feeds them to units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    name: str
    bits: int

    @property
    def digits(self):
        return (self.bits + 3) // 4


@dataclass(frozen=True)
class Header:
    timing: str
    inputs: tuple
    outputs: tuple

    @property
    def fields(self):
        return self.inputs + self.outputs


def read_header(path):
    """The ports that a vector file names in its first lines."""
    found = {}
    with open(path) as file:
        for text in file:
            if not text.startswith("// "):
                break
            word, _, rest = text[3:].strip().partition(" ")
            found[word] = rest

    def fields(text):
        return tuple(Field(name, int(bits)) for name, bits in (entry.split(":") for entry in text.split()))

    return Header(found["timing"], fields(found["in"]), fields(found["out"]))
