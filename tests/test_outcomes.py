"""What agents say of answers afterwards: kept here, shown in the ledger, and fit to teach a skill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_skills import write

from mcp_smalltools.commands import ledger as ledger_command
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError, UsageError
from mcp_smalltools.learning.from_outcomes import learn, lesson_of
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.skills.manifest import read_skill
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes
from mcp_smalltools.tools.built_in import built_in_tools
from mcp_smalltools.tools.registry import make_tool

SKILL = """\
name = "tickets"
kind = "classify"
description = "Sort messages to the kitchen of a canteen."
labels = ["kitchen", "cellar", "other"]
eval = "cases.jsonl"

[[examples]]
text = "the oven is cold"
label = "kitchen"

[[examples]]
text = "a shelf with bottles fell over"
label = "cellar"
"""
CASES = [
    {"text": "the stove does not heat", "label": "kitchen"},
    {"text": "no more clean pans", "label": "kitchen"},
    {"text": "the wine is all gone", "label": "cellar"},
    {"text": "water on the floor between the barrels", "label": "cellar"},
]


@pytest.fixture
def pack(settings: Settings) -> Path:
    cases = "".join(f"{json.dumps(case)}\n" for case in CASES)
    return write(settings.skills_dir, SKILL, cases_jsonl=cases)


@pytest.fixture
async def service(settings: Settings, engine: Any):
    service = Service(settings, engine)
    yield service
    await service.close()


async def report(service: Service, **arguments: Any) -> dict[str, Any]:
    return (await service.call(ToolRequest("report_outcome", arguments))).structured()


def stored(settings: Settings) -> list[ReportedOutcome]:
    outcomes = open_outcomes(settings.state_dir)
    try:
        return outcomes.all()
    finally:
        outcomes.close()


def outcome(*examples: tuple[str, str], at: float = 1.0) -> ReportedOutcome:
    return ReportedOutcome(f"c{at}", at, "wrong", "", list(examples), "tickets", [], None, 0.9, False, "cli")


@pytest.mark.anyio
async def test_a_verdict_is_kept_with_what_it_is_about_and_shown_in_the_ledger(
    service: Service, settings: Settings, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 80)  # a short file escalates
    answer = await service.call(ToolRequest("summarize_file", {"path": "a.csv"}))
    told = await report(service, call_id=answer.call_id, verdict="partly", correction="it has two columns")
    assert (told["tool"], told["replaced"]) == ("summarize_file", False)
    (kept,) = stored(settings)
    assert (kept.call_id, kept.verdict, kept.paths) == (answer.call_id, "partly", ["a.csv"])
    assert kept.correction == "it has two columns" and not kept.escalated
    assert (await report(service, call_id=answer.call_id, verdict="wrong"))["replaced"]
    assert [one.verdict for one in stored(settings)] == ["wrong"]
    ledger_command.run(Arguments(limit=20, json=True, tools=False, days=0), settings)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["verdict"] for row in rows if row["call_id"] == answer.call_id] == ["wrong"]
    ledger_command.run(Arguments(limit=20, json=False, tools=False, days=0), settings)
    assert "was wrong" in capsys.readouterr().out


class Arguments:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


@pytest.mark.anyio
async def test_only_an_answer_that_there_was_can_be_judged(service: Service, settings: Settings) -> None:
    with pytest.raises(UsageError, match="no answer with the call_id 'nope'"):
        await report(service, call_id="nope", verdict="right")
    with pytest.raises(UsageError, match="verdict"):
        await report(service, call_id="nope", verdict="fine")
    assert stored(settings) == []


@pytest.mark.anyio
async def test_a_caller_judges_only_its_own_answers_and_the_owner_all(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    asked = ToolRequest("summarize_file", {"path": "a.csv"}, principal=Principal("token a", remote=True))
    answer = await service.call(asked)
    arguments = {"call_id": answer.call_id, "verdict": "wrong"}
    with pytest.raises(UsageError, match="no answer with the call_id"):
        await service.call(
            ToolRequest("report_outcome", arguments, principal=Principal("token b", remote=True))
        )
    assert stored(settings) == []
    await service.call(ToolRequest("report_outcome", arguments, principal=asked.principal))
    assert (await report(service, **arguments))["replaced"]


def test_outcomes_of_one_tool_can_be_forgotten(settings: Settings) -> None:
    outcomes = open_outcomes(settings.state_dir)
    outcomes.write(outcome(("a", "b")))
    assert outcomes.forget("other") == 0 and outcomes.forget("tickets") == 1 and outcomes.all() == []
    outcomes.close()


def test_the_latest_correction_of_a_text_counts_and_cases_are_never_learned(pack: Path) -> None:
    lesson = lesson_of(
        read_skill(pack),
        [
            outcome(("the freezer hums", "cellar"), (CASES[0]["text"], "kitchen"), at=1),
            outcome(("the freezer hums", "kitchen"), ("lost", "bar"), ("the oven is cold", "kitchen"), at=2),
        ],
    )
    assert [(one.text, one.label) for one in lesson.examples] == [("the freezer hums", "kitchen")]
    assert set(lesson.left.values()) == {1}, "one for each reason"


def taught(settings: Settings, pack: Path, *examples: tuple[str, str], dry_run: bool = False) -> list[str]:
    outcomes = open_outcomes(settings.state_dir)
    outcomes.write(outcome(*examples))
    outcomes.close()
    return learn(make_tool(read_skill(pack), settings, built_in_tools()), settings, dry_run=dry_run)


def test_corrections_become_examples_that_the_skill_uses(settings: Settings, pack: Path) -> None:
    lessons = [
        ("the soup is burnt and the pot is black", "kitchen"),
        ("we need more knives and pans", "kitchen"),
        ("the barrels leak", "cellar"),
        ("twelve crates of wine have come", "cellar"),
    ]
    said = taught(settings, pack, *lessons, dry_run=True)
    assert "4 corrections to learn from." in said and any("before" in line for line in said)
    assert not (pack / "learned.jsonl").exists()
    taught(settings, pack, *lessons)
    skill = read_skill(pack)
    assert [(one.text, one.label) for one in skill.examples[-4:]] == lessons
    assert taught(settings, pack, *lessons)[0] == "0 corrections to learn from."


def test_corrections_that_make_a_skill_worse_are_refused(settings: Settings, pack: Path) -> None:
    wrong = [
        ("the stove does not heat at all", "cellar"),
        ("there are no clean pans left", "cellar"),
        ("all the wine is gone", "kitchen"),
        ("there is water between the barrels", "kitchen"),
    ]
    with pytest.raises(SkillError, match="does worse"):
        taught(settings, pack, *wrong)
    assert not (pack / "learned.jsonl").exists()
