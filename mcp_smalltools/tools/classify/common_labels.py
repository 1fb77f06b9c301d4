"""Labels that many projects share, with what people commonly write under them (`common_labels.txt`)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from importlib import resources


def texts_of_common_labels(names: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """What people write under these labels, by the index of the name; `names` are in words, in lower case.

    Empty unless all of them are of one family: "test" beside "feat" and "fix" is a kind of commit, and may be
    anything else elsewhere; and a label without such texts would stand behind those that have some.
    """
    families = _families()
    labels = next((labels for labels in families.values() if set(names) <= labels.keys()), None)
    return {} if labels is None else {index: labels[name] for index, name in enumerate(names)}


@functools.cache
def _families() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    text = resources.files(__package__).joinpath("common_labels.txt").read_text(encoding="utf-8")
    families: dict[str, dict[str, tuple[str, ...]]] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            labels = families.setdefault(line.strip("[] "), {})
        elif line and not line.startswith("#"):
            names, _, said = line.partition(" = ")
            labels.update(dict.fromkeys(names.split(", "), tuple(said.split(" | "))))
    return families
