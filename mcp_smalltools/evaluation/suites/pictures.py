"""What is read of pictures, and what the tools make of it, beside tesseract and the same text as a file.

--data holds pictures with truth.jsonl, as `benchmarks/make_pictures.py` makes them: a row for each picture
has the lines that are written on it and, by its kind, the line that says why a run failed, the fields of an
invoice or a form, or the secrets. Layouts, themes and sources are split into those to fit by and held out.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio

from mcp_smalltools import processes
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import NotFound, SmallToolsError
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.reading_accuracy import ReadingCounts, compare
from mcp_smalltools.evaluation.suite import add_data, add_json, give_figures, service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.probabilities import span_probability
from mcp_smalltools.request import ToolRequest

if TYPE_CHECKING:
    from mcp_smalltools.pictures.read import PictureReader
    from mcp_smalltools.pictures.reading import ReadPicture
    from mcp_smalltools.service import Service

_DEADLINE_S: Final = 240.0
_SURE: Final = 0.9


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """Of the pictures of one kind. Shares are of 1; seconds are of processor time for each picture."""

    kind: str
    pictures: int
    right: float
    in_order: float
    seconds: float | None = None
    tesseract_right: float | None = None
    tesseract_in_order: float | None = None
    tesseract_seconds: float | None = None
    as_text: float | None = None
    """The same tool's share on what is written, given as a text file."""
    sure: float | None = None
    right_of_sure: float | None = None
    worst: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "pictures and truth.jsonl")
    parser.add_argument("--split", choices=("fit", "held_out"), help="only this part")
    parser.add_argument("--kind", action="append", help="only pictures of this kind; can be repeated")
    parser.add_argument("--wrong", action="store_true", help="say what is wrong in which picture")
    parser.add_argument("--no-peer", action="store_true", help="leave tesseract out")
    add_json(parser)


def run(given: argparse.Namespace, settings: Settings) -> int:
    return anyio.run(_run, given, settings)


async def _run(given: argparse.Namespace, settings: Settings) -> int:
    truth = given.data / "truth.jsonl"
    if not truth.is_file():
        raise NotFound(
            f"{given.data.resolve()} has no truth.jsonl.",
            remedy="Name a folder that benchmarks/make_pictures.py has made.",
        )
    rows = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    rows = [
        row
        for row in rows
        if given.split in (None, row["split"]) and (not given.kind or row["kind"] in given.kind)
    ]
    peer = None if given.no_peer else shutil.which("tesseract")
    if peer is None and not given.no_peer:
        print("tesseract is left out: it is not installed (Debian: tesseract-ocr).", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        folders = given.data.resolve(), Path(folder).resolve()
        roots = tuple(RootSpec(path=path, level=PrivacyLevel.OPEN) for path in folders)
        # Without a writer: what is measured is what reading a picture costs.
        changes = {
            "roots": roots,
            "cache": True,
            "writer": "off",
            "deadline_s": _DEADLINE_S,
            "max_answer_chars": 1 << 30,
        }
        async with service_with(settings, **changes) as service:
            figures = [
                *_reading(rows, given.data, service, peer, given.wrong),
                *await _tools(rows, given.data, service, Path(folder), given.wrong),
            ]
    give_figures("pictures", figures, _show, as_json=given.json)
    return 0


def _reading(
    rows: Sequence[Mapping[str, Any]], folder: Path, service: Service, peer: str | None, wrong: bool
) -> list[PictureFigures]:
    from mcp_smalltools.pictures.read import PictureReader

    by_kind: dict[str, list[_OnePicture]] = {}
    reader = PictureReader()
    for row in rows:
        before = time.process_time()
        read = _read(service, folder / row["file"], reader)
        spent = time.process_time() - before
        lines = [line.text for line in read.lines] if read else []
        ours = compare(row["lines"], lines)
        done = _OnePicture(row["layout"], ours, spent)
        if peer:
            theirs, done.peer_seconds = _tesseract(peer, folder / row["file"])
            done.peer = compare(row["lines"], theirs)
        by_kind.setdefault(row["kind"], []).append(done)
        if wrong:
            counts = f"{ours.wrong} of {ours.characters} wrong, {ours.in_order}/{ours.lines} in order"
            print(f"{row['file']}: {counts}", flush=True)
            for line in _unread(row["lines"], lines):
                print(f"    {line}")
    return [_figures_of(kind, done) for kind, done in by_kind.items()]


@dataclass(slots=True)
class _OnePicture:
    """What was read of one picture, by us and by tesseract; seconds are of processor time."""

    layout: str
    ours: ReadingCounts
    seconds: float
    peer: ReadingCounts | None = None
    peer_seconds: float = 0.0


def _figures_of(kind: str, done: Sequence[_OnePicture]) -> PictureFigures:
    peers = [item.peer for item in done if item.peer]
    by_layout = {
        layout: _right([item.ours for item in done if item.layout == layout])
        for layout in {item.layout for item in done}
    }
    worst = min(by_layout, key=by_layout.__getitem__)
    return PictureFigures(
        kind,
        len(done),
        _right([item.ours for item in done]),
        _in_order([item.ours for item in done]),
        round(sum(item.seconds for item in done) / len(done), 2),
        _right(peers) if peers else None,
        _in_order(peers) if peers else None,
        round(sum(item.peer_seconds for item in done) / len(done), 2) if peers else None,
        worst=f"{worst}: {by_layout[worst]}",
    )


def _unread(written: Sequence[str], read: Sequence[str]) -> list[str]:
    flat = {" ".join(line.split()) for line in read}
    missed = [" ".join(line.split()) for line in written if " ".join(line.split()) not in flat]
    return [f"- {line}" for line in missed] + [
        f"+ {line}" for line in sorted(flat - {" ".join(line.split()) for line in written})
    ]


def _right(compared: Sequence[ReadingCounts]) -> float:
    total = sum(item.characters for item in compared)
    return round(1 - sum(item.wrong for item in compared) / max(1, total), 4)


def _in_order(compared: Sequence[ReadingCounts]) -> float:
    return round(sum(i.in_order for i in compared) / max(1, sum(i.lines for i in compared)), 4)


def _read(service: Service, path: Path, reader: PictureReader | None = None) -> ReadPicture | None:
    """What is on a picture; with a reader, read in this process, whose processor time is known."""
    from mcp_smalltools.tools.open_files import OpenFiles

    files = OpenFiles(service.settings)
    try:
        file = files.open(str(path.resolve()))
        if reader is None:
            return service.pictures.read(file, None)
        read = reader.read(path.read_bytes(), lambda: None)
        service.pictures.keep(file, read)
        return read
    except SmallToolsError as error:
        print(f"{path.name}: {error}")
        return None
    finally:
        files.close()


def _tesseract(program: str, path: Path) -> tuple[list[str], float]:
    """Its lines, and its processor time in seconds. On one thread, as we read: more take more of it."""
    import resource

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    env = {**processes.clean_environment(), "OMP_THREAD_LIMIT": "1"}
    done = processes.run([program, str(path.resolve()), "-", "--psm", "3"], timeout_s=120, env=env)
    return done.stdout.decode(errors="replace").splitlines(), spent() - before


async def _tools(
    rows: Sequence[Mapping[str, Any]], folder: Path, service: Service, texts: Path, wrong: bool
) -> list[PictureFigures]:
    figures = []
    for name, judge, wanted in (
        ("find_failure", _failure, "guilty"),
        ("extract", _fields, "data"),
        ("read_redacted", _masked, "secrets"),
    ):
        chosen = [row for row in rows if row.get(wanted)]
        if not chosen:
            continue
        ours: list[tuple[bool, bool]] = []
        plain: list[tuple[bool, bool]] = []
        for row in chosen:
            text = texts / f"{Path(row['file']).stem}.txt"
            text.write_text("\n".join(row["lines"]) + "\n", encoding="utf-8")
            judged = await judge(row, (folder / row["file"]).resolve(), service)
            ours += judged
            plain += await judge(row, text, service)
            if wrong and not all(right for right, _ in judged):
                print(f"{name} {row['file']} {row['layout']}: {[pair for pair in judged if not pair[0]]}")
        sure = [right for right, is_sure in ours if is_sure]
        figures.append(
            PictureFigures(
                name,
                len(chosen),
                _share([right for right, _ in ours]),
                1.0,
                as_text=_share([right for right, _ in plain]),
                sure=_share([is_sure for _, is_sure in ours]),
                right_of_sure=_share(sure),
            )
        )
    return figures


def _share(rights: Sequence[bool]) -> float:
    return round(sum(rights) / len(rights), 4) if rights else 0.0


async def _call(service: Service, tool: str, **arguments: Any) -> dict[str, Any]:
    try:
        return (await service.call(ToolRequest(tool, arguments))).structured()
    except SmallToolsError as error:
        print(f"{tool} {arguments.get('path')}: {error}")
        return {"escalate": True}


async def _failure(row: Mapping[str, Any], path: Path, service: Service) -> list[tuple[bool, bool]]:
    """Whether one of the lines that say why is among the evidence."""
    answer = await _call(service, "find_failure", path=str(path))
    shown = [line for span in answer.get("evidence", []) for line in span["text"].split("\n")]
    right = any(_alike(line, guilty) for line in shown for guilty in row["guilty"].split("\n"))
    return [(right, not answer["escalate"])]


def _alike(one: str, other: str) -> bool:
    a, b = re.sub(r"\s+", "", one), re.sub(r"\s+", "", other)
    return bool(a and b) and (a in b or b in a or SequenceMatcher(None, a, b, autojunk=False).ratio() > 0.85)


async def _fields(row: Mapping[str, Any], path: Path, service: Service) -> list[tuple[bool, bool]]:
    """Of each field and each value of a row: whether it is right, and given as sure."""
    answer = await _call(service, "extract", path=str(path), schema=row["schema"])
    data = answer.get("data") or {}
    doubts = {item["field"]: item.get("confidence", 1.0) < _SURE for item in answer.get("evidence", [])}
    judged = []
    for name, value in row["data"].items():
        given = data.get(name)
        sure = not answer["escalate"] and not doubts.get(name, False) and given is not None
        if not isinstance(value, list):
            judged.append((given == value, sure))
            continue
        given = given or []
        for number, wanted in enumerate(value):
            got = given[number] if number < len(given) else {}
            judged += [(got.get(key) == item, sure and bool(got)) for key, item in wanted.items()]
    return judged


async def _masked(row: Mapping[str, Any], path: Path, service: Service) -> list[tuple[bool, bool]]:
    """Of each secret: whether it is masked; *sure* where its line was read with confidence."""
    answer = await _call(service, "read_redacted", path=str(path))
    lines = answer.get("lines", [])
    text = "\n".join(lines)
    read = _read(service, path) if path.suffix == ".png" else None
    judged = []
    for secret in row["secrets"]:
        matcher = SequenceMatcher(None, text, secret, autojunk=False)
        match = matcher.find_longest_match()
        # A call that failed shows nothing, and has masked nothing.
        masked = bool(lines) and match.size < max(5, 0.35 * len(secret))
        sure = True
        if not masked and read:
            number = text[: match.a].count("\n")
            sure = span_probability(read.lines[number].probabilities()) >= _SURE
        judged.append((masked, sure))
    return judged


def _show(figures: Sequence[PictureFigures]) -> None:
    from rich.table import Table

    names = [name for name in PictureFigures.__dataclass_fields__ if name != "kind"]
    table = Table("kind", *(name.replace("_", " ") for name in names))
    for item in figures:
        values = (getattr(item, name) for name in names)
        table.add_row(item.kind, *("" if value is None else str(value) for value in values))
    print_table(table)
