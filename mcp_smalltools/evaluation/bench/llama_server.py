"""llama.cpp's own server as the peer of `bench engine` and `bench tools`: llama-server, or xllamacpp's."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from mcp_smalltools import processes
from mcp_smalltools.errors import EngineUnavailable, UsageError
from mcp_smalltools.evaluation.bench.workloads import Chat, ChatLoad, EmbedLoad, LabelLoad

START_S: Final = 60.0
ANSWER_S: Final = 600.0
EMBED_AT_ONCE: Final = 32

# In a process of its own, so that it and our engine never share a library.
_XLLAMACPP = """
import json, sys, threading, xllamacpp
options = json.loads(sys.argv[1])
params = xllamacpp.CommonParams()
params.model.path = options["model"]
params.hostnames, params.port = ["127.0.0.1"], options["port"]
params.n_parallel, params.n_ctx = options["parallel"], options["context"]
params.kv_unified = options["unified"]
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
if options["embedding"]:
    pooling = "NONE" if options["by_token"] else "MEAN"
    params.embedding = True
    params.pooling_type = getattr(xllamacpp.llama_pooling_type, f"LLAMA_POOLING_TYPE_{pooling}")
adapters = []
for path in options["adapters"]:
    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = path, options["adapter_scale"]
    adapters.append(adapter)
params.lora_adapters = adapters
server = xllamacpp.Server(params)
threading.Event().wait()
"""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What the peer's server is started with; `context` counts the tokens of all its slots."""

    model: str
    threads: int
    parallel: int = 8
    context: int = 8192
    unified: bool = False
    embedding: bool = False
    adapters: tuple[str, ...] = ()
    adapter_scale: float = 0.0
    """How much of its adapters every request uses; 0: each request names its own."""
    by_token: bool = False
    """Vectors for each token, in place of one for a text."""


def find_peer(path: str | None) -> tuple[str, str]:
    """The program of the peer ("" for xllamacpp), and what to call it. Raises UsageError."""
    program = path or shutil.which("llama-server")
    if program:
        done = processes.run([program, "--version"])
        said = (done.stdout + done.stderr).decode(errors="replace")
        version = next((line for line in said.splitlines() if "version" in line), "")
        return program, f"llama-server {version.strip()}"
    try:
        import xllamacpp
    except ImportError:
        raise UsageError(
            "There is no peer to measure against: neither llama-server on the PATH nor xllamacpp.",
            remedy="Run `pip install xllamacpp`, or name a llama-server with --peer.",
        ) from None
    return "", f"xllamacpp {getattr(xllamacpp, '__version__', '')} (AVX2 wheel)"


class Peer:
    """One server on loopback over one GGUF file. Ends with the `with` block."""

    def __init__(self, program: str, options: ServerOptions) -> None:
        self._port = _free_port()
        self.command = _native(program, self._port, options) if program else _packaged(self._port, options)
        self.url = f"http://127.0.0.1:{self._port}"
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        self._process = processes.start(self.command)
        ends = time.monotonic() + START_S
        while time.monotonic() < ends and self._process.poll() is None:
            try:
                if self._request("GET", "/health", None)[0] == 200:
                    return self
            except OSError:
                time.sleep(0.01)
        self.__exit__()
        raise EngineUnavailable("The peer's server doesn't start.", remedy="Try another with --peer.")

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.close()
        self._process.kill()
        self._process.wait()

    def run(self, load: ChatLoad | LabelLoad | EmbedLoad) -> list[Any]:
        """Answers in the order of the requests."""
        if isinstance(load, ChatLoad):
            with ThreadPoolExecutor(load.at_a_time) as pool:
                return list(pool.map(self.chat, load.chats))
        if isinstance(load, LabelLoad):
            grammar = "root ::= " + " | ".join(json.dumps(label) for label in load.labels)
            with ThreadPoolExecutor(load.at_a_time) as pool:
                return list(pool.map(lambda item: self._label(load.system, item, grammar), load.items))
        parts = [load.texts[i : i + EMBED_AT_ONCE] for i in range(0, len(load.texts), EMBED_AT_ONCE)]
        with ThreadPoolExecutor(2) as pool:
            return [vector for part in pool.map(self._embed, parts) for vector in part]

    def chat(self, chat: Chat) -> str:
        body = _messages(chat.system, chat.user) | {"max_tokens": chat.max_tokens}
        if chat.schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": dict(chat.schema)}}
        if chat.adapter is not None:
            body["lora"] = [{"id": n, "scale": float(n == chat.adapter)} for n in range(4)]
        return str(self._post("/v1/chat/completions", body)["choices"][0]["message"]["content"])

    def complete(
        self,
        system: str,
        user: str,
        max_tokens: int,
        *,
        grammar: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> tuple[str, int]:
        """The answer, and the tokens that were read (cached ones not counted) and written for it."""
        body = _messages(system, user) | {"max_tokens": max_tokens}
        if grammar is not None:
            body["grammar"] = grammar
        if schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": dict(schema)}}
        answer = self._post("/v1/chat/completions", body)
        usage = answer["usage"]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        tokens = usage["prompt_tokens"] - cached + usage["completion_tokens"]
        return str(answer["choices"][0]["message"]["content"]), tokens

    def _label(self, system: str, item: str, grammar: str) -> str:
        body = _messages(system, item) | {"max_tokens": 16, "grammar": grammar}
        return str(self._post("/v1/chat/completions", body)["choices"][0]["message"]["content"])

    def _embed(self, texts: list[str]) -> list[list[float]]:
        return [item["embedding"] for item in self._post("/v1/embeddings", {"input": texts})["data"]]

    def _post(self, path: str, body: Any) -> Any:
        status, answer = self._request("POST", path, body)
        if status != 200:
            raise EngineUnavailable(f"The peer answered {status}: {answer[:200]!r}.", remedy="Try another.")
        return json.loads(answer)

    def _request(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        """Over one connection for each thread, kept open; opened again where the server has closed it."""
        text = None if body is None else json.dumps(body).encode()
        kept = getattr(self._local, "connection", None)
        for connection in (kept, None):
            try:
                return self._ask(connection, method, path, text)
            except (OSError, http.client.HTTPException):
                if connection is None:
                    raise
        raise AssertionError("unreachable")

    def _ask(
        self, kept: http.client.HTTPConnection | None, method: str, path: str, body: bytes | None
    ) -> tuple[int, bytes]:
        connection = kept or http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        if kept is None:
            self._connections.append(connection)
        self._local.connection = None
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.status, response.read()
        self._local.connection = connection
        return answer


def _messages(system: str, user: str) -> dict[str, Any]:
    return {
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
        "cache_prompt": True,
    }


def _native(program: str, port: int, options: ServerOptions) -> list[str]:
    command = [program, "-m", options.model, "--host", "127.0.0.1", "--port", str(port), "-fa", "on"]
    command += ["-t", str(options.threads), "-np", str(options.parallel), "-c", str(options.context)]
    command += ["-kvu" if options.unified else "-no-kvu"]
    command += (
        ["--embedding", "--pooling", "none" if options.by_token else "mean"] if options.embedding else []
    )
    if options.adapter_scale:
        scaled = ",".join(f"{path}:{options.adapter_scale}" for path in options.adapters)
        command += ["--lora-scaled", scaled]
    elif options.adapters:
        command += ["--lora", ",".join(options.adapters), "--lora-init-without-apply"]
    return command


def _packaged(port: int, options: ServerOptions) -> list[str]:
    return [sys.executable, "-c", _XLLAMACPP, json.dumps(asdict(options) | {"port": port})]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
