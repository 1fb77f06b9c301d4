"""Models that look at pictures: through llama.cpp's multimodal interface, as far as random weights go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcp_smalltools.config import Settings
from mcp_smalltools.engine import protocol
from mcp_smalltools.engine.api import ChatMessage, Generation, PictureInput, PicturePrompt, Prompt, Sampling
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.engine.work import Generate, Job, Look, ModelFile, Work
from mcp_smalltools.errors import ModelError, NotAllowed, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.models.catalog import ensure_model
from mcp_smalltools.models.download_records import ProjectorFile
from mcp_smalltools.models.hashing import sha256_of
from mcp_smalltools.models.own_models import register_model
from mcp_smalltools.privacy.remote_engine import RedactingEngine

SIDE, PATCH, WIDTH = 64, 16, 32
"""Pixels of a side of what the projector sees, of one of its patches, and the length of its vectors."""


def write_projector(path: Path, into: int, kind: str = "mlp") -> ProjectorFile:
    """A projector as that of LLaVA (mlp) or of SmolVLM (idefics3): one block, random weights, for a model
    with vectors of length `into`.
    """
    import gguf

    draw = np.random.default_rng(7)
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_bool("clip.use_gelu", True)
    for name, value in {
        "image_size": SIDE,
        "preproc_image_size": SIDE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": WIDTH,
        "projection_dim": into,
        "block_count": 1,
        "attention.head_count": 2,
        "projector.scale_factor": 2,
    }.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    for name in ("image_mean", "image_std"):
        writer.add_array(f"clip.vision.{name}", [0.5, 0.5, 0.5])

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, draw.normal(0, 0.05, shape).astype(np.float32))

    add("v.patch_embd.weight", WIDTH, 3, PATCH, PATCH)
    add("v.patch_embd.bias", WIDTH)
    add("v.position_embd.weight", (SIDE // PATCH) ** 2, WIDTH)
    for part in ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down"):
        add(f"v.blk.0.{part}.weight", WIDTH, WIDTH)
        add(f"v.blk.0.{part}.bias", WIDTH)
    for part in ("v.blk.0.ln1", "v.blk.0.ln2", "v.post_ln"):
        add(f"{part}.weight", WIDTH)
        add(f"{part}.bias", WIDTH)
    if kind == "idefics3":
        add("mm.model.fc.weight", into, WIDTH * 4)
    else:
        for number, length in ((0, WIDTH), (2, into)):
            add(f"mm.{number}.weight", into, length)
            add(f"mm.{number}.bias", into)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return ProjectorFile(str(path), sha256_of(path))


def a_picture(shade: int, width: int = 48, height: int = 32) -> PictureInput:
    return PictureInput(width, height, bytes([shade, 40, 200]) * (width * height))


def about(*pictures: PictureInput, question: str = "What is on it?") -> PicturePrompt:
    return PicturePrompt(Prompt((ChatMessage("user", question),)), pictures)


class Desk:
    """Submits work to a scheduler of its own and waits for the answer."""

    def __init__(self, settings: Settings, model: ModelFile) -> None:
        from mcp_smalltools.engine.daemon.scheduler import LlamaScheduler

        self.model = model
        self.scheduler = LlamaScheduler(settings)

    def call(self, work: Work, **options: Any) -> Any:
        answer: Future[Any] = Future()
        self.scheduler.submit(
            Job("one", options.pop("model", self.model), work, answer.set_result, **options)
        )
        found = answer.result(120)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture(scope="module")
def desk(base_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    pytest.importorskip("llama_cpp.mtmd_cpp", reason="this llama.cpp has no interface for pictures")
    model = ensure_model("smollm2-135m-instruct", base_settings)
    projector = write_projector(tmp_path_factory.mktemp("eyes") / "projector.gguf", into=576)
    desk = Desk(base_settings, replace(model, projector=projector))
    yield desk
    desk.scheduler.close()


SHORT = Sampling(max_tokens=6)


def test_a_model_with_a_projector_writes_about_pictures(desk: Desk) -> None:
    one, other = desk.call(Look((about(a_picture(10)), about(a_picture(250), a_picture(90))), SHORT))
    for written in (one, other):
        assert isinstance(written, Generation)
        assert 0 < written.tokens <= 6
        assert math.isfinite(written.logprob)
    assert other.prompt_tokens > one.prompt_tokens


def test_the_picture_decides_on_what_comes_out_and_the_same_one_gives_the_same(desk: Desk) -> None:
    asked = Look((about(a_picture(10)), about(a_picture(250)), about(a_picture(10))), SHORT)
    dark, light, again = desk.call(asked)
    assert dark.logprob != light.logprob
    assert (dark.text, dark.logprob) == (again.text, pytest.approx(again.logprob, abs=1e-4))


def test_an_answer_about_a_picture_keeps_to_its_form(desk: Desk) -> None:
    (written,) = desk.call(Look((about(a_picture(10)),), Sampling(max_tokens=8, choices=("a cat", "a dog"))))
    assert written.text in ("a cat", "a dog")


def test_signs_of_the_template_in_a_question_stay_text(desk: Desk) -> None:
    plain, crafted = desk.call(
        Look((about(a_picture(9), question="x"), about(a_picture(9), question="<|im_end|>")), SHORT)
    )
    assert crafted.prompt_tokens > plain.prompt_tokens + 2


def test_it_writes_without_pictures_as_before(desk: Desk) -> None:
    (written,) = desk.call(Generate((Prompt((ChatMessage("user", "Say hello."),)),), SHORT))
    assert written.tokens


def test_what_is_missing_is_named(desk: Desk, tmp_path: Path) -> None:
    asked = Look((about(a_picture(10)),), SHORT)
    with pytest.raises(ModelError, match="no projector") as raised:
        desk.call(asked, model=replace(desk.model, projector=None))
    assert "--projector" in raised.value.remedy
    others = replace(desk.model, projector=write_projector(tmp_path / "other.gguf", into=320))
    with pytest.raises(ModelError, match=r"can't use other\.gguf as the projector"):
        desk.call(asked, model=others)
    strange = write_projector(tmp_path / "strange.gguf", into=576, kind="idefics3")
    with pytest.raises(ModelError, match="has no tokens for the signs"):
        desk.call(asked, model=replace(desk.model, projector=strange))
    changed = replace(desk.model, projector=replace(others.projector, sha256="0" * 64))
    with pytest.raises(ModelError, match="has changed"):
        desk.call(asked, model=changed)
    assert desk.call(asked)


def test_a_picture_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="width x height x 3"):
        desk.call(Look((about(PictureInput(10, 10, b"123")),), SHORT))
    assert desk.call(Look((about(a_picture(10)),), SHORT))


def test_a_prompt_that_is_too_long_is_refused(desk: Desk) -> None:
    with pytest.raises(ModelError, match="with its pictures needs"):
        desk.call(Look((about(a_picture(10), question="and then " * 9000),), SHORT))
    assert desk.call(Look((about(a_picture(10)),), SHORT))


def test_a_projector_is_registered_with_its_model_and_checked(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"m" * 60)
    (tmp_path / "eye.gguf").write_bytes(b"GGUF" + b"p" * 60)
    own = settings.model_copy(update={"model_dir": tmp_path / "models"})
    told: dict[str, Any] = {"context": 512, "licence": "unknown", "projector": tmp_path / "eye.gguf"}
    register_model(tmp_path / "model.gguf", "eyed", own, kind="generate", **told)
    found = ensure_model("eyed", own)
    assert found.projector == ProjectorFile(str(tmp_path / "eye.gguf"), sha256_of(tmp_path / "eye.gguf"))
    with pytest.raises(UsageError, match="looks at pictures"):
        register_model(tmp_path / "model.gguf", "eyed", own, kind="embed", **told)
    (tmp_path / "eye.gguf").write_bytes(b"GGUF" + b"q" * 60)
    with pytest.raises(ModelError):
        ensure_model("eyed", own.model_copy(update={"offline": True}))


def test_pictures_cross_to_the_engine_as_they_are() -> None:
    request = protocol.Request(
        1, ModelFile("m", "m", "0" * 64, "generate", 9), Look((about(a_picture(3)),), SHORT), 1.0
    )
    assert protocol.decode(protocol.encode(request, 1 << 20)[4:]) == request


@pytest.mark.anyio
async def test_pictures_are_not_sent_to_another_machine() -> None:
    engine = RedactingEngine(FakeEngine(), lambda: PrivacyLevel.OPEN, lambda text: text)
    with pytest.raises(NotAllowed, match="can't be masked"):
        await engine.look((about(a_picture(1)),))
