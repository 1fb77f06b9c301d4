"""Quality of find_failure on pairs of a failing and a passing log whose guilty lines are known, in the manner
of CiDiff, with three simple ways beside it in the same run.

Each folder of --data holds fail.log, pass.log (or .xz) and `groundtruth`: the log's format in its first line,
then `E a-b` for lines of error and `C a-b` for lines of context, 1-based. Lines end at LF, CR LF or CR alone,
as the labels count them.

How F1 is counted: precision, recall and F1 for each pair over its lines, then averaged over the pairs. A line
is relevant if it is marked E or C (as in CiDiff's own benchmark), and returned if it lies in a span of the
tool's `evidence` or `context`; `f1_only_e` compares the evidence with E alone. `all lines`: max_lines is the
largest that the tool allows, as the other ways have no limit either; `50 lines`: the default.

Beside it: the set difference (lines of the failing log that the passing one lacks, with numbers masked),
keywords (lines that hold a word of error), and the last 50 lines. Hubner et al., "What happened in this
pipeline? Diffing build logs with CiDiff", ISSTA 2025. Nothing of the data was used to build or fit the tool.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.field.plain import KEYWORDS
from mcp_smalltools.evaluation.field.plain_reading import LINE_END
from mcp_smalltools.evaluation.suite import UNCUT, add_data, add_json, add_record
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    from mcp_smalltools.service import Service

_RANGE = re.compile(r"([EC]) (\d+)(?:-(\d+))?\s*")
_NUMBER = re.compile(r"\d+")
_PREFIX = re.compile(r"(?:[^\t]*\t[^\t]*\t)?\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ")


@dataclass(frozen=True, slots=True)
class Pair:
    """A failing and a passing log, and the guilty lines (1-based)."""

    name: str
    failing: list[str]
    passing: list[str]
    error: frozenset[int]
    context: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class ReturnedLines:
    """What a way returned of one log: all lines, and those of evidence among them."""

    lines: set[int]
    evidence: set[int]


@dataclass(frozen=True, slots=True)
class FailureScores:
    """Means over the pairs."""

    precision: float
    recall: float
    f1: float
    any_hit: float
    f1_only_e: float
    lines: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "a folder for each pair")
    add_json(parser)
    add_record(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    pairs = read_pairs(args.data)
    report = {name: asdict(scores) for name, scores in anyio.run(_evaluate, pairs, settings).items()}
    if args.record:
        _record(args.record, report, len(pairs))
    print(
        json.dumps({"suite": "failure", "pairs": len(pairs), "results": report})
        if args.json
        else _table(report)
    )
    return 0


AIMS: Mapping[str, str] = {"F1 with the passing log, all lines": ">= 0.65", "F1 alone, all lines": ">= 0.50"}


def _record(path: Path, report: Mapping[str, Mapping[str, float]], pairs: int) -> None:
    import datetime

    from mcp_smalltools.calibration.scores import Evaluation, record_quality

    metrics: dict[str, float] = {}
    for limit in ("all lines", "50 lines"):
        for way in ("with the passing log", "alone"):
            scores = report[f"find_failure {way}, {limit}"]
            metrics[f"F1 {way}, {limit}"] = scores["f1"]
            if limit == "50 lines":
                metrics[f"any hit {way}, {limit}"] = scores["any_hit"]
    metrics |= {
        f"F1 of the {way}": report[way]["f1"] for way in ("set difference", "keywords", "last 50 lines")
    }
    entry = Evaluation(
        set="CiDiff, failing and passing logs of builds",
        items=pairs,
        metrics=metrics,
        aims=dict(AIMS),
        command="mcp-smalltools eval failure --data DIR",
        date=datetime.date.today(),
        note="Means over the pairs, over the lines of error and of context.",
    )
    record_quality(path, [entry])


def read_pairs(folder: Path) -> list[Pair]:
    """All pairs of a folder, by name. Raises NotFound."""
    pairs = [_read_pair(path.parent) for path in sorted(folder.glob("*/groundtruth"))]
    if not pairs:
        raise NotFound(
            f"{folder} holds no pairs of logs.",
            remedy="Name a folder of folders with fail.log, pass.log (or .xz) and groundtruth.",
        )
    return pairs


def _read_pair(folder: Path) -> Pair:
    marked: dict[str, set[int]] = {"E": set(), "C": set()}
    for line in (folder / "groundtruth").read_text(encoding="utf-8").splitlines()[1:]:
        if found := _RANGE.fullmatch(line):
            marked[found[1]] |= set(range(int(found[2]), int(found[3] or found[2]) + 1))
    logs = [_lines(folder / f"{name}.log") for name in ("fail", "pass")]
    return Pair(folder.name, logs[0], logs[1], frozenset(marked["E"]), frozenset(marked["C"]))


def _lines(path: Path) -> list[str]:
    if path.is_file():
        data = path.read_bytes()
    else:
        data = lzma.decompress(path.with_name(path.name + ".xz").read_bytes())
    lines = LINE_END.split(data.decode("utf-8", "replace"))
    return lines if lines[-1] else lines[:-1]


async def _evaluate(pairs: Sequence[Pair], settings: Settings) -> dict[str, FailureScores]:
    from mcp_smalltools.service import Service
    from mcp_smalltools.tools.find_failure.answer import MAX_ANSWER_LINES

    chosen: dict[str, list[ReturnedLines]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        changes = {
            "roots": (RootSpec(path=folder, level=PrivacyLevel.OPEN),),
            "state_dir": folder / "state",
            "cache": False,
            "max_answer_chars": UNCUT,
        }
        service = Service(settings.model_copy(update=changes))
        try:
            for pair in pairs:
                (folder / "fail.log").write_text("\n".join(pair.failing) + "\n", encoding="utf-8")
                (folder / "pass.log").write_text("\n".join(pair.passing) + "\n", encoding="utf-8")
                for limit, most in (("all lines", MAX_ANSWER_LINES), ("50 lines", 50)):
                    for way, baseline in (("with the passing log", "pass.log"), ("alone", "")):
                        found = await _ours(service, baseline, most)
                        chosen.setdefault(f"find_failure {way}, {limit}", []).append(found)
        finally:
            await service.close()
    for pair in pairs:
        for way, lines in anchors(pair).items():
            chosen.setdefault(way, []).append(ReturnedLines(lines, lines))
    return {way: score(pairs, sets) for way, sets in chosen.items()}


async def _ours(service: Service, baseline: str, most: int) -> ReturnedLines:
    arguments: Mapping[str, Any] = {"path": "fail.log", "baseline_path": baseline, "max_lines": most}
    answer = (await service.call(ToolRequest("find_failure", arguments, client="eval"))).structured()
    parts = [
        {line for span in answer.get(part, []) for line in range(span["start"], span["end"] + 1)}
        for part in ("evidence", "context")
    ]
    return ReturnedLines(parts[0] | parts[1], parts[0])


def anchors(pair: Pair) -> dict[str, set[int]]:
    """What three simple ways return, as 1-based lines."""
    known = {masked(line) for line in pair.passing}
    numbered = list(enumerate(pair.failing, 1))
    return {
        "set difference": {number for number, line in numbered if masked(line) not in known},
        "keywords": {number for number, line in numbered if KEYWORDS.search(line)},
        "last 50 lines": {number for number, _ in numbered[-50:]},
    }


def masked(line: str) -> str:
    """The line without a CI system's timestamp, every run of digits as 0."""
    return _NUMBER.sub("0", _PREFIX.sub("", line, count=1)).strip()


def score(pairs: Sequence[Pair], chosen: Sequence[ReturnedLines]) -> FailureScores:
    """Means of precision, recall and F1 over the pairs."""
    rows = []
    for pair, found in zip(pairs, chosen, strict=True):
        lines = found.lines
        truth = pair.error | pair.context
        hits = len(lines & truth)
        rows.append(
            (
                hits / len(lines) if lines else 0.0,
                hits / len(truth) if truth else 0.0,
                _f1(lines, truth),
                float(hits > 0),
                _f1(found.evidence, pair.error),
                float(len(lines)),
            )
        )
    means = [round(sum(column) / len(rows), 4) for column in zip(*rows, strict=True)]
    return FailureScores(*means)


def _f1(lines: set[int], truth: frozenset[int]) -> float:
    hits = len(lines & truth)
    return 2 * hits / (len(lines) + len(truth)) if hits else 0.0


def _table(report: Mapping[str, Mapping[str, float]]) -> str:
    names = [item.name for item in fields(FailureScores)]
    rows = [f"{'':<46}" + "".join(f"{name:>11}" for name in names)]
    for way, scores in report.items():
        rows.append(
            f"{way:<46}"
            + "".join(f"{scores[name]:>11.3f}" for name in names[:-1])
            + f"{scores['lines']:>11.0f}"
        )
    return "\n".join(rows)
