"""mcp-fuzzer: valid and hostile arguments for every tool, and hostile messages of the protocol."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from others import Listen, Tools

from mcp_smalltools.tools.built_in import built_in_tools

FINDINGS_THAT_ARE_NONE = {
    # An error names what was given, so that the agent can mend it; nobody renders it as HTML.
    "injection_reflection",
}


@pytest.mark.parametrize("phase", ["aggressive", "realistic"])
def test_no_tool_crashes_hangs_or_takes_what_its_schema_forbids(
    phase: str, tools: Tools, listen: Listen, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    with listen() as server:
        command = [
            *(str(tools.fuzzer), "--mode", "tools", "--phase", phase, "--runs", "20", "--seed", "1"),
            *("--protocol", "streamablehttp", "--endpoint", server.url("/mcp"), "--auth-env"),
            *("--no-safety", "--no-corpus", "--fs-root", str(tmp_path / "fs"), "--output-dir", str(report)),
        ]
        env = {**server.env, "HOME": str(tmp_path), "MCP_API_KEY": server.token}
        done = subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    summary = json.loads((report / "run_summary.json").read_text())
    tools: dict[str, Any] = summary["tools"]["by_name"]
    assert set(tools) == set(built_in_tools())
    for name, tool in tools.items():
        bad = ("accepted_malformed", "anomaly", "crashed", "exceptions")
        assert {kind: tool["outcomes"][kind] for kind in bad} == dict.fromkeys(bad, 0), name
        assert tool["total_runs"] >= 20
    assert set(summary["findings"]["by_category"]) <= FINDINGS_THAT_ARE_NONE
