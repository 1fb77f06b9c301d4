"""Small calls of the tools that read files, in this process and thread: what they load, compile and look up
for the first time, forks of the process have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.workers.in_this_process import call_here

_LOG: Final = (
    "2026-01-02 03:04:05,678 INFO [main] app.Server: listening on 127.0.0.1:8080\n"
    "2026-01-02 03:04:06,001 ERROR [pool-1] app.Jobs: job 17 failed after 31 ms\n"
    "Traceback (most recent call last):\n"
    '  File "app.py", line 3, in run\n'
    "    raise ValueError('no port')\n"
    "ValueError: no port\n"
) * 6
_TEXTS: Final[Mapping[str, str]] = {
    "a.log": _LOG,
    "a.md": "# Ports\n\nThe server listens on port 8080. It is started by hand.\n\n- one\n- two\n" * 4,
    "a.py": 'def first(port: int) -> int:\n    """The next port."""\n    return port + 1\n' * 3,
    "a.toml": '[server]\nport = 8080\npassword = "Tiger77!x0"\n',
    "a.csv": "name,port\nann,8080\nbob,8081\n",
}
_SCHEMA: Final = {
    "type": "object",
    "properties": {"port": {"type": "integer"}, "name": {"type": "string"}},
}
_CALLS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("read_redacted", {"path": "a.toml"}),
    ("find_failure", {"path": "a.log"}),
    ("parse_log", {"path": "a.log"}),
    ("extract", {"path": "a.toml", "schema": _SCHEMA}),
    ("extract", {"path": "a.csv", "schema": _SCHEMA}),
    ("summarize_file", {"path": "a.md"}),
    ("summarize_file", {"path": "a.py", "focus": "ports"}),
    ("ask_file", {"paths": ["a.md", "a.toml"], "question": "Which port does it listen on?"}),
    ("classify", {"paths": ["a.md", "a.log"], "labels": ["bug", "question"]}),
)


def warm_up() -> None:
    """Make the calls; what fails would fail in a worker too, where it is said. Linux only."""
    texts = {name: text.encode() for name, text in _TEXTS.items()}
    for name, arguments in _CALLS:
        with contextlib.suppress(Exception):
            call_here(name, arguments, Settings(), texts).model_dump(mode="json")
