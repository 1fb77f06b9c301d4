"""Masks secrets and personal data: each value gets one placeholder, so that an agent can still reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Self

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.privacy.find_secrets import Finding, find_all
from mcp_smalltools.privacy.in_pictures import random_spans
from mcp_smalltools.privacy.secret_values import is_mixed_case
from mcp_smalltools.text.linear_patterns import PatternError, linear_pattern

_WORD: Final = re.compile(r"[^\W_]+")
_SIGNS: Final = frozenset("!#$%^&*+=?~@|")
_FEW_VALUES: Final = 32
"""So many values are looked for one after the other."""
_MOST_LOOKS: Final = 3
"""So often is a text looked at while masks touch words."""
_MOST_LINES: Final = 100_000
"""Lines of whole files that are kept, at most."""
_PLACEHOLDER: Final = "<{}_{}>"
KINDS: Final = ("SECRET", "PRIVATE_KEY", "PRIVATE", "EMAIL", "PHONE", "CARD", "IBAN", "SSN", "NATIONAL_ID")
"""Kinds of values, as placeholders name them."""
_PLACEHOLDERS: Final = re.compile(rf"<(?:{'|'.join(KINDS)})_[1-9]\d{{0,5}}>")
_MASK_FIRST: Final = re.compile(rf"{_PLACEHOLDERS.pattern}\s")
_MASKED: Final = re.compile(r"(?:<[A-Z_]+_\d+>|[^\w<>]+)*")


class Redactor:
    """Masks the texts of one answer. `counts` has the number of masked values by kind."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises ConfigError for a pattern that can't be used."""
        self.counts: Counter[str] = Counter()
        self.masks_random = False
        """Whether tokens that look made by chance are masked too, whatever stands beside them."""
        self._own = [_own_pattern(pattern) for pattern in patterns]
        self._placeholders: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._known_values: dict[str, str] = {}
        self._known_lines: dict[str, set[tuple[int, int, str]]] = {}
        """By line, without the blanks around it: what is masked in it, counted from its first character."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises ConfigError for a pattern that can't be used."""
        return cls(settings.redact_patterns)

    def scrub(self, text: str) -> str:
        """The text with each secret replaced by its placeholder, such as <EMAIL_1>.

        A value that its context has shown to be a secret (`password=…`) is masked wherever it occurs, in this
        text and in later ones. A text that was masked stays as it is.
        """
        for _ in range(_MOST_LOOKS):
            text, joined = self._masked_once(text)
            if not joined:
                break
        return text

    def _masked_once(self, text: str) -> tuple[str, bool]:
        """The text, masked; and whether a mask touches a word: that may be seen for what it is only now, as
        an address that ran into a key.
        """
        parts: list[str] = []
        at = 0
        joined = False
        for start, end, kind in _without_overlaps(self._spans_of(text)):
            self.counts[kind] += 1
            value = text[start:end]
            joined |= _is_of_word(text[start - 1 : start]) or _is_of_word(text[end : end + 1])
            # Line ends inside a value stay, so that lines keep their numbers.
            parts += [text[at:start], self._placeholder(kind, value), "\n" * value.count("\n")]
            at = end
        return ("".join(parts) + text[at:] if parts else text), joined

    def learn(self, text: str) -> None:
        """Take note of a whole file before parts of it are masked: of the values that it shows to be secrets,
        and of the lines whose secrets only other lines show, such as rows below a header.
        """
        for found in find_all(text):
            value = text[found.start : found.end]
            if _is_masked(value):
                continue
            if found.named and _is_distinctive(value):
                self._known_values.setdefault(value, found.kind)
            if found.beyond_line:
                self._learn_lines(text, found)

    def values(self) -> dict[str, str]:
        """The values that were masked, each with its kind. They are secrets: for counting only."""
        return {value: mask[1:].rpartition("_")[0] for value, mask in self._placeholders.items()}

    def _learn_lines(self, text: str, found: Finding) -> None:
        at = text.rfind("\n", 0, found.start) + 1
        while at < found.end and len(self._known_lines) < _MOST_LINES:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            line = text[at:end]
            start = at + len(line) - len(line.lstrip())
            a, b = max(found.start, start), min(found.end, start + len(line.strip()))
            if a < b:
                self._known_lines.setdefault(line.strip(), set()).add((a - start, b - start, found.kind))
            at = end + 1

    def _spans_of(self, text: str) -> list[tuple[int, int, str]]:
        spans = [
            (*match.span(), "PRIVATE")
            for own in self._own
            for match in own.finditer(text.encode("utf-8", "replace").decode())
        ]
        for found in find_all(text):
            value = text[found.start : found.end]
            if value and not _is_masked(value):
                spans.append((found.start, found.end, found.kind))
                if found.named and _is_distinctive(value):
                    self._known_values.setdefault(value, found.kind)
        if self.masks_random:
            spans += [(start, end, "SECRET") for start, end in random_spans(text)]
        if self._known_values:
            spans += self._known_spans(text)
        if self._known_lines:
            spans += self._line_spans(text)
        return _outside_of_masks(spans, text)

    def _known_spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        if len(self._known_values) <= _FEW_VALUES:
            for value, kind in self._known_values.items():
                yield from ((at, at + len(value), kind) for at in _whole_occurrences(value, text))
            return
        # One look at each word of the text, however many values there are.
        by_word: dict[str, list[tuple[int, str, str]]] = {}
        for value, kind in self._known_values.items():
            if word := _WORD.search(value):
                by_word.setdefault(word[0], []).append((word.start(), value, kind))
        for word in _WORD.finditer(text):
            for offset, value, kind in by_word.get(word[0], ()):
                start = word.start() - offset
                if start >= 0 and text.startswith(value, start) and _stands_apart(value, text, start):
                    yield start, start + len(value), kind

    def _line_spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        at = 0
        for line in text.split("\n"):
            for start, end, kind in self._known_lines.get(line.strip(), ()):
                first = at + len(line) - len(line.lstrip())
                if not _MASKED.fullmatch(text[first + start : first + end]):
                    yield first + start, first + end, kind
            at += len(line) + 1

    def _placeholder(self, kind: str, value: str) -> str:
        if value not in self._placeholders:
            self._numbers[kind] += 1
            self._placeholders[value] = _PLACEHOLDER.format(kind, self._numbers[kind])
        return self._placeholders[value]


def masks_in(text: str) -> list[str]:
    """The placeholders that a text holds, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDERS.findall(text))) if "<" in text else []


def _is_masked(value: str) -> bool:
    """Whether a value is a mask, or was one word of several: `password: <SECRET_1> and more`."""
    return bool(_MASKED.fullmatch(value) or _MASK_FIRST.match(value))


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char in ("_", "+", "-")


def _outside_of_masks(spans: list[tuple[int, int, str]], text: str) -> list[tuple[int, int, str]]:
    """Without those that lie inside a placeholder, as of a value that is the word `SECRET_1`."""
    if not spans or "<" not in text:
        return spans
    masks = {at: found.end() for found in _PLACEHOLDERS.finditer(text) for at in range(*found.span())}
    return [span for span in spans if masks.get(span[0], 0) < span[1]] if masks else spans


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
    """Whether a value may be masked wherever it occurs: not if it could be an ordinary word, name or path."""
    return len(value) >= 6 and (
        any(char.isdigit() or char in _SIGNS for char in value) or is_mixed_case(value)
    )


def _whole_occurrences(value: str, text: str) -> Iterator[int]:
    """Where the value occurs in the text, but not as part of a longer word."""
    at = text.find(value)
    while at >= 0:
        if _stands_apart(value, text, at):
            yield at
        at = text.find(value, at + len(value))


def _stands_apart(value: str, text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + len(value) : at + len(value) + 1]
    return not (before.isalnum() and value[0].isalnum()) and not (after.isalnum() and value[-1].isalnum())


def _without_overlaps(spans: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Of overlapping spans the first one, or the longer one; what is left of the other is masked, too."""
    at = 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > at:
            yield max(start, at), end, kind
            at = end
