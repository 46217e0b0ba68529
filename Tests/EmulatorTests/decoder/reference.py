"""Tiny decoders in every file format, with logits in binary64 and, bit for bit as docs/semantics.md, section 12, has them, in fp32, w8a8 and w4a8.

usage: reference.py FOLDER    writes files, NAME.PRECISION.npy and cases.json
"""

import json
import sys

import numpy as np

import formats

F = np.float32


def tree_sum(x):
    """Section 3, along the last axis."""
    lanes = np.zeros(x.shape[:-1] + (16,), F)
    for i in range(x.shape[-1]):
        lanes[..., i % 16] = lanes[..., i % 16] + x[..., i]
    for h in (8, 4, 2, 1):
        lanes[..., :h] = lanes[..., :h] + lanes[..., h:2 * h]
    return lanes[..., 0]


def exp(x):
    """Section 8.1."""
    x = np.minimum(np.maximum(x, F(-104)), F(89))
    n = np.rint(x * F(float.fromhex("0x1.715476p+0")))
    r = (x - n * F(float.fromhex("0x1.62e4p-1"))) - n * F(float.fromhex("0x1.7f7d1cp-20"))
    q = np.full_like(x, F(float.fromhex("0x1.6a4b44p-10")))
    for c in ("0x1.123994p-7", "0x1.5558b2p-5", "0x1.555492p-3", "0x1.fffffcp-2"):
        q = q * r + F(float.fromhex(c))
    y = ((r * r) * q + r) + F(1)
    n = n.astype(np.int32)
    half = n >> 1
    return (y * np.ldexp(F(1), half)) * np.ldexp(F(1), n - half)


def chain(a, w):
    """Section 8, the FP32 product: a [m, k], w [n, k]."""
    sums = np.zeros((len(a), len(w)), F)
    for k in range(a.shape[1]):
        sums = sums + a[:, k, None] * w[None, :, k]
    return sums


def quantize(x, largest=127):
    """Sections 7 and 7.2, rows of x: codes and scales."""
    a = np.abs(x).max(1)
    zero = a < F(2.0 ** -100)
    safe = np.where(zero, F(1), a)
    r = F(largest) / safe
    codes = np.clip(np.rint(x * r[:, None]), -largest, largest).astype(np.int32)
    return np.where(zero[:, None], 0, codes), np.where(zero, F(1), safe / F(largest))


def integer_product(a, sa, w, sw):
    """Section 8, the INT8 product without bias."""
    return ((a @ w.T).astype(F) * sw[None, :]) * sa[:, None]


def rms_norm(x, gamma, eps):
    q = tree_sum(x * x) / F(x.shape[-1])
    r = F(1) / np.sqrt(q + F(eps))
    return (x * r[:, None]) * gamma


def rotate(x, cosines, sines):
    """x [tokens, heads, D]."""
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    c, s = cosines[:, None], sines[:, None]
    return np.concatenate([a * c - b * s, b * c + a * s], -1)


def softmax(x, factor):
    z = x * factor
    e = exp(z - z.max())
    return e * (F(1) / tree_sum(e))


def forward(c, w, tokens, precision):
    """Logits [tokens, vocabulary], bit for bit."""
    quantized = precision != "fp32"
    largest = 7 if precision == "w4a8" else 127

    def linear(x, name):
        if not quantized:
            return chain(x, w[name])
        return integer_product(*quantize(x), *quantize(w[name], largest))

    count, dim, group = len(tokens), c["dim"], c["heads"] // c["kv"]
    angles = np.arange(count)[:, None] * np.float64(c["theta"]) ** (-2 * np.arange(dim // 2) / dim)[None]
    cosines, sines = np.cos(angles).astype(F), np.sin(angles).astype(F)
    factor = F(1) / np.sqrt(F(dim))
    x = w["token_embd.weight"][tokens]
    for layer in range(c["layers"]):
        part = f"blk.{layer}."
        h = rms_norm(x, w[part + "attn_norm.weight"], c["eps"])
        q = rotate(linear(h, part + "attn_q.weight").reshape(count, c["heads"], dim), cosines, sines)
        k = rotate(linear(h, part + "attn_k.weight").reshape(count, c["kv"], dim), cosines, sines)
        v = linear(h, part + "attn_v.weight").reshape(count, c["kv"], dim)
        context = np.zeros((count, c["heads"], dim), F)
        for head in range(c["heads"]):
            qs, ks, vs = q[:, head], k[:, head // group], v[:, head // group]
            for t in range(count):
                if quantized:
                    kc, kf = quantize(ks[:t + 1])
                    vc, vf = quantize(vs[:t + 1])
                    p = softmax(integer_product(*quantize(qs[t:t + 1]), kc, kf)[0], factor) * vf
                    context[t, head] = integer_product(*quantize(p[None]), vc.T, np.ones(dim, F))[0]
                else:
                    p = softmax(chain(qs[t:t + 1], ks[:t + 1])[0], factor)
                    context[t, head] = chain(p[None], vs[:t + 1].T)[0]
        x = x + linear(context.reshape(count, -1), part + "attn_output.weight")
        h = rms_norm(x, w[part + "ffn_norm.weight"], c["eps"])
        g = linear(h, part + "ffn_gate.weight")
        g = (g / (F(1) + exp(-g))) * linear(h, part + "ffn_up.weight")
        x = x + linear(g, part + "ffn_down.weight")
    h = rms_norm(x, w["output_norm.weight"], c["eps"])
    return linear(h, "token_embd.weight" if c["tied"] else "output.weight")


def exact(c, w, tokens):
    """The same network in binary64, written another way: one matrix a step, complex rotations."""
    w = {name: value.astype(np.float64) for name, value in w.items()}
    count, dim, group = len(tokens), c["dim"], c["heads"] // c["kv"]
    turn = np.exp(1j * np.outer(np.arange(count), c["theta"] ** (-np.arange(0, dim, 2) / dim)))[:, None]

    def norm(x, gamma):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + c["eps"]) * gamma

    def turned(x):
        z = (x[..., :dim // 2] + 1j * x[..., dim // 2:]) * turn
        return np.concatenate([z.real, z.imag], -1)

    x = w["token_embd.weight"][tokens]
    for layer in range(c["layers"]):
        p = f"blk.{layer}."
        h = norm(x, w[p + "attn_norm.weight"])
        q = turned((h @ w[p + "attn_q.weight"].T).reshape(count, c["heads"], dim))
        k = np.repeat(turned((h @ w[p + "attn_k.weight"].T).reshape(count, c["kv"], dim)), group, 1)
        v = np.repeat((h @ w[p + "attn_v.weight"].T).reshape(count, c["kv"], dim), group, 1)
        s = np.einsum("thd,uhd->htu", q, k) / np.sqrt(dim)
        s = np.where(np.tril(np.ones((count, count), bool)), s, -np.inf)
        a = np.exp(s - s.max(-1, keepdims=True))
        a /= a.sum(-1, keepdims=True)
        x = x + np.einsum("htu,uhd->thd", a, v).reshape(count, -1) @ w[p + "attn_output.weight"].T
        h = norm(x, w[p + "ffn_norm.weight"])
        g = h @ w[p + "ffn_gate.weight"].T
        x = x + (g / (1 + np.exp(-g)) * (h @ w[p + "ffn_up.weight"].T)) @ w[p + "ffn_down.weight"].T
    return norm(x, w["output_norm.weight"]) @ w["token_embd.weight" if c["tied"] else "output.weight"].T


def random_weights(c, random):
    def matrix(rows, columns):
        return (random.standard_normal((rows, columns)) / np.sqrt(columns)).astype(F)

    def norm():
        return (1 + 0.2 * random.standard_normal(c["hidden"])).astype(F)

    weights = {"token_embd.weight": random.standard_normal((c["vocab"], c["hidden"])).astype(F)}
    query, key = c["heads"] * c["dim"], c["kv"] * c["dim"]
    sizes = {
        "attn_q": (query, c["hidden"]), "attn_k": (key, c["hidden"]), "attn_v": (key, c["hidden"]),
        "attn_output": (c["hidden"], query), "ffn_gate": (c["inter"], c["hidden"]),
        "ffn_up": (c["inter"], c["hidden"]), "ffn_down": (c["hidden"], c["inter"]),
    }
    for layer in range(c["layers"]):
        for part in formats.LAYER:
            weights[f"blk.{layer}.{part}.weight"] = norm() if part.endswith("norm") else matrix(*sizes[part])
    weights["output_norm.weight"] = norm()
    if not c["tied"]:
        weights["output.weight"] = matrix(c["vocab"], c["hidden"])
    return weights


def sizes(layers, hidden, heads, kv, dim, inter, vocab, tied, theta=10000.0, eps=1e-5, positions=64):
    return dict(layers=layers, hidden=hidden, heads=heads, kv=kv, dim=dim, inter=inter, vocab=vocab, tied=tied,
                theta=theta, eps=float(F(eps)), positions=positions)


BLOCKS = sizes(2, 64, 4, 2, 16, 96, 50, True, theta=5000.0)
ODD = sizes(2, 40, 5, 5, 8, 52, 37, False)
WIDE = sizes(3, 32, 3, 1, 12, 70, 41, True, theta=100000.0, eps=1e-6)
UNTIED = sizes(1, 32, 2, 1, 16, 64, 33, False, theta=500.0)


def norms_in_f32(kind):
    return lambda name: "F32" if "norm" in name else kind


CASES = [
    ("q4_1.gguf", "gguf", BLOCKS, lambda n: "F32" if "norm" in n else "Q8_0" if n.startswith("token") else "Q4_1"),
    ("f16.gguf", "gguf", WIDE, norms_in_f32("F16")),
    ("f32.gguf", "gguf", UNTIED, norms_in_f32("F32")),
    ("odd.bin", "llama2c", ODD, norms_in_f32("F32")),
    ("tied.bin", "llama2c", sizes(2, 48, 6, 2, 8, 20, 29, True), norms_in_f32("F32")),
    ("f32", "safetensors", ODD, lambda n: "F32"),
    ("bf16", "safetensors", WIDE, lambda n: "BF16"),
    ("f16", "safetensors", UNTIED, lambda n: "F16"),
]


def main(folder):
    random = np.random.default_rng(7)
    cases = []
    for name, form, c, kinds in CASES:
        values = formats.save(f"{folder}/{name}", form, c, random_weights(c, random), kinds)
        tokens = random.integers(0, c["vocab"], 19)
        truth = exact(c, values, tokens)
        for precision in ("fp32", "w8a8", "w4a8"):
            logits = forward(c, values, tokens, precision)
            np.save(f"{folder}/{name}.{precision}.npy", logits)
            if precision == "fp32":
                worst = float(np.abs(logits - truth).max())
                assert worst < 1e-4, f"{name}: fp32 differs from binary64 by {worst}"
        np.save(f"{folder}/{name}.exact.npy", truth.astype(F))
        cases.append({"name": name, "tokens": tokens.tolist(), "vocabulary": c["vocab"]})
    with open(f"{folder}/cases.json", "w") as file:
        json.dump(cases, file)


if __name__ == "__main__":
    np.seterr(over="ignore")
    main(sys.argv[1])
