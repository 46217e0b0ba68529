"""What Hugging Face transformers counts as the parameters of transformers: published ones and random ones.

    counts.py write     write counts.tsv beside this file
    counts.py check     count again and compare with the file

Each line of counts.tsv is a class, its parameters by kind (embeddings, norms, weights and biases of the blocks, head: whatever stands above
the last norm) and the config.json that transformers writes for it. Parameters are those of `named_parameters`, which names a tied matrix once.
Modules are built without memory for their values, so that a network of 13 billion parameters takes seconds.

Needs transformers 4.46.3 and a torch that it accepts (made with Debian's python3-torch 1.13.1).
"""

import json
import os
import random
import sys

import torch
import transformers
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "counts.tsv")

EMBEDDINGS = ("embed_tokens", "embed_positions", "wte", "wpe", "_embeddings.", "project_in")
HEADS = ("lm_head", "cls.", "score", "classifier", "pooler", "project_out")


def without_memory():
    """Makes torch build modules whose parameters have shapes and no values."""
    register, empty = nn.Module.register_parameter, torch.empty

    def register_meta(self, name, parameter):
        if parameter is not None and parameter.device.type != "meta":
            parameter = nn.Parameter(parameter.to("meta"))
        register(self, name, parameter)

    def empty_meta(*sizes, **options):
        return empty(*sizes, **{**options, "device": options.get("device") or "meta"})

    nn.Module.register_parameter, torch.empty = register_meta, empty_meta


def kind(name):
    if any(part in name for part in HEADS):
        return "head"
    if any(part in name for part in EMBEDDINGS):
        return "embeddings"
    if "norm" in name.lower() or "ln_" in name:
        return "norms"
    return "weights" if name.endswith("weight") else "biases"


def line(configuration, architecture):
    configuration.architectures = [architecture]
    model = getattr(transformers, architecture)(configuration)
    counts = dict.fromkeys(("embeddings", "norms", "weights", "biases", "head"), 0)
    for name, parameter in model.named_parameters():
        counts[kind(name)] += parameter.numel()
    text = json.dumps(json.loads(configuration.to_json_string()), separators=(",", ":"), sort_keys=True)
    return "\t".join([architecture, *map(str, counts.values()), text])


def published():
    llama, mistral, opt = transformers.LlamaConfig, transformers.MistralConfig, transformers.OPTConfig
    yield llama(), "LlamaForCausalLM"
    yield llama(hidden_size=5120, intermediate_size=13824, num_hidden_layers=40, num_attention_heads=40), "LlamaForCausalLM"
    yield llama(vocab_size=128256, intermediate_size=14336, num_key_value_heads=8), "LlamaForCausalLM"
    yield mistral(), "MistralForCausalLM"
    for hidden, layers, heads in ((2048, 24, 32), (4096, 32, 32), (5120, 40, 40)):
        yield opt(hidden_size=hidden, ffn_dim=4 * hidden, num_hidden_layers=layers, num_attention_heads=heads), "OPTForCausalLM"
    yield transformers.RobertaConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, max_position_embeddings=514,
        type_vocab_size=1), "RobertaForMaskedLM"
    yield transformers.BertConfig(
        hidden_size=384, intermediate_size=1536, num_hidden_layers=6, num_attention_heads=12), "BertModel"
    yield llama(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, tie_word_embeddings=True), "LlamaForCausalLM"
    yield llama(
        vocab_size=512, hidden_size=64, intermediate_size=172, num_hidden_layers=5, num_attention_heads=8,
        num_key_value_heads=4, tie_word_embeddings=True), "LlamaForCausalLM"
    # Not built in: other sizes that Hugging Face publishes.
    yield transformers.GPT2Config(), "GPT2LMHeadModel"
    yield transformers.Qwen2Config(
        hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2,
        tie_word_embeddings=True), "Qwen2ForCausalLM"
    yield opt(
        hidden_size=1024, ffn_dim=4096, num_hidden_layers=24, num_attention_heads=16, word_embed_proj_dim=512,
        do_layer_norm_before=False), "OPTForCausalLM"
    yield transformers.RobertaConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, max_position_embeddings=514,
        type_vocab_size=1), "RobertaModel"


def drawn(draw):
    """One random small network of each family."""
    flip = lambda: draw.random() < 0.5
    groups, keys, size = draw.randint(1, 4), draw.randint(1, 4), 2 * draw.randint(1, 8)
    heads = groups * keys
    common = dict(
        vocab_size=draw.randint(5, 300), hidden_size=heads * size, num_hidden_layers=draw.randint(1, 4),
        num_attention_heads=heads, tie_word_embeddings=flip(), num_labels=draw.randint(2, 9))
    inner = draw.randint(1, 99)
    decoder = dict(common, intermediate_size=inner, num_key_value_heads=keys)
    own = dict(head_dim=2 * draw.randint(1, 9)) if flip() else {}
    of = lambda prefix, language: prefix + draw.choice(("Model", language, "ForSequenceClassification"))
    yield transformers.LlamaConfig(**decoder, **own, attention_bias=flip(), mlp_bias=flip()), of("Llama", "ForCausalLM")
    yield transformers.MistralConfig(**decoder, **own), of("Mistral", "ForCausalLM")
    yield transformers.Qwen2Config(**decoder), of("Qwen2", "ForCausalLM")
    width = draw.randint(1, 40) if flip() else None
    yield transformers.OPTConfig(
        **common, ffn_dim=inner, max_position_embeddings=draw.randint(1, 99), word_embed_proj_dim=width, enable_bias=flip(),
        do_layer_norm_before=flip(), _remove_final_layer_norm=flip()), of("OPT", "ForCausalLM")
    gpt2 = {key: value for key, value in common.items() if not key.startswith(("hidden", "num_hidden", "num_att"))}
    yield transformers.GPT2Config(
        **gpt2, n_embd=common["hidden_size"], n_layer=common["num_hidden_layers"], n_head=heads,
        n_positions=draw.randint(1, 99), n_inner=inner if flip() else None), of("GPT2", "LMHeadModel")
    encoder = dict(common, intermediate_size=inner, type_vocab_size=draw.randint(1, 3))
    yield transformers.RobertaConfig(**encoder, max_position_embeddings=draw.randint(3, 99)), of("Roberta", "ForMaskedLM")
    yield transformers.BertConfig(**encoder, max_position_embeddings=draw.randint(1, 99)), of("Bert", "ForMaskedLM")


def lines():
    without_memory()
    draw = random.Random(2026)
    for configuration, architecture in published():
        yield line(configuration, architecture)
    for _ in range(12):
        for configuration, architecture in drawn(draw):
            yield line(configuration, architecture)


if __name__ == "__main__":
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit(__doc__)
    text = "".join(f"{each}\n" for each in lines())
    if sys.argv[1] == "write":
        with open(FILE, "w") as file:
            file.write(text)
    else:
        with open(FILE) as file:
            if file.read() != text:
                sys.exit("counts.tsv differs from what transformers counts now")
        print("counts.tsv is what transformers counts")
