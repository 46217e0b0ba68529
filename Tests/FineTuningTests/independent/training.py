#!/usr/bin/env python3
"""An independent implementation of Zeroth's steps in floating point and of its first-order steps, in Python and NumPy.

Like step.py, whose functions it uses, it was written from docs/semantics.md alone (section 13 and what that refers to), without reading
the implementation in Sources/, so that a misunderstanding of that page, or a hole in it, shows as a difference in bits. Section numbers in
comments are that page's. It lies beside step.py.

    training.py NETWORK_DIR TRAIN_TSV --steps 3 --batch 16 --seed 7 --rate 1e-3 --schedule linear|constant --total-steps 100
                [--new-head] [--trainable all|head|last:N|lora:…] [--validation-fraction F] --method mezo|zo-signsgd|first-order
        mezo, zo-signsgd:    --format bf16|fp32 --size epsilon:1e-3 --queries 1
        first-order:         --scheme full|qat --optimizer sgd|momentum|adam|lion --master fp32|bf16|none --state fp32|bf16
                             --gradient bf16|fp32|int8 (default: the backward's) --momentum 0.9 --beta1 0.9 --beta2 … --adam-epsilon 1e-8
          full:              --format bf16|fp32
          qat:               --weights|--activations|--attention|--head int8|int4 --backward bf16|fp32

BF16 products are those of the accumulator fp32-sequential in the order re-entry. beta2 is 0.999, for lion 0.99. Output, a line a step:
    step T L+ <binary32 bits> L- <binary32 bits> slope <binary64 bits>       (mezo, zo-signsgd: means over the queries, as section 10 records them)
    step T loss <binary32 bits>                                              (first-order)
Then a line   sha256 <hex>   over every linear layer in number order: values (float32: masters, without masters weights as stored, frozen
layers as in the file) and bias (float32), and over the adapters' values; then the moments (float32), ascending by number, first before second,
a new head's bias's last.
"""

import argparse
import hashlib
import math
import os
import struct
import sys

import numpy as np

import step
from step import F32, I64, U64, f32, tree_sum

F64 = np.float64

# --- Formats and products ------------------------------------------------------------------------------------------------


def rounded(x, form):
    """FP32 numbers rounded to a format (6.1, nearest-even; overflow gives an infinity), as FP32 numbers."""
    x = np.asarray(x, F32)
    if form == "fp32":
        return x
    assert form == "bf16", form
    bits = x.view(np.uint32).astype(U64)
    bits = (bits + U64(0x7FFF) + (bits >> U64(16) & U64(1))) & U64(0xFFFF0000)
    return np.where(np.isnan(x), F32(np.nan), bits.astype(np.uint32).view(F32))


def fused(c, a, b):
    """fl(c + a·b), the sum exact, for FP32 c and BF16 a and b.

    In binary64 a·b is exact: 16 bits, the last at 2^−266 or above. The binary64 sum is rounded only if the terms span more than 53 bits;
    c having 24 bits, the smaller is then below 2^−27 of the larger. The larger is an FP32 number: c is one, and so is an a·b of 2^−133 or
    more, and no c but 0 is so much smaller than a lesser a·b. From it to the middle between it and the next one is at least 2^−25 of it:
    so it is the result, with one rounding as with two.
    """
    return (c.astype(F64) + a.astype(F64) * b.astype(F64)).astype(F32)


def product(a, b, form):
    """Sums over k of a[..., i, k]·b[..., n, k] from +0, k ascending, as FP32 numbers: 8's FP32 product, 8.4's BF16 one."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    acc = np.zeros(lead + (a.shape[-2], b.shape[-2]), F32)
    for k in range(a.shape[-1]):
        x, y = a[..., :, k, None], b[..., None, :, k]
        acc = acc + x * y if form == "fp32" else fused(acc, x, y)
    return acc


def transposed(x):
    return np.swapaxes(x, -1, -2)


# --- Vector functions of the backward ------------------------------------------------------------------------------------


def loss_backward(logits, labels):
    examples, classes = logits.shape
    p = step.softmax(logits, np.full(examples, classes), F32(1))
    y = (np.arange(classes) == labels[:, None]).astype(F32)
    return (p - y) * (F32(1) / F32(examples))


def pool_backward(dy, valid, places):
    inside = np.arange(places) < valid[:, None]
    shares = dy / valid.astype(F32)[:, None]
    return np.where(inside[..., None], shares[:, None, :], F32(0))


def norm_backward(dy, x, gamma, epsilon):
    n = F32(x.shape[-1])
    d = x - (tree_sum(x) / n)[..., None]
    q = tree_sum(d * d) / n
    r = (F32(1) / np.sqrt(q + epsilon))[..., None]
    g = dy * gamma
    hat = d * r
    a = (tree_sum(g) / n)[..., None]
    b = (tree_sum(g * hat) / n)[..., None]
    return r * ((g - a) - hat * b)


def gelu_backward(dy, x):
    z = np.minimum(np.abs(x), F32(16))
    t = F32(1) / (z * f32("0x1.64p-2") + F32(1))
    e = step.exp((z * z) * F32(-0.5))
    q = (step.horner(t, step.GELU) * t) * e
    phi = np.where(x < 0, q, F32(1) - q)
    signed = np.where(x < 0, -z, z)
    return dy * (phi + signed * (e * f32("0x1.988454p-2")))


def softmax_backward(g, p, c):
    s = tree_sum(g * p)
    return (c * p) * (g - s[..., None])


# --- The encoder ---------------------------------------------------------------------------------------------------------


class Operand:
    """What a product reads, rows along k: numbers, and with `qat` the codes and scales that they stand for."""

    def __init__(self, numbers, codes=None, scale=None):
        self.numbers, self.codes, self.scale = numbers, codes, scale

    def read(self, form):
        """The numbers, of codes fl(code·s), rounded to a format."""
        numbers = self.numbers if self.codes is None else self.codes.astype(F32) * self.scale[..., None]
        return rounded(numbers, form)


class Layer:
    """A linear layer: values are the masters, or the weights where there are none."""

    def __init__(self, number, values, bias):
        self.number, self.values, self.bias = number, values, bias
        self.trained = False
        self.moments = []


class Encoder(step.Network):
    """step.Network's reading of files, with floating-point weights, a forward pass that keeps a tape, and a backward."""

    def __init__(self, folder, options, new_head_classes):
        self.scheme = options.scheme
        formats = {name: step.LARGEST[getattr(options, name)] for name in ("weights", "activations", "attention", "head")}
        super().__init__(folder, formats, new_head_classes)
        self.form = options.format if self.scheme == "full" else "fp32"  # of results
        self.back = options.backward  # of the backward's gradients, operands and kept copies
        tensors = step.read_safetensors(os.path.join(folder, "model.safetensors"))
        names = [
            f"encoder.layer.{layer}.{name}.weight"
            for layer in range(self.layers)
            for name in (
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "intermediate.dense",
                "output.dense",
            )
        ] + ["classifier.weight"]
        for i, name in enumerate(names):
            quantized = self.linear[i]
            new = self.new_head and name == "classifier.weight"
            values = np.zeros(quantized.codes.shape, F32) if new else tensors[name]
            self.linear[i] = Layer(i, values, quantized.bias)
        head = 6 * self.layers
        adapters = step.adapter_options(options.trainable)
        if options.trainable == "all":
            first = 0
        elif options.trainable == "head" or adapters:
            first = head
        else:
            first = 6 * (self.layers - int(options.trainable.removeprefix("last:")))
        for layer in self.linear:
            layer.trained = layer.number >= first
        self.factor = F32(1) / np.sqrt(F32(self.channels // self.heads))
        self.base = None
        if adapters:
            self.place_adapters(adapters, step.Streams(options.seed))

    def place_adapters(self, options, streams):
        form = options["format"]
        # Codes beside codes, or the format of A and B in floating point.
        self.adapter_codes = self.scheme == "qat" and form in (None, "int8", "int4")
        self.adapter_limit = step.LARGEST.get(form, self.formats["activations"])
        self.adapter_form = form if form in ("bf16", "fp32") else self.form
        self.adapter_factor = F32(options["alpha"] / options["rank"])
        self.base = options["base"]
        for number in step.adapted_layers(options, self.layers):
            rows, columns = self.linear[number].values.shape
            draws = 6 * self.layers + 2 + 2 * number
            a = Layer(draws, step.adapter_start(streams, options["rank"], columns, draws), None)
            b = Layer(draws + 1, np.zeros((rows, options["rank"]), F32), None)
            a.trained = b.trained = True
            self.adapters[number] = a, b

    @property
    def matrices(self):
        return self.linear + [matrix for pair in self.adapters.values() for matrix in pair]

    def weight_form(self, layer):
        return self.adapter_form if layer.number > 6 * self.layers else self.form

    # Operands, products and what is stored.

    def operand(self, x, m):
        if self.scheme == "full":
            return Operand(x)
        codes, scale = step.quantize_rows(x, m)
        return Operand(rounded(codes.astype(F32) * scale[..., None], self.back), codes, scale)

    def weight_operands(self):
        """What the array reads of every linear layer in a step."""
        head = 6 * self.layers
        result = {}
        for layer in self.linear:
            m = self.formats["head" if layer.number == head else "weights"]
            if self.base in step.LARGEST and layer.number < head:
                codes, scale = step.quantize_rows(layer.values, step.LARGEST[self.base])
                values = Operand(rounded(codes.astype(F32) * scale[:, None], self.back), codes, scale)
                result[layer.number] = values if self.scheme == "qat" else Operand(values.read(self.form))
                continue
            values = rounded(layer.values, self.form)  # `qat`: the codes are made of the masters
            result[layer.number] = self.operand(values, m)
        for layer in (matrix for pair in self.adapters.values() for matrix in pair):
            if self.adapter_codes:
                result[layer.number] = self.operand(layer.values, self.adapter_limit)
            else:
                result[layer.number] = Operand(rounded(layer.values, self.adapter_form))
        return result

    def adapter_product(self, a, w):
        if self.adapter_codes:
            return step.integer_product(a.codes, a.scale, w.codes, w.scale)
        if "fp32" in (self.adapter_form, self.form if self.scheme == "full" else "bf16"):
            return product(a.read("fp32"), w.numbers, "fp32")
        return product(a.read("bf16"), w.numbers, "bf16")

    def adapted(self, number, a, y, weights, kept):
        """A layer's stored result with what its adapter adds, before that is rounded."""
        down, up = (weights[matrix.number] for matrix in self.adapters[number])
        h = rounded(self.adapter_product(a, down) * self.adapter_factor, self.form)
        if self.adapter_codes:
            h = self.operand(h, self.formats["activations"])
        else:
            h = Operand(rounded(h, self.adapter_form))
        kept["adapter", number] = h
        return y + rounded(self.adapter_product(h, up), self.form)

    def multiply(self, a, w, bias=None):
        if self.scheme == "qat":
            return step.integer_product(a.codes, a.scale, w.codes, w.scale, bias)
        y = product(a.numbers, w.numbers, self.form)
        return y if bias is None else y + bias

    def split(self, x):  # [example, head, token, depth]
        examples, places, _ = x.shape
        return x.reshape(examples, places, self.heads, self.channels // self.heads).swapaxes(1, 2)

    def merge(self, x):
        x = x.swapaxes(1, 2)
        return x.reshape(x.shape[:2] + (self.channels,))

    def forward(self, tokens, valid, weights, head_bias):
        """The logits, and a list of what the backward reads, a dictionary for each layer and one for the head."""
        places = tokens.shape[1]
        meeting, attention = self.formats["activations"], self.formats["attention"]

        def store(x):
            return rounded(x, self.form)

        def keep(x):
            return rounded(x, self.form if self.scheme == "full" else self.back)

        def linear(number, a):
            y = self.multiply(a, weights[number], self.linear[number].bias)
            if number in self.adapters:
                y = self.adapted(number, a, store(y), weights, kept)
            return y

        tape = []
        x = (self.words[tokens] + self.positions[:places]) + self.types[0]
        x = store(step.layer_norm(x, *self.embedding_norm, self.epsilon))
        inside = (np.arange(places) < valid[:, None])[:, None, :, None]
        for layer in range(self.layers):
            first = 6 * layer
            attention_norm, output_norm = self.norms[layer]
            kept = {}
            a = kept["input"] = self.operand(x, meeting)
            query, key, value = (self.split(store(linear(first + i, a))) for i in range(3))
            query = kept["query"] = self.operand(query, attention)
            key = kept["key"] = self.operand(key, attention)
            if self.scheme == "qat":  # rows past the valid length take no part in a column's scale, and have code 0
                value = np.where(inside, value, F32(0))
            columns = kept["columns"] = self.operand(transposed(value), attention)
            scores = store(self.multiply(query, key))
            p = step.softmax(scores, valid[:, None, None], self.factor)
            kept["p"] = keep(p)
            p = kept["probabilities"] = self.operand(store(p), attention)
            context = store(self.multiply(p, columns))
            context = kept["context"] = self.operand(self.merge(context), meeting)
            y = x + store(linear(first + 3, context))
            kept["attention norm"] = keep(y)
            x = store(step.layer_norm(y, *attention_norm, self.epsilon))
            a = kept["middle"] = self.operand(x, meeting)
            y = store(linear(first + 4, a))
            kept["gelu"] = keep(y)
            y = kept["inner"] = self.operand(store(step.gelu(y)), meeting)
            y = x + store(linear(first + 5, y))
            kept["output norm"] = keep(y)
            x = store(step.layer_norm(y, *output_norm, self.epsilon))
            tape.append(kept)
        pooled = self.operand(store(step.mean_pool(x, valid)), self.formats["head"])
        tape.append({"input": pooled})
        return self.multiply(pooled, weights[6 * self.layers], head_bias), tape

    def backward(self, logits, labels, valid, places, weights, tape):
        """FP32 sums: the gradient of each trained weight by number, and that of the head's bias."""
        gradients = {}
        lowest = min([layer.number for layer in self.linear if layer.trained] + list(self.adapters))
        passed = {}  # gradients of the adapters' A·x, by number of the layer

        def write(x):
            return rounded(x, self.back)

        def gradient(dy, x):
            rows, columns = dy.reshape(-1, dy.shape[-1]), x.read(self.back)
            return product(rows.T, columns.reshape(-1, columns.shape[-1]).T, self.back)

        def through(dy, number):
            return product(dy, weights[number].read(self.back).T, self.back)

        def weight(number, dy, x, kept=None):
            if self.linear[number].trained:
                gradients[number] = gradient(dy, x)
            if number in self.adapters:
                a, b = self.adapters[number]
                dh = passed[number] = write(through(dy, b.number) * self.adapter_factor)
                gradients[b.number] = gradient(dy, kept["adapter", number])
                gradients[a.number] = gradient(dh, x)

        def terms(number, dy):
            result = [write(through(dy, number))]
            if number in self.adapters:
                result.append(write(through(passed[number], self.adapters[number][0].number)))
            return result

        def joined(terms):
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            return write(total)

        def below(number, dy):
            return joined(terms(number, dy))

        head = 6 * self.layers
        dz = write(loss_backward(logits, labels))
        bias = np.zeros(dz.shape[-1], F32)
        for row in dz:
            bias = bias + row
        weight(head, dz, tape[-1]["input"])
        if lowest == head:
            return gradients, bias
        dx = write(pool_backward(below(head, dz), valid, places))
        for layer in reversed(range(lowest // 6, self.layers)):
            kept, first = tape[layer], 6 * layer
            attention_norm, output_norm = self.norms[layer]
            dx = write(norm_backward(dx, kept["output norm"], output_norm[0], self.epsilon))
            weight(first + 5, dx, kept["inner"], kept)
            dy = write(gelu_backward(below(first + 5, dx), kept["gelu"]))
            weight(first + 4, dy, kept["middle"], kept)
            dx = joined([dx] + terms(first + 4, dy))
            dx = write(norm_backward(dx, kept["attention norm"], attention_norm[0], self.epsilon))
            weight(first + 3, dx, kept["context"], kept)
            dc = self.split(below(first + 3, dx))
            dp = write(product(dc, transposed(kept["columns"].numbers), self.back))
            dv = write(product(transposed(kept["probabilities"].numbers), transposed(dc), self.back))
            ds = write(softmax_backward(dp, kept["p"], self.factor))
            dq = write(product(ds, transposed(kept["key"].numbers), self.back))
            dk = write(product(transposed(ds), transposed(kept["query"].numbers), self.back))
            total = [dx]
            for i, d in enumerate((dq, dk, dv)):
                d = self.merge(d)
                weight(first + i, d, kept["input"], kept)
                if first > lowest:
                    total += terms(first + i, d)
            dx = joined(total)
        return gradients, bias


# --- First-order steps ---------------------------------------------------------------------------------------------------


class Optimizer:
    def __init__(self, options):
        self.kind = options.optimizer
        self.momentum, self.beta1, self.epsilon = options.momentum, options.beta1, options.adam_epsilon
        self.beta2 = options.beta2 if options.beta2 is not None else 0.99 if self.kind == "lion" else 0.999
        self.power1 = self.power2 = 1.0

    @property
    def moments(self):
        return {"sgd": 0, "momentum": 1, "lion": 1, "adam": 2}[self.kind]

    def begin_step(self, rate):
        """The scalars of a step, in binary64."""
        self.power1 *= self.beta1
        self.power2 *= self.beta2
        self.rate = F32(rate)
        c = math.sqrt(1.0 - self.power2)
        self.a = F32(rate * c / (1.0 - self.power1))
        self.adam_epsilon = F32(self.epsilon * c)

    def move(self, w, g, moments):
        """The unrounded new values and moments."""
        beta1, rest1 = F32(self.beta1), F32(1.0 - self.beta1)
        beta2, rest2 = F32(self.beta2), F32(1.0 - self.beta2)
        if self.kind == "sgd":
            return w - self.rate * g, []
        if self.kind == "momentum":
            m = F32(self.momentum) * moments[0] + g
            return w - self.rate * m, [m]
        if self.kind == "adam":
            m = beta1 * moments[0] + rest1 * g
            v = beta2 * moments[1] + (rest2 * g) * g
            return w - (self.a * m) / (np.sqrt(v) + self.adam_epsilon), [m, v]
        c = beta1 * moments[0] + rest1 * g
        m = beta2 * moments[0] + rest2 * g
        return w - self.rate * np.where(np.isnan(c), F32(0), np.sign(c)), [m]


class FirstOrder:
    def __init__(self, network, options):
        self.network, self.optimizer = network, Optimizer(options)
        self.master, self.state, self.gradient = options.master, options.state, options.gradient
        for layer in network.matrices:
            if layer.trained:
                layer.values = rounded(layer.values, self.form_of(layer))
                layer.moments = [np.zeros_like(layer.values) for _ in range(self.optimizer.moments)]
        self.bias_moments = [np.zeros_like(network.linear[-1].bias) for _ in range(self.optimizer.moments)]

    def form_of(self, layer):
        """In which format memory holds what the optimizer moves: without masters, the weights'."""
        return self.master or self.network.weight_form(layer)

    def read_gradient(self, g):
        if self.gradient != "int8":
            return rounded(g, self.gradient)
        codes, scale = step.quantize_rows(rounded(g, self.network.back), 127)  # a scale a row
        return codes.astype(F32) * scale[..., None]

    def move(self, w, g, moments, form):
        w, moments = self.optimizer.move(w, g, moments)
        return rounded(w, form), [rounded(m, self.state) for m in moments]

    def run(self, t, rate, tokens, valid, labels):
        network = self.network
        head = network.linear[-1]
        weights = network.weight_operands()
        logits, tape = network.forward(tokens, valid, weights, head.bias)
        loss = step.batch_loss(logits, labels)
        if not np.isfinite(loss):
            sys.exit(f"step {t}: the loss is not finite")
        gradients, bias = network.backward(logits, labels, valid, tokens.shape[1], weights, tape)
        self.optimizer.begin_step(rate)
        for layer in network.matrices:
            if layer.trained:
                layer.values, layer.moments = self.move(
                    layer.values, self.read_gradient(gradients[layer.number]), layer.moments, self.form_of(layer))
        if network.new_head:
            head.bias, self.bias_moments = self.move(
                head.bias, rounded(bias, network.back), self.bias_moments, "fp32")
        return f"loss {single(loss)}"


# --- Zeroth-order steps --------------------------------------------------------------------------------------------------


class ZerothOrder:
    def __init__(self, network, options):
        self.network, self.queries, self.signs = network, options.queries, options.method == "zo-signsgd"
        self.streams = step.Streams(options.seed)
        assert 1 <= self.queries <= 64
        assert options.size.startswith("epsilon:"), "the size is epsilon:E, in weight units"
        self.epsilon = float(options.size.removeprefix("epsilon:"))
        for layer in network.matrices:
            if layer.trained:
                layer.values = rounded(layer.values, network.weight_form(layer))
        self.bias_moments = []

    def t(self, shape, t, tensor, query):
        return step.irwin_hall_4(self.streams, math.prod(shape), t, tensor, query).reshape(shape).astype(F32)

    def moved(self, w, t, tensor, query):
        """w± before they are rounded to the weights' format."""
        difference = F32(self.epsilon / math.sqrt(21845.0)) * self.t(w.shape, t, tensor, query)
        return w + difference, w - difference

    def updated(self, w, t, tensor, differences, rate):
        for query, mu in enumerate(differences):
            u = self.t(w.shape, t, tensor, query)
            if self.signs:
                a = F32(rate / self.queries) * F32(step.sign(mu))
                u = np.sign(u)
            else:
                a = F32(mu / (2.0 * self.epsilon) * rate / self.queries / math.sqrt(21845.0))
            if not np.isnan(a):
                w = w - a * u
        return w

    def run(self, t, rate, tokens, valid, labels):
        network = self.network
        head = network.linear[-1]
        fixed = network.weight_operands()
        differences, losses = [], []
        for query in range(self.queries):
            sides = (dict(fixed), dict(fixed))
            for layer in network.matrices:
                if layer.trained:
                    for side, w in zip(sides, self.moved(layer.values, t, layer.number, query)):
                        side[layer.number] = Operand(rounded(w, network.weight_form(layer)))
            biases = self.moved(head.bias, t, head.number + 1, query) if network.new_head else (head.bias, head.bias)
            plus, minus = (
                step.batch_loss(network.forward(tokens, valid, side, bias)[0], labels) for side, bias in zip(sides, biases)
            )
            if not (np.isfinite(plus) and np.isfinite(minus)):
                sys.exit(f"step {t}: a loss is not finite")
            differences.append(float(plus - minus))  # the difference in binary32
            losses.append((plus, minus))
        for layer in network.matrices:
            if layer.trained:
                w = self.updated(layer.values, t, layer.number, differences, rate)
                layer.values = rounded(w, network.weight_form(layer))
        if network.new_head:
            head.bias = self.updated(head.bias, t, head.number + 1, differences, rate)
        plus, minus = (step.mean(side, F32) for side in zip(*losses))
        slope = step.mean(differences, float) / (2.0 * self.epsilon)
        return f"L+ {single(plus)} L- {single(minus)} slope {struct.pack('>d', slope).hex()}"


# --- Command line --------------------------------------------------------------------------------------------------------


def single(x):
    return struct.pack(">f", x).hex()


def sha256(network, bias_moments):
    digest = hashlib.sha256()
    for layer in network.matrices:
        digest.update(layer.values.astype("<f4").tobytes())
        if layer.bias is not None:
            digest.update(layer.bias.astype("<f4").tobytes())
    for layer in network.matrices:
        for moment in layer.moments:
            digest.update(moment.astype("<f4").tobytes())
    if network.new_head:
        for moment in bias_moments:
            digest.update(moment.astype("<f4").tobytes())
    return digest.hexdigest()


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("network")
    add("data")
    add("--steps", type=int, default=3)
    add("--batch", type=int, default=16)
    add("--seed", type=int, default=7)
    add("--rate", type=float, default=1e-3)
    add("--schedule", default="linear", choices=("linear", "constant"))
    add("--total-steps", type=int, default=100)
    add("--new-head", action="store_true")
    add("--trainable", default="all")
    add("--validation-fraction", type=float)
    add("--method", default="first-order", choices=("mezo", "zo-signsgd", "first-order"))
    add("--format", default="bf16", choices=("bf16", "fp32"))
    add("--size", default="epsilon:1e-3")
    add("--queries", type=int, default=1)
    add("--scheme", default="full", choices=("full", "qat"))
    for operands in ("weights", "activations", "attention", "head"):
        add("--" + operands, default="int8", choices=sorted(step.LARGEST))
    add("--optimizer", default="sgd", choices=("sgd", "momentum", "adam", "lion"))
    add("--backward", choices=("bf16", "fp32"))
    add("--gradient", choices=("bf16", "fp32", "int8"))
    add("--master", default="fp32", choices=("fp32", "bf16", "none"))
    add("--state", default="fp32", choices=("fp32", "bf16"))
    add("--momentum", type=float, default=0.9)
    add("--beta1", type=float, default=0.9)
    add("--beta2", type=float)
    add("--adam-epsilon", type=float, default=1e-8)
    options = parser.parse_args(arguments)
    if options.method != "first-order":
        options.scheme = "full"
    if options.scheme == "full":
        assert options.backward in (None, options.format), "the backward of `full` has the format of its forward"
        options.backward = options.format
        if options.master == "none":  # the optimizer moves the weights themselves
            options.master = None
    else:
        options.backward = options.backward or "bf16"
        assert options.master != "none", "`qat` makes its codes from masters"
    options.gradient = options.gradient or options.backward
    return options


def prepare(options):
    """The network, the examples as (label, ids), and the labels' numbers."""
    examples = step.read_examples(options.data, options.network)
    classes = sorted({label for label, _ in examples}, key=str.encode)
    network = Encoder(options.network, options, len(classes) if options.new_head else None)
    if not options.new_head:
        classes = [network.labels[str(i)] for i in range(len(network.labels))]
    if options.validation_fraction is not None:
        order = step.shuffled(step.Streams(options.seed), len(examples), step.SPLIT, 0)
        examples = [examples[i] for i in order[math.floor(options.validation_fraction * len(examples) + 0.5) :]]
    return network, examples, {label: i for i, label in enumerate(classes)}


def make_batch(network, examples, number, places):
    """Tokens padded to the longest example, lengths and labels of the examples at the given places."""
    batch = [examples[i] for i in places]
    valid = np.array([len(ids) for _, ids in batch])
    assert valid.max() <= network.positions_limit, "an example is longer than the network's positions"
    tokens = np.zeros((len(batch), valid.max()), I64)
    for row, (_, ids) in zip(tokens, batch):
        row[: len(ids)] = ids
    return tokens, valid, np.array([number[label] for label, _ in batch])


def main():
    options = parse()
    step.check_philox()
    network, examples, number = prepare(options)
    trainer = (FirstOrder if options.method == "first-order" else ZerothOrder)(network, options)
    streams, orders = step.Streams(options.seed), {}
    for t in range(options.steps):
        places = step.batch_places(streams, len(examples), options.batch, t, orders)
        rate = options.rate * (1.0 - t / options.total_steps) if options.schedule == "linear" else options.rate
        print(f"step {t}", trainer.run(t, rate, *make_batch(network, examples, number, places)))
    print("sha256", sha256(network, trainer.bias_moments))


if __name__ == "__main__":
    main()
