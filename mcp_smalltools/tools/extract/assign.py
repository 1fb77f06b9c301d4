"""Which option is the value of which field: one field a place, similar fields in order, then the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from mcp_smalltools.tools.extract.options import BEGINS, ENDS, Option
from mcp_smalltools.tools.extract.schema import Field

_TOGETHER: Final = re.compile(r"\W{0,2} ?(?:,|and|&|by|x|×|/|to|until|till|-|–|through)? ?\W{0,2}", re.I)
TRIED: Final = 6
"""Options of a field that are tried together with those of the others."""
STEPS: Final = 20_000
SIBLINGS_MAY_LOSE: Final = 5.0
OTHERS_MAY_LOSE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Floors:
    """Scores from which on a field is filled."""

    required: float
    optional: float
    flag: float  # of a boolean that is not required
    left_over: float = inf  # a number or quote that no field has, for one that is empty
    needed: float = inf  # the same, for one that is required
    last_one: float = inf  # the only number that is left, for the only required number that is missing


REQUEST: Final = Floors(-18.0, -3.5, 0.0, -8.0, -16.0, -28.0)
"""For somebody who asks: what a function requires is mostly said, and each number is said for a field."""
PAGE: Final = Floors(-3.0, 0.0, 1.0)
"""For a text that speaks of much else: what isn't there must not be made up."""


FEATURES: Final = (
    *("score", "margin", "moved", "left_over", "required", "found", "options", "unverified", "text", "list"),
    *("judged", "swap"),
)
"""Names of the features of a choice."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a field, and what the doubt is made of. `option` None: not in the text."""

    option: Option | None
    margin: float
    """Score over that of the best other value or of nothing, whichever is higher."""
    features: Mapping[str, float]


def choose(
    fields: Sequence[Field], options: Sequence[Sequence[Option]], text: str, given: Floors = REQUEST
) -> list[Choice]:
    """One choice for each field. Each place goes to one field, so that the sum of the scores is highest."""
    floors = [_floor(field, given) for field in fields]
    held = _Search(fields, options, floors).held
    moved = [i in held and held[i] != options[i][0] for i in range(len(fields))]
    _take_left_over(fields, options, held, given)
    _put_in_order(fields, options, held, text)
    return [
        _choice(field, options[i], moved[i], held.get(i), _swap(i, fields, options, held))
        for i, field in enumerate(fields)
    ]


class _Search:
    """Which options together score highest over the floors: branch and bound, for a bounded number of steps.

    If the search does not finish in these steps, the best that was seen is taken; the first that is
    tried is each field's best option that is still free, in the order of the fields that would lose
    most without theirs.
    """

    def __init__(
        self, fields: Sequence[Field], options: Sequence[Sequence[Option]], floors: Sequence[float]
    ) -> None:
        self._fields = fields
        self._open = [
            [(o.score - floor, o) for o in each[:TRIED] if o.score >= floor]
            for each, floor in zip(options, floors, strict=True)
        ]
        self._order = sorted(range(len(fields)), key=lambda i: -self._regret(i))
        self._hope = [0.0] * (len(fields) + 1)
        for at in range(len(fields) - 1, -1, -1):
            best = max((gain for gain, _ in self._open[self._order[at]]), default=0.0)
            self._hope[at] = self._hope[at + 1] + best
        self._steps = 0
        self._best = -1.0
        self.held: dict[int, Option] = {}
        self._go_on(0, 0.0, {})

    def _regret(self, i: int) -> float:
        gains = [gain for gain, _ in self._open[i]] + [0.0, 0.0]
        return gains[0] - gains[1]

    def _go_on(self, at: int, gained: float, held: dict[int, Option]) -> None:
        self._steps += 1
        if self._steps > STEPS or gained + self._hope[at] <= self._best:
            return
        if at == len(self._order):
            self._best, self.held = gained, dict(held)
            return
        i = self._order[at]
        for gain, option in self._open[i]:
            if not any(_compete(self._fields[j], o, self._fields[i], option) for j, o in held.items()):
                held[i] = option
                self._go_on(at + 1, gained + gain, held)
                del held[i]
        self._go_on(at + 1, gained, held)


def _take_left_over(
    fields: Sequence[Field], options: Sequence[Sequence[Option]], held: dict[int, Option], floors: Floors
) -> None:
    """A number or a quote that no field has is mostly meant for one that is still empty."""
    empty = sum(f.type in ("integer", "number") and i not in held for i, f in enumerate(fields))
    last = _last_pair(fields, options, held)
    if last is not None and last[1].score >= floors.last_one:
        held[last[0]] = replace(last[1], left_over=True)
    for i, field in enumerate(fields):
        if i in held or field.type == "boolean":
            continue
        for option in options[i]:
            lonely = field.required or (option.kind in ("number", "numbers") and empty == 1)
            if option.score < (floors.needed if lonely else floors.left_over):
                break
            fits = (
                option.kind in ("number", "numbers", "quoted", "date", "time", "bracket")
                and field.type != "string"
            )
            fits = fits or option.kind in (
                "quoted",
                "date",
                "time",
                "email",
                "uri",
                "form",
                "bracket",
                "path",
            )
            if fits and not any(option.overlaps(other) for other in held.values()):
                held[i] = replace(option, left_over=True)
                break


def _last_pair(
    fields: Sequence[Field], options: Sequence[Sequence[Option]], held: dict[int, Option]
) -> tuple[int, Option] | None:
    """The one required number that has no value, and the one number of the text that no field has."""
    empty = [i for i, f in enumerate(fields) if f.required and f.type in ("integer", "number")]
    empty = [i for i in empty if i not in held and not fields[i].listed]
    if len(empty) != 1:
        return None
    left = [
        o
        for o in options[empty[0]]
        if o.kind == "number" and not any(o.overlaps(other) for other in held.values())
    ]
    return (empty[0], left[0]) if len(left) == 1 else None


def _put_in_order(
    fields: Sequence[Field], options: Sequence[Sequence[Option]], held: dict[int, Option], text: str
) -> None:
    """Values of like fields (start and end, base1 and base2) stand in the order of the fields, unless the
    scores speak clearly against it.
    """
    for _ in range(len(held)):
        swapped = False
        for i in sorted(held):
            for j in sorted(held):
                if i >= j or not are_similar(fields[i], fields[j]) or held[i].start <= held[j].start:
                    continue
                mine, yours = _at(options[i], held[j]), _at(options[j], held[i])
                if mine is None or yours is None:
                    continue
                loss = held[i].score + held[j].score - mine.score - yours.score
                close = are_siblings(fields[i], fields[j]) or _are_joined(held[i], held[j], text)
                if loss < (SIBLINGS_MAY_LOSE if close else OTHERS_MAY_LOSE):
                    held[i], held[j], swapped = mine, yours, True
        if not swapped:
            return


def _are_joined(option: Option, other: Option, text: str) -> bool:
    """Only `and`, `by`, `to` or a sign is between two values: `7 and 3`, `60 x 40`, `9 am to 5 pm`."""
    first, second = sorted((option, other), key=lambda o: o.start)
    return bool(_TOGETHER.fullmatch(" ".join(text[first.end : second.start].split())))


def _at(options: Sequence[Option], place: Option) -> Option | None:
    return next((o for o in options if (o.start, o.end) == (place.start, place.end)), None)


def are_similar(field: Field, other: Field) -> bool:
    """Whether the same places could be values of both."""
    numeric = ("integer", "number")
    same = field.type == other.type or (field.type in numeric and other.type in numeric)
    return (
        same and field.listed == other.listed and field.type != "boolean" and field.members == other.members
    )


def are_siblings(field: Field, other: Field) -> bool:
    """Names that differ by a number, in neighbouring letters, or in a pair of words such as start and end."""
    mine, yours = (re.sub(r"\d+|\b[a-z]\b", "", f.words).split() for f in (field, other))
    if mine == yours:
        letters = ["".join(re.findall(r"\b[a-z]\b", f.words)) for f in (field, other)]
        return letters[0] == letters[1] or abs(ord(letters[0][:1] or " ") - ord(letters[1][:1] or " ")) == 1
    extra = set(mine) ^ set(yours)
    return bool(extra & (BEGINS | {"in", "input"})) and bool(extra & (ENDS | {"out", "output", "return"}))


def _floor(field: Field, floors: Floors) -> float:
    """The score from which a field is filled. A member of an enum that is said is seldom said by chance."""
    if field.required:
        return floors.required
    if field.type == "boolean" and field.members is None:
        return floors.flag
    return floors.optional - 2.5 if field.members is not None else floors.optional


def _compete(field: Field, option: Option, other_field: Field, other: Option) -> bool:
    if "boolean" in (field.type, other_field.type):
        return False
    return option.overlaps(other)


def _swap(
    i: int, fields: Sequence[Field], options: Sequence[Sequence[Option]], held: Mapping[int, Option]
) -> float:
    """What would be lost if a field changed values with the like field that is closest to it."""
    losses = [12.0]
    for j in held:
        if i in held and i != j and are_similar(fields[i], fields[j]):
            mine, yours = _at(options[i], held[j]), _at(options[j], held[i])
            if mine is not None and yours is not None:
                losses.append(held[i].score + held[j].score - mine.score - yours.score)
    return min(losses)


def _choice(field: Field, options: Sequence[Option], moved: bool, held: Option | None, swap: float) -> Choice:
    others = [o.score for o in options if held is None or o.value != held.value]
    rival = max([*others, 0.0])
    score = held.score if held else -max(others, default=-8.0)
    features = {
        "score": max(-12.0, min(12.0, score)),
        "margin": max(-12.0, min(12.0, score - rival if held else score)),
        "moved": float(moved),
        "left_over": float(held is not None and held.left_over),
        "required": float(field.required),
        "found": float(held is not None),
        "options": float(min(len(options), 20)),
        "unverified": float(held is not None and not held.verified),
        "text": float(held is not None and held.kind in ("span", "name")),
        "list": float(field.listed),
        "judged": float(held is not None and held.kind in ("yes", "no", "cue", "meant", "everyday")),
        "swap": min(12.0, swap),
    }
    return Choice(held, features["margin"], features)
