"""Train the reader. Needs the `train` extra.

    PYTHONPATH=. python models/recipes/reader/train.py    # rounds of 40 minutes on one core

A LoRA adapter on all-MiniLM-L6-v2 that points at the words of a text that answer a question, or at the text's
start ([CLS]) where nothing does (as in SQuAD 2 readers). Two vectors, `start` and `end`, score the tokens; a
third, `yes`, decides which of yes and no the text says. Writes `adapter.gguf` and `head.json`, from the
moving average of the weights. A round continues from such a folder (`--start models/skills/reader`). A sixth
of the schemas is held out and measures it. The same seed, start and number of steps give the same weights.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict, set_peft_model_state_dict
from render import Example, Spec, examples, read_specs
from safetensors.torch import load_file
from torch import nn
from transformers import BertConfig, BertModel, BertTokenizerFast

from mcp_smalltools.tools.span_reader import BETWEEN, MAX_CHARS, MAX_TOKENS, PARTS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lora_file

ENCODER = "all-minilm-l6-v2"
RANK, ALPHA = 32, 64
LINEAR = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
HELD_OUT = 6
AVERAGED = 0.996
"""Of the moving average of the weights, which is what ships."""


class Reader(nn.Module):
    def __init__(self, base: Path) -> None:
        super().__init__()
        config = BertConfig(
            hidden_size=384, num_hidden_layers=6, intermediate_size=1536, num_attention_heads=12
        )
        encoder = BertModel(config, add_pooling_layer=False)
        missing = encoder.load_state_dict(load_file(base / "model.safetensors"), strict=False).missing_keys
        assert not [name for name in missing if "position_ids" not in name], missing
        self.encoder = get_peft_model(
            encoder, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=LINEAR, lora_dropout=0.0)
        )
        self.head = nn.Linear(384, 3)

    def forward(self, batch: Any) -> torch.Tensor:
        """Logits of shape (texts, tokens, 3): start, end, yes."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.encoder(**batch).last_hidden_state
        return self.head(hidden.float())


class Texts:
    """Batches of examples of about the same length."""

    def __init__(self, base: Path, specs: list[Spec], seed: int) -> None:
        self.tokenizer = BertTokenizerFast(vocab=str(base / "vocab.txt"), do_lower_case=True)
        self._source = examples(specs, random.Random(seed))

    def batches(self, size: int, pool: int = 40) -> Any:
        while True:
            drawn = sorted(
                (next(self._source) for _ in range(size * pool)), key=lambda e: len(e.text + e.question)
            )
            groups = [drawn[i : i + size] for i in range(0, len(drawn), size)]
            random.Random(len(drawn[0].text)).shuffle(groups)
            yield from map(self.encode, groups)

    def encode(self, group: list[Example]) -> tuple[Any, torch.Tensor, torch.Tensor]:
        """Tokens, places of start and end (0: not in the text), and yes (-1: not asked)."""
        if any(len(e.text) > MAX_CHARS for e in group):
            raise ValueError(f"a text is longer than the {MAX_CHARS} characters that are read at once")
        texts = [e.question + BETWEEN + e.text for e in group]
        batch = self.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = batch.pop("offset_mapping").numpy()
        places = np.zeros((len(group), 2), np.int64)
        for row, e in enumerate(group):
            if e.span is None:
                continue
            by = len(e.question) + len(BETWEEN)
            a, b = e.span[0] + by, e.span[1] + by
            inside = np.flatnonzero((offsets[row, :, 0] < b) & (offsets[row, :, 1] > a))
            if len(inside):
                places[row] = inside[0], inside[-1]
        yes = torch.tensor([-1.0 if e.yes is None else float(e.yes) for e in group])
        return batch, torch.from_numpy(places), yes


def loss_of(
    logits: torch.Tensor, mask: torch.Tensor, places: torch.Tensor, yes: torch.Tensor
) -> torch.Tensor:
    hidden = logits.masked_fill(mask[..., None] == 0, -1e4)
    loss = nn.functional.cross_entropy(hidden[..., 0], places[:, 0])
    loss = loss + nn.functional.cross_entropy(hidden[..., 1], places[:, 1])
    asked = yes >= 0
    if asked.any():
        at = logits[torch.arange(len(yes)), places[:, 0], 2][asked]
        loss = loss + 0.6 * nn.functional.binary_cross_entropy_with_logits(at, yes[asked])
    return loss


@torch.no_grad()
def measure(model: Reader, texts: Texts, count: int = 12, size: int = 64) -> dict[str, float]:
    """Shares that are exactly right: of spans, of absences, of yes and no."""
    tally = {"span": [0, 0], "absent": [0, 0], "yes": [0, 0]}
    source = texts.batches(size, pool=count)
    for _ in range(count):
        batch, places, yes = next(source)
        logits = model(batch).masked_fill(batch["attention_mask"][..., None] == 0, -1e4)
        pair = logits[..., 0][:, :, None] + logits[..., 1][:, None, :]
        pair = pair.masked_fill(torch.triu(torch.ones(pair.shape[1:])) == 0, -1e4)
        pair[:, 0, 1:] = -1e4
        best = pair.flatten(1).argmax(1)
        found = torch.stack([best // pair.shape[2], best % pair.shape[2]], 1)
        right = (found == places).all(1)
        for kind, chosen in (("span", places[:, 0] > 0), ("absent", places[:, 0] == 0)):
            tally[kind][0] += int(right[chosen].sum())
            tally[kind][1] += int(chosen.sum())
        asked = yes >= 0
        said = logits[torch.arange(len(yes)), places[:, 0], 2] > 0
        tally["yes"][0] += int((said[asked] == (yes[asked] > 0.5)).sum())
        tally["yes"][1] += int(asked.sum())
    return {kind: round(a / max(1, b), 3) for kind, (a, b) in tally.items()}


@contextlib.contextmanager
def exchanged(weights: list[torch.Tensor], others: list[torch.Tensor]) -> Iterator[None]:
    """With the others in place of the weights for a while."""
    _exchange(weights, others)
    yield
    _exchange(weights, others)


def _exchange(weights: list[torch.Tensor], others: list[torch.Tensor]) -> None:
    for weight, other in zip(weights, others, strict=True):
        weight.data, other.data = other.data, weight.data


def read_into(model: Reader, folder: Path) -> None:
    """The weights that `write` wrote, as far as half precision keeps them."""
    tensors = lora_file.read(folder / "adapter.gguf")
    state = get_peft_model_state_dict(model.encoder)
    for key in state:
        state[key] = torch.from_numpy(tensors[_name_in_file(key)])
    set_peft_model_state_dict(model.encoder, state)
    head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
    parts = [head[name] for name in PARTS]
    model.head.weight.data = torch.tensor([part["weight"] for part in parts])
    model.head.bias.data = torch.tensor([part["bias"] for part in parts])


def _name_in_file(key: str) -> str:
    number, rest = key.split("encoder.layer.")[1].split(".", 1)
    module, _, which = rest.removesuffix(".weight").rpartition(".")
    return f"{lora_file.matrix_name(int(number), module)}.lora_{which[-1].lower()}"


def write(model: Reader, folder: Path) -> None:
    """adapter.gguf as llama.cpp reads it, and the head's numbers with what they were trained with."""
    state = get_peft_model_state_dict(model.encoder)
    tensors = ((_name_in_file(key), tensor.detach().numpy()) for key, tensor in state.items())
    lora_file.write(folder / "adapter.gguf", ALPHA, tensors)
    weight, bias = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    made_with = {
        "encoder": ENCODER,
        "dimension": weight.shape[1],
        "adapter": hashlib.sha256((folder / "adapter.gguf").read_bytes()).hexdigest(),
    }
    head = made_with | {
        name: {"weight": [round(float(w), 5) for w in weight[i]], "bias": round(float(bias[i]), 5)}
        for i, name in enumerate(PARTS)
    }
    (folder / "head.json").write_text(json.dumps(head) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--base", type=Path, required=True, help="folder with model.safetensors and vocab.txt"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for adapter.gguf and head.json")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after that many, wherever it is")
    parser.add_argument("--start", type=Path, help="a folder that this wrote, to go on from")
    parser.add_argument("--all", action="store_true", help="train on the held out schemas too")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    specs = read_specs()
    held_out = specs[::HELD_OUT]
    seen = specs if args.all else [spec for spec in specs if spec not in held_out]
    print(f"{len(seen)} schemas to train on, {len(held_out)} held out")
    model = Reader(args.base)
    if args.start:
        read_into(model, args.start)
    trained = [p for p in model.parameters() if p.requires_grad]
    average = [p.detach().clone() for p in trained]
    optimizer = torch.optim.AdamW(trained, lr=args.rate, weight_decay=0.01)
    source = Texts(args.base, seen, args.seed + 1).batches(args.batch)
    began, losses, tokens = time.monotonic(), [], 0
    for step in range(1, args.steps + 1):
        share = max(step / args.steps, (time.monotonic() - began) / 60 / args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, step / 100) * max(0.02, 1 - share)
        batch, places, yes = next(source)
        loss = loss_of(model(batch), batch["attention_mask"], places, yes)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        keep = min(AVERAGED, step / (step + 50))
        for mean, now in zip(average, trained, strict=True):
            mean.lerp_(now.detach(), 1 - keep)
        losses.append(float(loss.detach()))
        tokens += int(batch["attention_mask"].sum())
        if step % 50 == 0:
            seconds = time.monotonic() - began
            print(f"{step} loss {np.mean(losses[-50:]):.3f} {tokens / seconds:.0f} tokens/s {seconds:.0f} s")
        if step % 400 == 0:
            with exchanged(trained, average):
                print("held out, averaged", measure(model, Texts(args.base, held_out, 77)))
                write(model, args.out)
        if share >= 1 and step < args.steps:
            break
    print("held out", measure(model, Texts(args.base, held_out, 77), count=30))
    with exchanged(trained, average):
        print("held out, averaged", measure(model, Texts(args.base, held_out, 77), count=30))
        write(model, args.out)


if __name__ == "__main__":
    main()
