"""How sure `find_failure` has to be: from which confidence on its answers are right, on runs that its trees never saw.

    python models/recipes/find_failure/certainty.py --field DIR [--half A] [--write]

DIR holds a `truth.jsonl` of collected runs that took no part in fitting the ranker; `--half` takes only rows
with that mark, so that the other half can show whether the constant holds. An answer that a run failed is right
if the run did and a guilty line is in the evidence. Prints for each confidence how many answers reach it and how
many of those are right; `--write` puts the lowest one from which they are right in RIGHT into `scores.json`.
Takes about a second of processor time for each run.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fit import SKILL
from real import lines_of

from mcp_smalltools.evaluation.field.judges import judge_failure
from mcp_smalltools.tools.find_failure.answer import FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import read_log
from mcp_smalltools.tools.find_failure.rank import rank

RIGHT = 0.97
"""Share of the sure answers that are to be right."""
STEPS = [n / 20 for n in range(19, 7, -1)]
_DOUBTFUL_CAUSE = "No line clearly states the cause"


def judged(folder: Path, half: str | None) -> Iterator[tuple[float, bool]]:
    """Confidence of each answer that a run failed, where nothing but the confidence can make it unsure, and
    whether it is right.
    """
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        if half not in (None, row.get("half")) or row.get("split", "fit") != "fit":
            continue
        arguments = FindFailureArguments(**row["args"])
        log = read_log([lines_of(folder / row["args"]["path"])])
        answer = compose_answer(log, rank(log, None), arguments, {})
        if not answer.failed or (answer.reason and not answer.reason.startswith(_DOUBTFUL_CAUSE)):
            continue
        parts = judge_failure(row["right"], answer.model_dump(exclude_none=True))
        yield answer.confidence or 0.0, parts["failed"] and parts.get("guilty", True)


def sure_from(answers: Sequence[tuple[float, bool]]) -> float:
    """The lowest step from which on the answers are right often enough, at that step and above; 1 if there is
    none.
    """
    lowest = 1.0
    for step in STEPS:
        reached = [right for confidence, right in answers if confidence >= step]
        print(f"from {step:.2f}: {len(reached)} of {len(answers)} answers, {sum(reached)} right")
        if reached and sum(reached) < RIGHT * len(reached) - 0.5:
            break
        lowest = step
    return lowest


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--field", type=Path, required=True, help="collected runs that fitted nothing")
    parser.add_argument("--half", help="only rows with this mark")
    parser.add_argument("--write", action="store_true", help="put the constant into scores.json")
    args = parser.parse_args()
    lowest = sure_from(list(judged(args.field, args.half)))
    print("sure from", lowest)
    if args.write:
        path = SKILL / "scores.json"
        scores = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'("sure_from": )[\d.]+', rf"\g<1>{lowest}", scores), encoding="utf-8")


if __name__ == "__main__":
    main()
