"""What Claude Code's model sees of commands, without our hooks and with them: the real client, offline.

    python client_tests/measure_hooks.py failing --data LOGCHUNKS [--cases 60] [--at-least N] [--at-most N]
    python client_tests/measure_hooks.py green --data FOLDER [--cases 60]
    python client_tests/measure_hooks.py shapes [--cases 60]

`failing`: each log of LogChunks is replayed as `cat FILE; exit 1`. Counted is in how many what the model is
sent holds a line of the chunk that a person chose to say why it failed, with characters and time.
`green`: each file of a folder is replayed as the output of a script that exits with 0.
`shapes`: commands of many shapes; result and files must be the same with hooks as without.
The client is installed as for `make test-clients`; a stand-in for the Messages API plays the model.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from command_shapes import SHAPES, Shape, prepare  # noqa: E402 - needs the path above
from messages_api import ScriptedModel, messages_api  # noqa: E402 - as above
from others import Tools, install_all, one_turn  # noqa: E402 - as above
from test_claude_code import client_env  # noqa: E402 - as above

EACH_SESSION = 12
"""Commands of one session: the client sends all that came before with each."""
SHORTEST = 8
"""Letters and digits that a line of a chunk needs, to be told from any other line."""
PART = 20
"""Letters and digits of a part of such a line."""
_COLOURS = re.compile(r"\x1b?\[(?:\d[0-9;]{0,20})?[mK]")
"""Of a terminal; in chunks the escape sign is lost."""
_NO_LETTERS = re.compile(r"[^0-9A-Za-z]+")


class TimedModel(ScriptedModel):
    """Notes when it was asked, so that a call lasts from its answer to the next request."""

    def __init__(self, steps: Sequence[tuple[str, dict[str, Any]]]) -> None:
        super().__init__(steps)
        self.asked_at: list[float] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("tools"):
            self.asked_at.append(time.monotonic())
        return super().answer(request)

    def seen_of(self, number: int) -> str:
        """All that the model is sent because of a call (from 1): its result, and what hooks add."""
        own = f"toolu_{number:04d}"
        blocks = [block for message in self.requests[number]["messages"] for block in _blocks(message)]
        since = next(place for place, block in enumerate(blocks) if block.get("tool_use_id") == own)
        return "\n".join(_text_of(block) for block in blocks[since:])

    def seconds_of(self, number: int) -> float:
        return self.asked_at[number] - self.asked_at[number - 1]


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _text_of(block: Mapping[str, Any]) -> str:
    content = block.get("content", block.get("text", ""))
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model was sent of one command, and after how long."""

    text: str
    seconds: float


EVENTS = ("SessionStart", "PostToolUse", "PostToolUseFailure", "SessionEnd")


@contextmanager
def client(folder: Path, hooks: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The client's environment and options in a project folder, with these parts of our hooks.

    Their time is not limited here: how long they take says the table, whatever else the machine does.
    """
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    script = HERE.parent / "mcp_smalltools" / "hooks" / "hook_client.py"
    settings = home / "hooks.json"

    def entry(event: str) -> list[dict[str, Any]]:
        command = f"{sys.executable} -I -S {script} {event} --parts {hooks} --root {folder}"
        return [{"matcher": "", "hooks": [{"type": "command", "command": command}]}]

    settings.write_text(json.dumps({"hooks": {event: entry(event) for event in EVENTS} if hooks else {}}))
    env = client_env(home) | {"MCP_SMALLTOOLS_HOOK_S": "60", "PYTHONPATH": str(HERE.parent)}
    for name in ("STATE_DIR", "RUNTIME_DIR", "OUTPUTS_DIR"):
        env[f"MCP_SMALLTOOLS_{name}"] = str(home / name.lower())
    yield env, ["--settings", str(settings)]


def play(tools: Tools, folder: Path, hooks: str, commands: Sequence[Mapping[str, Any]]) -> list[Seen]:
    """What the model sees of each command, run one after the other in sessions of a dozen."""
    seen = []
    for start in range(0, len(commands), EACH_SESSION):
        part = commands[start : start + EACH_SESSION]
        model = TimedModel([("Bash", {"description": "run", **given}) for given in part])
        with client(folder, hooks) as (env, settings), messages_api(model) as url:
            command = [
                str(tools.claude),
                "-p",
                "go",
                "--allowedTools",
                "Bash",
                "--strict-mcp-config",
                *settings,
            ]
            done = one_turn(command, folder, {**env, "ANTHROPIC_BASE_URL": url}, 900)
        if done.returncode:
            raise SystemExit(f"The client ended with {done.returncode}: {done.stderr[-500:]}")
        seen += [Seen(model.seen_of(n), model.seconds_of(n)) for n in range(1, len(part) + 1)]
    return seen


def bare(text: str) -> str:
    return _NO_LETTERS.sub("", _COLOURS.sub("", text))


def holds_a_line(text: str, chunk: str) -> bool:
    """Whether a text has a line of the chunk, or a part of one that was cut, of 20 letters or more."""
    within, wanted = bare(text), bare(chunk)
    lines = [bare(line) for line in chunk.split("\n")]
    parts = [bare(re.sub(r"^\d+: ", "", part)) for part in re.split(r"\n|…", text)]
    return any(line in within for line in lines if len(line) >= SHORTEST) or any(
        part in wanted for part in parts if len(part) >= PART
    )


def said(seen: Seen) -> str:
    """What our hook has added."""
    return seen.text.partition("hook additional context: ")[2]


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """So many of them, evenly from first to last."""
    return [items[place * len(items) // most] for place in range(most)] if len(items) > most else list(items)


def logs_of(data: Path, at_least: int, at_most: int, cases: int) -> list[tuple[str, str, str]]:
    """Name, text and chunk of logs of that many characters, of all projects in turn."""
    found = []
    for line in (data / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = lzma.decompress((data / row["log"]).read_bytes()).decode("utf-8", "replace")
        if at_least < len(text) <= at_most and holds_a_line(text, row["chunk"]):
            found.append((row["log"], text, row["chunk"]))
    return spread(found, cases)


def failing(tools: Tools, options: argparse.Namespace) -> dict[str, Any]:
    cases = logs_of(options.data, options.at_least, options.at_most, options.cases)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve() / "project"
        folder.mkdir()
        commands = []
        for number, (_, text, _) in enumerate(cases):
            (folder / f"build{number}.log").write_text(text, encoding="utf-8")
            commands.append({"command": f"cat build{number}.log; exit 1"})
        runs = {}
        for hooks in ("", "keep,tell"):
            runs[hooks] = play(tools, folder, hooks, commands)
    without, having = runs[""], runs["keep,tell"]
    hits = {
        hooks: [holds_a_line(one.text, chunk) for one, (_, _, chunk) in zip(seen, cases, strict=True)]
        for hooks, seen in runs.items()
    }
    added = [len(b.text) - len(a.text) for a, b in zip(without, having, strict=True)]
    if options.verbose:
        for (name, _, _), hit, one in zip(cases, hits["keep,tell"], having, strict=True):
            print(hit, name, bool(said(one)), file=sys.stderr)
    return {
        "outputs": len(cases),
        "projects": len({name.split("/")[1] for name, _, _ in cases}),
        "characters": f"{min(len(t) for _, t, _ in cases):,} to {max(len(t) for _, t, _ in cases):,}",
        "cause seen without": sum(hits[""]) / len(cases),
        "cause seen with": sum(hits["keep,tell"]) / len(cases),
        "told": sum(bool(said(one)) for one in having) / len(cases),
        "characters added, median": statistics.median(added),
        "characters added, most": max(added),
        "seconds without, median": statistics.median(one.seconds for one in without),
        "seconds with, median": statistics.median(one.seconds for one in having),
    }


def green(tools: Tools, options: argparse.Namespace) -> dict[str, Any]:
    files = [path for path in sorted(options.data.rglob("*")) if path.is_file()]
    files = spread(
        [path for path in files if options.at_least < path.stat().st_size <= options.at_most], options.cases
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve() / "project"
        folder.mkdir()
        (folder / "build.sh").write_text('cat "$(dirname "$0")/out/$1"\n')
        (folder / "out").mkdir()
        for number, path in enumerate(files):
            (folder / "out" / str(number)).write_bytes(path.read_bytes())
        commands = [{"command": f"sh build.sh {number}"} for number in range(len(files))]
        seen = play(tools, folder, "keep,tell", commands)
    told = [text for one in seen if (text := said(one))]
    if options.verbose:
        print(
            *(f"{path.name}: {said(one)}" for path, one in zip(files, seen, strict=True)),
            sep="\n",
            file=sys.stderr,
        )
    return {
        "outputs": len(files),
        "told that it failed": sum("it failed" in text or "likeliest" in text for text in told),
        "one line about success": sum("went well" in text for text in told),
        "silent": len(files) - len(told),
    }


def shapes(tools: Tools, options: argparse.Namespace) -> dict[str, Any]:
    """Every shape with hooks and without, each run in a folder of the same name."""
    taken: list[Shape] = spread(SHAPES, options.cases)
    commands = [
        {"command": f"cd {number} && {shape.command}" if shape.lists else shape.command, **shape.given}
        for number, shape in enumerate(taken)
    ]
    results = {}
    for hooks in ("", "keep,tell"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place).resolve() / "project"
            folder.mkdir()
            for number in range(len(taken)):
                prepare(folder / str(number))
            seen = play(tools, folder, hooks, commands)
            results[hooks] = [
                (_comparable(one.text, folder), _files(folder / str(number)))
                for number, one in enumerate(seen)
            ]
    differing = [
        shape.command for shape, a, b in zip(taken, results[""], results["keep,tell"], strict=True) if a != b
    ]
    return {"commands": len(taken), "differing": differing}


def _comparable(text: str, folder: Path) -> str:
    """Without what differs from run to run: our own words, places, numbers of processes and tasks."""
    text = text.partition("PostToolUse")[0].replace(str(folder.parent), "")
    return re.sub(r"/\S*|\b\d{4,}\b|[0-9a-f]{8}-[0-9a-f-]{27}|ID: \w+", "", text).strip()


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["failing", "green", "shapes"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--at-least", type=int, default=30_000)
    parser.add_argument("--at-most", type=int, default=1 << 40)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    measure = {"failing": failing, "green": green, "shapes": shapes}[options.what]
    print(json.dumps(measure(install_all(), options), indent=2))


if __name__ == "__main__":
    main()
