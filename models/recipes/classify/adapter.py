"""Train the adapter of `classify`. Needs the `train` extra.

    PYTHONPATH=. python models/recipes/classify/adapter.py    # half an hour on one core

A LoRA on all-MiniLM-L6-v2 that moves texts of one label together and apart from those of similar labels
(supervised contrastive loss, Khosla et al. 2020), label names among them. A step plays a label set: the
labels of a few domains, so that near misses meet, some ways to say each, and their names. A second term keeps
similarities near those of the base. Texts: `intents.txt` and `requests.txt`; `corpus.txt` and `held_out.txt`
are never trained on and measure how well it carries over. The average of the later weights is written as
GGUF.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from texts import HERE, Sentence, any_choice, by_label, first_choice, read_texts
from tokenizers import BertWordPieceTokenizer
from torch import nn
from transformers import BertConfig, BertModel

from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.classify.scoring import Examples, ItemScores, Texts, score

sys.path.insert(0, str(HERE.parent))

import lora_file

RANK = 16
ALPHA = 16.0
TRAINED_ON = ("intents.txt", "requests.txt")
TEMPERATURE = 0.06
LONGEST = 64  # tokens of a text in training


class Lora(nn.Module):
    """A frozen linear layer with a low-rank change."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.randn(RANK, base.in_features) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, RANK))
        self.scale = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        whole = self.base(x)
        if not self.scale:
            return whole
        return whole + (x @ self.a.T @ self.b.T) * (ALPHA / RANK * self.scale)


class Encoder:
    """all-MiniLM-L6-v2 with mean pooling and an adapter."""

    def __init__(self, folder: Path, device: str) -> None:
        config = BertConfig(
            vocab_size=30522,
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1,
        )
        self.model = BertModel(config, add_pooling_layer=False)
        weights = {
            name: w for name, w in load_file(folder / "model.safetensors").items() if "pooler" not in name
        }
        missing, _ = self.model.load_state_dict(weights, strict=False)
        assert not missing, missing
        self.tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.enable_padding()
        self.device = device
        self.loras: dict[str, Lora] = {}
        self.model.requires_grad_(False)
        for number, layer in enumerate(self.model.encoder.layer):
            for path in lora_file.MATRICES:
                owner = layer.get_submodule(path.rpartition(".")[0])
                lora = Lora(owner.get_submodule(path.rpartition(".")[2]))
                setattr(owner, path.rpartition(".")[2], lora)
                self.loras[lora_file.matrix_name(number, path)] = lora
        self.model.to(device)

    def parameters(self) -> list[nn.Parameter]:
        return [parameter for lora in self.loras.values() for parameter in (lora.a, lora.b)]

    def scaled(self, scale: float) -> None:
        for lora in self.loras.values():
            lora.scale = scale

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors, shape (texts, dim)."""
        read = self.tokenizer.encode_batch(list(texts))
        tokens = torch.tensor([text.ids for text in read], device=self.device)
        seen = torch.tensor([text.attention_mask for text in read], device=self.device)
        with torch.autocast(self.device, dtype=torch.bfloat16):
            hidden = self.model(input_ids=tokens, attention_mask=seen).last_hidden_state.float()
        mask = seen.unsqueeze(-1)
        return nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        self.model.eval()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        out = np.zeros((len(texts), 384), np.float32)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            out[part] = self.embed([texts[index] for index in part]).cpu().numpy()
        return out


# What is played

OPENERS = ("hi, ", "hello ", "hey, ", "please ", "quick question: ", "um ", "so ", "ok ", "sorry, ", "well ")
CLOSERS = (" please", " thanks", ", thank you", "?", ".", "!", " asap", " now", ", any idea?", " for me")


def spoken(text: str, rng: random.Random) -> str:
    """One of the choices, as people write: small letters, no stops, an opener or a closer now and then."""
    text = any_choice(text, rng)
    if rng.random() < 0.15:
        text = rng.choice(OPENERS) + text
    if rng.random() < 0.2:
        text += rng.choice(CLOSERS)
    if rng.random() < 0.2:
        text = re.sub(r"[.,?!:;]", "", text)
    if rng.random() < 0.3:
        text = text[:1].upper() + text[1:]
    words = text.split()
    if rng.random() < 0.1 and len(words) > 4:
        words.pop(rng.randrange(len(words)))
    return " ".join(words)


def draw(
    labels: dict[str, list[Sentence]], rng: random.Random, size: int, ways: int
) -> tuple[list[str], list[int]]:
    """Texts of a step and the number of the label of each."""
    domains: dict[str, list[str]] = {}
    for key in labels:
        domains.setdefault(key.split("/")[0], []).append(key)
    if rng.random() < 0.25:
        chosen = rng.sample(list(labels), min(size, len(labels)))
    else:
        some = rng.sample(list(domains), min(len(domains), rng.choice((1, 2, 2, 3, 4))))
        pool = [key for domain in some for key in domains[domain]]
        chosen = rng.sample(pool, min(size, len(pool)))
    texts, column = [], []
    ways = ways * size // len(chosen)  # few labels: more of each
    for number, key in enumerate(chosen):
        said = rng.sample(labels[key], min(ways, len(labels[key])))
        texts += [spoken(sentence.text, rng) for sentence in said]
        column += [number] * len(said)
        if rng.random() < 0.25:
            texts.append(spaced_name(key.split("/")[1]))
            column.append(number)
    return texts, column


def contrast(vectors: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
    """Supervised contrastive loss."""
    itself = torch.eye(len(column), dtype=torch.bool, device=vectors.device)
    logits = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -1e9)
    same = (column[:, None] == column[None, :]) & ~itself
    chance = logits - torch.logsumexp(logits, dim=1, keepdim=True)
    return -(chance * same).sum(1).div(same.sum(1).clamp(min=1)).mean()


# How well it carries over


class Trial:
    """Label sets of domains that were not trained on: accuracy with examples and with names alone."""

    def __init__(self, sentences: Sequence[Sentence], shots: int, draws: int = 2) -> None:
        self.shots, self.draws = shots, draws
        self.labels = by_label(list(sentences))
        self.texts = [first_choice(s.text) for group in self.labels.values() for s in group]
        self.names = [spaced_name(key.split("/")[1]) for key in self.labels]
        self.column = np.repeat(np.arange(len(self.labels)), [len(g) for g in self.labels.values()])
        self.domain = np.array([key.split("/")[0] for key in self.labels])

    def run(self, vectors: np.ndarray) -> dict[str, float]:
        """`vectors` of `texts` and `names`."""
        items, names = vectors[: len(self.texts)], vectors[len(self.texts) :]
        figures: dict[str, list[float]] = {"all": [], "domain": [], "names": [], "outside": []}
        every = np.arange(len(self.labels))
        sets = [every[self.domain == domain] for domain in dict.fromkeys(self.domain)]
        for seed in range(self.draws):
            figures["all"].append(self._accuracy(items, names, every, seed))
            figures["domain"].append(
                float(np.mean([self._accuracy(items, names, chosen, seed) for chosen in sets]))
            )
            figures["outside"].append(self._outside(items, names, seed))
        figures["names"] = [float(np.mean([self._names(items, names, chosen) for chosen in sets]))]
        figures["names all"] = [self._names(items, names, every)]
        return {name: round(float(np.mean(values)), 4) for name, values in figures.items()}

    def _split(self, chosen: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        known, asked = [], []
        for label in chosen:
            rows = rng.permutation(np.flatnonzero(self.column == label))
            known += rows[: self.shots].tolist()
            asked += rows[self.shots :].tolist()
        return np.array(known), np.array(asked)

    def _scores(
        self, items: np.ndarray, names: np.ndarray, chosen: np.ndarray, known: np.ndarray, asked: np.ndarray
    ) -> tuple[ItemScores, np.ndarray]:
        place = {int(label): index for index, label in enumerate(chosen)}
        examples = Examples(
            Texts([self.texts[i] for i in known], items[known]),
            np.array([place[int(self.column[i])] for i in known]),
        )
        return score(
            Texts([self.texts[i] for i in asked], items[asked]),
            Texts([self.names[i] for i in chosen], names[chosen]),
            examples,
        ), np.array([place.get(int(self.column[i]), -1) for i in asked])

    def _accuracy(self, items: np.ndarray, names: np.ndarray, chosen: np.ndarray, seed: int) -> float:
        scores, truth = self._scores(items, names, chosen, *self._split(chosen, seed))
        return float((scores.probabilities.argmax(1) == truth).mean())

    def _names(self, items: np.ndarray, names: np.ndarray, chosen: np.ndarray) -> float:
        rows = np.flatnonzero(np.isin(self.column, chosen))
        scores = score(
            Texts([self.texts[i] for i in rows], items[rows]),
            Texts([self.names[i] for i in chosen], names[chosen]),
            None,
        )
        return float((chosen[scores.probabilities.argmax(1)] == self.column[rows]).mean())

    def _outside(self, items: np.ndarray, names: np.ndarray, seed: int) -> float:
        """Share of items of absent labels below the score that 5% of the fitting ones fall below."""
        chosen = np.random.default_rng(seed).permutation(len(self.labels))[: len(self.labels) * 4 // 5]
        known, asked = self._split(chosen, seed)
        absent = np.flatnonzero(~np.isin(self.column, chosen))
        scores, truth = self._scores(items, names, chosen, known, np.concatenate([asked, absent]))
        return float((scores.support[truth < 0] < np.quantile(scores.support[truth >= 0], 0.05)).mean())


def write(encoder: Encoder, path: Path, weights: Iterable[torch.Tensor]) -> str:
    """The adapter as GGUF; returns its sha256."""
    names = (f"{name}.{part}" for name in encoder.loras for part in ("lora_a", "lora_b"))
    arrays = (weight.detach().cpu().numpy() for weight in weights)
    lora_file.write(path, ALPHA, zip(names, arrays, strict=True))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(encoder: Encoder, path: Path) -> None:
    """Go on from an adapter that `write` wrote."""
    tensors = lora_file.read(path)
    with torch.no_grad():
        for name, lora in encoder.loras.items():
            for part, parameter in (("lora_a", lora.a), ("lora_b", lora.b)):
                weight = torch.from_numpy(tensors[f"{name}.{part}"])
                parameter.copy_(weight.reshape(parameter.shape))


def main() -> None:
    args = _arguments()
    torch.manual_seed(args.seed)
    trials = {
        "corpus": Trial(read_texts(HERE / "corpus.txt"), shots=5),
        "held out": Trial(read_texts(HERE / "held_out.txt"), shots=5),
    }
    encoder = Encoder(args.base, args.device)
    if args.start:
        read(encoder, args.start)
    texts = [sentence for name in TRAINED_ON for sentence in read_texts(HERE / name)]
    average = train(encoder, by_label(texts), trials, args)
    with torch.no_grad():
        for mean, parameter in zip(average, encoder.parameters(), strict=True):
            parameter.copy_(mean)
    for scale in (0.35, 0.5, 0.7, 1.0):
        encoder.scaled(scale)
        tell(encoder, trials, {"averaged": True, "scale": scale})
    print(write(encoder, args.out, average))


def train(
    encoder: Encoder, labels: dict[str, list[Sentence]], trials: dict[str, Trial], args: argparse.Namespace
) -> list[torch.Tensor]:
    """The average of the weights over the second half."""
    rng = random.Random(args.seed)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=args.rate, weight_decay=0.01)
    warm = max(1, args.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / warm) * max(0.1, 1 - step / args.steps)
    )
    average = [torch.zeros_like(parameter) for parameter in encoder.parameters()]
    averaged, total, began = 0, 0.0, time.time()
    tell(encoder, trials, {"step": 0})
    for step in range(1, args.steps + 1):
        encoder.model.train()
        loss = step_loss(encoder, *draw(labels, rng, args.labels, args.ways), args.keep)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if step > args.steps // 2:
            averaged += 1
            average = [
                mean + (parameter.detach() - mean) / averaged
                for mean, parameter in zip(average, encoder.parameters(), strict=True)
            ]
        if step % args.every == 0:
            seconds = round(time.time() - began)
            tell(encoder, trials, {"step": step, "loss": round(total / args.every, 3), "s": seconds})
            write(encoder, args.out, average if averaged else encoder.parameters())
            total = 0.0
    return average


def step_loss(encoder: Encoder, texts: list[str], column: list[int], keep: float) -> torch.Tensor:
    vectors = encoder.embed(texts)
    loss = contrast(vectors, torch.tensor(column, device=encoder.device))
    if not keep:
        return loss
    encoder.scaled(0.0)
    with torch.no_grad():
        base = encoder.embed(texts)
    encoder.scaled(1.0)
    return loss + keep * ((vectors @ vectors.T - base @ base.T) ** 2).mean()


def tell(encoder: Encoder, trials: dict[str, Trial], about: dict[str, float]) -> None:
    for name, trial in trials.items():
        result = trial.run(encoder.vectors([*trial.texts, *trial.names]))
        print(json.dumps(about | {"on": name} | result), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="folder of model.safetensors and vocab.txt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="an adapter to go on from")
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--labels", type=int, default=24)
    parser.add_argument("--ways", type=int, default=3)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--keep", type=float, default=10.0, help="weight of staying near the base")
    parser.add_argument("--every", type=int, default=175, help="steps between two looks at other domains")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


if __name__ == "__main__":
    main()
