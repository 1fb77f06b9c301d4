"""Layers on a GPU by what is free there, and what `doctor` says would make models faster."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor import speed
from mcp_smalltools.engine.llama.devices import ALL_LAYERS, KEPT_FREE, layers_in_file, layers_that_fit
from mcp_smalltools.models.catalog import ensure_model

GB = 1 << 30


@given(st.integers(1, 80 * GB), st.integers(1, 120), st.integers(0, 8 * GB), st.integers(0, 160 * GB))
def test_layers_never_take_more_than_is_free(size: int, layers: int, cache: int, free: int) -> None:
    fit = layers_that_fit(size, layers, cache, free)
    if fit == ALL_LAYERS:
        assert size + cache <= free * (1 - KEPT_FREE)
    else:
        assert 0 <= fit <= layers
        assert fit * (size + cache) / (layers + 1) <= free * (1 - KEPT_FREE)


def test_more_free_memory_never_means_fewer_layers() -> None:
    fits = [layers_that_fit(8 * GB, 36, GB, free * GB // 2) for free in range(40)]
    assert fits == sorted(fits)
    assert (fits[0], fits[-1]) == (0, ALL_LAYERS)


def test_the_number_of_layers_is_read_from_the_file(base_settings: Settings) -> None:
    assert layers_in_file(ensure_model(base_settings.generate_model, base_settings).path) == 30
    assert layers_in_file(ensure_model(base_settings.embed_model, base_settings).path) == 6


def test_the_installed_build_says_what_it_can_use(base_settings: Settings) -> None:
    build = speed.probe(base_settings)
    assert build is not None
    assert "CPU" in build.backend


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_a_gpu_that_the_build_does_not_use_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA Some GPU'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    build = speed.Build("CPU AMX_INT8 AVX512_BF16 AVX512 AVX2 NEON", ())
    [(what, command)] = [found for found in speed.advice(build) if "GPU" in found[0]]
    assert what == "NVIDIA Some GPU is not used"
    assert command == "mcp-smalltools engine install --cuda"
    used = speed.Build("CUDA CPU AMX_INT8 AVX512_BF16 AVX512 AVX2 NEON", ("NVIDIA Some GPU",))
    assert list(speed.advice(used)) == []


def test_a_processor_with_amx_is_told_of_a_build_that_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_processor_flags", lambda: frozenset({"amx_int8", "avx512_bf16", "avx2"}))
    monkeypatch.setenv("PATH", "")
    [(what, command)] = list(speed.advice(speed.Build("CPU AVX512_BF16 AVX512", ())))
    assert "AMX_INT8" in what
    assert command == "mcp-smalltools engine install --from-source"
    assert list(speed.advice(speed.Build("CPU AMX_INT8 AVX512_BF16", ()))) == []


def test_amx_is_no_part_of_what_runs_the_model_where_it_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp_smalltools.engine.llama import bindings
    from mcp_smalltools.engine.llama.llama_api import api

    monkeypatch.setattr(api, "llama_print_system_info", lambda: b"AMX_INT8 = 1 | AVX512 = 1")
    for mended, named in ((False, "CPU AVX512"), (True, "CPU AMX_INT8 AVX512")):
        monkeypatch.setattr(bindings, "has_symbol", lambda name, found=mended: found)
        assert bindings.backend_name() == named


def test_instructions_that_the_build_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_processor_flags", lambda: frozenset({"avx2", "avx512f"}))
    monkeypatch.setenv("PATH", "")
    [(what, command)] = list(speed.advice(speed.Build("CPU AVX2", ())))
    assert "AVX512" in what
    assert command == "mcp-smalltools engine install --from-source"
    assert list(speed.advice(speed.Build("CPU AVX512 AVX2", ()))) == []


@pytest.mark.parametrize(("registered", "loaded_from"), [(0, [b"/lib/of/it"]), (1, [])])
def test_backends_in_files_of_their_own_are_loaded_and_built_in_ones_left_alone(
    registered: int, loaded_from: list[bytes]
) -> None:
    from mcp_smalltools.engine.llama.bindings import load_backends

    found: list[bytes] = []
    ggml = Mock()
    ggml.ggml_backend_reg_count.side_effect = lambda: registered
    ggml.ggml_backend_load_all_from_path.side_effect = found.append
    load_backends(ggml, Path("/lib/of/it"))
    assert found == loaded_from
