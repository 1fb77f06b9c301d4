"""Run `parse_log` on logs with known answers, and say which are wholly right.

    python benchmarks/field_logs.py FOLDER [--only PART] [-v]

FOLDER has the logs and truth.jsonl: one object a line, with `id`, `args` (paths in FOLDER) and `right`, which
may hold `records`, `levels`, `time`, `templates`, `errors_at`, `visible`, `in_templates`, `not_errors` and
`says`. Rows with another `split` than "fit" are left out.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

JOINED = {"fatal": "error", "notice": "info", "trace": "debug"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("-v", action="store_true")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in (arguments.folder / "truth.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row.get("split", "fit") == "fit" and arguments.only in row["id"]]
    right, forms = 0, 0
    for row, answer in anyio.run(_answers, arguments.folder, rows):
        wrong = [*faults(answer, row["right"])]
        right += not wrong
        forms += not [fault for fault in wrong if fault.partition(" ")[0] in ("records", "levels", "time")]
        if wrong:
            print(f"{row['id']}: {'; '.join(wrong)}")
        if arguments.v:
            print(json.dumps(answer, ensure_ascii=False, indent=1)[:6000])
    print(f"{right} of {len(rows)} wholly right; records, levels and time {forms}")


async def _answers(folder: Path, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    answers = []
    with tempfile.TemporaryDirectory() as state:
        settings = Settings(roots=(f"{folder.resolve()}:open",), state_dir=Path(state), cache=False)
        service = Service(settings)
        for row in rows:
            names = {
                key: str(folder.resolve() / value) for key, value in row["args"].items() if "path" in key
            }
            try:
                answer = await service.call(ToolRequest("parse_log", {**row["args"], **names}))
                answers.append((row, json.loads(json.dumps(answer.structured()))))
            except SmallToolsError as error:
                answers.append((row, {"refused": str(error)}))
        await service.close()
    return answers


def faults(answer: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[str]:
    """What of the answer is not as it should be."""
    text = json.dumps(answer, ensure_ascii=False)
    if "refused" in answer and "says" not in right:
        yield f"records refused: {answer['refused'][:150]}"
        return
    if "records" in right and not _within(answer["records"], right["records"]):
        yield f"records {answer['records']} not {right['records']}"
    levels: dict[str, int] = {}
    for level, count in (answer.get("levels") or {}).items():
        levels[JOINED.get(level, level)] = levels.get(JOINED.get(level, level), 0) + count
    wrong = [
        level for level, count in right.get("levels", {}).items() if not _within(levels.get(level, 0), count)
    ]
    if wrong:
        yield f"levels {levels} not {right['levels']}"
    yield from _time_faults(answer, right.get("time", {}))
    if "templates" in right and not _within(answer["template_count"], right["templates"]):
        yield f"templates {answer['template_count']} not {right['templates']}"
    spans = [span for error in answer.get("errors", ()) for span in error["evidence"]]
    spans += [span for group in answer.get("suspicious") or () for span in group["evidence"]]
    missing = [n for n in right.get("errors_at", ()) if not any(s["start"] <= n <= s["end"] for s in spans)]
    if missing:
        yield f"errors_at {missing} missing"
    yield from (f"visible {word!r} missing" for word in right.get("visible", ()) if word not in text)
    templates = json.dumps([item["template"] for item in answer.get("templates", ())], ensure_ascii=False)
    yield from (f"in_templates {word!r}" for word in right.get("in_templates", ()) if word not in templates)
    errors = json.dumps(answer.get("errors", ()), ensure_ascii=False)
    yield from (f"not_errors {word!r}" for word in right.get("not_errors", ()) if word in errors)
    if "says" in right and not re.search(right["says"], text, re.IGNORECASE):
        yield f"says: {text[:200]}"


def _time_faults(answer: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[str]:
    time = answer.get("time") or {}
    for end in ("start", "end"):
        shown = str(time.get(end) or "").replace("T", " ")
        if end in right and not any(shown.startswith(item) for item in (*right[end], *right.get("utc", ()))):
            yield f"time {end} {shown or None} not {right[end]}"


def _within(value: int, right: Any) -> bool:
    return right[0] <= value <= right[1] if isinstance(right, list) else value == right


if __name__ == "__main__":
    main()
