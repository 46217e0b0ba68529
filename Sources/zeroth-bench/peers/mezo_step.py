"""FP32 MeZO steps of a BERT encoder in PyTorch, one a line on standard input: the peer of `zeroth-bench step`.

Usage: mezo_step.py NETWORK_DIR BATCH TOKENS THREADS
For each line read it runs one step (MeZO, arXiv 2305.17333, algorithm 1: perturb in place by +1, -2, +1 times a regenerated Gaussian,
two forwards, one regenerated update of the blocks' linear weights and the head) and prints wall seconds and processor seconds, by phase.
"""

import json
import struct
import sys
import time

import torch
import torch.nn.functional as F


def load(folder):
    """Reads config.json and model.safetensors (F32 tensors only)."""
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    with open(f"{folder}/model.safetensors", "rb") as file:
        blob = bytearray(file.read())
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        data = torch.frombuffer(blob, dtype=torch.float32, offset=8 + length + begin, count=(end - begin) // 4)
        tensors[name.removeprefix("bert.")] = data.reshape(entry["shape"]).clone()
    return config, tensors


def forward(tensors, config, head, tokens, mask):
    """Mean-pooled logits; the attention is PyTorch's fused one."""
    batch, length = tokens.shape
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]

    def norm(x, name):
        return F.layer_norm(x, (hidden,), tensors[name + ".weight"], tensors[name + ".bias"], epsilon)

    x = (
        tensors["embeddings.word_embeddings.weight"][tokens]
        + tensors["embeddings.position_embeddings.weight"][:length]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."

        def linear(y, name):
            return F.linear(y, tensors[prefix + name + ".weight"], tensors[prefix + name + ".bias"])

        def split(y):
            return y.view(batch, length, heads, hidden // heads).transpose(1, 2)

        q, k, v = (split(linear(x, "attention.self." + part)) for part in ("query", "key", "value"))
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        context = context.transpose(1, 2).reshape(batch, length, hidden)
        x = norm(x + linear(context, "attention.output.dense"), prefix + "attention.output.LayerNorm")
        x = norm(x + linear(F.gelu(linear(x, "intermediate.dense")), "output.dense"), prefix + "output.LayerNorm")
    weights = mask.float()
    pooled = (x * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True)
    return F.linear(pooled, head)


def main():
    folder, batch, length, threads = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    config, tensors = load(folder)
    head = torch.zeros(2, config["hidden_size"])
    trained = [t for name, t in tensors.items() if name.startswith("encoder.") and t.dim() == 2] + [head]
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(1000, config["vocab_size"], (batch, length), generator=generator)
    labels = torch.randint(0, 2, (batch,), generator=generator)
    mask = torch.ones(batch, length, dtype=torch.bool)
    size, rate = 1e-3, 1e-6

    def perturb(seed, factor):
        generator.manual_seed(seed)
        for weight in trained:
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=factor)

    def loss():
        return F.cross_entropy(forward(tensors, config, head, tokens, mask), labels).item()

    print("ready", torch.__version__, flush=True)
    with torch.inference_mode():
        for step, _ in enumerate(sys.stdin):
            marks = [(time.perf_counter(), time.process_time())]

            def mark():
                marks.append((time.perf_counter(), time.process_time()))

            perturb(step, size)
            mark()
            plus = loss()
            mark()
            perturb(step, -2 * size)
            mark()
            minus = loss()
            mark()
            perturb(step, size)
            gradient = (plus - minus) / (2 * size)
            perturb(step, -rate * gradient)
            mark()
            wall = [b[0] - a[0] for a, b in zip(marks, marks[1:])]
            cpu = [b[1] - a[1] for a, b in zip(marks, marks[1:])]
            forwards = (wall[1] + wall[3], cpu[1] + cpu[3])
            print(sum(wall), sum(cpu), forwards[0], forwards[1], flush=True)


if __name__ == "__main__":
    main()
