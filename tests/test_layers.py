"""Imports point downwards only, and the command line stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mcp_smalltools

PACKAGE = Path(mcp_smalltools.__file__).parent

# Lowest first. A module may import from its own layer and from those below it.
LAYERS: list[set[str]] = [
    {"errors", "request", "result", "config", "principal", "suggest"},
    {"files", "models", "store", "ledger", "cache", "outcomes"},
    {"engine", "skills"},
    {"tools", "outgoing", "outbound"},
    {"service"},
    {"server", "clients"},
    {"evaluation"},
    {"cli", "commands"},
]


def layer_of(part: str) -> int:
    return next(number for number, parts in enumerate(LAYERS) if part in parts)


def imported_parts(tree: ast.AST) -> set[str]:
    """The parts of our package that a module imports, inside functions too; not those that only type
    checking sees.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    inside = [name.split(".") for name in names if name.startswith("mcp_smalltools.")]
    known = {part for parts in LAYERS for part in parts}
    return {name[1] for name in inside if name[1] in known}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_layer_and_below(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    above = {part for part in imported_parts(tree) if layer_of(part) > layer_of(own)}
    assert not above, f"{path.name} is in the layer of {own} and imports {above}"


def test_only_the_engine_imports_llama_cpp() -> None:
    """In the user's server process, that is: model preparation starts subprocesses of its own."""
    importers = {
        path.relative_to(PACKAGE).parts[0]
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "llama_cpp" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "llama_cpp")
    }
    assert importers <= {"engine", "models"}


@pytest.mark.parametrize("module", ["mcp_smalltools.cli", "mcp_smalltools.service"])
def test_importing_it_loads_neither_llama_cpp_nor_uvicorn(module: str) -> None:
    heavy = ["llama_cpp", "uvicorn", "starlette", "numpy", "torch"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
