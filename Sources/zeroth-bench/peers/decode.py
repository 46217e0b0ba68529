"""Greedy decoding with transformers' LlamaForCausalLM in FP32, a run a line on standard input: the peer of `zeroth-bench decoder`.

Usage: decode.py LAYERS HIDDEN HEADS KEY_HEADS HEAD_SIZE INTERMEDIATE VOCABULARY THREADS
Weights are random; they decide no time. For each line "PROMPT TOKENS" it reads a prompt, then decodes with its cache, and prints the wall seconds of the latter.
"""

import sys
import time

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM


def main(layers, hidden, heads, key_heads, head_size, intermediate, vocabulary, threads):
    torch.set_num_threads(threads)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=key_heads, head_dim=head_size, tie_word_embeddings=True)
    torch.manual_seed(1)
    model = LlamaForCausalLM(config).eval()
    print(f"ready torch {torch.__version__}, transformers {transformers.__version__}", flush=True)
    for line in sys.stdin:
        prompt, tokens = (int(field) for field in line.split())
        with torch.inference_mode():
            result = model(torch.arange(prompt)[None], use_cache=True, logits_to_keep=1)
            start = time.perf_counter()
            for _ in range(tokens):
                token = result.logits[:, -1].argmax(-1, keepdim=True)
                result = model(token, past_key_values=result.past_key_values, use_cache=True, logits_to_keep=1)
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
