"""How sure `find_failure` has to be: from which confidence on its answers are right, on runs that its trees never saw.

    PYTHONPATH=. python models/recipes/find_failure/certainty.py --field DIR

`fit.py` chooses the constant by collected runs, each judged by what saw nothing of its source. Here the same is
printed for a folder with a `truth.jsonl` of runs that took no part in the fit, with the ranker that ships. An
answer that a run failed is right if the run did and a guilty line is in the evidence. Takes about a second of
processor time for each run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from real import lines_of

from mcp_smalltools.evaluation.field.judges import judge_failure
from mcp_smalltools.tools.find_failure.answer import FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.lines import LogLines, read_log
from mcp_smalltools.tools.find_failure.rank import RankedLog, rank

RIGHT = 0.97
"""Share of the sure answers that are to be right."""
STEPS = [n / 20 for n in range(19, 7, -1)]
_DOUBTFUL_CAUSE = "No line clearly states the cause"


def confident_answer(
    log: LogLines, ranked: RankedLog, arguments: Mapping[str, Any], right: Mapping[str, Any]
) -> tuple[float, bool] | None:
    """The confidence of the answer that a run failed, and whether it is right; None where something else than the
    confidence makes it unsure, or where it is another answer.
    """
    answer = compose_answer(log, ranked, FindFailureArguments(path="run.log", **arguments), {})
    if not answer.failed or (answer.reason and not answer.reason.startswith(_DOUBTFUL_CAUSE)):
        return None
    parts = judge_failure(right, answer.model_dump(exclude_none=True))
    return answer.confidence or 0.0, parts["failed"] and parts.get("guilty", True)


def judged(folder: Path) -> Iterator[tuple[float, bool]]:
    """The answers to a folder's runs with the ranker that ships, but for those that are held out."""
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        if row.get("split", "fit") != "fit":
            continue
        arguments = {name: value for name, value in row["args"].items() if name in ("exit_code", "command")}
        log = read_log([lines_of(folder / row["args"]["path"])])
        answer = confident_answer(log, rank(log, None), arguments, row["right"])
        if answer is not None:
            yield answer


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
    args = parser.parse_args()
    print("sure from", sure_from(list(judged(args.field))))


if __name__ == "__main__":
    main()
