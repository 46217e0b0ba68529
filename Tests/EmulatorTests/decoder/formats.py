"""Writers of decoder files: GGUF version 3, safetensors, llama2.c version 0. Weights are float32 arrays in Hugging Face's row order."""

import json
import struct

import numpy as np

TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_1": (3, 32, 20), "Q8_0": (8, 32, 34), "BF16": (30, 1, 2)}


def f32(x):
    return np.asarray(x, np.float32)


def bf16_bits(x):
    """Round to nearest, ties to even."""
    bits = f32(x).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def encode(x, kind):
    """The bytes of an array, and the float32 values that they stand for."""
    x = f32(x)
    if kind == "F32":
        return x.tobytes(), x
    if kind == "F16":
        half = x.astype(np.float16)
        return half.tobytes(), half.astype(np.float32)
    if kind == "BF16":
        bits = bf16_bits(x)
        return bits.tobytes(), (bits.astype(np.uint32) << 16).view(np.float32).reshape(x.shape)
    blocks = x.reshape(-1, 32)
    if kind == "Q8_0":
        d = (np.abs(blocks).max(1) / 127).astype(np.float16)
        d32 = d.astype(np.float32)[:, None]
        q = np.clip(np.rint(blocks / np.where(d32 == 0, 1, d32)), -128, 127).astype(np.int8)
        raw = b"".join(d[i].tobytes() + q[i].tobytes() for i in range(len(blocks)))
        return raw, (d32 * q.astype(np.float32)).reshape(x.shape)
    if kind == "Q4_1":
        low = blocks.min(1)
        d = ((blocks.max(1) - low) / 15).astype(np.float16)
        m = low.astype(np.float16)
        d32, m32 = d.astype(np.float32)[:, None], m.astype(np.float32)[:, None]
        q = np.clip(np.rint((blocks - m32) / np.where(d32 == 0, 1, d32)), 0, 15).astype(np.uint8)
        packed = (q[:, :16] | (q[:, 16:] << 4)).astype(np.uint8)
        raw = b"".join(d[i].tobytes() + m[i].tobytes() + packed[i].tobytes() for i in range(len(blocks)))
        return raw, (d32 * q.astype(np.float32) + m32).reshape(x.shape)
    raise ValueError(kind)


def adjacent(weight, heads):
    """Rows of Hugging Face's order (pairs half a head apart) with pairs side by side, as llama.cpp's converter permutes them."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_value(value):
    """A metadata value with its type."""
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    kind = 8 if isinstance(value[0], str) else 5
    body = b"".join(text(v) if kind == 8 else struct.pack("<i", v) for v in value)
    return struct.pack("<IIQ", 9, kind, len(value)) + body


def write_gguf(path, metadata, tensors):
    """tensors: name -> (bytes, shape outermost first, kind)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        head += text(key) + gguf_value(value)
    data = b""
    for name, (raw, shape, kind) in tensors.items():
        data += b"\0" * (-len(data) % 32)
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        head += struct.pack("<IQ", TYPES[kind][0], len(data))
        data += raw
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % 32) + data)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, (raw, shape, kind) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + data)


LAYER = ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"]
HUGGING_FACE = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}


def hugging_face(name):
    if name.startswith("blk."):
        _, layer, part, _ = name.split(".")
        return f"model.layers.{layer}.{HUGGING_FACE[part]}.weight"
    return {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
            "output.weight": "lm_head.weight"}[name]


def turned(name, weight, c):
    """The weight in the row order of GGUF and llama2.c."""
    if ".attn_q." in name:
        return adjacent(weight, c["heads"])
    if ".attn_k." in name:
        return adjacent(weight, c["kv"])
    return weight


def save(path, form, c, weights, kinds):
    """Writes a network; returns the values that the file stands for, in Hugging Face's row order.

    kinds: name -> encoding; norms are F32 in GGUF and llama2.c.
    """
    values = {}
    if form == "gguf":
        tensors = {}
        for name, weight in weights.items():
            raw, _ = encode(turned(name, weight, c), kinds(name))
            values[name] = encode(weight, kinds(name))[1]
            tensors[name] = (raw, weight.shape, kinds(name))
        metadata = {
            "general.architecture": "llama", "llama.block_count": c["layers"], "llama.context_length": c["positions"],
            "llama.embedding_length": c["hidden"], "llama.feed_forward_length": c["inter"],
            "llama.attention.head_count": c["heads"], "llama.attention.head_count_kv": c["kv"],
            "llama.attention.layer_norm_rms_epsilon": c["eps"], "llama.rope.freq_base": c["theta"],
            "llama.rope.dimension_count": c["dim"], "llama.vocab_size": c["vocab"],
            "llama.attention.key_length": c["dim"], "llama.attention.value_length": c["dim"],
        }
        write_gguf(path, metadata, tensors)
    elif form == "llama2c":
        import os
        sign = 1 if c["tied"] else -1
        out = struct.pack("<7i", c["hidden"], c["inter"], c["layers"], c["heads"], c["kv"], sign * c["vocab"], c["positions"])
        order = ["token_embd.weight"]
        for part in ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_down", "ffn_up"]:
            order += [f"blk.{layer}.{part}.weight" for layer in range(c["layers"])]
        for name in order + ["output_norm.weight"]:
            out += turned(name, f32(weights[name]), c).tobytes()
        out += np.zeros(c["positions"] * c["dim"], np.float32).tobytes()
        if not c["tied"]:
            out += f32(weights["output.weight"]).tobytes()
        with open(path, "wb") as file:
            file.write(out)
        values = {name: f32(w) for name, w in weights.items()}
    else:
        import os
        os.makedirs(path, exist_ok=True)
        tensors = {}
        for name, weight in weights.items():
            raw, values[name] = encode(weight, kinds(name))
            tensors[hugging_face(name)] = (raw, weight.shape, kinds(name))
        write_safetensors(f"{path}/model.safetensors", tensors)
        with open(f"{path}/config.json", "w") as file:
            json.dump({
                "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": c["hidden"],
                "intermediate_size": c["inter"], "num_hidden_layers": c["layers"], "num_attention_heads": c["heads"],
                "num_key_value_heads": c["kv"], "head_dim": c["dim"], "vocab_size": c["vocab"], "rms_norm_eps": c["eps"],
                "rope_theta": c["theta"], "max_position_embeddings": c["positions"], "tie_word_embeddings": c["tied"],
                "hidden_act": "silu", "rope_scaling": None}, file)
    return values


def read_metadata(path):
    """The metadata of a GGUF file."""
    with open(path, "rb") as file:
        data = file.read()
    place = 8

    def take(form):
        nonlocal place
        value = struct.unpack_from("<" + form, data, place)[0]
        place += struct.calcsize("<" + form)
        return value

    def string():
        nonlocal place
        count = take("Q")
        place += count
        return data[place - count:place].decode()

    def value(kind):
        if kind == 8:
            return string()
        if kind == 9:
            inner, count = take("I"), take("Q")
            return [value(inner) for _ in range(count)]
        return take({0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}[kind])

    _, keys = take("Q"), take("Q")
    return {string(): value(take("I")) for _ in range(keys)}
