"""llama.cpp by xllamacpp, until the native one is there: the same vectors or an error, never wrong ones."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.engine.daemon.self_test import SENTENCE, check_vector, known_vector
from mcp_smalltools.engine.llama import instant
from mcp_smalltools.errors import EngineUnavailable

needs_xllamacpp = pytest.mark.skipif(
    not importlib.util.find_spec("xllamacpp"), reason="xllamacpp is not installed"
)
HIDDEN = "import sys\nsys.modules['llama_cpp'] = None\n"


@pytest.fixture
def instant_command(tmp_path: Path) -> list[str]:
    """Starts a daemon whose Python has xllamacpp only."""
    main = tmp_path / "daemon_of_xllamacpp.py"
    main.write_text(f"{HIDDEN}from mcp_smalltools.engine.daemon.daemon import main\nsys.exit(main())\n")
    return [sys.executable, str(main)]


@needs_xllamacpp
@pytest.mark.anyio
async def test_its_vectors_are_those_of_the_native_one(
    settings: Settings, engine: EngineClient, instant_command: list[str], tmp_path: Path
) -> None:
    own = settings.model_copy(update={"runtime_dir": tmp_path / "run"})
    other = EngineClient(own, command=instant_command)
    texts = [SENTENCE, "disk full", "The page stays blank after I log in. " * 20]
    try:
        theirs = (await other.embed(texts)).vectors
    finally:
        await other.shutdown()
        await other.close()
    ours = (await engine.embed(texts)).vectors
    assert np.einsum("td,td->t", ours, theirs).min() > 0.9999


@needs_xllamacpp
def test_it_says_what_it_can_use_as_the_native_one_does() -> None:
    code = f"{HIDDEN}from mcp_smalltools.engine.llama.devices import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "CPU" in json.loads(done.stdout)["backend"]


@needs_xllamacpp
def test_a_library_with_other_records_is_refused() -> None:
    def defaults(**changed: int) -> SimpleNamespace:
        values = SimpleNamespace(**{**instant._DEFAULTS, **changed})
        model = SimpleNamespace(n_gpu_layers=-1, split_mode=1)
        return SimpleNamespace(
            llama_context_default_params=lambda: values, llama_model_default_params=lambda: model
        )

    instant.check_records(defaults())
    with pytest.raises(EngineUnavailable, match="kv_unified") as caught:
        instant.check_records(defaults(kv_unified=1))
    assert "engine install --from-source" in caught.value.remedy


def test_another_version_of_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="not installed"):
        instant.load()
    found = SimpleNamespace(submodule_search_locations=["/nowhere"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    with pytest.raises(EngineUnavailable, match=r"1\.0"):
        instant.load()


def test_an_encoder_whose_vectors_are_wrong_is_refused() -> None:
    known = known_vector("all-minilm-l6-v2")
    assert known is not None
    check_vector("all-minilm-l6-v2", known)
    check_vector("another-encoder", np.zeros(8, np.float32))
    turned = np.roll(known, 1)
    for wrong in (np.zeros_like(known), turned, known[:10], known * np.float32("nan")):
        with pytest.raises(EngineUnavailable, match="vectors are wrong"):
            check_vector("all-minilm-l6-v2", wrong)


@pytest.mark.anyio
async def test_the_known_vector_is_that_of_the_engine(engine: EngineClient) -> None:
    known = known_vector("all-minilm-l6-v2")
    found = (await engine.embed([SENTENCE])).vectors[0]
    assert float(found @ known) > 0.9999
