#!/usr/bin/env python3
"""An independent implementation of QuZO on weights in floating point, FP8 among them, in Python and NumPy.

Like step.py and training.py, whose functions it uses, it was written from docs/semantics.md alone (sections 2, 6, 7, 8.4 and 13). Section
numbers in comments are that page's. It lies beside step.py.

    quzo_float.py NETWORK_DIR TRAIN_TSV --steps 3 --batch 8 --seed 7 --bits 8 --size epsilon:0.01 --rate 1e-3 --schedule linear|constant
            --total-steps 100 --rounding stochastic|nearest --estimator q-rge1|q-rge2 --queries 1 [--new-head] [--trainable all|head|last:N]
            --weights|--activations|--attention|--head e4m3|e5m2|bf16|fp32|int8 --embedding fp32|bf16
            --accumulator fp32-sequential|aligned:G,F,fp32|aligned:G,F,e8m13

Output, a line a step:   step T L+ <binary32 bits> L- <binary32 bits> slope <binary64 bits> perturbed N clamped N moved N limited N
then a line   sha256 <hex>   over every linear layer in number order: codes (a byte each) or numbers (float32), and bias (float32).
"""

import argparse
import hashlib
import math
import os
import struct
import sys

import numpy as np

import step
import training
from step import F32, I64

F64 = np.float64

# --- 2, 6. Formats -------------------------------------------------------------------------------------------------------


class Float:
    """A floating-point format of at most 16 bits: M fraction bits, exponents of normal numbers from `least`, the largest finite number."""

    def __init__(self, fraction, least, largest, scaled):
        self.fraction, self.least, self.largest, self.scaled = fraction, least, F32(largest), scaled

    def exponent(self, x):
        """That of a number's field; subnormal numbers have the smallest normal one's."""
        _, e = np.frexp(np.abs(x).astype(F64))
        return np.maximum(e.astype(I64) - 1, self.least)

    def rounded(self, x, random=None):
        """To nearest even, or by stochastic-a with 16 random bits; `saturate`."""
        m = np.abs(x).astype(F64)
        unit = np.ldexp(1.0, self.exponent(np.where(m == 0, 1, m)) - self.fraction)
        k = np.floor(m / unit)
        v = m / unit - k
        if random is None:
            up = (v > 0.5) | ((v == 0.5) & (k % 2 == 1))
        else:
            up = np.floor(v * 65536) + random >= 65536
        result = np.minimum((k + up) * unit, self.largest).astype(F32)
        return np.copysign(result, x)

    def codes(self, x):
        """One-byte codes of numbers of the format."""
        m = np.abs(x).astype(F64)
        e = self.exponent(np.where(m == 0, 2.0**self.least, m))
        digits = (m / np.ldexp(1.0, e - self.fraction)).astype(I64)  # 2^fraction and more for normal numbers
        code = digits + (e - self.least << self.fraction)
        return (code | np.where(np.signbit(x), 128, 0)).astype(np.uint8)


FORMATS = {
    "e4m3": Float(3, -6, 448, True),
    "e5m2": Float(2, -14, 57344, True),
    "bf16": Float(7, -126, float.fromhex("0x1.fep127"), False),
    "fp32": None,
}


def is_scaled(form):
    return form in step.LARGEST or (FORMATS[form] is not None and FORMATS[form].scaled)


def to(form, x):
    """FP32 results rounded to the format in which they wait."""
    return training.rounded(x, form)


def quantize_rows(x, form):
    """7.2: numbers of the format's codes, and scales."""
    if form in step.LARGEST:
        return step.quantize_rows(x, step.LARGEST[form])
    top = FORMATS[form].largest
    a = np.max(np.abs(x), axis=-1)
    scale, r = a / top, top / a
    numbers = FORMATS[form].rounded(np.where(np.isfinite(x * r[..., None]), x * r[..., None], F32(0)))
    bad = ~np.isfinite(x).all(axis=-1)
    small = ~bad & (a < F32(2.0**-100))
    numbers = np.where((bad | small)[..., None], F32(0), numbers).astype(F32)
    return numbers, np.where(small, F32(1), np.where(bad, F32(np.nan), scale)).astype(F32)


class Operand:
    """Numbers at scale 1, rows along k, with their scales where the format has them."""

    def __init__(self, form, numbers, scale=None):
        self.form, self.numbers, self.scale = form, numbers, scale


def operand(x, form):
    return Operand(form, *quantize_rows(x, form)) if is_scaled(form) else Operand(form, to(form, x))


# --- 8.4 Products --------------------------------------------------------------------------------------------------------


def toward_zero(x, bits):
    """binary64 to FP32's exponents with so many fraction bits, toward zero."""
    near = x.astype(F32)
    far = np.abs(near.astype(F64)) > np.abs(x)
    cut = np.where(far, np.nextafter(near, F32(0)), near).astype(F32)
    mask = np.uint32(0xFFFFFFFF << (23 - bits) & 0xFFFFFFFF)
    return (cut.view(np.uint32) & mask).view(F32)


def aligned(a, b, group, fraction, bits):
    """Sums of products of [..., i, k] and [..., n, k]; groups behind the end of k are filled with zeros."""
    lead = np.broadcast_shapes(a.numbers.shape[:-2], b.numbers.shape[:-2])
    acc = np.zeros(lead + (a.numbers.shape[-2], b.numbers.shape[-2]), F32)
    single = Float(23, -126, 0, False)
    for start in range(0, a.numbers.shape[-1], group):
        x = a.numbers[..., :, None, start : start + group]
        y = b.numbers[..., None, :, start : start + group]
        terms = x.astype(F64) * y.astype(F64)
        exponents = FORMATS[a.form].exponent(np.where(x == 0, 1, x)) + FORMATS[b.form].exponent(np.where(y == 0, 1, y))
        exponents = np.where(terms == 0, -(2**20), exponents)
        own = np.where(acc == 0, -(2**20), single.exponent(np.where(acc == 0, 1, acc)))
        top = np.maximum(own, exponents.max(axis=-1))
        unit = np.ldexp(1.0, np.where(top < -(2**19), 0, top) - fraction)
        total = np.trunc(acc.astype(F64) / unit) + np.trunc(terms / unit[..., None]).sum(axis=-1)
        assert np.abs(total).max() < 2**52
        acc = toward_zero(total * unit, bits) + F32(0)  # a sum of zeros is +0
    return acc


def multiply(a, b, accumulator, bias=None):
    if a.form in step.LARGEST and b.form in step.LARGEST:
        return step.integer_product(a.numbers, a.scale, b.numbers, b.scale, bias)
    if "fp32" in (a.form, b.form):
        y = training.product(a.numbers, b.numbers, "fp32")
    elif accumulator == "fp32-sequential":
        y = training.product(a.numbers, b.numbers, "bf16")
    else:
        group, fraction, out = accumulator.removeprefix("aligned:").split(",")
        y = aligned(a, b, int(group), int(fraction), 13 if out == "e8m13" else 23)
    if b.scale is not None:
        y = y * b.scale[..., None, :]
    if a.scale is not None:
        y = y * a.scale[..., :, None]
    return y if bias is None else y + bias


# --- 9. The encoder ------------------------------------------------------------------------------------------------------


class Layer:
    """A linear layer: numbers at scale 1, and scales a row (ones where the format has none)."""

    def __init__(self, number, form, numbers, scale, bias):
        self.number, self.form, self.numbers, self.scale, self.bias = number, form, numbers, scale, bias
        self.trained = False

    def operand(self, numbers):
        return Operand(self.form, numbers, self.scale if is_scaled(self.form) else None)


class Encoder(step.Network):
    def __init__(self, folder, options, new_head_classes):
        super().__init__(folder, {name: 127 for name in ("weights", "activations", "attention", "head")}, new_head_classes)
        self.options = options
        self.values = "fp32" if is_scaled(options.activations) else options.activations
        tensors = step.read_safetensors(os.path.join(folder, "model.safetensors"))
        prefixes = [
            f"encoder.layer.{layer}.{name}"
            for layer in range(self.layers)
            for name in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "intermediate.dense",
                "output.dense",
            )
        ] + ["classifier"]
        layers = []
        for old, prefix in zip(self.linear, prefixes):
            form = options.head if prefix == "classifier" else options.weights
            if prefix == "classifier" and self.new_head:
                scale = np.full(len(old.scale), F32(0.5) / FORMATS[form].largest if is_scaled(form) else F32(1), F32)
                layers.append(Layer(old.number, form, np.zeros(old.codes.shape, F32), scale, old.bias))
                continue
            weight = tensors[prefix + ".weight"]
            if is_scaled(form):
                numbers, scale = quantize_rows(weight, form)
            else:
                numbers, scale = to(form, weight), np.ones(len(weight), F32)
            layers.append(Layer(old.number, form, numbers, scale, old.bias))
        self.linear = layers
        self.words, self.positions, self.types = (to(options.embedding, t) for t in (self.words, self.positions, self.types))

    def logits(self, tokens, valid, weights, head_bias):
        """weights holds each layer's operand of this pass, by number."""
        options = self.options
        examples, places = tokens.shape
        heads, depth = self.heads, self.channels // self.heads
        factor = F32(1) / np.sqrt(F32(depth))
        written = self.values if is_scaled(options.attention) else options.attention

        def store(x):
            return to(self.values, x)

        def linear(number, x, form):
            return to(form, multiply(x, weights[number], options.accumulator, self.linear[number].bias))

        def split(x):
            return x.reshape(examples, places, heads, depth).swapaxes(1, 2)

        x = (self.words[tokens] + self.positions[:places]) + self.types[0]
        x = store(step.layer_norm(x, *self.embedding_norm, self.epsilon))
        inside = (np.arange(places) < valid[:, None])[:, None, :, None]
        for layer in range(self.layers):
            first = 6 * layer
            attention_norm, output_norm = self.norms[layer]
            a = operand(x, options.activations)
            query, key, value = (split(linear(first + i, a, written)) for i in range(3))
            if is_scaled(options.attention):
                value = np.where(inside, value, F32(0))
            columns = operand(training.transposed(value), options.attention)
            scores = store(multiply(operand(query, options.attention), operand(key, options.attention), options.accumulator))
            p = operand(store(step.softmax(scores, valid[:, None, None], factor)), options.attention)
            context = store(multiply(p, columns, options.accumulator)).swapaxes(1, 2)
            context = context.reshape(examples, places, self.channels)
            y = linear(first + 3, operand(context, options.activations), self.values)
            x = store(step.layer_norm(x + y, *attention_norm, self.epsilon))
            y = store(step.gelu(linear(first + 4, operand(x, options.activations), self.values)))
            y = linear(first + 5, operand(y, options.activations), self.values)
            x = store(step.layer_norm(x + y, *output_norm, self.epsilon))
        pooled = operand(store(step.mean_pool(x, valid)), options.head)
        return multiply(pooled, weights[6 * self.layers], options.accumulator, head_bias)


# --- 13. QuZO in floating point ------------------------------------------------------------------------------------------


class QuZO:
    def __init__(self, network, options):
        self.network, self.options, self.queries = network, options, options.queries
        self.streams = step.Streams(options.seed)
        self.bits, self.s_u = options.bits, step.s_u_of(options.bits)
        self.epsilon = float(options.size.removeprefix("epsilon:"))
        self.second = {"q-rge1": step.Q1, "q-rge2": step.Q2}[options.estimator]
        head = 6 * network.layers
        first = {"all": 0, "head": head}.get(options.trainable)
        if first is None:
            first = 6 * (network.layers - int(options.trainable.removeprefix("last:")))
        for layer in network.linear:
            layer.trained = layer.number >= first

    def u(self, purpose, shape, t, tensor, query):
        count = math.prod(shape)
        u = step.irwin_hall_4(self.streams, count, t, tensor, query)
        random = self.streams.draw16(count, purpose, t, tensor, query)
        return step.perturbation_code(u, self.bits, random).reshape(shape).astype(F32)

    def cast(self, layer, x, purpose, t, query):
        """R, with how many were beyond the largest number."""
        form = FORMATS[layer.form]
        if form is None:
            return x, 0
        random = None
        if purpose is not None:
            random = self.streams.draw16(x.size, purpose, t, layer.number, query).reshape(x.shape)
        return form.rounded(x, random), int((np.abs(x) > form.largest).sum())

    def perturbed(self, layer, t, query):
        a = np.array([self.epsilon / float(s) * self.s_u for s in layer.scale], F64).astype(F32)[:, None]
        move = a * self.u(step.Q1, layer.numbers.shape, t, layer.number, query)
        return [self.cast(layer, x, step.GRID, t, query) for x in (layer.numbers + move, layer.numbers - move)]

    def share(self, mu, rate):
        return mu / (2.0 * self.epsilon) * rate * self.s_u / self.queries

    def update(self, layer, t, differences, rate):
        w = layer.numbers
        for query, mu in enumerate(differences):
            with np.errstate(over="ignore"):
                a = np.array([self.share(mu, rate) / float(s) for s in layer.scale], F64).astype(F32)[:, None]
            move = a * self.u(self.second, w.shape, t, layer.number, query)
            w = np.where(np.isnan(a), w, w - move)
        purpose = step.UPDATE if self.options.rounding == "stochastic" else None
        new, limited = self.cast(layer, w, purpose, t, 0)
        moved = int((new != layer.numbers).sum())
        layer.numbers = new
        return moved, limited

    def run(self, t, rate, tokens, valid, labels):
        network = self.network
        head = network.linear[-1]
        differences, losses = [], []
        perturbed = clamped = moved = limited = 0
        for query in range(self.queries):
            sides = tuple({layer.number: layer.operand(layer.numbers) for layer in network.linear} for _ in range(2))
            for layer in network.linear:
                if layer.trained:
                    results = self.perturbed(layer, t, query)
                    for side, (numbers, beyond) in zip(sides, results):
                        side[layer.number] = layer.operand(numbers)
                        clamped += beyond
                    perturbed += int((results[0][0] != results[1][0]).sum())
            biases = (head.bias, head.bias)
            if network.new_head:
                a = F32(self.epsilon * self.s_u)
                move = a * self.u(step.Q1, head.bias.shape, t, head.number + 1, query)
                biases = (head.bias + move, head.bias - move)
            plus, minus = (
                step.batch_loss(network.logits(tokens, valid, side, bias), labels) for side, bias in zip(sides, biases)
            )
            if not (np.isfinite(plus) and np.isfinite(minus)):
                sys.exit(f"step {t}: a loss is not finite")
            differences.append(float(plus - minus))
            losses.append((plus, minus))
        for layer in network.linear:
            if layer.trained:
                count, beyond = self.update(layer, t, differences, rate)
                moved += count
                limited += beyond
        if network.new_head:
            for query, mu in enumerate(differences):
                a = F32(self.share(mu, rate))
                if not np.isnan(a):
                    head.bias = head.bias - a * self.u(self.second, head.bias.shape, t, head.number + 1, query)
        plus, minus = (step.mean(side, F32) for side in zip(*losses))
        slope = step.mean(differences, float) / (2.0 * self.epsilon)
        counts = f"perturbed {perturbed} clamped {clamped} moved {moved} limited {limited}"
        return f"L+ {training.single(plus)} L- {training.single(minus)} slope {struct.pack('>d', slope).hex()} {counts}"


def sha256(network):
    digest = hashlib.sha256()
    for layer in network.linear:
        if is_scaled(layer.form) and layer.form not in step.LARGEST:
            digest.update(FORMATS[layer.form].codes(layer.numbers).tobytes())
        elif layer.form in step.LARGEST:
            digest.update(layer.numbers.astype(np.int8).tobytes())
        else:
            digest.update(layer.numbers.astype("<f4").tobytes())
        digest.update(layer.bias.astype("<f4").tobytes())
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("network")
    add("data")
    add("--steps", type=int, default=3)
    add("--batch", type=int, default=8)
    add("--seed", type=int, default=7)
    add("--bits", type=int, default=8, choices=(2, 4, 8))
    add("--size", default="epsilon:0.01")
    add("--rate", type=float, default=1e-3)
    add("--schedule", default="linear", choices=("linear", "constant"))
    add("--total-steps", type=int, default=100)
    add("--rounding", default="stochastic", choices=("stochastic", "nearest"))
    add("--estimator", default="q-rge2", choices=("q-rge1", "q-rge2"))
    add("--queries", type=int, default=1)
    add("--new-head", action="store_true")
    add("--trainable", default="all")
    for operands in ("weights", "activations", "attention", "head"):
        add("--" + operands, default="e4m3", choices=[*FORMATS, *sorted(step.LARGEST)])
    add("--embedding", default="fp32", choices=("fp32", "bf16"))
    add("--accumulator", default="fp32-sequential")
    options = parser.parse_args()
    step.check_philox()
    examples = step.read_examples(options.data, options.network)
    classes = sorted({label for label, _ in examples}, key=str.encode)
    network = Encoder(options.network, options, len(classes) if options.new_head else None)
    if not options.new_head:
        classes = [network.labels[str(i)] for i in range(len(network.labels))]
    number = {label: i for i, label in enumerate(classes)}
    quzo, orders = QuZO(network, options), {}
    for t in range(options.steps):
        places = step.batch_places(quzo.streams, len(examples), options.batch, t, orders)
        rate = options.rate * (1.0 - t / options.total_steps) if options.schedule == "linear" else options.rate
        print(f"step {t}", quzo.run(t, rate, *training.make_batch(network, examples, number, places)))
    print("sha256", sha256(network))


if __name__ == "__main__":
    main()
