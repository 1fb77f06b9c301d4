"""Over stdio, a line that is no message is answered with an error: an agent never waits for one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import jsonrpc_message_adapter
from probe_server import environment

from mcp_smalltools.server.unreadable_lines import errors_for

CALL = '{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"extract","arguments":%s}}'
DEEP = '{"text":%s1%s}' % ("[" * 200, "]" * 200)  # noqa: UP031 - braces

LINES: dict[str, tuple[str, list[tuple[Any, int]]]] = {
    "half an emoji": (CALL % (11, '{"text":"\\ud83d"}'), [(11, -32700)]),
    "half an emoji in the id": (CALL % ('"\\ud83d"', "{}"), [("?", -32700)]),
    "nested 200 deep": (CALL % ('"deep"', DEEP), [("deep", -32700)]),
    "nested too deep for anybody": ("[" * 100_000, [(None, -32700)]),
    "a batch": (f"[{CALL % (12, '{}')},{CALL % (13, '{}')}]", [(12, -32600), (13, -32600)]),
    "an empty batch": ("[]", [(None, -32600)]),
    "another version": ('{"jsonrpc":"1.0","id":14,"method":"tools/list"}', [(14, -32600)]),
    "no version": ('{"id":15,"method":"tools/list"}', [(15, -32600)]),
    "no method": ('{"jsonrpc":"2.0","id":16}', [(16, -32600)]),
    "a method that is a number": ('{"jsonrpc":"2.0","id":17,"method":5}', [(17, -32600)]),
    "params that are a list": ('{"jsonrpc":"2.0","id":18,"method":"x","params":[1]}', [(18, -32600)]),
    "a number": ("3", [(None, -32600)]),
    "no JSON": ("hello?", [(None, -32700)]),
    "cut off": ('{"jsonrpc":"2.0","id":19,"met', [(None, -32700)]),
    "a bad answer": ('{"jsonrpc":"2.0","id":20,"result":3}', [(None, -32600)]),
    "a blank line": ("", []),
}


def errors_of(line: str) -> list[dict[str, Any]] | None:
    """None for a line that is a message."""
    try:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    except Exception as problem:
        return [error.model_dump(by_alias=True, exclude_unset=True) for error in errors_for(problem)]
    return None


@pytest.mark.parametrize("what", LINES)
def test_a_line_that_is_no_message_has_an_error_with_its_id(what: str) -> None:
    line, expected = LINES[what]
    errors = errors_of(line)
    assert errors is not None
    assert [(error["id"], error["error"]["code"]) for error in errors] == expected
    for error in errors:
        assert 10 < len(error["error"]["message"]) < 500
        json.dumps(error).encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["jsonrpc", "id", "method", "params", "result", "error", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text(max_size=50))
def test_any_line_is_a_message_or_has_answers_that_can_be_sent(line: str) -> None:
    line = line.encode("utf-8", "replace").decode()  # as the SDK reads it
    for error in errors_of(line) or []:
        assert jsonrpc_message_adapter.validate_json(json.dumps(error))


def test_a_server_answers_each_and_goes_on(tmp_path: Path) -> None:
    """Without a traceback; what is right is answered after it."""
    initialize = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        *(line for line, _ in LINES.values()),
        json.dumps({"jsonrpc": "2.0", "id": 99, "method": "tools/list"}),
    ]
    command = [sys.executable, "-m", "mcp_smalltools.cli", "serve", "--root", str(tmp_path)]
    with subprocess.Popen(
        command,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as server:
        assert server.stdin and server.stdout and server.stderr
        server.stdin.write("\n".join(lines) + "\n")
        server.stdin.flush()
        answers = []
        while not answers or answers[-1].get("id") != 99:
            answers.append(json.loads(server.stdout.readline()))
        server.stdin.close()
        printed = server.stderr.read()
    errors = [(answer["id"], answer["error"]["code"]) for answer in answers if "error" in answer]
    assert errors == [error for _, expected in LINES.values() for error in expected]
    assert "Traceback" not in printed
