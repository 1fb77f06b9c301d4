"""Files that ship with the package: manifests, adapters, weights, scores. Their one home."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from mcp_smalltools.errors import ModelError

REINSTALL = "Install mcp-smalltools again."


def library_folder() -> Path:
    """The model library that ships: in the package when installed, in `models` in a checkout."""
    packaged = Path(str(resources.files("mcp_smalltools"))) / "_library"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "models"


def example_files() -> Path:
    """The folder of example files: in the package when installed, in `examples` in a checkout."""
    packaged = Path(str(resources.files("mcp_smalltools"))) / "_examples"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "examples" / "data"


def shipped_file(skill: str, name: str, folders: Sequence[Path] = ()) -> Path:
    """The file `name` of a skill: from the first of the folders that has it, last of all from the library.

    Raises ModelError where it is missing.
    """
    for folder in (*folders, library_folder() / "skills"):
        path = folder / skill / name
        if path.is_file():
            return path
    raise ModelError(f"{name} of the skill {skill} is missing.", remedy=REINSTALL)


def unusable(path: Path, error: Exception) -> ModelError:
    """What to raise for a shipped file that can't be read."""
    return ModelError(f"{path} can't be used: {type(error).__name__}.", remedy=REINSTALL)


def made_for(what: str, path: Path, skill: str) -> ModelError:
    """What to raise for a file of numbers that were fitted on something else than what they are used with."""
    return ModelError(f"{path} was made for {what}.", remedy=f"Make it again: models/recipes/{skill}.")
