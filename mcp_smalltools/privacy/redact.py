"""Masks secrets and personal data: each value gets one placeholder, so that an agent can still reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Self

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.privacy.prefilter import candidate_spans
from mcp_smalltools.text.linear_patterns import PatternError, linear_pattern

_PLACEHOLDER: Final = "<{}_{}>"
_MASKED: Final = re.compile(r"(?:<[A-Z_]+_\d+>|[^\w<>]+)*")


class Redactor:
    """Masks the texts of one answer. `counts` has the number of masked values by kind."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises ConfigError for a pattern that can't be used."""
        self.counts: Counter[str] = Counter()
        self._own = [_own_pattern(pattern) for pattern in patterns]
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._known_values: dict[str, str] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises ConfigError for a pattern that can't be used."""
        return cls(settings.redact_patterns)

    def scrub(self, text: str) -> str:
        """The text with each secret replaced by its placeholder, such as <EMAIL_1>.

        A value that its context has shown to be a secret (`password=…`) is masked wherever it occurs, in this
        text and in later ones.
        """
        parts: list[str] = []
        at = 0
        for start, end, kind in _without_overlaps(self._spans_of(text)):
            self.counts[kind] += 1
            value = text[start:end]
            # Line ends inside a value stay, so that lines keep their numbers.
            parts += [text[at:start], self._placeholder(kind, value), "\n" * value.count("\n")]
            at = end
        return "".join(parts) + text[at:] if parts else text

    def _spans_of(self, text: str) -> list[tuple[int, int, str]]:
        spans = [
            (*match.span(), "PRIVATE")
            for own in self._own
            for match in own.finditer(text.encode("utf-8", "replace").decode())
        ]
        for rule, start, end in candidate_spans(text):
            for match in rule.pattern.finditer(text, start, end):
                value = match[rule.group]
                if rule.check(value) and not _MASKED.fullmatch(value):
                    spans.append((*match.span(rule.group), rule.kind))
                    if rule.named and _is_distinctive(value):
                        self._known_values.setdefault(value, rule.kind)
        for value, kind in self._known_values.items():
            spans += [(start, start + len(value), kind) for start in _whole_occurrences(value, text)]
        return spans

    def _placeholder(self, kind: str, value: str) -> str:
        if value not in self._placeholders:
            self._numbers[kind] += 1
            self._placeholders[value] = _PLACEHOLDER.format(kind, self._numbers[kind])
        return self._placeholders[value]


def _own_pattern(pattern: str) -> Any:
    """A pattern of the user's. Raises ConfigError."""
    try:
        compiled = linear_pattern(pattern)
    except PatternError as error:
        raise ConfigError(
            f"redact_patterns: {pattern!r} can't be used: {error}.",
            remedy="Correct it in the configuration; look-around and back-references are not supported "
            "(RE2's syntax).",
        ) from None
    if compiled.search("") is not None:
        raise ConfigError(
            f"redact_patterns: {pattern!r} can't be used: it matches the empty string.",
            remedy="Correct it in the configuration.",
        )
    return compiled


def _is_distinctive(value: str) -> bool:
    """Whether a value may be masked wherever it occurs: not if it could be an ordinary word."""
    return len(value) >= 6 and any(not char.isalpha() for char in value)


def _whole_occurrences(value: str, text: str) -> Iterator[int]:
    """Where the value occurs in the text, but not as part of a longer word."""
    at = text.find(value)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(value) : at + len(value) + 1]
        if not (before.isalnum() and value[0].isalnum()) and not (after.isalnum() and value[-1].isalnum()):
            yield at
        at = text.find(value, at + len(value))


def _without_overlaps(spans: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Of overlapping spans the first one, or the longer one; what is left of the other is masked, too."""
    at = 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > at:
            yield max(start, at), end, kind
            at = end
