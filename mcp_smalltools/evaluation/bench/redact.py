"""How fast secrets and personal data are masked, in megabytes of text a second of CPU time.

The peer tries every rule on every line of a part of the same text, without first searching for the lines
that may match. Texts are generated logs and configuration, and the source of Python's standard library.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sysconfig
import time
from pathlib import Path

from mcp_smalltools.config import Settings

_PEER_SHARE = 20
"""The peer gets one twentieth of the text, since it is about that much slower."""
_CODE_CHARS = 6_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    found = measure()
    if args.json:
        print(json.dumps(found))
        return 0
    for name, values in found.items():
        print(f"{name:<15}{values['mb_s']:>8} MB/s   every rule everywhere {values['peer_mb_s']:>6} MB/s")
    return 0


def measure() -> dict[str, dict[str, float]]:
    """For each kind of text: its size, ours and the peer's speed."""
    from mcp_smalltools.privacy.find_secrets import compile_matchers

    compile_matchers()  # compiled once in a process
    found = {}
    for name, text in _texts().items():
        _ours_s(text[: len(text) // 10])
        ours, part = _ours_s(text), text[: len(text) // _PEER_SHARE]
        found[name] = {
            "mb": round(len(text) / 1e6, 1),
            "mb_s": round(len(text) / 1e6 / ours, 1),
            "peer_mb_s": round(len(part) / 1e6 / _peer_s(part), 1),
        }
    return found


def _ours_s(text: str) -> float:
    from mcp_smalltools.privacy.redact import Redactor

    started = time.process_time()
    Redactor().scrub(text)
    return max(time.process_time() - started, 1e-9)


def _peer_s(text: str) -> float:
    from mcp_smalltools.privacy.forms import GROUPS

    forms = [(re.compile(form.pattern), form.check) for group in GROUPS for form in group]
    started = time.process_time()
    for line in text.split("\n"):
        for pattern, check in forms:
            for match in pattern.finditer(line):
                check(match[1], line[: match.start(1)])
    return max(time.process_time() - started, 1e-9)


def _texts() -> dict[str, str]:
    r = random.Random(1)
    log = "\n".join(
        f"2026-03-01 04:{n % 60:02}:{n % 59:02}.{r.randrange(1000):03} INFO [worker-{n % 8}] "
        f"request {r.randrange(10**6)} "
        f"from 10.0.{r.randrange(255)}.{r.randrange(255)}:{r.randrange(65535)} took {r.random():.3f}s "
        f"path=/api/v1/items/{r.randrange(10**5)}?page={n % 9} status=200 id={r.randrange(16**12):012x}"
        for n in range(40_000)
    )
    json_log = "\n".join(
        f'{{"ts": "2026-03-01T04:00:{n % 60:02}.123Z", "level": "info", "key": "item-{n}", '
        f'"trace": "{r.randrange(16**32):032x}", "msg": "user {r.randrange(10**8)} paid"}}'
        for n in range(40_000)
    )
    settings = "\n".join(
        f"  option_{n}:\n    name: value{n}\n    key: item-{n}\n    host: host{n}.internal:80{n % 100:02}"
        for n in range(40_000)
    )
    library = Path(sysconfig.get_paths()["stdlib"])
    code = "\n".join(path.read_text("utf-8", "replace") for path in sorted(library.glob("*.py")))
    return {"log": log, "JSON log": json_log, "configuration": settings, "code": code[:_CODE_CHARS]}
