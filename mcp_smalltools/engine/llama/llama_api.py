"""llama.cpp's C functions, as `api`: llama-cpp-python's where it is installed, else those of xllamacpp."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.engine_python import INSTANT, NATIVE


def _load() -> tuple[str, Any]:
    if importlib.util.find_spec("llama_cpp"):
        import llama_cpp

        return NATIVE, llama_cpp
    from mcp_smalltools.engine.llama import instant

    return INSTANT, instant.load()


LIBRARY, api = _load()  # raises EngineUnavailable
NATIVE_LIBRARY: Final = LIBRARY == NATIVE


def ggml() -> Any:
    """ggml's shared library, whose interface llama-cpp-python doesn't wrap."""
    if not NATIVE_LIBRARY:
        return api.shared_library
    from llama_cpp import _ggml

    return _ggml.libggml


def backend_registry() -> tuple[Any, Path] | None:
    """The library that knows the backends, and the folder that may hold them; None where all are built in."""
    if not NATIVE_LIBRARY:
        return None
    from llama_cpp import llama_cpp as low_level
    from llama_cpp._ctypes_extensions import load_shared_library

    library, folder = low_level._lib, low_level._base_path
    if not hasattr(library, "ggml_backend_reg_count"):  # Windows doesn't look into what the library needs
        library = load_shared_library("ggml", folder)
    return library, folder


def has_symbol(name: str) -> bool:
    """Whether the library, or one that it needs, exports this name."""
    return hasattr(api.llama_cpp._lib if NATIVE_LIBRARY else api.shared_library, name)


def tokenize_address() -> int | None:
    """The address of `llama_tokenize`, for libraries that call it themselves."""
    import ctypes

    function = api.shared_library.llama_tokenize if not NATIVE_LIBRARY else api.llama_cpp._lib.llama_tokenize
    return ctypes.cast(function, ctypes.c_void_p).value
