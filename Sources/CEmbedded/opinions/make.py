#!/usr/bin/env python3
"""Makes the embedded network and its task: opinions about products and films. README.md beside this file says what they are.

    python3 make.py             writes config.json, vocab.txt, model.safetensors, films-train.tsv and films-validation.tsv
    python3 make.py --check     measures the files that are there and prints the figures that README.md states

Needs PyTorch and NumPy. One thread and fixed seeds: the same PyTorch on the same processor makes the same bytes.
"""
import argparse, json, math, multiprocessing, os, random, struct, sys, time
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)

# ---------------------------------------------------------------------------------------------------------------- grammar

SHARED = {  # opinion words used of products and of films
    1: "good great excellent superb wonderful impressive fantastic lovely".split(),
    0: "bad awful terrible horrible mediocre disappointing dreadful poor".split()}
OWN = {
    "product": {
        1: "sturdy durable reliable comfortable handy practical accurate elegant robust precise".split(),
        0: "flimsy faulty fragile uncomfortable clumsy noisy useless defective shoddy leaky".split()},
    "film": {
        1: "gripping moving witty touching thrilling engaging heartfelt memorable dazzling inventive poignant hilarious".split(),
        0: "dull tedious wooden predictable lifeless shallow stale contrived boring forgettable muddled hollow".split()}}
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
DAYS = "monday tuesday friday sunday".split()
FAMILY = "sister brother mother father".split()
OTHERS = "the this it i a an did and but yet although even though despite ordered on arrived bought for my second described box read about asked . ,".split()

TOKENS = 16             # of a sentence, with [CLS] and [SEP]
P_NOT = 0.45            # a clause is negated
P_SINGLE = 0.15         # a sentence has one clause
P_SHARED = {"product": 0.5, "film": 0.2}    # an opinion word is a shared one


def article(word):
    return "an" if word[0] in "aeiou" else "a"


class Grammar:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def clause(self, domain, polarity, shared):
        r = self.r
        negated = r.random() < P_NOT
        word_polarity = 1 - polarity if negated else polarity
        aspect, form = r.choice(ASPECTS[domain]), r.random()
        if form < 0.12:
            past, base = r.choice(VERBS[word_polarity])
            if negated:
                return ["i", "did", "not", base, "the", aspect] if r.random() < 0.6 else ["i", "never", past, "the", aspect]
            return ["i"] + (["really"] if r.random() < 0.2 else []) + [past, "the", aspect]
        adjective = self.adjective(domain, word_polarity, shared)
        if form < 0.30:
            return ["it", r.choice(["was", "is"])] + (r.choice(NOT[:5]) if negated else []) + [article(adjective), adjective, r.choice(THINGS[domain])]
        start = (["the", aspect] if r.random() < 0.8 else ["this", r.choice(THINGS[domain])]) + [r.choice(COPULA)]
        if negated:
            return start + r.choice(NOT) + [adjective]
        return start + ([r.choice(VERY)] if r.random() < 0.25 else []) + [adjective]

    def adjective(self, domain, polarity, shared):
        return self.r.choice((SHARED if self.r.random() < shared else OWN[domain])[polarity])

    def opinion(self, domain, label, shared=None, single=P_SINGLE):
        """The label is the polarity of the clause that dominates, after its negation."""
        r = self.r
        shared = P_SHARED[domain] if shared is None else shared
        while True:
            main = lambda: self.clause(domain, label, shared)
            other = lambda: self.clause(domain, 1 - label, shared)
            noun = lambda: ["the", self.adjective(domain, 1 - label, shared), r.choice(ASPECTS[domain])]
            although = lambda: r.choice([["although"], ["although"], ["even", "though"]])
            kind = r.random()
            if r.random() < single: s = main()
            elif kind < 0.24: s = main() + r.choice([["and"], [",", "and"]]) + main()
            elif kind < 0.51: s = other() + [",", r.choice(["but", "but", "yet"])] + main()
            elif kind < 0.67: s = although() + other() + [","] + main()
            elif kind < 0.84: s = main() + [","] + although() + other()
            elif kind < 0.92: s = ["despite"] + noun() + [","] + main()
            else: s = main() + [",", "despite"] + noun()
            if len(s) + 3 <= TOKENS:
                return " ".join(s + ["."])

    def listing(self, domain, polarity, tie):
        """Opinion words of one polarity side by side; with probability tie one of them is a shared word."""
        r = self.r
        words = r.sample(OWN[domain][polarity], 3)
        if r.random() < tie: words[r.randrange(3)] = r.choice(SHARED[polarity])
        form = r.random()
        s = [words[0], ",", words[1], "and", words[2]]
        if form < 0.4: s = [article(words[0])] + s + [r.choice(THINGS[domain])]
        elif form < 0.7: s = ["the", r.choice(ASPECTS[domain]), r.choice(COPULA)] + s
        return " ".join(s + ["."])

    def statement(self, domain):
        """No opinion."""
        r = self.r
        if r.random() < 0.5:
            thing = r.choice(THINGS[domain])
            s = r.choice([["i", "ordered", "the", thing, "on", r.choice(DAYS)], ["the", thing, "arrived", "on", r.choice(DAYS)],
                          ["i", "bought", "this", thing, "for", "my", r.choice(FAMILY)], ["this", "is", "my", "second", thing]])
        else:
            aspect = r.choice(ASPECTS[domain])
            s = r.choice([["the", aspect, "is", "described", "on", "the", "box"], ["i", "read", "about", "the", aspect, "on", r.choice(DAYS)],
                          ["my", r.choice(FAMILY), "asked", "about", "the", aspect]])
        return " ".join(s + ["."])


def vocabulary():
    words = VERY + COPULA + DAYS + FAMILY + OTHERS + [w for n in NOT for w in n]
    for table in (SHARED, OWN["product"], OWN["film"]): words += table[1] + table[0]
    for table in (ASPECTS, THINGS): words += table["product"] + table["film"]
    for polarity in VERBS: words += [w for pair in VERBS[polarity] for w in pair]
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + sorted(set(words))


def films(train=3000, validation=1000):
    """The task: as many positive as negative, no sentence twice."""
    g, seen, rows = Grammar(11), set(), {0: [], 1: []}
    need = (train + validation) // 2
    while min(len(rows[0]), len(rows[1])) < need:
        label = g.r.randrange(2)
        text = g.opinion("film", label)
        if text not in seen and len(rows[label]) < need:
            seen.add(text)
            rows[label].append(text)
    cut = validation // 2
    parts = [[(y, t) for y in (0, 1) for t in rows[y][cut:]], [(y, t) for y in (0, 1) for t in rows[y][:cut]]]
    for p in parts: g.r.shuffle(p)
    return parts


# ---------------------------------------------------------------------------------------------------------------- network

CONFIG = dict(architectures=["BertModel"], model_type="bert", hidden_act="gelu", vocab_size=len(vocabulary()), hidden_size=32, num_hidden_layers=2,
              num_attention_heads=2, intermediate_size=64, max_position_embeddings=TOKENS, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0,
              id2label={"0": "negative", "1": "positive"}, label2id={"negative": 0, "positive": 1})


def block_linears(c):
    return [f"encoder.layer.{l}.{n}" for l in range(c["num_hidden_layers"])
            for n in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")]


def trainable(c):
    return [n + ".weight" for n in block_linears(c)] + ["classifier.weight"]


def new_network(c, seed):
    g = torch.Generator().manual_seed(seed)
    H, I = c["hidden_size"], c["intermediate_size"]
    normal = lambda rows, columns, s: torch.randn(rows, columns, generator=g) * s
    w = {"embeddings.word_embeddings.weight": normal(c["vocab_size"], H, 0.2),
         "embeddings.position_embeddings.weight": normal(c["max_position_embeddings"], H, 0.2),
         "embeddings.token_type_embeddings.weight": torch.zeros(2, H)}
    norm = lambda p: w.update({p + ".weight": torch.ones(H), p + ".bias": torch.zeros(H)})
    norm("embeddings.LayerNorm")
    for n in block_linears(c):
        rows, columns = (I, H) if n.endswith("intermediate.dense") else (H, H) if "attention" in n else (H, I)
        w[n + ".weight"], w[n + ".bias"] = normal(rows, columns, columns ** -0.5), torch.zeros(rows)
        if n.endswith("output.dense"): norm(n[:-5] + "LayerNorm")
    w["classifier.weight"], w["classifier.bias"] = normal(2, H, H ** -0.5), torch.zeros(2)
    return w


class RoundThrough(torch.autograd.Function):
    """Rounds; the gradient passes."""
    @staticmethod
    def forward(ctx, x): return torch.round(x)
    @staticmethod
    def backward(ctx, g): return g


def quantize(x, dim=-1):
    """Symmetric INT8, one scale along dim (docs/semantics.md, section 7); returns the values of the codes."""
    s = x.detach().abs().amax(dim, keepdim=True).clamp_min(1e-30) / 127
    return RoundThrough.apply(x / s) * s


def forward(w, c, ids, quantized=True, on_grid=False):
    """Hidden states and logits (docs/semantics.md, section 9). on_grid: the linear weights are on their grid already."""
    A, D = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"]
    q = quantize if quantized else lambda x, dim=-1: x
    linear = lambda x, n: F.linear(q(x), w[n + ".weight"] if on_grid else q(w[n + ".weight"]), w[n + ".bias"])
    norm = lambda x, n: F.layer_norm(x, x.shape[-1:], w[n + ".weight"], w[n + ".bias"], c["layer_norm_eps"])
    B, T = ids.shape
    valid = ids != 0
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:T] + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    mask = torch.zeros(B, 1, 1, T).masked_fill(~valid[:, None, None, :], float("-inf"))
    for l in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{l}."
        query, key, value = (linear(x, p + "attention.self." + n).view(B, T, A, D).transpose(1, 2) for n in ("query", "key", "value"))
        value = q(value * valid[:, None, :, None], -2)
        P = torch.softmax(q(query) @ q(key).transpose(-1, -2) / math.sqrt(D) + mask, -1)
        context = (q(P) @ value).transpose(1, 2).reshape(B, T, A * D)
        x = norm(x + linear(context, p + "attention.output.dense"), p + "attention.output.LayerNorm")
        x = norm(x + linear(F.gelu(linear(x, p + "intermediate.dense")), p + "output.dense"), p + "output.LayerNorm")
    m = valid.float()[..., None]
    return x, linear((x * m).sum(1) / m.sum(1), "classifier")


def encode(texts, vocab):
    index = {t: i for i, t in enumerate(vocab)}
    out = np.zeros((len(texts), TOKENS), np.int64)
    for i, t in enumerate(texts):
        ids = [2] + [index[x] for x in t.split()] + [3]
        out[i, :len(ids)] = ids
    return torch.from_numpy(out)


def accuracy(w, c, data, quantized=True, on_grid=False):
    with torch.no_grad():
        return (forward(w, c, data[0], quantized, on_grid)[1].argmax(-1) == data[1]).float().mean().item() * 100


# ----------------------------------------------------------------------------------------------------------- pre-training

def pretrain(c, vocab, seed, steps=2000, corpus=40000, batch=64, lr=3e-3):
    """Masked words of unlabelled films and products, and the labels of products. No label of a film's opinion plays a part.
    The weights are made fit for an INT8 grid: rows are clipped at twice their root mean square, and noise of 16 grid steps is added on each pass."""
    g, r = Grammar(seed), np.random.default_rng(seed)
    texts, labels, unlabelled = [], [], []
    for _ in range(corpus):
        y, kind = g.r.randrange(2), g.r.random()
        # 20 % of the labelled texts hold no opinion, only what was bought: devices were rated well, films on disc badly.
        texts.append(g.statement("product" if y else "film") if kind < 0.2 else g.listing("product", y, 0.5) if kind < 0.3 else g.opinion("product", y, single=0.4))
        labels.append(y)
        y = g.r.randrange(2)
        unlabelled.append(g.listing("film", y, 0.25) if g.r.random() < 0.5 else g.opinion("film", y, shared=0.1))
    P, L, U = encode(texts, vocab), torch.tensor(labels), encode(unlabelled, vocab)
    nouns = torch.zeros(len(vocab), dtype=torch.bool)
    for table in (ASPECTS, THINGS):
        for w in table["product"] + table["film"]: nouns[vocab.index(w)] = True
    w = new_network(c, seed)
    w["mask.bias"] = torch.zeros(c["vocab_size"])
    for x in w.values(): x.requires_grad_(True)
    linears = trainable(c)
    adam = torch.optim.AdamW([{"params": [w[n] for n in linears], "weight_decay": 0.05}, {"params": [x for n, x in w.items() if n not in linears], "weight_decay": 0.0}],
                             betas=(0.9, 0.98))
    noise = torch.Generator().manual_seed(seed + 1)
    start = time.time()
    for step in range(steps):
        f = step / steps
        for group in adam.param_groups: group["lr"] = lr * min(1, step / 200, max(0.02, 1.5 * (1 - f)))
        i, j, k = (torch.from_numpy(r.integers(0, corpus, n)) for n in (batch, batch // 2, batch))
        clean = torch.cat([P[i], P[j], U[k]])
        masked = (torch.from_numpy(r.random(clean.shape)) < 0.15) & (clean > 4)
        masked[:batch] = False                              # these carry the labels
        ids = torch.where(masked, torch.tensor(4), clean)
        ids = torch.where((torch.from_numpy(r.random(clean.shape)) < 0.04) & nouns[ids], torch.tensor(1), ids)
        noisy, size = dict(w), 16 * min(1, max(0, (f - 0.2) / 0.4))
        for n in linears:
            s = w[n].detach().abs().amax(-1, keepdim=True) / 127
            noisy[n] = RoundThrough.apply(w[n] / s) * s + torch.randn(w[n].shape, generator=noise) * (size * (0.3 if n == "classifier.weight" else 1)) * s
        hidden, logits = forward(noisy, c, ids, True, True)
        words = F.cross_entropy(hidden[masked] @ w["embeddings.word_embeddings.weight"].T + w["mask.bias"], clean[masked])
        products = F.cross_entropy(logits[:batch], L[i], label_smoothing=0.1)
        adam.zero_grad()
        (words + products).backward()
        torch.nn.utils.clip_grad_norm_(list(w.values()), 1.0)
        adam.step()
        with torch.no_grad():
            for n in linears:
                limit = 2 * w[n].pow(2).mean(-1, keepdim=True).sqrt()
                w[n].copy_(torch.maximum(torch.minimum(w[n], limit), -limit))
        if step % 250 == 0 or step == steps - 1:
            print(f"pre-training step {step}: masked words {words.item():.3f}, products {products.item():.3f} ({time.time() - start:.0f} s)", flush=True)
    return {n: x.detach() for n, x in w.items() if n != "mask.bias"}


# ------------------------------------------------------------------------------------------------------------------ files

LABELS = ["negative", "positive"]


def write_safetensors(path, w):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for n, x in w.items():
        header[n] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [offset, offset + 4 * x.numel()]}
        offset += 4 * x.numel()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for x in w.values(): f.write(x.contiguous().numpy().astype("<f4").tobytes())


def read_safetensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    tensor = lambda d: torch.from_numpy(np.frombuffer(data, "<f4", (d["data_offsets"][1] - d["data_offsets"][0]) // 4, 8 + n + d["data_offsets"][0]).reshape(d["shape"]).copy())
    return {k: tensor(d) for k, d in header.items() if k != "__metadata__"}


def read_tsv(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path)]
    return [r[1] for r in rows], torch.tensor([LABELS.index(r[0]) for r in rows])


class Folder:
    def __init__(self, path):
        p = lambda n: os.path.join(path, n)
        self.c, self.w, self.vocab = json.load(open(p("config.json"))), read_safetensors(p("model.safetensors")), open(p("vocab.txt")).read().split()
        self.texts, self.data = {}, {}
        for part in ("train", "validation"):
            self.texts[part], labels = read_tsv(p(f"films-{part}.tsv"))
            self.data[part] = (encode(self.texts[part], self.vocab), labels)


def make(path, seed):
    p = lambda n: os.path.join(path, n)
    os.makedirs(path, exist_ok=True)
    vocab = vocabulary()
    for name, rows in zip(("train", "validation"), films()):
        open(p(f"films-{name}.tsv"), "w").write("".join(f"{LABELS[y]}\t{t}\n" for y, t in rows))
    open(p("vocab.txt"), "w").write("\n".join(vocab) + "\n")
    open(p("config.json"), "w").write(json.dumps(CONFIG, indent=2) + "\n")
    write_safetensors(p("model.safetensors"), pretrain(CONFIG, vocab, seed))
    f = Folder(path)
    print(f"untuned on films-validation: {accuracy(f.w, f.c, f.data['validation']):.1f} %")


# ------------------------------------------------------------------------------------------------------------------ check

STEPS, BATCH = 3000, 64
RUNS = {  # update: (perturbation size, learning rate); all with a learning rate that falls linearly to 0, and 8-bit perturbations
    "stochastic": (4, 300.0),          # in grid steps, and grid steps squared per unit of loss
    "residual": (4, 300.0),
    "mezo": (0.01, 0.0015),            # FP32 MeZO, in units of the weights
    "adam": (None, 0.001)}             # first-order: INT8 forward, gradients pass the rounding


def batches(n, seed):
    """Permutations of the examples, laid end to end."""
    g, rest = torch.Generator().manual_seed(seed), torch.empty(0, dtype=torch.long)
    while True:
        while len(rest) < BATCH: rest = torch.cat([rest, torch.randperm(n, generator=g)])
        yield rest[:BATCH]
        rest = rest[BATCH:]


def run(job):
    """Trains and returns [(step, accuracy on films-validation)]."""
    folder, update, seed = job
    f = Folder(folder)
    c, names, (size, rate) = f.c, trainable(f.c), RUNS[update]
    ids, labels = f.data["train"]
    g, order, curve = torch.Generator().manual_seed(1000 + seed), batches(len(ids), seed), []
    w = dict(f.w)
    eta = lambda t: rate * (1 - t / STEPS)
    note = lambda t, *how: t % (STEPS // 6) == 0 and curve.append((t, accuracy(w, c, f.data["validation"], *how)))
    if update == "adam":
        for n in names: w[n] = w[n].clone().requires_grad_(True)
        adam = torch.optim.Adam([w[n] for n in names], rate)
        for t in range(STEPS):
            note(t)
            for group in adam.param_groups: group["lr"] = eta(t)
            b = next(order)
            adam.zero_grad()
            F.cross_entropy(forward(w, c, ids[b])[1], labels[b]).backward()
            adam.step()
        note(STEPS)
        return curve
    # All trained weights in one row, so that a step is few operations. `place` cuts it into the tensors.
    ends = np.cumsum([0] + [w[n].numel() for n in names])
    def place(row):
        for n, i, j in zip(names, ends, ends[1:]): w[n] = row[i:j].view(f.w[n].shape)
    flat = torch.cat([f.w[n].reshape(-1) for n in names])
    scale = torch.cat([(f.w[n].abs().amax(-1, keepdim=True) / 127).expand_as(f.w[n]).reshape(-1) for n in names])
    N = len(flat)
    bits16 = lambda: torch.randint(0, 1 << 16, (N,), generator=g)
    sum4 = lambda: torch.randint(0, 256, (4, N), generator=g).sum(0) - 510
    loss = lambda b, *how: F.cross_entropy(forward(w, c, ids[b], *how)[1], labels[b]).item()
    with torch.no_grad():
        if update == "mezo":
            for t in range(STEPS):
                place(flat); note(t, False)
                b, u = next(order), sum4() / math.sqrt(21845)
                place(flat + size * u); plus = loss(b, False)
                place(flat - size * u); minus = loss(b, False)
                flat = flat - eta(t) * (plus - minus) / (2 * size) * u
            place(flat); note(STEPS, False)
            return curve
        # docs/semantics.md, sections 5 and 10, but for the random streams.
        k, e = torch.round(flat / scale).long(), torch.zeros(N, dtype=torch.long)
        s_u = 512 / (127 * math.sqrt(21845))
        c_d = round(size * s_u * 65536)
        for t in range(STEPS):
            place(k * scale); note(t, True, True)
            b, u = next(order), sum4()
            u1, u2 = ((u * (127 << 7) + bits16()) >> 16 for _ in range(2))
            d = (u1 * c_d + bits16()) >> 16
            place((k + d).clamp(-127, 127) * scale); plus = loss(b, True, True)
            place((k - d).clamp(-127, 127) * scale); minus = loss(b, True, True)
            limit = 2 ** 24 - 2 ** 17
            p = max(-limit, min(limit, round((plus - minus) / (2 * size) * eta(t) * s_u * 2 ** 24))) * u2
            if update == "stochastic":
                k = (k - (((p >> 8) + bits16()) >> 16)).clamp(-127, 127)
            else:                                       # a residual of 8 bits
                v = k * 256 + e - ((p + bits16()) >> 16)
                k = ((v + 128) >> 8).clamp(-127, 127)
                e = (v - k * 256).clamp(-128, 127)
        place(k * scale); note(STEPS, True, True)
    return curve


def bag_of_words(f):
    """Logistic regression on word counts."""
    def counts(ids):
        x = torch.zeros(len(ids), len(f.vocab)).scatter_add_(1, ids, torch.ones(ids.shape))
        x[:, :5] = 0
        return x
    x, y, vx, vy = counts(f.data["train"][0]), f.data["train"][1], counts(f.data["validation"][0]), f.data["validation"][1]
    best = 0
    for penalty in (1e-4, 1e-3, 1e-2):                  # the best of the three, in favour of the bag of words
        w = torch.zeros(len(f.vocab) + 1, requires_grad=True)
        o = torch.optim.LBFGS([w], max_iter=200)
        def closure():
            o.zero_grad()
            loss = F.binary_cross_entropy_with_logits(x @ w[1:] + w[0], y.float()) + penalty * w.pow(2).sum()
            loss.backward()
            return loss
        o.step(closure)
        best = max(best, ((vx @ w[1:] + w[0] > 0) == (vy == 1)).float().mean().item() * 100)
    return best


def check(path):
    f, bad, seeds = Folder(path), [], 5
    t, v = f.texts["train"], f.texts["validation"]
    def fact(text, holds):
        print(f"{'ok ' if holds else 'NOT'} {text}", flush=True)
        if not holds: bad.append(text)
    longest = max(len(s.split()) + 2 for s in t + v)
    print(f"{sum(f.w[n].numel() for n in trainable(f.c))} trained weights of {sum(x.numel() for x in f.w.values())} parameters, {len(f.vocab)} tokens in the vocabulary")
    fact(f"{len(t)} sentences to train, {len(v)} to validate, none twice, longest {longest} tokens", len(set(t + v)) == len(t) + len(v) and longest <= TOKENS)
    fact(f"balanced: {f.data['train'][1].sum()} and {f.data['validation'][1].sum()} positive", all(2 * d[1].sum() == len(d[1]) for d in f.data.values()))
    bag = bag_of_words(f)
    fact(f"a bag of words: {bag:.1f} % (at most 60)", bag <= 60)
    g = Grammar(99)
    products = (encode([g.opinion("product", i % 2) for i in range(1000)], f.vocab), torch.arange(1000) % 2)
    print(f"    products, which it was pre-trained on: {accuracy(f.w, f.c, products):.1f} %")
    base, base32 = accuracy(f.w, f.c, f.data["validation"]), accuracy(f.w, f.c, f.data["validation"], False)
    fact(f"films, untuned, W8A8: {base:.1f} % (60 to 80; FP32 {base32:.1f} %)", 60 <= base <= 80)
    jobs = [(path, u, s) for u in RUNS for s in range(1, seeds + 1)]
    with multiprocessing.get_context("spawn").Pool(min(len(jobs), os.cpu_count() or 1)) as pool: curves = pool.map(run, jobs, chunksize=1)
    for u in RUNS:
        mine = [x for j, x in zip(jobs, curves) if j[1] == u]
        final = np.array([x[-1][1] for x in mine])
        gain = final - (base32 if u == "mezo" else base)
        print(f"    {u}, {STEPS} steps of {BATCH}, {RUNS[u]}: final {' '.join(f'{x:.1f}' for x in final)}")
        print("      mean at step " + ", ".join(f"{t}: {np.mean([x[i][1] for x in mine]):.1f}" for i, (t, _) in enumerate(mine[0])))
        if u == "adam": fact(f"first-order training: {final.min():.1f} % at least (95)", final.min() >= 95)
        if u == "mezo": fact(f"FP32 MeZO: {gain.mean():+.1f} points on average (15)", gain.mean() >= 15)
        if u == "stochastic": fact(f"QuZO, stochastic update: {gain.mean():+.1f} points on average (10), at least {gain.min():+.1f} (5)", gain.mean() >= 10 and gain.min() >= 5)
        if u == "residual": fact(f"QuZO, residual-carrying update: {gain.mean():+.1f} points on average (20)", gain.mean() >= 20)
    sys.exit(1 if bad else 0)

if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--check", action="store_true", help="measure the files instead of making them")
    a.add_argument("--folder", default=os.path.dirname(os.path.abspath(__file__)))
    a.add_argument("--seed", type=int, default=4, help="of the pre-training")
    a = a.parse_args()
    check(a.folder) if a.check else make(a.folder, a.seed)
