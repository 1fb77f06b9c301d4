"""What the names of keys and columns mean: the encoder compares them with what the fields ask for.

The limits are of 150 real texts (`models/LOG.md`, "extract on the ordinary mix").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from mcp_smalltools.text.words import STOP_WORDS, words_of
from mcp_smalltools.tools.extract.mapping.field_matches import ANOTHER_NAME
from mcp_smalltools.tools.extract.mapping.found import Mapped, OpenField, RenamedField, UnusedKey
from mcp_smalltools.tools.extract.mapping.names import SWITCHING, UNITS, words
from mcp_smalltools.tools.similarity import NoEncoder, embed

if TYPE_CHECKING:
    from mcp_smalltools.engine.api import Engine

NEAR: Final = 0.45
"""Similarity of a field and an unused key from which the key may mean it. On real texts it finds 17 of 22
fields that were there under other words, for a doubt about 11 of 50 that were not there.
"""
ALIKE: Final = 0.5
"""Similarity from which another name leaves no doubt: the value was right in 15 of 15 of the texts to fit by
and in 11 of 11 of new ones; below it, names that only share words were wrong in 4 of 17.
"""
OF_TEXT: Final = 0.8
"""Similarity below which a whole text under another name may say more, or other things, than is asked for."""
_WHICH: Final = (
    "min max minimum maximum average mean median first last old new previous next latest oldest total free "
    "used start end begin source target"
)
_TELL_WHICH: Final = frozenset(_WHICH.split())
"""Words that tell which of several values of one name it is, wherever they stand."""
_MOST_FIELDS: Final = 20
_MOST_RENAMED: Final = 60
_MOST_KEYS: Final = 150
"""Keys that are compared; of more the first, which stand nearest to the top."""
_LEAST_SHARED: Final = 4
"""Letters that a word of the text begins with to explain one of the field: `nmaprun` for `nmap`."""


async def judge_by_meaning(
    mapped: Mapped, path: str, engine: Engine, seconds: Callable[[], float]
) -> NoEncoder | None:
    """Settle what names alone leave open. A key that nearly has a field's name and means the same gives its
    value, with a doubt; one that may mean it is a doubt about its absence; a name that means the same as the
    field's is none. `path`: of the text. Gives why the encoder could not be asked, where it had to be.
    """
    fields = [one for one in mapped.open if one.keys][:_MOST_FIELDS]
    renamed = mapped.renamed[:_MOST_RENAMED]
    phrases = {text for one in renamed for text in (*one.asked, *one.phrases)}
    for one in fields:
        phrases.update(one.asked, *(key.phrases for key in one.keys[:_MOST_KEYS]))
    if not phrases:
        return None
    texts = sorted(phrases)
    vectors = await embed(engine, texts, seconds())
    if isinstance(vectors, NoEncoder):
        return vectors if fields else None
    at = {text: number for number, text in enumerate(texts)}

    def similarity(one: Sequence[str], other: Sequence[str]) -> float:
        return float((vectors[[at[text] for text in one]] @ vectors[[at[text] for text in other]].T).max())

    for item in renamed:
        _judge_renamed(item, similarity(item.asked, item.phrases), mapped)
    about = frozenset(words_of(PurePath(path).name)) if path else frozenset()
    for one in fields:
        keys = one.keys[:_MOST_KEYS]
        giving = [(similarity(one.asked, key.phrases), -place) for place, key in enumerate(keys) if key.near]
        best, place = max(giving, default=(0.0, 0))
        if best >= NEAR and _give(one, keys[-place], about, mapped):
            continue
        whole = [(similarity(one.asked, key.phrases[-1:]), -place) for place, key in enumerate(keys)]
        best, place = max(whole)
        if best >= NEAR:
            _doubt(one, keys[-place].line, mapped)
    return None


def _judge_renamed(item: RenamedField, similarity: float, mapped: Mapped) -> None:
    if item.doubt and item.clean and similarity >= ALIKE:
        mapped.doubts.remove(item.doubt)
    elif not item.doubt and (
        similarity < ALIKE if item.says_more else not item.clean and similarity < OF_TEXT
    ):
        mapped.doubts.append(f"{item.name} (line {item.line}, {ANOTHER_NAME}")


def _give(one: OpenField, key: UnusedKey, about: frozenset[str], mapped: Mapped) -> bool:
    """Give the key's value, with a doubt, where its name says all that tells; whether it was given."""
    given = next((item for item in (*mapped.absent, *mapped.left) if item.name == one.name), None)
    if given is None or key.value is None or not _says_what_tells(one, key, about):
        return False
    for waiting in (mapped.absent, mapped.left):
        if given in waiting:
            waiting.remove(given)
    mapped.found.append(key.value)
    mapped.names[one.name] = key.shown
    if one.doubt:
        mapped.doubts.remove(one.doubt)
    mapped.doubts.append(f"{one.name} (line {key.line}, {ANOTHER_NAME}")
    return True


def _doubt(one: OpenField, line: int, mapped: Mapped) -> None:
    """A doubt about the field's absence; of one that is left to prose only if that doesn't say it either."""
    if any(item.name == one.name for item in mapped.left):
        mapped.near[one.name] = line
    elif not one.doubt:
        mapped.doubts.append(f"{one.name} (may be on line {line})")


def _says_what_tells(one: OpenField, key: UnusedKey, about: frozenset[str]) -> bool:
    """Whether only the last words of the field's name are not in the key's, with the names before it and the
    name of the file: `policy` of `restart_policy`. A word before them tells which: `smtp` of `smtp_host`.
    """
    wanted = [word for word in words_of(one.asked[0]) if word not in UNITS and word not in STOP_WORDS]
    said = [*words_of(key.shown), *about]
    known = {stem for word in said for stem in words(word)}
    explained = [
        bool(set(words(word)) <= known | SWITCHING)
        or any(text.startswith(word) for text in said if len(word) >= _LEAST_SHARED)
        for word in wanted
    ]
    if any(
        word in _TELL_WHICH and not known_here for word, known_here in zip(wanted, explained, strict=True)
    ):
        return False
    return any(explained) and explained == sorted(explained, reverse=True)
