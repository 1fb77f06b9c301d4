"""How right the tools are on real cases, by tool and by source, with plain methods beside.

--data holds truth.jsonl files and what they name (benchmarks/field/README.md: the form, and how ours were
collected). Each case is a call as an agent would make it. An answer is *right* if all that its truth tells of
holds, and *sure* if it does not escalate. The bar is what is right of the sure answers, on each source: the
worst one stands beside the mean. Cases marked held_out are what no one who worked on the tool has seen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.field.cases import FieldCase, read_cases
from mcp_smalltools.evaluation.field.judged import FieldFigures, JudgedCase
from mcp_smalltools.evaluation.field.judges import (
    JUDGES,
    beside,
    judge,
    kind_of_task,
    rated,
    says,
    sure_items,
)
from mcp_smalltools.evaluation.field.plain import plain_parts
from mcp_smalltools.evaluation.suite import add_data, add_json, give_figures, service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mcp_smalltools.service import Service

ENOUGH = 3
"""Cases that a source must have to be the worst one."""
WITH_ENCODER = frozenset({"ask_file", "classify", "extract", "find_files", "summarize_file"})
"""Tools that answer otherwise, or not at all, where there is no encoder."""
_DEADLINE_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "truth.jsonl and the files that it names")
    parser.add_argument("--split", default="", metavar="NAME", help="only these cases: fit or held_out")
    parser.add_argument(
        "--tool", action="append", choices=sorted(JUDGES), help="only this tool; may be repeated"
    )
    parser.add_argument("--wrong", action="store_true", help="name the cases that are not right, and why")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="put the figures of held-out cases into DIR/TOOL/scores.json (DIR is models/skills)",
    )
    add_json(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    from mcp_smalltools.evaluation.field.recorded import check_recordable, record_field

    if args.record:
        check_recordable(args.record, args.split)
    cases = read_cases(args.data.resolve(), split=args.split, tools=frozenset(args.tool or ()))
    absent = [case for case in cases if not case.is_here()]
    judged = anyio.run(judge_all, [case for case in cases if case.is_here()], settings)
    figures = [
        figures_of(
            tool,
            [item for item in judged if item.case.tool == tool],
            absent=sum(case.tool == tool for case in absent),
        )
        for tool in sorted({item.case.tool for item in judged})
    ]
    for one in figures if args.record else []:
        record_field(args.record, one, [item for item in judged if item.case.tool == one.tool])
    give_figures("field", figures, partial(show_figures, wrong=args.wrong), as_json=args.json)
    return 0


async def judge_all(cases: Sequence[FieldCase], settings: Settings) -> list[JudgedCase]:
    """Call the tool of each case and judge its answer. A call that fails is a case that is wrong."""
    judged = []
    for folder in sorted({case.folder for case in cases}):
        root = RootSpec(path=folder.resolve(), level=PrivacyLevel.OPEN)
        async with service_with(settings, roots=(root,)) as service:
            own = [case for case in cases if case.folder == folder]
            await _warn_without_encoder(service, {case.tool for case in own})
            judged += [await _judge(service, case) for case in own]
    return judged


async def _warn_without_encoder(service: Service, tools: Set[str]) -> None:
    """Figures without the encoder are not those of a working set-up: say so, and why there is none."""
    from mcp_smalltools.tools.similarity import NoEncoder, embed

    if not (affected := tools & WITH_ENCODER):
        return
    try:
        found = await embed(service.engine, ["probe"], _DEADLINE_S, tolerated=(SmallToolsError,))
    except SmallToolsError as error:
        found = NoEncoder(error)
    if isinstance(found, NoEncoder):
        names = ", ".join(sorted(affected))
        print(f"eval: measured without the encoder ({names}). {found.error}", file=sys.stderr)


async def _judge(service: Service, case: FieldCase) -> JudgedCase:
    plain = await plain_parts(case, partial(_vectors, service))
    started = time.perf_counter()
    try:
        request = ToolRequest(case.tool, _with_folder(case), client="eval", deadline_s=_DEADLINE_S)
        answer: dict[str, Any] = (await service.call(request)).structured()
    except SmallToolsError as error:
        said = judge_error(case, str(error))
        as_expected = bool(said) and all(said.values())  # else a refusal, which misleads nobody
        return JudgedCase(case, said, as_expected, len(str(error)), 0.0, plain, str(error))
    seconds = time.perf_counter() - started
    parts = judge(case.tool, case.right, answer)
    return JudgedCase(
        case,
        parts,
        not answer.get("escalate"),
        len(json.dumps(answer, ensure_ascii=False)),
        seconds,
        plain,
        beside=beside(case.tool, case.right, answer, examples=bool(case.arguments.get("examples"))),
        sure_items=sure_items(case.right, answer) if case.tool == "classify" else (0, 0),
        rated=rated(case.tool, case.right, answer, all_right=bool(parts) and all(parts.values())),
    )


async def _vectors(service: Service, texts: Sequence[str]) -> NDArray[np.float32] | None:
    """Vectors of the bare encoder, for the plain methods; None where there is none."""
    from mcp_smalltools.tools.similarity import NoEncoder, embed

    found = await embed(service.engine, texts, _DEADLINE_S)
    return None if isinstance(found, NoEncoder) else found


def judge_error(case: FieldCase, error: str) -> dict[str, bool]:
    """A refusal is right only where the truth asks for what it says."""
    if set(case.right) != {"says"}:
        return {}
    return says(case.right, {"error": error})


def _with_folder(case: FieldCase) -> dict[str, Any]:
    """The arguments with paths that are whole, so that the working folder doesn't matter."""
    arguments = dict(case.arguments)
    for name in ("path", "baseline_path"):
        if arguments.get(name):
            arguments[name] = str(case.folder.resolve() / arguments[name])
    if "paths" in arguments:
        arguments["paths"] = [str(case.folder.resolve() / path) for path in arguments["paths"]]
    return arguments


def figures_of(tool: str, judged: Sequence[JudgedCase], *, absent: int = 0) -> FieldFigures:
    """Means over the cases; the worst source among those with at least ENOUGH cases. `absent` cases were left
    out, since their files are not here.
    """
    sure = [item for item in judged if item.sure]
    names = {name for item in judged for name in item.parts}
    if tool == "extract":
        names &= {"data", "says"}  # the fields of each case are others: `beside` has their shares
    parts = {name: _share([item.parts[name] for item in judged if name in item.parts]) for name in names}
    parts |= _means([item.beside for item in judged]) | _sure_items(judged)
    by_source: dict[str, list[bool]] = {}
    for item in judged:
        by_source.setdefault(item.case.source, []).append(item.right)
    worst = min(
        ((_share(rights), source) for source, rights in by_source.items() if len(rights) >= ENOUGH),
        default=(0.0, ""),
    )
    return FieldFigures(
        tool=tool,
        cases=len(judged),
        absent=absent,
        sources=len(by_source),
        right=_share([item.right for item in judged]),
        sure=_share([item.sure for item in judged]),
        right_of_sure=_share([item.right for item in sure]),
        sure_and_wrong=[item.case.id for item in sure if not item.right],
        worst_source=worst[1],
        worst_right=worst[0],
        characters=statistics.median(item.characters for item in judged),
        seconds=round(sum(item.seconds for item in judged), 2),
        parts=dict(sorted(parts.items())),
        plain=_means([item.plain for item in judged]),
        failed_calls=[f"{item.case.id}: {item.error}" for item in judged if item.error],
        wrong=[
            f"{item.case.id}: " + ", ".join(name for name, right in item.parts.items() if not right)
            for item in judged
            if not item.right
        ],
    )


def _sure_items(judged: Sequence[JudgedCase]) -> dict[str, float]:
    """Right of all sure items, by kind of task: counted over items, since a task may be sure of one alone."""
    told = {}
    for examples in (True, False):
        of_kind = [item for item in judged if bool(item.case.arguments.get("examples")) == examples]
        count = sum(item.sure_items[1] for item in of_kind)
        if count:
            hits = sum(item.sure_items[0] for item in of_kind)
            told[f"{kind_of_task(examples=examples)}: right of the {count} sure items"] = round(
                hits / count, 4
            )
    return told


def _means(told: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each name over the cases that have it."""
    names = sorted({name for one in told for name in one})
    return {name: _share([one[name] for one in told if name in one]) for name in names}


def _share(rights: Sequence[float]) -> float:
    return round(sum(rights) / len(rights), 4) if rights else 0.0


def show_figures(all_figures: Sequence[FieldFigures], *, wrong: bool = False) -> None:
    """A table of the tools, the errors of calls that failed, and with `wrong` the cases not right."""
    from rich.table import Table

    table = Table("", *(figures.tool for figures in all_figures))
    for name in (
        "cases",
        "absent",
        "sources",
        "right",
        "sure",
        "right_of_sure",
        "worst_source",
        "worst_right",
    ):
        table.add_row(name.replace("_", " "), *(str(getattr(item, name)) for item in all_figures))
    table.add_row("sure and wrong", *(str(len(item.sure_and_wrong)) for item in all_figures))
    table.add_row("calls that failed", *(str(len(item.failed_calls)) for item in all_figures))
    table.add_row("characters, median", *(str(item.characters) for item in all_figures))
    for group in ("parts", "plain"):
        names = {name for item in all_figures for name in getattr(item, group)}
        for name in sorted(names):
            cells = (str(getattr(item, group).get(name, "")) for item in all_figures)
            table.add_row(f"{name} ({'plain method' if group == 'plain' else 'right'})", *cells)
    print_table(table)
    for figures in all_figures:
        for error, count in Counter(item.partition(": ")[2] for item in figures.failed_calls).items():
            print(f"{figures.tool}: {count} failed: {error}")
    for figures in all_figures if wrong else ():
        for line in (*figures.failed_calls, *figures.wrong):
            print(f"{figures.tool}: {line}")
        print(f"{figures.tool}: sure and wrong: {', '.join(figures.sure_and_wrong) or 'none'}")
