"""Reads a VCD with pyvcd's strict tokenizer; prints every signal's path and width, then how many beats it saw."""
import sys

from vcd.reader import TokenKind, tokenize

scopes, widths, beats, last = [], {}, 0, -1
with open(sys.argv[1], "rb") as file:
    for token in tokenize(file):
        if token.kind is TokenKind.SCOPE:
            scopes.append(token.scope.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scopes.pop()
        elif token.kind is TokenKind.VAR:
            var = token.var
            assert var.id_code not in widths, "two signals with one identifier"
            widths[var.id_code] = var.size
            print(".".join(scopes + [var.reference]), var.size)
        elif token.kind is TokenKind.CHANGE_TIME:
            assert token.time_change > last, "time goes back"
            last = token.time_change
        elif token.kind is TokenKind.CHANGE_SCALAR:
            assert widths[token.scalar_change.id_code] == 1
            beats += token.scalar_change.id_code == "!" and token.scalar_change.value == "1"
        elif token.kind is TokenKind.CHANGE_VECTOR:
            change = token.vector_change
            assert isinstance(change.value, int) and change.value < 1 << widths[change.id_code]
assert not scopes
print("beats", beats)
