"""A tiny random LlamaForCausalLM of Hugging Face transformers: its folder as save_pretrained writes it, and its logits.

usage: transformers_llama.py FOLDER    writes tied/, untied/, NAME.npy and cases.json
"""

import json
import sys

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM


def main(folder):
    cases = []
    for name, tied, kv, dim, dtype in [("tied", True, 2, 16, torch.float32), ("untied", False, 4, 24, torch.bfloat16)]:
        torch.manual_seed(5)
        config = LlamaConfig(
            vocab_size=61, hidden_size=64, intermediate_size=112, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=kv, head_dim=dim, tie_word_embeddings=tied, rope_theta=20000.0, rms_norm_eps=1e-6,
            max_position_embeddings=128, initializer_range=0.1)
        LlamaForCausalLM(config).to(dtype).save_pretrained(f"{folder}/{name}")
        # Read again: the frequencies of a model that was cast are in its type, too.
        model = LlamaForCausalLM.from_pretrained(f"{folder}/{name}", dtype=torch.float32)
        tokens = torch.randint(0, 61, (1, 40))
        with torch.no_grad():
            logits = model.to(torch.float64)(tokens).logits[0]
        np.save(f"{folder}/{name}.npy", logits.numpy().astype(np.float32))
        cases.append({"name": name, "tokens": tokens[0].tolist(), "vocabulary": 61})
    with open(f"{folder}/cases.json", "w") as file:
        json.dump(cases, file)


if __name__ == "__main__":
    main(sys.argv[1])
