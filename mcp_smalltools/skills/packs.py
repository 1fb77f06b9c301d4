"""Where skill packs are found, and which of them may be used.

The user's own folder (`skills_dir`) is trusted. A project's `.smalltools/skills` belongs to whoever writes
into that repository, and agents obey the descriptions of tools. So a pack there is used only if the user has
allowed it, and only with the bytes that were allowed (or any bytes, if the user allowed with `--follow`).
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.skills.manifest import FILE_NAME, Skill, hash_of, parse_skill, read_files
from mcp_smalltools.suggest import did_you_mean

PROJECT_FOLDER = Path(".smalltools") / "skills"


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder with a skill.toml. Exactly one of `skill` and `problem` is set."""

    folder: Path
    in_project: bool
    skill: Skill | None = None
    problem: SkillError | None = None

    @property
    def name(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the user has allowed: packs by folder with their hash, and folders whose packs may change."""

    packs: dict[str, str] = field(default_factory=dict)
    followed: tuple[str, ...] = ()


def find_packs(settings: Settings) -> list[Pack]:
    """The user's packs by name, then those of projects. A name that is already taken is a problem."""
    allowed = read_allowed(settings)
    found = [_read(folder, None, allowed) for folder in _folders(settings.skills_dir.expanduser())]
    for project in project_folders(settings):
        found += [_read(folder, project, allowed) for folder in _folders(project)]
    taken: dict[str, Path] = {}
    packs = []
    for pack in found:
        first = taken.setdefault(pack.name, pack.folder)
        packs.append(pack if first == pack.folder else _name_taken(pack, first))
    return packs


def find_pack(name: str, settings: Settings) -> Pack:
    """The pack of that name, the user's before a project's. Raises SkillError if there is none."""
    packs = {pack.name: pack for pack in reversed(find_packs(settings))}
    if name not in packs:
        raise SkillError(
            f"There is no skill {name!r}{did_you_mean(name, packs)}.",
            remedy=f"Skills are: {', '.join(sorted(packs)) or 'none'}.",
        )
    return packs[name]


def project_folders(settings: Settings) -> list[Path]:
    """The `.smalltools/skills` of each root that has one, and that lies in it."""
    folders = []
    for root in settings.effective_roots:
        with contextlib.suppress(OSError, RuntimeError):
            home = root.path.expanduser().resolve()
            folder = (home / PROJECT_FOLDER).resolve()
            if folder.is_dir() and folder.is_relative_to(home):
                folders.append(folder)
    return list(dict.fromkeys(folders))


def watched_folders(settings: Settings) -> list[Path]:
    """The folders in which a change can change a tool. A pack may be a link to a folder elsewhere."""
    folders = [settings.skills_dir.expanduser(), *project_folders(settings)]
    packs = [pack.resolve() for folder in folders for pack in _folders(folder)]
    there = [folder.resolve() for folder in folders if folder.is_dir()]
    return list(dict.fromkeys([*there, *packs]))


def allow(folder: Path, settings: Settings, *, follow: bool = False) -> list[Pack]:
    """Allow the packs of a project's folder as they are now; with `follow`, with later changes.

    Returns the packs. Raises SkillError if there is none, or one can't be read.
    """
    home = folder.expanduser().resolve()
    project = home if home.parts[-2:] == PROJECT_FOLDER.parts else (home / PROJECT_FOLDER).resolve()
    packs = [Pack(path, True, parse_skill(path, read_files(path))) for path in _folders(project)]
    if not packs:
        raise SkillError(f"There is no skill in {project}.", remedy=f"Put folders with a {FILE_NAME} there.")
    before = read_allowed(settings)
    hashes = {str(pack.folder): pack.skill.sha256 for pack in packs if pack.skill}
    followed = {*before.followed, str(project)} if follow else {*before.followed} - {str(project)}
    _write_allowed(Allowed({**before.packs, **hashes}, tuple(sorted(followed))), settings)
    return packs


def disallow(folder: Path, settings: Settings) -> int:
    """Revoke what was allowed for a project or one pack; returns the number of entries removed."""
    home = folder.expanduser().resolve()
    before = read_allowed(settings)
    packs = {path: sha256 for path, sha256 in before.packs.items() if not Path(path).is_relative_to(home)}
    followed = tuple(path for path in before.followed if not Path(path).is_relative_to(home))
    _write_allowed(Allowed(packs, followed), settings)
    return len(before.packs) - len(packs) + len(before.followed) - len(followed)


def read_allowed(settings: Settings) -> Allowed:
    """Nothing, if the file is missing or damaged."""
    try:
        found = json.loads(allowed_file(settings).read_text(encoding="utf-8"))
        return Allowed(dict(found["packs"]), tuple(found["followed"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Allowed()


def allowed_file(settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "allowed-skills.json"


def _write_allowed(allowed: Allowed, settings: Settings) -> None:
    path = allowed_file(settings)
    try:
        make_private_folder(path.parent)
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".allowed-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(allowed), file, indent=1)
        Path(draft).replace(path)
    except OSError as error:
        raise SkillError(f"{path} can't be written: {error.strerror}.", remedy="Free some space.") from None


def _folders(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and (path / FILE_NAME).is_file():
                yield path


def _read(folder: Path, project: Path | None, allowed: Allowed) -> Pack:
    try:
        # The files are read once: the bytes that are hashed are those that are used.
        files = read_files(folder)
        if project is not None and str(project) not in allowed.followed:
            _check_allowed(folder, project, hash_of(files), allowed)
        return Pack(folder, project is not None, skill=parse_skill(folder, files))
    except SkillError as error:
        return Pack(folder, project is not None, problem=error)


def _check_allowed(folder: Path, project: Path, sha256: str, allowed: Allowed) -> None:
    remedy = f"Read it, then: mcp-smalltools skills allow {project.parent.parent}"
    known = allowed.packs.get(str(folder))
    if known is None:
        raise SkillError(f"{folder} belongs to a project and was not allowed.", remedy=remedy)
    if known != sha256:
        raise SkillError(f"{folder} has changed since it was allowed.", remedy=remedy)


def _name_taken(pack: Pack, first: Path) -> Pack:
    error = SkillError(
        f"{pack.folder}: the name {pack.name!r} is taken by {first}.", remedy="Give one of them another name."
    )
    return Pack(pack.folder, pack.in_project, problem=error)
