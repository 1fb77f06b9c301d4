"""Imports the SDK's submodules without running the `__init__` of its packages, for a quick handshake.

`import mcp.server.x` runs `mcp/__init__.py` and `mcp/server/__init__.py` first. These import the client, its
HTTP stack and the high-level server, which is a third of the start-up. After `defer_packages()` submodules
are imported as usual, and each `__init__` runs when a name is needed that only it defines. Call it before
the first import of `mcp`.
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
    """Register the SDK's packages without running them. Packages that are already loaded are left alone."""
    for name in _PACKAGES:
        if name not in sys.modules:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.submodule_search_locations is None:
                return  # the import itself will fail, with its reason
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
    """Run the block without garbage collection, since imports make many objects and hardly any garbage. The
    objects made are left out of later collections, too.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
