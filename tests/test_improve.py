"""`improve`: corrections make a specialist right where it was wrong, and nothing else; poison is refused."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from improve_logs import release_log
from improve_texts import ACCESS, LABELS, ORDINARY
from test_skills import write

from mcp_smalltools.commands import improve as command
from mcp_smalltools.config import Settings
from mcp_smalltools.engine.api import Prompt
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import NotAllowed, NotFound
from mcp_smalltools.learning.improve.elsewhere import texts_elsewhere
from mcp_smalltools.learning.improve.kept import forget, learned_states, undo
from mcp_smalltools.learning.improve.reported_cases import A_DAY, ReportedCases, cases_of
from mcp_smalltools.learning.improve.run import Improvement, improve
from mcp_smalltools.learning.improve.teacher import Teacher
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes
from mcp_smalltools.tools.classify.labels import parse_labels
from mcp_smalltools.tools.classify.learned import task_key
from mcp_smalltools.tools.find_failure.rank import put_first
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan

Pairs = Sequence[tuple[str, str]]
HELD_OUT = [(text, "question") for text in ACCESS[40:]]
CORRECTIONS = [(text, "question") for text in ACCESS[:40]]
FLIPPED = {"bug": "feature", "feature": "bug", "question": "question"}


def outcome(pairs: Pairs, number: int = 0, **changes: Any) -> ReportedOutcome:
    given: dict[str, Any] = {
        "call_id": f"c{number:04}",
        "at": 1.7e9 + number,
        "verdict": "wrong",
        "correction": "",
        "examples": list(pairs),
        "tool": "classify",
        "paths": [],
        "model": None,
        "confidence": 0.9,
        "escalated": False,
        "client": "cli",
        "level": "open",
        "principal": "local",
        "task": json.dumps({"labels": LABELS}),
    }
    return ReportedOutcome(**given | changes)


def report(settings: Settings, *outcomes: ReportedOutcome) -> None:
    store = open_outcomes(settings.state_dir)
    for one in outcomes:
        store.write(one)
    store.close()


async def learn(settings: Settings, engine: Any, **options: Any) -> Improvement:
    (found,) = (await improve(settings, engine, lambda done, total, said: None, **options)).improvements
    return found


@pytest.fixture
async def service(settings: Settings, engine: Any):
    service = Service(settings, engine)
    yield service
    await service.close()


async def classify(service: Service, texts: Sequence[str], labels: Sequence[str] = LABELS) -> Any:
    return await service.call(ToolRequest("classify", {"items": list(texts), "labels": list(labels)}))


async def share_right(service: Service, cases: Pairs) -> float:
    answer = await classify(service, [text for text, _ in cases])
    return sum(one.label == label for one, (_, label) in zip(answer.results, cases, strict=True)) / len(cases)


@pytest.mark.anyio
async def test_forty_corrections_of_a_kind_make_it_right_and_nothing_else_worse_until_they_are_taken_back(
    settings: Settings, engine: Any, service: Service
) -> None:
    before = await share_right(service, HELD_OUT), await share_right(service, ORDINARY)
    answer = await classify(service, [text for text, _ in CORRECTIONS])
    examples = [{"text": text, "label": label} for text, label in CORRECTIONS]
    told = {"call_id": answer.call_id, "verdict": "wrong", "examples": examples}
    await service.call(ToolRequest("report_outcome", told))
    tried = await learn(settings, engine, dry_run=True)
    assert tried.better and tried.version is None and learned_states(settings) == []

    found = await learn(settings, engine)
    assert found.version == 1 and found.trial == tried.trial, "the same corrections give the same figures"
    after = await share_right(service, HELD_OUT), await share_right(service, ORDINARY)
    assert after[0] >= before[0] + 0.3
    assert after[1] >= before[1] - 0.01
    assert (await classify(service, [ACCESS[0]])).model == "all-minilm-l6-v2+classify+learned1"
    other = await classify(service, [ACCESS[0]], ["ham", "spam"])
    assert other.model == "all-minilm-l6-v2+classify", "another set of labels is another task"
    assert (await learn(settings, engine)).reasons == ("nothing new since version 1",)

    assert undo(settings, found.key) == 0
    assert (await share_right(service, HELD_OUT), await share_right(service, ORDINARY)) == before
    assert "taken back" in (await learn(settings, engine)).reasons[0]
    assert forget(settings) == 1 and learned_states(settings) == []
    with pytest.raises(NotFound, match="Nothing is learned"):
        undo(settings, found.key)


def at_random(pairs: Pairs) -> Pairs:
    rng = random.Random(1)
    return [(text, rng.choice(LABELS)) for text, _ in pairs]


POISON: dict[str, tuple[list[ReportedOutcome], str]] = {
    "flipped labels": (
        [outcome([(text, FLIPPED[label]) for text, label in ORDINARY])],
        "cases elsewhere would be answered worse",
    ),
    "labels at random": ([outcome(at_random(CORRECTIONS))], "don't predict each other"),
    "contradictions": (
        [
            outcome(CORRECTIONS[:20]),
            outcome([(text, "bug") for text, _ in CORRECTIONS[:20]], 1, principal="token b"),
        ],
        "contradict each other: 20 of 20 texts",
    ),
    "one label for everything": (
        [outcome([(text, "bug") for text, _ in [*ORDINARY, *CORRECTIONS[:20]]])],
        "don't predict each other",
    ),
    "a flood of one caller": (
        [
            outcome([(text, label) for text, label in ORDINARY[:8]], verdict="right"),
            *(
                outcome([(f"{text} ({n})", "bug") for n in range(9)], n, principal="token b")
                for n, text in enumerate(ACCESS, 1)
            ),
        ],
        "don't predict each other",
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", POISON)
async def test_poisoned_corrections_are_refused_with_the_reason(
    settings: Settings, engine: Any, kind: str
) -> None:
    outcomes, reason = POISON[kind]
    report(settings, *outcomes)
    found = await learn(settings, engine)
    assert any(reason in one for one in found.reasons), found.reasons
    assert not found.better and found.version is None
    assert learned_states(settings) == []


@pytest.mark.slow
@pytest.mark.anyio
async def test_labels_that_two_kinds_of_tickets_exchange_are_refused_without_any_case_that_ships(
    settings: Settings, engine: Any, service: Service
) -> None:
    labels = ["defect: something is broken", "wish: something new is asked for"]
    meant = {"bug": "wish", "feature": "defect"}
    cases = [
        (text, meant[label])
        for text, label in [*ORDINARY, *texts_elsewhere(LABELS).labelled]
        if label in meant
    ]
    report(settings, outcome(cases, task=json.dumps({"labels": labels})))
    found = await learn(settings, engine)
    assert found.trial is not None and found.trial.elsewhere_before.cases == 0
    assert any("exchange 'defect' and 'wish'" in reason for reason in found.reasons), found


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_teams_own_labels_are_learned_from_its_corrections(
    settings: Settings, engine: Any, service: Service
) -> None:
    labels, team = ["heron", "lynx", "otter"], {"bug": "lynx", "feature": "otter"}
    own = [(text, "heron") for text in ACCESS[:24]] + [
        (text, team[label]) for text, label in ORDINARY if label in team
    ]
    report(settings, outcome(own, task=json.dumps({"labels": labels})))
    found = await learn(settings, engine)
    assert found.trial is not None and found.version == 1, found.reasons
    assert found.trial.own_after.right >= found.trial.own_before.right + 0.3
    answer = await classify(service, ACCESS[40:], labels)
    assert sum(one.label == "heron" for one in answer.results) >= 15


def used(*outcomes: ReportedOutcome) -> ReportedCases:
    return cases_of(outcomes, parse_labels([*LABELS, "other"]), known={"a case of the evaluation"})


def test_what_may_not_teach_is_left_out_and_counted() -> None:
    found = used(
        outcome([("of a sealed file", "bug")], 1, level="sealed"),
        outcome([("of an old report", "bug")], 2, level=""),
        outcome(
            [("of nothing", "other"), ("of a stranger", "crash"), ("a case of the evaluation", "bug")], 3
        ),
        outcome([("row 17 is empty", "bug"), ("Row 18 is  empty", "bug")], 4),
        outcome([("it hangs", "bug")], 5),
        outcome([("it hangs", "question")], 6),
        outcome([("good as it is", "bug")], 7, verdict="right"),
    )
    assert [(case.text, case.label) for case in found.cases] == [
        ("Row 18 is  empty", "bug"),
        ("it hangs", "question"),
        ("good as it is", "bug"),
    ]
    assert [case.confirmed for case in found.cases] == [False, False, True]
    assert dict(found.left) == {
        "of a sealed root": 1,
        "of an unknown privacy level": 1,
        "says that no label fits, which can't be learned": 1,
        "label is not one of the task's": 1,
        "is a case or an example of the skill": 1,
        "reported again": 2,
    }
    assert found.refusal == "3 cases are too few: 8 are the least"


def test_a_caller_that_wavers_and_callers_that_disagree_teach_nothing() -> None:
    found = used(
        *(outcome([("it hangs", label)], n) for n, label in enumerate(["bug", "question", "bug"])),
        outcome([("it burns", "bug")], 4),
        outcome([("it burns", "feature")], 5, principal="token b"),
        *(outcome([(f"{name} is broken", "bug")], 9) for name in ("door", "roof")),
    )
    assert found.left["corrected in two ways"] == 5
    assert found.refusal == "the corrections contradict each other: 2 of 4 texts"


def test_a_flood_of_one_day_or_of_one_token_counts_up_to_a_limit() -> None:
    words = [f"{first} {second}" for first in "abcdefghijklmnop" for second in "abcdefghijklmnop"]
    flood = used(outcome([(word, "bug") for word in words]))
    assert len(flood.cases) == A_DAY and flood.left == {"beyond 100 of one caller in a day": 156}
    guest = used(
        outcome([(word, "bug") for word in words[:5]]),
        outcome([(word, "question") for word in words[50:120]], 1, principal="token b"),
    )
    assert len(guest.cases) == 25 and guest.left == {"more than all others have, of token b": 50}


def test_the_order_and_the_spelling_of_labels_make_no_other_task() -> None:
    one, other = parse_labels(["Feature", "bug: it is broken"]), parse_labels(["bug", "feature"])
    assert task_key("classify", one) == task_key("classify", other)
    assert task_key("classify", one) != task_key("tickets", one)
    assert task_key("classify", one) != task_key("classify", parse_labels(["bug", "wish"]))


class Given:
    def __init__(self, **values: Any) -> None:
        defaults = {
            "tool": None,
            "teacher": None,
            "teacher_url": "",
            "undo": None,
            "json": False,
            "quiet": False,
            "dry_run": False,
            "every": None,
            "never": False,
            "minutes": 30.0,
        }
        self.__dict__.update({**defaults, "list": False, "forget": False, **values})


def test_the_command_says_what_there_is_what_it_kept_and_how_to_undo_it(
    settings: Settings, capsys: Any
) -> None:
    def run(**given: Any) -> str:
        assert command.run(Given(**given), settings) == 0  # type: ignore[arg-type]
        return str(capsys.readouterr().out)

    assert "no corrections" in run() and run(quiet=True) == ""
    report(settings, outcome(CORRECTIONS[:3]), outcome([("it fell over", "bug")], 1, task=None))
    said = run()
    assert "3 cases of 1 reports" in said and "Not kept: 3 cases are too few" in said
    assert "1 are not used: of classify" in said
    assert run(quiet=True) == ""
    report(settings, outcome(CORRECTIONS))
    said = run()
    key = learned_states(settings)[0].key
    assert (
        "held-out cases right" in said
        and f"Kept as version 1; take it back: mcp-smalltools improve --undo {key}" in said
    )
    assert "version 1 in use, 40 cases" in run(list=True)
    assert run(undo=key) == "It is as shipped again.\n"
    assert json.loads(run(json=True))["improvements"][0]["better"] is False


# Failures of the user's own tools


def report_logs(settings: Settings, folder: Path, numbers: Sequence[int], **changes: Any) -> None:
    for number in numbers:
        log, why = release_log(number)
        (folder / f"release-{number}.log").write_text(log)
        given = {"tool": "find_failure", "paths": [f"release-{number}.log"], "correction": f'it was "{why}"'}
        report(settings, outcome([], number, **(given | changes)))


async def first_evidence(service: Service, folder: Path, number: int) -> tuple[str, str, Any]:
    """The first evidence of a log, the line that says why, and the answer."""
    log, why = release_log(number)
    (folder / f"release-{number}.log").write_text(log)
    answer = await service.call(
        ToolRequest("find_failure", {"path": f"release-{number}.log", "exit_code": 7})
    )
    return answer.evidence[0].text, why, answer


@pytest.mark.anyio
async def test_corrected_failures_of_an_own_tool_put_the_line_that_says_why_first_in_its_other_logs(
    settings: Settings, service: Service, tmp_path: Path
) -> None:
    shown, why, _ = await first_evidence(service, tmp_path, 20)
    assert why not in shown
    report_logs(settings, tmp_path, range(8))
    found = await learn(settings, None)
    assert (found.version, found.cases) == (1, 8), found
    shown, why, answer = await first_evidence(service, tmp_path, 20)
    assert why in shown and answer.model == "learned1" and answer.failed
    assert (await learn(settings, None)).reasons == ("nothing new since version 1",)
    assert undo(settings, "find_failure") == 0
    shown, why, answer = await first_evidence(service, tmp_path, 20)
    assert why not in shown and answer.model is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"correction": "line 3"}, "don't predict each other"),
        ({"correction": "line 1"}, "8 logs of runs that passed have such lines too"),
        ({"level": "sealed"}, "0 logs are too few"),
        ({"correction": "the moon was full that night"}, "0 logs are too few"),
        ({"correction": "line 5", "principal": "token b"}, "contradict each other"),
    ],
)
async def test_corrections_of_failures_that_may_not_teach_are_refused(
    settings: Settings, service: Service, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    for number in range(8):
        good = release_log(number)[0].split("  tide gate")[0] + "drydock: done, 9 of 9 steps passed\nexit 0\n"
        (tmp_path / f"good-{number}.log").write_text(good)
        await service.call(ToolRequest("find_failure", {"path": f"good-{number}.log", "exit_code": 0}))
    if "principal" in changes:
        report_logs(settings, tmp_path, range(8))
        for number in range(8):
            _, why = release_log(number)
            own = {"tool": "find_failure", "paths": [f"release-{number}.log"], "correction": why}
            report(settings, outcome([], 100 + number, **own))
            report(settings, outcome([], 200 + number, **(own | changes)))
    else:
        report_logs(settings, tmp_path, range(8), **changes)
    found = await learn(settings, None)
    assert any(reason in one for one in found.reasons), found
    assert found.version is None and learned_states(settings) == []


def says_why(prompt: Prompt) -> str:
    """A teacher that knows the tool."""
    lines = prompt.messages[-1].content.splitlines()
    return next(line.partition(":")[0] for line in lines if "tide gate" in line)


def says_the_first(prompt: Prompt) -> str:
    """A teacher that guesses."""
    return prompt.messages[-1].content.partition(":")[0]


@pytest.mark.anyio
async def test_a_named_teacher_says_why_rejected_runs_failed_and_is_noted_as_the_source(
    settings: Settings, service: Service, tmp_path: Path
) -> None:
    report_logs(settings, tmp_path, range(8), correction="")
    report_logs(settings, tmp_path, range(8, 10), correction="", level="sealed")
    engine = FakeEngine(answers=says_why)
    found = await learn(settings, engine, teacher=Teacher("a-large-one"))
    assert (found.version, found.cases) == (1, 8), found
    assert {call.options.model for call in engine.calls} == {"a-large-one"} and len(engine.calls) == 16
    shown, why, _ = await first_evidence(service, tmp_path, 20)
    assert why in shown
    kept = settings.state_dir / "adapted" / "find_failure" / "0001" / "report.json"
    origins = {case["principal"] for case in json.loads(kept.read_text())["cases"]}
    assert origins == {"teacher a-large-one"}


@pytest.mark.anyio
async def test_a_teacher_that_guesses_teaches_nothing_and_one_elsewhere_has_to_be_allowed(
    settings: Settings, tmp_path: Path
) -> None:
    report_logs(settings, tmp_path, range(8), correction="")
    guessing = FakeEngine(answers=says_the_first)
    options: dict[str, Any] = {"teacher": Teacher("a-large-one")}
    found = await improve(settings, guessing, lambda *_: None, **options)
    assert found.left == {"of find_failure, the teacher was not sure": 8} and found.improvements == []
    options["teacher"] = Teacher("a-large-one", "https://models.example/v1")
    with pytest.raises(NotAllowed, match=r"models\.example"):
        await improve(settings, guessing, lambda *_: None, **options)


def test_a_marked_line_stands_first_and_the_others_keep_their_main_lines() -> None:
    marked = np.zeros(20, np.bool_)
    marked[[4, 9]] = True
    spans = [EvidenceSpan(2, 12, 6, 0.9), EvidenceSpan(14, 16, 15, 0.4), EvidenceSpan(8, 11, 9, 0.3)]
    found = [(span.start, span.stop, span.peak) for span in put_first(spans, marked)]
    assert found == [(4, 5, 4), (9, 10, 9), (5, 9, 6), (14, 16, 15)]


@pytest.mark.slow
def test_workers_read_what_was_learned_after_they_started(settings: Settings) -> None:
    from mcp_smalltools.workers.pool import AVAILABLE, WorkerPool

    if not AVAILABLE:
        pytest.skip("no workers on this system")

    async def asked() -> tuple[str, str]:
        service = Service(settings, None, WorkerPool(settings))
        try:
            before = (await classify(service, [ACCESS[0]])).model
            report(settings, outcome(CORRECTIONS))
            await learn(settings, None)
            return before, (await classify(service, [ACCESS[0]])).model
        finally:
            await service.close()

    assert anyio.run(asked) == ("all-minilm-l6-v2+classify", "all-minilm-l6-v2+classify+learned1")


# Skills of the user's, and questions

DESK = """\
name = "desk"
kind = "classify"
description = "Sort tickets of a platform team under who answers them."
labels = ["bug", "feature", "question"]
eval = "cases.jsonl"

[[examples]]
text = "saving fails with an error"
label = "bug"

[[examples]]
text = "please add a second theme"
label = "feature"

[[examples]]
text = "how can I change my picture?"
label = "question"
"""


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_skill_learns_for_itself_and_its_cases_hold_it(
    settings: Settings, engine: Any, service: Service
) -> None:
    cases = "".join(f"{json.dumps({'text': text, 'label': label})}\n" for text, label in ORDINARY)
    write(settings.skills_dir, DESK, "desk", cases_jsonl=cases)
    report(settings, outcome([*CORRECTIONS, (ORDINARY[0][0], "feature")], tool="desk", task=None))
    found = await learn(settings, engine)
    assert found.trial is not None and found.version == 1, found
    assert found.left == {"is a case or an example of the skill": 1}
    assert found.trial.elsewhere_before.cases == 24, "half of the skill's cases and of those that ship"
    service.reload_skills()
    answer = await service.call(ToolRequest("desk", {"items": [text for text, _ in HELD_OUT]}))
    assert answer.model == "all-minilm-l6-v2+classify+learned1"
    assert sum(one.label == "question" for one in answer.results) >= 15
    plain = await classify(service, [HELD_OUT[0][0]])
    assert plain.model == "all-minilm-l6-v2+classify", "the same labels of an agent are another task"


@pytest.mark.slow
@pytest.mark.anyio
async def test_what_a_question_means_to_a_team_is_learned(
    settings: Settings, engine: Any, service: Service
) -> None:
    question = "is it for the night shift?"
    cases = [(text, "yes") for text in ACCESS[:20]] + [(text, "no") for text, _ in ORDINARY[:20]]
    report(settings, outcome(cases, task=json.dumps({"question": question})))
    found = await learn(settings, engine)
    assert found.version == 1, found
    items = [*ACCESS[40:], *(text for text, _ in ORDINARY[20:])]
    answer = await service.call(ToolRequest("classify", {"items": items, "question": question}))
    right = [
        one.label == ("yes" if one_text in ACCESS else "no")
        for one, one_text in zip(answer.results, items, strict=True)
    ]
    assert answer.model.endswith("+learned1") and sum(right) >= 17, "4 as shipped: all are no"
