"""The protocol's own conformance suite, at both revisions, over streamable HTTP.

What is expected to fail is listed with its reason in `expected_failures_*.yml`; a scenario that fails beyond
that fails here, and so does one that is listed and passes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from others import HERE, Listen, Tools
from token_proxy import token_proxy


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
def test_the_conformance_suite_finds_only_what_is_known(
    revision: str, tools: Tools, listen: Listen, tmp_path: Path
) -> None:
    with token_proxy() as proxy:
        names = (f"localhost:{proxy.port}", f"127.0.0.1:{proxy.port}")
        allowed = [part for name in names for part in ("--allow-host", name)]
        allowed += [part for name in names for part in ("--allow-origin", f"http://{name}")]
        with listen(*allowed, script=HERE / "fixture_server.py") as server:
            proxy.server_port, proxy.token = server.port, server.token
            command = [
                *(str(tools.node), str(tools.conformance), "server"),
                *("--url", f"http://localhost:{proxy.port}/mcp"),
                *("--requirements", revision),
                *("--expected-failures", str(HERE / f"expected_failures_{revision}.yml")),
                *("-o", str(tmp_path / "results")),
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
