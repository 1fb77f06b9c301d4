"""Texts that ship to see what a correction changes elsewhere (`models/skills/classify/elsewhere.txt`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcp_smalltools.models.shipped import shipped_file


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`labelled` are texts with the right one of the task's labels; `others` belong to no task like it."""

    labelled: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


def texts_elsewhere(labels: Sequence[str]) -> Elsewhere:
    """What ships for a task with these labels. Where all of them are of one family, its texts are cases.

    Raises ModelError where the file is missing.
    """
    families = _families()
    wanted = {name.casefold(): name for name in labels}
    own = next((name for name, texts in families.items() if wanted.keys() <= texts.keys()), None)
    labelled = [
        (text, wanted[label])
        for label, texts in families.get(own or "", {}).items()
        if label in wanted
        for text in texts
    ]
    others = [
        text
        for name, family in families.items()
        if name != own
        for texts in family.values()
        for text in texts
    ]
    return Elsewhere(tuple(labelled), tuple(others))


def _families() -> dict[str, dict[str, tuple[str, ...]]]:
    families: dict[str, dict[str, tuple[str, ...]]] = {}
    family: dict[str, tuple[str, ...]] = {}
    for line in shipped_file("classify", "elsewhere.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            family = families.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            label, _, texts = line.partition(": ")
            family[label] = tuple(text.strip() for text in texts.split(" | "))
    return families
