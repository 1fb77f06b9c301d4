"""How sure an extraction is: each field, the whole, and why not to rely on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_smalltools.calibration.calibration import Calibration, Features, load_calibration
from mcp_smalltools.text.facts import numbers
from mcp_smalltools.tools.extract import assign
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.fill import Absence, FieldValue, Filled, FilledRecords, choose_of_ways
from mcp_smalltools.tools.extract.schema import Plan, problems
from mcp_smalltools.tools.extract.writing.combine import PAIR_FEATURES, probability_of

DOUBTFUL: Final = 0.85
"""Fields that are less sure are named where the whole is not sure enough."""
NAMED: Final = 5
SHORT_TEXT: Final = 900
"""Characters up to which numbers that no field took count against the whole."""
LONE_ABSENCE: Final = 0.925
"""Probability of a field's absence, by the reader, from which it leaves no doubt beside values that are all
named: of 8 answers of real texts with one or two such fields, all were right.
"""
MOST_ABSENT: Final = 2
OF_NAMED: Final = 0.95
"""Confidence of such an answer."""
LIKELY: Final = 0.25
"""Values of a page that are less sure than this are not given, required ones too."""
LIKELY_OPTIONAL: Final = 0.45
"""Values of optional fields of a page that are less sure than this are not given: the page may have none. Of
those from .35 to .45 half were right and a fifth made up on 83 real pages.
"""
LIKELY_OF_REQUEST: Final = 0.35
"""The same of a request."""

_ALIKE: Final = ("agree", "neither")
"""Outcomes in which two readers say the same."""
_OF_WHOLE: Final = ("product", "worst", "unused", "needed", "unverified", "fields")
FEATURES: Final[Features] = {
    f"{model}{ending}": names
    for ending in ("", "_on_page")
    for model, names in (("found", assign.FEATURES), ("absent", assign.FEATURES), ("whole", _OF_WHOLE))
}
"""What the models of the calibration are given: is the value of a field right, is it absent, is all right."""
FEATURES_OF_PAIR: Final[Features] = {**PAIR_FEATURES, "whole": (*_OF_WHOLE, "page", "alone", "alike")}
"""The same of a reader and a writer together."""


@dataclass(slots=True)
class Assessment:
    """`fields` holds the confidence of those that the reader chose. `reason` None: can be relied on."""

    confidence: float | None
    reason: str | None
    fields: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    held_back: dict[str, int] = field(default_factory=dict)
    """Fields with a value that was too unlikely to be given, and the line that it is on."""
    overlooked: list[str] = field(default_factory=list)
    """Fields that the text may hold although they were not found, the likeliest first."""


def assess(
    plan: Plan,
    document: Document,
    found_in: tuple[Filled, Sequence[FilledRecords]],
    data: Any,
    schema: Mapping[str, Any],
    *,
    doubts: Sequence[str] = (),
    pair: Calibration | None = None,
    check: Callable[[], None] = lambda: None,
) -> Assessment:
    """Probabilities by the calibration of `extract`, or where a writer has read too by that of the `pair`;
    values that break the schema are taken out of `data`. Raises what `check` raises.
    """
    filled, tables = found_in
    judged = Assessment(None, None)
    judged.missing = [absence.field.name for absence in filled.absent]
    judged.unverified = [found.field for found in filled.found if not found.verified]
    for group, table in zip(plan.records, tables, strict=True):
        name = ".".join(group.path)
        if not table.rows:
            judged.missing.append(name or "rows")
        judged.missing += [f"{name}[].{item}" for item in sorted(table.missing)]
        judged.unverified += [f"{name}[].{item}" for item in sorted(table.unverified)]
    needed = {item.path for item in plan.fields if item.required}
    broken = _take_out_invalid(data, schema, needed, judged, check)
    calibration = calibration_of_extract()
    pair = pair if any(filled.ways.values()) else None
    columns = whole_features(document, filled, judged, calibration, pair)
    sure_from = (pair or calibration).constants["sure_from"]
    if columns is not None:
        whole = pair.models["whole"] if pair else calibration.models[of_kind("whole", document)]
        judged.confidence = round(float(whole(columns)[0]), 3)
        if pair and (alone := _confirmed(document, filled, calibration)) > judged.confidence:
            judged.confidence, sure_from = round(alone, 3), calibration.constants["sure_from"]
    if judged.confidence is not None and (named := _of_named(document, filled, calibration)) is not None:
        judged.confidence = max(judged.confidence, named)
    take_out_unlikely(data, plan, needed, judged, filled, is_request=document.is_request)
    judged.reason = _reason(plan, judged, broken, tables, sure_from) or _doubted(doubts, tables, plan)
    if judged.reason and judged.held_back and not document.is_request:
        judged.reason += _where_doubted(judged.held_back)
    if not filled.found and not any(table.rows for table in tables):
        empty = not document.text.strip()
        judged.reason = "there is no text" if empty else judged.reason or "none of the fields was found"
    return judged


def _of_named(document: Document, filled: Filled, calibration: Calibration) -> float | None:
    """The confidence of a page's answer whose values all stand under their names, and of whose few other
    fields the reader says that the page has none; None for any other answer.
    """
    read = [absence for absence in filled.absent if absence.features and "named" not in absence.features]
    if document.is_request or not filled.found or not 0 < len(read) <= MOST_ABSENT:
        return None
    if any(found.features.get("named", 0.0) <= 0.9 or not found.verified for found in filled.found):
        return None
    if any(absence.doubted_at or absence.outcome not in ("", "neither") for absence in read):
        return None
    model = calibration.models["absent_on_page"]
    features = [filled.by_reader[absence.field.name][1].features for absence in read]
    if min(float(model(one)[0]) for one in features) < LONE_ABSENCE:
        return None
    return round(OF_NAMED, 3)


def calibration_of_extract() -> Calibration:
    """The models and thresholds that ship. Raises ModelError."""
    return load_calibration("extract", FEATURES)


def of_kind(model: str, document: Document) -> str:
    """The name of a model in scores.json: requests and pages have each their own."""
    return model if document.is_request else f"{model}_on_page"


def whole_features(
    document: Document,
    filled: Filled,
    judged: Assessment,
    calibration: Calibration,
    pair: Calibration | None = None,
) -> dict[str, float] | None:
    """What the probability that all values are right depends on; None where the text names every value.

    `pair`: of the reader and the writer together; it judges the fields that both have read.
    """

    def chance_of(given: FieldValue | Absence, kind: str) -> float:
        if pair and given.outcome:
            return probability_of(given.outcome, given.features, pair.models)
        return float(calibration.models[of_kind(kind, document)](given.features)[0])

    probabilities = []
    for found in filled.found:
        if "named" in found.features:
            probabilities.append(0.97 if found.features["named"] > 0.9 else 0.85)
            continue
        probability = chance_of(found, "found")
        judged.fields[found.field] = round(probability, 2)
        probabilities.append(probability)
    read = [absence for absence in filled.absent if absence.features and "named" not in absence.features]
    absent = sorted((chance_of(absence, "absent"), absence.field.name) for absence in read)
    judged.overlooked = [name for probability, name in absent if probability < DOUBTFUL]
    probabilities += [probability for probability, _ in absent]
    if not judged.fields and not read:
        return None
    logs = [math.log(max(probability, 1e-3)) for probability in probabilities]
    features = {
        "product": sum(logs),
        "worst": min(logs, default=0.0),
        "unused": float(min(4, unused_numbers(document, filled))),
        "needed": float(sum(absence.field.required for absence in filled.absent)),
        "unverified": float(len(judged.unverified)),
        "fields": math.log1p(len(probabilities)),
    }
    return {**features, **_of_pair(document, filled, calibration)} if pair else features


def _reading_alone(document: Document, filled: Filled) -> Filled:
    """What the reader alone makes of the text."""
    return choose_of_ways(filled, [item for item, _ in filled.by_reader.values()], document, {})


def _chance_alone(document: Document, by_reader: Filled, calibration: Calibration) -> float:
    judged = Assessment(None, None, unverified=[v.field for v in by_reader.found if not v.verified])
    columns = whole_features(document, by_reader, judged, calibration)
    return 0.5 if columns is None else float(calibration.models[of_kind("whole", document)](columns)[0])


def _confirmed(document: Document, filled: Filled, calibration: Calibration) -> float:
    """The reader's own confidence, where the writer says the same of every field; 0 elsewhere."""
    if any(outcome not in _ALIKE for outcome in _outcomes(filled)):
        return 0.0
    return _chance_alone(document, _reading_alone(document, filled), calibration)


def _outcomes(filled: Filled) -> list[str]:
    """How the fields that both have read were decided."""
    outcomes = [found.outcome for found in filled.found] + [absence.outcome for absence in filled.absent]
    return [outcome for outcome in outcomes if outcome]


def _of_pair(document: Document, filled: Filled, calibration: Calibration) -> dict[str, float]:
    """What the whole depends on besides, where two readers have read: what the reader alone would be worth,
    in log odds, and how many of the fields both see alike.
    """
    chance = _chance_alone(document, _reading_alone(document, filled), calibration)
    outcomes = _outcomes(filled)
    alike = sum(outcome in _ALIKE for outcome in outcomes)
    return {
        "page": float(not document.is_request),
        "alone": math.log(chance / (1 - chance)),
        "alike": alike / max(1, len(outcomes)),
    }


def unused_numbers(document: Document, filled: Filled) -> int:
    """Numbers of a short text that no field took: a hint that one was overlooked."""
    if len(document.text) > SHORT_TEXT:
        return 0
    used = " ".join(str(found.value) for found in filled.found)
    taken = {number.value for number in numbers(used)}
    percents = {value * 100 for value in taken}
    return sum(n.value not in taken and n.value not in percents for n in numbers(document.text))


def _take_out_invalid(
    data: Any,
    schema: Mapping[str, Any],
    needed: set[tuple[str, ...]],
    judged: Assessment,
    check: Callable[[], None],
) -> list[str]:
    """Values that break the schema are taken out, or null where one is required; their fields are missing."""
    broken = []
    for _ in range(3):
        found = [
            (path, message) for path, message in problems(data, schema, check) if not _is_null(data, path)
        ]
        if not found:
            break
        for path, _message in found:
            if path and _take_out(data, path, needed):
                name = ".".join(part for part in path if not part.isdigit())
                broken.append(name)
                if name not in judged.missing:
                    judged.missing.append(name)
    return list(dict.fromkeys(broken))


def take_out_unlikely(
    data: Any,
    plan: Plan,
    needed: set[tuple[str, ...]],
    judged: Assessment,
    filled: Filled,
    *,
    is_request: bool,
) -> None:
    """What is more likely wrong than right counts as missing: an agent would take it for found. A request
    says mostly what it requires.
    """
    lines = {found.field: found.start for found in filled.found}
    judged.held_back = {a.field.name: a.doubted_at for a in filled.absent if a.doubted_at}
    for item in plan.fields:
        if is_request:
            least = 0.0 if item.required else LIKELY_OF_REQUEST
        else:
            least = LIKELY if item.required else LIKELY_OPTIONAL
        if judged.fields.get(item.name, 1.0) < least and item.name not in judged.missing:
            _take_out(data, item.path, needed)
            judged.missing.append(item.name)
            judged.held_back[item.name] = lines.get(item.name, 0)
            del judged.fields[item.name]


def _where_doubted(held_back: Mapping[str, int]) -> str:
    """Lines to look at for what is missing though it may be there."""
    told = [f"line {line} for {name}" for name, line in list(held_back.items())[:NAMED] if line]
    return f"; too doubtful to be given, look at {', '.join(told)}" if told else ""


def _is_null(data: Any, path: Sequence[str]) -> bool:
    for part in path:
        try:
            data = data[int(part)] if isinstance(data, list) else data[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return True
    return data is None


def _take_out(data: Any, path: Sequence[str], needed: set[tuple[str, ...]]) -> bool:
    for part in path[:-1]:
        data = data[int(part)] if isinstance(data, list) else data[part]
    if isinstance(data, list):
        return False
    if tuple(path) in needed or any(part.isdigit() for part in path):
        data[path[-1]] = None
    else:
        data.pop(path[-1], None)
    return True


def _doubted(doubts: Sequence[str], tables: Sequence[FilledRecords], plan: Plan) -> str | None:
    if doubts:
        more = f" and {len(doubts) - NAMED} more" if len(doubts) > NAMED else ""
        return f"check {'; '.join(doubts[:NAMED])}{more}"
    for group, table in zip(plan.records, tables, strict=True):
        odd = [lines for lines in table.unread if lines.why != "a total"]
        if odd:
            name = ".".join(group.path) or "rows"
            return f"{len(odd)} lines of {name} were not read, the first is line {odd[0].start}"
    return None


def _reason(
    plan: Plan,
    judged: Assessment,
    broken: Sequence[str],
    tables: Sequence[FilledRecords],
    sure_from: float,
) -> str | None:
    if broken:
        return f"what the text says breaks the schema: {', '.join(broken[:5])}"
    needed = [item.name for item in plan.fields if item.required and item.name in judged.missing]
    needed += [
        ".".join(group.path) or "rows"
        for group, table in zip(plan.records, tables, strict=True)
        if not table.rows and (group.required or not table.absent)
    ]
    if needed:
        return f"not in the text: {', '.join(needed[:5])}"
    if any(not table.named for table in tables):
        return "the list doesn't name its values: check the rows"
    if judged.confidence is not None and judged.confidence < sure_from:
        weak = sorted(
            (probability, name) for name, probability in judged.fields.items() if probability < DOUBTFUL
        )
        more = f" and {len(weak) - NAMED} more" if len(weak) > NAMED else ""
        named = ", ".join(name for _, name in weak[:NAMED])
        if weak:
            return f"not sure enough of {named}{more}"
        if judged.overlooked:
            return f"may be in the text, but was not found: {', '.join(judged.overlooked[:NAMED])}"
        return "not sure enough"
    return None
