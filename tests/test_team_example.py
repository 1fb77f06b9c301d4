"""The server for a team: what `examples/team/compose.yaml` starts works, as processes on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from documentation import REPOSITORY
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_smalltools.cli import command_parser
from mcp_smalltools.commands import models as models_command
from mcp_smalltools.commands import serve
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.engine.http.dialects import DIALECTS
from mcp_smalltools.models.catalog import ensure_model

FOLDER = REPOSITORY / "examples" / "team"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCRAPED: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
WAIT_S = 90.0


def test_the_commands_of_the_containers_are_understood() -> None:
    _, name, *arguments = SERVICES["smalltools"]["command"]
    args = command_parser(name, serve).parse_args(arguments)
    assert (args.transport, args.port) == ("http", 8765)
    assert SCRAPED["scrape_configs"][0]["static_configs"] == [{"targets": args.allow_host}]
    _, name, *arguments = SERVICES["model"]["command"]
    assert command_parser(name, models_command).parse_args(arguments)


def test_every_variable_is_a_setting_and_the_engine_is_allowed() -> None:
    for service in SERVICES.values():
        for name in service.get("environment", {}):
            assert name.removeprefix(ENV_PREFIX).lower() in Settings.model_fields
    given = SERVICES["smalltools"]["environment"]
    host = urllib.parse.urlsplit(given["MCP_SMALLTOOLS_ENGINE_URLS"]).hostname
    assert host == given["MCP_SMALLTOOLS_ALLOW_REMOTE_ENGINES"]
    assert host in SERVICES
    assert given["MCP_SMALLTOOLS_ENGINE_DIALECT"] in DIALECTS


def test_nothing_is_published_beyond_loopback_and_the_engine_reaches_nobody() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in SERVICES["engine"]
    assert SERVICES["engine"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    files = [volume for volume in SERVICES["smalltools"]["volumes"] if ":/files" in volume]
    assert len(files) == 1 and files[0].endswith(":ro")


def test_the_client_of_compose_takes_the_file() -> None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
            continue
        done = subprocess.run(
            [*command, "-f", str(FOLDER / "compose.yaml"), "config", "-q"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return
    pytest.skip("neither `docker compose` nor docker-compose is here")


class Loopback:
    """The services as processes: names of hosts become ports of 127.0.0.1, volumes folders of the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: _free_port() for name in ("engine", "smalltools", "prometheus")}
        self.files = folder / "files"
        self.files.mkdir()
        self.home = folder / "home"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, program: list[str], arguments: list[str]) -> None:
        variables = {key: self._here(value) for key, value in SERVICES[name].get("environment", {}).items()}
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [*program, *map(self._here, arguments)]
            self._processes.append(
                subprocess.Popen(command, env=env | variables, stdout=log, stderr=log, cwd=self.folder)
            )

    def _here(self, text: str) -> str:
        """A value of the compose file, for this machine."""
        replaced = {
            "--host=0.0.0.0": "--host=127.0.0.1",
            "--port=8765": f"--port={self.ports['smalltools']}",
            "smalltools:8765": f"127.0.0.1:{self.ports['smalltools']}",
            "http://engine:8080": f"http://127.0.0.1:{self.ports['engine']}",
            "0.0.0.0:9090": f"127.0.0.1:{self.ports['prometheus']}",
            "/etc/prometheus/": f"{self.folder}/",
            "=/prometheus": f"={self.folder}/metrics",
            "/files:": f"{self.files}:",
        }
        for there, here in replaced.items():
            text = text.replace(there, here)
        whole = {"0.0.0.0": "127.0.0.1", "8080": str(self.ports["engine"]), "/tmp/run": f"{self.folder}/run"}
        whole |= {"/state": f"{self.folder}/state", "/models": str(Settings().model_dir)}
        return whole.get(text, text)

    def until(self, name: str, path: str) -> bytes:
        """The answer, once there is one."""
        ends = time.monotonic() + WAIT_S
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5) as reply:
                    return bytes(reply.read())
            except (OSError, urllib.error.HTTPError):
                assert time.monotonic() < ends, (self.folder / f"{name}.log").read_text()
                time.sleep(0.1)

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def team(tmp_path: Path, base_settings: Settings) -> Iterator[Loopback]:
    """The engine and the server run; Prometheus where it is installed."""
    pytest.importorskip("xllamacpp", reason="xllamacpp, the engine of the example, is not installed")
    ensure_model("all-minilm-l6-v2", base_settings)
    running = Loopback(tmp_path)
    try:
        program, _, *arguments = SERVICES["engine"]["command"]
        assert program == "python"
        running.start("engine", [sys.executable, str(FOLDER / "engine.py")], arguments)
        running.until("engine", "/health")
        _, *arguments = SERVICES["smalltools"]["command"]
        running.start("smalltools", [sys.executable, "-m", "mcp_smalltools"], arguments)
        running.until("smalltools", "/healthz")
        yield running
    finally:
        running.stop()


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_call_of_an_agent_asks_the_engine_and_is_counted(team: Loopback) -> None:
    token = (team.folder / "state" / "http-token").read_text().strip()
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=WAIT_S) as http,
        Client(
            streamable_http_client(f"http://127.0.0.1:{team.ports['smalltools']}/mcp", http_client=http)
        ) as agent,
    ):
        items = ["the page needs ten seconds to load", "the card was refused"]
        labels = ["slow website", "payment problem"]
        answer = await agent.call_tool("classify", {"items": items, "labels": labels})
    assert [result["label"] for result in answer.structured_content["results"]] == labels
    counted = team.until("smalltools", "/metrics").decode()
    assert 'smalltools_calls_total{tool="classify"' in counted
    assert "all-minilm-l6-v2 (over HTTP)" in answer.structured_content["reason"]
    assert not team.home.exists()  # the containers' file systems are read-only


@pytest.mark.slow
def test_prometheus_scrapes_the_server(team: Loopback) -> None:
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("prometheus is not here (Debian: apt-get install prometheus)")
    scraped = (FOLDER / "prometheus.yml").read_text().replace("scrape_interval: 15s", "scrape_interval: 1s")
    address = f"127.0.0.1:{team.ports['smalltools']}"
    (team.folder / "prometheus.yml").write_text(scraped.replace("smalltools:8765", address))
    team.start("prometheus", [prometheus], SERVICES["prometheus"]["command"])
    ends = time.monotonic() + WAIT_S
    found: list[Any] = []
    while not found and time.monotonic() < ends:
        found = json.loads(team.until("prometheus", "/api/v1/query?query=up==1"))["data"]["result"]
        time.sleep(0.2)
    assert [one["metric"]["job"] for one in found] == ["smalltools"]
    version = json.loads(team.until("prometheus", "/api/v1/query?query=smalltools_build_info"))
    assert len(version["data"]["result"]) == 1
