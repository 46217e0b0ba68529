#!/usr/bin/env python3
"""What a linear probe and the majority class reach on the splits of `zeroth finetune --network DIR --data FILE --seed S`.

    linear_probe.py NETWORK_DIR DATA.tsv [--seeds 5] [--tokens 64] [--fraction 0.2] [--strength 10]

Duplicates are removed and the rest is split as docs/semantics.md, section 10, says, so seed S holds out the same examples as a run. Features
are FP32 mean-pooled states from PyTorch, L2-normalised; the probe is logistic regression with an L2 penalty of 1/(2·strength), fitted to
convergence by L-BFGS. Needs torch and tokenizers from PyPI.
"""

import argparse
import os
import sys

import torch
from tokenizers import BertWordPieceTokenizer

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, "../../../Sources/zeroth-bench/peers")]
import mezo_step  # noqa: E402
import step  # noqa: E402


def features(folder, texts, limit):
    """[texts, hidden], L2-normalised."""
    config, tensors = mezo_step.load(folder)
    tokenizer = BertWordPieceTokenizer(f"{folder}/vocab.txt", lowercase=True)
    tokenizer.enable_truncation(limit)
    ids = [tokenizer.encode(text).ids for text in texts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    identity = torch.eye(config["hidden_size"])
    rows = [None] * len(ids)
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            length = max(len(ids[i]) for i in chosen)
            tokens = torch.tensor([ids[i] + [0] * (length - len(ids[i])) for i in chosen])
            mask = torch.tensor([[j < len(ids[i]) for j in range(length)] for i in chosen])
            pooled = mezo_step.forward(tensors, config, identity, tokens, mask)
            for i, row in zip(chosen, torch.nn.functional.normalize(pooled, dim=1)):
                rows[i] = row
    return torch.stack(rows)


def probe(x, y, strength):
    """Weights and bias of a binary logistic regression."""
    w = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        logits = x @ w[:-1] + w[-1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="sum")
        loss = loss + (w[:-1] ** 2).sum() / (2 * strength)
        loss.backward()
        return loss

    optimizer.step(closure)
    return w.detach()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--fraction", type=float, default=0.2)
    parser.add_argument("--strength", type=float, default=10)
    arguments = parser.parse_args()
    unique = {}
    with open(arguments.data, encoding="utf-8", newline="\n") as file:
        for line in file.read().split("\n"):
            if line:
                label, text = line.rstrip("\r").split("\t")
                unique.setdefault(text, label)
    texts, labels = list(unique), list(unique.values())
    names = sorted(set(labels))
    assert len(names) == 2, names
    x = features(arguments.network, texts, arguments.tokens).double()
    y = torch.tensor([names.index(label) for label in labels], dtype=torch.float64)
    for seed in range(arguments.seeds):
        order = step.shuffled(step.Streams(seed), len(texts), step.SPLIT, 0)
        held = int(arguments.fraction * len(texts) + 0.5)
        test, train = torch.tensor(list(order[:held])), torch.tensor(list(order[held:]))
        w = probe(x[train], y[train], arguments.strength)
        right = ((x[test] @ w[:-1] + w[-1]) > 0) == (y[test] > 0.5)
        recalls = [right[y[test] == c].double().mean().item() for c in (0.0, 1.0)]
        majority = max((y[test] == c).double().mean().item() for c in (0.0, 1.0))
        print(
            f"seed {seed}: {len(train)} to train, {held} held out: majority {100 * majority:.1f} %, "
            f"linear probe {100 * right.double().mean().item():.1f} %, balanced {100 * sum(recalls) / 2:.1f} %"
        )


main()
