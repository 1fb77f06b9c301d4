"""The engine over HTTP: a real llama.cpp server on loopback, servers that fail, and where texts may go."""

from __future__ import annotations

import asyncio
import http.server
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.api import CallOptions, ChatMessage, Prompt, Sampling
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.http import endpoints
from mcp_smalltools.engine.http.addresses import allowed_address
from mcp_smalltools.engine.http.dialects import DIALECTS
from mcp_smalltools.engine.http.http_engine import HttpEngine
from mcp_smalltools.errors import (
    ConfigError,
    DeadlineExceeded,
    EngineBusy,
    EngineError,
    EngineUnavailable,
    NotAllowed,
    UsageError,
)
from mcp_smalltools.evaluation.bench.llama_server import Peer, ServerOptions
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.models.catalog import adapter_entry, ensure_adapter, ensure_model
from mcp_smalltools.models.known_vectors import known_vectors
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

pytestmark = pytest.mark.anyio

SYSTEM = ChatMessage("system", "You answer in a few words.")
QUESTIONS = ["What is the capital of France?", "Is ice warm?", "Name a colour."]


def ask(question: str, **options: Any) -> Prompt:
    return Prompt((SYSTEM, ChatMessage("user", question)), shared=1, **options)


def over_http(settings: Settings, *urls: str, dialect: str = "llama-server", **more: Any) -> HttpEngine:
    return HttpEngine(settings.model_copy(update={"engine_urls": urls, "engine_dialect": dialect, **more}))


@pytest.fixture(scope="module")
def writer(base_settings: Settings) -> Iterator[Peer]:
    file = ensure_model(base_settings.generate_model, base_settings)
    with Peer("", ServerOptions(file.path, threads=2, parallel=4, context=4096)) as server:
        yield server


@pytest.fixture(scope="module")
def embedder(base_settings: Settings) -> Iterator[Peer]:
    file = ensure_model(base_settings.embed_model, base_settings)
    with Peer("", ServerOptions(file.path, threads=2, parallel=4, context=2048, embedding=True)) as server:
        yield server


# -- against llama.cpp's own server --------------------------------------------------------------------------


async def test_it_writes_what_the_engine_here_writes(
    settings: Settings, writer: Peer, engine: EngineClient
) -> None:
    remote = over_http(settings, writer.url)
    prompts = [ask(question) for question in QUESTIONS]
    sampling = Sampling(max_tokens=12)
    seen: list[float] = []
    there = await remote.generate(prompts, sampling, CallOptions(progress=lambda done, *_: seen.append(done)))
    here = await engine.generate(prompts, sampling)
    # Another build of llama.cpp rounds differently: of two tokens about equally likely, either may come.
    assert sum(a.text == b.text for a, b in zip(there, here, strict=True)) >= 2
    assert [a.prompt_tokens for a in there] == [b.prompt_tokens for b in here]
    assert all(0 < a.tokens <= 12 for a in there)
    assert all(-5 < a.logprob <= 0 for a in there)
    assert sorted(seen) == [1, 2, 3]
    await remote.close()


async def test_schema_choice_and_start_hold_there_too(settings: Settings, writer: Peer) -> None:
    import jsonschema

    remote = over_http(settings, writer.url)
    schema = {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}, "score": {"type": "integer"}},
        "required": ["answer", "score"],
        "additionalProperties": False,
    }
    for answer in await remote.generate([ask(q) for q in QUESTIONS], Sampling(max_tokens=60, schema=schema)):
        jsonschema.validate(json.loads(answer.text), schema)
    choices = ("the build failed", "the build passed")
    [answer] = await remote.generate([ask("What happened?")], Sampling(max_tokens=20, choices=choices))
    assert answer.text in choices
    [answer] = await remote.generate([ask("Count to five.", start="1, 2, 3,")], Sampling(max_tokens=4))
    assert "4" in answer.text
    await remote.close()


async def test_label_scores_agree_with_those_of_the_engine_here(
    settings: Settings, writer: Peer, engine: EngineClient
) -> None:
    remote = over_http(settings, writer.url)
    prompts = [ask(f"{question} Answer with yes or no.") for question in QUESTIONS]
    labels = ["Yes", "No", "Not sure"]
    there = await remote.score_labels(prompts, labels)
    here = await engine.score_labels(prompts, labels)
    assert there.lengths.tolist() == [1, 1, 2]
    for one, other in zip(there.total, here.total, strict=True):
        assert one[:2] == pytest.approx(other[:2], abs=0.8)
    with pytest.raises(UsageError, match="the start of another"):
        await remote.score_labels(prompts, ["No", "No way"])
    assert await remote.count_tokens(["one two three"]) == await engine.count_tokens(["one two three"])
    await remote.close()


async def test_embeddings_are_those_of_the_engine_here(
    settings: Settings, embedder: Peer, engine: EngineClient
) -> None:
    remote = over_http(settings, embedder.url)
    texts = [f"the disk of host {i} is full" for i in range(150)] + [""]
    there, here = (await remote.embed(texts)).vectors, (await engine.embed(texts)).vectors
    assert there.shape == here.shape
    assert float((there * here).sum(axis=1)[:-1].min()) > 0.999
    with pytest.raises(EngineError, match=r"answers 500|refuses the request"):  # by version
        await remote.embed(["word " * 2000])
    with pytest.raises(UsageError, match="vectors for each token"):
        await remote.embed_tokens(["x"])
    assert (await remote.embed([])).vectors.shape == (0, 0)
    assert await remote.proven_encoder() == settings.embed_model
    assert await remote.proven_encoder("classify") is None
    with pytest.raises(UsageError, match="adapter classify"):
        await remote.embed(["x"], CallOptions(adapter="classify"))
    await remote.close()


@pytest.fixture(scope="module")
def with_adapters(base_settings: Settings, embedder: Peer) -> Iterator[tuple[str, ...]]:
    """Servers as docs/scaling.md has them: the bare encoder, reader and judge by token, that of classify."""
    base = ensure_model(base_settings.embed_model, base_settings)
    reader = ensure_adapter("reader", base_settings, base)
    judge = ensure_adapter("judge", base_settings, base)
    labels = ensure_adapter("classify", base_settings, base)
    options = ServerOptions(base.path, threads=2, parallel=4, context=2048, embedding=True)
    by_token = replace(options, adapters=(reader.path,), adapter_scale=reader.scale, by_token=True)
    adapted = replace(options, adapters=(labels.path,), adapter_scale=labels.scale)
    judging = replace(by_token, adapters=(judge.path,), adapter_scale=judge.scale)
    with Peer("", by_token) as one, Peer("", judging) as two, Peer("", adapted) as other:
        yield one.url, two.url, other.url, embedder.url


async def test_each_call_goes_to_the_server_that_was_shown_to_run_its_encoder(
    settings: Settings, with_adapters: tuple[str, ...], engine: EngineClient
) -> None:
    remote = over_http(settings, *with_adapters)
    texts = ["the disk of host 7 is full", "Größe des Puffers: 4096 Bytes, naïve guess"]
    for adapter in (None, "classify"):
        options = CallOptions(adapter=adapter)
        assert await remote.proven_encoder(adapter) == settings.embed_model
        there, here = await remote.embed(texts, options), await engine.embed(texts, options)
        assert float((there.vectors * here.vectors).sum(axis=1).min()) > 0.999
    options = CallOptions(adapter="reader")
    tokens, own = await remote.embed_tokens(texts, options), await engine.embed_tokens(texts, options)
    for vectors, places, mine, my_places in zip(
        tokens.vectors, tokens.offsets, own.vectors, own.offsets, strict=True
    ):
        assert (places == my_places).all()
        assert np.abs(vectors - mine).max() < 0.1 * np.abs(mine).max()
    long = "word " * 2000
    assert (await remote.embed_tokens([long], options)).truncated == (0,)
    status = await remote.status()
    shown = {adapter for _, adapter, _ in status.extra["encoders"].values()}
    assert shown == {"", "classify", "judge", "reader"}
    await remote.close()


async def test_with_the_encoders_shown_confidence_is_that_of_the_engine_here(
    settings: Settings, with_adapters: tuple[str, ...], engine: EngineClient
) -> None:
    call = ToolRequest(
        "extract",
        {
            "text": "Remind me to call Ada at 14:30.",
            "schema": {
                "type": "object",
                "properties": {"who": {"type": "string"}, "at": {"type": "string", "description": "HH:MM"}},
                "required": ["who", "at"],
            },
        },
    )
    labels = {"items": ["the page needs ten seconds to load"], "labels": ["slow website", "payment problem"]}
    for request in (call, ToolRequest("classify", labels)):
        answers = []
        for asked in (over_http(settings, *with_adapters), engine):
            urls = with_adapters if isinstance(asked, HttpEngine) else ()
            service = Service(settings.model_copy(update={"engine_urls": urls, "cache": False}), asked)
            answers.append((await service.call(request)).structured())
            if isinstance(asked, HttpEngine):
                await asked.close()
        there, here = answers
        assert there["confidence"] == pytest.approx(here["confidence"], abs=0.03)
        assert there["escalate"] == here["escalate"]


async def test_a_server_with_another_model_is_not_taken_for_the_encoder(
    settings: Settings, fakes: Any
) -> None:
    vector = [1.0] + [0.0] * 383
    server = fakes()
    server.script = [lambda handler: respond(handler, 200, {"data": [{"index": 0, "embedding": vector}]})]
    remote = over_http(settings, server.url)
    assert await remote.proven_encoder() is None
    assert (await remote.status()).extra["encoders"] == {}
    await remote.close()


async def test_the_known_vectors_are_those_of_the_encoder_and_adapters_that_ship(
    settings: Settings, engine: EngineClient
) -> None:
    known = known_vectors(settings)
    skills = library_folder() / "skills"
    ships = {path.parent.name for path in skills.glob("*/adapter.gguf")}
    made_for = {name for name in ships if adapter_entry(name, settings).get("base") == settings.embed_model}
    assert {row.adapter for row in known} == {"", *made_for}, "run models/recipes/known_vectors.py"
    for row in known:
        options = CallOptions(model=row.model, adapter=row.adapter or None)
        [vector] = (await engine.embed([row.text], options)).vectors
        assert float(vector @ row.vector) > 0.9995


async def test_its_status_names_what_answers(settings: Settings, writer: Peer) -> None:
    remote = over_http(settings, writer.url, "http://127.0.0.1:9")
    status = await remote.status()
    assert status.running
    assert status.extra["endpoints"] == {writer.url: "answers", "http://127.0.0.1:9": "doesn't answer"}
    assert status.extra["remote"] == []
    await remote.close()


async def test_a_tool_works_over_it_as_it_does_here(
    settings: Settings, embedder: Peer, engine: EngineClient
) -> None:
    arguments = {"items": ["it crashes on start", "how do I export?"], "labels": ["bug", "question"]}
    elsewhere = settings.model_copy(
        update={"engine_urls": (embedder.url,), "engine_dialect": "llama-server", "cache": False}
    )
    there, here = Service(elsewhere), Service(settings, engine)
    answers = [
        (await service.call(ToolRequest("classify", arguments))).structured() for service in (there, here)
    ]
    one, other = ([result["label"] for result in answer["results"]] for answer in answers)
    assert one == other
    await there.close()


# -- servers that fail ---------------------------------------------------------------------------------------


class Fake(http.server.ThreadingHTTPServer):
    """Answers each request with the next of `script`, then with a good answer."""

    daemon_threads = True
    request_queue_size = 128  # many connections at once, as a real server takes them

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Callable[[http.server.BaseHTTPRequestHandler], None]] = []
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        pass


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Fake

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        step = self.server.script.pop(0) if self.server.script else good
        step(self)

    def log_message(self, *_: Any) -> None:
        pass


def respond(handler: http.server.BaseHTTPRequestHandler, status: int, body: Any, **headers: str) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def good(handler: http.server.BaseHTTPRequestHandler) -> None:
    choice = {"message": {"content": "fine"}, "finish_reason": "stop"}
    respond(handler, 200, {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}})


def status(code: int, **headers: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    return lambda handler: respond(
        handler, code, {"error": {"message": "secret text", "type": "bad"}}, **headers
    )


def cut(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices"')
    handler.close_connection = True


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Fake]]:
    monkeypatch.setattr(endpoints, "BACKOFF_S", 0.01)
    made: list[tuple[Fake, threading.Thread]] = []

    def make() -> Fake:
        server = Fake()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        made.append((server, thread))
        return server

    yield make
    for server, thread in made:
        server.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("failures", [[status(503)], [cut], [status(500), cut, status(502)]])
async def test_what_may_pass_is_tried_again(settings: Settings, fakes: Any, failures: Any) -> None:
    server = fakes()
    server.script = list(failures)
    remote = over_http(settings, server.url)
    assert (await remote.generate([ask("x")]))[0].text == "fine"
    assert len(server.asked) == len(failures) + 1
    await remote.close()


async def test_a_server_that_asks_for_time_gets_it(settings: Settings, fakes: Any) -> None:
    server = fakes()
    server.script = [status(429, Retry_After="1")]
    remote = over_http(settings, server.url)
    started = time.monotonic()
    await remote.generate([ask("x")])
    assert time.monotonic() - started >= 0.95
    server.script = [status(429)] * 4
    with pytest.raises(EngineBusy):
        await remote.generate([ask("x")])
    await remote.close()


@pytest.mark.parametrize(
    ("code", "says"), [(400, r"refuses the request \(400, bad\)"), (401, "refuses the key")]
)
async def test_a_refusal_is_told_at_once_and_without_the_servers_words(
    settings: Settings, fakes: Any, code: int, says: str
) -> None:
    server = fakes()
    server.script = [status(code)]
    remote = over_http(settings, server.url)
    with pytest.raises(EngineError, match=says) as caught:
        await remote.generate([ask("x")])
    assert "secret text" not in str(caught.value)
    assert len(server.asked) == 1
    await remote.close()


async def test_of_two_servers_the_one_that_answers_is_used(settings: Settings, fakes: Any) -> None:
    alive = fakes()
    remote = over_http(settings, "http://127.0.0.1:9", alive.url)
    answers = await remote.generate([ask(str(i)) for i in range(20)])
    assert [answer.text for answer in answers] == ["fine"] * 20
    both = fakes(), fakes()
    spread = over_http(settings, *(server.url for server in both))
    await spread.generate([ask(str(i)) for i in range(40)])
    assert min(len(server.asked) for server in both) >= 10
    await remote.close()
    await spread.close()


async def test_a_busy_server_is_left_alone_while_another_is_free(settings: Settings, fakes: Any) -> None:
    busy, free = fakes(), fakes()
    busy.script = [status(429, Retry_After="30")] * 99
    remote = over_http(settings, busy.url, free.url)
    for number in range(6):
        assert (await remote.generate([ask(str(number))]))[0].text == "fine"
    assert (len(busy.asked), len(free.asked)) == (1, 6)
    await remote.close()


async def test_no_server_at_all_is_an_error_with_a_remedy(settings: Settings, fakes: Any) -> None:
    remote = over_http(settings, "http://127.0.0.1:9")
    with pytest.raises(EngineUnavailable, match="can't be reached") as caught:
        await remote.generate([ask("x")])
    assert "engine_urls" in caught.value.remedy
    await remote.close()


async def test_the_deadline_holds_and_closes_the_connection(settings: Settings, fakes: Any) -> None:
    server = fakes()
    closed = threading.Event()

    def slow(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.connection.settimeout(10)
        if handler.connection.recv(1) == b"":
            closed.set()

    server.script = [slow]
    remote = over_http(settings, server.url)
    with pytest.raises(DeadlineExceeded):
        await remote.generate([ask("x")], options=CallOptions(deadline_s=0.3))
    assert await asyncio.to_thread(closed.wait, 5)
    await remote.close()


async def test_a_redirect_is_not_followed(settings: Settings, fakes: Any) -> None:
    server, elsewhere = fakes(), fakes()
    server.script = [status(307, Location=elsewhere.url + "/v1/chat/completions")]
    remote = over_http(settings, server.url)
    with pytest.raises(EngineError, match="redirects to another address"):
        await remote.generate([ask("x")])
    assert elsewhere.asked == []
    await remote.close()


async def test_a_proxy_of_the_environment_is_not_used(
    settings: Settings, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = fakes(), fakes()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    remote = over_http(settings, server.url)
    await remote.generate([ask("x")])
    assert (len(server.asked), len(proxy.asked)) == (1, 0)
    await remote.close()


async def test_the_key_comes_from_the_environment(
    settings: Settings, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fakes()
    remote = over_http(settings, server.url, engine_api_key_env="TEAM_KEY")
    with pytest.raises(ConfigError, match="TEAM_KEY"):
        await remote.generate([ask("x")])
    monkeypatch.setenv("TEAM_KEY", "k-123")
    await remote.generate([ask("x")])
    assert server.asked[0][1]["Authorization"] == "Bearer k-123"
    await remote.close()


# -- dialects ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_honours_a_form_or_refuses_it_by_name(name: str) -> None:
    dialect = DIALECTS[name]
    for field, value in [("schema", {"type": "object"}), ("regex", "[ab]+"), ("choices", ("yes", "no"))]:
        sampling = Sampling(**{field: value})
        if getattr(dialect, field) is None:
            with pytest.raises(UsageError, match=name):
                dialect.sampling(sampling)
        else:
            plain = dialect.sampling(Sampling())
            assert set(dialect.sampling(sampling)) > set(plain)


def test_a_setting_that_a_server_lacks_is_refused_and_never_dropped() -> None:
    with pytest.raises(UsageError, match="repeat_penalty"):
        DIALECTS["openai"].sampling(Sampling(repeat_penalty=1.2))
    with pytest.raises(UsageError, match="top_k"):
        DIALECTS["openai"].sampling(Sampling(temperature=0.7, top_k=5))
    assert DIALECTS["vllm"].sampling(Sampling(repeat_penalty=1.2))["repetition_penalty"] == 1.2


async def test_a_dialect_that_does_not_exist_is_named(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"'vlm' \(did you mean 'vllm'\?\)"):
        over_http(settings, "http://127.0.0.1:9", dialect="vlm")


# -- where texts may go --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost/", "https://[::1]:1", "http://127.9.9.9"]
)
def test_an_address_of_this_machine_is_allowed(url: str) -> None:
    assert allowed_address(url).local


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.example.com:8080",
        "http://127.0.0.1.example.com",
        "http://10.0.0.5:8000",
        "http://0.0.0.0:8000",
        "https://api.example.com/v1",
        "http://[::ffff:10.0.0.5]/",
        "http://2130706434/",
        "http://loca\u217chost.example/",
        "http://gpu-box:8000",
    ],
)
def test_an_address_elsewhere_is_refused_until_its_host_is_allowed(url: str) -> None:
    with pytest.raises(NotAllowed, match="not on this machine") as caught:
        allowed_address(url)
    assert "allow_remote_engines" in caught.value.remedy
    with pytest.raises(NotAllowed):
        allowed_address(url, ["example.com", "other", "10.0.0"])


def test_a_host_that_is_allowed_by_name_may_be_used() -> None:
    address = allowed_address("https://GPU-box.internal:8000/v1/", ["gpu-box.internal"])
    assert (address.local, address.url) == (False, "https://GPU-box.internal:8000/v1")


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:80", "", "http://", "http://user:pw@127.0.0.1", "http://x:99999999"]
)
def test_what_is_no_address_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        allowed_address(url)
    assert caught.value.remedy
    assert "pw" not in str(caught.value)


@given(st.text(max_size=30))
@budget(max_examples=300)
def test_no_host_but_loopback_is_ever_local(text: str) -> None:
    try:
        address = allowed_address(f"http://{text}")
    except (ConfigError, NotAllowed):
        return
    assert address.host == "localhost" or address.host.startswith("127.") or ":" in address.host


@pytest.mark.parametrize("level", PrivacyLevel)
async def test_what_goes_to_an_engine_elsewhere_is_what_may_leave(
    settings: Settings, fakes: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, level: PrivacyLevel
) -> None:
    server = fakes()

    def vectors(handler: http.server.BaseHTTPRequestHandler) -> None:
        texts = server.asked[-1][2]["input"]
        respond(handler, 200, {"data": [{"index": i, "embedding": [1.0, i]} for i in range(len(texts))]})

    server.script = [vectors] * 9
    (tmp_path / "a.txt").write_text("the disk of ann@example.com is full\n", encoding="utf-8")
    # The rule that makes an address remote is tested above; here the fake stands for one.
    monkeypatch.setattr(HttpEngine, "remote_hosts", property(lambda self: ("gpu-box",)))
    service = Service(
        settings.model_copy(
            update={
                "roots": (RootSpec(path=tmp_path, level=level),),
                "engine_urls": (server.url,),
                "engine_dialect": "llama-server",
            }
        )
    )
    request = ToolRequest("classify", {"paths": ["a.txt"], "labels": ["bug", "question"]})
    if level is PrivacyLevel.SEALED:
        with pytest.raises(NotAllowed, match="sealed root would be sent to the engine at gpu-box"):
            await service.call(request)
        assert server.asked == []
    else:
        await service.call(request)
        texts = json.dumps([body for _, _, body in server.asked])
        assert "ann@example.com" not in texts  # under `open` too: that allows the user's agent alone
        assert "<EMAIL_1>" in texts
    await service.close()


def test_nan_is_what_a_server_without_logprobs_gives() -> None:
    from mcp_smalltools.engine.http.replies import generation_of

    answer = {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}]}
    generation = generation_of(answer)
    assert math.isnan(generation.logprob)
    assert generation.finish == "length"
