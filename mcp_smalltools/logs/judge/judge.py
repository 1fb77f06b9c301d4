"""The judge of slots and gaps: the lexicon and the networks, from the file that ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.errors import ModelError
from mcp_smalltools.logs.judge.features import GAP_FEATURES, SLOT_FEATURES
from mcp_smalltools.logs.judge.known_templates import StatementIndex
from mcp_smalltools.logs.judge.lexicon import Lexicon
from mcp_smalltools.logs.judge.network import Network
from mcp_smalltools.models.shipped import shipped_file, unusable

_TABLE = "lexicon."
_FEATURES = {"slot": SLOT_FEATURES, "gap": GAP_FEATURES}
"""The inputs of each network; the file holds their names, as UTF-8 with a line for each."""


@dataclass(frozen=True, slots=True)
class Judge:
    """`slot`: does a place where lines differ hold a variable of one event? `gap`: the same for values of
    different length.
    """

    lexicon: Lexicon
    slot: Network | None = None
    gap: Network | None = None
    statements: StatementIndex | None = None
    """Templates that are known beforehand."""

    def networks(self) -> dict[str, Network]:
        found = {"slot": self.slot, "gap": self.gap}
        return {name: network for name, network in found.items() if network is not None}

    def slots(self, features: Sequence[Sequence[float]]) -> list[float]:
        """The log odds that each slot holds a variable; `features` as `SLOT_FEATURES` names them."""
        return _log_odds(self.slot, features)

    def gaps(self, features: Sequence[Sequence[float]]) -> list[float]:
        """The log odds that each gap is one variable; `features` as `GAP_FEATURES` names them."""
        return _log_odds(self.gap, features)


def _log_odds(network: Network | None, features: Sequence[Sequence[float]]) -> list[float]:
    if network is None:
        return [-1.0] * len(features)
    found: list[float] = network(np.asarray(features, np.float32)).tolist()
    return found


def load_judge(path: Path) -> Judge:
    """Read a judge; nothing but numbers is loaded.

    Raises ModelError if the file is damaged or was made for other features.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        networks = {name: Network.of(arrays, name) for name in _FEATURES if f"{name}.mean" in arrays}
        names = {name: _names_in(arrays, name) for name in networks}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise unusable(path, error) from None
    for name, network in networks.items():
        if names[name] != _FEATURES[name] or len(network.mean) != len(_FEATURES[name]):
            raise ModelError(
                f"{path} was made for other features.", remedy="Make it again: models/recipes/parse_log."
            )
    tables = {name.removeprefix(_TABLE): array for name, array in arrays.items() if name.startswith(_TABLE)}
    return Judge(Lexicon(tables), networks.get("slot"), networks.get("gap"))


def _names_in(arrays: Mapping[str, NDArray[Any]], network: str) -> tuple[str, ...]:
    names = arrays.get(f"{network}.features")
    return () if names is None else tuple(names.tobytes().decode("utf-8").split("\n"))


def save_judge(
    path: Path, counts: Mapping[str, NDArray[np.integer]], networks: Mapping[str, Network]
) -> None:
    """Write what `load_judge` reads: the counts of the lexicon, and the networks with names of features."""
    arrays: dict[str, NDArray[Any]] = {
        f"{_TABLE}{name}": np.minimum(table, 255).astype(np.uint8) for name, table in counts.items()
    }
    for name, network in networks.items():
        names = "\n".join(_FEATURES[name]).encode("utf-8")
        arrays |= network.arrays(name) | {f"{name}.features": np.frombuffer(names, np.uint8)}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def shipped_counts() -> dict[str, NDArray[np.integer[Any]]]:
    """The counts of the lexicon that ships."""
    with np.load(shipped_file("parse_log", "weights.npz"), allow_pickle=False) as file:
        names = [name for name in file.files if name.startswith(_TABLE)]
        return {name.removeprefix(_TABLE): file[name].astype(np.int32) for name in names}


@lru_cache(maxsize=1)
def shipped_judge() -> Judge:
    """The judge that ships."""
    return load_judge(shipped_file("parse_log", "weights.npz"))
