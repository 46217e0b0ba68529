"""Texts and the token numbers that Hugging Face's tokenizers gives them, with a byte-level BPE and single digits.

usage: tokens.py FOLDER [GGUF]    trains a small BPE and writes FOLDER/bpe.gguf, or takes that of GGUF; writes FOLDER/cases.json
"""

import json
import random
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import formats

TRAINING = [
    "The quick brown fox jumps over the lazy dog. It's what they'd do, isn't it? We've seen 1234 of them; I'll say 56.",
    "  Leading spaces, trailing spaces  \n\nnew lines\t\ttabs and --- punctuation!!! (brackets) [more] {still more}",
    "Größe, naïveté, façade, Ελληνικά, русский текст, 日本語のテキスト, 한국어, עברית, العربية, हिन्दी",
    "def f(x):\n    return x ** 2 + 3.14159  # a comment\n",
] * 3

FIXED = [
    "", " ", "  ", "   a", "a   ", "a\n\n\nb", "\t\tx", "The capital of France is", "don't we'll they've I'd I'm you're it's DON'T",
    "'s't''ll", "1234567", "a1b22c", " 1 23 ", "x = 3.14;", "²³¼Ⅷ٣", "…—“quoted”", "e\u0301a\u0300", "\u00a0nbsp\u2003em\u3000ideographic",
    "\u0085next\u200bzero", "日本語 text 한국어", "\U0001F600\U0001F468\u200d\U0001F469", "a\r\nb\r\n", "Ǆǅǆ ʰˢ ªº", "_under_score__", "''", "' s", "it 's",
]


def texts(count):
    generator = random.Random(11)
    pools = [
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ", "0123456789", " \t\n\r", ".,;:!?'\"-()[]{}#@", "äöüßéñçøåÄÖ",
        "αβγδабвгд日本語한국", "²½Ⅳ٤", "\u00a0\u2003\u200b\u0301", "😀👍🏽", "'stremvdl ",
    ]
    result = list(FIXED)
    for _ in range(count):
        pool = generator.sample(pools, generator.randint(1, len(pools)))
        result.append("".join(generator.choice(generator.choice(pool)) for _ in range(generator.randint(1, 60))))
    return result


def splitter():
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])


def train(folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=520, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(TRAINING, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    vocab = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]
    formats.write_gguf(f"{folder}/bpe.gguf", {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": vocab,
        "tokenizer.ggml.token_type": [3] + [1] * (len(vocab) - 1), "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 0, "tokenizer.ggml.add_bos_token": False,
    }, {})
    return vocab, merges, f"{folder}/bpe.gguf"


def main(folder, path=None):
    if path:
        metadata = formats.read_metadata(path)
        vocab, merges = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.merges"]
    else:
        vocab, merges, path = train(folder)
    numbers = {token: i for i, token in enumerate(vocab)}
    tokenizer = Tokenizer(models.BPE(numbers, [tuple(m.split(" ")) for m in merges]))
    tokenizer.pre_tokenizer = splitter()
    tokenizer.decoder = decoders.ByteLevel()
    with open(f"{folder}/cases.json", "w") as file:
        json.dump({"path": path, "cases": [{"text": t, "ids": tokenizer.encode(t).ids} for t in texts(3000)]}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
