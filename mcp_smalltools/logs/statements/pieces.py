"""Format strings taken apart into constant text and placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A variable of a message: what the source calls it, and how it is written ("%d", "{}", "+")."""

    name: str
    form: str


Piece = str | Placeholder

_PRINTF = re.compile(
    r"%(?:\((?P<named>\w+)\))?(?:\d+\$)?(?P<flags>[-+ #0']*)(?P<width>\*|\d+)?(?P<precision>\.(?:\*|\d+)?)?"
    r"(?:hh|h|ll|l|j|z|t|q|I64|L)?(?P<kind>[a-zA-Z%@])"
)
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}:!=]*?)(?P<how>=?(?:![rsa])?(?::[^{}]*)?)\}")
_TEMPLATE = re.compile(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}")


def printf(text: str, values: Sequence[str]) -> tuple[list[Piece], int]:
    """Pieces of a printf format, and how many of the values it uses."""
    pieces: list[Piece] = []
    place = used = 0
    for found in _PRINTF.finditer(text):
        pieces.append(text[place : found.start()])
        place = found.end()
        if found["kind"] == "%":
            pieces.append("%")
            continue
        stars = found[0].count("*")
        name = found["named"] or _at(values, used + stars)
        used += 0 if found["named"] else 1 + stars
        pieces.append(Placeholder(name, "%#x" if "#" in found["flags"] else f"%{found['kind']}"))
    return [*pieces, text[place:]], used


def braces(text: str, values: Sequence[str], *, names_are_code: bool = False) -> tuple[list[Piece], int]:
    """Pieces of a format with {}, {0} or {name}, and how many of the values it uses."""
    pieces: list[Piece] = []
    place = used = 0
    for found in _BRACES.finditer(text):
        pieces.append(text[place : found.start()])
        place = found.end()
        if found["name"] is None:
            pieces.append(found[0][0])
            continue
        name = found["name"].strip()
        if not names_are_code and (not name or name.isdigit()):
            name = _at(values, int(name) if name else used)
            used += 1
        hexadecimal = found["how"].lower().endswith("x")
        pieces.append(
            Placeholder(name, "%#x" if hexadecimal and "#" in found["how"] else "%x" if hexadecimal else "{}")
        )
    return [*pieces, text[place:]], used


def template_literal(text: str) -> list[Piece]:
    """Pieces of a JavaScript template literal, or of a Kotlin, Scala or Groovy string with ${...}."""
    pieces: list[Piece] = []
    place = 0
    for found in _TEMPLATE.finditer(text):
        pieces += [text[place : found.start()], Placeholder(found[1].strip(), "+")]
        place = found.end()
    return [*pieces, text[place:]]


def fields(pairs: Iterable[tuple[str, str]], *, separator: str = " ") -> list[Piece]:
    """Structured fields as most writers print them: key=value."""
    pieces: list[Piece] = []
    for key, value in pairs:
        pieces += [f"{separator}{key}=", Placeholder(value, "field")]
    return pieces


def join_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Neighbouring constants as one, empty ones left out, spaces made single."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and out and isinstance(out[-1], str):
            out[-1] += piece
        elif piece:
            out.append(piece)
    out = [re.sub(r"\s+", " ", piece) if isinstance(piece, str) else piece for piece in out]
    if out and isinstance(out[0], str):
        out[0] = out[0].lstrip()
    if out and isinstance(out[-1], str):
        out[-1] = out[-1].rstrip()
    return tuple(piece for piece in out if piece)


def _at(values: Sequence[str], place: int) -> str:
    return values[place] if place < len(values) else ""
