"""Is an answer right: by the truth of its case, one way for each tool.

Each judge gives the parts that were looked at, each right or wrong; an answer is right if all of them are.
What the parts ask is told in benchmarks/field/README.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Answer = Mapping[str, Any]
Parts = dict[str, bool]
_COUNTED_AS = {"fatal": "error", "notice": "info", "trace": "debug"}
_KINDS_OF_FAILURE = ("kind", "tool")
FIRST_FILES = 5
"""Files among which a file of `first_of` has to be."""


def judge(tool: str, right: Mapping[str, Any], answer: Answer) -> Parts:
    """The parts of this answer that were looked at, and whether each is right. Raises KeyError for a tool
    that has no judge.
    """
    return JUDGES[tool](right, answer) | says(right, answer)


def says(right: Mapping[str, Any], answer: Answer) -> Parts:
    """Whether the answer, a refusal too, holds words of the pattern that it has to say."""
    if "says" not in right:
        return {}
    words = json.dumps(answer, ensure_ascii=False)
    return {"says": re.search(str(right["says"]), words, re.IGNORECASE) is not None}


def beside(
    tool: str, right: Mapping[str, Any], answer: Answer, *, examples: bool = False
) -> dict[str, float]:
    """What is reported beside the parts and decides nothing: shares of 1."""
    if tool == "find_failure" and right.get("message"):
        return {"whole message": float(whole_message(right, answer))}
    if tool == "classify":
        return _items_right(kind_of_task(examples=examples), right, answer)
    if tool == "extract":
        return _shares_of_fields(right, answer)
    if tool == "ask_file" and right.get("lines"):
        return {"lines anywhere": float(touches_anywhere(right, answer))}
    return {}


def lines_of(spans: Iterable[Mapping[str, Any]]) -> set[int]:
    """The line numbers of these spans."""
    return {line for span in spans for line in range(span["start"], span["end"] + 1)}


def _touches(lines: set[int], ranges: Sequence[Sequence[int]]) -> bool:
    return any(line in lines for first, last in ranges for line in range(first, last + 1))


def judge_failure(right: Mapping[str, Any], answer: Answer) -> Parts:
    """`failed` as it is; of a failed run a guilty line in the evidence; names only where they are right."""
    parts = {"failed": answer.get("failed") == right["failed"]}
    if right["failed"] and right.get("guilty"):
        parts["guilty"] = _touches(lines_of(answer["evidence"]), right["guilty"])
    for name in _KINDS_OF_FAILURE:
        if right.get(name) and answer.get(name) is not None:
            parts[name] = answer[name] in right[name]
    if right.get("place") and answer.get("place"):
        place = f"{answer['place']['file']}:{answer['place']['line']}"
        wanted = str(right["place"])
        parts["place"] = place.endswith(wanted) or wanted.endswith(place)
    return parts


def whole_message(right: Mapping[str, Any], answer: Answer) -> bool:
    """Whether the evidence holds all lines of the message of the first failure."""
    wanted = {line for first, last in right.get("message", []) for line in range(first, last + 1)}
    return wanted <= lines_of(answer["evidence"])


def judge_log(right: Mapping[str, Any], answer: Answer) -> Parts:
    """Records, levels, times, templates, error lines and words, as far as the truth tells of each."""
    parts: Parts = {}
    if "records" in right:
        parts["records"] = _within(answer["records"], right["records"])
    if "levels" in right:
        counted = _counted_levels(answer.get("levels") or {})
        parts["levels"] = all(_within(counted.get(name, 0), want) for name, want in right["levels"].items())
    if "time" in right:
        parts["time"] = _times_right(right["time"], answer.get("time") or {})
    if "templates" in right:
        parts["templates"] = _within(answer["template_count"], right["templates"])
    errors = [span for group in answer.get("errors", []) for span in group["evidence"]]
    if "errors_at" in right:
        also = {line for group in answer.get("errors", []) for line in group.get("also") or ()}
        parts["errors_at"] = set(right["errors_at"]) <= lines_of(errors) | also
    if "not_errors" in right:
        told = " ".join(span["text"] for span in errors)
        parts["not_errors"] = not any(word in told for word in right["not_errors"])
    if "visible" in right:
        told = json.dumps(answer, ensure_ascii=False)
        parts["visible"] = all(word in told for word in right["visible"])
    if "in_templates" in right:
        told = " ".join(item["template"] for item in answer["templates"])
        parts["in_templates"] = all(word in told for word in right["in_templates"])
    return parts


def _within(value: float, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return bool(wanted[0] <= value <= wanted[1])
    return bool(value == wanted)


def _counted_levels(levels: Mapping[str, int]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for level, count in levels.items():
        name = _COUNTED_AS.get(level, level)
        counted[name] = counted.get(name, 0) + count
    return counted


def _times_right(wanted: Mapping[str, Sequence[str]], told: Mapping[str, Any]) -> bool:
    """Whether both ends are as one of the ways to write them.

    The truth has the first and the last record in the file's order, an answer the earliest and the latest
    time: where it says that the clock went backwards, its range has to hold both.
    """
    ends = [end for end in ("start", "end") if end in wanted]
    given = {end: _plain_time(str(told.get(end, ""))) for end in ("start", "end")}
    as_told = [any(given[end].startswith(_plain_time(time)) for time in wanted[end]) for end in ends]
    if all(as_told):
        return True
    if not told.get("backwards"):
        return False
    return all(
        right or any(given["start"] <= _plain_time(time) <= given["end"] for time in wanted[end])
        for end, right in zip(ends, as_told, strict=True)
    )


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_AND_DAY = re.compile(rf"({'|'.join(_MONTHS)}) +(\d{{1,2}})(?= )")
_SHORT_YEAR = re.compile(r"(\d\d)/(\d\d)/(\d\d)(?= )")


def _plain_time(time: str) -> str:
    """As answers write it: no bracket before it, no T in it, `02-04` for `Feb  4`, a year of four digits."""
    plain = re.sub(r"(?<=\d)T(?=\d)", " ", time.strip().lstrip("["))
    plain = _SHORT_YEAR.sub(r"20\1-\2-\3", plain)
    return _MONTH_AND_DAY.sub(lambda m: f"{_MONTHS.index(m[1]) + 1:02d}-{int(m[2]):02d}", plain)


def judge_extract(right: Mapping[str, Any], answer: Answer) -> Parts:
    """The whole object, by itself or the hash of its JSON with sorted keys; or each field by its dotted name:
    one of the accepted values, null for none.
    """
    if "data_sha256" in right:
        written = json.dumps(answer["data"], sort_keys=True)
        return {"data": hashlib.sha256(written.encode()).hexdigest() == right["data_sha256"]}
    if "fields" not in right:
        return {"data": answer["data"] == right["data"]}
    return {name: _value_at(answer["data"], name) in ways for name, ways in right["fields"].items()}


def _shares_of_fields(right: Mapping[str, Any], answer: Answer) -> dict[str, float]:
    """Fields that are right, and those with a value of all that the text has none for."""
    ways = right.get("fields", {})
    if not ways:
        return {}
    parts = judge_extract(right, answer)
    absent = [name for name, accepted in ways.items() if accepted == [None]]
    made_up = [name for name in absent if _value_at(answer["data"], name) is not None]
    shares = {"fields": sum(parts.values()) / len(parts)}
    if absent:
        shares["made up"] = len(made_up) / len(absent)
        shares["made up and sure"] = 0.0 if answer.get("escalate") else shares["made up"]
    return shares


def _value_at(data: Any, name: str) -> Any:
    for part in name.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def judge_classify(right: Mapping[str, Any], answer: Answer) -> Parts:
    """Right if nine in ten are, of those that are not escalated."""
    hits, count = sure_items(right, answer)
    return {"labels": hits >= 0.9 * count}


def kind_of_task(*, examples: bool) -> str:
    """What `classify` was told: plain methods and shares are told apart by it."""
    return "with examples" if examples else "names alone"


def sure_items(right: Mapping[str, Any], answer: Answer) -> tuple[int, int]:
    """Of the items that `classify` is sure of, how many are right, and how many there are."""
    hits = [
        given["label"] == label
        for given, label in zip(answer["results"], right["labels"], strict=True)
        if not given.get("escalate")
    ]
    return sum(hits), len(hits)


def rated(
    tool: str, right: Mapping[str, Any], answer: Answer, *, all_right: bool
) -> list[tuple[float, bool]]:
    """Confidence and whether it was right, of the answer or, of `classify`, of each item."""
    if tool != "classify":
        confidence = answer.get("confidence")
        return [] if confidence is None else [(float(confidence), all_right)]
    return [
        (float(given["confidence"]), given["label"] == label)
        for given, label in zip(answer["results"], right["labels"], strict=True)
        if given.get("confidence") is not None
    ]


def _items_right(task: str, right: Mapping[str, Any], answer: Answer) -> dict[str, float]:
    """Of all items, sure or not, as the plain methods of such a task are counted; and how many are sure."""
    given = [item["label"] == label for item, label in zip(answer["results"], right["labels"], strict=True)]
    count = max(1, len(given))
    return {
        f"{task}: items right": sum(given) / count,
        f"{task}: items sure": sure_items(right, answer)[1] / count,
    }


def judge_ask(right: Mapping[str, Any], answer: Answer) -> Parts:
    """The first evidence holds a line that answers."""
    if not right.get("lines"):
        return {"lines": not answer["found"]}
    first = answer["evidence"][:1]
    return {"lines": any(_touches(lines_of(first), [[low, high]]) for _, low, high in right["lines"])}


def touches_anywhere(right: Mapping[str, Any], answer: Answer) -> bool:
    """Whether a line that answers is in any of the places that are shown, `elsewhere` too."""
    shown = lines_of([*answer["evidence"], *answer.get("elsewhere", ())])
    return _touches(shown, [[low, high] for _, low, high in right["lines"]])


def judge_find(right: Mapping[str, Any], answer: Answer) -> Parts:
    parts: Parts = {}
    if "first" in right:
        parts["first"] = [item["path"] for item in answer["files"][:1]] == [right["first"]]
    if "first_of" in right:
        shown = [item["path"] for item in answer["files"][:FIRST_FILES]]
        parts["first_of"] = not set(shown).isdisjoint(right["first_of"])
    if "not_in_note" in right:
        parts["note"] = str(right["not_in_note"]) not in str(answer.get("note", ""))
    return parts


def judge_summary(right: Mapping[str, Any], answer: Answer) -> Parts:
    parts: Parts = {}
    if "outline" in right:
        told = json.dumps([answer.get("outline"), answer.get("columns")], ensure_ascii=False)
        parts["outline"] = all(name in told for name in right["outline"])
    if "purpose" in right:
        parts["purpose"] = answer.get("purpose") == right["purpose"]
    if right.get("purpose_words") and answer.get("purpose"):
        parts["purpose_words"] = _holds_each(str(answer["purpose"]), right["purpose_words"])
    if "escalate" in right:
        parts["escalate"] = bool(answer.get("escalate")) == right["escalate"]
    return parts


def _holds_each(text: str, stems: Sequence[str]) -> bool:
    """Whether each stem is in `text`, or one of its forms, which stand between bars ("restore|recover")."""
    lower = text.lower()
    return all(any(form.lower() in lower for form in stem.split("|")) for stem in stems)


JUDGES: Mapping[str, Callable[[Mapping[str, Any], Answer], Parts]] = {
    "find_failure": judge_failure,
    "parse_log": judge_log,
    "extract": judge_extract,
    "classify": judge_classify,
    "ask_file": judge_ask,
    "find_files": judge_find,
    "summarize_file": judge_summary,
}
