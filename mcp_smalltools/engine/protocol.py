"""Frames between the client and the daemon: 4 bytes of length, big-endian, then one msgpack value.

    client                                  daemon
    Hello(nonce)                  ->
                                  <-        Challenge(nonce, proof of the token)
    Auth(proof of the token)      ->
                                  <-        Welcome, or Refused
    Request, Cancel, Ping, …      ->
                                  <-        Progress, Result, Failure, Pong, …

Both sides prove that they know the token, and neither sends it: on loopback TCP (Windows) another program may
listen where a daemon used to. The handshake's frames keep their meaning in every version, so that two
versions can tell each other that they differ.

Nothing in a frame is ever executed: it can hold numbers, text, bytes, arrays of four number types, and the
records of `_RECORDS`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgpack

from mcp_smalltools import errors
from mcp_smalltools.engine import api, work
from mcp_smalltools.models.download_records import AdapterFile, ProjectorFile

PROTOCOL: Final = 2
MAX_HANDSHAKE: Final = 4 << 10
"""Bytes of a frame before its sender has proved that it knows the token."""
MAX_REQUEST: Final = 64 << 20
MAX_REPLY: Final = 512 << 20

_LENGTH: Final = struct.Struct(">I")
_EXT_ARRAY, _EXT_RECORD, _EXT_JSON = 1, 2, 3
_DTYPES: Final = frozenset({"<f4", "<f8", "<i4", "<i8"})


class ProtocolError(errors.EngineError):
    """A frame that is too large, damaged or unexpected."""


@dataclass(frozen=True, slots=True)
class Hello:
    nonce: bytes
    protocol: int = PROTOCOL


@dataclass(frozen=True, slots=True)
class Challenge:
    nonce: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Auth:
    proof: bytes
    version: str  # of the program
    client: str  # its name, for `doctor`
    replace: bool = True  # an engine of another version leaves if nobody uses it


@dataclass(frozen=True, slots=True)
class Welcome:
    version: str
    pid: int


@dataclass(frozen=True, slots=True)
class Refused:
    code: str  # "token", "version"
    version: str = ""
    pid: int = 0
    leaving: bool = False  # the daemon makes room for one of the client's version
    protocol: int = 0  # the daemon's; 0 of those that don't say


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    model: work.ModelFile
    work: work.Work
    deadline_s: float  # seconds from now
    adapter: AdapterFile | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Cancel:
    id: int


@dataclass(frozen=True, slots=True)
class StatusRequest:
    id: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Asks the daemon to exit, whatever it is doing."""


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Progress:
    id: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    id: int
    value: Any
    cpu_s: float = 0.0
    """Processor seconds of the engine, and GPU seconds, that it took."""
    gpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    id: int
    code: str
    message: str
    remedy: str = field(default="")


_RECORDS: Final[Mapping[str, type[Any]]] = {
    record.__name__: record
    for record in (
        *(Hello, Challenge, Auth, Welcome, Refused),
        *(Request, Cancel, StatusRequest, Leave, Ping, Pong, Progress, Result, Failure),
        *(work.ModelFile, work.AdapterFile, ProjectorFile),
        *(work.Embed, work.Generate, work.Look, work.ScoreLabels, work.CountTokens),
        *(api.ChatMessage, api.Prompt, api.PictureInput, api.PicturePrompt, api.Sampling),
        *(api.Generation, api.Embeddings, api.TokenEmbeddings, api.LabelScores),
        *(api.LoadedModel, api.EngineStatus),
    )
}


def encode(frame: Any, limit: int) -> bytes:
    """A frame's bytes, its length in front. Raises ProtocolError if it is larger than `limit` bytes."""
    # A lone surrogate can't be encoded in UTF-8; "?" in its place keeps the offsets of what follows.
    body: bytes = msgpack.packb(frame, default=_pack, unicode_errors="replace")
    if len(body) > limit:
        raise ProtocolError(
            f"A message to the engine of {len(body) >> 20} MiB is over its limit of {limit >> 20} MiB.",
            remedy="Ask for less at once.",
        )
    return _LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Any:
    """The value that `encode` was given. Raises ProtocolError for anything else."""
    try:
        return msgpack.unpackb(body, ext_hook=_unpack, use_list=False, strict_map_key=True)
    except ProtocolError:
        raise
    except (msgpack.UnpackException, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProtocolError(f"A damaged frame: {type(error).__name__}.") from None


async def read_frame(read_exactly: Callable[[int], Awaitable[bytes]], limit: int) -> tuple[Any, int]:
    """One frame and its size in bytes. Raises ProtocolError, before reading it, if it is over `limit`."""
    (length,) = _LENGTH.unpack(await read_exactly(_LENGTH.size))
    if length > limit:
        raise ProtocolError(f"A frame of {length} bytes is over the limit of {limit}.")
    return decode(await read_exactly(length)), length


def prove(token: str, role: str, mine: bytes, theirs: bytes) -> bytes:
    """The proof of knowing the token, for a role ("engine" or "client") and the nonces of this handshake."""
    return hmac.digest(token.encode(), b"|".join((role.encode(), mine, theirs)), hashlib.sha256)


def proves(proof: bytes, token: str, role: str, theirs: bytes, mine: bytes) -> bool:
    """Whether the other side's proof holds. `theirs` and `mine` are as seen from the one who checks."""
    return isinstance(proof, bytes) and hmac.compare_digest(proof, prove(token, role, theirs, mine))


def failure(id: int, error: errors.SmallToolsError) -> Failure:
    return Failure(id, error.code, error.message, error.remedy)


def as_error(frame: Failure) -> errors.SmallToolsError:
    """The error that the daemon raised, of the same class."""
    return _by_code().get(frame.code, errors.EngineError)(frame.message, remedy=frame.remedy)


def _by_code() -> Mapping[str, type[errors.SmallToolsError]]:
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    return {item.code: item for item in classes if issubclass(item, errors.SmallToolsError)}


def _pack(value: Any) -> Any:
    name = type(value).__name__
    if _RECORDS.get(name) is type(value):
        values = {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
        packed = msgpack.packb((name, values), default=_pack, unicode_errors="replace")
        return msgpack.ExtType(_EXT_RECORD, packed)
    if name == "ndarray":
        packed = msgpack.packb((value.dtype.str, value.shape, value.tobytes()))
        return msgpack.ExtType(_EXT_ARRAY, packed)
    raise TypeError(f"{name} can't cross to the engine")


def _plain(value: Any) -> Any:
    """JSON documents cross as text: their lists must stay lists, and their keys' order counts."""
    if isinstance(value, Mapping):
        return msgpack.ExtType(_EXT_JSON, json.dumps(value).encode())
    return value


def _unpack(code: int, data: bytes) -> Any:
    if code == _EXT_RECORD:
        name, values = msgpack.unpackb(data, ext_hook=_unpack, use_list=False)
        record = _RECORDS[name]
        if not isinstance(values, dict):
            raise ProtocolError(f"A {name} without fields.")
        known = {item.name for item in dataclasses.fields(record)}
        return record(**{key: value for key, value in values.items() if key in known})
    if code == _EXT_ARRAY:
        import numpy as np

        dtype, shape, raw = msgpack.unpackb(data, use_list=False)
        if dtype not in _DTYPES:
            raise ProtocolError(f"Arrays of {dtype!r} don't cross.")
        return np.frombuffer(raw, dtype).reshape(shape)
    if code == _EXT_JSON:
        return json.loads(data)
    raise ProtocolError(f"Unknown type {code}.")
