"""What an agent should see of a parsed log: a choice of templates, and the records of the errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mcp_smalltools.logs.headers.levels import LEVELS
from mcp_smalltools.logs.lines.line_types import LineType
from mcp_smalltools.logs.lines.records import names_exception
from mcp_smalltools.logs.lines.sample import Sample
from mcp_smalltools.logs.message.failure_words import MAYBE, SURE, failure_degree
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, ParsedTemplate
from mcp_smalltools.tools.parse_log.compare import Comparison, FrequencyChange, compare
from mcp_smalltools.tools.parse_log.focus import Focus

ERRORS = 5
"""Templates of errors that are shown with all that is kept of their first record."""
SUSPECTED = 5
"""Templates without a level of an error that are shown since they look like failures."""
FURTHER_SUSPECTED = 8
"""More of them, of which less is shown."""
_CLEAR = 3
"""Templates that clearly look like failures, from which those that only may be are not named."""
_TYPES_LOOKED_AT = 12
"""Line types of a template that are searched for words of failure."""
_WORD = re.compile(r"[^\W_]+")
_RARE_UP_TO = 5
Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A template without a level of an error that looks like a failure, and the first record that does."""

    template: ParsedTemplate
    degree: int
    sample: Sample


@dataclass(frozen=True, slots=True)
class Survey:
    """The templates of a log in the order in which they are shown, and what is notable among them."""

    candidates: list[ParsedTemplate]  # the best match first, or the most frequent
    focused: bool
    compares: bool
    rare: list[ParsedTemplate]
    new: list[ParsedTemplate]
    changed: list[FrequencyChange]
    gone: list[ParsedTemplate]
    bursting: list[ParsedTemplate]
    errors: list[ParsedTemplate]
    suspects: list[Suspect]


@dataclass(frozen=True, slots=True)
class Selection:
    """The templates that are shown, of those of the survey."""

    shown: list[ParsedTemplate]
    survey: Survey


def survey_of(log: ParsedLog, focus: Focus | None, *, compares: bool) -> Survey:
    """What there is to show, of the templates that fit the focus if there is one."""
    present = [template for template in log.templates if template.records]
    candidates = focus.templates if focus else sorted(present, key=lambda item: (-item.records, item.first))
    limit_rare = min(_RARE_UP_TO, log.records // 1000 + 1)
    rare = (
        [template for template in candidates if template.records <= limit_rare] if log.records >= 100 else []
    )
    new = [template for template in candidates if not template.before] if compares else []
    for notable in (rare, new):
        notable.sort(key=lambda item: (-severity(item), item.records, item.first))
    comparison = compare(log.templates) if compares else Comparison()
    among = {template.id for template in candidates}
    bursting = [template for template in candidates if template.burst]
    bursting.sort(key=lambda item: -item.burst.count if item.burst else 0)
    return Survey(
        candidates=candidates,
        focused=focus is not None,
        compares=compares,
        rare=rare,
        new=new,
        changed=[change for change in comparison.changed if change.template.id in among],
        gone=[] if focus else comparison.gone,
        bursting=bursting,
        errors=_in_order([template for template in candidates if severity(template) >= _ERROR]),
        suspects=suspects_of(candidates),
    )


def select(survey: Survey, *, limit: int, named: Sequence[int] = (), errors: bool = True) -> Selection:
    """Choose at most `limit` templates: those that fit the focus, best first; without one, first the most
    frequent, then a few of each notable kind, then the rest. `named` are ids that other parts of the answer
    name; without `errors` those of errors and suspects take no room, since their lines are shown.
    """
    candidates = survey.candidates
    share = max(1, limit // 5)
    groups = [
        survey.new[:share],
        candidates[: limit * 2 // 3],
        survey.errors[: max(ERRORS, share)] if errors else [],
        [suspect.template for suspect in survey.suspects[:SUSPECTED]] if errors else [],
        [change.template for change in survey.changed[:share]],
        survey.bursting[:share],
        survey.rare[:share],
        [item for item in candidates if item.id in named],
    ]
    chosen: dict[int, ParsedTemplate] = {}
    for group in ([] if survey.focused else groups) + [candidates]:
        for template in group:
            if len(chosen) < limit:
                chosen[template.id] = template
    return Selection([template for template in candidates if template.id in chosen], survey)


def suspects_of(templates: Sequence[ParsedTemplate]) -> list[Suspect]:
    """Templates that look like failures though no level says so, the most telling and earliest first.

    A record whose header has another level has to be a failure whatever its level: a panic, a traceback.
    """
    found = []
    for template in templates:
        if severity(template) >= _ERROR:
            continue
        suspects = [
            Suspect(template, degree, item.sample)
            for item in template.line_types[:_TYPES_LOOKED_AT]
            if item.sample is not None and item.records and (degree := _degree(item))
        ]
        if suspects:
            found.append(min(suspects, key=lambda one: (-one.degree, one.sample.first)))
    found.sort(key=lambda one: (-one.degree, one.sample.first))
    if sum(one.degree > MAYBE for one in found) >= _CLEAR:
        found = [one for one in found if one.degree > MAYBE]
    return found


def _degree(line_type: LineType) -> int:
    """How much a record looks like a failure; of the lines after its first, only a sure one counts."""
    sample = line_type.sample
    if sample is None or not sample.head:
        return 0
    degree = failure_degree(sample.head[0])
    if degree < SURE and any(failure_degree(line) == SURE for line in (*sample.head[1:], *sample.tail)):
        degree = SURE
    return degree if degree == SURE or not line_type.level_said else 0


def _in_order(errors: list[ParsedTemplate]) -> list[ParsedTemplate]:
    """Fatal ones first, then as they appear, for the first error is often the cause of the others; but of
    many, the frequent ones are not left out.
    """
    errors.sort(key=_rank)
    if len(errors) <= ERRORS:
        return errors
    kept = errors[: ERRORS // 2]
    kept += sorted(errors[ERRORS // 2 :], key=lambda item: -item.records)[: ERRORS // 2]
    chosen = {template.id for template in kept}
    kept.sort(key=_rank)
    return kept + [template for template in errors if template.id not in chosen]


def _rank(template: ParsedTemplate) -> tuple[bool, int, int]:
    """What headers say comes before what is guessed."""
    return not is_said(template), -severity(template), template.first


_ERROR = LEVELS.index("error")


def severity(template: ParsedTemplate) -> int:
    """The highest level of the template's records, said or guessed, as an index of LEVELS; -1 without one."""
    known = (
        LEVELS.index(level)
        for levels in (template.levels, template.guessed)
        for level in levels
        if level in LEVELS
    )
    return max(known, default=-1)


def errors_of(levels: Mapping[str, int]) -> int:
    """Records that are errors, of those by level."""
    return sum(levels.get(name, 0) for name in LEVELS[_ERROR:])


def is_said(template: ParsedTemplate) -> bool:
    """Whether headers say that records of it are errors."""
    return errors_of(template.levels) > 0


def first_sample(template: ParsedTemplate) -> Sample | None:
    """The first record of the template."""
    samples = [item.sample for item in template.line_types if item.sample and item.records]
    return min(samples, key=lambda sample: sample.first, default=None)


def exception_lines(template: ParsedTemplate) -> int:
    """How many lines inside of records name an exception in these words."""
    if template.records:
        return 0
    return sum(item.lines for item in template.line_types if names_exception(item.kind, template.text))


def error_sample(template: ParsedTemplate) -> Sample | None:
    """The first record of the template that is an error; one that is guessed only where none is said."""
    said = is_said(template)
    samples = [
        item.sample
        for item in template.line_types
        if item.sample
        and (item.level_said or not said)
        and (item.level in {"error", "fatal"} or (item.level is None and item.promoted))
    ]
    return min(samples, key=lambda sample: sample.first, default=None)


def rare_word_mask(templates: Sequence[ParsedTemplate], least: int = 3) -> Callable[[str], str]:
    """A function that also masks, in a template's text, words that fewer than `least` lines hold.

    A word of so few lines may be anybody's name; a template that may leave a sealed root must not show it.
    """
    seen: dict[str, int] = {}
    for template in templates:
        for word in set(_WORD.findall(template.text)):
            seen[word] = seen.get(word, 0) + template.lines
    return lambda text: _WORD.sub(lambda found: found[0] if seen.get(found[0], 0) >= least else VAR, text)
