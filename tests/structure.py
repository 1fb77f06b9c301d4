"""The package's structure, measured from its sources; `test_layers.py` holds it.

python tests/structure.py                              in figures
python tests/structure.py map mcp_smalltools/engine    what each module below a folder does
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mcp_smalltools"
LONG_FUNCTION = 60


@dataclass(frozen=True)
class Structure:
    """The modules of a package by their dotted name below it, as syntax trees."""

    package: Path

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        return {
            self._name(path): ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(self.package.rglob("*.py"))
        }

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.package).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def imports(self) -> Mapping[str, frozenset[str]]:
        """The modules that each module imports, inside functions and for type checking too."""
        return {
            name: frozenset(part for part in self._imported(tree) if part != name)
            for name, tree in self.trees.items()
        }

    def _imported(self, tree: ast.Module) -> Iterator[str]:
        prefix = f"{self.package.name}."
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                if name.startswith(prefix):
                    inside = name.removeprefix(prefix)
                    yield inside if inside in self.trees else inside.rpartition(".")[0]

    def circles(self) -> list[list[str]]:
        """The sets of two or more modules that import each other (Tarjan's strongly connected components)."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        found: list[list[str]] = []

        def visit(name: str) -> None:
            index[name] = low[name] = len(index)
            stack.append(name)
            for other in sorted(self.imports.get(name, ())):
                if other not in index:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in stack:
                    low[name] = min(low[name], index[other])
            if low[name] == index[name]:
                component = stack[stack.index(name) :]
                del stack[stack.index(name) :]
                if len(component) > 1:
                    found.append(sorted(component))

        sys.setrecursionlimit(10_000)
        for name in self.trees:
            if name not in index:
                visit(name)
        return sorted(found)

    def repeated_classes(self) -> dict[str, list[str]]:
        """Names of classes that two or more modules define, with these modules."""
        homes = defaultdict(list)
        for name, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(name)
        return {name: modules for name, modules in sorted(homes.items()) if len(modules) > 1}

    def repeated_files(self) -> dict[str, list[str]]:
        """Names of files that are used twice or more, `__init__`, `tool` and `answer` aside."""
        homes = defaultdict(list)
        for path in sorted(self.package.rglob("*.py")):
            if path.stem not in {"__init__", "tool", "answer"}:
                homes[path.name].append(str(path.relative_to(self.package).parent))
        return {name: folders for name, folders in sorted(homes.items()) if len(folders) > 1}

    def largest_folder(self) -> tuple[str, int]:
        """The folder with the most modules, `__init__` aside, and their number."""
        counts = Counter(
            str(path.relative_to(self.package).parent)
            for path in self.package.rglob("*.py")
            if path.name != "__init__.py"
        )
        return counts.most_common(1)[0]

    def long_functions(self) -> list[tuple[str, int]]:
        """Functions of more lines than `LONG_FUNCTION`, decorators aside, with their number of lines."""
        return [
            (f"{name}.{node.name}", length)
            for name, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (length := (node.end_lineno or 0) - node.lineno + 1) > LONG_FUNCTION
        ]

    def wrongly_listed(self) -> dict[str, list[str]]:
        """Packages whose docstring is a list of their modules, with what it lacks and what isn't there."""
        inside = defaultdict(set)
        for name in self.trees:
            package, _, module = name.rpartition(".")
            inside[package] |= {module} - {"answer", "tool"}
        found = {}
        for package, modules in inside.items():
            listed = _listed(ast.get_docstring(self.trees[package]) or "")
            if len(listed & modules) > 2 and modules ^ (listed - {"tool"}):
                found[package] = sorted(modules ^ (listed - {"tool"}))
        return found


def _listed(docstring: str) -> set[str]:
    """The first words of its paragraphs that are a list, a line for each."""
    paragraphs = [paragraph.splitlines() for paragraph in docstring.split("\n\n")[1:]]
    entries = [[re.match(r"([a-z_]\w*)/? +\S", line) for line in lines] for lines in paragraphs]
    return {entry[1] for lines in entries if all(lines) for entry in lines if entry}


def first_sentence(tree: ast.Module) -> str:
    """Of a module's docstring, in one line."""
    paragraph = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    return re.split(r"(?<=\.)\s", " ".join(paragraph.split()), maxsplit=1)[0]


def print_map(folder: Path) -> None:
    """A line for each module: its name, indented by its depth, and what it does."""
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.with_suffix("").parts):
        parts = path.relative_to(folder).with_suffix("").parts
        name = f"{path.parent.name}/" if parts[-1] == "__init__" else parts[-1]
        depth = len(parts) - (parts[-1] == "__init__")
        what = first_sentence(ast.parse(path.read_text(encoding="utf-8")))
        print(f"{'  ' * depth + name:<28} {what}")


def main() -> None:
    if sys.argv[1:2] == ["map"]:
        print_map(Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else PACKAGE)
        return
    structure = Structure(PACKAGE)
    circles, classes = structure.circles(), structure.repeated_classes()
    files, (folder, most) = structure.repeated_files(), structure.largest_folder()
    functions = structure.long_functions()
    print(f"circles of imports: {len(circles)}", *map(" <-> ".join, circles), sep="\n  ")
    print(f"class names in two or more modules: {len(classes)}")
    print(*(f"  {name}: {', '.join(homes)}" for name, homes in classes.items()), sep="\n")
    print(f"file names used twice or more: {len(files)}")
    print(*(f"  {name}: {', '.join(homes)}" for name, homes in files.items()), sep="\n")
    print(f"modules in the largest folder: {most} in {folder}")
    print(f"functions over {LONG_FUNCTION} lines: {len(functions)}", *functions, sep="\n  ")


if __name__ == "__main__":
    main()
