"""llama.cpp by xllamacpp: its wheel needs no compiler, and its extension exports llama.cpp's C functions.

Records are those of its llama.cpp, as far as the engine sets their fields. One that doesn't fit gives null
pointers or wrong vectors, so the defaults that llama.cpp writes into them are checked when it is loaded, and
the encoder's vectors when the model is (`daemon/self_test.py`).
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
from collections.abc import Mapping, Sequence
from ctypes import (
    c_bool,
    c_char_p,
    c_float,
    c_int,
    c_int8,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from mcp_smalltools.engine_python import INSTANT, VERSIONS
from mcp_smalltools.errors import EngineUnavailable

_INT32_P: Final = ctypes.POINTER(c_int32)
_BYTES_P: Final = ctypes.POINTER(c_uint8)


class ModelParams(ctypes.Structure):
    """`llama_model_params`: what the engine sets of it, and room for the rest."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("devices", c_void_p),
        ("tensor_buft_overrides", c_void_p),
        ("n_gpu_layers", c_int32),
        ("split_mode", c_int),
        ("_rest", c_uint8 * 72),
    ]


class ContextParams(ctypes.Structure):
    """`llama_context_params`."""

    _fields_: ClassVar[Sequence[Any]] = [
        *((name, c_uint32) for name in ("n_ctx", "n_batch", "n_ubatch", "n_seq_max", "n_rs_seq")),
        ("n_outputs_max", c_uint32),
        ("n_outputs_max_per_seq", c_uint32),
        ("n_threads", c_int32),
        ("n_threads_batch", c_int32),
        *((name, c_int) for name in ("ctx_type", "rope_scaling_type", "pooling_type", "attention_type")),
        ("flash_attn_type", c_int),
        ("_rope", c_float * 6),
        ("yarn_orig_ctx", c_uint32),
        ("defrag_thold", c_float),
        ("cb_eval", c_void_p),
        ("cb_eval_user_data", c_void_p),
        ("type_k", c_int),
        ("type_v", c_int),
        ("abort_callback", c_void_p),
        ("abort_callback_data", c_void_p),
        ("_unnamed", c_void_p),
        *((name, c_bool) for name in ("embeddings", "offload_kqv", "no_perf", "op_offload")),
        ("swa_full", c_bool),
        ("kv_unified", c_bool),
        ("_rest", c_uint8 * 64),
    ]


class TokenBatch(ctypes.Structure):
    """`llama_batch`."""

    _fields_: ClassVar[Sequence[Any]] = [
        ("n_tokens", c_int32),
        ("token", _INT32_P),
        ("embd", ctypes.POINTER(c_float)),
        ("pos", _INT32_P),
        ("n_seq_id", _INT32_P),
        ("seq_id", ctypes.POINTER(_INT32_P)),
        ("logits", ctypes.POINTER(c_int8)),
    ]


class TurnOfChat(ctypes.Structure):
    """`llama_chat_message`."""

    _fields_: ClassVar[Sequence[Any]] = [("role", c_char_p), ("content", c_char_p)]


LogCallback: Final = ctypes.CFUNCTYPE(None, c_int, c_char_p, c_void_p)

_FUNCTIONS: Final[Mapping[str, tuple[Any, Sequence[Any]]]] = {
    "llama_adapter_lora_free": (None, [c_void_p]),
    "llama_adapter_lora_init": (c_void_p, [c_void_p, c_char_p]),
    "llama_backend_init": (None, []),
    "llama_chat_apply_template": (
        c_int32,
        [c_char_p, ctypes.POINTER(TurnOfChat), c_size_t, c_bool, c_char_p, c_int32],
    ),
    "llama_context_default_params": (ContextParams, []),
    "llama_decode": (c_int32, [c_void_p, TokenBatch]),
    "llama_free": (None, [c_void_p]),
    "llama_get_embeddings": (ctypes.POINTER(c_float), [c_void_p]),
    "llama_get_logits": (ctypes.POINTER(c_float), [c_void_p]),
    "llama_get_memory": (c_void_p, [c_void_p]),
    "llama_init_from_model": (c_void_p, [c_void_p, ContextParams]),
    "llama_log_set": (None, [LogCallback, c_void_p]),
    "llama_memory_clear": (None, [c_void_p, c_bool]),
    "llama_memory_seq_cp": (None, [c_void_p, c_int32, c_int32, c_int32, c_int32]),
    "llama_memory_seq_rm": (c_bool, [c_void_p, c_int32, c_int32, c_int32]),
    "llama_model_chat_template": (c_char_p, [c_void_p, c_char_p]),
    "llama_model_default_params": (ModelParams, []),
    "llama_model_free": (None, [c_void_p]),
    "llama_model_get_vocab": (c_void_p, [c_void_p]),
    "llama_model_load_from_file": (c_void_p, [c_char_p, ModelParams]),
    "llama_model_meta_val_str": (c_int32, [c_void_p, c_char_p, c_char_p, c_size_t]),
    "llama_model_n_ctx_train": (c_int32, [c_void_p]),
    "llama_model_n_embd": (c_int32, [c_void_p]),
    "llama_model_n_head": (c_int32, [c_void_p]),
    "llama_model_n_head_kv": (c_int32, [c_void_p]),
    "llama_model_n_layer": (c_int32, [c_void_p]),
    "llama_model_size": (c_uint64, [c_void_p]),
    "llama_print_system_info": (c_char_p, []),
    "llama_set_adapters_lora": (
        c_int32,
        [c_void_p, ctypes.POINTER(c_void_p), c_size_t, ctypes.POINTER(c_float)],
    ),
    "llama_set_n_threads": (None, [c_void_p, c_int32, c_int32]),
    "llama_state_seq_get_data": (c_size_t, [c_void_p, _BYTES_P, c_size_t, c_int32]),
    "llama_state_seq_get_size": (c_size_t, [c_void_p, c_int32]),
    "llama_state_seq_set_data": (c_size_t, [c_void_p, _BYTES_P, c_size_t, c_int32]),
    "llama_supports_gpu_offload": (c_bool, []),
    "llama_token_to_piece": (c_int32, [c_void_p, c_int32, c_char_p, c_int32, c_int32, c_bool]),
    "llama_tokenize": (c_int32, [c_void_p, c_char_p, c_int32, _INT32_P, c_int32, c_bool, c_bool]),
    "llama_vocab_eos": (c_int32, [c_void_p]),
    "llama_vocab_eot": (c_int32, [c_void_p]),
    "llama_vocab_get_attr": (c_int, [c_void_p, c_int32]),
    "llama_vocab_is_eog": (c_bool, [c_void_p, c_int32]),
    "llama_vocab_n_tokens": (c_int32, [c_void_p]),
}
_CONSTANTS: Final[Mapping[str, Any]] = {
    "LLAMA_FLASH_ATTN_TYPE_ENABLED": 1,
    "LLAMA_POOLING_TYPE_NONE": 0,
    "LLAMA_TOKEN_ATTR_CONTROL": 1 << 3,
    "LLAMA_TOKEN_ATTR_USER_DEFINED": 1 << 4,
    "llama_adapter_lora_p_ctypes": c_void_p,
    "llama_batch": TokenBatch,
    "llama_chat_message": TurnOfChat,
    "llama_log_callback": LogCallback,
}
_DEFAULTS: Final[Mapping[str, int]] = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "n_outputs_max": 0,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "type_k": 1,
    "type_v": 1,
    "embeddings": 0,
    "offload_kqv": 1,
    "no_perf": 1,
    "op_offload": 1,
    "swa_full": 1,
    "kv_unified": 0,
}
"""What llama.cpp's own defaults are, at the places where our record has them."""


def load() -> Any:
    """The functions, records and constants under the names that llama-cpp-python gives them.

    Raises EngineUnavailable if the library isn't there, or isn't the one that the records were written for.
    """
    path = _library_file()
    try:
        library = ctypes.CDLL(str(path))
        functions = {name: getattr(library, name) for name in _FUNCTIONS}
    except (OSError, AttributeError) as error:
        raise _unusable(f"it can't be used as a library ({error})") from None
    for name, (result, arguments) in _FUNCTIONS.items():
        functions[name].restype, functions[name].argtypes = result, arguments
    api = SimpleNamespace(shared_library=library, **functions, **_CONSTANTS)
    check_records(api)
    return api


def check_records(api: Any) -> None:
    """Raises EngineUnavailable where llama.cpp's defaults are not where our records have them."""
    context, model = api.llama_context_default_params(), api.llama_model_default_params()
    wrong = [name for name, value in _DEFAULTS.items() if int(getattr(context, name)) != value]
    if model.n_gpu_layers != -1 or model.split_mode != 1:
        wrong.append("n_gpu_layers")
    if wrong:
        raise _unusable(f"its records are others ({', '.join(wrong)})")


def _library_file() -> Path:
    spec = importlib.util.find_spec(INSTANT)
    if spec is None or not spec.submodule_search_locations:
        raise EngineUnavailable(
            "llama.cpp is not installed here.", remedy="Run `mcp-smalltools engine install`."
        )
    found = importlib.metadata.version(INSTANT)
    if found != VERSIONS[INSTANT]:
        raise _unusable(f"it is {found}, and not {VERSIONS[INSTANT]}")
    files = [
        file
        for folder in spec.submodule_search_locations
        for file in sorted(Path(folder).glob(f"{INSTANT}*"))
        if file.suffix in (".so", ".dylib", ".pyd")
    ]
    if not files:
        raise _unusable("its extension is missing")
    return files[0]


def _unusable(why: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"The llama.cpp of {INSTANT} can't be used: {why}.",
        remedy="Run `mcp-smalltools engine install --from-source`.",
    )
