#!/usr/bin/env python3
"""Logits of a network in Hugging Face's form, in binary64: the head on the mean of the tokens' states.

exported.py FOLDER ID,ID,… [ID,ID,… …] prints a line an example: logits, one after another. NumPy alone, from the published definition of BERT
(post-norm, exact GELU). With --transformers the states come from PyTorch and transformers' BertModel, in FP32.
"""

import json
import math
import struct
import sys

import numpy as np


def load(folder):
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    with open(f"{folder}/model.safetensors", "rb") as file:
        blob = file.read()
    (length,) = struct.unpack("<Q", blob[:8])
    tensors = {}
    for name, entry in json.loads(blob[8 : 8 + length]).items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", name
            begin, end = entry["data_offsets"]
            data = np.frombuffer(blob[8 + length + begin : 8 + length + end], "<f4")
            tensors[name] = data.reshape(entry["shape"]).astype(np.float64)
    return config, tensors


def states(config, t, ids):
    """[tokens, hidden]."""

    def linear(x, name):
        return x @ t[name + ".weight"].T + t[name + ".bias"]

    def norm(x, name):
        d = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((d * d).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return d / scale * t[name + ".weight"] + t[name + ".bias"]

    erf = np.vectorize(math.erf)
    heads = config["num_attention_heads"]
    x = t["embeddings.word_embeddings.weight"][ids] + t["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + t["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."
        q, k, v = (
            linear(x, f"{prefix}attention.self.{name}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        context = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(context, prefix + "attention.output.dense"), prefix + "attention.output.LayerNorm")
        y = linear(x, prefix + "intermediate.dense")
        y = y * 0.5 * (1 + erf(y / math.sqrt(2)))
        x = norm(x + linear(y, prefix + "output.dense"), prefix + "output.LayerNorm")
    return x


def bert_states(folder, ids):
    import torch
    from transformers import BertModel

    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()


def main(arguments):
    uses_transformers = "--transformers" in arguments
    folder, *examples = [a for a in arguments if a != "--transformers"]
    config, tensors = load(folder)
    for example in examples:
        ids = [int(i) for i in example.split(",")]
        x = bert_states(folder, ids) if uses_transformers else states(config, tensors, ids)
        logits = x.mean(0) @ tensors["classifier.weight"].T + tensors["classifier.bias"]
        print(" ".join(repr(float(z)) for z in logits))


main(sys.argv[1:])
