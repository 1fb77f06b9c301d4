"""Questions with texts that answer and texts that don't, to train the joint encoder of `ask_file` on.

    PYTHONPATH=. python models/recipes/ask_file/pairs.py --data DIR --out PAIRS    # 5 minutes for 25 of them

DIR has git repositories, bare ones too, of which nothing is measured. Four kinds: questions that were
written for this (`asked.txt`) and the other written ones (`questions.txt`, parts `fit` and `cal`); questions
that code makes of their files (`evaluation/data/questions.py`); documentation, headings and comments, each
without what it stands above, beside definitions, sentences and settings. The texts that don't answer are of
the same file, those first that the shipped ranking puts first without the encoder. A line of PAIRS is a
group: question, texts, and which of them answer.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from gather import index_of
from written import written_questions

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.evaluation.data.history import Repository, repositories, text_of
from mcp_smalltools.evaluation.data.questions import questions, rephrase
from mcp_smalltools.tools.ask_file.features import FEATURES, candidate_features
from mcp_smalltools.tools.ask_file.question import parse_question
from mcp_smalltools.tools.ask_file.rank import UNKNOWN_SIMILARITY, judge_text
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import Index

ASKED: Final = Path(__file__).resolve().parent / "asked.txt"
TEXTS: Final = 12
"""Of a group, at most; a round of training draws some of them."""
MADE: Final = 160
FILES: Final = 60
"""Of a repository: questions, and files that pairs are taken from."""
_PAIRS: Final = 5
"""Of a kind and a file."""
_LEFT_OUT: Final = re.compile(
    r"(^|/)(vendor|third_party|node_modules|dist|testdata|fixtures)/|\.min\.|lock$|\.svg$|\.po$"
)
_FRAMES: Final = {
    "doc": ("Which function {}?", "Where is it that it {}?", "{}", "What does this: {}?"),
    "heading": ("{}?", "How about {}?", "What is said about {}?", "{}"),
    "comment": ("Which setting {}?", "{}", "What do I set so that {}?", "Where is this configured: {}?"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A question and texts of one file; `right` are the numbers of those that answer, none if none does."""

    source: str
    kind: str
    question: str
    texts: Sequence[str]
    right: Sequence[int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a file; `lines` are those that answer, none if none does."""

    source: str
    kind: str
    question: str
    path: Path
    lines: frozenset[int]


@functools.lru_cache(maxsize=4)
def _indexed(path: Path) -> tuple[Index, list[list[str]]]:
    return index_of([path]), [path.read_text(encoding="utf-8", errors="replace").split("\n")]


def group_of(asked: Asked, rng: random.Random) -> Group | None:
    """The units with the lines that answer, and those that look most like it; None if no unit has them."""
    index, files = _indexed(asked.path)
    if not index.units:
        return None
    order = _ranked(index, asked.question)
    answers = [n for n in order if not asked.lines.isdisjoint(_lines(index.units[n].unit))]
    if asked.lines and not answers:
        return None
    others = [n for n in order if n not in answers]
    near = others[: TEXTS - 4]
    chosen = answers[:2] + near + rng.sample(others[len(near) :], min(2, len(others) - len(near)))
    texts = [judge_text(index.units[n], files) for n in chosen]
    return Group(asked.source, asked.kind, asked.question, texts, list(range(len(answers[:2]))))


def _ranked(index: Index, question: str) -> list[int]:
    """Numbers of the units, those first that the shipped ranking puts first without the encoder."""
    parsed = parse_question(question)
    matches = index.matches(parsed)
    if not matches.weights.size:
        return list(range(len(index.units)))
    order = np.argsort(-matches.soft, kind="stable").tolist()
    chosen = index.candidates(matches)
    if not chosen:
        return order
    columns = candidate_features(index, parsed, matches, chosen, [UNKNOWN_SIMILARITY] * len(chosen))
    chances = load_calibration("ask_file", FEATURES).models["unit"](columns)
    first = [chosen[n] for n in np.argsort(-chances, kind="stable").tolist()]
    known = set(first)
    return [*first, *(n for n in order if n not in known)]


def _lines(unit: Unit) -> range:
    return range(unit.start, unit.end + 1)


def pairs_of(source: str, path: Path, rng: random.Random) -> Iterator[Group]:
    """What stands above something as the question, what is below as the text; others of its kind beside."""
    index, (lines,) = _indexed(path)
    units = [one.unit for one in index.units]
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in _FRAMES}
    defined = {unit.name: lines[unit.start - 1].strip() for unit in units if unit.kind == "definition"}
    for unit in units:
        if unit.kind == "doc" and 4 <= len(unit.text.split()) <= 30 and unit.name in defined:
            found["doc"].append((unit.text, defined[unit.name]))
        elif unit.kind == "section" and len(unit.name.split()) >= 2:
            below = [u for u in units if u.kind == "sentence" and unit.start < u.start <= unit.start + 8]
            found["heading"] += [(unit.name, u.text) for u in below[:1] if len(u.text) > 30]
        elif unit.kind == "entry" and unit.whole and unit.whole[0] < unit.start:
            above = " ".join(line.strip(" #/;*<!->") for line in lines[unit.whole[0] - 1 : unit.start - 1])
            if 4 <= len(above.split()) <= 40:
                found["comment"].append((above.strip(), unit.text))
    beside = {
        "doc": list(defined.values()),
        "heading": [unit.text for unit in units if unit.kind == "sentence" and len(unit.text) > 30],
        "comment": [unit.text for unit in units if unit.kind == "entry"],
    }
    for kind, pairs in found.items():
        for above, text in rng.sample(pairs, min(_PAIRS, len(pairs))):
            others = [other for other in dict.fromkeys(beside[kind]) if other != text]
            if len(others) >= 3:
                asked = rng.choice(_FRAMES[kind]).format(rephrase(above.rstrip(".:"), rng)[:300])
                texts = [text, *_nearest(asked, others, rng)]
                yield Group(source, kind, asked, [one[:500] for one in texts], [0])


def _nearest(question: str, texts: Sequence[str], rng: random.Random) -> list[str]:
    words = set(re.findall(r"\w{3,}", question.lower()))
    shuffled = rng.sample(texts, len(texts))
    shuffled.sort(key=lambda text: -len(words & set(re.findall(r"[A-Za-z]{3,}", text.lower()))))
    return [*shuffled[: TEXTS - 4], *shuffled[-2:]][: TEXTS - 1]


def asked_questions(path: Path = ASKED) -> dict[str, list[tuple[str, str, str, frozenset[int]]]]:
    """By repository: commit, path, question and the lines that answer it, none if the file doesn't."""
    found: dict[str, list[tuple[str, str, str, frozenset[int]]]] = {}
    repository, commit, name = "", "", ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"== (\S+) (\w+) (.+)$", line):
            repository, commit, name = match.groups()
        elif match := re.match(r"(-|[\d,-]+) (.+)$", line):
            spans = [part.split("-") for part in match[1].split(",")] if match[1] != "-" else []
            lines = frozenset(n for span in spans for n in range(int(span[0]), int(span[-1]) + 1))
            found.setdefault(repository.replace("/", "+", 1), []).append((commit, name, match[2], lines))
    return found


def asked_groups(repository: Repository, rng: random.Random) -> Iterator[Group]:
    """The questions of `asked.txt` to files of this repository."""
    trees: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for commit, name, question, lines in asked_questions().get(repository.name, ()):
            tree = trees.setdefault(commit, repository.tree(commit))
            path = Path(folder) / name
            if not path.exists() and (text := text_of(repository.content(tree[name]))):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            group = group_of(Asked(repository.name, "asked", question, path, lines), rng)
            if group:
                yield group


def of_repository(repository: Repository, rng: random.Random) -> Iterator[Group]:
    yield from asked_groups(repository, rng)
    with tempfile.TemporaryDirectory() as folder:
        tree = repository.tree("HEAD")
        paths = [path for path in tree if not _LEFT_OUT.search(path)]
        for path in rng.sample(paths, min(6 * FILES, len(paths))):
            text = text_of(repository.content(tree[path]))
            if text and 400 < len(text) < 60_000:
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(text, encoding="utf-8")
        for asked in questions(Path(folder), MADE, rng.randrange(1 << 30)):
            gold = frozenset(range(asked.start, asked.end + 1)) - {0}
            group = group_of(Asked(repository.name, "made", asked.text, asked.path, gold), rng)
            if group:
                yield group
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        for path in rng.sample(files, min(FILES, len(files))):
            yield from pairs_of(repository.name, path, rng)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="git repositories")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rng = random.Random(1)
    with args.out.open("w", encoding="utf-8") as out:
        asked, _ = written_questions()
        for one in asked:
            if one.part != "test":
                group = group_of(Asked(one.path.name, "written", one.text, one.path, one.lines), rng)
                if group:
                    out.write(json.dumps(asdict(group)) + "\n")
        for repository in repositories(args.data):
            count = 0
            for group in of_repository(repository, rng):
                out.write(json.dumps(asdict(group)) + "\n")
                count += 1
            print(repository.name, count, flush=True)


if __name__ == "__main__":
    main()
