"""`improve --every night` is installed with a question and taken out exactly; trainings are made again."""

from __future__ import annotations

import json
import plistlib
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_improve import outcome, report
from test_repositories import run_git

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError, NotFound
from mcp_smalltools.learning.improve import retrain as again
from mcp_smalltools.learning.improve.retrain import Retrained, TrainingBudget, retrain, trained_folders
from mcp_smalltools.learning.nightly import install_timer, timers
from mcp_smalltools.learning.nightly.install_timer import NightlyTimer, installed_timer, uninstall_timer
from mcp_smalltools.learning.nightly.timers import (
    MARK,
    NightlyRun,
    cron_line,
    launchd_timer,
    systemd_timer,
    with_line,
    without_line,
)
from mcp_smalltools.learning.repositories.git import head_of
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.logs.judge.adaptation import save_version
from mcp_smalltools.tools.find_files.learned_history import history_of, versions_of, write_version

RUN = NightlyRun(
    ("/opt/my env/bin/python", "-m", "mcp_smalltools", "improve", "--quiet"), 3, 30, {"A": "50%"}
)


class System:
    """The commands of a system that never run: what was asked, and a crontab."""

    def __init__(self, crontab: str | None = None, fails: str = "") -> None:
        self.asked: list[str] = []
        self.crontab, self.fails = crontab, fails

    def run(self, command: Sequence[str], text: bytes | None = None) -> tuple[int, str]:
        self.asked.append(" ".join(command))
        if self.fails and self.fails in self.asked[-1]:
            return 1, "no bus"
        if tuple(command) == ("crontab", "-l"):
            return (1, "no crontab for me") if self.crontab is None else (0, self.crontab)
        if tuple(command) == ("crontab", "-"):
            self.crontab = (text or b"").decode()
        if tuple(command) == ("crontab", "-r"):
            self.crontab = None
        return 0, ""


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, System], Path]:
    """Makes this system one with such a timer; gives the home folder."""

    def become(kind: str, system: System) -> Path:
        monkeypatch.setattr(install_timer, "system_timer", lambda: kind)
        monkeypatch.setattr(install_timer, "run_command", system.run)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        return tmp_path

    return become


def files_below(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("kind", ["systemd", "launchd"])
def test_a_timer_is_taken_out_exactly_as_it_was_put_in(kind: str, on: Callable[..., Path]) -> None:
    system = System()
    home = on(kind, system)
    before = files_below(home)
    timer = NightlyTimer.of(RUN, home / "state", home)
    timer.install()
    shown = "\n".join(timer.shown())
    written = files_below(home)
    assert len(written) > 1
    assert all(path in shown or path.endswith("nightly.json") for path in written)
    assert (installed_timer(home / "state") or {})["at"] == "03:30"
    assert uninstall_timer(home / "state") == kind
    assert files_below(home) == before
    with pytest.raises(NotFound):
        uninstall_timer(home / "state")


def test_a_timer_that_does_not_start_leaves_nothing_behind(on: Callable[..., Path]) -> None:
    home = on("systemd", System(fails="enable"))
    with pytest.raises(ConfigError, match="no bus"):
        NightlyTimer.of(RUN, home / "state", home).install()
    assert files_below(home) == {}


@pytest.mark.parametrize("crontab", [None, "", "# mine\n\n0 1 * * * backup\n", "0 1 * * * backup"])
def test_other_lines_of_a_crontab_stay_as_they_are(crontab: str | None, on: Callable[..., Path]) -> None:
    system = System(crontab)
    home = on("cron", system)
    timer = NightlyTimer.of(RUN, home / "state", home)
    timer.install()
    timer.install()
    assert system.crontab is not None
    assert system.crontab.count(MARK) == 1
    uninstall_timer(home / "state")
    assert (system.crontab or "").rstrip("\n") == (crontab or "").rstrip("\n")


@given(st.text(alphabet="ab #\n\t*0", max_size=80))
def test_our_line_comes_into_a_crontab_and_goes_out_again(crontab: str) -> None:
    line = cron_line(RUN)
    after = with_line(crontab, line)
    assert after.splitlines()[-1] == line
    assert without_line(after).rstrip("\n") == crontab.rstrip("\n")


def test_every_system_is_told_the_same_command_in_its_own_signs() -> None:
    unit = "\n".join(systemd_timer(RUN, Path("/home/me")).files.values())
    assert 'ExecStart="/opt/my env/bin/python" "-m"' in unit
    assert 'Environment="A=50%%"' in unit
    assert "OnCalendar=*-*-* 03:30:00" in unit
    plist = plistlib.loads(next(iter(launchd_timer(RUN, Path("/Users/me")).files.values())).encode())
    assert plist["ProgramArguments"] == [*RUN.command]
    assert plist["StartCalendarInterval"] == {"Hour": 3, "Minute": 30}
    line = cron_line(RUN)
    assert line.startswith("30 3 * * * env")
    assert r"50\%" in line
    assert shlex.split(line.replace(r"\%", "%"), comments=True)[-len(RUN.command) :] == [*RUN.command]


def test_nothing_is_installed_without_a_yes(
    on: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = on("systemd", System())
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(home / "state"))
    assert main(["improve", "--every", "night", "--dry-run", "--at", "04:05"]) == 0
    assert "04:05" in capsys.readouterr().out
    assert main(["improve", "--every", "night"]) == 2  # nobody can be asked
    assert "--yes" in capsys.readouterr().err
    assert main(["improve", "--every", "night", "--at", "25:00"]) == 2
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert main(["improve", "--every", "night"]) == 1
    assert not (home / "config").exists()
    assert main(["improve", "--every", "night", "--yes"]) == 0
    assert (home / "config").exists()
    assert main(["improve", "--never"]) == 0
    assert files_below(home / "config") == {}


def test_a_system_without_a_timer_is_told_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "_answers", lambda *command: False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.platform", "linux")
    from mcp_smalltools.errors import UsageError

    with pytest.raises(UsageError, match="improve --quiet"):
        timers.system_timer()


# Training again


@pytest.fixture
def trained(tmp_path: Path, settings: Settings) -> Path:
    """A repository on which find_files was trained."""
    folder = (tmp_path / "repo").resolve()
    folder.mkdir()
    run_git(folder, "init", "-q")
    commit(folder, 1)
    learned = history_of(folder, 0.5, [("broken teapot", ["a.py"])])
    report = {"source": str(folder), "commit": head_of(folder)}
    versions_of(settings.state_dir, folder).add(lambda place: write_version(learned, report, place))
    return folder


def commit(folder: Path, count: int) -> None:
    for number in range(count):
        run_git(folder, "commit", "-q", "--allow-empty", "-m", f"Change {number}")


def run_again(settings: Settings, said: list[str] | None = None, **options: object) -> list[Retrained]:
    found = said if said is not None else []

    def training(request: TrainingRequest) -> Trained:
        request.say("working")
        found.append(str(request.source))
        return Trained({"better": False}, ("a line",), better=False)

    return retrain(
        settings,
        {"find_files": training, "parse_log": training},
        options.get("outcomes", ()),  # type: ignore[arg-type]
        options.get("budget", TrainingBudget(60.0)),  # type: ignore[arg-type]
        lambda text: None,
    )


def test_a_folder_is_trained_again_when_it_has_changed_enough(trained: Path, settings: Settings) -> None:
    said: list[str] = []
    (left,) = run_again(settings, said)
    assert left.why == "0 commits since the last training"
    commit(trained, again.CHANGED)
    (done,) = run_again(settings, said)
    assert (done.why, said) == ("", [str(trained)])
    (left,) = run_again(settings, said)  # not better, so not kept: nothing is tried twice
    assert (left.why, len(said)) == ("0 commits since the last training", 1)


def test_reports_of_wrong_answers_bring_it_forward(trained: Path, settings: Settings) -> None:
    commit(trained, 2)
    wrong = [
        outcome([], n, tool="find_files", at=9e9, paths=[str(trained / "a.py")])
        for n in range(again.CORRECTED)
    ]
    assert run_again(settings)[0].why
    assert run_again(settings, outcomes=wrong[1:])[0].why
    assert run_again(settings, outcomes=[replace(one, verdict="right") for one in wrong])[0].why
    assert run_again(settings, outcomes=wrong)[0].why == ""


def test_logs_lie_anywhere_so_each_wrong_answer_of_parse_log_counts(
    tmp_path: Path, settings: Settings
) -> None:
    folder = (tmp_path / "src").resolve()
    folder.mkdir()
    run_git(folder, "init", "-q")
    commit(folder, 1)
    told = {"source": str(folder), "commit": head_of(folder)}
    save_version(settings.state_dir, [("mail to ", "all", " queued")], told)
    commit(folder, 2)
    wrong = [
        outcome([], n, tool="parse_log", at=9e9, paths=["/var/log/shop.log"]) for n in range(again.CORRECTED)
    ]
    assert run_again(settings, outcomes=wrong[1:])[0].why == "2 commits since the last training"
    assert run_again(settings, outcomes=wrong)[0].why == ""


def test_improve_names_the_training_of_a_tool_that_was_wrong_and_learned_nothing_yet(
    trained: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """find_files was trained, so nothing more is to be said of it."""
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(settings.state_dir))
    report(settings, outcome([], 1, tool="parse_log"), outcome([], 2, tool="parse_log", verdict="partly"))
    report(settings, outcome([], 3, tool="ask_file", verdict="right"), outcome([], 4, tool="find_files"))
    assert main(["improve"]) == 0
    shown = capsys.readouterr().out
    assert "2 answers of parse_log were reported wrong" in shown
    assert "mcp-smalltools train parse_log --from DIR" in shown
    assert "train find_files" not in shown
    assert "train ask_file" not in shown
    assert main(["improve", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["never_trained"] == {"parse_log": 2}


def test_what_was_taken_back_and_what_is_gone_is_left_alone(trained: Path, settings: Settings) -> None:
    commit(trained, again.CHANGED)
    learned = history_of(trained, 0.5, [("broken teapot", ["a.py"])])
    versions = versions_of(settings.state_dir, trained)
    versions.add(lambda place: write_version(learned, {"source": str(trained)}, place))
    versions.go_back()
    assert run_again(settings)[0].why == "an earlier version was chosen"
    versions.go_back()
    assert run_again(settings) == []
    versions.add(lambda place: write_version(learned, {"source": str(trained / "gone")}, place))
    assert run_again(settings)[0].why == "the folder is gone"
    versions.add(lambda place: write_version(learned, {"source": str(trained)}, place))
    assert "not known" in run_again(settings)[0].why


def test_a_folder_that_is_sealed_by_now_is_left_alone(trained: Path, settings: Settings) -> None:
    commit(trained, again.CHANGED)
    sealed = settings.roots[0].model_copy(update={"path": trained, "level": PrivacyLevel.SEALED})
    own = settings.model_copy(update={"roots": (*settings.roots, sealed)})
    (left,) = run_again(own)
    assert left.why == "it is sealed; train it by hand"


def test_a_training_ends_with_its_budget_and_is_due_in_the_next_run(
    trained: Path, settings: Settings
) -> None:
    commit(trained, again.CHANGED)
    (left,) = run_again(settings, budget=TrainingBudget(0.0))
    assert "goes on in the next run" in left.why
    assert run_again(settings)[0].why == ""


def test_improve_says_what_it_trained_again(
    trained: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(trained, again.CHANGED)
    better = Trained({"better": True}, ("figures",), better=True, version=2)
    monkeypatch.setattr("mcp_smalltools.commands.train.trainings", lambda: {"find_files": lambda _: better})
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(settings.state_dir))
    assert main(["improve", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["trained"]
    assert (found["tool"], found["folder"], found["version"]) == ("find_files", str(trained), 2)
    assert [one.folder for one in trained_folders(settings)] == [trained]
    commit(trained, again.CHANGED)
    assert main(["improve", "--quiet"]) == 0
    assert "Kept as version 2" in capsys.readouterr().out


def test_doctor_shows_what_was_trained_and_when_it_is_due_again(trained: Path, settings: Settings) -> None:
    from mcp_smalltools.doctor.skill_checks import check_trained
    from mcp_smalltools.tools.ask_file.learned_order import LearnedOrder, LearnedWords
    from mcp_smalltools.tools.ask_file.learned_order import versions_of as orders_of
    from mcp_smalltools.tools.ask_file.learned_order import write_version as write_order

    (check,) = check_trained(settings)
    assert (check.name, check.state) == ("trained find_files", "ok")
    learned = history_of(trained, 0.5, [])
    figures = {"before": 0.8, "after": 0.9, "held_out": 60}
    report = {"source": str(trained), "commit": head_of(trained), **figures}
    versions_of(settings.state_dir, trained).add(lambda place: write_version(learned, report, place))
    order = LearnedOrder(trained, LearnedWords({}, {}), {}, 0.5, "what shipped before")
    orders_of(settings.state_dir, trained).add(
        lambda place: write_order(order, {"source": str(trained)}, place)
    )
    commit(trained, again.CHANGED)
    by_files, by_questions = check_trained(settings)
    assert "0.800 -> 0.900 of 60 held-out commits; 30 commits since" in by_files.found
    assert "improve" in by_files.remedy
    assert "not used" in by_questions.found
    assert "train ask_file" in by_questions.remedy
