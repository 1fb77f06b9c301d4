"""The engine's wheels: llama-cpp-python, of the version that the program was written for, by platform.

`CMAKE_ARGS` says what for. With `GGML_BACKEND_DL` and `GGML_CPU_ALL_VARIANTS` a wheel has a library for each
kind of processor, and loads the best one at the start (`engine/llama/bindings.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mcp_smalltools.engine_python import NATIVE, VERSIONS
from release.clean import CleanPlace
from release.problem import ReleaseError

LAYOUT = (
    # llama.cpp's own rules would put the libraries that are loaded at run time beside the package.
    *(f"-DCMAKE_INSTALL_{kind}=llama_cpp/lib" for kind in ("BINDIR", "LIBDIR")),
    "-DCMAKE_INSTALL_INCLUDEDIR=llama_cpp/include",
    "-DLLAVA_BUILD=OFF",
    "-DLLAMA_OPENSSL=OFF",
)
_LOADS = """
from mcp_smalltools.engine.llama import bindings
from mcp_smalltools.engine.llama.llama_api import backend_registry
bindings.load_library()
library, folder = backend_registry()
assert library.ggml_backend_reg_count() > 0, "no backend was loaded"
print(bindings.backend_name())
"""


def build_engine(folder: Path, platform: str) -> Path:
    """Build the engine's wheel for this machine's system, tagged as `platform`. Raises ReleaseError."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments = " ".join([os.environ.get("CMAKE_ARGS", ""), *LAYOUT])
    with tempfile.TemporaryDirectory() as place:
        wanted = f"{NATIVE}=={VERSIONS[NATIVE]}"
        _run("pip", "wheel", "--no-deps", "--no-binary", NATIVE, "-w", place, wanted, CMAKE_ARGS=arguments)
        (built,) = Path(place).glob("*.whl")
        return repaired(built, folder, platform)


def repaired(built: Path, folder: Path, platform: str) -> Path:
    """The wheel with what it needs from the build's system inside, and tagged for all that it runs on."""
    with tempfile.TemporaryDirectory() as place:
        if platform.startswith("manylinux"):
            own = ("--exclude", "libggml*", "--exclude", "libllama*")  # they find each other
            _run("auditwheel", "repair", "--plat", platform, "--only-plat", *own, "-w", place, str(built))
        else:
            shutil.copy(built, place)
            _run("wheel", "tags", "--remove", "--platform-tag", platform, str(Path(place) / built.name))
        (wheel,) = Path(place).glob("*.whl")
        return Path(shutil.move(wheel, folder / wheel.name))


def engine_loads(folder: Path, repository: Path) -> str:
    """Install the wheel with the program in a clean place and say what it would run models with."""
    (wheel,) = folder.glob("*.whl")
    with tempfile.TemporaryDirectory(prefix="engine") as name:
        place = CleanPlace(Path(name).resolve())
        place.run([str(place.python), "-m", "pip", "install", "--quiet", str(wheel), str(repository)])
        return place.run([str(place.python), "-I", "-c", _LOADS]).strip()


def _run(module: str, *words: str, **variables: str) -> None:
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        raise ReleaseError(f"{module} {words[0]} failed: " + " / ".join(said[-8:]))
