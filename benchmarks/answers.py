"""Record what every tool answers on a fixed set of calls, and compare two recordings.

    python benchmarks/answers.py cases FOLDER --data DIR    # inputs and calls.jsonl into FOLDER
    python benchmarks/answers.py record FOLDER OUT          # put the calls to a server over stdio
    python benchmarks/answers.py compare BEFORE AFTER       # which answers differ, and where

The inputs are `examples/`, those small sets of the evaluation suites that DIR has (`loghub_2k_corrected`,
`cidiff`, `logchunks`, `classification`, `extraction`), its folder `field`, and the sources of this package as
they are when the cases are made. Every call runs with an `open` root, every fourth also with a `redacted` and
a `sealed` one. `record --server "COMMAND"` asks the server of another checkout. Call ids, and the line
of our code in which a call failed, are left out of the recording; no answer holds a time of measuring.
`find_files` is asked until all vectors are made.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import lzma
import os
import random
import re
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio

HERE = Path(__file__).resolve().parents[1]
EVERY_NTH_MASKED = 4
"""One call in so many is repeated under the levels `redacted` and `sealed`."""
Call = dict[str, Any]
_PLACE_OF_A_BUG = re.compile(r" in \w+\.py:\d+")

QUESTIONS = (
    ("docs/privacy.md", "Which levels can a root have?"),
    ("docs/remote.md", "How is a token made?"),
    ("docs/engine.md", "When does the daemon leave?"),
    ("docs/skills.md", "Which kinds of skill are there?"),
    ("mcp_smalltools/config.py", "What is the default deadline?"),
    ("mcp_smalltools/config.py", "How many rows does the ledger keep?"),
    ("mcp_smalltools/service.py", "Which answers are kept in the cache?"),
    ("mcp_smalltools/cli.py", "Who wrote this file?"),
    ("examples/data/service.log", "How many workers does the service start with?"),
    ("examples/data/build.log", "Which file does not compile?"),
    ("pyproject.toml", "Which version of pytest is needed?"),
    ("Makefile", "What does make demo do?"),
)
QUERIES = (
    "secrets are masked",
    "start the engine daemon",
    "read a .gz file",
    "calibrated confidence of a label",
    "register with Claude Code",
    "a log line's time",
)


def write_cases(folder: Path, data: Path) -> None:
    folder.mkdir(parents=True)
    _copy_sources(folder / "checkout")
    calls = [
        *_examples(folder / "checkout"),
        *_checkout(folder / "checkout"),
        *_logs(data, folder),
        *_failures(data, folder),
        *_classification(data),
        *_extraction(data),
        *_field(data, folder),
    ]
    masked = [
        {**call, "level": level}
        for call in calls[::EVERY_NTH_MASKED]
        for level in ("redacted", "sealed")
        if "export_path" not in call["arguments"]
    ]
    with (folder / "calls.jsonl").open("w", encoding="utf-8") as file:
        for number, call in enumerate([*calls, *masked]):
            file.write(json.dumps({"id": number, **call}, ensure_ascii=False) + "\n")
    print(f"{len(calls) + len(masked)} calls in {folder / 'calls.jsonl'}")


def _call(tool: str, **arguments: Any) -> Call:
    return {"tool": tool, "level": "open", "arguments": arguments}


def _copy_sources(target: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.gguf", "*.npz")
    for name in ("mcp_smalltools", "docs", "examples"):
        shutil.copytree(HERE / name, target / name, ignore=ignored)
    for name in ("README.md", "Makefile", "pyproject.toml", "SECURITY.md"):
        shutil.copy(HERE / name, target / name)


def _examples(checkout: Path) -> Iterator[Call]:
    data = "checkout/examples/data"
    for log in ("build.log", "tests.log", "service.log"):
        path = f"{data}/{log}"
        yield _call("parse_log", path=path)
        yield _call("parse_log", path=path, limit=3)
        yield _call("parse_log", path=path, limit=200, focus="errors and timeouts")
        yield _call("parse_log", path=path, baseline_path=f"{data}/service.log")
        yield _call("parse_log", path=path, export_path=f"{log}.csv")
        yield _call("find_failure", path=path)
        yield _call("find_failure", path=path, max_lines=5)
        yield _call("find_failure", path=path, baseline_path=f"{data}/service.log")
        yield _call("read_redacted", path=path, start=3, end=40)
    yield _call("parse_log", path=f"{data}/service.log", since="last")
    yield _call("parse_log", path=f"{data}/service.log", since="100")
    messages = (checkout / "examples/data/messages.txt").read_text(encoding="utf-8").splitlines()
    rows = (checkout / "examples/data/labelled.tsv").read_text(encoding="utf-8").splitlines()
    examples = [dict(zip(("label", "text"), row.split("\t"), strict=True)) for row in rows]
    labels = ["bug", "feature request", "billing", "question"]
    yield _call("classify", items=messages, labels=labels)
    yield _call("classify", items=messages, labels=labels, multiple=True)
    yield _call("classify", items=messages, labels=labels, examples=examples)
    yield _call("classify", items=messages, labels=labels, examples=examples, instructions="Who answers it?")
    yield _call("classify", items=messages, labels=labels, examples=examples, export_path="labels.csv")
    yield _call("support_tickets", items=messages)
    yield _call("report_outcome", call_id="{last}", verdict="wrong", correction="billing")
    schema = json.loads((checkout / "examples/skills/incident_report/incident.schema.json").read_text())
    for report in sorted((checkout / "examples/skills/incident_report/reports").iterdir()):
        path = str(Path("checkout") / report.relative_to(checkout))
        yield _call("incident_report", path=path)
        yield _call("extract", path=path, schema=schema)
        yield _call("summarize_file", path=path)


def _checkout(checkout: Path) -> Iterator[Call]:
    for path, question in QUESTIONS:
        yield _call("ask_file", paths=[f"checkout/{path}"], question=question)
        yield _call(
            "ask_file", paths=[f"checkout/{path}", "checkout/README.md"], question=question, max_lines=5
        )
    for query in QUERIES:
        yield _call("find_files", query=query)
        yield _call("find_files", query=query, path="checkout/mcp_smalltools", glob="*.py", limit=5)
    files = [path for path in sorted(checkout.rglob("*")) if path.is_file()]
    for path in files[::6]:
        name = str(Path("checkout") / path.relative_to(checkout))
        yield _call("summarize_file", path=name)
        yield _call("summarize_file", path=name, focus="errors", max_words=60)
    yield _call("summarize_file", path="checkout")
    yield _call("summarize_file", path="checkout/mcp_smalltools", focus="logs", max_words=300)
    names = [
        str(Path("checkout") / path.relative_to(checkout)) for path in files[::9] if path.suffix == ".py"
    ]
    yield _call("classify", paths=names, labels=["server", "engine", "tools", "evaluation"])


def _unpacked(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    target.write_bytes(lzma.decompress(content) if source.suffix == ".xz" else content)


def _logs(data: Path, folder: Path) -> Iterator[Call]:
    for source in sorted((data / "loghub_2k_corrected").glob("*_2k.log.xz")):
        path = f"loghub/{source.stem}"
        _unpacked(source, folder / path)
        yield _call("parse_log", path=path)
        yield _call("parse_log", path=path, limit=200)
        yield _call("parse_log", path=path, focus="connection lost", limit=10)
        yield _call("parse_log", path=path, since="1500")
        yield _call("find_failure", path=path)


def _failures(data: Path, folder: Path) -> Iterator[Call]:
    for pair in sorted(path for path in (data / "cidiff").glob("*") if path.is_dir()):
        failed, passed = (f"cidiff/{pair.name}/{name}.log" for name in ("fail", "pass"))
        for path in (failed, passed):
            _unpacked(pair / f"{Path(path).name}.xz", folder / path)
        yield _call("find_failure", path=failed)
        yield _call("find_failure", path=failed, baseline_path=passed, max_lines=20)
        yield _call("find_failure", path=passed)
        yield _call("parse_log", path=failed, baseline_path=passed)
    truth = data / "logchunks" / "truth.jsonl"
    rows = truth.read_text(encoding="utf-8").splitlines() if truth.exists() else []
    for row in rows[::8]:
        source = data / "logchunks" / json.loads(row)["log"]
        path = "logchunks/" + json.loads(row)["log"].removesuffix(".xz")
        _unpacked(source, folder / path)
        yield _call("find_failure", path=path)
        yield _call("parse_log", path=path, limit=10)


def _classification(data: Path) -> Iterator[Call]:
    source = data / "classification"
    if not source.is_dir():
        return
    packed = [(source / f"banking77_{part}.csv.xz").read_bytes() for part in ("train", "test")]
    train, test = (list(csv.reader(io.StringIO(lzma.decompress(part).decode())))[1:] for part in packed)
    chance = random.Random(5)
    labels = sorted({label for _, label in train})
    for count, shots in ((10, 8), (10, 0), (40, 3), (77, 0)):
        chosen = chance.sample(labels, count)
        examples = [
            {"text": text, "label": name}
            for name in chosen
            for text in chance.sample([text for text, label in train if label == name], shots)
        ]
        items = chance.sample([text for text, label in test if label in chosen], 100)
        more = {"examples": examples} if examples else {}
        yield _call("classify", items=items, labels=chosen, **more)
        yield _call("classify", items=items[:3], labels=chosen, **more)


def _extraction(data: Path) -> Iterator[Call]:
    for stem in ("simple_python", "multiple"):
        source = data / "extraction" / f"BFCL_v4_{stem}.json"
        rows = source.read_text(encoding="utf-8").splitlines() if source.exists() else []
        for row in map(json.loads, rows[::4]):
            text = " ".join(turn["content"] for turn in row["question"][0])
            yield _call("extract", text=text, schema=_schema(row["function"][0]["parameters"]))


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    types = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}
    schema = {key: given[key] for key in ("description", "enum", "required", "default") if key in given}
    schema["type"] = types.get(given.get("type", "string"), given.get("type", "string"))
    if "properties" in given:
        schema["properties"] = {key: _schema(value) for key, value in given["properties"].items()}
    if isinstance(given.get("items"), dict):
        schema["items"] = _schema(given["items"])
    return schema


def _field(data: Path, folder: Path) -> Iterator[Call]:
    for truth in sorted((data / "field").glob("*/truth.jsonl")):
        shutil.copytree(truth.parent, folder / "field" / truth.parent.name)
        for row in map(json.loads, truth.read_text(encoding="utf-8").splitlines()):
            where = f"field/{truth.parent.name}"
            arguments = dict(row["args"])
            for name in ("path", "baseline_path"):
                if name in arguments:
                    arguments[name] = f"{where}/{arguments[name]}"
            if "paths" in arguments:
                arguments["paths"] = [f"{where}/{path}" for path in arguments["paths"]]
            if row["tool"] == "find_files":
                arguments["path"] = f"{where}/{row['root']}"
            yield _call(row["tool"], **arguments)


async def record(folder: Path, out: Path, command: Sequence[str], listed: Path) -> None:
    calls = [json.loads(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as own, out.open("w", encoding="utf-8") as file:
        for level in ("open", "redacted", "sealed"):
            chosen = [call for call in calls if call["level"] == level]
            for line in await _answers(folder, level, chosen, command, Path(own)):
                file.write(line + "\n")
    print(f"{len(calls)} answers in {out}")


async def _answers(
    folder: Path, level: str, calls: Sequence[Call], command: Sequence[str], own: Path
) -> list[str]:
    from mcp import Client, StdioServerParameters

    env = {
        **os.environ,
        "MCP_SMALLTOOLS_STATE_DIR": str(own / level),
        "MCP_SMALLTOOLS_RUNTIME_DIR": str(own / "run"),
        "MCP_SMALLTOOLS_SKILLS_DIR": str(folder / "checkout" / "examples" / "skills"),
        "MCP_SMALLTOOLS_OUTPUT_DIR": str(own / "out"),
        "MCP_SMALLTOOLS_CONFIG": os.devnull,
        "MCP_SMALLTOOLS_CACHE": "0",
        "MCP_SMALLTOOLS_MAX_TOOLS": "20",
        "MCP_SMALLTOOLS_DEADLINE_S": "900",
    }
    arguments = [*command[1:], "serve", "--root", f"{folder}:{level}"]
    server = StdioServerParameters(command=command[0], args=arguments, env=env, cwd=folder)
    lines, last = [], ""
    async with Client(server) as client:
        for number, call in enumerate(calls):
            arguments = {
                name: last if value == "{last}" else value for name, value in call["arguments"].items()
            }
            result = await client.call_tool(call["tool"], arguments)
            while "files_ranked_by_words_alone" in (result.structured_content or {}).get("dropped", {}):
                await anyio.sleep(1)  # their vectors are still being made
                result = await client.call_tool(call["tool"], arguments)
            answer = dict(result.structured_content or {})
            last = answer.pop("call_id", last)
            if result.is_error:
                answer = {"error": " ".join(getattr(part, "text", "") for part in result.content)}
            line = {"id": call["id"], "tool": call["tool"], "level": level, "answer": answer}
            text = json.dumps(line, ensure_ascii=False, sort_keys=True)
            text = text.replace(str(folder), "{folder}").replace(str(own), "{own}")
            lines.append(_PLACE_OF_A_BUG.sub(" in a module", text))
            if sys.stderr.isatty():
                print(f"\r{level} {number + 1}/{len(calls)}", end="", file=sys.stderr)
    return lines


def compare(before: Path, after: Path) -> int:
    """Print what differs; the number of answers that do."""
    old, new = (
        {row["id"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}
        for path in (before, after)
    )
    different, fields = [], Counter[str]()
    for number in sorted(old.keys() | new.keys()):
        if old.get(number) != new.get(number):
            different.append(number)
            places = list(_differences(old.get(number), new.get(number)))
            fields.update({".".join(part for part in place if not part.isdigit()) for place, *_ in places})
            if len(different) <= 20:
                place, was, now = places[0]
                tool = (old.get(number) or new[number])["tool"]
                print(f"{number} {tool} {'.'.join(place)}: {str(was)[:150]!r} -> {str(now)[:150]!r}")
    for field, count in fields.most_common():
        print(f"  {count} differ in {field}")
    print(f"{len(old)} answers before, {len(new)} after, {len(different)} different")
    return len(different)


def _differences(
    was: Any, now: Any, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _differences(was.get(key), now.get(key), (*place, key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _differences(one, other, (*place, str(index)))
    elif was != now:
        yield place, was, now


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    cases = what.add_parser("cases", help="copy the inputs and write the calls")
    cases.add_argument("folder", type=Path)
    cases.add_argument("--data", type=Path, required=True, metavar="DIR")
    recording = what.add_parser("record", help="put the calls to a server")
    recording.add_argument("folder", type=Path)
    recording.add_argument("out", type=Path)
    recording.add_argument("--calls", type=Path, metavar="FILE", help="a part of FOLDER/calls.jsonl")
    recording.add_argument("--server", metavar="COMMAND", help="default: this environment's mcp-smalltools")
    comparing = what.add_parser("compare", help="compare two recordings")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    args = parser.parse_args()
    if args.what == "cases":
        write_cases(args.folder.resolve(), args.data.resolve())
    elif args.what == "record":
        command = shlex.split(args.server) if args.server else [sys.executable, "-m", "mcp_smalltools.cli"]
        anyio.run(record, args.folder.resolve(), args.out, command, args.calls or args.folder / "calls.jsonl")
    else:
        return 1 if compare(args.before, args.after) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
