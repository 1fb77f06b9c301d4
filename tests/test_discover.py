"""Past sessions, replayed: every figure is as counted by hand, and nothing in a transcript does any harm."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stores import A_ROW
from transcripts import ClaudeSession, codex_session

from mcp_smalltools.cli import main
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.discovery import apart, replay_alone, session_figures, transcript
from mcp_smalltools.discovery.apart import Replayer
from mcp_smalltools.discovery.claude_code import read_claude_code
from mcp_smalltools.discovery.codex import read_codex
from mcp_smalltools.discovery.discovered import priced, totals_of
from mcp_smalltools.discovery.find_transcripts import TranscriptFile, transcripts
from mcp_smalltools.discovery.findings import findings_of
from mcp_smalltools.discovery.replay_alone import ReplayReport
from mcp_smalltools.discovery.session_figures import SessionFigures
from mcp_smalltools.discovery.token_use import TokenUse
from mcp_smalltools.economics.prices import load_prices
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.stores.ledger import open_ledger
from mcp_smalltools.stores.outcomes import open_outcomes
from mcp_smalltools.workers.starter import FORKS

pytestmark = pytest.mark.skipif(not FORKS, reason="processes are walled in on Linux")

SCHEMA_CHARS = 4_000
PASSED = "".join(f"test_walk_{number} ... ok\n" for number in range(900))
CAUSE = "src/basket.py:41: AssertionError: expected 3 apples, got 4\n"
FAILING = f"{PASSED}{CAUSE}FAILED (failures=1)\n"
RUN = "".join(
    f"tests/test_shop.py::test_walk_{number} PASSED [ {number // 40:2}%]\n" for number in range(900)
)
REPORT = """=================================== FAILURES ===================================
___________________________________ test_sum ___________________________________

    def test_sum():
>       assert apples() == 3
E       assert 4 == 3, "expected 3 apples"

src/basket.py:41: AssertionError
=========================== short test summary info ============================
FAILED src/basket.py::test_sum - assert 4 == 3
======================== 1 failed, 900 passed in 3.20s =========================
"""
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", roots=(RootSpec(path=tmp_path / "work"),))


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    return tmp_path / "projects"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def replay(settings: Settings, *paths: Path, client: Any = "claude-code") -> list[SessionFigures]:
    replayer = Replayer(settings, SCHEMA_CHARS)
    found = [replayer.replay(TranscriptFile(client, path, 0.0, 0)) for path in paths]
    assert None not in found
    return [figures for figures in found if figures is not None]


def by_hand(chars: float, times: int) -> TokenUse:
    """Characters in so many requests, each sent whole: the first writes them, the others read them again."""
    use = TokenUse()
    for turn in range(times):
        use += TokenUse(cache_write=chars / 4) if turn == 0 else TokenUse(cache_read=chars / 4)
    return use


def test_a_failing_build_is_counted_as_by_hand(projects: Path, own: Settings, work: Path) -> None:
    """Five requests and the last word: failing, again for the end, read, edit, passing."""
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    session.bash("make test 2>&1 | tail -5", f"ok\n{CAUSE}FAILED (failures=1)\n")
    session.read(f"{work}/src/basket.py", "x = 1\n" * 80)
    session.edit(f"{work}/src/basket.py", 41)
    session.bash("make test", "OK\n")
    (figures,) = replay(own, session.write(projects))
    assert (figures.requests, figures.calls) == (6, 5)
    assert (figures.cut, figures.put_aside) == (1, 0)
    assert figures.ran_again == 1  # the last run is after an edit
    assert figures.would_tell == 1 and figures.judged == {"line": 1}
    (told,) = figures.shown
    assert CAUSE.strip() in told
    assert figures.net["told"] == -by_hand(len(told), 5)
    again = {"command": "make test 2>&1 | tail -5", "description": "x"}
    fetched = len(str(again)) + len(f"ok\n{CAUSE}FAILED (failures=1)\n")
    assert figures.net["fetched"] == by_hand(fetched, 4) + TokenUse(output=len(str(again)) / 4)
    assert figures.net["schemas"] == -by_hand(SCHEMA_CHARS, 6)
    assert figures.net["logs"] == TokenUse()
    assert figures.used == TokenUse(18, 240, 0, sum(100 * n for n in range(1, 7)), 42)
    assert figures.model == "claude-opus-5-5"


@pytest.mark.parametrize(
    ("then", "judged"),
    [
        ([("edit", "src/basket.py", 41)], "line"),
        ([("edit", "src/basket.py", 46)], "line"),
        ([("edit", "src/basket.py", 300)], "file"),
        ([("edit", "other/basket.py", 41)], "elsewhere"),
        ([("read", "src/basket.py", 0)], "opened"),
        ([("edit", "src/cellar.py", 41)], "elsewhere"),
        ([], "nothing"),
    ],
)
def test_what_would_have_been_told_is_judged_by_what_the_agent_did(
    projects: Path, own: Settings, work: Path, then: list[tuple[str, str, int]], judged: str
) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    session.bash("make test | tail -3", CAUSE)
    for does, name, line in then:
        if does == "edit":
            session.edit(f"{work}/{name}", line)
        else:
            session.read(f"{work}/{name}", "x = 1\n" * 80)
    (figures,) = replay(own, session.write(projects))
    assert figures.judged == {judged: 1}
    needless = judged in ("line", "file", "opened")
    assert (figures.net["fetched"] != TokenUse()) == needless


def test_an_output_that_was_put_aside_is_read_where_it_lies(
    projects: Path, own: Settings, work: Path
) -> None:
    aside = projects / "-project" / "s1" / "tool-results" / "b1.txt"
    aside.parent.mkdir(parents=True)
    whole = RUN + REPORT
    aside.write_text(whole)
    session = ClaudeSession("s1", work)
    session.bash("make test | tee out.txt", whole, aside=str(aside))
    session.call("Bash", {"command": f"tail -n 40 {aside}"}, CAUSE, {"stdout": CAUSE})
    session.bash("make test", whole, aside=str(aside))
    (figures,) = replay(own, session.write(projects))
    assert (figures.put_aside, figures.opened_aside, figures.ran_again, figures.cut) == (2, 1, 1, 0)
    assert "expected 3 apples" in figures.shown[0]  # it is behind what the transcript holds
    aside.unlink()
    (gone,) = replay(own, session.write(projects, end=""))
    assert not any("apples" in told for told in gone.shown)


def test_a_log_that_was_read_whole_could_have_been_asked_about(
    projects: Path, own: Settings, work: Path
) -> None:
    session = ClaudeSession("s1", work)
    session.read(f"{work}/build.log", FAILING)
    session.read(f"{work}/src/long.py", "value = 1\n" * 2000)
    session.read(f"{work}/src/edited.py", "value = 1\n" * 2000)
    session.edit(f"{work}/src/edited.py", 3)
    session.read(f"{work}/app.log", "part\n" * 4000, start=100, total=9000)
    (figures,) = replay(own, session.write(projects))
    assert (figures.logs_whole, figures.log_chars) == (1, len(FAILING))
    assert (figures.files_whole, figures.files_whole_edited) == (2, 1)
    assert figures.net["logs"].cache_write > 0 and figures.net["logs"].cache_read > 0


def test_secrets_are_counted_once_and_what_no_hook_can_mask_apart(
    projects: Path, own: Settings, work: Path
) -> None:
    session = ClaudeSession("s1", work)
    session.bash("cat .env", f"TOKEN={SECRET}\n")
    session.bash("cat .env again", f"TOKEN={SECRET}\n")
    session.bash("env; exit 1", f"OTHER={SECRET[:-1]}9\n", code=1)
    path = session.write(projects)
    (figures,) = replay(own, path)
    assert sum(figures.secrets.values()) == 2 and figures.secrets_maskable == 1
    (level,) = replay(own.model_copy(update={"roots": (RootSpec(path=work, level=PrivacyLevel.OPEN),)}), path)
    assert sum(level.secrets.values()) == 2 and level.secrets_maskable == 0


def test_a_short_green_session_is_a_loss(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make", "OK\n")
    prices = load_prices(own)
    one = priced(replay(own, session.write(projects))[0], prices, prices.named("claude-opus-5-5"))
    assert one.net == pytest.approx(-(1000 * 5.0 + 1000 * 0.2) / 1e6)
    totals = totals_of([one], unreadable=0)
    assert (totals.sessions, totals.losing) == (1, 1)


def test_where_no_cache_is_used_each_turn_pays_anew(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work, cached=False)
    session.bash("make", "OK\n")
    session.bash("ls", "a\n")
    assert replay(own, session.write(projects))[0].net["schemas"] == TokenUse(input=-3 * SCHEMA_CHARS / 4)


def test_what_stood_before_a_compaction_is_not_paid_again(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    session.bash("ls", "a\n")
    session.compacted()
    session.bash("ls", "a\n")
    (figures,) = replay(own, session.write(projects))
    assert figures.net["told"] == -by_hand(len(figures.shown[0]), 1)
    assert figures.net["schemas"] == -by_hand(SCHEMA_CHARS, 4)


def test_what_the_hooks_have_added_already_is_not_added_again(
    projects: Path, own: Settings, work: Path
) -> None:
    session = ClaudeSession("s1", work)
    session.told(session.bash("make test", FAILING, code=2), "smalltools read the 902 lines of output: …")
    (figures,) = replay(own, session.write(projects))
    assert (figures.told_already, figures.would_tell) == (1, 0)


def test_a_resumed_session_is_counted_once(projects: Path, own: Settings, work: Path) -> None:
    first = ClaudeSession("s1", work)
    first.bash("make test", FAILING, code=2)
    resumed = ClaudeSession("s2", work)
    resumed.lines = [line.replace('"sessionId": "s1"', '"sessionId": "s2"') for line in first.lines]
    resumed.bash("ls", "a\n")
    before, after = replay(own, first.write(projects), resumed.write(projects))
    assert (before.requests, before.cut) == (2, 1)
    assert (after.requests, after.calls, after.cut) == (2, 1, 0)


def test_subagents_have_a_context_of_their_own(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    session.bash("ls", "a\n")
    side = {"isSidechain": True, "agentId": "a1"}
    session.ask({"type": "tool_use", "id": "t9", "name": "Bash", "input": {"command": "make test"}}, **side)
    (figures,) = replay(own, session.write(projects))
    assert figures.requests == 3 and figures.calls == 2
    assert figures.net["schemas"] == -by_hand(SCHEMA_CHARS, 2) + -by_hand(SCHEMA_CHARS, 1)


def test_codex_is_read_too(tmp_path: Path, own: Settings, work: Path) -> None:
    long = PASSED * 3 + FAILING
    commands = [("make test", long, 2), ("make test | tail -4", CAUSE, 0), ("make", "OK\n", 0)]
    path = codex_session(tmp_path / "codex", "c1", work, commands)
    (figures,) = replay(own, path, client="codex")
    assert (figures.requests, figures.calls, figures.cut, figures.ran_again) == (3, 3, 1, 1)
    assert CAUSE.strip() in figures.shown[0]
    assert figures.used == TokenUse(input=120, cache_read=180, output=21)
    assert figures.model == "gpt-5-codex"


# What may stand in such a file


def test_lines_that_cant_be_read_are_counted_and_cost_nothing_else(
    projects: Path, own: Settings, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "MOST_LINE", 200_000)
    session = ClaudeSession("s1", work)
    session.lines += ["{not json", "[1, 2]", '"text"', "[" * 100_000, json.dumps({"type": "x" * 300_000})]
    session.lines += [json.dumps({"type": "assistant", "message": 3}), json.dumps({"type": "user"})]
    session.lines += [json.dumps({"type": "attachment", "attachment": {"toolUseID": []}})]
    session.other({"type": "of a later version"})
    session.bash("make test", FAILING, code=2)
    path = session.write(projects)
    path.write_bytes(path.read_bytes() + b'{"type": "user", "message": {"content": "half writ')
    (figures,) = replay(own, path)
    assert figures.lines_damaged == 5 and figures.lines_too_long == 1
    assert figures.lines_other == 3
    assert (figures.cut, figures.requests) == (1, 2)


ODD = [
    {"type": "tool_use", "id": "a", "name": 3, "input": []},
    {"type": "tool_use", "id": "b", "name": "Bash", "input": {"command": {"x": 1}}},
    {"type": "tool_use", "id": "c", "name": "Edit", "input": {"file_path": "x"}},
    {"type": "tool_use", "id": "d", "name": "Read", "input": {"file_path": "x", "offset": -3, "limit": 1e99}},
    {"type": "tool_use", "id": "e", "name": "mcp__smalltools__find_failure", "input": {"path": 5}},
]
ODD_RESPONSES: list[Any] = [
    None,
    {"stdout": 7, "persistedOutputPath": 3},
    {"structuredPatch": [3, {"oldStart": "x"}, {"oldStart": 10**30}]},
    {"file": {"content": [], "numLines": "9"}},
    [],
]


def test_fields_of_other_kinds_do_no_harm(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    for block, response in zip(ODD, ODD_RESPONSES, strict=True):
        session.ask(block)
        shown = [{"type": "text", "text": '{"call_id": 3, "evidence": [4]}'}, {"type": "image"}, 5]
        result = {"type": "tool_result", "tool_use_id": block["id"], "content": shown}
        session.user([result, 3, {"type": "tool_result", "tool_use_id": ["x"]}], response)
    session.ask({"type": "text", "text": "x"}, message={"id": "m", "usage": {"input_tokens": "many"}})
    (figures,) = replay(own, session.write(projects))
    assert figures.calls == 5 and figures.weak == []


KEYS = (
    *("type", "message", "content", "id", "name", "input", "tool_use_id", "toolUseResult", "usage", "model"),
    *("attachment", "toolUseID", "isSidechain", "agentId", "subtype", "payload", "info", "last_token_usage"),
    *("call_id", "arguments", "output", "item", "aggregated_output", "exit_code", "command", "file_path"),
)
WORDS = (
    *("assistant", "user", "attachment", "system", "compact_boundary", "tool_use", "tool_result", "text"),
    *("hook_additional_context", "response_item", "event_msg", "token_usage_record", "function_call"),
    *("function_call_output", "item_completed", "CommandExecution", "Bash", "Read", "Edit", "a", "b", "{"),
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6), max_size=8))
def test_objects_of_any_shape_are_read(lines: list[Any]) -> None:
    """By both readers, and looked at for what they show."""
    descriptor = os.memfd_create("lines")
    try:
        os.write(descriptor, "\n".join(map(json.dumps, lines)).encode())
        for reader in (read_claude_code, read_codex):
            found = reader(descriptor, set())
            assert found.lines.read == len(lines) and found.lines.damaged == 0
            for chain in found.chains.values():
                findings_of(chain)
    finally:
        os.close(descriptor)


def test_a_transcript_that_takes_too_long_is_given_up(
    projects: Path, own: Settings, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "TIME_S", 0.2)
    monkeypatch.setattr(replay_alone, "figures_of", lambda *_, **__: time.sleep(60))
    path = ClaudeSession("s1", work).write(projects)
    began = time.monotonic()
    assert Replayer(own, 0).replay(TranscriptFile("claude-code", path, 0.0, 0)) is None
    assert time.monotonic() - began < 30


def test_where_a_system_does_not_fork_the_figures_are_the_same(
    projects: Path, own: Settings, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    path = session.write(projects)
    forked = replay(own, path)
    monkeypatch.setattr(apart, "FORKS", False)
    assert replay(own, path) == forked
    assert Replayer(own, 0).replay(TranscriptFile("claude-code", projects / "none.jsonl", 0.0, 0)) is None
    monkeypatch.setattr(apart, "TIME_S", 0.01)
    assert Replayer(own, 0).replay(TranscriptFile("claude-code", path, 0.0, 0)) is None


def test_the_process_that_reads_can_open_no_file_of_the_users(
    tmp_path: Path, projects: Path, own: Settings, work: Path
) -> None:
    (tmp_path / "private.txt").write_text("x")

    class Curious(Replayer):
        def report(self, *_: object) -> ReplayReport:
            try:
                (tmp_path / "private.txt").read_text()
            except OSError:
                return ReplayReport(SessionFigures("claude-code", "refused"), [])
            return ReplayReport(SessionFigures("claude-code", "opened"), [])

    path = ClaudeSession("s1", work).write(projects)
    figures = Curious(own, 0).replay(TranscriptFile("claude-code", path, 0.0, 0))
    assert figures is not None and figures.session == "refused"


def test_links_and_what_is_no_file_are_not_opened(tmp_path: Path, projects: Path, work: Path) -> None:
    path = ClaudeSession("s1", work).write(projects)
    (projects / "-project" / "link.jsonl").symlink_to(path)
    (projects / "-project" / "folder.jsonl").mkdir()
    assert [file.path for file in transcripts([projects], [tmp_path / "none"])] == [path]


# Privacy


def test_of_a_sealed_folder_no_text_is_shown(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    sealed = own.model_copy(update={"roots": (RootSpec(path=work, level=PrivacyLevel.SEALED),)})
    (figures,) = replay(sealed, session.write(projects))
    assert figures.would_tell == 1
    assert "apples" not in figures.shown[0] and "basket" not in figures.shown[0]


def test_what_is_shown_is_masked(projects: Path, own: Settings, work: Path) -> None:
    session = ClaudeSession("s1", work)
    failing = FAILING.replace("expected 3 apples", f"expected token={SECRET}")
    session.bash("make test", failing, code=2)
    (figures,) = replay(own, session.write(projects))
    assert SECRET not in figures.shown[0] and "<SECRET_1>" in figures.shown[0]


# The command, and weak outcomes


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    return Settings(state_dir=tmp_path / "state")


def test_the_command_prints_sums_and_no_text(
    projects: Path, work: Path, state: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    session.edit(f"{work}/src/basket.py", 41)
    session.write(projects)
    ClaudeSession("s2", work).write(projects)
    assert main(["discover", "--claude", str(projects), "--json"]) == 0
    printed = capsys.readouterr().out
    assert "apples" not in printed and "basket" not in printed
    record = json.loads(printed)
    assert record["totals"]["sessions"] == 2 and record["totals"]["judged"] == {"line": 1}
    nets = [one["net_usd"]["all"] for one in record["sessions"]]
    assert record["totals"]["net_usd"]["all"] == pytest.approx(sum(nets))
    assert main(["discover", "--claude", str(projects), "--sessions", "--show"]) == 0
    shown = capsys.readouterr().out
    assert "changed the line that would have been named" in shown and "41: AssertionError" in shown
    assert "a loss in 2 of 2 sessions" in shown


def test_where_there_are_no_sessions_it_says_so(
    tmp_path: Path, state: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["discover", "--claude", str(tmp_path / "none")]) == 0
    assert "No sessions" in capsys.readouterr().err


def answered(session: ClaudeSession, call_id: str) -> None:
    evidence = [{"start": 901, "end": 901, "text": CAUSE.strip()}]
    answer = json.dumps({"call_id": call_id, "failed": True, "evidence": evidence})
    session.call("mcp__smalltools__find_failure", {"path": "build.log"}, answer, None)


def test_what_followed_an_answer_is_kept_only_of_calls_that_the_ledger_has(
    projects: Path, work: Path, state: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = open_ledger(state)
    ledger.write(dataclasses.replace(A_ROW, call_id="known", tool="find_failure", at=time.time()))
    of_a_token = dataclasses.replace(A_ROW, call_id="others", at=time.time(), principal="token ci")
    ledger.write(of_a_token)
    ledger.close()
    session = ClaudeSession("s1", work)
    for call_id in ("known", "invented", "others"):
        answered(session, call_id)
    session.edit(f"{work}/src/basket.py", 41)
    session.write(projects)
    assert main(["discover", "--claude", str(projects), "--no-record"]) == 0
    assert main(["discover", "--claude", str(projects)]) == 0
    assert "1 weak outcomes" in capsys.readouterr().out
    assert main(["discover", "--claude", str(projects)]) == 0
    outcomes = open_outcomes(state.state_dir)
    (kept,) = outcomes.weak()
    outcomes.close()
    assert (kept.call_id, kept.kind, kept.origin, kept.tool) == (
        "known",
        "edited",
        "transcript",
        "find_failure",
    )


def test_where_the_time_for_tools_is_over_the_rest_is_counted(
    projects: Path, own: Settings, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_figures, "REPLAY_S", -1.0)
    session = ClaudeSession("s1", work)
    session.bash("make test", FAILING, code=2)
    session.read(f"{work}/build.log", FAILING)
    (figures,) = replay(own, session.write(projects))
    assert (figures.not_replayed, figures.would_tell, figures.cut, figures.logs_whole) == (2, 0, 1, 1)


def test_a_secret_that_the_user_wrote_is_one_that_no_hook_masks(
    projects: Path, own: Settings, work: Path
) -> None:
    session = ClaudeSession("s1", work)
    session.user(f"use the token={SECRET} for it")
    session.bash("cat .env", f"TOKEN={SECRET}\n")
    (figures,) = replay(own, session.write(projects))
    assert sum(figures.secrets.values()) == 1 and figures.secrets_maskable == 0
