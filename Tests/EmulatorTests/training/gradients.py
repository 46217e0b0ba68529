"""Gradients of the embedded network's weights by PyTorch's autograd, in float64, rounded where a first-order step rounds.

    python3 gradients.py MODEL.safetensors             writes gradients.json beside this file: norms and samples
    python3 gradients.py MODEL.safetensors FILE.json   writes every gradient to FILE.json

The graph is that of docs/semantics.md, sections 9 and 13, written with autograd functions; nothing is taken from the emulator."""

import json
import os
import struct
import sys

import numpy as np
import torch

H, A, LAYERS, EPSILON = 32, 2, 2, 1e-12
D = H // A
torch.set_default_dtype(torch.float64)


def read(path):
    raw = open(path, "rb").read()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        a, b = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        values = np.frombuffer(raw[8 + size + a : 8 + size + b], np.float32).reshape(entry["shape"])
        tensors[name] = torch.tensor(values.astype(np.float64))
    return tensors


def bf16(x):
    """To FP32, then to BF16, each to nearest even."""
    return x.to(torch.float32).to(torch.bfloat16).to(torch.float64)


def same(x):
    return x


class Gradient(torch.autograd.Function):
    """The identity; the gradient is rounded."""

    @staticmethod
    def forward(ctx, x, rounding):
        ctx.rounding = rounding
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return ctx.rounding(g), None


class Stored(torch.autograd.Function):
    """Rounded on the way up, and its gradient on the way down."""

    @staticmethod
    def forward(ctx, x, up, down):
        ctx.down = down
        return up(x)

    @staticmethod
    def backward(ctx, g):
        return ctx.down(g), None, None


class Product(torch.autograd.Function):
    """a · bᵀ; the gradients' products read both rounded, and are rounded."""

    @staticmethod
    def forward(ctx, a, b, rounding):
        ctx.save_for_backward(rounding(a), rounding(b))
        ctx.rounding = rounding
        return a @ b.transpose(-1, -2)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        left = g @ b
        right = g.transpose(-1, -2) @ a
        while right.dim() > b.dim():
            right = right.sum(0)
        return ctx.rounding(left), ctx.rounding(right), None


class Quantized(torch.autograd.Function):
    """Codes times scales along `dim`, straight through on the way down."""

    @staticmethod
    def forward(ctx, x, limit, dim):
        if limit is None:
            return x
        largest = x.abs().amax(dim, keepdim=True)
        scale = torch.where(largest < 2.0**-100, torch.ones_like(largest), largest / limit)
        return torch.clamp(torch.round(x / scale), -limit, limit) * scale

    @staticmethod
    def backward(ctx, g):
        return g, None, None


class Function(torch.autograd.Function):
    """f of the unrounded value up, f's derivative at the rounded one down, and the result rounded."""

    @staticmethod
    def forward(ctx, x, f, rounding):
        ctx.save_for_backward(rounding(x))
        ctx.f, ctx.rounding = f, rounding
        return f(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            (result,) = torch.autograd.grad(ctx.f(x), x, g)
        return ctx.rounding(result), None, None


class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, mask, up, rounding):
        p = torch.softmax((scores / D**0.5).masked_fill(mask, -torch.inf), -1)
        ctx.save_for_backward(rounding(p))
        ctx.rounding = rounding
        return up(p)

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return ctx.rounding(p * (g - (g * p).sum(-1, keepdim=True)) / D**0.5), None, None, None


def gradients(weights, case):
    """Loss, and the gradient of each trained weight, under the names of the emulator's layers."""
    down = bf16 if case["backward"] == "bf16" else same
    up = bf16 if case["forward"] == "bf16" else same
    limits = case["limits"]
    tokens, lengths, labels = (torch.tensor(case[key]) for key in ("tokens", "lengths", "labels"))
    count, sequence = tokens.shape
    w = {}
    for layer in range(LAYERS):
        for part, name in [("query", "attention.self.query"), ("key", "attention.self.key"), ("value", "attention.self.value"),
                           ("attention-output", "attention.output.dense"), ("intermediate", "intermediate.dense"), ("output", "output.dense")]:
            full = f"encoder.layer.{layer}.{name}"
            w[f"layer.{layer}.{part}"] = (weights[full + ".weight"].clone().requires_grad_(), weights[full + ".bias"])
    w["head"] = (weights["classifier.weight"].clone().requires_grad_(), weights["classifier.bias"])

    def linear(x, name, limit):
        """x is quantized by its reader once; the weight by rows."""
        weight, bias = w[name]
        operand = Quantized.apply(weight if limit is not None else up(weight.detach()) + (weight - weight.detach()), limit, -1)
        flat = x.reshape(-1, x.shape[-1])
        y = Product.apply(flat, operand, down) + bias
        return y.reshape(*x.shape[:-1], -1)

    def norm(x, prefix):
        gamma, beta = weights[prefix + ".weight"], weights[prefix + ".bias"]

        def f(x):
            return torch.nn.functional.layer_norm(x, (H,), gamma, beta, EPSILON)

        return f, x

    x = weights["embeddings.word_embeddings.weight"][tokens] + weights["embeddings.position_embeddings.weight"][:sequence]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    f, x = norm(x, "embeddings.LayerNorm")
    x = up(f(x))
    mask = (torch.arange(sequence)[None] >= lengths[:, None])[:, None, None]
    for layer in range(LAYERS):
        name = f"layer.{layer}"
        full = f"encoder.layer.{layer}"
        x = Stored.apply(x, same, down)
        operand = Quantized.apply(x, limits["activations"], -1)

        def heads(y):
            return y.reshape(count, sequence, A, D).transpose(1, 2)

        q = heads(Stored.apply(linear(operand, name + ".query", limits["weights"]), up, same))
        k = heads(Stored.apply(linear(operand, name + ".key", limits["weights"]), up, same))
        v = heads(Stored.apply(linear(operand, name + ".value", limits["weights"]), up, same))
        scores = Product.apply(Quantized.apply(q, limits["attention"], -1), Quantized.apply(k, limits["attention"], -1), down)
        p = Softmax.apply(Stored.apply(scores, up, same), mask.expand_as(scores), up, down)
        p = Quantized.apply(p, limits["attention"], -1)
        # Values have a scale a channel over the valid tokens.
        valid = ~mask.squeeze(1).squeeze(1)[:, None, :, None]
        values = Quantized.apply(v * valid, limits["attention"], -2)
        context = Product.apply(p, values.transpose(-1, -2), down)
        context = Stored.apply(context, up, same).transpose(1, 2).reshape(count, sequence, H)
        context = Quantized.apply(context, limits["activations"], -1)
        y = Stored.apply(linear(context, name + ".attention-output", limits["weights"]), up, same)
        f, total = norm(y + x, full + ".attention.output.LayerNorm")
        x = Stored.apply(Function.apply(total, f, down), up, down)
        operand = Quantized.apply(x, limits["activations"], -1)
        y = Stored.apply(linear(operand, name + ".intermediate", limits["weights"]), up, same)
        y = Function.apply(y, torch.nn.functional.gelu, down)
        y = Quantized.apply(Stored.apply(y, up, same), limits["activations"], -1)
        y = Stored.apply(linear(y, name + ".output", limits["weights"]), up, same)
        f, total = norm(y + x, full + ".output.LayerNorm")
        x = Stored.apply(Function.apply(total, f, down), up, same)
    keep = (~mask.squeeze(1).squeeze(1))[:, :, None]
    x = Gradient.apply(x, down)
    pooled = up((x * keep).sum(1) / lengths[:, None]) if up is same else Stored.apply((x * keep).sum(1) / lengths[:, None], up, same)
    pooled = Quantized.apply(pooled, limits["head"], -1)
    logits = Gradient.apply(linear(pooled, "head", limits["head"]), down)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    return loss.item(), {name: weight.grad.reshape(-1).tolist() for name, (weight, _) in w.items()}


def cases():
    none = {"weights": None, "activations": None, "attention": None, "head": None}
    eight = {"weights": 127, "activations": 127, "attention": 127, "head": 127}
    four = {"weights": 7, "activations": 127, "attention": 127, "head": 127}
    for name, recipe, forward, backward, limits in [
        ("fp32", "full:fp32,sgd,backward=fp32", "fp32", "fp32", none),
        ("bf16", "full:bf16,sgd", "bf16", "bf16", none),
        ("qat-int8-fp32", "qat:int8,sgd,backward=fp32", "fp32", "fp32", eight),
        ("qat-int8-bf16", "qat:int8,sgd", "fp32", "bf16", eight),
        ("qat-int4-bf16", "qat:int4/int8,sgd", "fp32", "bf16", four),
    ]:
        count, sequence = 6, 16
        lengths = [16, 3, 9, 16, 1, 12]
        tokens = [[(7 * i * i + 31 * j * j + 13 * i * j + 5) % 181 if j < lengths[i] else 0 for j in range(sequence)] for i in range(count)]
        yield {"name": name, "recipe": recipe, "forward": forward, "backward": backward, "limits": limits, "tokens": tokens,
               "lengths": lengths, "labels": [i % 2 for i in range(count)]}


def main():
    weights = read(sys.argv[1])
    stride = 1 if len(sys.argv) > 2 else 37
    target = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "gradients.json")
    results = []
    for case in cases():
        loss, found = gradients(weights, case)
        results.append({
            "name": case["name"], "recipe": case["recipe"], "tokens": case["tokens"], "lengths": case["lengths"], "labels": case["labels"],
            "loss": loss, "gradients": {name: {"norm": float(np.linalg.norm(g)), "stride": stride, "samples": [float(f"{v:.9e}") for v in g[::stride]]} for name, g in found.items()}})
    with open(target, "w") as file:
        json.dump({"torch": torch.__version__, "cases": results}, file)
        file.write("\n")


main()
