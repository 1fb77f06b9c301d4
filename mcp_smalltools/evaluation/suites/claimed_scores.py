"""A skill as an archive: measured when it is made, and measured again when it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from mcp_smalltools import __version__
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError, SkillError
from mcp_smalltools.evaluation.suites.own_skill import evaluate
from mcp_smalltools.models.library import manifest_of
from mcp_smalltools.skills.manifest import ADAPTER_NAME, LEARNED_NAME, Skill, parse_skill, read_files
from mcp_smalltools.skills.share.read_archive import SkillArchive
from mcp_smalltools.skills.share.skill_archive import (
    PACK_NAME,
    PackedBase,
    PackManifest,
    Scores,
    archive_bytes,
    packed_file,
)

NOT_MEASURED: Final = "summarize"
"""The kind of skill for which there are no cases with right answers."""
MAY_MISS: Final = 0.02
"""By how much a share may be worse than claimed: processors round differently."""
_HIGHER_IS_BETTER: Final = frozenset(
    ("right", "right where not escalated", "fields right", "all fields of a case right")
)
_LOWER_IS_BETTER: Final = frozenset(("wrong where not escalated", "values made up"))
_OWN_ENGINE_S: Final = 5.0


def pack_skill(skill: Skill, settings: Settings, *, with_learned: bool = False) -> tuple[bytes, PackManifest]:
    """The archive of a skill, measured on its cases; without what it learned from corrections unless asked.

    Raises SkillError where the licence or the cases are missing.
    """
    if not skill.file.licence:
        raise skill.error("licence", "it is missing", 'Say how others may use it: licence = "Apache-2.0".')
    files = read_files(skill.folder)
    files.pop(PACK_NAME, None)
    if not with_learned:
        files.pop(LEARNED_NAME, None)
    adapter = skill.folder / ADAPTER_NAME
    if skill.file.adapter and adapter.is_file():
        files[ADAPTER_NAME] = adapter.read_bytes()
    manifest = PackManifest(
        format=1,
        name=skill.name,
        kind=skill.file.kind,
        licence=skill.file.licence,
        base=_base_of(skill, settings),
        files={name: packed_file(content) for name, content in sorted(files.items())},
        scores=measure_files(skill.name, files, settings),
        made_by=f"mcp-smalltools {__version__}",
    )
    return archive_bytes(manifest, files), manifest


def check_base(archive: SkillArchive, skill: Skill, settings: Settings) -> None:
    """Raises SkillError where the archive's base is not the model that the skill would run with here."""
    named, here = archive.manifest.base, _base_of(skill, settings)
    if named != here:
        raise SkillError(
            f"The archive's scores are those of {named.id} ({named.sha256[:12]}), but here the skill would "
            f"use {here.id} ({here.sha256[:12]}).",
            remedy=f"Set embed_model to {named.id}, or ask for an archive made with {here.id}.",
        )


def measure_files(name: str, files: Mapping[str, bytes], settings: Settings) -> Scores | None:
    """The scores of a skill's files on their cases, in a folder that is gone afterwards; None for a kind that
    has no cases. Raises SkillError, and as the tools do.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="smt-")))
        folder = write_files(files, home / name)
        skill = parse_skill(folder, read_files(folder))
        if skill.file.kind == NOT_MEASURED:
            return None
        own = settings
        if skill.file.adapter:  # the engine that runs knows the user's folder of skills only
            engine = {"skills_dir": home, "runtime_dir": home / ".run", "engine_idle_s": _OWN_ENGINE_S}
            own = settings.model_copy(update=engine)
        found = evaluate(skill, own)
        return {name: None if value is None else float(value) for name, value in found.items()}


def write_files(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write a skill's files into a new folder; returns it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def missed_claims(claimed: Scores | None, found: Scores | None) -> list[str]:
    """The claimed scores that were not reached, each with both figures."""
    missed = []
    for name, claim in (claimed or {}).items():
        here = (found or {}).get(name)
        if claim is None or name not in _HIGHER_IS_BETTER | _LOWER_IS_BETTER:
            continue
        worse = here is None or (here < claim - MAY_MISS if name in _HIGHER_IS_BETTER else here > claim)
        if worse:
            missed.append(f"{name}: {claim} claimed, {'none' if here is None else here} here")
    if claimed is None and found is not None:
        missed.append("no scores are claimed")
    if claimed and found and claimed.get("cases") != found.get("cases"):
        missed.append(f"cases: {claimed.get('cases')} claimed, {found.get('cases')} here")
    return missed


def _base_of(skill: Skill, settings: Settings) -> PackedBase:
    model = skill.model or settings.embed_model
    sha256 = manifest_of(model, settings).files[0].sha256
    if sha256 is None:
        raise ModelError(
            f"The hash of {model} isn't in its manifest, so nobody could check it.",
            remedy="Use a model of the library (mcp-smalltools models list).",
        )
    return PackedBase(id=model, sha256=sha256)
