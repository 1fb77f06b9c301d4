"""The plain methods beside the tools that rank: grep and BM25 over files, linear models over texts."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mcp_smalltools.evaluation.data import whole_files
from mcp_smalltools.evaluation.data.history import text_of
from mcp_smalltools.evaluation.field.cases import FieldCase
from mcp_smalltools.evaluation.field.judges import FIRST_FILES, judge
from mcp_smalltools.evaluation.linear_words import linear_words
from mcp_smalltools.text.words import STOP_WORDS, spaced_name, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32] | None]]
    """Vectors of texts of unit length, shape (texts, dim); None without an encoder."""

_SHORTEST_WORD: Final = 3
"""Letters of a word that one would look for with grep."""
_LARGEST_FILE: Final = 1 << 20


def plain_find(case: FieldCase) -> dict[str, float]:
    """BM25 over whole files, and the files that hold the most different words of the query."""
    query, glob = str(case.arguments["query"]), str(case.arguments.get("glob", ""))
    contents = {path: text for path, text in _contents(case.folder).items() if _fits(path, glob)}
    texts = {path: whole_files.text(path, content) for path, content in contents.items()}
    ways = {
        "BM25 over files": whole_files.best(query, texts, FIRST_FILES),
        "grep of the words": _by_grep(query, contents),
    }
    wanted = {name: case.right[name] for name in ("first", "first_of") if name in case.right}
    return {
        name: float(all(judge(case.tool, wanted, {"files": [{"path": path} for path in paths]}).values()))
        for name, paths in ways.items()
    }


@functools.lru_cache(maxsize=2)
def _contents(folder: Path) -> Mapping[str, str]:
    """The text files of a folder, by their path in it."""
    return dict(_text_files(folder))


def _text_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        is_plain = path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST_FILE
        if is_plain and (text := text_of(path.read_bytes())) is not None:
            yield path.relative_to(folder).as_posix(), text


def _fits(path: str, glob: str) -> bool:
    from pathspec import GitIgnoreSpec

    return not glob or GitIgnoreSpec.from_lines([glob]).match_file(path)


def _by_grep(query: str, contents: Mapping[str, str]) -> list[str]:
    """Paths with the most of the words in them, each found anywhere and in any case; then by occurrences."""
    wanted = {word for word in words_of(query) if word not in STOP_WORDS and len(word) >= _SHORTEST_WORD}
    scores = {}
    for path, content in contents.items():
        lower = f"{path}\n{content}".lower()
        counts = [count for word in wanted if (count := lower.count(word))]
        scores[path] = (-len(counts), -sum(counts), path)
    return [path for path in sorted(scores, key=lambda path: scores[path]) if scores[path][0]]


async def plain_classify(case: FieldCase, embed: Embed) -> dict[str, float]:
    """The share of the items that gets the right label: by linear models that learn the examples, or else by
    the similarity of an item and a label. What needs scikit-learn or the encoder is left out without it.
    """
    items = [str(item) for item in case.arguments["items"]]
    labels = [str(label) for label in case.arguments["labels"]]
    examples = case.arguments.get("examples") or []
    known = [(str(one["text"]), str(one["label"])) for one in examples]
    vectors = await embed([*items, *(text for text, _ in known), *map(spaced_name, labels)])
    ways: dict[str, Sequence[str]] = {}
    with contextlib.suppress(ImportError):
        if known:
            ways["TF-IDF, linear SVM: items right"] = _by_words(items, known)
        if known and vectors is not None:
            ways["logistic regression on vectors: items right"] = _by_vectors(vectors, len(items), known)
    if not known and vectors is not None:
        best = (vectors[: len(items)] @ vectors[len(items) :].T).argmax(axis=1)
        names = [label.split(":", 1)[0] for label in labels]
        ways["similarity of names: items right"] = [names[n] for n in best.tolist()]
    right = case.right["labels"]
    return {
        name: sum(one == other for one, other in zip(given, right, strict=True)) / max(1, len(right))
        for name, given in ways.items()
    }


def _by_words(items: Sequence[str], known: Sequence[tuple[str, str]]) -> Sequence[str]:
    return _predicted(linear_words(), [text for text, _ in known], known, items)


def _by_vectors(vectors: NDArray[np.float32], items: int, known: Sequence[tuple[str, str]]) -> Sequence[str]:
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(C=10.0, max_iter=1000)
    return _predicted(model, vectors[items : items + len(known)], known, vectors[:items])


def _predicted(model: Any, learned: Any, known: Sequence[tuple[str, str]], asked: Any) -> Sequence[str]:
    """The labels that a model gives; with a single label there is nothing to learn."""
    labels = [label for _, label in known]
    if len(set(labels)) == 1:
        return labels[:1] * len(asked)
    return [str(label) for label in model.fit(learned, labels).predict(asked)]
