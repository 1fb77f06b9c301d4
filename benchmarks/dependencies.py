"""What the server is made of: each package's wheel, its import, its use; writes docs/dependencies.md.

python benchmarks/dependencies.py [--write]

Sizes are those of the wheels for this platform and Python, as pip fetches them from the package index.
An import is measured in a process of its own by the processor's time, best of five, less an empty one's.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
RUNS = 5
MODULES: Mapping[str, str] = {
    "google-re2": "re2",
    "pyjwt": "jwt",
    "pyyaml": "yaml",
    "python-multipart": "python_multipart",
    "llama-cpp-python": "llama_cpp",
}
"""Names under which packages are imported, where they differ."""
USES: Mapping[str, str] = {
    "anyio": "the event loop",
    "filelock": "one process at a time: models, index of `find_files`",
    "google-re2": "search for secrets, and patterns of the user's own",
    "jsonschema": "schemas of `extract`",
    "referencing": "schemas of `extract`",
    "mcp": "the protocol; brings cryptography, httpx2, starlette, uvicorn",
    "msgpack": "frames between processes",
    "numpy": "`parse_log`, `find_failure`, `find_files`",
    "pathspec": "`.gitignore`",
    "platformdirs": "the user's folders",
    "pydantic": "arguments, answers, settings",
    "pyjwt": "tokens of a listening server",
    "pypdf": "outlines of PDF files",
    "pyyaml": "YAML in `extract`",
    "rich": "tables and progress on the command line",
    "tree-sitter": "outlines of source code, with its grammars",
    "watchfiles": "a skill that was saved, files that changed",
    "llama-cpp-python": "extra `engine`",
    "llguidance": "extra `engine`: answers by a schema",
    "gguf": "extra `engine`: converts the encoder, once",
    "pip": "extra `engine`: fetches models",
    "zstandard": "extra `zstd`: .zst files",
}

WHY = (
    "The aim of 30 MB is missed by two packages. **numpy**: the log library, the rankers and the stores of "
    "vectors work on columns of numbers; without it they would be C code of our own, or slower. "
    "`read_redacted` and the handshake don't import it. Half of its wheel is OpenBLAS, and there is no wheel "
    "without. **cryptography** (4.8 MB): `mcp` requires `pyjwt[crypto]`, so it comes whatever this package "
    "asks for, though only a listening server that checks tokens uses it. The next that could go, "
    "tree-sitter with its grammars and rich with what it brings, are 4 MB together, and would take outlines, "
    "`ask_file`'s definitions and tables from everybody."
)


@dataclass(frozen=True, slots=True)
class Package:
    """A wheel's size in bytes; milliseconds of its import, None where it isn't imported by us."""

    name: str
    bytes: int
    import_ms: float | None


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def fetch(requirements: Sequence[str], folder: Path) -> dict[str, int]:
    """Bytes of each wheel that these requirements bring, by its package's name."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary", ":all:", "-d", str(folder)]
    subprocess.run([*command, *requirements], check=True)
    return {canonical(file.name.split("-")[0]): file.stat().st_size for file in folder.glob("*.whl")}


def import_ms(module: str) -> float | None:
    """None where it isn't installed."""

    def once(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    try:
        times = [(once("pass"), once(f"import {module}")) for _ in range(RUNS)]
    except subprocess.CalledProcessError:
        return None
    return max(0.0, min(after for _, after in times) - min(before for before, _ in times))


def measured(sizes: Mapping[str, int], names: Sequence[str]) -> list[Package]:
    packages = []
    for name in names:
        if name in sizes:
            packages.append(Package(name, sizes[name], import_ms(MODULES.get(name, name.replace("-", "_")))))
    return sorted(packages, key=lambda package: -package.bytes)


def page(direct: Sequence[Package], sizes: Mapping[str, int], extra: Sequence[Package]) -> str:
    others = sum(size for name, size in sizes.items() if name not in {package.name for package in direct})
    python = ".".join(map(str, sys.version_info[:2]))
    rows = [
        f"| {package.name} | {package.bytes / 1e6:.2f} | "
        f"{'' if package.import_ms is None else f'{package.import_ms:.0f}'} | {_use(package.name)} |"
        for package in direct
    ]
    more = [
        f"| {package.name} | {package.bytes / 1e6:.2f} | {USES.get(package.name, '')} |" for package in extra
    ]
    return "\n".join(
        [
            "# What the server is made of",
            "",
            "Made by `python benchmarks/dependencies.py --write`: wheels for this platform "
            f"({sys.platform}, Python {python}), each import in a process of its own, in milliseconds of the "
            "processor. Of the large ones `mcp` and `pydantic` are imported for the handshake; the others "
            "come on first need.",
            "",
            f"**{sum(sizes.values()) / 1e6:.1f} MB in {len(sizes)} wheels**, none of which needs a compiler; "
            "half of it is numpy.",
            "",
            "| package | MB | import, ms | for |",
            "|---|---|---|---|",
            *rows,
            f"| {len(sizes) - len(direct)} that these bring | {others / 1e6:.2f} | | |",
            "",
            WHY,
            "",
            "Not needed by the server, and not installed with it:",
            "",
            "| package | MB | for |",
            "|---|---|---|",
            *more,
            "| llama-cpp-python | source | extra `engine`; or elsewhere: `mcp-smalltools engine install` |",
            "",
        ]
    )


def _use(name: str) -> str:
    return USES["tree-sitter"] if name.startswith("tree-sitter") else USES.get(name, "")


def names_of(requirements: Sequence[str]) -> list[str]:
    return [canonical(re.split(r"[\[<>=!~ ]", item)[0]) for item in requirements]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    args = parser.parse_args(argv)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        item for item in (*extras["engine"], *extras["zstd"]) if not item.startswith("llama-cpp-python")
    ]
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        sizes = fetch(project["dependencies"], Path(first))
        more = fetch(wanted, Path(second))
    direct = measured(sizes, names_of(project["dependencies"]))
    extra = [
        Package(name, size, None)
        for name, size in sorted(more.items(), key=lambda item: -item[1])
        if name not in sizes and name in names_of(wanted)
    ]
    text = page(direct, sizes, extra)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    print(f"measured with mcp {importlib.metadata.version('mcp')}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
