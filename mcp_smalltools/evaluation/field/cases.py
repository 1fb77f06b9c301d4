"""Cases in the field: a call on a real file, and what a right answer holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.errors import NotFound

TRUTH = "truth.jsonl"


@dataclass(frozen=True, slots=True)
class FieldCase:
    """One call and its truth.

    `folder` is the root of the call. `source` is what the cases are split by: a repository, a site; of a case
    that names none, its kind. `split` is `fit` (may be learned from), `held_out` or "".
    """

    id: str
    tool: str
    kind: str
    source: str
    split: str
    folder: Path
    arguments: Mapping[str, Any]
    right: Mapping[str, Any]

    def paths(self) -> list[Path]:
        """The files that the call names."""
        named = [self.arguments.get("path"), self.arguments.get("baseline_path")]
        return [self.folder / path for path in (*named, *self.arguments.get("paths", ())) if path]

    def is_here(self) -> bool:
        """Whether its files are: of a manifest, some may not have been fetched."""
        return all(path.exists() for path in self.paths())


def read_cases(folder: Path, *, split: str = "", tools: frozenset[str] = frozenset()) -> list[FieldCase]:
    """All cases of `folder/truth.jsonl` and of the same in folders below it, in their order.

    Raises NotFound where there is none, of this split and these tools.
    """
    found = [case for truth in sorted(folder.rglob(TRUTH)) for case in _read_truth(truth)]
    chosen = [
        case for case in found if (not split or case.split == split) and (not tools or case.tool in tools)
    ]
    if not chosen:
        raise NotFound(
            f"{folder} holds no cases" + (" of this choice." if found else "."),
            remedy=f"Name a folder with a {TRUTH} in it or below; benchmarks/field/README.md has its form.",
        )
    return chosen


def _read_truth(path: Path) -> list[FieldCase]:
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            cases.append(
                FieldCase(
                    id=row["id"],
                    tool=row["tool"],
                    kind=row.get("kind", ""),
                    source=row.get("source") or row.get("kind", ""),
                    split=row.get("split", ""),
                    folder=path.parent / row.get("root", "."),
                    arguments=row["args"],
                    right=row["right"],
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NotFound(
                f"{path}, line {number} is no case: {error!r}.",
                remedy="benchmarks/field/README.md says what a line holds.",
            ) from None
    return cases
