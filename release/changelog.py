"""The changelog: what is unreleased becomes a version's section, below a section Unreleased that is empty."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from release.places import order
from release.problem import ReleaseError

UNRELEASED = "## Unreleased\n"
_SECTION = re.compile(r"^## (\S+)(?: - (\d{4}-\d\d-\d\d))?$", re.MULTILINE)

_GAP = re.compile(r"^(- .*)\n\n+(?=- )", re.MULTILINE)
"""An empty line between two changes, as merging leaves it."""


def closed(text: str, version: str, day: date) -> str:
    """The changelog with what was unreleased under `version` and `day`, and nothing unreleased.

    Raises ReleaseError where nothing is unreleased, or the version is no later than the last one.
    """
    before, heading, rest = text.partition(UNRELEASED)
    if not heading:
        raise ReleaseError("CHANGELOG.md has no section Unreleased: add it above the last version.")
    last = _SECTION.search(rest)
    changes = rest[: last.start()] if last else rest
    if not re.search(r"^- ", changes, re.MULTILINE):
        raise ReleaseError("CHANGELOG.md has nothing under Unreleased: there is nothing to release.")
    if last and tuple(order(version)) <= tuple(order(last[1])):
        raise ReleaseError(f"Version {version} is not later than {last[1]}, the last one in CHANGELOG.md.")
    tidy = _GAP.sub(r"\1\n", changes).strip()
    earlier = rest[len(changes) :]
    return f"{before}{UNRELEASED}\n## {version} - {day.isoformat()}\n\n{tidy}\n\n{earlier}".rstrip() + "\n"


def released(text: str, version: str) -> datetime:
    """The day of a version, at midnight UTC. Raises ReleaseError where the changelog doesn't have it."""
    for name, day in _SECTION.findall(text):
        if name == version and day:
            return datetime.fromisoformat(day).replace(tzinfo=UTC)
    raise ReleaseError(
        f"CHANGELOG.md has no section of {version}: make it with `make release VERSION={version}`."
    )


def section_of(text: str, version: str) -> str:
    """What has changed in a version, without the heading: the text of a release on a forge."""
    released(text, version)
    found = next(match for match in _SECTION.finditer(text) if match[1] == version)
    following = _SECTION.search(text, found.end())
    return text[found.end() : following.start() if following else len(text)].strip() + "\n"
