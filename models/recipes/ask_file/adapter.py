"""Train the joint encoder of `ask_file`: does this text answer this question? Needs the `train` extra.

    PYTHONPATH=. python models/recipes/ask_file/adapter.py --base DIR --pairs PAIRS --out DIR    # 45 minutes

Goes on from the reader's adapter (models/skills/reader): its three lower layers stay as they are, LoRA on
the upper three is trained further, with one vector over the first token that gives the log odds that the
text answers. A step sees some questions, each with a text that answers and others of the same file, and has
to choose among them and "none of these" (softmax; "none" has the score 0). Some sources are held out and
measure it, beside the reader's best span. Writes `adapter.gguf` and `head.json`, from the moving average of
the weights.

For the sake of two cores that others use too, each has a process of its own, which add up their gradients
after every step; tokens of all texts lie one behind the other without padding (but for attention); the last
layer is computed for the first token alone; and what the lower layers make of a text is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as together
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer
from torch import Tensor, nn
from torch.nn import functional
from written import unseen_by_the_judge

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lora_file

READER: Final = Path(__file__).resolve().parents[2] / "skills" / "reader"
BETWEEN: Final = " | "
ENCODER: Final = "all-minilm-l6-v2"
RANK: Final = 32
ALPHA: Final = 64
WIDTH: Final = 384
HEADS: Final = 12
LAYERS: Final = 6
FIRST_TRAINED: Final = 3
"""The first layer whose LoRA is trained."""
MAX_TOKENS: Final = 112
TEXTS: Final = 6
"""Of a group that one step sees."""
NOTHING: Final = 0.15
"""Share of the groups from which the texts that answer are taken away."""
WEIGHT: Final = {"asked": 4.0, "written": 3.0, "made": 0.5, "doc": 0.7, "heading": 0.7, "comment": 0.7}
"""How often a round has a group of a kind."""
AVERAGED: Final = 0.995
EVERY_MINUTES: Final = 10.0
HELD_OUT: Final = (
    "caddyserver+caddy",
    "elixir-plug+plug",
    "htop-dev+htop",
    "junegunn+fzf",
    "ocrmypdf+OCRmyPDF",
)
"""Repositories that measure; of the files of written questions a third does."""
Group = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Packed:
    """Texts one behind the other: token numbers of shape (tokens,), `place` of each in the padded batch."""

    ids: Tensor
    within: Tensor
    """The place of each token in its text."""
    place: Tensor
    lengths: Sequence[int]

    @property
    def starts(self) -> Tensor:
        """The number of each text's first token."""
        return torch.tensor([0, *np.cumsum(self.lengths)[:-1]])

    def mask(self) -> Tensor:
        """True at what is a token, shape (texts, 1, 1, longest)."""
        longest = max(self.lengths)
        return (torch.arange(longest)[None] < torch.tensor(self.lengths)[:, None])[:, None, None]


def packed(rows: Sequence[Sequence[int]]) -> Packed:
    longest = max(map(len, rows))
    within = torch.cat([torch.arange(len(row)) for row in rows])
    place = torch.cat([torch.arange(len(row)) + number * longest for number, row in enumerate(rows)])
    return Packed(torch.tensor([n for row in rows for n in row]), within, place, [len(row) for row in rows])


class LowRank(nn.Module):
    """A linear layer with its LoRA: added to its weights where it isn't trained, beside them where it is."""

    def __init__(self, weight: Tensor, bias: Tensor, a: Tensor, b: Tensor, *, trained: bool) -> None:
        super().__init__()
        self.trained = trained
        self.register_buffer("weight", weight if trained else weight + ALPHA / RANK * b @ a)
        self.register_buffer("bias", bias)
        self.a = nn.Parameter(a, requires_grad=trained)
        self.b = nn.Parameter(b, requires_grad=trained)

    def forward(self, x: Tensor) -> Tensor:
        out = functional.linear(x, self.weight, self.bias)
        if not self.trained:
            return out
        return out + ALPHA / RANK * functional.linear(functional.linear(x, self.a), self.b)


class Layer(nn.Module):
    """A layer of BERT on packed tokens."""

    def __init__(self, number: int, base: Mapping[str, Tensor], start: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        prefix = f"encoder.layer.{number}."
        self.parts: dict[str, LowRank] = {}
        for module in lora_file.MATRICES:
            name = lora_file.matrix_name(number, module)
            a, b = (torch.from_numpy(start[f"{name}.lora_{side}"].copy()) for side in "ab")
            weight, bias = base[f"{prefix}{module}.weight"], base[f"{prefix}{module}.bias"]
            part = LowRank(weight, bias, a, b, trained=number >= FIRST_TRAINED)
            self.add_module(module.replace(".", "_"), part)
            self.parts[module] = part
        for name in ("attention.output", "output"):
            for kind in ("weight", "bias"):
                key = f"{name}.LayerNorm.{kind}"
                self.register_buffer(key.replace(".", "_"), base[prefix + key])

    def forward(self, x: Tensor, batch: Packed, mask: Tensor, first_only: Tensor | None = None) -> Tensor:
        """Shape (tokens, WIDTH); with `first_only` (starts of the texts) of these tokens alone."""
        parts = self.parts
        asks = x if first_only is None else x[first_only]
        query = parts["attention.self.query"](asks)
        key, value = parts["attention.self.key"](x), parts["attention.self.value"](x)
        texts, longest = len(batch.lengths), max(batch.lengths)

        def padded(rows: Tensor) -> Tensor:
            room = rows.new_zeros(texts * longest, WIDTH).index_copy(0, batch.place, rows)
            return room.view(texts, longest, HEADS, -1).transpose(1, 2)

        asked = padded(query) if first_only is None else query.view(texts, 1, HEADS, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(asked, padded(key), padded(value), attn_mask=mask)
        seen = seen.transpose(1, 2).reshape(-1, WIDTH)
        if first_only is None:
            seen = seen[batch.place]
        x = self._norm("attention_output", parts["attention.output.dense"](seen) + asks)
        wide = functional.gelu(parts["intermediate.dense"](x))
        return self._norm("output", parts["output.dense"](wide) + x)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        weight, bias = (getattr(self, f"{name}_LayerNorm_{kind}") for kind in ("weight", "bias"))
        return functional.layer_norm(x, (WIDTH,), weight, bias, eps=1e-12)


class Joint(nn.Module):
    """The encoder with an adapter, and a vector over its first token."""

    def __init__(self, base: Path, folder: Path = READER) -> None:
        super().__init__()
        self.base = {k.removeprefix("bert."): v for k, v in load_file(base / "model.safetensors").items()}
        start = lora_file.read(folder / "adapter.gguf")
        self.layers = nn.ModuleList(Layer(number, self.base, start) for number in range(LAYERS))
        head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        self.span = (
            [torch.tensor(head[name]["weight"]) for name in ("start", "end")] if "start" in head else []
        )
        if self.span:  # the reader's score of "not in this text", turned round
            weight = [-(a + b) for a, b in zip(head["start"]["weight"], head["end"]["weight"], strict=True)]
            bias = -(head["start"]["bias"] + head["end"]["bias"])
        else:
            weight, bias = head["weight"], head["bias"]
        self.head = nn.Linear(WIDTH, 1)
        self.head.weight.data, self.head.bias.data = torch.tensor([weight]), torch.tensor([bias])

    @torch.no_grad()
    def lower(self, batch: Packed) -> Tensor:
        """What the layers that aren't trained make of the tokens, shape (tokens, WIDTH)."""
        words = self.base["embeddings.word_embeddings.weight"][batch.ids]
        places = self.base["embeddings.position_embeddings.weight"][batch.within]
        kind = self.base["embeddings.token_type_embeddings.weight"][0]
        scale, shift = (self.base[f"embeddings.LayerNorm.{name}"] for name in ("weight", "bias"))
        x = functional.layer_norm(words + places + kind, (WIDTH,), scale, shift, eps=1e-12)
        mask = batch.mask()
        for layer in self.layers[:FIRST_TRAINED]:
            x = layer(x, batch, mask)
        return x

    def upper(self, x: Tensor, batch: Packed) -> Tensor:
        """Log odds that each text answers its question, shape (texts,)."""
        mask = batch.mask()
        for layer in self.layers[FIRST_TRAINED:-1]:
            x = layer(x, batch, mask)
        return self.head(self.layers[-1](x, batch, mask, batch.starts))[:, 0]

    @torch.no_grad()
    def scores(self, batch: Packed) -> Tensor:
        return self.upper(self.lower(batch), batch)

    @torch.no_grad()
    def spans(self, batch: Packed, texts_from: Sequence[int]) -> Tensor:
        """The reader's best span of each text against "not in this text"; the text begins at that token."""
        x, mask = self.lower(batch), batch.mask()
        for layer in self.layers[FIRST_TRAINED:]:
            x = layer(x, batch, mask)
        start, end = (x @ weight for weight in self.span)
        found = []
        for first, length, by in zip(batch.starts.tolist(), batch.lengths, texts_from, strict=True):
            pair = start[first + by : first + length - 1, None] + end[None, first + by : first + length - 1]
            inside = torch.triu(torch.ones_like(pair)) * torch.tril(torch.ones_like(pair), 47) > 0
            best = pair[inside].max() if inside.any() else start.new_tensor(-20.0)
            found.append(best - start[first] - end[first])
        return torch.stack(found)


def read_groups(path: Path) -> tuple[list[Group], list[Group]]:
    """Groups to train on, and those of the sources that are held out."""
    groups = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    files = [group["source"] for group in groups if group["kind"] == "written"]
    held_out = {*unseen_by_the_judge(files), *HELD_OUT}
    seen = [group for group in groups if group["source"] not in held_out]
    return seen, [group for group in groups if group["source"] in held_out]


def drawn(group: Group, rng: random.Random) -> tuple[list[int], int]:
    """Numbers of texts of a group and the place of the one that answers; -1 if none does."""
    right = set(group["right"])
    wrong = [number for number in range(len(group["texts"])) if number not in right]
    if not wrong:
        return [rng.choice(sorted(right))], 0
    near = [*wrong[:2], *rng.sample(wrong[2:], min(TEXTS - 3, len(wrong) - 2))] if len(wrong) > 2 else wrong
    if not right or rng.random() < NOTHING:
        return near, -1
    return [rng.choice(sorted(right)), *near], 0


class Texts:
    """Pairs of question and text as token numbers, and what the lower layers made of some."""

    def __init__(self, base: Path, model: Joint) -> None:
        self.tokenizer = BertWordPieceTokenizer(str(base / "vocab.txt"), lowercase=True)
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.model = model
        self._kept: dict[tuple[str, str], Tensor] = {}

    def rows(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        found = self.tokenizer.encode_batch([question + BETWEEN + text for question, text in pairs])
        return [one.ids for one in found]

    def lower(self, pairs: Sequence[tuple[str, str]], keep: Sequence[bool]) -> tuple[Tensor, Packed]:
        rows = self.rows(pairs)
        missing = [n for n, pair in enumerate(pairs) if pair not in self._kept]
        made: dict[int, Tensor] = {}
        if missing:
            batch = packed([rows[n] for n in missing])
            for n, part in zip(missing, self.model.lower(batch).split(list(batch.lengths)), strict=True):
                made[n] = part
                if keep[n]:
                    self._kept[pairs[n]] = part.half()
        parts = [made[n] if n in made else self._kept[pair].float() for n, pair in enumerate(pairs)]
        return torch.cat(parts), packed(rows)


def endless(groups: Sequence[Group], size: int, seed: int) -> Iterator[list[tuple[Group, list[int], int]]]:
    """Steps of so many groups of about the same length, a round behind the other."""
    rng = random.Random(seed)
    while True:
        every = []
        for group in groups:
            weight = WEIGHT[group["kind"]]
            every += [group] * (int(weight) + (rng.random() < weight % 1))
        rng.shuffle(every)
        pools = [every[n : n + 8 * size] for n in range(0, len(every) - 8 * size, 8 * size)]
        for pool in pools:
            pool.sort(key=lambda group: max(map(len, group["texts"])))
            steps = [pool[n : n + size] for n in range(0, len(pool), size)]
            rng.shuffle(steps)
            for step in steps:
                yield [(group, *drawn(group, rng)) for group in step]


def loss_of(scores: Tensor, counts: Sequence[int], rights: Sequence[int]) -> Tensor:
    """Softmax over the texts of each question and "none of these"."""
    losses = []
    for part, right in zip(scores.split(list(counts)), rights, strict=True):
        with_none = torch.cat([part.new_zeros(1), part])
        losses.append(functional.cross_entropy(with_none[None], torch.tensor([right + 1])))
    return torch.stack(losses).mean()


def measure(texts: Texts, groups: Sequence[Group], *, spans: bool = False) -> dict[str, float]:
    """By kind: how often a text that answers comes first; over all: whether the first one answers (area)."""
    first: dict[str, list[bool]] = {}
    best, answers = [], []
    for group in groups:
        pairs = [(group["question"], text) for text in group["texts"]]
        batch = packed(texts.rows(pairs))
        if spans:
            by = len(texts.tokenizer.encode(group["question"] + BETWEEN).ids) - 1
            scores = texts.model.spans(batch, [by] * len(pairs))
        else:
            scores = texts.model.scores(batch)
        chosen = int(scores.argmax())
        if group["right"]:
            first.setdefault(group["kind"], []).append(chosen in group["right"])
        best.append(float(scores.max()))
        answers.append(chosen in group["right"])
    yes, no = np.array(best)[np.array(answers)], np.array(best)[~np.array(answers)]
    area = float((yes[:, None] > no[None]).mean()) if len(yes) and len(no) else 0.0
    shares = {kind: round(float(np.mean(hits)), 3) for kind, hits in sorted(first.items())}
    return shares | {"area": round(area, 3)}


def write(model: Joint, folder: Path) -> None:
    tensors = [
        (f"{lora_file.matrix_name(number, module)}.lora_{side}", getattr(part, side).detach().numpy())
        for number, layer in enumerate(model.layers)
        for module, part in layer.parts.items()
        for side in "ab"
    ]
    lora_file.write(folder / "adapter.gguf", ALPHA, tensors)
    head = {
        "encoder": ENCODER,
        "dimension": WIDTH,
        "adapter": hashlib.sha256((folder / "adapter.gguf").read_bytes()).hexdigest(),
        "weight": [round(float(w), 5) for w in model.head.weight[0]],
        "bias": round(float(model.head.bias[0]), 5),
    }
    (folder / "head.json").write_text(json.dumps(head) + "\n", encoding="utf-8")


def exchange(weights: Sequence[Tensor], others: Sequence[Tensor]) -> None:
    for weight, other in zip(weights, others, strict=True):
        weight.data, other.data = other.data, weight.data


def added_up(weights: Sequence[Tensor], workers: int) -> None:
    """Gives each worker the mean of all workers' gradients."""
    if workers > 1:
        flat = torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None])
        together.all_reduce(flat)
        parts = (flat / workers).split([weight.numel() for weight in weights])
        for weight, part in zip(weights, parts, strict=True):
            weight.grad = part.view_as(weight)


def share_of(began: float, args: argparse.Namespace) -> float:
    """How much of the time is over, by the first worker's clock."""
    share = torch.tensor([(time.monotonic() - began) / 60 / args.minutes])
    if args.workers > 1:
        together.broadcast(share, 0)
    return float(share)


def train(
    texts: Texts, seen: Sequence[Group], held_out: Sequence[Group], args: argparse.Namespace, worker: int
) -> None:
    model = texts.model
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    average = [weight.detach().clone() for weight in weights]
    optimizer = torch.optim.AdamW(weights, lr=args.rate, weight_decay=0.01)
    began, losses, tokens, written, share = time.monotonic(), [], 0, 0.0, 0.0
    for step, asked in enumerate(endless(seen, args.batch, args.seed + worker), 1):
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, step / 50) * max(0.02, 1 - share)
        pairs = [(group["question"], group["texts"][n]) for group, chosen, _ in asked for n in chosen]
        keep = [WEIGHT[group["kind"]] > 1 for group, chosen, _ in asked for _ in chosen]
        x, batch = texts.lower(pairs, keep)
        loss = loss_of(model.upper(x, batch), [len(c) for _, c, _ in asked], [r for *_, r in asked])
        optimizer.zero_grad()
        loss.backward()
        added_up(weights, args.workers)
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        kept = min(AVERAGED, step / (step + 20))
        for mean, now in zip(average, weights, strict=True):
            mean.lerp_(now.detach(), 1 - kept)
        losses.append(float(loss.detach()))
        tokens += len(batch.ids)
        share = share_of(began, args)
        minutes = share * args.minutes
        if step % 25 == 0 and worker == 0:
            speed, loss_now = tokens / minutes / 60, np.mean(losses[-100:])
            print(f"{step} loss {loss_now:.3f} {speed:.0f} tokens/s {minutes:.1f} min", flush=True)
        if worker == 0 and (minutes - written > EVERY_MINUTES or share >= 1):
            written = minutes
            exchange(weights, average)
            write(model, args.out / f"{minutes:02.0f}")
            if share >= 1:
                write(model, args.out)
                print("held out", measure(texts, held_out), flush=True)
            exchange(weights, average)
        if share >= 1:
            return


def work(worker: int, args: argparse.Namespace) -> None:
    """One process of the training; the first one measures and writes."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    if args.workers > 1:
        place = f"file://{args.out}/workers"
        together.init_process_group("gloo", place, rank=worker, world_size=args.workers)
    seen, held_out = read_groups(args.pairs)
    held_out = [group for group in held_out if WEIGHT[group["kind"]] > 1]
    small = random.Random(2).sample(held_out, min(args.measured, len(held_out)))
    texts = Texts(args.base, Joint(args.base, args.start))
    if worker == 0:
        print(f"{len(seen)} groups to train on, {len(held_out)} held out, {len(small)} measured", flush=True)
        if args.before and texts.model.span:
            print("the reader", measure(texts, small, spans=True), flush=True)
    train(texts, seen, small, args, worker)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True, help="folder of model.safetensors and vocab.txt")
    parser.add_argument("--pairs", type=Path, required=True, help="what pairs.py wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for adapter.gguf and head.json")
    parser.add_argument("--start", type=Path, default=READER, help="the adapter to go on from")
    parser.add_argument("--minutes", type=float, default=45.0)
    parser.add_argument("--batch", type=int, default=5, help="questions a step and worker")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--measured", type=int, default=200, help="groups held out that measure")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--before", action="store_true", help="measure the reader first")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "workers").unlink(missing_ok=True)
    if args.workers > 1:
        torch.multiprocessing.spawn(work, (args,), args.workers)
    else:
        work(0, args)


if __name__ == "__main__":
    main()
