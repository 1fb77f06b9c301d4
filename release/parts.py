"""What an installation consists of: every package with its version and licence (an SBOM in CycloneDX)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from release.archives import hashes
from release.build import SUMS, Archives
from release.clean import CleanPlace


def list_parts(made: Archives, repository: Path) -> Path:
    """Install the wheel in a clean place and write what is there then beside it. Raises ReleaseError.

    Says what the package index gives today: a later installation may have later versions.
    """
    listed = made.folder / f"mcp-smalltools-{made.version}.cdx.json"
    with tempfile.TemporaryDirectory(prefix="parts") as folder:
        place = CleanPlace(Path(folder).resolve())
        place.install(made.wheel)
        place.run(
            [
                *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
                *("--pyproject", str(repository / "pyproject.toml"), "--mc-type", "application"),
                *("--output-format", "JSON", "--output-file", str(listed), str(place.python)),
            ]
        )
    with (made.folder / SUMS).open("a", encoding="utf-8") as sums:
        sums.write(hashes(made.folder, [listed.name]))
    return listed
