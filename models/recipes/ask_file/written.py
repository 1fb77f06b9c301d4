"""The questions that people wrote (`questions.txt`), about files here or in public packages.

A block begins with `== PART SOURCE:PATH`, then has a question a line: `question => words || words`, the words
of each line that answers; none where the file doesn't answer though it is near. Whole files are for fitting
(`fit`), for the calibration (`cal`) or for figures alone (`test`). Sources: `repo` (this repository), `files`
(the folder next to this module), `made` (`made_logs.py`), `stdlib` (Python's), `go` (golang-1.19-src),
`debian` (any path of a Debian 12 system), `pyenv` (a checkout of pyenv 2.6.30), `man` (a page as `man` shows
it).
"""

from __future__ import annotations

import functools
import os
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import made_logs

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]
WRITTEN: Final = HERE / "questions.txt"


@dataclass(frozen=True, slots=True)
class Written:
    """A question to one file; `lines` are those that answer, 1-based, none if the file doesn't."""

    part: str
    source: str
    path: Path
    text: str
    lines: frozenset[int]

    @property
    def paths(self) -> list[Path]:
        return [self.path]


def written_questions(path: Path = WRITTEN) -> tuple[list[Written], Counter[str]]:
    """All questions whose file is there and still says the answer, and how many are left out, by source."""
    questions: list[Written] = []
    left_out: Counter[str] = Counter()
    part, source, file, lines = "", "", Path(), [""]
    for row in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"== (fit|cal|test) (\w+):(\S+)$", row):
            part, source, name = match.groups()
            file = located(source, name)
            lines = file.read_text(encoding="utf-8", errors="replace").split("\n") if file.is_file() else []
        elif " =>" in row:
            text, words = row.split(" =>", 1)
            wanted = [w for w in (piece.strip() for piece in words.split(" || ")) if w]
            found = frozenset(n for n, line in enumerate(lines, 1) if any(w in line for w in wanted))
            if not lines or (wanted and not found):
                left_out[source] += 1
            else:
                questions.append(Written(part, source, file, text, found))
    return questions, left_out


def unseen_by_the_judge(names: Iterable[str]) -> set[str]:
    """Of the names of files of written questions, those that the judge is not trained on (`adapter.py`): only
    there does its score say how sure it is.
    """
    files = sorted(set(names))
    random.Random(4).shuffle(files)
    return set(files[::3])


def located(source: str, name: str) -> Path:
    """The file, or a path where there is none. Raises KeyError for an unknown source."""
    if source == "made":
        return made_logs.write(name, _folder())
    if source == "man":
        return _page(name)
    base = {
        "repo": ROOT,
        "files": HERE / "files",
        "stdlib": Path(os.__file__).parent,
        "go": Path("/usr/share/go-1.19/src"),
        "debian": Path("/"),
        "pyenv": Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")),
    }[source]
    return base / name.lstrip("/")


def _page(name: str) -> Path:
    path = _folder() / name
    page, section = name.rsplit(".", 1)
    try:
        shown = subprocess.run(
            ["man", section, page],
            capture_output=True,
            env={**os.environ, "MANWIDTH": "90", "LC_ALL": "C.UTF-8"},
            check=True,
        )
        plain = subprocess.run(["col", "-bx"], input=shown.stdout, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return path
    path.write_bytes(plain.stdout)
    return path


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="ask-file-"))
