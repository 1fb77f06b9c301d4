"""Exports: new files and own earlier ones only, inside the output folder, whole, private and not too much."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_service import Grep

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotAllowed
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import LOCAL, Principal, export_folder_name, narrow_settings
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.server.app import describe
from mcp_smalltools.service import Service
from mcp_smalltools.stores import export_index, exports
from mcp_smalltools.stores.export_index import ExportIndex
from mcp_smalltools.stores.exports import Exports, Quota

MB = 1 << 20
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


def exports_of(folder: Path, owner: str = "local", own: str = "", mb: int = 100, files: int = 100) -> Exports:
    index = folder.parent / "exports.db"
    return Exports(folder, index, owner=owner, own=own, quota=Quota(mb * MB, files))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "project"


@pytest.fixture
def local(out: Path) -> Exports:
    return exports_of(out)


def export(to: Exports, name: str, text: str = "ours\n") -> Path:
    with to.create(name) as output:
        output.write(text)
    return output.path


PROJECT = ("main.py", ".mcp.json", ".git/hooks/pre-commit", "conftest.py", "notes/empty.txt")


@pytest.mark.parametrize("name", PROJECT)
def test_a_file_of_the_project_is_never_overwritten(local: Exports, out: Path, name: str) -> None:
    file = out / name
    file.parent.mkdir(parents=True)
    file.write_text("" if "empty" in name else "theirs\n")
    before = file.read_text(), file.stat().st_ino
    with pytest.raises(NotAllowed, match=r"there already|not a file inside"):
        local.create(name)
    assert (file.read_text(), file.stat().st_ino) == before
    assert not list(out.rglob("*.part"))


def test_an_own_export_is_replaced_until_somebody_edits_it(local: Exports, out: Path) -> None:
    export(local, "a.jsonl", "one\n")
    assert export(local, "a.jsonl", "two\n").read_text() == "two\n"
    (out / "a.jsonl").write_text("six\n")  # as long as before
    with pytest.raises(NotAllowed, match="no earlier export"):
        local.create("a.jsonl")
    (out / "a.jsonl").unlink()
    (out / "a.jsonl").write_text("two\n")  # the same text in a file of somebody's
    with pytest.raises(NotAllowed, match="no earlier export"):
        local.create("a.jsonl")


def test_what_appears_while_an_export_is_written_stays(local: Exports, out: Path) -> None:
    output = local.create("a.jsonl")
    with pytest.raises(NotAllowed, match="there already"), output:
        output.write("ours\n")
        (out / "a.jsonl").write_text("theirs\n")
    assert (out / "a.jsonl").read_text() == "theirs\n"
    assert [file.name for file in out.iterdir()] == ["a.jsonl"]


def test_callers_do_not_replace_each_others_exports(out: Path) -> None:
    export(exports_of(out, "token a"), "a.jsonl")
    with pytest.raises(NotAllowed, match="there already"):
        exports_of(out, "token b").create("a.jsonl")


@POSIX
@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o777])
def test_files_and_folders_are_private_whatever_the_umask(local: Exports, out: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        path = export(local, "below/further/a.jsonl")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, out):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


NAMES = (
    *(
        "",
        ".",
        "..",
        "/",
        "../x",
        "a/../../x",
        "a/..",
        "/etc/x",
        "~",
        "~/x",
        "~root/x",
        "x\0y",
        "a\nb",
        "\x1b[2J",
    ),
    *(".hidden", "a/.git/x", "n" * 201, "ü" * 150, "n/" * 20 + "x", "n" * 5000, "a\ud800b", "/" * 300),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_can_not_be_is_a_clear_refusal(local: Exports, out: Path, name: str) -> None:
    with pytest.raises(NotAllowed, match="is not a file inside the output folder") as caught:
        local.create(name)
    assert len(str(caught.value)) < 700 and caught.value.remedy
    assert not out.exists() or not list(out.iterdir())


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["..", ".", "/", "a", "~", "\\", "\0", "b.c"])).map("".join)
)
def test_any_name_is_a_file_inside_or_a_refusal(name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as top:
        out = Path(top) / "out"
        try:
            path = export(exports_of(out), name)
        except NotAllowed:
            assert not list(out.rglob("*")) if out.exists() else True
        else:
            assert path.resolve().is_relative_to(out.resolve()) and path.read_text() == "ours\n"
        assert {file.name for file in Path(top).iterdir()} <= {
            "out",
            "exports.db",
            "exports.db-wal",
            "exports.db-shm",
        }


@pytest.mark.parametrize("name", ["12:30 [ü] run.jsonl", "a/b/c.txt", "./x.jsonl"])
def test_other_names_are_fine(local: Exports, out: Path, name: str) -> None:
    if os.name == "nt" and ":" in name:
        pytest.skip("a colon has a meaning there")
    assert export(local, name) == out / name


def test_the_whole_path_of_a_file_in_the_folder_is_a_name_too(local: Exports, out: Path) -> None:
    assert export(local, str(out / "a.jsonl")) == out / "a.jsonl"


@POSIX
def test_links_are_not_followed(local: Exports, out: Path, tmp_path: Path) -> None:
    out.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("theirs\n")
    (out / "folder").symlink_to(outside)
    (out / "file").symlink_to(outside / "x")
    (out / "nowhere").symlink_to(outside / "new")
    (out / "loop").symlink_to("loop")
    os.link(outside / "x", out / "hard")
    for name in ("folder/new", "folder/x", "file", "nowhere", "loop", "loop/x", "hard", "file/x"):
        with pytest.raises(NotAllowed):
            local.create(name)
    assert [file.name for file in outside.iterdir()] == ["x"] and (outside / "x").read_text() == "theirs\n"


@POSIX
def test_odd_files_under_the_name_are_refused(
    local: Exports, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "folder").mkdir(parents=True)
    os.mkfifo(out / "fifo")
    listener = socket.socket(socket.AF_UNIX)
    with monkeypatch.context() as patched:
        patched.chdir(out)  # a socket's name must be short
        listener.bind("socket")
    for name in ("folder", "fifo", "socket"):
        with pytest.raises(NotAllowed, match="there already"):
            local.create(name)
    listener.close()


@POSIX
def test_a_folder_swapped_for_a_link_while_it_is_written_takes_nothing_outside(
    local: Exports, out: Path, tmp_path: Path
) -> None:
    output = local.create("sub/a.jsonl")
    (out / "sub").rename(out / "moved")
    (out / "sub").symlink_to(tmp_path)
    with output:
        output.write("ours\n")
    assert not (tmp_path / "a.jsonl").exists()
    assert (out / "moved" / "a.jsonl").read_text() == "ours\n"


# Quotas


def test_a_caller_can_not_write_more_than_its_share(out: Path) -> None:
    small = exports_of(out, mb=20)
    export(small, "a", "x" * (12 * MB))
    with pytest.raises(NotAllowed, match="more than 20 MB") as caught, small.create("b") as output:
        for _ in range(100):
            output.write("x" * MB)
            assert sum(file.stat().st_size for file in out.iterdir()) < 31 * MB, "it ends while it is written"
    assert "export_mb" in caught.value.remedy
    assert [file.name for file in out.iterdir()] == ["a"]
    export(exports_of(out, "token b", mb=20), "b", "x" * (12 * MB))  # another caller has its own
    (out / "a").unlink()
    export(small, "c", "x" * (12 * MB))


def test_exports_that_are_written_at_once_share_the_quota(out: Path) -> None:
    small = exports_of(out, mb=30)
    outputs = [small.create(f"f{number}") for number in range(6)]
    refused = 0
    for output in outputs:
        try:
            with output:
                for _ in range(12):
                    output.write("x" * MB)
        except NotAllowed:
            refused += 1
    assert refused == 4
    assert sum(file.stat().st_size for file in out.iterdir()) <= 30 * MB


def test_a_caller_can_not_make_more_files_than_its_share(out: Path) -> None:
    few = exports_of(out, files=3)
    for name in "abc":
        export(few, name)
    export(few, "a")  # one that it has
    with pytest.raises(NotAllowed, match="3 exports of this caller already"):
        few.create("d")
    (out / "b").unlink()
    export(few, "d")


def test_a_disk_that_is_nearly_full_is_left_alone(local: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        total, free = 100 << 30, 200 << 20

    monkeypatch.setattr(exports.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(NotAllowed, match="nearly full"):
        local.create("a")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_a_clear_refusal_and_leaves_nothing(
    local: Exports, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = local.create("a")
    output._file.close()
    output._file = open("/dev/full", "wb")  # noqa: PTH123, SIM115 - closed by the block
    with pytest.raises(NotAllowed, match="can't be written"), output:
        output.write("x" * MB)
    assert not list(out.iterdir())


def test_what_a_killed_process_left_unfinished_is_removed(
    local: Exports, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = local.create("a")
    output._file.close()
    assert len(list(out.iterdir())) == 1
    monkeypatch.setattr(export_index.time, "time", lambda: 4e9)
    export(local, "b")
    assert [file.name for file in out.iterdir()] == ["b"]
    output._finish(False)


def test_a_call_that_fails_leaves_nothing(local: Exports, out: Path) -> None:
    with pytest.raises(ValueError), local.create("a") as output:
        output.write("x")
        raise ValueError
    assert not list(out.iterdir())
    index = ExportIndex(out.parent / "exports.db")
    assert index.usage("local") == (0, 0)
    index.close()


def test_a_damaged_index_is_set_aside_and_nothing_counts_as_ours_then(local: Exports, out: Path) -> None:
    export(local, "a")
    (out.parent / "exports.db").write_bytes(b"not a database" * 500)
    for ending in ("-wal", "-shm"):
        (out.parent / f"exports.db{ending}").unlink(missing_ok=True)
    with pytest.raises(NotAllowed, match="there already"):
        local.create("a")
    export(local, "b")


def test_calls_at_once_under_one_name_leave_one_whole_file(local: Exports, out: Path) -> None:
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            export(local, "a", f"{number}" * 1000)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(problem, NotAllowed) for problem in problems) and len(problems) < 8
    text = (out / "a").read_text()
    assert len(text) == 1000 and len(set(text)) == 1
    assert [file.name for file in out.iterdir()] == ["a"]


# Whose folder


NAME_TEXT = st.text(st.characters(codec="utf-8"), max_size=100)


@given(st.lists(NAME_TEXT | st.sampled_from(["a/b", "a_b", "A_B", "a b", "..", ""]), unique=True, max_size=6))
def test_two_callers_never_share_a_folder(names: list[str]) -> None:
    folders = [export_folder_name(Principal(name, remote=True)) for name in names]
    assert len({folder.casefold() for folder in folders}) == len(names)
    for folder in folders:
        assert folder.isascii() and not set(folder) & set("./\\: ") and len(folder) <= 80


def test_each_remote_caller_has_a_folder_of_its_own_and_the_user_the_output_folder(
    settings: Settings,
) -> None:
    assert export_folder_name(LOCAL) == ""
    assert export_folder_name(Principal("token ci", remote=True)).startswith("token_ci-")
    assert export_folder_name(Principal("default token", remote=True))


def test_exports_of_others_are_outside_the_roots_of_a_token(settings: Settings, tmp_path: Path) -> None:
    """The output folder may be inside a root."""
    given = settings.model_copy(update={"output_dir": tmp_path / "out"})
    (tmp_path / "out" / "token_b-1").mkdir(parents=True)
    (tmp_path / "out" / "token_b-1" / "x.jsonl").write_text("theirs")
    narrow = narrow_settings(given, Principal("token a", True, level=PrivacyLevel.REDACTED))
    with pytest.raises(NotAllowed, match="no root opens"):
        Roots.of(narrow).open("out/token_b-1/x.jsonl")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    service = Service(settings)
    service.tools = {"grep": Grep()}
    yield service


@pytest.mark.anyio
async def test_through_a_call_each_caller_writes_into_its_own_folder(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text("one\n")
    for principal in (None, Principal("token a", remote=True), Principal("token b", remote=True)):
        arguments = {"path": "a.log", "export": "out.txt"}
        await service.call(ToolRequest("grep", arguments, principal=principal))
        await service.call(ToolRequest("grep", arguments, principal=principal))
    files = sorted(file.relative_to(settings.export_dir) for file in settings.export_dir.rglob("*.txt"))
    assert [file.name for file in files] == ["out.txt"] * 3 and len({file.parent for file in files}) == 3
    await service.close()


def test_the_hints_of_a_tool_say_what_a_call_may_do(settings: Settings) -> None:
    hints = {name: describe(tool, 1).annotations for name, tool in Service(settings).tools.items()}
    assert {name for name, hint in hints.items() if hint and not hint.read_only_hint} == {
        *("parse_log", "classify", "read_redacted", "report_outcome"),
    }
    for hint in hints.values():
        assert hint and hint.destructive_hint is (not hint.read_only_hint)
    assert hints["parse_log"] and hints["parse_log"].idempotent_hint is False
