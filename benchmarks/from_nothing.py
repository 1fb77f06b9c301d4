"""From nothing to the first answer: what a new user waits for, in a clean home and without a compiler.

python benchmarks/from_nothing.py [--wheel FILE] [--uv FILE] [--beside CHECKOUT] [--json]

Measured with uv and nothing else on the PATH, no caches, and the package index alone: a `find_failure` by uvx
until its answer is there, a server by uvx until its tools are listed, both from nothing and again, and the
megabytes that were fetched. With `--beside`, the handshake and the first `find_failure` of this checkout next
to those of another one, in turns, with this Python.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "data"
ROUNDS = 7


def build_wheel(uv: str, folder: Path) -> Path:
    subprocess.run([uv, "build", "-q", "--wheel", "-o", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def clean_environment(folder: Path, uv: str) -> dict[str, str]:
    """A home without anything in it, and a PATH with uv and this Python only."""
    programs, home = folder / "bin", folder / "home"
    programs.mkdir()
    home.mkdir()
    (programs / "uv").symlink_to(uv)
    (programs / "uvx").symlink_to(Path(uv).with_name("uvx"))
    python = Path(sys.executable).resolve()
    for name in ("realpath", "dirname"):  # which the scripts that uv writes use
        (programs / name).symlink_to(shutil.which(name) or name)
    (programs / "python3").symlink_to(python)
    passed = {name: value for name, value in os.environ.items() if name.startswith(("SSL_", "UV_INDEX"))}
    settings = {"MCP_SMALLTOOLS_ENGINE_INSTALL": "never", "UV_PYTHON": str(python)}
    environment = {**passed, **settings, "HOME": str(home), "PATH": str(programs), "LANG": "C.UTF-8"}
    assert not any(shutil.which(name, path=str(programs)) for name in ("cc", "c++", "g++", "cmake", "make"))
    return environment


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def call_find_failure(command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
    arguments = ["call", "find_failure", "--arg", "path=build.log", "--root", f"{EXAMPLES}:open", "--json"]
    done = subprocess.run([*command, *arguments], env=dict(env), cwd=folder, capture_output=True, check=False)
    if done.returncode or "undefined reference" not in json.dumps(json.loads(done.stdout)["evidence"]):
        raise SystemExit(f"no answer: {done.stderr.decode()[-2000:]}")


async def first_answers(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds from a server's start to its list of tools, and to the answer of a first `find_failure`."""
    from mcp import Client, StdioServerParameters

    arguments = [*command[1:], "serve", "--root", f"{EXAMPLES}:open"]
    started = time.perf_counter()
    async with Client(StdioServerParameters(command=command[0], args=arguments, env=dict(env))) as client:
        assert (await client.list_tools()).tools
        listed = time.perf_counter() - started
        result = await client.call_tool("find_failure", {"path": "build.log"})
        assert not result.is_error
        return listed, time.perf_counter() - started


def fetched_mb(uv: str, wheel: Path, env: Mapping[str, str], folder: Path) -> tuple[float, int]:
    """Megabytes and number of the wheels that uvx has fetched, that of this project included."""
    listed = subprocess.run(
        [uv, "pip", "compile", "-q", "--no-header", "--no-annotate", "-"],
        input=f"mcp-smalltools @ file://{wheel}\n", env=dict(env), capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    names = [line for line in listed if "==" in line]
    target = folder / "wheels"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "-d", str(target), *names], check=True, capture_output=True)
    files = [*target.glob("*.whl"), wheel]
    return sum(file.stat().st_size for file in files) / 1e6, len(files)


def from_nothing(uv: str, wheel: Path) -> dict[str, float]:
    figures: dict[str, float] = {}
    command = ["uvx", "--from", str(wheel), "mcp-smalltools"]
    for start in ("call", "serve"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            env = clean_environment(folder, uv)
            uvx = [str(folder / "bin" / "uvx"), *command[1:]]
            for again in ("", "_again"):
                if start == "call":
                    work = timed(lambda: call_find_failure(uvx, env, folder))  # noqa: B023 - runs at once
                    figures[f"call_s{again}"] = round(work, 2)
                else:
                    listed, answered = anyio.run(first_answers, uvx, env)
                    figures[f"tools_listed_s{again}"] = round(listed, 2)
                    figures[f"server_answered_s{again}"] = round(answered, 2)
            if start == "call":
                megabytes, wheels = fetched_mb(uv, wheel, env, folder)
                figures |= {"fetched_mb": round(megabytes, 1), "wheels": wheels}
                figures["own_wheel_mb"] = round(wheel.stat().st_size / 1e6, 1)
    return figures


def beside(other: Path) -> dict[str, float]:
    """Medians of both checkouts in turns, with this Python, and their ratios (below 1: ours is faster)."""
    command = [sys.executable, "-P", "-m", "mcp_smalltools.cli"]  # not of the working folder
    took: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(ROUNDS):
            for whose, checkout in (("ours", ROOT), ("theirs", other)):
                own = {
                    f"MCP_SMALLTOOLS_{part}": f"{name}/{whose}/{part}"
                    for part in ("STATE_DIR", "RUNTIME_DIR")
                }
                env = {**os.environ, **own, "PYTHONPATH": str(checkout), "MCP_SMALLTOOLS_CACHE": "0"}
                took[whose].append(anyio.run(first_answers, command, env))
    listed = {whose: statistics.median(first for first, _ in times) for whose, times in took.items()}
    answered = {whose: statistics.median(second for _, second in times) for whose, times in took.items()}
    return {
        "handshake_s": round(listed["ours"], 3),
        "handshake_ratio": round(listed["ours"] / listed["theirs"], 2),
        "first_find_failure_s": round(answered["ours"], 3),
        "first_find_failure_ratio": round(answered["ours"] / answered["theirs"], 2),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheel", type=Path, help="the wheel to install; default: built from this checkout")
    parser.add_argument("--uv", default=shutil.which("uv"), help="the uv to use; default: that on the PATH")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another checkout to compare with")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    args = parser.parse_args(argv)
    if not args.uv:
        parser.error("uv is not on the PATH: name it with --uv")
    with tempfile.TemporaryDirectory() as folder:
        uv = str(Path(args.uv).resolve())
        wheel = (args.wheel or build_wheel(uv, Path(folder))).resolve()
        figures = from_nothing(uv, wheel)
    if args.beside:
        figures |= beside(args.beside.resolve())
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
