"""Quality of summarize_file on the history of git repositories: its summaries as an index, and whether they
are true to the file.

For each of the newest commits that change one to three files, every file of the tree before it is represented
by a text, and BM25 looks among these texts for the commit's subject: recall@10 against tokens a file. The
summary is the text of the tool's answer; beside it stand the path alone, the first ten lines,
the names at the top, the outline with the first lines of its documentation, and the whole file. Each text has
its path before it.

Faithful is the share of the identifiers, paths and numbers in a summary that occur in the file.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.evaluation.console_table import print_table
from mcp_smalltools.evaluation.data import whole_files
from mcp_smalltools.evaluation.data.history import Repository, recall, repositories, text_of
from mcp_smalltools.evaluation.suite import add_data, add_json, give_figures
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest

FIRST: Final = 10
SUMMARY: Final = "summary"
_CLAIM = re.compile(r"[\w./-]*\w")
_CODE_LIKE = re.compile(r"[_/\d]|[a-z][A-Z]|\w\.\w")


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to represent a file."""

    text: str
    recall_at_10: float
    tokens: float  # a file, path not counted


@dataclass(frozen=True, slots=True)
class SummaryFigures:
    """How one repository went."""

    repository: str
    commits: int
    files: int  # in the last tree
    rungs: list[Rung]
    faithful: float
    claims: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, "git repositories")
    parser.add_argument("--commits", type=int, default=200, metavar="N", help="of each repository")
    parser.add_argument(
        "--words", type=int, default=0, metavar="N", help="max_words (default: the tool's own)"
    )
    add_json(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    give_figures("summaries", anyio.run(evaluate, args, settings), _show, as_json=args.json)
    return 0


async def evaluate(args: argparse.Namespace, settings: Settings) -> list[SummaryFigures]:
    from mcp_smalltools.service import Service

    figures = []
    for repository in repositories(args.data):
        with tempfile.TemporaryDirectory() as folder:
            root = RootSpec(path=Path(folder) / "files", level=PrivacyLevel.OPEN)
            root.path.mkdir()
            own = {"roots": (root,), "state_dir": Path(folder) / "state", "cache": False}
            service = Service(settings.model_copy(update=own))
            try:
                figures.append(await _one(repository, service, root.path, args))
            finally:
                await service.close()
    return figures


@dataclass(slots=True)
class _Ladder:
    """All texts of the files that were seen, by rung, path and content."""

    texts: dict[tuple[str, str], dict[str, whole_files.Text]] = field(default_factory=dict)
    plain: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    claims: int = 0
    unfaithful: int = 0


async def _one(
    repository: Repository, service: Any, folder: Path, args: argparse.Namespace
) -> SummaryFigures:
    ladder, commits = _Ladder(), repository.commits(args.commits)
    recalls: dict[str, list[float]] = {}
    tree: dict[str, str] = {}
    for commit in commits:
        tree = repository.tree(commit.parent)
        for path, identity in tree.items():
            if (path, identity) not in ladder.texts:
                text = text_of(repository.content(identity))
                made = {} if text is None else await _rungs(path, text, service, folder, args.words)
                ladder.plain[path, identity] = made
                ladder.texts[path, identity] = {
                    rung: whole_files.text(path, written) for rung, written in made.items()
                }
                if text is not None:
                    claims = claims_of(made[SUMMARY])
                    ladder.claims += len(claims)
                    ladder.unfaithful += sum(claim not in text for claim in claims)
        present = {path: ladder.texts[path, identity] for path, identity in tree.items()}
        present = {path: made for path, made in present.items() if made}
        for rung in next(iter(present.values()), {}):
            texts = {path: made[rung] for path, made in present.items()}
            found = whole_files.best(commit.subject, texts, FIRST)
            recalls.setdefault(rung, []).append(recall(found, commit.files))
    last = [made for path, identity in tree.items() if (made := ladder.plain[path, identity])]
    tokens = await _tokens(last, service)
    return SummaryFigures(
        repository=repository.name,
        commits=len(commits),
        files=len(last),
        rungs=[
            Rung(rung, round(sum(values) / len(values), 4), tokens[rung]) for rung, values in recalls.items()
        ],
        faithful=round(1 - ladder.unfaithful / max(1, ladder.claims), 4),
        claims=ladder.claims,
    )


async def _rungs(path: str, text: str, service: Any, folder: Path, words: int) -> dict[str, str]:
    made = {rung: write(path, text) for rung, write in _RUNGS.items()}
    return made | {SUMMARY: await _summary(path, text, service, folder, words)}


async def _summary(path: str, text: str, service: Any, folder: Path, words: int) -> str:
    """The text of the tool's answer for the file, under its own path."""
    from mcp_smalltools.errors import SmallToolsError

    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    try:
        answer = await service.call(ToolRequest("summarize_file", {"path": path, "max_words": words}))
    except SmallToolsError:
        return ""
    finally:
        place.unlink()
    return "\n".join(texts_of(answer.structured()))


def texts_of(answer: Mapping[str, Any]) -> list[str]:
    """The strings of an answer that are text of the file."""
    spans = [answer["purpose"]] if "purpose" in answer else []
    spans += answer["key_points"]
    columns = answer.get("columns", [])
    return [
        *(span["text"] for span in spans),
        *(f"{item['text']} {item.get('about', '')}".strip() for item in answer["outline"]),
        *(" ".join([column["name"], *column["examples"]]) for column in columns),
        *([answer["keywords"]] if "keywords" in answer else []),
    ]


def claims_of(summary: str) -> set[str]:
    """The identifiers, paths and numbers in it."""
    return {claim for claim in _CLAIM.findall(summary) if _CODE_LIKE.search(claim)}


async def _tokens(files: Sequence[Mapping[str, str]], service: Any) -> dict[str, float]:
    """Mean tokens a file of each rung, by the generating model's own tokenizer."""
    counted = {}
    for rung in files[0] if files else ():
        counts = await service.engine.count_tokens([made[rung][:200_000] or " " for made in files])
        counted[rung] = round(sum(counts) / len(counts), 1)
    return counted


def _path_alone(path: str, text: str) -> str:
    return ""


def _first_lines(path: str, text: str) -> str:
    return "\n".join(text.split("\n")[:10])


def _top_names(path: str, text: str) -> str:
    from mcp_smalltools.text.outline import language_of, outline

    if (language := language_of(path, text.split("\n", 1)[0])) is None:
        return _headings(text)
    return "\n".join(symbol.name for symbol in outline(text, language).symbols if not symbol.depth)


def _outline(path: str, text: str) -> str:
    """All names, each with the first line of its documentation; headings where there are no names."""
    from mcp_smalltools.text.outline import language_of, outline

    if (language := language_of(path, text.split("\n", 1)[0])) is None:
        return _headings(text)
    found = outline(text, language)
    return "\n".join([found.doc, *(f"{symbol.name} {symbol.doc}" for symbol in found.symbols)])


def _headings(text: str) -> str:
    """Headings and the first sentence, of a document; the keys at the top, of settings."""
    from mcp_smalltools.tools.summarize_file.documents import read_document

    digest = read_document(text)
    return "\n".join(
        ([digest.purpose.text] if digest.purpose else []) + [heading.text for heading in digest.headings]
    )


def _whole(path: str, text: str) -> str:
    return text


_RUNGS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "path alone": _path_alone,
    "first 10 lines": _first_lines,
    "names at the top": _top_names,
    "outline": _outline,
    "whole file": _whole,
}


def _show(figures: Sequence[SummaryFigures]) -> None:
    from rich.table import Table

    for item in figures:
        table = Table(
            title=f"{item.repository}: {item.commits} commits, {item.files} files",
            caption=f"faithful: {item.faithful} of {item.claims:,} identifiers, paths and numbers",
        )
        table.add_column("text")
        table.add_column("recall@10", justify="right")
        table.add_column("tokens a file", justify="right")
        for rung in item.rungs:
            table.add_row(rung.text, f"{rung.recall_at_10:.3f}", f"{rung.tokens:,}")
        print_table(table)
