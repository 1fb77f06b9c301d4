"""Imports point downwards only, in the large folders too; names are used once; the command line is light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import pytest
from structure import PACKAGE, Structure, first_sentence

STRUCTURE = Structure(PACKAGE)

# Lowest first. A module may import from its own layer and from those below it.
LAYERS: Sequence[set[str]] = (
    {
        *("level", "errors", "request", "result", "suggest", "principal", "config", "processes"),
        *("private_files", "metering", "engine_python"),
    },
    {"stores", "files", "models", "text"},
    {"calibration", "skills", "engine", "economics", "pictures"},
    {"privacy", "logs"},
    {"tools"},
    {"workers"},
    {"service"},
    {"server", "clients", "evaluation", "hooks"},
    {"learning", "doctor", "discovery"},
    {"dashboard"},
    {"cli", "__main__", "commands"},
)
LAYERS_INSIDE: dict[str, Sequence[set[str]]] = {
    "logs": (
        {"keys", "message", "statements", "headers"},
        {"lines", "judge", "folding"},
        {"counting"},
        {"templates"},
    ),
    "engine": (
        {"api", "work", "protocol", "endpoint", "word_pieces"},
        {"llama", "client", "environment", "http", "fair_queue"},
        {"generation"},
        {"daemon"},
        {"with_model", "forwarding", "make", "testing"},
    ),
    "tools": (
        {"meant"},
        {"base"},
        {"picture_answers"},
        {"similarity", "open_files", "span_reader"},
        {
            *("ask_file", "classify", "extract", "find_failure", "find_files"),
            *("parse_log", "read_redacted", "report_outcome", "summarize_file"),
        },
        {"own", "registry", "built_in"},
    ),
}
CLASSES_OF_ONE_NAME: dict[str, str] = {
    "Evidence": "of two tools' answers: agents read the same word for the same thing",
    "Export": "of two tools' answers: agents read the same word for the same thing",
}
"""Names of classes that stand in two modules, each with the reason."""


def layer_of(name: str, layers: Sequence[set[str]]) -> int:
    return next(number for number, parts in enumerate(layers) if name in parts)


def parts_of(module: str, folder: str = "") -> str:
    """The first part of a module's name below a folder."""
    return module.removeprefix(f"{folder}." if folder else "").split(".")[0]


@pytest.mark.parametrize("module", [name for name in STRUCTURE.trees if name])
def test_a_module_imports_only_from_its_own_layer_and_below(module: str) -> None:
    own = layer_of(parts_of(module), LAYERS)
    above = {name for name in STRUCTURE.imports[module] if name and layer_of(parts_of(name), LAYERS) > own}
    assert not above, f"{module} imports {above}"


@pytest.mark.parametrize("folder", LAYERS_INSIDE)
def test_inside_a_large_folder_imports_point_downwards_too(folder: str) -> None:
    layers = LAYERS_INSIDE[folder]
    upwards = [
        (module, name)
        for module in STRUCTURE.trees
        if module.startswith(f"{folder}.")
        for name in STRUCTURE.imports[module]
        if name.startswith(f"{folder}.")
        and layer_of(parts_of(name, folder), layers) > layer_of(parts_of(module, folder), layers)
    ]
    assert not upwards


def test_tools_do_not_use_each_other() -> None:
    folders = {name.split(".")[1] for name in STRUCTURE.trees if re.fullmatch(r"tools\.\w+\.tool", name)}
    pairs = {
        (module.split(".")[1], name.split(".")[1])
        for module, names in STRUCTURE.imports.items()
        for name in names
        if module.startswith("tools.") and name.startswith("tools.")
    }
    assert len(folders) > 5
    assert not {(one, other) for one, other in pairs if one != other and {one, other} <= folders}


def test_no_modules_import_each_other() -> None:
    assert STRUCTURE.circles() == []


def test_a_class_name_stands_in_one_module() -> None:
    assert STRUCTURE.repeated_classes().keys() == CLASSES_OF_ONE_NAME.keys()


def test_rooms_stay_small_and_file_names_tell_where_one_is() -> None:
    assert len(STRUCTURE.repeated_files()) <= 10
    assert STRUCTURE.largest_folder()[1] <= 14
    assert STRUCTURE.long_functions() == []


def test_a_package_that_lists_its_modules_lists_all_of_them() -> None:
    assert STRUCTURE.wrongly_listed() == {}


def test_each_module_says_what_it_does() -> None:
    assert [name for name, tree in STRUCTURE.trees.items() if not first_sentence(tree)] == []


def test_every_module_that_a_text_names_exists() -> None:
    """Processes are started, and modules loaded late, by name: no import would show that one has moved."""
    texts = [
        (module, node.value)
        for module, tree in STRUCTURE.trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {(module, text) for module, text in texts if re.fullmatch(r"mcp_smalltools(\.[a-z_]+)+", text)}
    scope_keys = {f"mcp_smalltools.{key}" for key in ("principal", "disconnected", "in_call")}
    no_modules = scope_keys | {"mcp_smalltools.engine"}  # the name of a logger
    missing = {(module, text) for module, text in named if text not in no_modules and not find_spec(text)}
    assert named
    assert not missing


def test_only_the_engine_imports_llama_cpp() -> None:
    """In the user's server process, that is: model preparation starts subprocesses of its own."""
    importers = {
        parts_of(module)
        for module, tree in STRUCTURE.trees.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "llama_cpp" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "llama_cpp")
    }
    assert importers <= {"engine", "models"}


def test_no_module_uses_pickle() -> None:
    """Reading a pickle can run any code: our processes speak msgpack, and files hold plain numbers."""
    names = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}

    def uses_it(node: ast.AST) -> bool:
        match node:
            case ast.Import(names=aliases):
                return any(alias.name.split(".")[0] in names for alias in aliases)
            case ast.ImportFrom(module=str(module)):
                return module.split(".")[0] in names
            case ast.keyword(arg="allow_pickle", value=value):
                return ast.unparse(value) != "False"
        return False

    assert not {
        module for module, tree in STRUCTURE.trees.items() for node in ast.walk(tree) if uses_it(node)
    }


@pytest.mark.parametrize("module", ["mcp_smalltools.cli", "mcp_smalltools.service"])
def test_importing_it_loads_neither_llama_cpp_nor_uvicorn(module: str) -> None:
    heavy = ["llama_cpp", "uvicorn", "starlette", "numpy", "torch"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_module_asks_a_writer() -> None:
    """Whoever adds one asks `context.writer`, which is in the key of the answer cache."""
    calls = {
        (module, node.func.attr)
        for module, tree in STRUCTURE.trees.items()
        if parts_of(module) in {"tools", "service", "skills", "logs", "text"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {name for _, name in calls} >= {"embed", "embed_tokens"}
    generating = {"generate", "score_labels", "count_tokens"}
    asking = {call for call in calls if call[1] in generating}
    assert asking == {("tools.extract.writing.ask_writer", "generate")}
