"""Finds the lines that rules have to be tried on. Most lines hold nothing that a rule could match, so RE2,
which takes linear time, first finds the lines that might.

It searches for the rules' own patterns without look-around and captures: these match whatever a rule matches.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from mcp_smalltools.privacy.rules import RULES, Rule

_MATCHER_BYTES: Final = 32 << 20
"""Memory of one batch's automaton at most; RE2 starts a new one when it is full."""
_LOOK_AROUND: Final = re.compile(r"\(\?<?[!=](?:[^()\[\]\\]|\\.|\[(?:[^\]\\]|\\.)*\])*\)")
_NAMED_GROUP: Final = re.compile(r"\(\?P<\w+>")
_UPPER_BOUND: Final = re.compile(r"\{(\d+),\d{2,}\}")
_BACK_REFERENCE: Final = re.compile(r"\(\?P=\w+\)")


@dataclass(frozen=True, slots=True)
class RuleBatch:
    """Rules that share one RE2 matcher."""

    rules: tuple[Rule, ...]
    matcher: Any


def re2_pattern(pattern: str) -> str:
    """The pattern for RE2, without look-around, captures and back-references."""
    pattern = _LOOK_AROUND.sub("", pattern)
    pattern = _BACK_REFERENCE.sub("[\"'`]", pattern)
    pattern = _NAMED_GROUP.sub("(?:", pattern)
    pattern = _UPPER_BOUND.sub(lambda found: f"{{{found[1]},}}", pattern)  # counting costs it states
    return f"(?i:{pattern[4:]})" if pattern.startswith("(?i)") else f"(?:{pattern})"


def candidate_spans(text: str) -> Iterator[tuple[Rule, int, int]]:
    """Rules, with the start and end of the text (whole lines, or all of it) that they have to be tried on."""
    data = text.encode("utf-8", "replace")  # a lone surrogate becomes one character too
    plain = len(data) == len(text)
    for batch in rule_batches():
        lines = list(_lines_with(batch.matcher, data))
        if not plain:
            lines = _in_characters(data, lines)
        for rule in batch.rules:
            if lines and not rule.lines:
                yield rule, 0, len(text)
            else:
                yield from ((rule, start, end) for start, end in lines)


def _lines_with(matcher: Any, data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while found := matcher.search(data, at):
        start = data.rfind(b"\n", at, found.start()) + 1 or at
        at = data.find(b"\n", max(found.start(), found.end() - 1))
        yield start, at if at >= 0 else len(data)
        if at < 0:
            return


def _in_characters(data: bytes, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found, bytes_before, characters_before = [], 0, 0
    for start, end in spans:
        characters_before += len(data[bytes_before:start].decode())
        length = len(data[start:end].decode())
        found.append((characters_before, characters_before + length))
        bytes_before, characters_before = end, characters_before + length
    return found


@functools.cache
def rule_batches() -> tuple[RuleBatch, ...]:
    import re2

    options = re2.Options()
    options.max_mem = _MATCHER_BYTES
    options.never_capture = True
    made = []
    by_batch = attrgetter("batch")
    for _, grouped in itertools.groupby(sorted(RULES, key=by_batch), by_batch):
        rules = tuple(grouped)
        union = "|".join(re2_pattern(rule.pattern.pattern) for rule in rules)
        made.append(RuleBatch(rules, re2.compile(f"(?m:{union})", options)))
    return tuple(made)
