"""llama.cpp's multimodal interface (libmtmd): a model's projector, and prompts with pictures in them.

Only processes of the engine import this module. The interface comes with llama-cpp-python alone: the
library of xllamacpp doesn't export it.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcp_smalltools.engine.api import PictureInput
from mcp_smalltools.engine.llama.bindings import Context, Model
from mcp_smalltools.engine.llama.llama_api import NATIVE_LIBRARY, api
from mcp_smalltools.errors import EngineUnavailable, ModelError, UsageError

Part = tuple[str, bool] | PictureInput
"""Of a prompt: a text with whether its special tokens count (they do in the chat template's own), or a
picture.
"""


class Projector:
    """Turns pictures into what one model reads in place of tokens."""

    def __init__(self, model: Model, path: str, threads: int) -> None:
        """Raises EngineUnavailable without the interface, ModelError for a file that doesn't fit."""
        self.interface = _interface()
        params = self.interface.mtmd_context_params_default()
        params.use_gpu = bool(api.llama_supports_gpu_offload())
        params.print_timings = params.warmup = False
        params.n_threads = threads
        self.pointer = self.interface.mtmd_init_from_file(path.encode(), model.pointer, params)
        if not self.pointer:
            raise ModelError(
                f"llama.cpp can't use {Path(path).name} as the projector of {Path(model.path).name}.",
                remedy="Name the projector (mmproj) that was published with the model.",
            )
        if not self.interface.mtmd_support_vision(self.pointer):
            self.close()
            raise ModelError(
                f"{Path(path).name} is a projector, but not of pictures.",
                remedy="Name the projector (mmproj) of a model that looks at pictures.",
            )

    def close(self) -> None:
        if self.pointer:
            self.interface.mtmd_free(self.pointer)
            self.pointer = None


class PicturePieces:
    """A prompt as the model is given it: pieces of text and of pictures, one after the other."""

    def __init__(self, projector: Projector, parts: Sequence[Part]) -> None:
        """Raises UsageError for pictures that the projector can't take."""
        self._projector = projector
        mtmd = projector.interface
        self._pointer = mtmd.mtmd_input_chunks_init()
        pictures = [_bitmap(mtmd, part) for part in parts if isinstance(part, PictureInput)]
        try:
            given = _as_given(mtmd, parts, pictures)
            failed = mtmd.mtmd_tokenize_from_parts(projector.pointer, self._pointer, given, len(parts), False)
        finally:
            for picture in pictures:
                mtmd.mtmd_bitmap_free(picture)
        if failed:
            self.close()
            raise UsageError("The model can't take this picture.", remedy="Give it smaller, as RGB.")
        if self._has_unknown_tokens():
            self.close()
            raise ModelError(
                "The model has no tokens for the signs that its projector puts around pictures.",
                remedy="Name the projector (mmproj) that was published with the model.",
            )

    def __len__(self) -> int:
        return int(self._projector.interface.mtmd_input_chunks_size(self._pointer))

    @property
    def tokens(self) -> int:
        """Cells of the model's memory that all pieces take."""
        return int(self._projector.interface.mtmd_helper_get_n_tokens(self._pointer))

    def _has_unknown_tokens(self) -> bool:
        """llama.cpp ends its process where it is given one."""
        mtmd = self._projector.interface
        for number in range(len(self)):
            piece, count = mtmd.mtmd_input_chunks_get(self._pointer, number), ctypes.c_size_t()
            if mtmd.mtmd_input_chunk_get_type(piece) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                tokens = mtmd.mtmd_input_chunk_get_tokens_text(piece, ctypes.byref(count))
                if any(tokens[place] < 0 for place in range(count.value)):
                    return True
        return False

    def evaluate(self, number: int, context: Context, position: int) -> int:
        """Have the model read one piece in its first sequence; the position after it. What the last piece
        leaves is in the context's only row of logits. Raises ModelError.
        """
        mtmd = self._projector.interface
        piece = mtmd.mtmd_input_chunks_get(self._pointer, number)
        after = ctypes.c_int32(position)
        is_last = number == len(self) - 1
        failed = mtmd.mtmd_helper_eval_chunk_single(
            *(self._projector.pointer, context.pointer, piece, position, 0),
            *(context.batch.capacity, is_last, ctypes.byref(after)),
        )
        if failed:
            raise ModelError(
                f"llama.cpp failed on a picture (code {failed}).", remedy="Try again, with a smaller picture."
            )
        return after.value

    def close(self) -> None:
        if self._pointer:
            self._projector.interface.mtmd_input_chunks_free(self._pointer)
            self._pointer = None


def _bitmap(mtmd: Any, picture: PictureInput) -> Any:
    if len(picture.rgb) != picture.width * picture.height * 3 or not picture.rgb:
        raise UsageError(
            "A picture's bytes are not its width x height x 3.", remedy="Give rows of RGB, 8 bits each."
        )
    data = (ctypes.c_uint8 * len(picture.rgb)).from_buffer_copy(picture.rgb)
    return mtmd.mtmd_bitmap_init(picture.width, picture.height, data)


def _as_given(mtmd: Any, parts: Sequence[Part], pictures: Sequence[Any]) -> Any:
    """The parts as an array of pointers to the library's records, which it keeps alive."""
    left = iter(pictures)
    given = (ctypes.POINTER(mtmd.mtmd_input_part) * len(parts))()
    for number, part in enumerate(parts):
        record = mtmd.mtmd_input_part()
        if isinstance(part, PictureInput):
            record.bitmap = next(left)
        else:
            text, special = part[0].encode("utf-8", errors="replace"), part[1]
            record.text = ctypes.pointer(mtmd.mtmd_input_text(text, len(text), False, special))
        given[number] = ctypes.pointer(record)
    return given


@functools.cache
def _interface() -> Any:
    """llama-cpp-python's module of it, kept from writing to stderr. Raises EngineUnavailable."""
    if NATIVE_LIBRARY:
        try:
            from llama_cpp import mtmd_cpp
        except (ImportError, OSError, RuntimeError, AttributeError):
            raise _missing() from None
        silent = api.llama_log_callback(lambda level, text, data: None)
        mtmd_cpp.mtmd_log_set(silent, ctypes.c_void_p(0))
        mtmd_cpp.mtmd_helper_log_set(silent, ctypes.c_void_p(0))
        _KEPT.append(silent)
        return mtmd_cpp
    raise _missing()


_KEPT: list[Any] = []
"""What llama.cpp holds only a pointer to."""


def _missing() -> EngineUnavailable:
    return EngineUnavailable(
        "This llama.cpp has no interface for pictures (libmtmd).",
        remedy="Run `mcp-smalltools engine install --from-source`.",
    )
