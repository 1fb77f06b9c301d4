"""The judge of slots: lexicon and networks, from the file that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.logs.judge.known_templates import Statements
from mcp_smalltools.logs.judge.lexicon import Lexicon
from mcp_smalltools.logs.judge.network import Network
from mcp_smalltools.models.shipped import shipped_file

_TABLE = "lexicon."
_NETWORKS = ("slot", "gap")


@dataclass(frozen=True, slots=True)
class Judge:
    """`slot`: does a place where lines differ hold a variable of one event? `gap`: the same for values of
    different length.
    """

    lexicon: Lexicon
    slot: Network | None = None
    gap: Network | None = None
    statements: Statements | None = None
    """Templates that are known beforehand."""

    def networks(self) -> dict[str, Network]:
        found = {"slot": self.slot, "gap": self.gap}
        return {name: network for name, network in found.items() if network is not None}

    def slots(self, evidence: Sequence[Sequence[float]]) -> list[float]:
        """Log odds that each slot holds a variable."""
        return _odds(self.slot, evidence)

    def gaps(self, evidence: Sequence[Sequence[float]]) -> list[float]:
        """Log odds that each stretch is a variable of one event."""
        return _odds(self.gap, evidence)


def _odds(network: Network | None, evidence: Sequence[Sequence[float]]) -> list[float]:
    if network is None:
        return [-1.0] * len(evidence)
    found: list[float] = network(np.asarray(evidence, np.float32)).tolist()
    return found


def load(path: Path) -> Judge:
    """Read a judge. No pickle: numbers only."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    tables = {name.removeprefix(_TABLE): array for name, array in arrays.items() if name.startswith(_TABLE)}
    networks = {name: Network.of(arrays, name) for name in _NETWORKS if f"{name}.mean" in arrays}
    return Judge(Lexicon(tables), networks.get("slot"), networks.get("gap"))


def save(path: Path, counts: Mapping[str, NDArray[np.integer]], networks: Mapping[str, Network]) -> None:
    """Write what `load` reads: counts of the lexicon, and the networks."""
    arrays: dict[str, NDArray[Any]] = {
        f"{_TABLE}{name}": np.minimum(table, 255).astype(np.uint8) for name, table in counts.items()
    }
    for name, network in networks.items():
        arrays |= network.arrays(name)
    np.savez_compressed(path, allow_pickle=False, **arrays)


def shipped_counts() -> dict[str, NDArray[np.integer[Any]]]:
    """The counts of the lexicon that ships."""
    with np.load(shipped_file("parse_log", "weights.npz"), allow_pickle=False) as file:
        names = [name for name in file.files if name.startswith(_TABLE)]
        return {name.removeprefix(_TABLE): file[name].astype(np.int32) for name in names}


@lru_cache(maxsize=1)
def shipped() -> Judge:
    """The judge that ships."""
    return load(shipped_file("parse_log", "weights.npz"))
