"""What an agent does after an answer, by its client's events: kept as weak outcomes, without any text."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stores import A_ROW

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.after.agent_step import AgentStep, steps_of
from mcp_smalltools.hooks.after.follow_up import MOST_STEPS, FollowUp, NamedPlace, places_of
from mcp_smalltools.hooks.after.same_command import changes_nothing, core_of, file_read
from mcp_smalltools.hooks.after.watcher import AnswerWatcher
from mcp_smalltools.hooks.agent_session import HookCall
from mcp_smalltools.hooks.event import HookEvent
from mcp_smalltools.hooks.hook_parts import HookHost, Occasion, answer_and_watch
from mcp_smalltools.stores.accounts.call_cost import HOOK_CLIENT
from mcp_smalltools.stores.ledger import open_ledger
from mcp_smalltools.stores.outcomes import open_outcomes

CAUSE = "src/basket.py:41: AssertionError: expected 3 apples, got 4"
ANSWER = {"call_id": "told", "failed": True, "evidence": [{"start": 9, "end": 9, "text": CAUSE}]}
PLACES = (NamedPlace("src/basket.py", 41),)
MAKE = core_of("make test")


# Commands


@pytest.mark.parametrize(
    ("command", "again"),
    [
        ("make test", "make test 2>&1 | tail -50"),
        ("make test", "make test > out.txt 2>&1"),
        ("make test | tee log.txt", "make test 2>&1 | grep -n Error | head"),
        ("cargo build --release", "cargo   build  --release"),
        ("pytest -q 'tests/a b.py'", 'pytest -q "tests/a b.py" | tail'),
    ],
)
def test_a_command_is_the_same_however_its_output_is_looked_at(command: str, again: str) -> None:
    assert core_of(command) == core_of(again) != ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("make test", "make"),
        ("cat a.txt | sh", "cat a.txt"),
        ("make test", "make test; make clean"),
        ("echo 'a | b'", "echo a"),
    ],
)
def test_another_command_is_another_one(one: str, other: str) -> None:
    assert core_of(one) != core_of(other)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("cat src/a.py", ("src/a.py", 0, 0)),
        ("sed -n '10,40p' src/a.py", ("src/a.py", 10, 40)),
        ("sed -n 7p src/a.py", ("src/a.py", 7, 7)),
        ("head -n 20 a.log", ("a.log", 1, 1)),
        ("cat a.log | tail", ("a.log", 1, 1)),
        ("cat a b", None),
        ("cat a; rm b", None),
        ("make", None),
        ("cat 'unclosed", ("'unclosed", 0, 0)),
    ],
)
def test_a_command_that_shows_a_file_is_told(command: str, shown: tuple[str, int, int] | None) -> None:
    assert file_read(command) == shown


@pytest.mark.parametrize(
    ("command", "harmless"),
    [
        ("ls -l && cat a.py", True),
        ("git status", True),
        ("git log -3 | head", True),
        ("grep -rn x src 2>/dev/null", True),
        ("sed -n 1,4p a.py", True),
        ("sed -i s/a/b/ a.py", False),
        ("echo x > a.py", False),
        ("git stash", False),
        ("python fix.py", False),
        ("cat a | tee b", False),
        ("find . -name '*.o' -delete", False),
        ("", False),
    ],
)
def test_only_commands_that_show_something_change_nothing(command: str, harmless: bool) -> None:
    assert changes_nothing(command) == harmless


@given(st.text(max_size=200))
def test_any_text_is_read_as_a_command(command: str) -> None:
    assert isinstance(core_of(command), tuple)
    assert file_read(command) is None or len(file_read(command) or ()) == 3
    assert isinstance(changes_nothing(command), bool)


# Steps


def run(core: tuple[str, ...] = MAKE, **more: Any) -> AgentStep:
    return AgentStep("run", core=core, **more)


def edit(path: str = "/w/src/basket.py", *spans: tuple[int, int]) -> AgentStep:
    return AgentStep("edit", path, spans or ((38, 44),))


@pytest.mark.parametrize(
    ("steps", "seen"),
    [
        ([edit()], ["edited"]),
        ([edit(), run()], ["edited", "passed"]),
        ([edit(), run(failed=True), edit(), run()], ["edited"]),
        ([edit("/w/src/basket.py", (200, 210)), run()], []),
        ([edit("/w/src/cellar.py")], []),
        ([edit("/w/src/cellar.py"), run()], ["edited_elsewhere"]),
        ([run()], ["ran_again"]),
        ([run(), run()], ["ran_again"]),
        ([run(core_of("git stash"), changes=True), run()], []),
        ([AgentStep("read", "/w/src/basket.py", ((1, 90),))], ["opened"]),
        ([AgentStep("read", "/w/src/basket.py", ((1, 20),))], []),
        ([AgentStep("read", "/w/src/basket.py", whole=True)], ["opened"]),
        ([AgentStep("read", "/w/other/basket.py", whole=True)], []),
    ],
)
def test_steps_after_an_answer_say_what_they_say(steps: list[AgentStep], seen: list[str]) -> None:
    follow = FollowUp(PLACES, MAKE)
    for step in steps:
        follow.see(step)
    assert follow.seen == seen


def test_after_many_steps_nothing_is_about_the_answer_any_more() -> None:
    follow = FollowUp(PLACES, MAKE)
    for _ in range(MOST_STEPS):
        follow.see(AgentStep("read", "/w/README.md", whole=True))
    assert follow.see(edit()) == []


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["command", "file_path", "file", "numLines", "structuredPatch", "oldStart", "content"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["Bash", "Read", "Edit", "Write", "Grep"]), ODD, ODD, st.booleans())
def test_calls_of_any_shape_are_read(tool: str, arguments: Any, response: Any, failed: bool) -> None:
    given_ = arguments if isinstance(arguments, dict) else {"file_path": arguments}
    answer = response if isinstance(response, dict) else {"file": response, "structuredPatch": response}
    follow = FollowUp(PLACES, MAKE)
    for step in steps_of(tool, given_, answer, failed=failed):
        follow.see(step)


def test_places_are_those_that_the_answer_names() -> None:
    answer = {"place": {"file": "lib/a.rb", "line": 3}, "evidence": [{"text": f"{CAUSE}\nno place here"}]}
    assert places_of(answer) == [NamedPlace("lib/a.rb", 3), *PLACES]
    assert places_of({"evidence": [{"start": 9, "end": 9}]}) == []  # of a sealed file


# Events


class TellingTools:
    """In place of the tools that a hook calls: they say why each output failed."""

    def call(self, *_: Any, **__: Any) -> dict[str, Any]:
        return dict(ANSWER)

    def note_shown(self, *_: Any) -> None:
        pass


class Session:
    """Events of one session, and what was kept."""

    def __init__(self, tmp_path: Path) -> None:
        self.settings = Settings(state_dir=tmp_path / "state")
        self.folder = tmp_path / "work"
        (self.folder / "src").mkdir(parents=True)
        self.watcher = AnswerWatcher()
        text = "".join(f"row {number}\n" for number in range(1, 41)) + "apples = 4\n"
        (self.folder / "src" / "basket.py").write_text(text)

    def call(self, call_id: str, tool: str = "find_failure", **changes: Any) -> None:
        row = dataclasses.replace(A_ROW, call_id=call_id, tool=tool, at=time.time(), **changes)
        ledger = open_ledger(self.settings)
        ledger.write(row)
        ledger.close()

    def event(
        self, name: str, tool: str, arguments: dict[str, Any], *, edits: bool = True, **more: Any
    ) -> None:
        event = HookEvent(name, more.pop("session", "s1"), str(self.folder), tool, arguments, **more)
        self.watcher.see(event, self.settings, sees_edits=edits)

    def edit(self, **more: Any) -> None:
        arguments = {"file_path": str(self.folder / "src" / "basket.py")}
        arguments |= {"old_string": "apples = 4", "new_string": "apples = 3"}
        self.event("PreToolUse", "Edit", arguments, **more)

    def bash(self, command: str, *, failed: bool = False, **more: Any) -> None:
        name = "PostToolUseFailure" if failed else "PostToolUse"
        self.event(name, "Bash", {"command": command}, **more)

    @property
    def kept(self) -> list[tuple[str, str]]:
        outcomes = open_outcomes(self.settings.state_dir)
        try:
            assert all(one.origin == "hook" for one in outcomes.weak())
            return [(one.call_id, one.kind) for one in outcomes.weak()]
        finally:
            outcomes.close()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_what_a_hook_has_told_is_followed_to_the_passing_run(session: Session) -> None:
    session.call("told", client=HOOK_CLIENT)
    session.watcher.told("s1", ANSWER, "make test 2>&1")
    session.edit()
    session.bash("make test | tail -3")
    assert sorted(session.kept) == [("told", "edited"), ("told", "passed")]


def test_another_session_says_nothing_of_it(session: Session) -> None:
    session.call("told", client=HOOK_CLIENT)
    session.watcher.told("s1", ANSWER, "make test")
    session.edit(session="s2")
    assert session.kept == []


@pytest.mark.parametrize(("edits", "kept"), [(True, [("told", "ran_again")]), (False, [])])
def test_that_a_command_ran_again_says_something_only_where_edits_are_seen(
    session: Session, edits: bool, kept: list[tuple[str, str]]
) -> None:
    session.call("told", client=HOOK_CLIENT)
    session.watcher.told("s1", ANSWER, "make test")
    session.bash("make test", failed=True, edits=edits)
    assert session.kept == kept


def test_answers_to_the_agents_own_calls_are_found_in_the_ledger(session: Session) -> None:
    session.call("asked", answer=json.dumps(ANSWER))
    session.call("summed", "summarize_file", paths=["src/basket.py"], answer="{}")
    session.call("of a token", "summarize_file", paths=["src/basket.py"], principal="token ci")
    session.call("in vain", answer=json.dumps(ANSWER), escalate=True)
    path = session.folder / "src" / "basket.py"
    file = {
        "filePath": str(path),
        "content": path.read_text(),
        "numLines": 41,
        "startLine": 1,
        "totalLines": 41,
    }
    session.event("PostToolUse", "Read", {"file_path": str(path)}, response={"file": file})
    session.edit()
    assert sorted(session.kept) == [("asked", "edited"), ("asked", "opened"), ("summed", "read_whole")]


def test_an_old_call_is_not_taken_up(session: Session) -> None:
    session.call("asked", answer=json.dumps(ANSWER))
    ledger = open_ledger(session.settings)
    with ledger.transaction() as db:
        db.execute("UPDATE calls SET at = at - 7200")
    ledger.close()
    session.edit()
    assert session.kept == []


def test_nothing_of_a_files_text_is_in_the_store(session: Session) -> None:
    session.call("told", client=HOOK_CLIENT)
    session.watcher.told("s1", ANSWER, "make test")
    session.edit()
    data = b"".join(path.read_bytes() for path in session.settings.state_dir.glob("outcomes.db*"))
    assert b"told" in data and b"apples" not in data and b"basket" not in data


def test_the_command_that_is_told_of_is_not_one_that_ran_again(session: Session) -> None:
    """Told at the end of the first run; the second one runs again, and is told of too."""
    session.call("told", client=HOOK_CLIENT)
    settings = session.settings.model_copy(update={"outputs_dir": session.folder / "outputs"})
    host = HookHost(tools=TellingTools(), watcher=session.watcher)  # type: ignore[arg-type]
    shown = "Exit code 2\n" + "a line of the output\n" * 300
    event = HookEvent(
        "PostToolUseFailure", "s1", str(session.folder), "Bash", {"command": "make test"}, error=shown
    )
    call = HookCall("PostToolUseFailure", (), frozenset(("tell", "guard")), {"HOME": str(session.folder)})
    assert "41: " in answer_and_watch(Occasion(event, call, settings, host)).context
    assert session.kept == []
    answer_and_watch(Occasion(event, call, settings, host))
    assert session.kept == [("told", "ran_again")]


def test_an_edit_that_is_refused_is_none(session: Session) -> None:
    session.call("told", client=HOOK_CLIENT)
    session.watcher.told("s1", ANSWER, "make test")
    arguments = {"file_path": str(session.folder / "src" / "basket.py")}
    arguments |= {"old_string": "apples = 4", "new_string": "apples = <SECRET_1>"}
    event = HookEvent("PreToolUse", "s1", str(session.folder), "Edit", arguments)
    host = HookHost(watcher=session.watcher)
    call = HookCall("PreToolUse", (), frozenset(("guard",)), {"HOME": str(session.folder)})
    assert answer_and_watch(Occasion(event, call, session.settings, host)).refusal
    assert session.kept == []
