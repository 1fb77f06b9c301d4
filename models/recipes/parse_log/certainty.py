"""Fits how sure `parse_log` is: the calibration in `models/skills/parse_log/scores.json`.

    python models/recipes/parse_log/certainty.py --field DIR [--report]

DIR holds the logs of `benchmarks/field/logs.jsonl` and `logs2.jsonl` in folders `logs` and `logs2`; only rows
to fit by are read. 15 minutes. What is learned from: those logs, the written ones of
`tests/log_programs.txt`, `unseen.json` (how 58 logs were read on the day before anybody had looked at them),
and all of these once more with a part of the grammar taken away: so a log looks whose form nobody knows.
Sources are held out in turn (five folds) for the thresholds; `--report` prints what they give and writes
nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from log_programs import TIMES, ProgramLog, parsed, program_logs  # noqa: E402  # from the path above

from mcp_smalltools.calibration.calibration import Calibration, Logistic  # noqa: E402
from mcp_smalltools.evaluation.field.cases import read_cases  # noqa: E402
from mcp_smalltools.evaluation.field.judges import judge_log  # noqa: E402
from mcp_smalltools.logs.counting import parser as log_parser  # noqa: E402
from mcp_smalltools.logs.headers import (  # noqa: E402
    fixed_forms,
    header_tokens,
    program_forms,
    scanner,
    time_forms,
)
from mcp_smalltools.logs.keys.terminal import strip_terminal_codes  # noqa: E402
from mcp_smalltools.logs.lines import times  # noqa: E402
from mcp_smalltools.logs.templates import columns  # noqa: E402
from mcp_smalltools.logs.templates.parsed_log import ParsedLog  # noqa: E402
from mcp_smalltools.tools.parse_log.doubts import ASPECTS, FEATURES, NAMES, features_of  # noqa: E402
from mcp_smalltools.tools.parse_log.writer import time_text  # noqa: E402

SCORES = ROOT / "models" / "skills" / "parse_log" / "scores.json"
UNSEEN = HERE / "unseen.json"
WEIGHTS = {"written": 0.4, "real": 0.6, "unseen": 3.0}
RIDGE = 3.0
RIGHT = 0.95
"""Share of what is sure that has to be right, on sources that are held out."""
STEPS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Thresholds that are tried; higher ones keep back more right answers than wrong ones."""
MOST_LINES = 4_000
NEVER = re.compile(r"(?!)")
Patch = tuple[Any, str, Any]


@dataclass(frozen=True)
class Example:
    """One log as it was read: its features, and which aspects are right (those that the truth tells of)."""

    name: str
    source: str
    kind: str
    without: str
    right: Mapping[str, bool]
    features: Mapping[str, float]


def _half_the_times(left_out: int) -> list[Patch]:
    forms = [form.pattern for form in time_forms.FORMS]
    kept = [re.compile(form) for place, form in enumerate(forms) if place % 2 != left_out or place > 35]
    union = "|".join(re.sub(r"\?P<\w+>", "?:", form.pattern) for form in kept)
    return [
        (header_tokens, "_TIME", re.compile(f"(?:{union})|{time_forms.EPOCH}")),
        (times, "FORMS", tuple(kept)),
    ]


def parts_of_the_grammar() -> dict[str, list[Patch]]:
    """What can be taken away, by name; the first is nothing."""
    none: Callable[..., None] = lambda *_, **__: None  # noqa: E731  # nothing to name
    tokens = header_tokens
    return {
        "": [],
        "forms of programs": [(program_forms, "_OF_FIRST", {})],
        "fixed forms": [(fixed_forms, "_OF_FIRST", {}), (fixed_forms, "_WITH_SIGN", ())],
        "letters": [(scanner._Scan, "_letter", none)],
        "small letters": [
            (tokens, name, NEVER) for name in ("_BEFORE_A_SIGN", "_AFTER_TIME", "_BEFORE_ANY_SIGN")
        ],
        "capitals": [(tokens, "_CAPITALS", NEVER), (scanner, "_COMMON", NEVER)],
        "brackets": [
            (tokens, name, NEVER) for name in ("_WHOLE", "_FIRST_WORD", "_LAST_WORD", "_BEHIND_NAME")
        ],
        "even times": _half_the_times(0),
        "odd times": _half_the_times(1),
        "columns": [(columns, "header_of", lambda rows, *, headed: columns._NONE)],
        "joining": [(log_parser, "joins_plain", lambda types, lines: False)],
    }


@contextlib.contextmanager
def without(patches: Sequence[Patch]) -> Iterator[None]:
    """The grammar without these parts."""
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    for owner, name, value in patches:
        setattr(owner, name, value)
    _forget()
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
        _forget()


def _forget() -> None:
    for cached in (header_tokens._inside, times._form_of):
        cached.cache_clear()


def written(part: str) -> Iterator[Example]:
    """The logs that were written for the tests."""
    for form in program_logs():
        log = parsed(form.lines * TIMES)
        yield Example(form.name, form.name, "written", part, _right_of(form, log), features_of(log))


def _right_of(form: ProgramLog, log: ParsedLog) -> dict[str, bool]:
    least, most = TIMES * form.least_records, TIMES * form.most_records
    truth: dict[str, Any] = {"records": [least, most]}
    if form.levels is not None:
        truth["levels"] = {name: round(count * TIMES) for name, count in form.levels.items()}
    right = _judged(truth, log)
    asked = [at for time in form.times if (at := times.to_seconds(time)) is not None]
    line = log.timeline if log.calendar is not None else None
    if line is None or not asked:
        right["times"] = line is None and not form.times
    else:
        right["times"] = max(abs(line.first - min(asked)), abs(line.last - max(asked))) < 0.002
    return right


def real(folder: Path, part: str) -> Iterator[Example]:
    """The real logs to fit by, of which no more than the first lines count."""
    for case in read_cases(folder, split="fit", tools=frozenset({"parse_log"})):
        if not case.is_here():
            continue
        lines = _lines_of(case.folder / str(case.arguments["path"]))
        if len(lines) <= MOST_LINES:
            log = parsed(lines)
            yield Example(case.id, case.source, "real", part, _judged(case.right, log), features_of(log))


def _lines_of(path: Path) -> list[str]:
    data = path.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    plain = strip_terminal_codes(text.encode()).decode("utf-8", "replace").replace("\0", "")
    return re.split(r"\r\n|\n|\r", plain.removesuffix("\n"))


def _judged(truth: Mapping[str, Any], log: ParsedLog) -> dict[str, bool]:
    told: dict[str, Any] = {"records": log.records, "levels": log.levels, "errors": []}
    if log.timeline is not None and log.calendar is not None:
        told["time"] = {
            "start": time_text(log.timeline.first, log.calendar, log.zone),
            "end": time_text(log.timeline.last, log.calendar, log.last_zone),
            "backwards": log.timeline.backwards,
        }
    asked = {name: truth[name] for name in ("records", "levels", "time") if name in truth}
    right = judge_log(asked, told)
    if "time" in right:
        right["times"] = right.pop("time")
    if "levels" not in asked and {*log.levels} <= {"none"}:
        right["levels"] = True  # it has none, and none were read
    return right


def collected(field: Path) -> list[Example]:
    """All examples: of those without a part only the ones that are read otherwise then."""
    found: list[Example] = []
    whole: dict[str, Mapping[str, bool]] = {}
    for part, patches in parts_of_the_grammar().items():
        with without(patches):
            more = () if part else real(field / "logs", part)  # they are long
            for example in (*written(part), *real(field / "logs2", part), *more):
                if not part:
                    whole[example.name] = example.right
                if not part or example.right != whole.get(example.name):
                    found.append(example)
        print(f"{part or 'whole'}: {len(found)} examples", file=sys.stderr, flush=True)
    rows = json.loads(UNSEEN.read_text(encoding="utf-8"))
    return found + [Example(kind="unseen", without="", **row) for row in rows]


def _kept(path: Path | None) -> list[Example]:
    if path is None or not path.exists():
        return []
    return [Example(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def fold_of(source: str) -> int:
    return int(hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()[:6], 16) % 5


def fit(examples: Sequence[Example], aspect: str) -> tuple[Logistic, NDArray[np.float64]]:
    """The model of an aspect, and the probability of each example by models that hadn't seen its source."""
    table = {name: np.array([one.features[name] for one in examples]) for name in NAMES}
    right = np.array([float(one.right[aspect]) for one in examples])
    weight = np.array([WEIGHTS[one.kind] for one in examples])
    folds = np.array([fold_of(one.source) for one in examples])
    held_out = np.zeros(len(examples))
    for fold in range(5):
        of = {name: column[folds != fold] for name, column in table.items()}
        model = Logistic.fit(of, right[folds != fold], weight=weight[folds != fold], ridge=RIDGE)
        held_out[folds == fold] = model({name: column[folds == fold] for name, column in table.items()})
    return Logistic.fit(table, right, weight=weight, ridge=RIDGE), held_out


def thresholds_of(logs: Sequence[Mapping[str, tuple[float, bool]]]) -> dict[str, float]:
    """From which probability on each aspect is sure: those with which RIGHT of the logs that are sure in all
    aspects are right in all, or as near to that as can be with a third of the logs; of equals those that
    leave the most sure. `logs`: the probability of each aspect by models that hadn't seen its source, and its
    truth.
    """
    found = []
    for steps in itertools.product(STEPS, repeat=len(ASPECTS)):
        least = dict(zip(ASPECTS, steps, strict=True))
        sure = [log for log in logs if all(log[name][0] >= least[name] for name in log)]
        if 3 * len(sure) >= len(logs):
            right = sum(all(told for _, told in log.values()) for log in sure) / len(sure)
            found.append((min(right, RIGHT), len(sure), steps))
    right, most, steps = max(found)
    print(f"held out: {most} of {len(logs)} sure in all aspects, right of these {right:.3f}")
    return dict(zip(ASPECTS, steps, strict=True))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--field", type=Path, required=True)
    arguments.add_argument("--report", action="store_true", help="write nothing")
    arguments.add_argument("--examples", type=Path, help="keep the examples here, or take them from here")
    options = arguments.parse_args()
    examples = _kept(options.examples) or collected(options.field)
    if options.examples is not None:
        options.examples.write_text(json.dumps([asdict(one) for one in examples]), encoding="utf-8")
    models, judged = {}, {}
    logs: dict[str, dict[str, tuple[float, bool]]] = {}
    for aspect in ASPECTS:
        told = [one for one in examples if aspect in one.right]
        models[aspect], held_out = fit(told, aspect)
        judged[aspect] = [*zip(told, held_out.tolist(), strict=True)]
        for one, probability in judged[aspect]:
            if one.kind == "unseen":
                logs.setdefault(one.name, {})[aspect] = probability, one.right[aspect]
    thresholds = thresholds_of([*logs.values()])
    for aspect, kind in itertools.product(ASPECTS, WEIGHTS):
        chosen = [(one, value) for one, value in judged[aspect] if one.kind == kind and not one.without]
        sure = [one.right[aspect] for one, value in chosen if value >= thresholds[aspect]]
        print(f"{aspect}, {kind}: {len(chosen)} logs, sure {len(sure)}, right of these {np.mean(sure):.3f}")
    constants = {f"sure_{aspect}": least for aspect, least in thresholds.items()}
    if not options.report:
        scores = json.loads(SCORES.read_text(encoding="utf-8"))
        scores["calibration"] = Calibration(models, constants, FEATURES).to_json()
        SCORES.write_text(json.dumps(scores, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
