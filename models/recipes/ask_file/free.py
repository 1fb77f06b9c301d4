"""How `ask_file` does on written questions: `PYTHONPATH=. python models/recipes/ask_file/free.py [TSV...]`.

`questions.tsv` names a file of this repository, a question and words of the lines that answer it; none where
the file doesn't answer though it has words of the question. Half of the files are for fitting, half held out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_smalltools.config import RootSpec, load_settings
from mcp_smalltools.request import PrivacyLevel, ToolRequest
from mcp_smalltools.service import Service

ROOT = Path(__file__).resolve().parents[3]
WRITTEN = Path(__file__).with_name("questions.tsv")


@dataclass(frozen=True, slots=True)
class Free:
    """A question to one file; `lines` are those that answer, 1-based, none if the file doesn't."""

    held: bool
    path: Path
    text: str
    lines: frozenset[int]

    @property
    def paths(self) -> list[Path]:
        return [self.path]


def free_questions(written: Path = WRITTEN) -> list[Free]:
    """Raises ValueError for a question whose answer its file no longer holds."""
    questions = []
    for row in written.read_text(encoding="utf-8").splitlines()[1:]:
        part, path, text, answer = row.split("\t", 3)
        lines = (ROOT / path).read_text(encoding="utf-8").split("\n")
        found = frozenset(n for n, line in enumerate(lines, 1) if answer and answer in line)
        if answer and not found:
            raise ValueError(f"{path} no longer says {answer!r}")
        questions.append(Free(part == "held", ROOT / path, text, found))
    return questions


async def answers_to(questions: Sequence[Free]) -> list[dict[str, Any]]:
    roots = tuple(
        {
            str(q.path.parent): RootSpec(path=q.path.parent, level=PrivacyLevel.OPEN) for q in questions
        }.values()
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


def right(question: Free, answer: dict[str, Any]) -> bool:
    return any(question.lines & set(range(e["start"], e["end"] + 1)) for e in answer.get("evidence", ()))


def measured(questions: Sequence[Free], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares are of all questions with an answer, or without; of all that is not escalated, silent ones."""
    with_answer = [(q, a) for q, a in zip(questions, answers, strict=True) if q.lines]
    without = [a for q, a in zip(questions, answers, strict=True) if not q.lines]
    asked = len(questions)
    calm = [(q, a) for q, a in zip(questions, answers, strict=True) if not a.get("escalate")]
    return {
        "questions": asked,
        "without_answer": len(without),
        "right_found": round(sum(right(q, a) for q, a in with_answer) / len(with_answer), 3),
        "right_or_pointed_to": round(sum(_pointed(q, a) for q, a in with_answer) / len(with_answer), 3),
        "wrong_lines": round(
            sum(a["found"] and not right(q, a) for q, a in with_answer) / len(with_answer), 3
        ),
        "wrong_found": round(sum(a["found"] for a in without) / len(without), 3),
        "wrong_found_not_escalated": round(sum(a["found"] and not right(q, a) for q, a in calm) / asked, 3),
        "missed_not_escalated": round(sum(bool(q.lines) and not a["found"] for q, a in calm) / asked, 3),
        "not_escalated": round(len(calm) / asked, 3),
        "highest_confidence_of_a_miss": max(
            (a["confidence"] for q, a in with_answer if not a["found"]), default=0.0
        ),
    }


def _pointed(question: Free, answer: dict[str, Any]) -> bool:
    places = [*answer.get("evidence", ()), *answer.get("elsewhere", ())]
    return any(question.lines & set(range(e["start"], e["end"] + 1)) for e in places)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="*", help="further questions in the same form")
    parser.add_argument("--show", choices=("fit", "held"), help="each question of this half and what came")
    args = parser.parse_args()
    questions = [q for path in (WRITTEN, *args.files) for q in free_questions(path)]
    answers = asyncio.run(answers_to(questions))
    for part in ("fit", "held"):
        chosen = [(q, a) for q, a in zip(questions, answers, strict=True) if q.held == (part == "held")]
        print(part, json.dumps(measured([q for q, _ in chosen], [a for _, a in chosen])))
        for q, a in chosen if args.show == part else ():
            shown = [(e["start"], e["end"]) for e in [*a.get("evidence", ()), *a.get("elsewhere", ())]]
            kind = ("RIGHT" if right(q, a) else "wrong") if a["found"] else "none"
            flag = "!" if a.get("escalate") else " "
            print(kind, flag, a["confidence"], sorted(q.lines)[:2], shown, q.path.name, q.text)


if __name__ == "__main__":
    main()
