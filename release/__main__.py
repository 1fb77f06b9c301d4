"""The steps of `make release`. Nothing is committed, tagged, signed or published."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from release import changelog
from release.build import Archives, build
from release.places import version_of, write_version
from release.problem import ReleaseError

REPOSITORY = Path(__file__).resolve().parents[1]


def parser() -> argparse.ArgumentParser:
    """What the command line knows."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    version = steps.add_parser(
        "version", help="close the changelog's section and write the version everywhere"
    )
    version.add_argument("version", metavar="X.Y.Z")
    version.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date())
    for step, help_ in (
        ("build", "build all archives, and their hashes"),
        ("try", "install each archive in a clean place and ask it something"),
        ("parts", "write what an installation consists of (SBOM)"),
        ("notes", "print what has changed in this version"),
    ):
        steps.add_parser(step, help=help_).add_argument("--folder", type=Path, default=REPOSITORY / "dist")
    steps.choices["try"].add_argument("--only", choices=["wheel"], help="try the wheel alone")
    engine = steps.add_parser("engine", help="build the engine's wheel for a platform, and see that it loads")
    engine.add_argument("platform", metavar="PLATFORM", help="manylinux_2_28_x86_64, win_amd64, ...")
    engine.add_argument("--folder", type=Path, default=REPOSITORY / "dist" / "engine")
    return parser


def main(words: list[str] | None = None) -> int:
    chosen = parser().parse_args(words)
    try:
        if chosen.step == "version":
            set_version(REPOSITORY, chosen.version, chosen.date)
        elif chosen.step == "engine":
            _engine(chosen.folder.resolve(), chosen.platform)
        elif chosen.step == "try":
            _try(chosen.folder.resolve(), chosen.only)
        else:
            _STEPS[chosen.step](chosen.folder.resolve())
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def set_version(repository: Path, version: str, day: date) -> None:
    """Close the changelog's section and write the version to every place. Raises ReleaseError."""
    file = repository / "CHANGELOG.md"
    text = changelog.closed(file.read_text(encoding="utf-8"), version, day)
    write_version(repository, version)
    file.write_text(text, encoding="utf-8")
    print(f"{version} is in the changelog and in all places that name it: look at `git diff`, then commit.")


def _build(folder: Path) -> None:
    for archive in build(REPOSITORY, folder).all:
        print(f"built {archive} ({archive.stat().st_size / 1e6:.1f} MB)")


def _try(folder: Path, only: str | None) -> None:
    from release.trial import try_all, try_wheel

    made = Archives(folder, version_of(REPOSITORY))
    for tried in [try_wheel(made)] if only else try_all(made):
        times = f"installed in {tried.installed_s:.0f} s, answered {tried.answered_s:.1f} s later"
        print(f"{tried.name}: {times}", flush=True)


def _engine(folder: Path, platform: str) -> None:
    from release.engine import build_engine, engine_loads

    print(f"built {build_engine(folder, platform)}", flush=True)
    print(f"it runs models with {engine_loads(folder, REPOSITORY)}")


def _parts(folder: Path) -> None:
    from release.parts import list_parts

    print(f"wrote {list_parts(Archives(folder, version_of(REPOSITORY)), REPOSITORY)}")


def _notes(_: Path) -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    print(changelog.section_of(text, version_of(REPOSITORY)), end="")


_STEPS = {"build": _build, "parts": _parts, "notes": _notes}

if __name__ == "__main__":
    sys.exit(main())
