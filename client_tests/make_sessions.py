"""Sessions of Claude Code itself against a stand-in for its model, and what `discover` has to say of each.

    python client_tests/make_sessions.py FOLDER [--sessions 36]

Makes transcripts of failing builds, long files, green runs and secrets below FOLDER, replays them with
`mcp-smalltools discover`, and compares every figure with a count by hand: how often what happens follows from
the script of the session, and tokens from the requests that the stand-in has got. Prints the differences.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from messages_api import ScriptedModel, messages_api  # noqa: E402 - needs the path above
from others import Tools, install_all, one_turn  # noqa: E402 - as above
from test_claude_code import client_env  # noqa: E402 - as above

from mcp_smalltools.config import RootSpec, Settings  # noqa: E402 - as above
from mcp_smalltools.discovery.apart import Replayer  # noqa: E402 - as above
from mcp_smalltools.discovery.discovered import priced  # noqa: E402 - as above
from mcp_smalltools.discovery.find_transcripts import transcripts  # noqa: E402 - as above
from mcp_smalltools.discovery.session_figures import SessionFigures  # noqa: E402 - as above
from mcp_smalltools.discovery.token_use import TokenUse  # noqa: E402 - as above
from mcp_smalltools.economics.prices import load_prices  # noqa: E402 - as above

SCHEMA_CHARS = 3_000
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
BUILD = """#!/bin/sh
if grep -q 'apples = 4' src/basket.py; then
  seq -f 'test_walk_%g (shop.Walk) ... ok' {lines}
  echo 'src/basket.py:41: AssertionError: expected 3 apples, got 4'
  echo 'FAILED (failures=1)'
  exit 1
fi
echo OK
"""
Step = tuple[str, dict[str, Any]] | Callable[[str], tuple[str, dict[str, Any]]]
"""A call, or what makes one of the result before it."""


def bash(command: str) -> Step:
    return "Bash", {"command": command, "description": "run"}


@dataclass(frozen=True)
class Script:
    """A session: files, calls, and how often each thing happens in it. `fetches` are the calls, from 1, that
    only went for more of an output.
    """

    name: str
    files: dict[str, str]
    steps: Sequence[Step]
    expected: dict[str, int]
    fetches: tuple[int, ...] = ()
    judged: str = ""


def source(line: str = "    apples = 4") -> str:
    return (
        "".join(f"    row_{number} = {number}\n" for number in range(1, 41))
        + f"{line}\n"
        + "    end = 1\n" * 9
    )


def edit(folder: Path) -> Step:
    path = str(folder / "src" / "basket.py")
    return "Edit", {"file_path": path, "old_string": "apples = 4", "new_string": "apples = 3"}


def read(folder: Path, name: str) -> Step:
    return "Read", {"file_path": str(folder / name)}


def scripts(folder: Path, number: int) -> Script:
    """The script of a session, of seven kinds in turn; sizes differ from round to round."""
    kind, turn = number % 7, number // 7
    log = "".join(
        f"2026-03-01 10:00:{n % 60:02} INFO job {n} took {n % 97} ms\n" for n in range(500 + 150 * turn)
    )
    files = {"src/basket.py": source(), "build.sh": BUILD.format(lines=400 + 60 * turn), "app.log": log}
    if kind == 0:
        steps: list[Step] = [
            bash("sh build.sh"),
            bash("sh build.sh 2>&1 | tail -4"),
            read(folder, "src/basket.py"),
        ]
        steps += [edit(folder), bash("sh build.sh")]
        expected = {"cut": 1, "ran_again": 1, "would_tell": 1}
        return Script("fixed at the named line", files, steps, expected, (2,), "line")
    if kind == 1:
        files["build.sh"] = BUILD.format(lines=3000 + 100 * turn)  # the client loses the end of it
        steps = [bash("sh build.sh"), bash("sh build.sh > out.txt"), bash("tail -4 out.txt")]
        return Script(
            "the end was lost", files, steps, {"cut": 1, "ran_again": 1, "would_tell": 1}, (), "nothing"
        )
    if kind == 2:
        steps = [read(folder, "app.log"), bash("echo fine")]
        return Script("a log read whole", files, steps, {"logs_whole": 1, "log_chars": len(log)})
    if kind == 3:
        files["src/basket.py"] = source("    apples = 3")
        return Script("green and short", files, [bash("sh build.sh")], {})
    if kind == 4:
        steps = [
            bash(f"seq -f 'step %g of the build is done' {3000 + 100 * turn}"),
            _tail_of_what_was_put_aside,
        ]
        return Script("put aside and opened", files, steps, {"put_aside": 1, "opened_aside": 1})
    if kind == 5:
        files[".env"] = f"TOKEN={SECRET}\n"
        steps = [bash("cat .env"), bash(f"echo OTHER={SECRET[:-1]}9; exit 1")]
        return Script("secrets", files, steps, {"secrets": 2, "secrets_maskable": 1})
    long = "value = 1\n" * (1200 + 100 * turn)
    files["src/long.py"] = long
    steps = [bash("sh build.sh"), read(folder, "src/basket.py"), read(folder, "src/long.py")]
    expected = {"cut": 1, "would_tell": 1, "files_whole": 1}
    return Script("opened and left", files, steps, expected, (), "opened")


def _tail_of_what_was_put_aside(shown: str) -> tuple[str, dict[str, Any]]:
    found = re.search(r"saved to: (\S+)", shown)
    return "Bash", {"command": f"tail -n 3 {found[1] if found else 'nothing'}", "description": "run"}


class PlayedModel(ScriptedModel):
    """Plays a script, and notes tokens as the API would: what is new is written into the cache."""

    def __init__(self, script: Script) -> None:
        super().__init__([])
        self._script = list(script.steps)
        self._in_cache = 0
        self.noted: list[dict[str, int]] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if not request.get("tools"):
            return {"type": "text", "text": "done"}
        self.requests.append(request)
        done = len(self.requests) - 1
        if done >= len(self._script):
            return {"type": "text", "text": "done"}
        step = self._script[done]
        shown = list(self.results_by_call.values())[-1][1] if done else ""
        name, arguments = step(shown) if callable(step) else step
        return {"type": "tool_use", "id": f"toolu_{id(self):x}_{done}", "name": name, "input": arguments}

    def usage_of(self, request: dict[str, Any]) -> dict[str, int]:
        tokens = len(json.dumps(request["messages"])) // 4
        usage = {"input_tokens": 3, "output_tokens": 11, "cache_read_input_tokens": self._in_cache}
        usage["cache_creation_input_tokens"] = max(0, tokens - self._in_cache)
        if request.get("tools"):
            self._in_cache = tokens
            self.noted.append(usage)
        return usage


@dataclass
class Played:
    """A session that was played: its script, and what the stand-in has seen."""

    script: Script
    model: PlayedModel
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Of each call: its arguments, and its result as the model read it."""


def play(tools: Tools, place: Path, count: int) -> Iterator[Played]:
    """Sessions, each in a project of its own, all in one home."""
    home = place / "home"
    home.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        folder = place / f"project{number}"
        script = scripts(folder, number)
        for name, content in script.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        model = PlayedModel(script)
        with messages_api(model) as url:
            command = [
                str(tools.claude),
                "-p",
                "go",
                "--allowedTools",
                "Bash,Read,Edit",
                "--strict-mcp-config",
            ]
            done = one_turn(command, folder, {**client_env(home), "ANTHROPIC_BASE_URL": url}, 300)
        if done.returncode:
            raise SystemExit(f"The client ended with {done.returncode}: {done.stderr[-500:]}")
        played = Played(script, model)
        results = list(model.results_by_call.items())
        for call_id, (_, shown) in results:
            played.calls.append((_arguments_of(model, call_id), shown))
        yield played


def _arguments_of(model: PlayedModel, call_id: str) -> str:
    """A call's arguments, as the client sends them back."""
    for message in model.requests[-1]["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block.get("type") == "tool_use" and block["id"] == call_id:
                return str(block["input"])
    return ""


def _sent(model: PlayedModel, chars: int, first: int) -> TokenUse:
    """Characters that are in each request from one on (counted from 0): in the first they are written."""
    use = TokenUse()
    for number in range(first, len(model.requests)):
        use += TokenUse(cache_write=chars / 4) if number == first else TokenUse(cache_read=chars / 4)
    return use


def differences(played: Played, figures: SessionFigures) -> list[str]:
    """Where the figures of `discover` are others than those by hand."""
    script, model = played.script, played.model
    wrong = []

    def compare(what: str, found: object, expected: object) -> None:
        if found != expected:
            wrong.append(f"{script.name}: {what} is {found}, by hand {expected}")

    counted = ("cut", "put_aside", "ran_again", "opened_aside", "logs_whole", "log_chars", "files_whole")
    for name in (*counted, "files_whole_edited", "secrets_maskable", "would_tell", "told_already"):
        compare(name, getattr(figures, name), script.expected.get(name, 0))
    compare("secrets", sum(figures.secrets.values()), script.expected.get("secrets", 0))
    compare("requests", figures.requests, len(model.requests))
    compare("calls", figures.calls, len(script.steps))
    compare("damaged lines", figures.lines_damaged, 0)
    compare("judged", dict(figures.judged), {script.judged: 1} if script.judged else {})
    used = TokenUse()
    for noted in model.noted:
        used += TokenUse(
            noted["input_tokens"],
            noted["cache_creation_input_tokens"],
            0.0,
            noted["cache_read_input_tokens"],
            noted["output_tokens"],
        )
    compare("tokens used", figures.used, used)
    compare("schemas", figures.net["schemas"], -_sent(model, SCHEMA_CHARS, 0))
    told = TokenUse()
    if script.judged:  # it would have been told of the first command
        told = -_sent(model, len(figures.shown[0]), 1)
    compare("told", figures.net["told"], told)
    fetched = TokenUse()
    for number in script.fetches:
        asked, shown = played.calls[number - 1]
        fetched += TokenUse(output=len(asked) / 4) + _sent(model, len(asked) + len(shown), number)
    compare("fetched", figures.net["fetched"], fetched)
    if "logs_whole" not in script.expected:
        compare("logs", figures.net["logs"], TokenUse())
    elif figures.net["logs"].cache_write <= 0:
        wrong.append(f"{script.name}: nothing saved of a log that was read whole")
    return wrong


def replayed(place: Path, count: int) -> dict[str, SessionFigures]:
    """The figures of `discover`, by project."""
    settings = Settings(state_dir=place / "state", roots=(RootSpec(path=place),))
    replayer = Replayer(settings, SCHEMA_CHARS)
    found = {}
    for file in transcripts([place / "home" / ".claude" / "projects"], []):
        figures = replayer.replay(file)
        if figures is not None:
            found[file.path.parent.name.rpartition("-")[2]] = figures
    assert len(found) == count
    return found


def check(tools: Tools, place: Path, count: int) -> tuple[list[str], list[float]]:
    """Play so many sessions and compare: what differs, and the net of each in dollars."""
    sessions = list(play(tools, place, count))
    figures = replayed(place, count)
    prices = load_prices(Settings())
    wrong: list[str] = []
    nets = []
    for number, played in enumerate(sessions):
        own = figures[f"project{number}"]
        wrong += differences(played, own)
        nets.append(priced(own, prices, prices.named("claude-opus-5-5")).net)
    return wrong, nets


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=int, default=36)
    options = parser.parse_args()
    wrong, nets = check(install_all(), options.folder.resolve(), options.sessions)
    with suppress(BrokenPipeError):
        print(*wrong, sep="\n")
        print(
            f"{len(nets)} sessions, {len(wrong)} figures that differ; {sum(net < 0 for net in nets)} losses"
        )
        print(f"net {sum(nets):.4f} $, least {min(nets):.4f}, most {max(nets):.4f}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
