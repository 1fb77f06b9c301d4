"""Masks secrets and personal data: one value, one placeholder, so that an agent can still reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Self

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.files.secrets import RULES, Rule

# Escape sequences of terminals: colours, titles, cursor.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Control characters; those that are not seen; those that turn the direction of text; tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SEPARATORS = re.compile("[\u2028\u2029]")
_PLACEHOLDER: Final = "<{}_{}>"


def clean_text(text: str) -> str:
    """Text without escape sequences, control characters and characters that can't be seen: what a model reads
    is what a person would see."""
    if text.isascii() and text.isprintable():
        return text
    return _SEPARATORS.sub(" ", _UNSEEN.sub("", _ESCAPES.sub("", text)))


class Redactor:
    """Masks within one answer. `counts` says how many values of each kind were masked."""

    def __init__(self, patterns: Sequence[re.Pattern[str]] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._own = tuple(Rule("PRIVATE", pattern) for pattern in patterns)
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises ConfigError for a pattern that is no regular expression."""
        compiled = []
        for pattern in settings.redact_patterns:
            try:
                compiled.append(re.compile(pattern))
            except re.error as error:
                raise ConfigError(
                    f"redact_patterns: {pattern!r} is no regular expression: {error}.",
                    remedy="Correct it in the configuration.",
                ) from None
        return cls(compiled)

    def scrub(self, text: str) -> str:
        """The text with each secret replaced by its placeholder, such as <EMAIL_1>."""
        parts: list[str] = []
        at = 0
        for start, end, kind in _without_overlaps(self._found(text)):
            self.counts[kind] += 1
            value = text[start:end]
            # Line ends inside a value stay, so that lines keep their numbers.
            parts += [text[at:start], self._placeholder(kind, value), "\n" * value.count("\n")]
            at = end
        return "".join(parts) + text[at:] if parts else text

    def _found(self, text: str) -> Iterator[tuple[int, int, str]]:
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters change their length: then positions would not fit
            lowered = text
        for rule in (*self._own, *RULES):
            for start, end in _places(rule, text, lowered):
                for match in rule.pattern.finditer(text, start, end):
                    if match.end(rule.group) > match.start(rule.group) and rule.check(match[rule.group]):
                        yield match.start(rule.group), match.end(rule.group), rule.kind

    def _placeholder(self, kind: str, value: str) -> str:
        if value not in self._placeholders:
            self._numbers[kind] += 1
            self._placeholders[value] = _PLACEHOLDER.format(kind, self._numbers[kind])
        return self._placeholders[value]


def _without_overlaps(spans: Iterator[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Of two that overlap, the first, and of those the longer; the rest of the other is masked too."""
    at = 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > at:
            yield max(start, at), end, kind
            at = end


def _places(rule: Rule, text: str, lowered: str) -> Iterator[tuple[int, int]]:
    """Where a rule is worth trying: most text holds nothing that it needs, and costs next to nothing."""
    if rule.inside is not None:
        for match in rule.inside.finditer(text):
            yield match.span()
    elif not rule.needs:
        yield 0, len(text)
    elif not rule.lines:
        if any(word in lowered for word in rule.needs):
            yield 0, len(text)
    else:
        lines = set()
        for word in rule.needs:
            at = lowered.find(word)
            while at >= 0:
                start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
                end = len(text) if end < 0 else end
                lines.add((start, end))
                at = lowered.find(word, end)
        yield from sorted(lines)
