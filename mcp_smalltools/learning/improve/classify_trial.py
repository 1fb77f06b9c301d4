"""Would a set of labels be answered better with these corrections: cross-validated, and no worse elsewhere.

Each correction is judged by what the others taught, with the reach that is best for the others. Elsewhere are
the task's own cases and texts that ship: one half chooses the reach, the other decides.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.learning.improve.compared import EVERYTHING, Compared, Pair, TaskTexts
from mcp_smalltools.learning.improve.elsewhere import Elsewhere
from mcp_smalltools.learning.improve.reported_cases import ReportedCase
from mcp_smalltools.learning.improve.trial import LIKELY_CHANCE, CorrectionTrial, chance_of, gained_and_lost
from mcp_smalltools.tools.classify.decision import Decision
from mcp_smalltools.tools.classify.learned import Reach

FOLDS: Final = 5
REACHES: Final = tuple(
    Reach(nearer, confidence)
    for confidence in (0.97, 0.95, 0.93, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.0)
    for nearer in (0.3, 0.2, 0.1, 0.05, 0.0, -0.05, -0.1, EVERYTHING.nearer)
)
"""The narrowest first."""
MAY_LOSE: Final = 0.01
"""Share of the labelled texts elsewhere that may be answered worse."""
MAY_CHANGE: Final = 0.03
"""Share of the texts that belong to no label which may get a sure answer that they did not have."""
MAY_BE_WRONG: Final = 0.1
"""Share of the sure answers to held-out corrections that may be wrong, if that is more than before."""
EXCHANGED: Final = 4
"""Corrections in each direction between two labels from which they look exchanged."""
SURE_ENOUGH: Final = 0.6
"""Confidence of an answer that is not taken for a guess where labels look exchanged."""
Progress = Callable[[float, float | None, str], None]


@dataclass(frozen=True, slots=True)
class AnswerShares:
    """Of so many cases, the shares that are right, that are sure, and that are sure and wrong."""

    cases: int
    right: float
    sure: float
    sure_and_wrong: float


@dataclass(frozen=True, slots=True)
class TaskTrial(CorrectionTrial):
    """Held-out corrections (`own`), labelled cases elsewhere, and the share of other texts that get a sure
    answer which they did not have.
    """

    own_before: AnswerShares
    own_after: AnswerShares
    elsewhere_before: AnswerShares
    elsewhere_after: AnswerShares
    others: int
    others_changed: float
    reach: Reach | None

    def said(self) -> list[str]:
        """For a person, a line each."""
        old, new = self.own_before, self.own_after
        lines = [
            f"  held-out cases right   {old.right:.3f} -> {new.right:.3f}",
            f"    sure                 {old.sure:.3f} -> {new.sure:.3f}",
            f"    sure and wrong       {old.sure_and_wrong:.3f} -> {new.sure_and_wrong:.3f}",
        ]
        old, new = self.elsewhere_before, self.elsewhere_after
        if old.cases:
            lines.append(f"  elsewhere right        {old.right:.3f} -> {new.right:.3f} of {old.cases} cases")
        lines.append(
            f"  other texts            {self.others_changed:.3f} of {self.others} get a new sure answer"
        )
        return lines


@dataclass(frozen=True, slots=True)
class _Aside:
    """Half of the texts elsewhere: `right` holds the label of each, None where it has none of the task's."""

    texts: list[str]
    right: list[str | None]


@dataclass(frozen=True, slots=True)
class _Fold:
    """Cases that were held out, by their index, and the answers to them by what the others taught."""

    cases: list[int]
    found: Compared


async def try_corrections(
    task: TaskTexts, cases: Sequence[ReportedCase], elsewhere: Elsewhere, progress: Progress
) -> TaskTrial:
    """Raises as the engine does."""
    choosing, deciding = _halves(elsewhere)
    await task.kept([*(case.text for case in cases), *choosing.texts, *deciding.texts])
    folds = []
    for number, held_out in enumerate(_folds(cases)):
        progress(number, FOLDS + 2, "cross-validating")
        rest = [case for at, case in enumerate(cases) if at not in held_out]
        found = await task.compare([*(cases[at].text for at in held_out), *choosing.texts], _pairs(rest))
        folds.append(_Fold(held_out, found.first(len(held_out))))
    progress(FOLDS, FOLDS + 2, "comparing elsewhere")
    aside = await task.compare(choosing.texts, _pairs(cases))
    allowed = [reach for reach in REACHES if _is_harmless(task, aside, choosing, reach)]
    before: dict[int, Decision] = {}
    after: dict[int, Decision] = {}
    for fold in folds:
        reach = _choose_reach(task, cases, [other for other in folds if other is not fold], allowed)
        before |= dict(zip(fold.cases, fold.found.before, strict=True))
        after |= dict(zip(fold.cases, fold.found.after(reach), strict=True))
    reach = _choose_reach(task, cases, folds, allowed)
    aside = await task.compare(deciding.texts, _pairs(cases))
    old, new = [before[at] for at in range(len(cases))], [after[at] for at in range(len(cases))]
    trial = _trial(task, cases, _Judged(old, new, deciding, aside, reach))
    progress(FOLDS + 2, FOLDS + 2, "done")
    return trial


@dataclass(frozen=True, slots=True)
class _Judged:
    """Held-out answers to the cases, before and after; those to the texts elsewhere, and the reach."""

    before: list[Decision]
    after: list[Decision]
    deciding: _Aside
    aside: Compared
    reach: Reach | None


def _trial(task: TaskTexts, cases: Sequence[ReportedCase], found: _Judged) -> TaskTrial:
    before, after, deciding, aside = found.before, found.after, found.deciding, found.aside
    labels = [case.label for case in cases]
    with_label = [at for at, label in enumerate(deciding.right) if label is not None]
    right = [str(deciding.right[at]) for at in with_label]
    settled = aside.after(found.reach)
    own = _shares(task, before, labels), _shares(task, after, labels)
    others = len(deciding.texts) - len(with_label)
    changed = sum(
        _changed(task, old, new)
        for old, new, label in zip(aside.before, settled, deciding.right, strict=True)
        if label is None
    )
    apart_before = _shares(task, [aside.before[at] for at in with_label], right)
    apart_after = _shares(task, [settled[at] for at in with_label], right)
    reasons = [
        *_reasons_of_own(task, cases, before, after, own),
        *_reasons_elsewhere(apart_before, apart_after, changed / max(others, 1)),
    ]
    if len(set(labels)) < 2 and not with_label:
        reasons.append(
            "all corrections have one label, and no case says what does not have it: report right answers too"
        )
    share = round(changed / max(others, 1), 4)
    return TaskTrial(*own, apart_before, apart_after, others, share, found.reach, reasons=tuple(reasons))


def _choose_reach(
    task: TaskTexts, cases: Sequence[ReportedCase], folds: Sequence[_Fold], allowed: Sequence[Reach]
) -> Reach | None:
    """The reach with which most of the cases in these folds are right, the narrowest of equals; None where
    none helps.
    """
    labels = [cases[at].label for fold in folds for at in fold.cases]

    def right(reach: Reach | None) -> int:
        return _right(task, [one for fold in folds for one in fold.found.after(reach)], labels)

    best, chosen = right(None), None
    for reach in allowed:
        if (count := right(reach)) > best:
            best, chosen = count, reach
    return chosen


def _reasons_of_own(
    task: TaskTexts,
    cases: Sequence[ReportedCase],
    before: list[Decision],
    after: list[Decision],
    shares: tuple[AnswerShares, AnswerShares],
) -> list[str]:
    names = [_name(task, one) for one in before], [_name(task, one) for one in after]
    old, new = ([name == case.label for name, case in zip(side, cases, strict=True)] for side in names)
    gained, lost = gained_and_lost(old, new)
    reasons = []
    if chance_of(gained, gained + lost) > LIKELY_CHANCE:
        reasons.append(
            f"the corrections don't predict each other: of the held-out ones {shares[1].right:.2f} are right "
            f"with the others, {shares[0].right:.2f} without"
        )
    wrong_before, wrong_after = shares[0].sure_and_wrong, shares[1].sure_and_wrong
    if wrong_after > max(wrong_before, MAY_BE_WRONG * shares[1].sure):
        reasons.append(f"more answers would be sure and wrong ({wrong_before:.2f} -> {wrong_after:.2f})")
    callers = Counter(case.principal for case in cases)
    for caller in sorted(callers) if len(callers) > 1 else ():
        mine = [at for at, case in enumerate(cases) if case.principal == caller]
        if sum(new[at] for at in mine) < sum(old[at] for at in mine):
            reasons.append(f"the cases of {caller} would be answered worse")
    return [*reasons, *_exchanged(task, cases, before)]


def _exchanged(task: TaskTexts, cases: Sequence[ReportedCase], before: list[Decision]) -> list[str]:
    """Labels that most corrections swap, against answers that were no guesses: more likely a mistake, or
    malice, than a task in which two labels mean each other.
    """
    moves: Counter[tuple[str, str]] = Counter()
    for case, one in zip(cases, before, strict=True):
        name = _name(task, one)
        if name is not None and name != case.label and one.confidence >= SURE_ENOUGH:
            moves[name, case.label] += 1
    return [
        f"the corrections exchange {one!r} and {other!r}, of which the tool was fairly sure"
        for (one, other), count in moves.items()
        if one < other
        and min(count, moves[other, one]) >= EXCHANGED
        and 2 * (count + moves[other, one]) > len(cases)
    ]


def _reasons_elsewhere(before: AnswerShares, after: AnswerShares, changed: float) -> list[str]:
    reasons = []
    if after.right < before.right - MAY_LOSE:
        reasons.append(f"cases elsewhere would be answered worse ({before.right:.3f} -> {after.right:.3f})")
    if changed > MAY_CHANGE:
        reasons.append(
            f"{changed:.3f} of the texts that these corrections are not about would get another sure answer"
        )
    return reasons


def _halves(elsewhere: Elsewhere) -> tuple[_Aside, _Aside]:
    """The texts by their hash, every other one, labelled and others each."""
    found: tuple[_Aside, _Aside] = _Aside([], []), _Aside([], [])
    sides: list[tuple[str, str | None]] = [*elsewhere.labelled]
    for group in (sides, [(text, None) for text in elsewhere.others]):
        for number, (text, label) in enumerate(sorted(group, key=lambda pair: _order(pair[0]))):
            found[number % 2].texts.append(text)
            found[number % 2].right.append(label)
    return found


def _folds(cases: Sequence[ReportedCase]) -> list[list[int]]:
    """The cases of each fold by their index: those of a label are spread over the folds."""
    order = sorted(range(len(cases)), key=lambda at: (cases[at].label, _order(cases[at].text)))
    folds = [sorted(order[number::FOLDS]) for number in range(FOLDS)]
    return [fold for fold in folds if fold]


def _order(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _pairs(cases: Sequence[ReportedCase]) -> list[Pair]:
    return [(case.text, case.label) for case in cases]


def _name(task: TaskTexts, decision: Decision) -> str:
    return task.labels.none_name if decision.label is None else task.labels.names[decision.label]


def _right(task: TaskTexts, decisions: Sequence[Decision], labels: Sequence[str]) -> int:
    return sum(_name(task, one) == label for one, label in zip(decisions, labels, strict=True))


def _shares(task: TaskTexts, decisions: Sequence[Decision], labels: Sequence[str]) -> AnswerShares:
    count = len(labels)
    right = [_name(task, one) == label for one, label in zip(decisions, labels, strict=True)]
    sure = [not one.escalate for one in decisions]
    wrong = sum(is_sure and not is_right for is_sure, is_right in zip(sure, right, strict=True))
    share = max(count, 1)
    return AnswerShares(
        count, round(sum(right) / share, 4), round(sum(sure) / share, 4), round(wrong / share, 4)
    )


def _changed(task: TaskTexts, before: Decision, after: Decision) -> bool:
    """Whether a text that has none of the labels gets a sure answer that it did not have. A sure "no" to a
    question about it is right.
    """
    if after.escalate or _name(task, after) == task.labels.none_name:
        return False
    return before.escalate or before.label != after.label


def _is_harmless(task: TaskTexts, aside: Compared, texts: _Aside, reach: Reach) -> bool:
    """Whether the texts elsewhere are answered as well as before, the labelled and the others."""
    lost, labelled, changed = 0, 0, 0
    for before, after, label in zip(aside.before, aside.after(reach), texts.right, strict=True):
        if label is None:
            changed += _changed(task, before, after)
        else:
            labelled += 1
            lost += (_name(task, before) == label) - (_name(task, after) == label)
    return lost <= MAY_LOSE * labelled and changed <= MAY_CHANGE * (len(texts.right) - labelled)
