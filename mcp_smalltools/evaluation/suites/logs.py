"""Quality of parse_log on labelled logs, with one configuration for all of them, compared with Drain3.

Each log is a file NAME_2k.log_structured_corrected.csv (or .csv.xz) with the columns Content and
EventTemplate, as Loghub has them; the raw NAME_2k.log in the same folder, if there is one, is parsed by the
whole tool too. Nothing is configured for any log. After `train parse_log`, what was learned
and what ships are measured.

GA: share of lines whose group is exactly the true one. PA: share of lines whose template is the true one.
FGA, FTA: F1 over groups and over templates. Templates are compared after white space and adjacent <*> are
collapsed; PA n and FTA n after the usual normalisation too: a word or quotation that holds a variable is one,
and so are variables with a sign between them. Khan et al., "Guidelines for assessing the accuracy of log
message template identification techniques", ICSE 2022.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import operator
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotFound
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    from mcp_smalltools.logs.judge.judge import Judge

_LABELS = re.compile(r"(?P<system>.+?)(?:_2k|_full)?\.log_structured(?:_corrected)?\.csv(?:\.xz)?")
_SEVERAL = re.compile(r"<\*>(?: ?<\*>)+")
_HOLDS_ONE = re.compile(
    r"[^\s,!;:=|\"'\[\](){}.+@#$%&/<>*-]*<\*>(?:<\*>|[^\s,!;:=|\"'\[\](){}.+@#$%&/<>*-])*"
)
_QUOTED_ONE = re.compile(r"\"<\*>\"|'<\*>'")
_BETWEEN = re.compile(r"<\*>(?:[.:/@#,]<\*>)+")


@dataclass(frozen=True, slots=True)
class LogScores:
    """The four figures of one log, shares of 1."""

    ga: float
    pa: float
    fga: float
    fta: float
    pa_normal: float  # as pa and fta, with the usual normalisation of delimiters on both sides
    fta_normal: float
    lines_per_s: float


@dataclass(frozen=True, slots=True)
class LabelledLog:
    """Messages without their headers, and the template of each."""

    system: str
    contents: list[str]
    templates: list[str]
    raw: list[str] | None  # the lines with their headers; None if they are not there or not as many


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the labelled logs")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.logs.judge.adaptation import current_version, judge_for

    logs = read_logs(args.data)
    report: dict[str, dict[str, LogScores]] = {name: {} for name in _ROWS}
    learned = current_version(settings.state_dir)
    for log in logs:
        if learned:
            in_use = partial(parse_with, judge=judge_for(settings.state_dir))
            report["parse_log, adapted"][log.system] = measure(log, in_use)
        report["parse_log"][log.system] = measure(log, parse_messages)
        if log.raw is not None:
            report["parse_log, raw lines"][log.system] = measure_raw(log, settings)
        report["drain3"][log.system] = measure(log, drain3)
    figures = {
        name: {
            **{system: asdict(scores) for system, scores in by_system.items()},
            "mean": mean_scores(by_system.values()),
        }
        for name, by_system in report.items()
        if by_system
    }
    print(json.dumps(figures) if args.json else _table(figures))
    return 0


def read_logs(folder: Path) -> list[LabelledLog]:
    """All labelled logs of a folder, by name. Raises NotFound."""
    found = [
        (match["system"], path)
        for path in sorted(folder.glob("*"))
        if (match := _LABELS.fullmatch(path.name))
    ]
    if not found:
        raise NotFound(
            f"{folder} holds no labelled logs.",
            remedy="Name a folder with files such as Apache_2k.log_structured_corrected.csv (or .csv.xz).",
        )
    return [_read_log(system, path) for system, path in found]


def _read_log(system: str, path: Path) -> LabelledLog:
    rows = list(csv.DictReader(_text(path).splitlines(keepends=True)))
    contents = [row["Content"] for row in rows]
    raw_path = next(
        (item for item in path.parent.glob(f"{system}_2k.log*") if "_structured" not in item.name), None
    )
    raw = _text(raw_path).removesuffix("\n").split("\n") if raw_path else None
    if raw is not None and len(raw) != len(contents):
        raw = None
    return LabelledLog(system, contents, [plain_template(row["EventTemplate"]) for row in rows], raw)


def _text(path: Path) -> str:
    data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return data.decode("utf-8", "replace")


def measure(log: LabelledLog, parse: Callable[[Sequence[str]], list[str]]) -> LogScores:
    """Parse the messages, and compare."""
    started = time.perf_counter()
    found = parse(log.contents)
    seconds = time.perf_counter() - started
    return score([plain_template(item) for item in found], log.templates, seconds)


def parse_messages(contents: Sequence[str]) -> list[str]:
    """The template of each message, by the grouping of parse_log."""
    return parse_with(contents, None)


def parse_with(contents: Sequence[str], judge: Judge | None) -> list[str]:
    """The template of each message, with <*>, judged by the given judge or the one that ships."""
    from mcp_smalltools.logs.lines.line_table import LineTable
    from mcp_smalltools.logs.message.masking import VAR
    from mcp_smalltools.logs.templates.clustering import cluster_shapes

    table = LineTable()
    shapes = [table.shape_of_content(content) for content in contents]
    counts = [0] * len(table.shapes)
    for shape in shapes:
        counts[shape] += 1
    texts = [""] * len(counts)
    for template in cluster_shapes(table.shapes, counts, judge):
        for shape in template.members:
            texts[shape] = plain_template(template.text.replace(VAR, "<*>"))
    return [texts[shape] for shape in shapes]


def drain3(contents: Sequence[str]) -> list[str]:
    """The template of each message, by Drain3 with its default configuration."""
    from drain3 import TemplateMiner  # type: ignore[import-untyped]
    from drain3.template_miner_config import TemplateMinerConfig  # type: ignore[import-untyped]

    miner = TemplateMiner(config=TemplateMinerConfig())
    clusters = [miner.add_log_message(content)["cluster_id"] for content in contents]
    texts = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    return [texts[cluster] for cluster in clusters]


def measure_raw(log: LabelledLog, settings: Settings) -> LogScores:
    """The whole tool on the lines with their headers. Only groups can be compared: where a header ends is a
    convention, so PA and FTA are 0.
    """
    import anyio

    from mcp_smalltools.service import Service

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "raw.log").write_text("\n".join(log.raw or []) + "\n", encoding="utf-8")
        own = settings.model_copy(
            update={
                "roots": (RootSpec(path=folder, level=PrivacyLevel.OPEN),),
                "state_dir": folder / "state",
                "output_dir": folder / "out",
                "cache": False,
            }
        )
        request = ToolRequest("parse_log", {"path": "raw.log", "export_path": "lines.jsonl"}, client="eval")

        async def call() -> None:
            service = Service(own)
            try:
                await service.call(request)
            finally:
                await service.close()

        started = time.perf_counter()
        anyio.run(call)
        seconds = time.perf_counter() - started
        exported = (folder / "out" / "lines.jsonl").read_text(encoding="utf-8").splitlines()
    groups = [json.loads(line)["template_id"] for line in exported]
    scores = score(groups, log.templates, seconds)
    return LogScores(scores.ga, 0.0, scores.fga, 0.0, 0.0, 0.0, scores.lines_per_s)


def plain_template(text: str) -> str:
    """A template with single spaces, and one <*> where several touch."""
    return _SEVERAL.sub("<*>", re.sub(r"\s+", " ", text).strip())


def _normal(template: Hashable) -> Hashable:
    """The usual normalisation of delimiters; what is no text stays."""
    if not isinstance(template, str):
        return template
    text = _BETWEEN.sub("<*>", _QUOTED_ONE.sub("<*>", _HOLDS_ONE.sub("<*>", template)))
    return plain_template(text)


def score(found: Sequence[Hashable], true: Sequence[Hashable], seconds: float) -> LogScores:
    """Compare the templates found, one for each line, with the true ones."""
    groups, true_groups = _groups(found), _groups(true)
    normal, true_normal = list(map(_normal, found)), list(map(_normal, true))
    true_sets = {frozenset(lines) for lines in true_groups.values()}
    right_groups = [lines for lines in groups.values() if frozenset(lines) in true_sets]
    total = len(groups) + len(true_groups)
    return LogScores(
        ga=round(sum(map(len, right_groups)) / len(true), 4),
        pa=round(sum(map(operator.eq, found, true)) / len(true), 4),
        fga=round(2 * len(right_groups) / total, 4),
        fta=_fta(found, true),
        pa_normal=round(sum(map(operator.eq, normal, true_normal)) / len(true), 4),
        fta_normal=_fta(normal, true_normal),
        lines_per_s=round(len(true) / seconds),
    )


def _fta(found: Sequence[Hashable], true: Sequence[Hashable]) -> float:
    groups = _groups(found)
    right = sum(all(true[line] == name for line in lines) for name, lines in groups.items())
    return round(2 * right / (len(groups) + len(set(true))), 4)


def _groups(templates: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for line, template in enumerate(templates):
        groups[template].append(line)
    return groups


def mean_scores(scores: Collection[LogScores]) -> dict[str, float]:
    """The average of each figure."""
    return {
        field.name: round(sum(getattr(item, field.name) for item in scores) / len(scores), 4)
        for field in fields(LogScores)
    }


_ROWS = ("parse_log", "parse_log, adapted", "parse_log, raw lines", "drain3")
_SHARES = ("ga", "pa", "fga", "fta", "pa_normal", "fta_normal")


def _table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    rows = []
    for name, by_system in figures.items():
        rows.append(f"{name:<22}{'GA':>7}{'PA':>7}{'FGA':>7}{'FTA':>7}{'PA n':>7}{'FTA n':>7}{'lines/s':>10}")
        for system, item in by_system.items():
            shares = "".join(f"{item[metric]:7.3f}" for metric in _SHARES)
            rows.append(f"  {system:<20}{shares}{item['lines_per_s']:10,.0f}")
    return "\n".join(rows)
