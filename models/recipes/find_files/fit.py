"""How sure `find_files` is: fitted on the histories of public repositories. Writes `scores.json`.

    PYTHONPATH=. python models/recipes/find_files/fit.py --data DIR --rows ROWS    # 2 minutes for each one

DIR has git repositories, bare ones too, of which nothing is measured. The newest fixes of code in each (up to
30; no merges, releases, tests, documentation) ask with their subjects in the tree before all of them; right
is a file that the fix changed. Every third subject is also put to the next repository, where nothing is
right. ROWS keeps what was seen, for the next fit. Each repository is judged by models that have not seen it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.measures import expected_calibration_error
from mcp_smalltools.config import RootSpec, Settings, load_settings
from mcp_smalltools.evaluation.data.history import Commit, Repository, repositories
from mcp_smalltools.evaluation.suite import service_with
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.tools.base import StopSignal
from mcp_smalltools.tools.find_files.certainty import FEATURES, SHOWN
from mcp_smalltools.tools.find_files.file_kinds import kind_of
from mcp_smalltools.tools.find_files.search import Query, SearchFolder, search
from mcp_smalltools.tools.similarity import NoEncoder, embed

SKILL: Final = Path(__file__).resolve().parents[2] / "skills" / "find_files"
FIXES: Final = 30
_FEWEST: Final = 8
_LOOKED_AT: Final = 600
"""Commits that ask for something, of which the fixes are the newest."""
ELSEWHERE: Final = 3
"""Of so many subjects one is put to another repository."""
RIGHT: Final = 0.97
"""What is sure has to be right this often: a margin over the .95 that is promised."""
NO_WORD: Final = "zqxjvkw"
"""A query that no file has a word of: it needs no calibration, which there may not be yet."""
RIDGE: Final = 30.0
_FOLDS: Final = 12
_NO_FIX: Final = re.compile(
    r"(?i)\W*(docs?|tests?|ci|chore|style|refactor|lint|typo|build|format|update|bump|clean|rename|move"
    r"|add tests?|remove unused|readme)\b|.*\b(typo|readme|changelog|copyright|lint|comments?|docs?"
    r"|documentation|tests?|ci|workflow|dependenc\w*)\b"
)
_KIND_OF_COMMIT: Final = re.compile(r"^(?i:fix(es|ed)?|feat|perf|bug(fix)?)(\([^)]*\))?!?:\s*|\s*\(?#\d+\)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query to a repository: what the ranking says of itself, and whether it is right."""

    repository: str
    query: str
    elsewhere: bool
    with_vectors: Mapping[str, float]
    by_words: Mapping[str, float]
    right: Mapping[str, bool]
    """By the name of the model."""


def fixes_of(repository: Repository) -> list[Commit]:
    """Fixes of one or two files of code, oldest first, with a subject that asks for them: those that change
    a file that was there before all of them.
    """
    found = []
    for commit in repository.commits(_LOOKED_AT)[::-1]:
        subject = _KIND_OF_COMMIT.sub("", commit.subject).strip()
        code = tuple(path for path in commit.files if kind_of(path) == "code")
        if 1 <= len(code) <= 2 and len(subject.split()) >= 4 and not _NO_FIX.match(commit.subject):
            found.append(Commit(commit.parent, subject, code))
        if len(found) == FIXES:
            break
    there = repository.tree(found[-1].parent) if found else {}
    return [fix for fix in found[::-1] if any(path in there for path in fix.files)]


async def ask_all(
    repository: Repository, fixes: Sequence[Commit], others: Sequence[str], settings: Settings
) -> list[Asked]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        there = _write(repository, fixes[0].parent, tree)
        root = RootSpec(path=tree, level=PrivacyLevel.OPEN)
        async with service_with(settings, roots=(root,), deadline_s=3600.0) as service:
            left: dict[str, Any] = {"files_ranked_by_words_alone": 1}
            while "files_ranked_by_words_alone" in left or "files_not_indexed_yet" in left:
                request = ToolRequest("find_files", {"query": NO_WORD}, deadline_s=3600.0)
                left = (await service.call(request)).structured()["dropped"]
            tool: Any = service.tools["find_files"]
            places = [SearchFolder(updater, updater.folder) for updater in tool.updaters]
            queries = [(fix.subject, fix.files) for fix in fixes] + [(subject, ()) for subject in others]
            vectors = await embed(service.engine, [query for query, _ in queries], 3600.0)
            if isinstance(vectors, NoEncoder):
                raise SystemExit(f"There is no encoder: {vectors.error}")
            asked = []
            for number, ((query, wanted), vector) in enumerate(zip(queries, vectors, strict=True)):
                globs = {f"*{Path(path).suffix}" for path in wanted if path in there}
                glob = globs.pop() if len(globs) == 1 and number % 2 else ""
                asked.append(_ask(repository.name, places, Query(query, glob, SHOWN, vector), wanted))
            return asked


def _ask(name: str, places: Sequence[SearchFolder], query: Query, wanted: Sequence[str]) -> Asked:
    stop = StopSignal(3600.0)
    right = {}
    features = {}
    for suffix, vector in (("", query.vector), ("_by_words", None)):
        found = search(places, Query(query.text, query.glob, SHOWN, vector), stop)
        paths = [hit.path for hit in found.hits]
        right["five" + suffix] = not set(paths).isdisjoint(wanted)
        right["first" + suffix] = bool(paths) and paths[0] in wanted
        features[suffix] = found.features
    return Asked(name, query.text, not wanted, features[""], features["_by_words"], right)


def _write(repository: Repository, commit: str, folder: Path) -> set[str]:
    tree = repository.tree(commit)
    for path, identity in tree.items():
        content = repository.content(identity)
        if content is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return set(tree)


async def gather(data: Path) -> list[Asked]:
    settings = load_settings()
    asked: list[Asked] = []
    subjects: list[str] = []
    for repository in repositories(data):
        fixes = fixes_of(repository)
        if len(fixes) < _FEWEST:
            print(repository.name, "has too few fixes")
            continue
        asked += await ask_all(repository, fixes, subjects[::ELSEWHERE], settings)
        subjects = [fix.subject for fix in fixes]
        own = [one for one in asked if one.repository == repository.name and not one.elsewhere]
        print(
            repository.name,
            len(own),
            round(float(np.mean([one.right["five"] for one in own])), 3),
            flush=True,
        )
    return asked


def features_for(name: str, asked: Sequence[Asked]) -> dict[str, list[float]]:
    rows = [one.by_words if name.endswith("_by_words") else one.with_vectors for one in asked]
    return {feature: [row[feature] for row in rows] for feature in FEATURES[name]}


def fit_one(name: str, asked: Sequence[Asked]) -> Logistic:
    columns = {key: column for key, column in features_for(name, asked).items() if np.std(column) > 0}
    return Logistic.fit(columns, [one.right[name] for one in asked], ridge=RIDGE)


def judged_apart(name: str, asked: Sequence[Asked]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The probability of each, by a model that has not seen its repository."""
    names = sorted({one.repository for one in asked})
    np.random.default_rng(3).shuffle(names)
    fold = {repository: number % _FOLDS for number, repository in enumerate(names)}
    found = np.zeros(len(asked))
    for number in range(_FOLDS):
        model = fit_one(name, [one for one in asked if fold[one.repository] != number])
        inside = [n for n, one in enumerate(asked) if fold[one.repository] == number]
        if inside:
            found[inside] = model(features_for(name, [asked[n] for n in inside]))
    return found


def sure_from(chances: Sequence[float], right: Sequence[bool]) -> float:
    """The lowest probability from which on, and from each higher one on, RIGHT are right."""
    order = np.argsort(chances)[::-1]
    limit = 1.0
    for count in range(20, len(order) + 1):
        if np.mean(np.asarray(right)[order[:count]]) >= RIGHT:
            limit = float(np.asarray(chances)[order[count - 1]])
    return limit


def figures_of(name: str, asked: Sequence[Asked], chances: Any, limit: float) -> dict[str, float]:
    right = np.array([one.right[name] for one in asked])
    here = np.array([not one.elsewhere for one in asked])
    sure = chances >= limit
    by_repository = {}
    for repository in {one.repository for one in asked}:
        inside = sure & np.array([one.repository == repository for one in asked])
        if inside.sum() >= 10:
            by_repository[repository] = float(right[inside].mean())
    return {
        "queries": int(here.sum()),
        "right": round(float(right[here].mean()), 3),
        "sure": round(float(sure[here].mean()), 3),
        "right_of_sure": round(float(right[sure].mean()), 3) if sure.any() else 0.0,
        "sure_elsewhere": round(float(sure[~here].mean()), 3) if (~here).any() else 0.0,
        "worst_repository_with_ten_sure": round(min(by_repository.values(), default=0.0), 3),
        "calibration_error": round(expected_calibration_error(list(chances), list(right)), 3),
    }


def fit(asked: Sequence[Asked]) -> None:
    models, constants, figures = {}, {}, {}
    for name in FEATURES:
        chances = judged_apart(name, asked)
        limit = sure_from(list(chances), [one.right[name] for one in asked])
        models[name] = fit_one(name, asked)
        constants[f"{name}_sure_from"] = round(limit, 4)
        figures[name] = figures_of(name, asked, chances, limit)
    print(json.dumps(figures, indent=1))
    known = json.loads((SKILL / "scores.json").read_text(encoding="utf-8"))
    content = {
        "evaluation": known.get("evaluation", []),
        "command": "PYTHONPATH=. python models/recipes/find_files/fit.py --data DIR --rows ROWS",
        "checked_on": figures,
        "calibration": Calibration(models, constants, FEATURES, load_settings().embed_model).to_json(),
    }
    (SKILL / "scores.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="git repositories; without it only ROWS are fitted")
    parser.add_argument("--rows", type=Path, required=True, help="where what was seen is kept")
    args = parser.parse_args()
    if args.data:
        args.rows.write_bytes(pickle.dumps(asyncio.run(gather(args.data))))
    fit(pickle.loads(args.rows.read_bytes()))


if __name__ == "__main__":
    main()
