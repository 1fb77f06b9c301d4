"""Features of a line and its surroundings, for the ranker."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.tools.find_failure.lines import letters_of
from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE, Role
from mcp_smalltools.tools.find_failure.signs import NAMES, read_signs

if TYPE_CHECKING:
    from mcp_smalltools.tools.find_failure.lines import Baseline, LogLines

Table = NDArray[np.float32]
_COLUMN = {name: number for number, name in enumerate(NAMES)}
# A line with one of these is strong evidence by itself; it anchors the lines around it.
_STRONG = (
    "diagnostic",
    "error label",
    "exception at start",
    "failed test",
    "trace opens",
    "marked by the CI",
    "complaint",
)
_NEAR = (
    "diagnostic", "error label", "error level", "exception at start", "exception", "trace opens", "frame", "quoted source",
    "failed test", "failed status", "section", "missing", "cannot", "expected", "information", "nothing to see",
    "warning", "good test", "complaint", "bad summary", "difference", "position at start", "row", "exit statement", "step", "banner",
)  # fmt: skip
_WIDTHS = (3, 10, 40)


def feature_names() -> list[str]:
    """Names of the columns, in their order."""
    near = [f"{name} {place:+d}" for place in (-2, -1, 1, 2) for name in _NEAR]
    around = [f"{what} within {width}" for width in _WIDTHS for what in ("strong", "new")]
    return [
        *NAMES, "strong", *near, *around,
        "from the end", "from the start", "place", "lines of the log", "telling lines after",
        "since strong", "until strong", "strong before", "strong in all", "until failed status", "after failed status", "failed statuses",
        "since warning",
        "in block", "block size", "strong in block", "strong above in block",
        "count", "count by letters", "share of the log", "first of its pattern", "as the line before", "as the line after", "indent before", "indent after",
        "since step", "size of step", "until exit", "since exit", "exits before", "exits", "from first exit", "in step of first exit",
        "in step of last exit", "steps until exit",
        "since verdict", "until verdict", "verdicts before", "verdicts", "verdicts near",
        "words rare", "rarest word", "places of its pattern", "since its first", "voice in all", "voice before", "voice after",
        "role silent", "role after", "role output before", "silent before", "since command",
        "compared", "new", "new by letters", "more than before", "share of new", "run of new", "place in run", "share of frames", "run of frames",
    ]  # fmt: skip


def features_of(log: LogLines, baseline: Baseline | None) -> Table:
    """A row for each line of the log that is looked at."""
    if not log.contents:
        return np.zeros((0, len(feature_names())), np.float32)
    signs = read_signs(log.contents, log.patterns)
    columns = [signs]
    strong = _strength(signs)
    new = _novelty(log, baseline)
    columns += [strong[:, None], _near(signs), _around(strong, new[:, 1])]
    columns += [
        _places(log),
        _telling_lines_after(signs),
        _relative(signs, strong),
        _blocks(signs, strong),
        _frequency(log, signs),
        _steps(signs),
        _verdicts(signs),
        _rarity(log),
        _voice(log),
        _roles(log),
        new,
    ]
    columns += [_runs_of(signs[:, _COLUMN["frame"]])]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _strength(signs: Table) -> NDArray[np.float32]:
    strong = signs[:, [_COLUMN[name] for name in _STRONG]].max(axis=1)
    softer = (signs[:, _COLUMN["none failed"]] > 0) | (signs[:, _COLUMN["warning"]] > 0)
    return np.where(softer & (signs[:, _COLUMN["diagnostic"]] == 0), 0, strong).astype(np.float32)


def _near(signs: Table) -> Table:
    chosen = signs[:, [_COLUMN[name] for name in _NEAR]]
    return np.concatenate([_shifted(chosen, place) for place in (-2, -1, 1, 2)], axis=1)


def _shifted(table: Table, by: int) -> Table:
    """Row i becomes row i + by of the table; zero outside."""
    result = np.zeros_like(table)
    if by < 0:
        result[-by:] = table[:by]
    elif by < len(table):
        result[:-by] = table[by:]
    return result


def _mean_within(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    places = np.arange(len(values))
    low, high = np.maximum(places - width, 0), np.minimum(places + width + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low), np.float32)


def _around(strong: NDArray[np.float32], new: NDArray[np.float32]) -> Table:
    return np.stack([_mean_within(values, width) for width in _WIDTHS for values in (strong, new)], axis=1)


def _places(log: LogLines) -> Table:
    numbers = np.asarray(log.numbers, np.float32)
    total = np.full_like(numbers, log.total)
    return np.stack(
        [np.log1p(total - numbers), np.log1p(numbers), numbers / np.maximum(total, 1), np.log1p(total)],
        axis=1,
    )


def is_telling(signs: Table) -> NDArray[np.bool_]:
    """Whether each line is neither empty nor what a CI system says of itself. Rows may have more columns."""
    own = (signs[:, _COLUMN["of the CI"]] > 0) & (signs[:, _COLUMN["marked by the CI"]] == 0)
    return np.asarray((signs[:, _COLUMN["nothing to see"]] == 0) & ~own, np.bool_)


def _telling_lines_after(signs: Table) -> Table:
    """How many lines after each one say something, as log: 0 is the last word of the run."""
    telling = is_telling(signs)
    return np.asarray(np.log1p(telling.sum() - np.cumsum(telling))[:, None], np.float32)


def _since(marked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Lines since the last marked one, as log; the line itself counts as 0."""
    places = np.arange(len(marked))
    last = np.maximum.accumulate(np.where(marked, places, -1_000_000))
    return np.log1p(np.minimum(places - last, 1_000_000)).astype(np.float32)


def _relative(signs: Table, strong: NDArray[np.float32]) -> Table:
    marked = strong > 0
    status = (signs[:, _COLUMN["failed status"]] > 0) | (signs[:, _COLUMN["exit status"]] > 0)
    before = np.log1p(np.cumsum(marked) - marked)
    in_all = np.full(len(marked), np.log1p(marked.sum()))
    statuses = np.full(len(marked), np.log1p(status.sum()))
    return np.stack(
        [
            _since(marked), _since(marked[::-1])[::-1], before, in_all,
            _since(status[::-1])[::-1], _since(status), statuses,
            _since((signs[:, _COLUMN["warning"]] > 0) & ~marked),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip


def _blocks(signs: Table, strong: NDArray[np.float32]) -> Table:
    """Runs of lines without an empty one between them."""
    empty = signs[:, _COLUMN["nothing to see"]] > 0
    block = np.cumsum(empty)
    sizes = np.bincount(block)
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    held = np.bincount(block, strong)
    running = np.cumsum(strong)
    above = running - strong - np.where(firsts > 0, running[np.maximum(firsts - 1, 0)], 0)[block]
    place = np.arange(len(block)) - firsts[block]
    return np.stack(
        [np.log1p(place), np.log1p(sizes[block]), np.log1p(held[block]), np.log1p(np.maximum(above, 0))],
        axis=1,
    ).astype(np.float32)


def _frequency(log: LogLines, signs: Table) -> Table:
    by_letters: dict[str, int] = {}
    letters = {pattern: letters_of(pattern) for pattern in set(log.patterns)}
    for pattern, count in log.counts.items():
        if (word := letters.get(pattern)) is not None:
            by_letters[word] = by_letters.get(word, 0) + count
    seen: set[str] = set()
    first = [not (pattern in seen or seen.add(pattern)) for pattern in log.patterns]  # type: ignore[func-returns-value]
    counts = [log.counts[pattern] for pattern in log.patterns]
    wide = [by_letters[letters[pattern]] for pattern in log.patterns]
    same = np.array(
        [False, *(one == two for one, two in zip(log.patterns, log.patterns[1:], strict=False))][
            : len(counts)
        ]
    )
    indent = signs[:, _COLUMN["indent"]]
    before = _shifted(indent[:, None], -1)[:, 0] - indent
    after = _shifted(indent[:, None], 1)[:, 0] - indent
    return np.stack(
        [
            np.log1p(counts),
            np.log1p(wide),
            np.divide(counts, log.total),
            first,
            same,
            np.roll(same, -1),
            before,
            after,
        ],
        axis=1,
    ).astype(np.float32)


def _steps(signs: Table) -> Table:
    """Where a line stands in the steps of the run, and to the statements that one of them failed."""
    size = len(signs)
    places = np.arange(size)
    opens = signs[:, _COLUMN["step"]] > 0
    exits = signs[:, _COLUMN["exit statement"]] > 0
    step = np.cumsum(opens)
    sizes = np.bincount(step)
    at = np.flatnonzero(exits)
    first, last = (int(at[0]), int(at[-1])) if len(at) else (size, size)
    from_first = places - first
    passed_exits: NDArray[np.int64] = np.cumsum(exits) - exits
    upcoming = at[passed_exits.clip(max=len(at) - 1)] if len(at) else np.full(size, size - 1)
    return np.stack(
        [
            _since(opens), np.log1p(sizes[step]), _since(exits[::-1])[::-1], _since(exits),
            np.log1p(passed_exits), np.full(size, np.log1p(len(at))),
            np.sign(from_first) * np.log1p(np.abs(from_first)),
            step == step[min(first, size - 1)], step == step[min(last, size - 1)],
            np.log1p(np.maximum(step[upcoming] - step, 0)),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip


def _verdicts(signs: Table) -> Table:
    """How far the marks are by which a test runner says that a test failed: where there are such marks, what is
    far from all of them is what tests log.
    """
    marks = signs[:, _COLUMN["test verdict"]] > 0
    before: NDArray[np.int64] = np.cumsum(marks)
    return np.stack(
        [
            _since(marks), _since(marks[::-1])[::-1], np.log1p(before), np.full(len(marks), np.log1p(before[-1])),
            _mean_within(marks.astype(np.float32), 30),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip


_WORD = re.compile(r"[A-Za-z]{3,}")


def _rarity(log: LogLines) -> Table:
    """How rare the words of a line are in this log, in the mean and at most (0 in every line, 1 in one only), and
    how far its pattern is spread.
    """
    words = {pattern: set(_WORD.findall(pattern[:200])) for pattern in set(log.patterns)}
    held: Counter[str] = Counter()
    for pattern, own in words.items():
        count = log.counts[pattern]
        for word in own:
            held[word] += count
    most = np.log(max(log.total, 2))
    rare = {word: 1 - float(np.log(min(count, log.total)) / most) for word, count in held.items()}
    firsts: dict[str, int] = {}
    lasts: dict[str, int] = {}
    for place, pattern in enumerate(log.patterns):
        firsts.setdefault(pattern, place)
        lasts[pattern] = place
    rows = {
        pattern: (
            sum(rare[word] for word in own) / len(own) if own else 0.0,
            max((rare[word] for word in own), default=0.0),
            float(np.log1p(lasts[pattern] - firsts[pattern])),
        )
        for pattern, own in words.items()
    }
    table = np.array([rows[pattern] for pattern in log.patterns], np.float32)
    since = np.log1p([place - firsts[pattern] for place, pattern in enumerate(log.patterns)])
    return np.concatenate([table, since[:, None]], axis=1, dtype=np.float32)


_SHAPE = str.maketrans(string.ascii_letters + string.digits, "a" * 26 + "A" * 26 + "0" * 10)
_VOICE_LINES = 10


def _voice(log: LogLines) -> Table:
    """How common the way in which a line begins is in the log, and in the lines before and after it."""
    known: dict[str, int] = {}
    ids = np.array(
        [known.setdefault(content[:5].translate(_SHAPE), len(known)) for content in log.contents], np.int64
    )
    share = np.bincount(ids)[ids] / max(len(ids), 1)
    before, after = np.zeros(len(ids)), np.zeros(len(ids))
    for by in range(1, min(_VOICE_LINES, len(ids) - 1) + 1):
        same = ids[by:] == ids[:-by]
        before[by:] += same
        after[:-by] += same
    return np.stack([share, before / _VOICE_LINES, after / _VOICE_LINES], axis=1).astype(np.float32)


def _roles(log: LogLines) -> Table:
    """What the roles of lines say: can this one be evidence, do its neighbours come from a program."""
    silent = np.array([role in NEVER_EVIDENCE for role in log.roles], bool)
    after = np.array([role is Role.AFTER for role in log.roles], bool)
    command = np.array([role in (Role.COMMAND, Role.FRAME) for role in log.roles], bool)
    output = ~silent & ~after
    before = np.concatenate([[False], output[:-1]])
    return np.stack(
        [silent, after, before, _mean_within(silent.astype(np.float32), 5), _since(command)], axis=1
    ).astype(np.float32)


def _novelty(log: LogLines, baseline: Baseline | None) -> Table:
    """compared, new, new by letters, more than before, share of new, run of new, place in the run."""
    size = len(log.patterns)
    if baseline is None:
        return np.zeros((size, 7), np.float32)
    known = {pattern: baseline.counts[pattern] for pattern in set(log.patterns)}
    new = np.array([not known[pattern] for pattern in log.patterns], np.float32)
    letters = {pattern: letters_of(pattern) not in baseline.letters for pattern in known}
    by_letters = np.array([letters[pattern] for pattern in log.patterns], np.float32)
    more = np.array(
        [np.log1p(log.counts[pattern]) - np.log1p(known[pattern]) for pattern in log.patterns], np.float32
    )
    share = np.full(size, new.mean() if size else 0.0, np.float32)
    return np.concatenate(
        [np.ones((size, 1)), np.stack([new, by_letters, more, share], axis=1), _runs_of(new)], axis=1
    )


def _runs_of(values: NDArray[np.float32]) -> Table:
    """For each marked line the length of its run and its place there, as logarithms; 0 for the others."""
    marked = values > 0
    group = np.cumsum(np.concatenate([[True], marked[1:] != marked[:-1]])[: len(marked)]) - 1
    sizes = np.bincount(group) if len(group) else np.zeros(0)
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(int)
    place = np.arange(len(group)) - firsts[group]
    return np.stack(
        [np.where(marked, np.log1p(sizes[group]), 0), np.where(marked, np.log1p(place), 0)], axis=1
    )
