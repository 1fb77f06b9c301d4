"""What a repository's past says of its lines and words, up to some change: the tables of `learned_order`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from mcp_smalltools.learning.repositories.changes import Change
from mcp_smalltools.text.bm25 import idf
from mcp_smalltools.text.words import STOP_WORDS, code_words, stem
from mcp_smalltools.tools.ask_file.learned_order import LearnedWords, LineChanges, asked_stems, line_key

_MOST_OF_A_LINE: Final = 4
"""Changes of one line that are kept: the newest that wrote it."""
_MOST_RELATED: Final = 10
_FEWEST_TOGETHER: Final = 3
"""How often two words have to come together."""
_LIFT: Final = 3.0
"""How much oftener than by chance."""
_MOST_STEMS: Final = 60
"""Different stems of the lines of one change."""
Pair = tuple[Sequence[str], Iterable[str]]
"""The stems of a question, and lines that answer."""


def line_changes(changes: Sequence[Change]) -> dict[str, LineChanges]:
    """By the path of the file; the changes come oldest first."""
    subjects: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    lines: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
    for change in changes:
        words = frozenset(asked_stems(change.subject))
        for file in change.files:
            keys = {key for line in file.written if (key := line_key(line))}
            if not keys or not words:
                continue
            number = len(subjects[file.path])
            subjects[file.path].append(words)
            for key in keys:
                known = lines[file.path].setdefault(key, [])
                known.append(number)
                del known[:-_MOST_OF_A_LINE]
    return {path: LineChanges(subjects[path], lines[path]) for path in lines}


def learned_words(changes: Sequence[Change], others: Iterable[Pair] = ()) -> LearnedWords:
    """From the subject of each change with the lines that it wrote, and other pairs of question and lines.

    A stem goes with another where both come together often, and oftener than by chance.
    """
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    asked_in: Counter[str] = Counter()
    written_in: Counter[str] = Counter()
    total = 0
    told: list[Pair] = [
        (asked_stems(change.subject), [line for file in change.files for line in file.written])
        for change in changes
    ]
    for asked, lines in [*told, *others]:
        written = _stems_of_lines(lines)
        total += 1
        asked_in.update(asked)
        written_in.update(written)
        for word in asked:
            together[word].update(written)
    related = {
        word: found
        for word, others_of in together.items()
        if (found := _related(word, others_of, asked_in[word], written_in, total))
    }
    return LearnedWords({word: round(idf(count, total), 4) for word, count in asked_in.items()}, related)


def _related(
    word: str, others: Counter[str], times: int, written_in: Counter[str], total: int
) -> dict[str, float]:
    """The stems that go with a word, with the share of its questions that have them, above chance."""
    found = {
        other: count / times - written_in[other] / total
        for other, count in others.items()
        if other != word and count >= _FEWEST_TOGETHER and count / times > _LIFT * written_in[other] / total
    }
    best = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_RELATED]
    return {other: round(share, 4) for other, share in best}


def _stems_of_lines(lines: Iterable[str]) -> list[str]:
    words = (stem(word) for line in lines for word in code_words(line) if word not in STOP_WORDS)
    found: dict[str, None] = {}
    for word in words:
        if len(found) == _MOST_STEMS:
            break
        if len(word) > 2 and not word.isdecimal():
            found[word] = None
    return list(found)
