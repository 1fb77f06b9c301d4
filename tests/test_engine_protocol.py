"""Frames between client and daemon: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.engine import api, protocol, work
from mcp_smalltools.errors import EngineBusy, EngineError
from mcp_smalltools.models.download_records import AdapterFile, ModelFile

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
MODEL = st.builds(
    ModelFile, TEXT, TEXT, TEXT, st.sampled_from(["embed", "generate"]), st.integers(1, 9999), TEXT
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SCHEMA = st.dictionaries(TEXT, JSON, min_size=1, max_size=4)
PROMPT = st.builds(
    api.Prompt,
    st.lists(st.builds(api.ChatMessage, st.just("user"), TEXT), max_size=3).map(tuple),
    st.just(1),
    TEXT,
)
WORK = st.one_of(
    st.builds(work.Embed, st.lists(TEXT, max_size=5).map(tuple), st.booleans()),
    st.builds(work.CountTokens, st.lists(TEXT, max_size=5).map(tuple)),
    st.builds(
        work.Generate,
        st.lists(PROMPT, max_size=3).map(tuple),
        st.builds(api.Sampling, max_tokens=st.integers(1, 99), schema=st.none() | SCHEMA),
    ),
    st.builds(
        work.ScoreLabels, st.lists(PROMPT, max_size=3).map(tuple), st.lists(TEXT, max_size=3).map(tuple)
    ),
)
REQUEST = st.builds(
    protocol.Request,
    st.integers(1, 2**31),
    MODEL,
    WORK,
    st.floats(0, 1e6),
    st.none() | st.builds(AdapterFile, TEXT, TEXT, TEXT),
    st.integers(-5, 5),
)


def read(data: bytes, limit: int = 1 << 20) -> object:
    """The first frame of a stream."""

    async def take() -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return (await protocol.read_frame(reader.readexactly, limit))[0]

    return asyncio.run(take())


@given(REQUEST)
@budget(deadline=None)
def test_a_request_arrives_as_it_was_sent(request: protocol.Request) -> None:
    assert read(protocol.encode(request, 1 << 20)) == request


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=12), st.sampled_from(["<f4", "<f8"]))
def test_an_array_arrives_with_its_type_and_shape(values: list[float], dtype: str) -> None:
    array = np.array(values, dtype).reshape(-1, 1)
    result = protocol.decode(protocol.encode(protocol.Result(1, api.Embeddings(array)), 1 << 20)[4:])
    assert result.value.vectors.dtype == np.dtype(dtype)
    assert np.array_equal(result.value.vectors, array)


def test_a_schema_keeps_its_lists_and_the_order_of_its_keys() -> None:
    schema = {"z": [1, 2], "a": {"enum": ["b", None]}}
    sent = work.Generate((), api.Sampling(schema=schema))
    assert list(protocol.decode(protocol.encode(sent, 1 << 20)[4:]).sampling.schema.items()) == list(
        schema.items()
    )


def test_a_text_that_is_no_unicode_crosses_with_its_length_kept() -> None:
    sent = work.Embed(("a\udc80b",), False)
    assert protocol.decode(protocol.encode(sent, 1 << 20)[4:]).texts == ("a?b",)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_they_are_a_value_or_a_protocol_error(data: bytes) -> None:
    with suppress(protocol.ProtocolError):
        protocol.decode(data)


@given(REQUEST, st.data())
@budget(deadline=None, max_examples=50)
def test_a_damaged_frame_is_a_protocol_error_or_other_plain_values(
    request: protocol.Request, data: st.DataObject
) -> None:
    body = bytearray(protocol.encode(request, 1 << 20)[4:])
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    with suppress(protocol.ProtocolError):
        protocol.decode(bytes(body))


@pytest.mark.parametrize("dtype", ["|O", "<U4", "|V8"])
def test_only_arrays_of_numbers_cross(dtype: str) -> None:
    import msgpack

    packed = msgpack.packb((dtype, (1,), b"12345678"))
    with pytest.raises(protocol.ProtocolError, match="don't cross"):
        protocol.decode(msgpack.packb(msgpack.ExtType(1, packed)))


def test_a_record_that_is_not_listed_is_refused_both_ways() -> None:
    import msgpack

    with pytest.raises(TypeError, match="can't cross"):
        protocol.encode(EngineBusy("x"), 1 << 20)
    packed = msgpack.packb(("Popen", {"args": ["true"]}))
    with pytest.raises(protocol.ProtocolError):
        protocol.decode(msgpack.packb(msgpack.ExtType(2, packed)))


def test_a_frame_over_the_limit_is_refused_before_it_is_read_and_before_it_is_sent() -> None:
    with pytest.raises(protocol.ProtocolError, match="over the limit"):
        read(struct.pack(">I", 1 << 30))
    with pytest.raises(protocol.ProtocolError, match="over its limit"):
        protocol.encode(work.Embed(("x" * 100,), False), 50)


def test_a_proof_holds_for_its_role_token_and_nonces_only() -> None:
    proof = protocol.prove("token", "client", b"a", b"b")
    assert protocol.proves(proof, "token", "client", b"a", b"b")
    assert not protocol.proves(proof, "token", "engine", b"a", b"b")
    assert not protocol.proves(proof, "other", "client", b"a", b"b")
    assert not protocol.proves(proof, "token", "client", b"b", b"a")
    assert not protocol.proves("text", "token", "client", b"a", b"b")  # type: ignore[arg-type]


def test_an_error_arrives_as_the_class_that_was_raised_and_an_unknown_one_as_an_engine_error() -> None:
    error = protocol.as_error(protocol.failure(1, EngineBusy("The queue is full.", remedy="Wait.")))
    assert isinstance(error, EngineBusy)
    assert (error.message, error.remedy) == ("The queue is full.", "Wait.")
    assert type(protocol.as_error(protocol.Failure(1, "of_the_future", "x"))) is EngineError
