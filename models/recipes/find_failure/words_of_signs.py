"""Write the words without which a form of a sign cannot match, so that most forms are never tried on a line.

    python models/recipes/find_failure/words_of_signs.py

Takes each form's pattern apart and keeps the literals of which one must be there. A form that has none is tried
on every line. Run it after a change of SIGNS; a test says when it is due.
"""

from __future__ import annotations

import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mcp_smalltools.tools.find_failure import signs
from mcp_smalltools.tools.find_failure.signs import forms_of

_COMMON = frozenset(" :.-/=,'\"()_[]>0123456789")
_TARGET = "sign_words.py"
_WIDTH = 110
_HEAD = '''"""The words, in lower case, of which a line must hold one to match each form of a sign, in the forms' order.

A form without words is tried on every line. Written by models/recipes/find_failure/words_of_signs.py.
"""

from __future__ import annotations

from collections.abc import Mapping

# ruff: noqa: E501
# fmt: off
WORDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
'''


def words_of(pattern: str) -> set[str] | None:
    """The literals of which a match holds one, in lower case; None if it may hold none."""
    return _needed(parser.parse(pattern))


def all_words(signs: Mapping[str, str]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The words of each form of every sign."""
    return {
        name: tuple(tuple(sorted(words_of(form) or ())) for form in forms_of(pattern))
        for name, pattern in signs.items()
    }


def _needed(tree: Any) -> set[str] | None:
    """Of the parts that all have to match, the one whose words are longest."""
    candidates: list[set[str]] = []
    run: list[str] = []

    def end_run() -> None:
        if _tells(word := "".join(run)):
            candidates.append({word})
        run.clear()

    for code, value in tree:
        characters = _characters(code, value)
        if len(characters) == 1:
            run.append(next(iter(characters)))
            continue
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and value[0] >= 1:
            least, most, inner = value
            once = _characters(*inner[0]) if len(inner) == 1 else set()
            run += list(once) * min(least, 8) if len(once) == 1 else []
            if len(once) == 1 and least == most:
                continue
            end_run()
            candidates += _some(_needed(inner))
            continue
        end_run()
        if characters and all(map(_tells, characters)):
            candidates.append(set(characters))
        elif code is codes.SUBPATTERN:
            candidates += _some(_needed(value[3]))
        elif code is codes.BRANCH:
            parts = [_needed(branch) for branch in value[1]]
            candidates += _some(None if None in parts else set().union(*filter(None, parts)))
    end_run()
    best = max(candidates, key=lambda words: (min(map(len, words)), -len(words)), default=None)
    return _shortest(best) if best else None


def _some(words: set[str] | None) -> list[set[str]]:
    return [words] if words else []


def _characters(code: Any, value: Any) -> set[str]:
    """The characters in lower case, if it is one of a few."""
    if code is codes.LITERAL:
        return {chr(value).lower()}
    if code is codes.IN and all(item is codes.LITERAL for item, _ in value):
        return {chr(character).lower() for _, character in value}
    return set()


def _tells(word: str) -> bool:
    """Whether a word is rare enough to be looked for."""
    return (len(word) > 1 and not word.isspace()) or (
        len(word) == 1 and not word.isalnum() and word not in _COMMON
    )


def _shortest(words: Iterable[str]) -> set[str]:
    """Without words that hold another one."""
    return {word for word in words if not any(other != word and other in word for other in words)}


def written(name: str, forms: Iterable[tuple[str, ...]]) -> str:
    """One entry of the table, in lines of moderate length."""
    lines = [f"    {name!r}: ("]
    for word in (f"{words!r}," for words in forms):
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("       ")
        lines[-1] += " " + word
    return "\n".join([*lines[:-1], lines[-1] + "),"]).replace("( (", "((")


def main() -> None:
    path = Path(signs.__file__).with_name(_TARGET)
    body = "\n".join(written(name, forms) for name, forms in all_words(signs.SIGNS).items())
    path.write_text(f"{_HEAD}{body}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
