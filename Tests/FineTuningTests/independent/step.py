#!/usr/bin/env python3
"""An independent implementation of Zeroth's quantized zeroth-order step, in Python and NumPy.

It was written from docs/semantics.md alone, without reading the implementation in Sources/, so that a misunderstanding
of that page, or a hole in it, shows as a difference in bits. Section numbers in comments are that page's.
IndependentTests.swift runs it beside FineTuner. It aims at being read, not at speed: Python 3.11 or later, NumPy, one file.

    step.py NETWORK_DIR TRAIN_TSV --steps 3 --batch 16 --seed 7 --bits 8 --size 1.0 --rate 30 --schedule linear
            --total-steps 100 --rounding stochastic|nearest|residual:8|residual:16 [--new-head] [--trainable all|head|last:N|lora:rank=4,targets=q+v,…]
            --weights|--activations|--attention|--head int8|int4 --estimator q-rge1|q-rge2 --queries 1 --method quzo|zoqo

--size epsilon:E gives the size in weight units. --validation-fraction F holds out a share of TRAIN_TSV. NETWORK_DIR holds config.json, model.safetensors and vocab.txt of a BERT network.
The tokenizer only knows words that are whole entries of the vocabulary, and punctuation; anything else is an error.
ZOQO takes no rounding, bits or estimator; they are ignored.

Output, a line a step:   step T  L+ <binary32 bits>  L- <binary32 bits>  slope <binary64 bits>
where slope is mu/(2 kappa); with several queries these are the means over them. Then a line             sha256 <hex>
over every linear layer in number order: codes (int8, row-major), residuals of a trained layer (int8 or little-endian int16), bias (float32);
then over the adapters in number order: codes and residuals.
"""

import argparse
import hashlib
import json
import math
import os
import re
import struct
import sys

import numpy as np

F32, I64, U64 = np.float32, np.int64, np.uint64
np.seterr(all="ignore")  # infinities and NaNs are results like others


def f32(text):
    """A binary32 constant in C's hexadecimal notation; it must need no rounding."""
    value = float.fromhex(text)
    assert float(F32(value)) == value, text
    return F32(value)


def clamp(x, c):
    return np.clip(x, -c, c)


# --- 3. Reductions -------------------------------------------------------------------------------------------------------


def tree_sum(x):
    """Section 3's sum along the last axis: sixteen partial sums, then halves."""
    n = x.shape[-1]
    partial = np.zeros(x.shape[:-1] + (16,), F32)
    for start in range(0, n, 16):
        chunk = x[..., start : start + 16]
        width = chunk.shape[-1]
        partial[..., :width] = partial[..., :width] + chunk
    for h in (8, 4, 2, 1):
        partial = partial[..., :h] + partial[..., h : 2 * h]
    return partial[..., 0]


# --- 4. Random streams ---------------------------------------------------------------------------------------------------

U, Q1, Q2, GRID, UPDATE, ACTIVATIONS, ORDER, SPLIT, ADAPTERS = range(9)  # purposes
LOW = U64(0xFFFFFFFF)


def philox(counter, key):
    """Philox4x32-10: counter is four uint64 arrays of 32-bit words, key a pair of ints."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a = c0 * U64(0xD2511F53)
        b = c2 * U64(0xCD9E8D57)
        c0, c1, c2, c3 = (b >> U64(32)) ^ c1 ^ U64(k0), b & LOW, (a >> U64(32)) ^ c3 ^ U64(k1), a & LOW
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def check_philox():
    """The known answers that come with Random123."""
    for words, key, answer in (
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ):
        got = philox(tuple(np.array([w], U64) for w in words), key)
        assert tuple(int(w[0]) for w in got) == answer, "Philox4x32-10 is wrong"


class Streams:
    def __init__(self, seed):
        self.key = (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF)

    def blocks(self, block, purpose, step, tensor, query):
        """The four words of every block index, as an array [..., 4]."""
        zero = np.zeros(block.shape, U64)
        counter = (
            block & LOW,
            ((block >> U64(32)) & U64(0xFFFF)) | U64(tensor << 16),
            zero + U64(step),
            zero + U64(query | purpose << 24),
        )
        return np.stack(philox(counter, self.key), axis=-1)

    def draw32(self, count, purpose, step, tensor=0, query=0):
        """The 32-bit draws of elements 0 … count − 1, as int64."""
        words = self.blocks(np.arange((count + 3) // 4, dtype=U64), purpose, step, tensor, query)
        return words.reshape(-1)[:count].astype(I64)

    def draw16(self, count, purpose, step, tensor=0, query=0):
        """The 16-bit draws of elements 0 … count − 1: each word gives its low half, then its high half."""
        words = self.blocks(np.arange((count + 7) // 8, dtype=U64), purpose, step, tensor, query).reshape(-1)
        halves = np.stack([words & U64(0xFFFF), words >> U64(16)], axis=-1)
        return halves.reshape(-1)[:count].astype(I64)


# --- 5. Gaussian u -------------------------------------------------------------------------------------------------------


def sum_of_bytes(w):
    return (w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24) - 510


def irwin_hall_4(streams, count, step, tensor, query):
    return sum_of_bytes(streams.draw32(count, U, step, tensor, query))


def perturbation_code(t, bits, random):
    m = 2 ** (bits - 1) - 1
    code = (t * (m * 2**7) + random) >> 16
    assert np.all(np.abs(code) <= m)
    return code


def s_u_of(bits):
    return 512.0 / ((2 ** (bits - 1) - 1) * math.sqrt(21845.0))


def grid(w, m):  # 5.3
    """Whole numbers from −m … m, each element with an m of its own, from 32-bit draws."""
    assert np.all((1 <= m) & (m <= 32767))
    return ((w * (2 * m + 1)) >> 32) - m


# --- 7. Quantizers -------------------------------------------------------------------------------------------------------


LARGEST = {"int8": 127, "int4": 7}  # M


def quantize_rows(x, m):
    """Symmetric along the last axis, to codes in ±m: codes (int64) and scales."""
    a = np.max(np.abs(x), axis=-1)  # NaN if any element is
    scale = a / F32(m)
    r = F32(m) / a
    rounded = np.rint(x * r[..., None])
    bad = ~np.isfinite(x).all(axis=-1)
    small = ~bad & (a < F32(2.0**-100))
    none = bad | small
    codes = clamp(np.where(none[..., None], F32(0), rounded), m).astype(I64)
    scale = np.where(small, F32(1), np.where(bad, F32(np.nan), scale))
    return codes, scale.astype(F32)


# --- 8. Products and vector functions ------------------------------------------------------------------------------------


def integer_product(a, s_a, w, s_w, bias=None):
    """y[..., i, n] of activation rows a[..., i, k] and stationary rows w[..., n, k]."""
    acc = np.matmul(a, np.swapaxes(w, -1, -2))  # exact in int64
    acc = acc.astype(np.int32)  # wraps
    y = acc.astype(F32) * s_w[..., None, :]
    y = y * s_a[..., :, None]
    return y if bias is None else y + bias


def horner(x, coefficients):
    h = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        h = h * x + c
    return h


EXP = [f32(c) for c in "0x1.fffffcp-2 0x1.555492p-3 0x1.5558b2p-5 0x1.123994p-7 0x1.6a4b44p-10".split()]
GELU = [
    f32(c)
    for c in (
        "0x1.1c060ap-3 0x1.1ca712p-3 0x1.e61b8cp-4 0x1.bb5d86p-4 -0x1.e218c4p-6 0x1.5fcdf8p-3 -0x1.0cf512p-2 0x1.27db0cp-3 "
        "-0x1.d72b6ep-6"
    ).split()
]
LOG = [
    f32(c)
    for c in (
        "0x1.555548p-2 -0x1.000006p-2 0x1.99a476p-3 -0x1.555c44p-3 0x1.233ba2p-3 -0x1.fc28cap-4 0x1.e6c00ap-4 -0x1.de01dap-4 "
        "0x1.147338p-4"
    ).split()
]


def power_of_two(n):
    """2^n as binary32, for −126 ≤ n ≤ 127."""
    assert n.size == 0 or (n.min() >= -126 and n.max() <= 127)
    return ((n + 127).astype(np.uint32) << np.uint32(23)).view(F32)


def exp(x):  # 8.1
    x = np.asarray(x, F32)
    nan = np.isnan(x)
    x = np.where(nan, F32(0), np.minimum(np.maximum(x, F32(-104)), F32(89)))
    n = np.rint(x * f32("0x1.715476p+0"))
    r = (x - n * f32("0x1.62e4p-1")) - n * f32("0x1.7f7d1cp-20")
    q = horner(r, EXP)
    y = ((r * r) * q + r) + F32(1)
    n = n.astype(np.int32)
    h = n >> 1
    y = (y * power_of_two(h)) * power_of_two(n - h)
    return np.where(nan, F32(np.nan), y)


def gelu(x):  # 8.2
    z = np.minimum(np.abs(x), F32(16))
    t = F32(1) / (z * f32("0x1.64p-2") + F32(1))
    h = horner(t, GELU)
    q = (h * t) * exp((z * z) * F32(-0.5))
    return np.where(x < 0, (-z) * q, x * (F32(1) - q))


def log(x):  # 8.3
    x = np.asarray(x, F32)
    scaled = x < F32(2.0**-126)
    b = np.where(scaled, x * F32(2.0**23), x).view(np.int32).astype(I64)
    k = (b - 0x3F3504F3) >> 23
    f = (b - (k << 23)).astype(np.uint32).view(F32) - F32(1)
    k = np.where(scaled, k - 23, k).astype(F32)
    h = horner(f, LOG)
    s = f * f
    w = ((s * f) * h + k * f32("-0x1.bd0106p-13")) - s * F32(0.5)
    y = (f + w) + k * f32("0x1.63p-1")
    y = np.where(x == 0, F32(-np.inf), np.where(x == F32(np.inf), x, y))
    return np.where(np.isnan(x) | (x < 0), F32(np.nan), y)


def softmax(x, valid, c):
    """Over the valid first scores of each row; valid is broadcast against x without its last axis."""
    inside = np.arange(x.shape[-1]) < valid[..., None]
    z = x * c
    m = np.max(np.where(inside, z, F32(-np.inf)), axis=-1, keepdims=True)
    e = np.where(inside, exp(z - m), F32(0))  # +0 behind the last element changes no sum
    r = F32(1) / tree_sum(e)
    return np.where(inside, e * r[..., None], F32(0))


def layer_norm(x, gamma, beta, epsilon):
    n = F32(x.shape[-1])
    d = x - (tree_sum(x) / n)[..., None]
    q = tree_sum(d * d) / n
    r = F32(1) / np.sqrt(q + epsilon)
    return (d * r[..., None]) * gamma + beta


def mean_pool(x, valid):
    """x[example, token, channel] over the first valid tokens of each example."""
    rows = []
    for example, v in zip(x, valid):
        acc = np.zeros(x.shape[-1], F32)
        for token in range(v):
            acc = acc + example[token]
        rows.append(acc / F32(v))
    return np.stack(rows)


# --- 9. The encoder ------------------------------------------------------------------------------------------------------


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32", f"{name}: {entry['dtype']}"
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + start : 8 + length + end], "<f4").astype(F32)
        tensors[name] = values.reshape(entry["shape"])
    return tensors


class Linear:
    def __init__(self, number, m, codes, scale, bias):
        """m is the largest code of the weight's format."""
        self.number, self.m, self.codes, self.scale, self.bias = number, m, codes, scale, bias
        self.trained = False
        self.residual = None

    @staticmethod
    def quantized(number, m, weight, bias):
        return Linear(number, m, *quantize_rows(weight, m), bias)


TARGETS = ("q", "k", "v", "o", "fc1", "fc2")  # a layer's matrices in number order


def adapter_options(trainable):
    """The options of lora:…, or None."""
    if not trainable.startswith("lora"):
        return None
    options = {"rank": 8, "targets": "q+v", "alpha": None, "format": None, "base": None, "last": None}
    for part in filter(None, trainable.removeprefix("lora").removeprefix(":").split(",")):
        name, _, value = part.partition("=")
        assert name in options, part
        options[name] = value if name in ("targets", "format", "base") else float(value) if name == "alpha" else int(value)
    if options["alpha"] is None:
        options["alpha"] = float(options["rank"])
    return options


def adapted_layers(options, layers):
    """Numbers of the linear layers with an adapter."""
    named = TARGETS if options["targets"] == "all-linear" else options["targets"].split("+")
    first = 0 if options["last"] is None else layers - options["last"]
    return [6 * layer + i for layer in range(first, layers) for i, word in enumerate(TARGETS) if word in named]


def adapter_start(streams, rank, columns, number):
    """The numbers that A begins with (9)."""
    a = F32(1.0 / math.sqrt(3.0 * 21845.0 * columns))
    t = sum_of_bytes(streams.draw32(rank * columns, ADAPTERS, 0, number))
    return (a * t.astype(F32)).reshape(rank, columns)


class Network:
    def __init__(self, folder, formats, new_head_classes=None):
        """formats holds the largest codes M of "weights", "activations", "attention" and "head"."""
        self.formats = formats
        self.adapters = {}  # by number of the layer: A and B
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        assert config["model_type"] == "bert" and config["hidden_act"] == "gelu"
        tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.channels = config["hidden_size"]
        self.positions_limit = config["max_position_embeddings"]
        self.epsilon = F32(config["layer_norm_eps"])
        self.labels = config.get("id2label")

        def norm(name):
            return tensors[name + ".weight"], tensors[name + ".bias"]

        self.words = tensors["embeddings.word_embeddings.weight"]
        self.positions = tensors["embeddings.position_embeddings.weight"]
        self.types = tensors["embeddings.token_type_embeddings.weight"]
        self.embedding_norm = norm("embeddings.LayerNorm")
        self.linear, self.norms = [], []
        for layer in range(self.layers):
            prefix = f"encoder.layer.{layer}."
            for name in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "intermediate.dense",
                "output.dense",
            ):
                weight, bias = norm(prefix + name)
                self.linear.append(Linear.quantized(len(self.linear), formats["weights"], weight, bias))
            self.norms.append((norm(prefix + "attention.output.LayerNorm"), norm(prefix + "output.LayerNorm")))
        number = 6 * self.layers
        self.new_head = new_head_classes is not None
        m = formats["head"]
        if self.new_head:
            rows = new_head_classes
            scale = np.full(rows, F32(0.5) / F32(m), F32)
            head = Linear(number, m, np.zeros((rows, self.channels), I64), scale, np.zeros(rows, F32))
        else:
            head = Linear.quantized(number, m, *norm("classifier"))
        self.linear.append(head)

    def add_adapters(self, options, m, streams):
        """m is the largest code of the adapters' format."""
        self.factor = F32(options["alpha"] / options["rank"])
        for number in adapted_layers(options, self.layers):
            rows, columns = self.linear[number].codes.shape
            rank, draws = options["rank"], 6 * self.layers + 2 + 2 * number
            a = Linear.quantized(draws, m, adapter_start(streams, rank, columns, draws), None)
            scale = np.full(rows, F32(0.5) / F32(m), F32)
            self.adapters[number] = a, Linear(draws + 1, m, np.zeros((rows, rank), I64), scale, None)

    @property
    def matrices(self):
        return self.linear + [matrix for pair in self.adapters.values() for matrix in pair]

    def logits(self, tokens, valid, codes, head_bias):
        """tokens[example, place] padded in any way; codes holds each matrix's codes of this pass, by number."""
        examples, places = tokens.shape
        heads, depth = self.heads, self.channels // self.heads
        factor = F32(1) / np.sqrt(F32(depth))
        meeting, attention = self.formats["activations"], self.formats["attention"]

        def product(number, a, s_a):
            layer = self.linear[number]
            bias = head_bias if number == 6 * self.layers else layer.bias
            y = integer_product(a, s_a, codes[number], layer.scale, bias)
            if number not in self.adapters:
                return y
            down, up = self.adapters[number]
            h = integer_product(a, s_a, codes[down.number], down.scale) * self.factor
            return y + integer_product(*quantize_rows(h, meeting), codes[up.number], up.scale)

        def split(x):  # [example, head, token, depth]
            return x.reshape(examples, places, heads, depth).swapaxes(1, 2)

        x = (self.words[tokens] + self.positions[:places]) + self.types[0]
        x = layer_norm(x, *self.embedding_norm, self.epsilon)
        inside = (np.arange(places) < valid[:, None])[:, None, :, None]  # broadcast against [example, head, token, depth]
        for layer in range(self.layers):
            first = 6 * layer
            attention_norm, output_norm = self.norms[layer]
            a, s_a = quantize_rows(x, meeting)
            query, key, value = (split(product(first + i, a, s_a)) for i in range(3))
            query, s_query = quantize_rows(query, attention)
            key, s_key = quantize_rows(key, attention)
            # Rows past the valid length take no part in the column's maximum; as +0 they get code 0.
            columns = np.where(inside, value, F32(0)).swapaxes(-1, -2)
            columns, s_columns = quantize_rows(columns, attention)
            scores = integer_product(query, s_query, key, s_key)
            p = softmax(scores, valid[:, None, None], factor)
            p, s_p = quantize_rows(p, attention)
            context = integer_product(p, s_p, columns, s_columns)
            context = context.swapaxes(1, 2).reshape(examples, places, self.channels)
            y = product(first + 3, *quantize_rows(context, meeting))
            x = layer_norm(x + y, *attention_norm, self.epsilon)
            y = gelu(product(first + 4, *quantize_rows(x, meeting)))
            y = product(first + 5, *quantize_rows(y, meeting))
            x = layer_norm(x + y, *output_norm, self.epsilon)
        pooled = mean_pool(x, valid)
        # A matrix of one-row examples: the head's rows are the examples.
        return product(6 * self.layers, *quantize_rows(pooled, self.formats["head"]))


def batch_loss(logits, labels):
    m = np.max(logits, axis=-1)
    difference = logits - m[:, None]
    own = difference[np.arange(len(labels)), labels]
    losses = log(tree_sum(exp(difference))) - own
    acc = F32(0)
    for loss in losses:
        acc = acc + loss
    return acc / F32(len(labels))


# --- 10. The zeroth-order step -------------------------------------------------------------------------------------------


def rne(x):
    """Nearest integer, ties to even, of a finite binary64."""
    return round(x)


class Step:
    """The settings of a run, and what QuZO and ZOQO have in common."""

    def __init__(self, network, options):
        self.network, self.queries = network, options.queries
        assert 1 <= self.queries <= 64
        self.streams = Streams(options.seed)
        self.rate, self.schedule, self.total = options.rate, options.schedule, options.total_steps
        self.in_weight_units = options.size.startswith("epsilon:")
        self.size = float(options.size.removeprefix("epsilon:"))
        self.residual_bits = 0
        head = 6 * network.layers
        if options.trainable == "all":
            first = 0
        elif options.trainable == "head" or network.adapters:
            first = head
        else:
            first = 6 * (network.layers - int(options.trainable.removeprefix("last:")))
        for layer in network.matrices:
            layer.trained = layer.number >= first

    def learning_rate(self, t):
        return self.rate * (1.0 - t / self.total) if self.schedule == "linear" else self.rate

    def run(self, t, tokens, valid, labels):
        """One step: the means over the queries of L₊, L₋ and the projected gradient."""
        network = self.network
        head = network.linear[-1]
        differences, losses = [], []
        for query in range(self.queries):
            plus, minus = {}, {}
            for layer in network.matrices:
                d = self.perturbation(layer, t, query) if layer.trained else 0
                plus[layer.number] = clamp(layer.codes + d, layer.m)
                minus[layer.number] = clamp(layer.codes - d, layer.m)
            bias_plus = bias_minus = head.bias
            if network.new_head:  # always trained
                moved = self.bias_perturbation(head, t, query)
                bias_plus, bias_minus = head.bias + moved, head.bias - moved
            loss_plus = batch_loss(network.logits(tokens, valid, plus, bias_plus), labels)
            loss_minus = batch_loss(network.logits(tokens, valid, minus, bias_minus), labels)
            mu = loss_plus - loss_minus  # binary32
            if not (np.isfinite(loss_plus) and np.isfinite(loss_minus)):
                sys.exit(f"step {t}: a loss is not finite")
            differences.append(float(mu))
            losses.append((loss_plus, loss_minus))

        # All queries are evaluated before the first one moves a weight.
        for layer in network.matrices:
            if layer.trained:
                self.update(layer, t, differences)
        if network.new_head:
            for query, mu in enumerate(differences):
                head.bias = head.bias - self.bias_step(head, t, query, mu)
        loss_plus, loss_minus = (mean(side, F32) for side in zip(*losses))
        return loss_plus, loss_minus, mean(differences, float) / (2.0 * self.size)


def mean(values, precision):
    """Summed from the first on, then divided, each rounded to binary32 or binary64."""
    total = precision(0)
    for value in values:
        total = total + value
    return total / precision(len(values))


class QuZO(Step):
    def __init__(self, network, options):
        super().__init__(network, options)
        self.bits = options.bits
        self.s_u = s_u_of(self.bits)
        self.update_rounding = {"q-rge1": Q1, "q-rge2": Q2}[options.estimator]
        kind, _, width = options.rounding.partition(":")
        assert kind in ("stochastic", "nearest", "residual"), options.rounding
        self.rounding = kind
        self.residual_bits = int(width) if kind == "residual" else 0
        assert self.residual_bits in (0, 8, 16)
        for layer in network.matrices:
            if layer.trained and self.residual_bits:
                layer.residual = np.zeros_like(layer.codes)

    def u(self, purpose, shape, t, tensor, query):
        """u₁ or u₂ of a tensor: one u, two roundings."""
        count = math.prod(shape)
        u = irwin_hall_4(self.streams, count, t, tensor, query)
        random = self.streams.draw16(count, purpose, t, tensor, query)
        return perturbation_code(u, self.bits, random).reshape(shape)

    def perturbation_multipliers(self, scale):
        """c_d of every row, as a column."""
        rows = []
        for s_w in scale:
            steps = self.size / float(s_w) if self.in_weight_units else self.size
            c_d = rne(steps * self.s_u * 65536.0)
            if not 0 < c_d < 2**24:
                sys.exit(f"the perturbation multiplier {c_d} is outside its range")
            rows.append(c_d)
        return np.array(rows, I64)[:, None]

    def perturbation(self, layer, t, query):
        u1 = self.u(Q1, layer.codes.shape, t, layer.number, query)
        random = self.streams.draw16(u1.size, GRID, t, layer.number, query).reshape(u1.shape)
        return (u1 * self.perturbation_multipliers(layer.scale) + random) >> 16

    def bias_perturbation(self, head, t, query):
        u1 = self.u(Q1, head.bias.shape, t, head.number + 1, query)
        s_w = float(head.scale[0])
        a = F32(self.size * self.s_u if self.in_weight_units else self.size * self.s_u * s_w)
        return a * u1.astype(F32)

    def gradient(self, mu, t):
        """A query's share of g; with the size in weight units, before it is divided by a row's s_w."""
        return mu / (2.0 * self.size) * self.learning_rate(t) * self.s_u / self.queries

    def update_multipliers(self, mu, t, scale):
        """c_g of every row, as a column."""
        limit = 2**24 - 2**17
        rows = []
        for s_w in scale:
            g = self.gradient(mu, t)
            if self.in_weight_units:
                g = g / float(s_w)
            scaled = g * 2.0**24
            if math.isnan(scaled):
                rows.append(0)
            elif abs(scaled) >= limit:
                rows.append(limit if scaled > 0 else -limit)
            else:
                rows.append(rne(scaled))
        return np.array(rows, I64)[:, None]

    def update(self, layer, t, differences):
        k, r = layer.codes, self.residual_bits
        total = 0  # the queries' steps Δ, or their roundings δ
        for query, mu in enumerate(differences):
            u = self.u(self.update_rounding, k.shape, t, layer.number, query)
            p = self.update_multipliers(mu, t, layer.scale) * u
            assert np.all(np.abs(p) < 2**31)
            random = self.streams.draw16(p.size, UPDATE, t, layer.number, query).reshape(p.shape)
            if self.rounding == "stochastic":
                total = total + (((p >> 8) + random) >> 16)
            elif self.rounding == "nearest":
                total = total + np.rint(p / 2.0**24).astype(I64)  # exact in binary64
            elif r == 8:
                total = total + ((p + random) >> 16)
            else:
                total = total + ((p + (random >> 8)) >> 8)
        if not r:
            layer.codes = clamp(k - total, layer.m)
            return
        v = k * 2**r + layer.residual - total
        layer.codes = clamp((v + 2 ** (r - 1)) >> r, layer.m)
        layer.residual = np.clip(v - layer.codes * 2**r, -(2 ** (r - 1)), 2 ** (r - 1) - 1)

    def bias_step(self, head, t, query, mu):
        u = self.u(self.update_rounding, head.bias.shape, t, head.number + 1, query)
        g = self.gradient(mu, t)
        a = F32(g if self.in_weight_units else g * float(head.scale[0]))
        return F32(0) if np.isnan(a) else a * u.astype(F32)


def sign(x):
    return (x > 0) - (x < 0)


class ZOQO(Step):
    def whole_steps(self, length, scale):
        """m or a of every row, as a column: at least one grid step, at most 32767."""
        rows = [length / float(s_w) if self.in_weight_units else length for s_w in scale]
        return np.array([min(max(math.floor(x), 1), 32767) if x < 32768.0 else 32767 for x in rows], I64)[:, None]

    def noise(self, shape, m, t, tensor, query):
        w = self.streams.draw32(math.prod(shape), U, t, tensor, query).reshape(shape)
        return grid(w, m)

    def perturbation(self, layer, t, query):
        m = self.whole_steps(self.size, layer.scale)
        return self.noise(layer.codes.shape, m, t, layer.number, query)

    def bias_noise(self, head, t, query):
        m = self.whole_steps(self.size, head.scale)[:, 0]
        return self.noise(head.bias.shape, m, t, head.number + 1, query)

    def bias_perturbation(self, head, t, query):
        return head.scale * self.bias_noise(head, t, query).astype(F32)

    def update(self, layer, t, differences):
        a = self.whole_steps(self.learning_rate(t), layer.scale)
        moves = (a * sign(mu) * np.sign(self.perturbation(layer, t, q)) for q, mu in enumerate(differences))
        layer.codes = clamp(layer.codes - sum(moves), layer.m)

    def bias_step(self, head, t, query, mu):
        a = self.whole_steps(self.learning_rate(t), head.scale)[:, 0]
        return head.scale * (a * sign(mu) * np.sign(self.bias_noise(head, t, query))).astype(F32)


def shuffled(streams, count, purpose, step):
    """Fisher–Yates from the last place down."""
    w = streams.draw32(count, purpose, step)
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = (int(w[i]) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return order


def batch_places(streams, count, size, t, orders):
    """The examples of step t; orders keeps the epochs drawn so far."""
    chosen = []
    for place in range(t * size, (t + 1) * size):
        epoch = place // count
        if epoch not in orders:
            orders[epoch] = shuffled(streams, count, ORDER, epoch)
        chosen.append(orders[epoch][place % count])
    return chosen


# --- Data and command line -----------------------------------------------------------------------------------------------


def read_examples(path, folder):
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as file:
        vocabulary = {line.rstrip("\n"): number for number, line in enumerate(file)}
    examples = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            label, text = line.rstrip("\n").split("\t")
            words = re.findall(r"\w+|[^\w\s]", text.lower())
            unknown = [word for word in words if word not in vocabulary]
            assert not unknown, f"{path}: not in the vocabulary: {unknown}"
            ids = [vocabulary[word] for word in ["[CLS]", *words, "[SEP]"]]
            examples.append((label, ids))
    return examples


def sha256(network, residual_bits):
    digest = hashlib.sha256()
    for layer in network.matrices:
        digest.update(layer.codes.astype(np.int8).tobytes())
        if layer.residual is not None:
            digest.update(layer.residual.astype("<i1" if residual_bits == 8 else "<i2").tobytes())
        if layer.bias is not None:
            digest.update(layer.bias.astype("<f4").tobytes())
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("data")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bits", type=int, default=8, choices=(2, 4, 8))
    parser.add_argument("--size", default="1.0")
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--schedule", default="linear", choices=("linear", "constant"))
    parser.add_argument("--total-steps", type=int, default=100)
    parser.add_argument("--rounding", default="stochastic")
    parser.add_argument("--new-head", action="store_true")
    parser.add_argument("--trainable", default="all")
    parser.add_argument("--validation-fraction", type=float)
    for operands in ("weights", "activations", "attention", "head"):
        parser.add_argument("--" + operands, default="int8", choices=sorted(LARGEST))
    parser.add_argument("--estimator", default="q-rge2", choices=("q-rge1", "q-rge2"))
    parser.add_argument("--queries", type=int, default=1)
    parser.add_argument("--method", default="quzo", choices=("quzo", "zoqo"))
    options = parser.parse_args()

    check_philox()
    examples = read_examples(options.data, options.network)
    classes = sorted({label for label, _ in examples})
    formats = {name: LARGEST[getattr(options, name)] for name in ("weights", "activations", "attention", "head")}
    adapters = adapter_options(options.trainable)
    if adapters and adapters["base"]:
        formats["weights"] = LARGEST[adapters["base"]]
    network = Network(options.network, formats, len(classes) if options.new_head else None)
    if adapters:
        network.add_adapters(adapters, LARGEST[adapters["format"] or options.activations], Streams(options.seed))
    if not options.new_head:
        classes = [network.labels[str(i)] for i in range(len(network.labels))]
    number = {label: i for i, label in enumerate(classes)}

    step = (ZOQO if options.method == "zoqo" else QuZO)(network, options)
    if options.validation_fraction is not None:
        order = shuffled(step.streams, len(examples), SPLIT, 0)
        examples = [examples[i] for i in order[math.floor(options.validation_fraction * len(examples) + 0.5) :]]
    orders = {}
    for t in range(options.steps):
        batch = [examples[i] for i in batch_places(step.streams, len(examples), options.batch, t, orders)]
        valid = np.array([len(ids) for _, ids in batch])
        assert valid.max() <= network.positions_limit, "an example is longer than the network's positions"
        tokens = np.zeros((len(batch), valid.max()), I64)
        for row, (_, ids) in zip(tokens, batch):
            row[: len(ids)] = ids
        labels = np.array([number[label] for label, _ in batch])
        loss_plus, loss_minus, slope = step.run(t, tokens, valid, labels)
        singles = [struct.pack(">f", x).hex() for x in (loss_plus, loss_minus)]
        print(f"step {t} L+ {singles[0]} L- {singles[1]} slope {struct.pack('>d', slope).hex()}")
    print("sha256", sha256(network, step.residual_bits))


if __name__ == "__main__":
    main()
