"""How `ask_file` does on written questions.

    PYTHONPATH=. python models/recipes/ask_file/measure.py [--part test]

The tool runs as an agent calls it. An answer is right if one of its lines answers, or if nothing was found
where nothing answers. It is sure if it does not escalate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from written import WRITTEN, Written, written_questions

from mcp_smalltools.config import RootSpec, load_settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service


async def answers_to(questions: Sequence[Written]) -> list[dict[str, Any]]:
    roots = tuple(
        RootSpec(path=folder, level=PrivacyLevel.OPEN)
        for folder in sorted({question.path.parent for question in questions})
    )
    service = Service(load_settings().model_copy(update={"roots": roots, "cache": False}))
    answers = []
    try:
        for question in questions:
            arguments = {"paths": [str(question.path)], "question": question.text}
            answer = await service.call(ToolRequest("ask_file", arguments, deadline_s=600.0))
            answers.append(answer.structured())
    finally:
        await service.close()
    return answers


def lines_of(places: Sequence[dict[str, Any]]) -> set[int]:
    return {number for place in places for number in range(place["start"], place["end"] + 1)}


def right(question: Written, answer: dict[str, Any]) -> bool:
    """Lines of the evidence answer; or nothing does, and nothing was found."""
    if not question.lines:
        return not answer["found"]
    return bool(question.lines & lines_of(answer.get("evidence", ())))


def points_to(question: Written, answer: dict[str, Any]) -> bool:
    return bool(question.lines & lines_of([*answer.get("evidence", ()), *answer.get("elsewhere", ())]))


def figures_of(questions: Sequence[Written], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares are of 1. Those named `sure` are of all questions, except those named `right_of_sure`."""
    pairs = list(zip(questions, answers, strict=True))
    with_answer = [(q, a) for q, a in pairs if q.lines]
    without = [a for q, a in pairs if not q.lines]
    sure = [(q, a) for q, a in pairs if not a.get("escalate")]
    found = [(q, a) for q, a in sure if a["found"]]
    return {
        "questions": len(pairs),
        "without_answer": len(without),
        "right_found": _share([right(q, a) for q, a in with_answer]),
        "right_or_pointed_to": _share([points_to(q, a) for q, a in with_answer]),
        "wrong_lines": _share([a["found"] and not right(q, a) for q, a in with_answer]),
        "wrong_found": _share([a["found"] for a in without]),
        "sure": round(len(sure) / len(pairs), 3),
        "right_of_sure": _share([right(q, a) for q, a in sure]),
        "sure_found": round(len(found) / len(pairs), 3),
        "right_of_sure_found": _share([right(q, a) for q, a in found]),
        "wrong_lines_sure": round(sum(not right(q, a) for q, a in found) / len(pairs), 3),
        "missed_sure": round(sum(bool(q.lines) and not a["found"] for q, a in sure) / len(pairs), 3),
        "lines_shown": _mean(
            [len(lines_of([*a.get("evidence", ()), *a.get("elsewhere", ())])) for a in answers]
        ),
    }


def _share(values: Sequence[Any]) -> float | None:
    return round(sum(map(bool, values)) / len(values), 3) if values else None


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*", help="other questions in the same form")
    parser.add_argument("--part", choices=("fit", "cal", "test"), default="test")
    parser.add_argument("--show", action="store_true", help="each question and what came")
    args = parser.parse_args()
    read = [written_questions(path) for path in args.files or [WRITTEN]]
    questions = [q for found, _ in read for q in found if q.part == args.part]
    answers = asyncio.run(answers_to(questions))
    print(args.part, json.dumps(figures_of(questions, answers)))
    for _, left_out in read:
        if left_out:
            print("left out, since their files are not here or say something else:", dict(left_out))
    for q, a in zip(questions, answers, strict=True) if args.show else ():
        shown = [(e["start"], e["end"]) for e in [*a.get("evidence", ()), *a.get("elsewhere", ())]]
        kind = ("found" if a["found"] else "none") + (" right" if right(q, a) else " WRONG")
        flag = "!" if a.get("escalate") else " "
        print(kind, flag, a.get("confidence"), sorted(q.lines)[:2], shown, q.path.name, q.text)


if __name__ == "__main__":
    main()
