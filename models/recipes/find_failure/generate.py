"""Make failing runs whose guilty lines are known.

    python models/recipes/find_failure/generate.py --out DIR

Makes small projects, builds and tests them with the tools of this machine, puts one fault after another into
them and runs them again. A family whose tools are missing is reported and left out. The logs stay in DIR, one
JSON object a line in FAMILY-SEED.jsonl, and are never committed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from types import ModuleType

from runs import Fault, Run, expected_taken_out, labelled, output_of

FAMILIES = ("native", "java", "pythons", "node", "rust", "golang", "rubies", "systems", "tails", "suites")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=4, help="projects of each family")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for family in args.families:
            target = args.out / f"{family}-{seed}.jsonl"
            if target.exists():
                continue
            made: Counter[str] = Counter()
            part = target.with_suffix(".part")
            with part.open("w", encoding="utf-8") as file:
                for run in runs_of(importlib.import_module(family), Random(f"{family} {seed}"), made):
                    file.write(json.dumps(asdict(run), ensure_ascii=False) + "\n")
                    file.flush()
            part.rename(target)
            print(target.name, dict(made), flush=True)


def runs_of(family: ModuleType, chance: Random, made: Counter[str]) -> Iterator[Run]:
    """Every fault of a family in a project of its own, with the passing run of the same project."""
    for tool, variant, way, fault in family.faults(chance):
        prefix = chance.choice(["build-", "work-", "ci", "job-"])
        with (
            tempfile.TemporaryDirectory(prefix=prefix) as good,
            tempfile.TemporaryDirectory(prefix=prefix) as bad,
        ):
            run = _run(family, (Path(good), Path(bad)), tool, variant, way, fault, chance)
        made["made" if run else f"no report: {tool} {fault.name}"] += 1
        if run:
            yield run


def _run(
    family: ModuleType,
    folders: tuple[Path, Path],
    tool: str,
    variant: object,
    way: int,
    fault: Fault,
    chance: Random,
) -> Run | None:
    good, bad = (folder / "work" for folder in folders)
    ways = family.project(good, chance, variant)
    shutil.copytree(good, bad, symlinks=True)
    words = fault.put_in(bad, chance)
    command: Sequence[str] = fault.command or ways[way]
    passing, status = output_of(
        fault.command or ways[way], good, environment=getattr(family, "ENVIRONMENT", {})
    )
    failing, failed = output_of(
        command, bad, environment={**getattr(family, "ENVIRONMENT", {}), **fault.environment}
    )
    if status != 0:
        passing = []
    if failed == 0:
        return None
    found = labelled(failing, fault.form, words)
    if found is None:
        return None
    labels, cause = found
    labels = expected_taken_out(labels, cause, failing, passing)
    return Run(tool, fault.name, fault.kind, failing, labels, cause, passing)


if __name__ == "__main__":
    main()
