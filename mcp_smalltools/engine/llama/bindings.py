"""llama.cpp's low-level interface as three small classes: Model, Context, Batch.

Only processes of the engine import this module: llama.cpp aborts on a failed assertion, and no handler sees
that. Arrays are passed as numpy views, since filling ctypes arrays in a loop costs more than a step of a
small model.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from mcp_smalltools.engine.llama.llama_api import api, backend_registry, has_symbol, tokenize_address
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.download_records import AdapterFile

MAX_ADAPTERS: Final = 16
"""Adapters of one model that are held in memory."""

if TYPE_CHECKING:
    from llguidance import LLTokenizer

Tokens = NDArray[np.int32]
_BYTES = ctypes.POINTER(ctypes.c_uint8)
_INT32 = ctypes.POINTER(ctypes.c_int32)
_STREAMS_AT: Final = 8  # bytes of magic and sequence before the number of streams in a state


@functools.cache
def load_library() -> None:
    """Initialise llama.cpp once, and keep it from writing to stderr."""

    @api.llama_log_callback  # type: ignore[untyped-decorator]
    def silent(level: int, text: bytes, data: Any) -> None:
        pass

    load_library.keep = silent  # type: ignore[attr-defined]  # llama.cpp holds only a pointer to it
    api.llama_log_set(silent, ctypes.c_void_p(0))
    api.llama_backend_init()
    if (found := backend_registry()) is not None:
        load_backends(*found)


def load_backends(ggml: Any, folder: Path) -> None:
    """Load the backends that suit this machine best, of a build that has them in files of their own.

    Such a build (GGML_BACKEND_DL) runs on every processor, and fast on each. llama.cpp looks for these files
    beside the program that runs, which is Python; they are in `folder`.
    """
    ggml.ggml_backend_reg_count.restype = ctypes.c_size_t
    if ggml.ggml_backend_reg_count() == 0:
        ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
        ggml.ggml_backend_load_all_from_path.restype = None
        ggml.ggml_backend_load_all_from_path(str(folder).encode())


def backend_name() -> str:
    """What runs the model, such as "CPU AVX512 AVX512_BF16" or "CUDA"; without what isn't used for safety."""
    load_library()
    info = _system_info()
    devices = [name for name in ("CUDA", "Metal", "ROCm", "Vulkan", "SYCL") if name.upper() in info.upper()]
    best = ("AMX_INT8", "AVX512_BF16", "AVX512", "AVX2", "AVX", "NEON")
    unused = () if lays_out_safely() else ("AMX_INT8",)
    cpu = [name for name in best if f"{name} = 1" in info and name not in unused][:2]
    return " ".join([*devices, "CPU", *cpu])


def _system_info() -> str:
    return str(api.llama_print_system_info().decode(errors="replace"))


def lays_out_safely() -> bool:
    """Whether llama.cpp may lay weights out anew for this processor, which reads prompts faster.

    Not for Intel's AMX, unless it was compiled with `amx_tiles.h`: else the process may end.
    """
    return "AMX_INT8 = 1" not in _system_info() or has_symbol("smalltools_amx_tiles")


class Model:
    """Weights and vocabulary of one GGUF file. Raises ModelError if llama.cpp can't load it."""

    def __init__(self, path: str, *, gpu_layers: int = 0) -> None:
        load_library()
        params = api.llama_model_default_params()
        params.n_gpu_layers = gpu_layers if api.llama_supports_gpu_offload() else 0
        if not lays_out_safely():
            params.use_extra_bufts = False
        self._pointer = api.llama_model_load_from_file(str(path).encode(), params)
        if not self._pointer:
            raise ModelError(
                f"llama.cpp can't load {Path(path).name}.",
                remedy="Run `mcp-smalltools models verify`; a damaged file is removed and fetched again.",
            )
        self.path = path
        self.vocab = api.llama_model_get_vocab(self._pointer)
        self.vocab_size: int = api.llama_vocab_n_tokens(self.vocab)
        self.dim: int = api.llama_model_n_embd(self._pointer)
        self.context_trained: int = api.llama_model_n_ctx_train(self._pointer)
        self.bytes: int = api.llama_model_size(self._pointer)
        self._adapters: dict[AdapterFile, Any] = {}

    @property
    def pointer(self) -> Any:
        return self._pointer

    @functools.cached_property
    def cell_bytes(self) -> int:
        """Bytes of the key-value cache for one token at 16 bits."""
        heads = max(1, api.llama_model_n_head(self._pointer))
        head_dim = self.dim // heads
        kv_heads = max(1, api.llama_model_n_head_kv(self._pointer))
        return int(api.llama_model_n_layer(self._pointer) * kv_heads * head_dim * 2 * 2)

    @functools.cached_property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer."""
        return frozenset(t for t in range(self.vocab_size) if api.llama_vocab_is_eog(self.vocab, t))

    @functools.cached_property
    def end_of_turn(self) -> int:
        turn = int(api.llama_vocab_eot(self.vocab))
        return turn if turn >= 0 else int(api.llama_vocab_eos(self.vocab))

    @functools.cached_property
    def pieces(self) -> list[bytes]:
        """The bytes of each token of the vocabulary; control tokens are empty."""
        buffer = ctypes.create_string_buffer(512)
        pieces = []
        for token in range(self.vocab_size):
            n = api.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
            pieces.append(buffer.raw[:n] if n > 0 else b"")
        return pieces

    def guided_tokenizer(self) -> LLTokenizer:
        """The vocabulary as llguidance wants it. Takes about a second."""
        from llguidance import LLTokenizer

        tokens = []
        buffer = ctypes.create_string_buffer(16 << 10)
        for token in range(self.vocab_size):
            n = api.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, True)
            piece, kind = buffer.raw[: max(0, n)], api.llama_vocab_get_attr(self.vocab, token)
            special = kind & api.LLAMA_TOKEN_ATTR_CONTROL or (
                kind & api.LLAMA_TOKEN_ATTR_USER_DEFINED and piece[:1] + piece[-1:] == b"<>"
            )
            tokens.append(b"\xff" + piece if special else piece)
        made: LLTokenizer = LLTokenizer.from_llamacpp(  # type: ignore[attr-defined]
            tokens=tokens,
            vocab_ptr=self.vocab,
            tokenize_fptr=tokenize_address(),
            eos_token=self.end_of_turn,
            slices=None,
        )
        return made

    def tokenize(self, text: str, *, add_special: bool = False, parse_special: bool = False) -> Tokens:
        """Token ids, shape (n,), int32.

        With `parse_special`, text such as `<|im_end|>` becomes a control token: never use it for text of
        others.
        """
        data = text.encode("utf-8", errors="replace")
        out = np.empty(len(data) + 4, dtype=np.int32)
        n = api.llama_tokenize(
            self.vocab, data, len(data), out.ctypes.data_as(_INT32), len(out), add_special, parse_special
        )
        if n < 0:
            out = np.empty(-n, dtype=np.int32)
            n = api.llama_tokenize(
                self.vocab, data, len(data), out.ctypes.data_as(_INT32), len(out), add_special, parse_special
            )
        return out[:n].copy()

    def text(self, tokens: Sequence[int]) -> bytes:
        pieces = self.pieces
        return b"".join(pieces[token] for token in tokens)

    def meta(self, key: str) -> str | None:
        buffer = ctypes.create_string_buffer(1 << 16)
        n = api.llama_model_meta_val_str(self._pointer, key.encode(), buffer, len(buffer))
        return buffer.value.decode(errors="replace") if n >= 0 else None

    def chat(self, messages: Sequence[tuple[str, str]], *, answer: bool) -> str:
        """Messages (role, content) in the model's chat template; `answer` opens the assistant's turn."""
        array = (api.llama_chat_message * len(messages))(
            *(api.llama_chat_message(role=r.encode(), content=c.encode()) for r, c in messages)
        )
        template = api.llama_model_chat_template(self._pointer, None) or b"chatml"
        size = 256 + 2 * sum(len(r) + len(c.encode()) for r, c in messages)
        for _ in range(2):
            buffer = ctypes.create_string_buffer(size)
            n = api.llama_chat_apply_template(template, array, len(messages), answer, buffer, size)
            if n < 0:
                template = b"chatml"  # a template that llama.cpp doesn't know
                continue
            if n <= size:
                return buffer.raw[:n].decode(errors="replace")
            size = n
        raise ModelError(
            f"The chat template of {Path(self.path).name} can't be used.",
            remedy="Choose another model with generate_model.",
        )

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of the adapters in memory, the latest used last."""
        return tuple(file.name for file in tuple(self._adapters))  # a copy: asked from other threads too

    def adapter(self, file: AdapterFile) -> Any:
        """A LoRA adapter over this model, in memory. The one least recently used makes room."""
        pointer = self._adapters.pop(file, None)
        if pointer is None:
            pointer = api.llama_adapter_lora_init(self._pointer, file.path.encode())
        if not pointer:
            raise ModelError(
                f"llama.cpp can't load the adapter {file.name}.",
                remedy="It belongs to another base model or is damaged: `mcp-smalltools models verify`.",
            )
        self._adapters[file] = pointer
        if len(self._adapters) > MAX_ADAPTERS:
            oldest = next(iter(self._adapters))
            api.llama_adapter_lora_free(self._adapters.pop(oldest))
        return pointer

    def close(self) -> None:
        if self._pointer:
            api.llama_model_free(self._pointer)  # frees its adapters too
            self._pointer = None


class Batch:
    """Tokens of one step, in arrays that llama.cpp reads without a copy."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.token = np.zeros(capacity, dtype=np.int32)
        self.pos = np.zeros(capacity, dtype=np.int32)
        self.seq = np.zeros(capacity, dtype=np.int32)
        self.wanted = np.zeros(capacity, dtype=np.int8)
        self._one = np.ones(capacity, dtype=np.int32)
        addresses = self.seq.ctypes.data + 4 * np.arange(capacity, dtype=np.uintp)
        self._seq_pointers = np.ascontiguousarray(addresses)
        self.struct = api.llama_batch()
        # The stubs of llama_cpp give these fields array types; at run time they are pointers.
        struct: Any = self.struct
        struct.token = self.token.ctypes.data_as(_INT32)
        struct.pos = self.pos.ctypes.data_as(_INT32)
        struct.n_seq_id = self._one.ctypes.data_as(_INT32)
        struct.seq_id = self._seq_pointers.ctypes.data_as(ctypes.POINTER(_INT32))
        struct.logits = self.wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))

    @property
    def room(self) -> int:
        return self.capacity - self.size

    def clear(self) -> None:
        self.size = 0

    def add(
        self,
        tokens: NDArray[np.int32] | Sequence[int],
        seq: int,
        start: int,
        *,
        wanted: Literal["none", "last", "all"],
    ) -> int:
        """Add tokens of a sequence from position `start`; returns the index of the first in the batch."""
        first, n = self.size, len(tokens)
        end = first + n
        self.token[first:end] = tokens
        self.pos[first:end] = np.arange(start, start + n, dtype=np.int32)
        self.seq[first:end] = seq
        self.wanted[first:end] = wanted == "all"
        if wanted == "last":
            self.wanted[end - 1] = 1
        self.size = end
        return first


class Context:
    """A key-value cache and its compute buffers over one model.

    `cells` counts tokens over all sequences, `batch_tokens` those of one step, `tokens_done` those of all
    steps so far. Raises ModelError if it doesn't fit into memory.
    """

    def __init__(
        self,
        model: Model,
        *,
        cells: int,
        sequences: int,
        batch_tokens: int,
        threads: int,
        outputs: int = 0,
        unified: bool = True,
        token_vectors: bool = False,
    ) -> None:
        params = api.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = batch_tokens
        params.n_seq_max = sequences
        params.n_outputs_max = outputs
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.kv_unified = unified
        params.no_perf = True
        if token_vectors:
            params.embeddings = True
            params.pooling_type = api.LLAMA_POOLING_TYPE_NONE
        self.model = model
        self.cells = cells
        self.batch = Batch(batch_tokens)
        self._pointer = api.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            raise ModelError(
                f"There is not enough memory for a context of {cells} tokens of {Path(model.path).name}.",
                remedy="Close other programs, or choose a smaller model.",
            )
        self._memory = api.llama_get_memory(self._pointer)
        self._adapter: AdapterFile | None = None
        self.tokens_done = 0

    @property
    def pointer(self) -> Any:
        return self._pointer

    def use_adapter(self, file: AdapterFile | None) -> None:
        """Put a LoRA adapter on, or take it off. A change makes the next step reserve the graph anew."""
        if file == self._adapter:
            return
        adapters = [] if file is None else [self.model.adapter(file)]
        pointers = (api.llama_adapter_lora_p_ctypes * len(adapters))(*adapters)
        scales = (ctypes.c_float * len(adapters))(*([] if file is None else [file.scale]))
        api.llama_set_adapters_lora(self._pointer, pointers, len(adapters), scales)
        self._adapter = file

    def decode(self) -> int:
        """Run the batch. 0: done; 1: no room in the cache. Raises ModelError on anything else."""
        self.batch.struct.n_tokens = self.batch.size
        rc = int(api.llama_decode(self._pointer, self.batch.struct))
        if rc not in (0, 1):
            raise ModelError(
                f"llama.cpp failed in a step (code {rc}).", remedy="Try again; if it stays, report it."
            )
        if rc == 0:
            self.tokens_done += self.batch.size
        return rc

    def logits(self, rows: int) -> NDArray[np.float32]:
        """A view of the wanted rows, in the batch's order, shape (rows, vocabulary); till the next step."""
        pointer = api.llama_get_logits(self._pointer)
        return np.ctypeslib.as_array(pointer, shape=(rows, self.model.vocab_size))

    def token_vectors(self, rows: int) -> NDArray[np.float32]:
        """A view of the vectors of the batch's tokens, shape (rows, dim). Valid until the next step."""
        pointer = api.llama_get_embeddings(self._pointer)
        return np.ctypeslib.as_array(pointer, shape=(rows, self.model.dim))

    def set_threads(self, threads: int) -> None:
        api.llama_set_n_threads(self._pointer, threads, threads)

    def remove(self, seq: int, start: int = 0) -> None:
        api.llama_memory_seq_rm(self._memory, seq, start, -1)

    def copy(self, source: int, target: int, end: int = -1) -> None:
        api.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def clear(self) -> None:
        api.llama_memory_clear(self._memory, False)

    def save(self, seq: int, *, streams: int = 1) -> NDArray[np.uint8]:
        """The state of a sequence, bytes, for a cache with that many streams (this one must have one).

        llama.cpp writes magic, sequence, number of streams, then for each stream its cells; and refuses a
        state with another number of streams. A sequence has cells in one stream only: the others are empty.
        """
        size = api.llama_state_seq_get_size(self._pointer, seq)
        extra = 4 * (streams - 1)
        data = np.empty(size + extra, dtype=np.uint8)
        api.llama_state_seq_get_data(self._pointer, data.ctypes.data_as(_BYTES), size, seq)
        if streams > 1:
            data[_STREAMS_AT : _STREAMS_AT + 4].view(np.uint32)[0] = streams
            data[size:] = 0
        return data

    def restore(self, seq: int, data: NDArray[np.uint8]) -> bool:
        """Put a saved state into an empty sequence; False if it doesn't fit this cache."""
        return bool(api.llama_state_seq_set_data(self._pointer, data.ctypes.data_as(_BYTES), len(data), seq))

    def close(self) -> None:
        if self._pointer:
            api.llama_free(self._pointer)
            self._pointer = None
