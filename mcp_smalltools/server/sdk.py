"""The SDK's packages without their `__init__`, until somebody needs it.

`import mcp.server.x` runs `mcp/__init__.py` and `mcp/server/__init__.py` first, and these import the client,
its HTTP stack and the high-level server: a third of a start-up in which an agent waits for the handshake.
After `defer_packages()` their submodules are imported as ever, and each `__init__` runs when a name is asked
for that only it can give. To be called before the first import of `mcp`.
"""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_PACKAGES = ("mcp", "mcp.server")


class _DeferredPackage(ModuleType):
    """A package whose `__init__` has not run. Becomes an ordinary module when it does."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        object.__setattr__(self, "__class__", ModuleType)
        spec.loader.exec_module(self)
        return getattr(self, name)


def defer_packages() -> None:
    """Register the SDK's packages without running them. Packages that are loaded already stay as they
    are.
    """
    for name in _PACKAGES:
        if name not in sys.modules:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.submodule_search_locations is None:
                return  # the import itself says what is wrong
            sys.modules[name] = _package(spec)
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, sys.modules[name])


def _package(spec: importlib.machinery.ModuleSpec) -> ModuleType:
    module = _DeferredPackage(spec.name)
    module.__spec__ = spec
    module.__loader__ = spec.loader
    module.__package__ = spec.name
    module.__file__ = spec.origin
    module.__path__ = spec.submodule_search_locations or []
    return module


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection inside: imports make many objects and hardly any garbage. What was made is then
    left out of later collections.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
