#!/usr/bin/env python3
"""Writes a BERT network of odd sizes with random weights, and data for it, to a folder: what the embedded network never meets.

odd.py FOLDER writes config.json, model.safetensors, vocab.txt and data.tsv. No size is a multiple of 16,
examples reach the third round of the reduction tree, 1/sqrt(7) shows its two roundings, one weight row is zero, another below 2^-100,
and one has an outlier.
"""

import json
import os
import random
import struct
import sys

HIDDEN, HEADS, LAYERS, INNER, POSITIONS, WORDS = 35, 5, 2, 53, 45, 60
LABELS = ["toast", "apple", "melon"]  # not in alphabetical order


def main(folder):
    draw = random.Random(20)
    os.makedirs(folder, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", "."] + [f"w{i}" for i in range(WORDS)]
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-5,
        "pad_token_id": 0,
        "id2label": {str(i): label for i, label in enumerate(LABELS)},
        "label2id": {label: i for i, label in enumerate(LABELS)},
        "vocab_size": len(words),
    }
    tensors = {}

    def tensor(name, *shape, mean=0.0, deviation=1.0):
        count = 1
        for n in shape:
            count *= n
        tensors[name] = (shape, [draw.gauss(mean, deviation) for _ in range(count)])

    def linear(name, rows, columns):
        tensor(name + ".weight", rows, columns, deviation=1.5 * columns**-0.5)
        tensor(name + ".bias", rows, deviation=0.2)

    def norm(name):
        tensor(name + ".weight", HIDDEN, mean=1, deviation=0.2)
        tensor(name + ".bias", HIDDEN, deviation=0.2)

    tensor("embeddings.word_embeddings.weight", len(words), HIDDEN)
    tensor("embeddings.position_embeddings.weight", POSITIONS, HIDDEN, deviation=0.3)
    tensor("embeddings.token_type_embeddings.weight", 2, HIDDEN, deviation=0.3)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            linear(prefix + "attention.self." + name, HIDDEN, HIDDEN)
        linear(prefix + "attention.output.dense", HIDDEN, HIDDEN)
        norm(prefix + "attention.output.LayerNorm")
        linear(prefix + "intermediate.dense", INNER, HIDDEN)
        linear(prefix + "output.dense", HIDDEN, INNER)
        norm(prefix + "output.LayerNorm")
    linear("classifier", len(LABELS), HIDDEN)

    # A value column of zeros in every example, a row of tiny weights, and a row that one weight dominates.
    value = tensors["encoder.layer.0.attention.self.value.weight"][1]
    value[:HIDDEN] = [0.0] * HIDDEN
    tensors["encoder.layer.0.attention.self.value.bias"][1][0] = 0.0
    value[HIDDEN : 2 * HIDDEN] = [x * 2.0**-110 for x in value[HIDDEN : 2 * HIDDEN]]
    tensors["encoder.layer.1.intermediate.dense.weight"][1][3] = 40.0

    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
    with open(os.path.join(folder, "vocab.txt"), "w") as file:
        file.write("".join(word + "\n" for word in words))
    with open(os.path.join(folder, "data.tsv"), "w") as file:
        for i in range(71):
            length = 2 + i * 37 % (POSITIONS - 3)
            # The first words number the examples, so that no text stands twice.
            text = [words[7 + i % WORDS], words[5 + i // WORDS]] + [draw.choice(words[5:]) for _ in range(length - 2)]
            # Met first in an order that is neither the network's nor the alphabet's.
            label = ["melon", "toast", "apple"][i if i < 3 else draw.randrange(3)]
            file.write(f"{label}\t{' '.join(text)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
