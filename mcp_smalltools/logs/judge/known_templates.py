"""Templates that are known beforehand: the logging statements of the user's own source tree.

A shape is of a statement if it has the statement's constants in order. Where several fit, the one with most
constant text is taken; one of few words whose variables would swallow many is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.message.masking import MARK_CLASS, VAR, mask_constant
from mcp_smalltools.logs.message.parameters import TemplateMatcher

_WORDS = re.compile(r"[^\W\d_]{2,}")
_WORD = re.compile(r"[\w.-]+")
_MARK = re.compile(MARK_CLASS)
_RUN = re.compile(rf"{VAR}(?:[ .]?{VAR})+")
_WIDE = re.compile(rf"[^\W{VAR}]*{VAR}[\w{VAR}]*")
_WIDER = re.compile(rf"[\w./@%+~#$-]*{VAR}[\w./@%+~#${VAR}-]*")
_HEAD = re.compile(r".{0,80}?(?:\] |: |\| )")
_HEADS = 2
"""Headers that may be left before a message: "[worker] ", "app: "."""
_FEWEST_LETTERS = 8
_FEWEST_WORDS = 2
"""Constant words of a statement that takes the lines of literal ones."""
_TELLING = 3
"""Constant words from which on variables may hold any text."""


@dataclass(frozen=True, slots=True)
class _Variant:
    """One way in which a statement's lines look: its variables as they are, or widened to whole words."""

    statement: int
    text: str
    slots: TemplateMatcher
    words: frozenset[str]
    letters: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """The more constant text, the better: its letters count most, then its signs."""
        return self.letters, self.slots.least, -self.statement


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """`key` is the same for all shapes of a statement under one header, `text` a template of the shape."""

    key: tuple[str, int]
    text: str
    looseness: int
    is_literal: bool = False
    """It has no variable."""


class StatementIndex:
    """The templates of a source tree, `texts` with VAR for variables."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_word: dict[str, list[_Variant]] = defaultdict(list)
        forms = [form for number, text in enumerate(texts) for form in _variants(number, text)]
        often: dict[str, int] = defaultdict(int)
        for form in forms:
            for word in form.words:
                often[word] += 1
        for form in forms:
            rarest = min(form.words, key=lambda word: (often[word], word))
            self._by_word[rarest].append(form)

    def find(self, shape: str) -> StatementMatch | None:
        """The statement that a shape is of."""
        return self._find(shape, _describes)

    def find_general(self, shape: str) -> StatementMatch | None:
        """The statement with variables of one word each that a shape could be of as well."""
        return self._find(shape, _is_instance)

    def _find(self, shape: str, fits: Callable[[_Variant, str], bool]) -> StatementMatch | None:
        text = _MARK.sub(VAR, shape)
        for head in _heads(text):
            form = self._best(text[len(head) :], fits)
            if form is not None:
                literal = not form.slots.count
                return StatementMatch((head, form.statement), head + form.text, -form.letters, literal)
        return None

    def _best(self, text: str, fits: Callable[[_Variant, str], bool]) -> _Variant | None:
        words = set(_WORDS.findall(text))
        best: _Variant | None = None
        for word in words:
            for form in self._by_word.get(word, ()):
                if (best is None or form.rank > best.rank) and form.words <= words and fits(form, text):
                    best = form
        return best


def _heads(text: str) -> Iterator[str]:
    yield ""
    end = 0
    for _ in range(_HEADS):
        found = _HEAD.match(text, end)
        if found is None:
            return
        end = found.end()
        yield text[:end]


def _describes(form: _Variant, text: str) -> bool:
    values = form.slots.values(text)
    if values is None:
        return False
    if len(form.words) >= _TELLING:
        return True
    swallowed = sum(len(_WORDS.findall(value)) for value in values)
    return swallowed <= 3 * len(form.words) + 2


def _is_instance(form: _Variant, text: str) -> bool:
    """Do the statement's variables hold one word each?"""
    values = form.slots.values(text) if len(form.words) >= _FEWEST_WORDS else None
    return bool(values) and all(_WORD.fullmatch(value) for value in values or ())


def _variants(number: int, text: str) -> list[_Variant]:
    plain = " ".join(text.split())
    texts = dict.fromkeys(
        _mask_constants(item) for item in (plain, _WIDE.sub(VAR, plain), _WIDER.sub(VAR, plain))
    )
    forms = []
    for item in texts:
        words = _WORDS.findall(item)
        letters = sum(map(len, words))
        if words and (letters >= _FEWEST_LETTERS or VAR not in item):
            forms.append(_Variant(number, item, TemplateMatcher(item), frozenset(words), letters))
    return forms


def _mask_constants(text: str) -> str:
    """The constants as they are in shapes."""
    parts: Sequence[str] = [_MARK.sub(VAR, mask_constant(part)) for part in text.split(VAR)]
    return _RUN.sub(VAR, VAR.join(parts))
