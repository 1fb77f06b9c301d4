"""A release: one version everywhere, the changelog's section, archives that are always the same, a trial."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from documentation import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools import __version__

sys.path.append(str(REPOSITORY))

from release import __main__ as command
from release.archives import pack
from release.build import build, copy_of_source
from release.changelog import closed, released, section_of
from release.clean import CleanPlace
from release.places import PLACES, VERSION, version_of, write_version
from release.problem import ReleaseError
from release.trial import filled, hook_lines

DAY = date(2030, 1, 2)
LOG = """# Changelog

How it is written.

## Unreleased

### Added

- A thing.

## 1.2.0 - 2029-12-31

### Fixed

- Another.
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it would be released from here."""
    copy = tmp_path_factory.mktemp("source") / "project"
    copy_of_source(REPOSITORY, copy)
    return copy


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A copy of the files that name the version, and the changelog."""
    for name in [*(place.path for place in PLACES), "CHANGELOG.md"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    return tmp_path


# The version


def test_every_place_that_names_the_version_names_the_programs() -> None:
    assert version_of(REPOSITORY) == __version__


def test_no_other_file_that_is_read_by_a_program_names_the_version(source: Path) -> None:
    """A new manifest has to be listed in `release/places.py`."""
    known = {place.path for place in PLACES}
    named = {
        path.relative_to(source).as_posix()
        for ending in ("*.json", "*.toml", "*.plist", "*.yml", "*.yaml")
        for path in source.rglob(ending)
        if re.search(rf'version"?\s*[:=]\s*"?{re.escape(__version__)}\b', path.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not name.startswith(("models/", "tests/"))} <= known


def test_a_new_version_is_written_everywhere_and_nothing_else_changes(places: Path) -> None:
    before = {place.path: (places / place.path).read_text() for place in PLACES}
    write_version(places, "9.8.7rc1")
    assert version_of(places) == "9.8.7rc1"
    for path, text in before.items():
        assert (places / path).read_text().replace("9.8.7rc1", __version__) == text


def test_places_that_differ_are_named(places: Path) -> None:
    PLACES[0].write(places, "9.8.7")
    with pytest.raises(ReleaseError, match=rf"pyproject\.toml 9\.8\.7, server\.json {__version__}"):
        version_of(places)


def test_a_file_without_its_version_is_named_before_anything_is_written(places: Path) -> None:
    (places / "server.json").write_text("{}")
    with pytest.raises(ReleaseError, match=r"server\.json has 0 versions, not 2"):
        write_version(places, "9.8.7")
    assert PLACES[0].versions(places) == [__version__]


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3-rc1", "1.2.3.post1", "1.2.3\n", ""])
def test_what_the_package_index_would_not_take_is_no_version(places: Path, version: str) -> None:
    with pytest.raises(ReleaseError, match="is not a version"):
        write_version(places, version)


# The changelog


def test_what_was_unreleased_is_the_versions_and_nothing_is_unreleased() -> None:
    text = closed(LOG, "1.3.0", DAY)
    assert (
        "## Unreleased\n\n## 1.3.0 - 2030-01-02\n\n### Added\n\n- A thing.\n\n## 1.2.0 - 2029-12-31" in text
    )
    assert text.replace("## 1.3.0 - 2030-01-02\n\n", "") == LOG
    assert released(text, "1.3.0") == datetime(2030, 1, 2, tzinfo=UTC)
    assert section_of(text, "1.3.0") == "### Added\n\n- A thing.\n"
    assert section_of(text, "1.2.0") == "### Fixed\n\n- Another.\n"


def test_gaps_that_merging_has_left_between_changes_are_closed() -> None:
    text = closed(LOG.replace("- A thing.\n", "- A thing.\n\n- One\n  more.\n\n- And one.\n"), "1.3.0", DAY)
    assert "### Added\n\n- A thing.\n- One\n  more.\n\n- And one.\n\n## 1.2.0" in text
    alone = closed(LOG.partition("## 1.2.0")[0], "1.3.0", DAY)
    assert alone.endswith("## 1.3.0 - 2030-01-02\n\n### Added\n\n- A thing.\n")


@given(first=st.from_regex(VERSION, fullmatch=True), second=st.from_regex(VERSION, fullmatch=True))
def test_of_two_versions_only_the_later_one_can_follow(first: str, second: str) -> None:
    def follows(one: str, other: str) -> bool:
        try:
            closed(LOG.replace("1.2.0", one), other, DAY)
        except ReleaseError:
            return False
        return True

    assert not (follows(first, second) and follows(second, first))
    assert not follows(first, first)


@pytest.mark.parametrize("version", ["1.2.0", "1.1.9", "0.9.0", "1.2.0rc1"])
def test_a_version_that_is_not_later_is_refused(version: str) -> None:
    with pytest.raises(ReleaseError, match=r"not later than 1\.2\.0"):
        closed(LOG, version, DAY)


def test_1_10_is_later_than_1_9_and_than_its_candidates() -> None:
    assert "## 1.10.0 - " in closed(LOG.replace("1.2.0", "1.9.0"), "1.10.0", DAY)
    assert "## 1.10.0 - " in closed(LOG.replace("1.2.0", "1.10.0rc2"), "1.10.0", DAY)


def test_nothing_is_released_without_a_change() -> None:
    with pytest.raises(ReleaseError, match="nothing under Unreleased"):
        closed(LOG.replace("- A thing.\n", ""), "1.3.0", DAY)


def test_the_command_closes_the_section_and_writes_the_version(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "REPOSITORY", places)
    log = places / "CHANGELOG.md"
    log.write_text(log.read_text().replace("## Unreleased\n", "## Unreleased\n\n### Fixed\n\n- This.\n", 1))
    assert command.main(["version", "9.8.7", "--date", "2030-01-02"]) == 0
    assert version_of(places) == "9.8.7"
    assert "## Unreleased\n\n## 9.8.7 - 2030-01-02\n\n### Fixed\n\n- This.\n" in log.read_text()
    assert command.main(["version", "9.8.7"]) == 1
    assert capsys.readouterr().err.startswith("release: CHANGELOG.md has nothing under Unreleased")


# The archives


def test_the_same_files_give_the_same_archive_whoever_packs_them_and_when(tmp_path: Path) -> None:
    made = []
    for number, names in enumerate((["b", "a/c"], ["a/c", "b"])):
        folder = tmp_path / str(number)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            (folder / name).chmod(0o600 if number else 0o664)
            os.utime(folder / name, (number, number))
        pack(folder, tmp_path / f"{number}.zip", datetime(2030, 1, 2, tzinfo=UTC))
        made.append((tmp_path / f"{number}.zip").read_bytes())
    assert made[0] == made[1]
    assert zipfile.ZipFile(tmp_path / "0.zip").namelist() == ["a/c", "b"]


def test_a_release_is_the_same_byte_for_byte_from_another_copy_at_another_time(
    source: Path, tmp_path: Path
) -> None:
    for needed in ("build", "hatchling"):
        if not importlib.util.find_spec(needed):
            pytest.skip(f"{needed} is not installed: pip install -e '.[release]'")
    other = tmp_path / "copy"
    shutil.copytree(source, other)
    (other / "__pycache__").mkdir()
    (other / "__pycache__" / "x.pyc").write_text("left by a run")
    for path in other.rglob("*"):
        path.chmod(0o700 if path.is_dir() or path.stat().st_mode & 0o100 else 0o600)
        os.utime(path, (1e9, 1e9))
    first, second = build(source, tmp_path / "first"), build(other, tmp_path / "second")
    assert [path.name for path in first.all] == [path.name for path in second.all]
    assert [
        path.name for path in first.all if path.read_bytes() != second.folder.joinpath(path.name).read_bytes()
    ] == []
    assert (first.folder / "SHA256SUMS").read_text() == (second.folder / "SHA256SUMS").read_text()
    inside = zipfile.ZipFile(first.wheel).namelist()
    assert "mcp_smalltools/cli.py" in inside and "mcp_smalltools/_examples/tests.log" in inside
    assert [name for name in inside if name.startswith(("tests/", "release/"))] == []
    for archive, needed in ((first.bundle, "manifest.json"), (first.plugins["claude-code"], ".mcp.json")):
        assert json.loads(zipfile.ZipFile(archive).read(needed))


# The trial


def test_a_clean_place_hands_on_no_secret_and_no_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTS_API_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    place = CleanPlace.__new__(CleanPlace)
    place.home, place.environment = tmp_path / "home", tmp_path / "environment"
    found = place.variables()
    assert not {"AGENTS_API_KEY", "PYTHONPATH", "XDG_RUNTIME_DIR"} & found.keys()
    assert found["HOME"] == str(tmp_path / "home") and found["MCP_SMALLTOOLS_OFFLINE"] == "1"


def test_a_bundles_command_gets_what_its_user_has_chosen() -> None:
    assert (
        filled(
            "${user_config.folder}:${user_config.privacy}",
            {"user_config.folder": "/w", "user_config.privacy": "open"},
        )
        == "/w:open"
    )


def test_every_hook_of_the_plugins_is_tried() -> None:
    for client in ("claude-code", "codex"):
        lines = list(hook_lines(REPOSITORY / "integrations" / client))
        assert [event for event, line in lines if f" hook {event} " not in line] == []
        assert len(lines) >= 3


# The workflow of the forge


def workflow() -> dict[str, Any]:
    text = (REPOSITORY / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_only_the_job_that_publishes_may_speak_for_the_project_and_it_runs_for_tags_alone() -> None:
    jobs = workflow()["jobs"]
    assert workflow()["permissions"] == {}
    assert {name for name, job in jobs.items() if "id-token" in job["permissions"]} == {"publish"}
    assert {name for name, job in jobs.items() if job["permissions"].get("contents") == "write"} == {"forge"}
    assert all(jobs[name]["if"] == "github.ref_type == 'tag'" for name in ("publish", "forge"))
    assert {"archives", "platforms"} <= set(jobs["publish"]["needs"])


def test_what_others_wrote_is_named_by_its_hash_in_the_workflow() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) > 5 and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)


def test_the_workflow_puts_no_text_of_others_into_a_shell() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_each_step_of_a_release_that_the_workflow_names_is_known() -> None:
    named = re.findall(r"python -m release (.+)", "\n".join(step.get("run", "") for step in steps()))
    assert {line.split()[0] for line in named} == {"build", "try", "parts", "notes", "engine"}
    for line in named:
        command.parser().parse_args(shlex.split(line.partition(" > ")[0]))


def test_the_workflow_builds_an_engine_for_each_platform_that_runs_on_all_processors_of_it() -> None:
    rows = workflow()["jobs"]["engine"]["strategy"]["matrix"]["include"]
    assert [row["platform"].split("_")[0] for row in rows] == ["manylinux", "manylinux", "macosx", "win"]
    for row in rows:
        assert "-DGGML_NATIVE=OFF" in row["flags"]
        assert (
            "GGML_METAL=ON" in row["flags"]
            or "-DGGML_BACKEND_DL=ON -DGGML_CPU_ALL_VARIANTS=ON" in row["flags"]
        )
