"""Simulated systems: the log of one run of one program, from its logging statements.

A system is some thousand lines of 1 to 200 events, as unequally often as in life, with the event and the true
template of each line known from the source. Templates follow the published guidelines for such labels (Khan
et al., ICSE 2022): a word that holds a variable is one variable as a whole, and so is a number.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mcp_smalltools.learning.logs.values import Draw, World
from mcp_smalltools.logs.statements.pieces import Piece, Placeholder, join_pieces

_WORDS = re.compile(r"[^\s,!;:=|\"'\[\](){}.\-+@#$%&/<>]+|[^\s]")
_PART = re.compile(r"(?:[,;]| \(| for| with| in| on| at| from| to| after| by| because| \w+=$)(?= |\w|$)")
_ANY_WORDS = ("main", "orders", "index", "north", "backup", "green", "daily", "spring")
_SEVERAL = re.compile(r"<\*>(?:\.?<\*>)+")


@dataclass(frozen=True, slots=True)
class StatementSource:
    """A logging statement, and the program and file that it is from."""

    program: str
    file: str
    pieces: tuple[Piece, ...]
    raises: bool


@dataclass(slots=True)
class System:
    """`events[i]` is the number of the statement that line i is from, `templates[i]` its true template."""

    program: str
    lines: list[str]
    events: list[int]
    templates: list[str]
    sources: list[StatementSource] = field(default_factory=list)  # of each line


@dataclass(frozen=True, slots=True)
class Vocabulary:
    names: list[str]
    classes: list[str]
    words: list[str]
    by_ending: dict[str, list[str]]


def vocabulary(sources: Sequence[StatementSource]) -> Vocabulary:
    """Identifiers of the source for values that are names, and the words of messages for those that are
    words.
    """
    names = {"main", "index", "retryCount", "cache_size"}
    classes = {"Worker", "HttpClient", "SessionStore"}
    words: dict[str, int] = defaultdict(int, dict.fromkeys(_ANY_WORDS, 3))
    for source in sources:
        for piece in source.pieces:
            if isinstance(piece, Placeholder):
                for name in re.findall(r"[A-Za-z_]\w{2,24}", piece.name)[:4]:
                    (classes if name[0].isupper() and not name.isupper() else names).add(name)
            else:
                for word in re.findall(r"\b[a-z]{3,12}\b", piece):
                    words[word] += 1
    plain = sorted(word for word, count in words.items() if count > 2)
    by_ending: dict[str, list[str]] = defaultdict(list)
    for word in plain:
        by_ending[word[-2:]].append(word)
    return Vocabulary(sorted(names), sorted(classes), plain, dict(by_ending))


def simulate(
    sources: Sequence[StatementSource],
    known: Vocabulary,
    rng: random.Random,
    *,
    lines: int = 2_000,
    siblings: bool = True,
) -> System:
    """One run of the program that the sources are from; with `siblings`, of events of like wording too."""
    world = World(
        rng,
        rng.sample(known.names, min(len(known.names), 400)),
        rng.sample(known.classes, min(len(known.classes), 200)),
        rng.sample(known.words, min(len(known.words), 400)),
    )
    statements = _chosen(sources, rng)
    draws = [_draws(statement, world) for statement in statements]
    if siblings:
        _add_siblings(statements, draws, known, rng)
    steep = rng.uniform(0.6, 2.0)
    weights = [(rank + 1) ** -steep for rank in range(len(statements))]
    system = System(sources[0].program, [], [], [])
    same: dict[str, int] = {}
    picks = [*range(len(statements)), *rng.choices(range(len(statements)), weights, k=lines)][:lines]
    for pick in picks:
        line, template = _rendered(statements[pick], draws[pick])
        if line:
            system.lines.append(line)
            system.events.append(same.setdefault(template, len(same)))
            system.templates.append(template)
            system.sources.append(statements[pick])
    return system


def _chosen(sources: Sequence[StatementSource], rng: random.Random) -> list[StatementSource]:
    """Statements of a few files, since what runs together is written together; in random order, so that any
    may be the most frequent.
    """
    by_file: dict[str, list[StatementSource]] = defaultdict(list)
    for source in sources:
        if not source.raises or rng.random() < 0.2:
            by_file[source.file].append(source)
    wanted = round(2 ** rng.uniform(1.5, 7.6))
    files = sorted(by_file)
    rng.shuffle(files)
    statements: list[StatementSource] = []
    for name in files:
        of_file = by_file[name]
        statements += rng.sample(of_file, min(len(of_file), max(2, wanted // 3)))
        if len(statements) >= wanted:
            break
    rng.shuffle(statements)
    # Messages without variables are half of all; in logs the others are the frequent ones.
    statements.sort(key=lambda item: rng.random() + 0.35 * (len(item.pieces) == 1))
    return statements[:wanted]


def _add_siblings(
    statements: list[StatementSource], draws: list[list[Draw | None]], known: Vocabulary, rng: random.Random
) -> None:
    """Events that differ from others in a word and have the same values: opened and closed, read and written.
    Programs have many; but what runs together is rarely in the few files that were chosen.
    """
    for at in range(len(statements)):
        draw = rng.random()
        if draw < 0.05:
            other = rng.randrange(len(statements))
            start = _tail(statements[other], rng)
            if start is None:
                continue
            tail = statements[other].pieces[start[0] :]
            cut = str(tail[0])[start[1] :]
            sibling = replace(statements[at], pieces=join_pieces([*statements[at].pieces, cut, *tail[1:]]))
            own = _aligned(sibling.pieces, [*draws[at], *draws[other][start[0] :]])
        elif draw < 0.17 and (found := _sibling(statements[at], known, rng)):
            sibling, own = found, draws[at]
        else:
            continue
        place = rng.randrange(len(statements) + 1)
        statements.insert(place, sibling)
        draws.insert(place, own)


def _tail(source: StatementSource, rng: random.Random) -> tuple[int, int] | None:
    """Where the last part of a message may start that others could have too: a piece and a place in it."""
    spots = [
        (number, found.start())
        for number, piece in enumerate(source.pieces)
        if isinstance(piece, str)
        for found in _PART.finditer(piece)
        if number or found.start()
    ]
    return rng.choice(spots) if spots else None


def _aligned(pieces: Sequence[Piece], draws: Sequence[Draw | None]) -> list[Draw | None]:
    """The draws in order, one for each placeholder, and None for each constant."""
    left = iter([draw for draw in draws if draw is not None])
    return [next(left) if isinstance(piece, Placeholder) else None for piece in pieces]


def _sibling(source: StatementSource, known: Vocabulary, rng: random.Random) -> StatementSource | None:
    """The statement with another word of the same ending in place of one."""
    pieces = list(source.pieces)
    spots = [
        (number, found.start(), found.end())
        for number, piece in enumerate(pieces)
        if isinstance(piece, str)
        for found in re.finditer(r"\b[A-Za-z]{4,}\b", piece)
    ]
    if not spots:
        return None
    number, start, end = rng.choice(spots)
    piece = str(pieces[number])
    old = piece[start:end]
    similar = known.by_ending.get(old[-2:].lower(), [])
    if len(similar) < 3:
        return None
    new = rng.choice(similar)
    new = new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new
    pieces[number] = piece[:start] + new + piece[end:]
    return StatementSource(source.program, source.file, tuple(pieces), source.raises)


def _draws(source: StatementSource, world: World) -> list[Draw | None]:
    return [
        world.source(piece.name, piece.form) if isinstance(piece, Placeholder) else None
        for piece in source.pieces
    ]


def _rendered(source: StatementSource, draws: Sequence[Draw | None]) -> tuple[str, str]:
    text, varies = "", []
    for piece, draw in zip(source.pieces, draws, strict=True):
        part = draw() if draw else str(piece)
        text += part
        varies += [draw is not None] * len(part)
    return labelled(text, varies)


def labelled(text: str, varies: list[bool]) -> tuple[str, str]:
    """The line, and its template: variables widened to whole words."""
    for found in _WORDS.finditer(text):
        start, end = found.span()
        if any(varies[start:end]) or found[0].isdigit():
            varies[start:end] = [True] * (end - start)
    template = ""
    for sign, variable in zip(text, varies, strict=True):
        if not variable:
            template += sign
        elif not template.endswith("<*>"):
            template += "<*>"
    line = " ".join(text.split())
    return line, _SEVERAL.sub("<*>", " ".join(template.split()))
