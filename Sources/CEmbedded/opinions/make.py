#!/usr/bin/env python3
"""Makes the embedded network and its task: opinions about products and films. See README.md beside this file.

    python3 make.py           writes config.json, vocab.txt, model.safetensors, films-train.tsv, films-validation.tsv
    python3 make.py --check   measures the files that are there (see README.md)
"""
import argparse, json, math, os, random, struct, time
import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))

# ---------------------------------------------------------------------------------------------------------------- grammar

SHARED = {  # opinion words that both products and films use
    1: "good great excellent superb wonderful impressive fantastic lovely".split(),
    0: "bad awful terrible horrible mediocre disappointing dreadful poor".split()}
PRODUCT = {
    1: "sturdy durable reliable comfortable handy practical accurate elegant robust precise".split(),
    0: "flimsy faulty fragile uncomfortable clumsy noisy useless defective shoddy leaky".split()}
FILM = {
    1: "gripping moving witty touching thrilling engaging heartfelt memorable dazzling inventive poignant hilarious".split(),
    0: "dull tedious wooden predictable lifeless shallow stale contrived boring forgettable muddled hollow".split()}
VERBS = {1: [("liked", "like"), ("loved", "love"), ("enjoyed", "enjoy"), ("admired", "admire")],
         0: [("hated", "hate"), ("disliked", "dislike"), ("loathed", "loathe"), ("regretted", "regret")]}
ASPECTS = {
    "product": "battery screen handle motor lid strap zipper keyboard cable fabric packaging charger manual hinge design sound".split(),
    "film": "plot acting script dialogue cast ending direction story scenery photography pacing humor heroine villain music sound".split()}
THINGS = {
    "product": "phone kettle blender lamp jacket backpack printer headset".split(),
    "film": "film movie picture drama comedy thriller sequel musical".split()}
NOT = [["not"], ["never"], ["hardly"], ["far", "from"], ["anything", "but"], ["not", "at", "all"]]
VERY = ["very", "really", "quite", "truly", "rather"]
COPULA = ["was", "is", "seemed", "felt"]
MAX_WORDS = 14          # with [CLS] and [SEP] 16 tokens
P_NOT = 0.45            # a clause is negated
P_SHARED = {"product": 0.5, "film": 0.3}


class Grammar:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def adjective(self, domain, polarity):
        own = PRODUCT if domain == "product" else FILM
        return self.r.choice((SHARED if self.r.random() < self.shared else own)[polarity])

    def article(self, word):
        return "an" if word[0] in "aeiou" else "a"

    def clause(self, domain, polarity):
        r = self.r
        negated = r.random() < P_NOT
        word_polarity = 1 - polarity if negated else polarity
        form = r.random()
        aspect = r.choice(ASPECTS[domain])
        if form < 0.12:
            past, base = r.choice(VERBS[word_polarity])
            if negated:
                return ["i", "did", "not", base, "the", aspect] if r.random() < 0.6 else ["i", "never", past, "the", aspect]
            return ["i"] + (["really"] if r.random() < 0.2 else []) + [past, "the", aspect]
        adjective = self.adjective(domain, word_polarity)
        if form < 0.30:
            n = r.choice(NOT[:5]) if negated else []
            return ["it", r.choice(["was", "is"])] + n + [self.article(adjective), adjective, r.choice(THINGS[domain])]
        start = ["the", aspect] if r.random() < 0.8 else ["this", r.choice(THINGS[domain])]
        if negated:
            return start + [r.choice(COPULA)] + r.choice(NOT) + [adjective]
        return start + [r.choice(COPULA)] + ([r.choice(VERY)] if r.random() < 0.25 else []) + [adjective]

    def sentence(self, domain, polarity, simple=0.15, shared=None):
        """The sentence's label is the polarity of the clause that dominates."""
        r = self.r
        self.shared = P_SHARED[domain] if shared is None else shared
        while True:
            kind = 0 if r.random() < simple else r.uniform(0.15, 1)
            main = lambda: self.clause(domain, polarity)
            other = lambda: self.clause(domain, 1 - polarity)
            noun = lambda: ["the", self.adjective(domain, 1 - polarity), r.choice(ASPECTS[domain])]
            if kind < 0.15: s = main()
            elif kind < 0.35: s = main() + r.choice([["and"], [",", "and"]]) + main()
            elif kind < 0.58: s = other() + [","] + [r.choice(["but", "but", "yet"])] + main()
            elif kind < 0.72: s = r.choice([["although"], ["although"], ["even", "though"]]) + other() + [","] + main()
            elif kind < 0.86: s = main() + [","] + r.choice([["although"], ["although"], ["even", "though"]]) + other()
            elif kind < 0.93: s = ["despite"] + noun() + [","] + main()
            else: s = main() + [","] + ["despite"] + noun()
            s = s + ["."]
            if len(s) <= MAX_WORDS:
                return " ".join(s)


    def listing(self, domain, polarity, tie):
        """Opinion words of one polarity side by side; with probability tie one of them is a shared word."""
        r = self.r
        words = r.sample((PRODUCT if domain == "product" else FILM)[polarity], 3)
        if r.random() < tie: words[r.randrange(3)] = r.choice(SHARED[polarity])
        form = r.random()
        if form < 0.4: s = [self.article(words[0]), words[0], ",", words[1], "and", words[2], r.choice(THINGS[domain])]
        elif form < 0.7: s = ["the", r.choice(ASPECTS[domain]), r.choice(COPULA), words[0], ",", words[1], "and", words[2]]
        else: s = [words[0], ",", words[1], "and", words[2]]
        return " ".join(s + ["."])


def vocabulary():
    words = []
    for table in (SHARED, PRODUCT, FILM): words += table[1] + table[0]
    for polarity in VERBS: words += [w for pair in VERBS[polarity] for w in pair]
    for table in (ASPECTS, THINGS): words += table["product"] + table["film"]
    words += [w for n in NOT for w in n] + VERY + COPULA
    words += "the this it i a an did and but yet although even though despite . ,".split()
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + sorted(set(words))


def data_sets(train=4000, validation=1000):
    g = Grammar(11)
    seen, rows = set(), {0: [], 1: []}
    need = (train + validation) // 2
    while min(len(rows[0]), len(rows[1])) < need:
        label = g.r.randrange(2)
        text = g.sentence("film", label)
        if text not in seen and len(rows[label]) < need:
            seen.add(text)
            rows[label].append(text)
    cut = validation // 2
    v = [(y, t) for y in (0, 1) for t in rows[y][:cut]]
    t = [(y, t) for y in (0, 1) for t in rows[y][cut:]]
    g.r.shuffle(v); g.r.shuffle(t)
    return t, v


# ---------------------------------------------------------------------------------------------------------------- network

CONFIG = dict(architectures=["BertModel"], model_type="bert", hidden_act="gelu", hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
              intermediate_size=64, max_position_embeddings=16, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0,
              id2label={"0": "negative", "1": "positive"}, label2id={"negative": 0, "positive": 1})
ZEROTH = dict(pooling="mean")


def block_weights(c):
    names = []
    for l in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{l}."
        names += [p + n for n in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                                  "intermediate.dense", "output.dense")]
    return names


def new_network(c, seed):
    g = torch.Generator().manual_seed(seed)
    H, I = c["hidden_size"], c["intermediate_size"]
    normal = lambda *shape, s: torch.randn(*shape, generator=g) * s
    w = {"embeddings.word_embeddings.weight": normal(c["vocab_size"], H, s=0.2),
         "embeddings.position_embeddings.weight": normal(c["max_position_embeddings"], H, s=0.2),
         "embeddings.token_type_embeddings.weight": torch.zeros(2, H)}
    norm = lambda p: w.update({p + ".weight": torch.ones(H), p + ".bias": torch.zeros(H)})
    norm("embeddings.LayerNorm")
    for n in block_weights(c):
        out, inp = (I, H) if "intermediate" in n else (H, I) if n.endswith("output.dense") and "attention" not in n else (H, H)
        w[n + ".weight"], w[n + ".bias"] = normal(out, inp, s=1 / math.sqrt(inp)), torch.zeros(out)
        if n.endswith("output.dense"): norm(n[:-5] + "LayerNorm")
    w["classifier.weight"], w["classifier.bias"] = normal(2, H, s=1 / math.sqrt(H)), torch.zeros(2)
    return w


class RoundThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return torch.round(x)
    @staticmethod
    def backward(ctx, g): return g


def quantize(x, dim=-1):
    """Symmetric INT8 with one scale along dim; returns the real values of the codes."""
    s = x.abs().amax(dim, keepdim=True).clamp_min(1e-30).detach() / 127
    return RoundThrough.apply(x / s).clamp(-127, 127) * s


def forward(w, c, ids, quantized=True, weights_ready=False):
    """Hidden states and logits. weights_ready: the linear weights are already on their grid."""
    A, D = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"]
    q = quantize if quantized else (lambda x, dim=-1: x)
    linear = lambda x, n: F.linear(q(x), w[n + ".weight"] if weights_ready else q(w[n + ".weight"]), w[n + ".bias"])
    norm = lambda x, n: F.layer_norm(x, x.shape[-1:], w[n + ".weight"], w[n + ".bias"], c["layer_norm_eps"])
    B, T = ids.shape
    valid = ids != 0
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:T] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    mask = torch.zeros(B, 1, 1, T).masked_fill(~valid[:, None, None, :], float("-inf"))
    for l in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{l}."
        heads = lambda n: linear(x, p + "attention.self." + n).view(B, T, A, D).transpose(1, 2)
        query, key, value = heads("query"), heads("key"), heads("value")
        value = q(value * valid[:, None, :, None], -2)
        P = torch.softmax(q(query) @ q(key).transpose(-1, -2) / math.sqrt(D) + mask, -1)
        context = (q(P) @ value).transpose(1, 2).reshape(B, T, A * D)
        x = norm(x + linear(context, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        y = F.gelu(linear(x, p + "intermediate.dense"))
        x = norm(x + linear(y, p + "output.dense"), p + "output.LayerNorm")
    m = valid.float()[..., None]
    pooled = (x * m).sum(1) / m.sum(1)
    return x, linear(pooled, "classifier")


def encode(texts, vocab, T):
    index = {t: i for i, t in enumerate(vocab)}
    out = np.zeros((len(texts), T), np.int64)
    for i, t in enumerate(texts):
        ids = [2] + [index[x] for x in t.split()] + [3]
        out[i, :len(ids)] = ids
    return torch.from_numpy(out)


PROBE = None


def pretrain(c, vocab, args):
    """Masked words on unlabelled films and products; labels on products alone. Weights are kept fit for an INT8 grid: clipped rows, noise of some grid steps."""
    g, r = Grammar(args.seed), np.random.default_rng(args.seed)
    T, B = c["max_position_embeddings"], args.batch
    texts, labels, films = [], [], []
    for i in range(args.corpus):
        y = g.r.randrange(2)
        texts.append(g.listing("product", y, 0.5) if g.r.random() < 0.1 else g.sentence("product", y, args.simple)); labels.append(y)
    for i in range(args.corpus):
        y = g.r.randrange(2)
        films.append(g.listing("film", y, args.tie) if g.r.random() < args.lists else g.sentence("film", y, shared=args.shared))
    P, L, Fi = encode(texts, vocab, T), torch.tensor(labels), encode(films, vocab, T)
    w = new_network(c, args.seed)
    w["mlm.bias"] = torch.zeros(c["vocab_size"])
    for x in w.values(): x.requires_grad_(True)
    linears = [n + ".weight" for n in block_weights(c)] + ["classifier.weight"]
    opt = torch.optim.AdamW([{"params": [w[n] for n in linears], "weight_decay": args.decay}, {"params": [w[n] for n in w if n not in linears], "weight_decay": 0.0}],
                            lr=args.lr, betas=(0.9, 0.98))
    noise = torch.Generator().manual_seed(args.seed + 1)
    t0 = time.time()
    for step in range(args.steps):
        f = step / args.steps
        for group in opt.param_groups: group["lr"] = args.lr * min(1, step / 200) * max(0.02, min(1, 1.5 * (1 - f)))
        ip = torch.from_numpy(r.integers(0, len(P), B)); i_f = torch.from_numpy(r.integers(0, len(Fi), B))
        im = torch.from_numpy(r.integers(0, len(P), B // 2))
        clean = torch.cat([P[ip], P[im], Fi[i_f]])
        masked = (torch.from_numpy(r.random(clean.shape)) < args.mask) & (clean > 4)
        masked[:B] = False                                          # these keep all their words, for the labels
        ids = torch.where(masked, torch.tensor(4), clean)
        # grid noise: what stochastic updates will do to the codes
        ww = dict(w)
        nu = args.noise * min(1, max(0, (f - 0.2) / 0.4))
        for n in linears:
            s = w[n].detach().abs().amax(-1, keepdim=True) / 127
            ww[n] = RoundThrough.apply(w[n] / s) * s
            if nu > 0:
                ww[n] = ww[n] + torch.randn(w[n].shape, generator=noise) * (nu * (0.3 if n == "classifier.weight" else 1)) * s
        h, logits = forward(ww, c, ids, True, True)
        z = h[masked] @ w["embeddings.word_embeddings.weight"].T + w["mlm.bias"]
        loss_m = F.cross_entropy(z, clean[masked])
        loss_c = F.cross_entropy(logits[:B], L[ip], label_smoothing=args.smooth)
        loss = loss_m + args.weight * loss_c
        opt.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_([x for x in w.values()], 1.0)
        opt.step()
        with torch.no_grad():
            for n in linears:
                lim = args.clip * w[n].pow(2).mean(-1, keepdim=True).sqrt()
                w[n].copy_(torch.maximum(torch.minimum(w[n], lim), -lim))
        if step % 500 == 0 or step == args.steps - 1:
            if PROBE: print(f"    films {accuracy({k: v.detach() for k, v in w.items()}, c, *PROBE):.1f}", end="")
            print(f"  pre-training step {step}: masked words {loss_m.item():.3f}, products {loss_c.item():.3f} ({time.time() - t0:.0f} s)", flush=True)
    return {n: x.detach() for n, x in w.items() if n != "mlm.bias"}


# ------------------------------------------------------------------------------------------------------------------ files

def write_safetensors(path, w):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for n, x in w.items():
        size = x.numel() * 4
        header[n] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for x in w.values(): f.write(x.contiguous().numpy().astype("<f4").tobytes())


def read_safetensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    return {k: torch.from_numpy(np.frombuffer(data, "<f4", (v["data_offsets"][1] - v["data_offsets"][0]) // 4, 8 + n + v["data_offsets"][0]).reshape(v["shape"]).copy())
            for k, v in header.items() if k != "__metadata__"}


LABELS = ["negative", "positive"]


def read_tsv(path):
    rows = [l.rstrip("\n").split("\t") for l in open(path)]
    return [r[1] for r in rows], torch.tensor([LABELS.index(r[0]) for r in rows])


def accuracy(w, c, ids, labels, quantized=True, weights_ready=False):
    with torch.no_grad():
        return (forward(w, c, ids, quantized, weights_ready)[1].argmax(-1) == labels).float().mean().item() * 100


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--check", action="store_true")
    a.add_argument("--out", default=HERE)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--steps", type=int, default=6000)
    a.add_argument("--batch", type=int, default=64)
    a.add_argument("--corpus", type=int, default=40000)
    a.add_argument("--lr", type=float, default=3e-3)
    a.add_argument("--decay", type=float, default=0.05)
    a.add_argument("--mask", type=float, default=0.15)
    a.add_argument("--noise", type=float, default=16.0)
    a.add_argument("--clip", type=float, default=2.0)
    a.add_argument("--smooth", type=float, default=0.1)
    a.add_argument("--weight", type=float, default=1.0)
    a.add_argument("--simple", type=float, default=0.4)
    a.add_argument("--tie", type=float, default=0.1)
    a.add_argument("--shared", type=float, default=0.0)
    a.add_argument("--lists", type=float, default=0.5)
    a.add_argument("--hidden", type=int, default=CONFIG["hidden_size"])
    a.add_argument("--layers", type=int, default=CONFIG["num_hidden_layers"])
    a.add_argument("--inter", type=int, default=CONFIG["intermediate_size"])
    args = a.parse_args()
    os.makedirs(args.out, exist_ok=True)
    path = lambda n: os.path.join(args.out, n)
    vocab = vocabulary()
    c = dict(CONFIG, vocab_size=len(vocab), hidden_size=args.hidden, num_hidden_layers=args.layers, intermediate_size=args.inter)
    train, validation = data_sets()
    for name, rows in (("films-train.tsv", train), ("films-validation.tsv", validation)):
        open(path(name), "w").write("".join(f"{LABELS[y]}\t{t}\n" for y, t in rows))
    open(path("vocab.txt"), "w").write("\n".join(vocab) + "\n")
    global PROBE
    PROBE = (encode([t for _, t in validation], vocab, c["max_position_embeddings"]), torch.tensor([y for y, _ in validation]))
    w = pretrain(c, vocab, args)
    json.dump(c, open(path("config.json"), "w"), indent=2); open(path("config.json"), "a").write("\n")
    write_safetensors(path("model.safetensors"), w)
    texts, labels = read_tsv(path("films-validation.tsv"))
    ids = encode(texts, vocab, c["max_position_embeddings"])
    g = Grammar(99)
    ptexts = [g.sentence("product", i % 2) for i in range(1000)]
    pids = encode(ptexts, vocab, c["max_position_embeddings"])
    print("untuned films", accuracy(w, c, ids, labels), "products", accuracy(w, c, pids, torch.arange(1000) % 2), "vocab", len(vocab),
          "linear weights", sum(w[n + ".weight"].numel() for n in block_weights(c)) + w["classifier.weight"].numel())


if __name__ == "__main__":
    main()
