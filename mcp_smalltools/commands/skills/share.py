"""`skills pack` and `install`: a skill as one file."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotFound, SkillError

if TYPE_CHECKING:
    from mcp_smalltools.skills.share.read_archive import SkillArchive
    from mcp_smalltools.skills.share.skill_archive import Scores


def add_arguments(actions: Any) -> None:
    pack = actions.add_parser("pack", help="make one file of a skill, for others to install")
    pack.add_argument("name", help="name or folder of the skill")
    pack.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: NAME.skill.zip")
    pack.add_argument(
        "--with-learned", action="store_true", help="also what `skills learn` added from corrections"
    )
    pack.set_defaults(run=_pack)

    install = actions.add_parser("install", help="check a skill's file, measure it and add it to your skills")
    install.add_argument("source", metavar="FILE|ADDRESS", help="a file, or an https address (skill_hosts)")
    install.add_argument("--replace", action="store_true", help="replace a skill of the same name")
    install.add_argument(
        "--force", action="store_true", help="also if it does not reach the scores it claims"
    )
    install.set_defaults(run=_install)


def _pack(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.evaluation.suites.claimed_scores import pack_skill
    from mcp_smalltools.skills.packs import find_pack
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    given = Path(args.name).expanduser()
    folder = given.absolute() if given.is_dir() else find_pack(args.name, settings).folder
    skill = read_tool(folder, settings, built_in_tools()).skill
    content, manifest = pack_skill(skill, settings, with_learned=args.with_learned)
    target = args.output or Path(f"{skill.name}.skill.zip")
    try:
        target.write_bytes(content)
    except OSError as error:
        raise SkillError(f"{target} can't be written: {error.strerror}.", remedy="Name another.") from None
    print(f"{target}: {len(manifest.files)} files, {len(content):,} bytes, licence {manifest.licence}")
    _print_scores(manifest.scores)
    return 0


def _install(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.evaluation.suites.claimed_scores import check_base, write_files
    from mcp_smalltools.skills.installed import add
    from mcp_smalltools.skills.share.read_archive import read_archive
    from mcp_smalltools.tools.built_in import built_in_tools
    from mcp_smalltools.tools.registry import read_tool

    archive = read_archive(_content(args.source, settings))
    manifest = archive.manifest
    with TemporaryDirectory(prefix="smt-") as home:
        folder = write_files(archive.files, Path(home) / manifest.name)
        skill = read_tool(folder, settings, built_in_tools()).skill
        if (skill.file.kind, skill.file.licence) != (manifest.kind, manifest.licence):
            raise SkillError(
                "The archive is refused: kind or licence are not those of its skill.toml.",
                remedy="Ask whoever made it for another one.",
            )
        check_base(archive, skill, settings)
        _check_scores(archive, settings, force=args.force)
        target = add(skill, settings, replace=args.replace)
    print(f"{skill.name} ({manifest.kind}, licence {manifest.licence}): in {target}.")
    print("Running agents see it within two seconds. They obey what it says of itself, so read it:")
    print(f"  {skill.file.description}")
    return 0


def _check_scores(archive: SkillArchive, settings: Settings, *, force: bool) -> None:
    """Run the cases in the archive and compare. Raises SkillError where less is reached than claimed."""
    from mcp_smalltools.evaluation.suites.claimed_scores import measure_files, missed_claims

    manifest = archive.manifest
    found = measure_files(manifest.name, archive.files, settings)
    _print_scores(found)
    missed = missed_claims(manifest.scores, found)
    if missed and not force:
        raise SkillError(
            f"{manifest.name} does not reach the scores that it claims: {'; '.join(missed)}.",
            remedy="It was not installed. Install it nevertheless with --force.",
        )
    for line in missed:
        print(f"Installed nevertheless (--force): {line}.")


def _content(source: str, settings: Settings) -> bytes:
    from mcp_smalltools.skills.share.fetch_archive import fetch_archive, is_address
    from mcp_smalltools.skills.share.skill_archive import MAX_ARCHIVE_BYTES

    if is_address(source):
        return fetch_archive(source, settings)
    try:
        with Path(source).expanduser().open("rb") as file:
            return file.read(MAX_ARCHIVE_BYTES + 1)
    except OSError as error:
        raise NotFound(f"{source} can't be read: {error.strerror}.", remedy="Name an archive.") from None


def _print_scores(scores: Scores | None) -> None:
    if scores is None:
        print("  not measured: there are no right answers for its kind")
        return
    for name, value in scores.items():
        print(f"  {name:<28} {value if value is not None else '-'}")
