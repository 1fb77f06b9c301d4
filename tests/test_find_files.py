"""find_files on real trees: what is there is found, what is not there any more is not, and no text leaves a
sealed root.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import EngineUnavailable, NotAllowed
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.files.tree import Walk
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.text.words import code_word_counts, code_words, words_of_identifier
from mcp_smalltools.tools.find_files import file_scores, index_updates
from mcp_smalltools.tools.find_files.best_passage import best_passage
from mcp_smalltools.tools.find_files.file_kinds import kind_of, worths
from mcp_smalltools.tools.find_files.index import FileIndex, index_path, open_index
from mcp_smalltools.tools.find_files.index_updates import IndexUpdater
from mcp_smalltools.tools.find_files.indexing import FileWords

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

pytestmark = pytest.mark.anyio

FIND = Callable[..., Awaitable[dict[str, Any]]]


def no_engine() -> FakeEngine:
    """An engine that can't be reached: ranking by words alone."""
    engine = FakeEngine()
    engine.fail(EngineUnavailable("There is none."))
    return engine


@pytest.fixture
async def find(settings: Settings) -> AsyncIterator[FIND]:
    """By words alone, since that is what these tests are about."""
    service = Service(settings, no_engine())

    async def call(query: str, **arguments: Any) -> dict[str, Any]:
        return (await service.call(ToolRequest("find_files", {"query": query, **arguments}))).structured()

    yield call
    await service.close()


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def index_of(settings: Settings, root: Path) -> Path:
    return index_path(settings.state_dir, Roots([RootSpec(path=root)]).folders()[0])


def paths_of(answer: dict[str, Any]) -> list[str]:
    return [file["path"] for file in answer["files"]]


BEES = """def feed():
    pass


def swarm_control(hive):
    # mites are counted before the heather
    return hive
"""


async def test_a_file_is_found_by_its_words_with_the_lines_that_hold_them(find: FIND, tmp_path: Path) -> None:
    write(tmp_path, src__bees_dot_py=BEES, src__cows_dot_py="def milk():\n    return 'warm'\n")
    answer = await find("who counts the mites")
    assert paths_of(answer)[0] == "src/bees.py"
    best = answer["files"][0]
    lines = BEES.split("\n")[best["start"] - 1 : best["end"]]
    assert best["text"] == "\n".join(lines)
    assert "mites" in best["text"]
    assert "swarm_control" in best["inside"]


async def test_identifiers_are_found_by_their_parts_and_parts_by_identifiers(
    find: FIND, tmp_path: Path
) -> None:
    write(
        tmp_path,
        a_dot_py="class HTTPRetryPolicy: pass\n",
        b_dot_py="max_open_files = 3\n",
        c_dot_py="x = 1\n",
    )
    assert paths_of(await find("retry policy"))[0] == "a.py"
    assert paths_of(await find("maxOpenFiles"))[0] == "b.py"


async def test_edits_renames_and_deletes_show_in_the_next_call(find: FIND, tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="the quick zebra\n", b_dot_txt="a slow ox\n")
    assert paths_of(await find("zebra")) == ["a.txt"]
    write(tmp_path, a_dot_txt="the quick okapi\n")
    assert paths_of(await find("okapi")) == ["a.txt"]
    assert paths_of(await find("zebra")) == []
    (tmp_path / "a.txt").rename(tmp_path / "c.txt")
    assert paths_of(await find("okapi")) == ["c.txt"]
    (tmp_path / "c.txt").unlink()
    assert paths_of(await find("okapi")) == []


async def test_an_edit_that_keeps_size_and_time_is_seen_by_its_inode(find: FIND, tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="zebra\n")
    assert paths_of(await find("zebra")) == ["a.txt"]
    status = (tmp_path / "a.txt").stat()
    write(tmp_path, new_dot_txt="okapi\n")
    os.utime(tmp_path / "new.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "new.txt").replace(tmp_path / "a.txt")
    assert paths_of(await find("okapi")) == ["a.txt"]


async def test_what_git_ignores_is_left_out_and_comes_back_when_the_rules_change(
    find: FIND, tmp_path: Path
) -> None:
    write(tmp_path, _dot_gitignore="*.log\nbuild/\n!keep.log\n", a_dot_log="zebra\n", keep_dot_log="zebra\n")
    write(
        tmp_path,
        build__x_dot_txt="zebra\n",
        sub___dot_gitignore="secret.txt\n",
        sub__secret_dot_txt="zebra\n",
    )
    write(tmp_path, sub__open_dot_txt="zebra\n", _dot_git__info__exclude="mine.txt\n", mine_dot_txt="zebra\n")
    write(tmp_path, node_modules__m__i_dot_js="zebra\n", env__pyvenv_dot_cfg="", env__lib_dot_py="zebra\n")
    assert sorted(paths_of(await find("zebra"))) == ["keep.log", "sub/open.txt"]
    write(tmp_path, _dot_gitignore="*.log\n", sub___dot_gitignore="")
    found = sorted(paths_of(await find("zebra")))
    assert found == ["build/x.txt", "sub/open.txt", "sub/secret.txt"]


def test_rules_agree_with_git_itself(tmp_path: Path) -> None:
    rules = "*.o\n/top.txt\ndoc/**/*.html\n!doc/keep.html\nlogs/\n\\#x\na[bc].txt\n **/deep \n"
    write(tmp_path, _dot_gitignore=rules, sub___dot_gitignore="*.txt\n!b.txt\n")
    for name in ("a.o", "top.txt", "sub/top.txt", "sub/b.txt", "doc/a.html", "doc/x/b.html", "doc/keep.html"):
        write(tmp_path, **{name: "x"})
    for name in ("logs/a", "sub/logs/b", "#x", "ab.txt", "ad.txt", "x/deep", "sub/ab.txt", "sub/b.o"):
        write(tmp_path, **{name: "x"})
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    roots = Roots([RootSpec(path=tmp_path)])
    assert {entry.path for entry in Walk(roots.folders()[0])} == set(listed.stdout.split())


async def test_nothing_outside_of_the_roots_is_indexed_or_found(
    find: FIND, settings: Settings, tmp_path: Path
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    write(outside, secret_dot_txt="zebra\n")
    (tmp_path / "link.txt").symlink_to(outside / "secret.txt")
    (tmp_path / "folder").symlink_to(outside)
    write(tmp_path, a_dot_txt="an ox\n")
    assert paths_of(await find("zebra")) == []
    database = index_of(settings, tmp_path)
    assert b"zebra" not in database.read_bytes()
    assert database.stat().st_mode & 0o077 == 0
    with pytest.raises(NotAllowed):
        await find("zebra", path=str(outside))


async def test_path_and_glob_narrow_the_search(find: FIND, tmp_path: Path) -> None:
    write(tmp_path, src__a_dot_py="zebra\n", src__a_dot_md="zebra\n", docs__a_dot_md="zebra\n")
    assert sorted(paths_of(await find("zebra", path="src"))) == ["src/a.md", "src/a.py"]
    assert sorted(paths_of(await find("zebra", glob="*.md"))) == ["docs/a.md", "src/a.md"]
    answer = await find("zebra", glob="*.go")
    assert answer["escalate"]
    assert "*.go" in answer["reason"]


async def test_words_that_no_file_holds_are_named(find: FIND, tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="zebra\n")
    answer = await find("zebra quagga")
    assert paths_of(answer) == ["a.txt"]
    assert "quagga" in answer["note"]
    answer = await find("quagga")
    assert answer["escalate"]


async def test_binary_generated_and_huge_files_are_known_by_their_names_alone(
    find: FIND, tmp_path: Path
) -> None:
    (tmp_path / "zebra.bin").write_bytes(b"\0\1zebra okapi")
    write(tmp_path, made_dot_go="// Code generated by x. DO NOT EDIT.\nvar okapi = 1\n")
    write(tmp_path, app_dot_min_dot_js="okapi\n", big_dot_txt="okapi " * 300_000)
    write(tmp_path, wide_dot_js="okapi;" * 2000)
    answer = await find("okapi")
    assert paths_of(answer) == []
    assert answer["dropped"] == {"files_too_large_to_index": 1}
    assert paths_of(await find("zebra")) == ["zebra.bin"]


def test_what_can_not_be_read_or_listed_is_counted_and_tried_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, closed_dot_txt="okapi\n", shut__in_dot_txt="okapi\n", open_dot_txt="okapi\n")
    folder = Roots([RootSpec(path=tmp_path)]).folders()[0]
    is_shut = True

    def opened(path: str) -> UserFile:
        if path == "closed.txt" and is_shut:
            raise NotAllowed("The permissions forbid it.")
        return Roots([RootSpec(path=tmp_path)]).open(str(tmp_path / path))

    def scandir(place: Any) -> Any:
        if is_shut and os.path.samestat(os.fstat(place), shut):
            raise PermissionError
        return list_folder(place)

    list_folder, shut = os.scandir, (tmp_path / "shut").stat()
    monkeypatch.setattr(os, "scandir", scandir)
    updater = IndexUpdater(folder, settings.state_dir, opened)
    assert updater.refresh(60, lambda *_: None, lambda: None)
    assert updater.index.skipped_below("") == {"unreadable": 1}
    assert (updater.state.unreachable, updater.index.counts().with_text) == (1, 1)
    is_shut = False
    assert updater.refresh(60, lambda *_: None, lambda: None)
    assert updater.index.skipped_below("") == {}
    assert (updater.state.unreachable, updater.index.counts().with_text) == (0, 3)
    updater.close()


def test_files_beyond_the_limit_are_counted(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, **{f"f{number}_dot_txt": "okapi" for number in range(5)})
    monkeypatch.setattr(index_updates, "MAX_FILES", 3)
    roots = Roots([RootSpec(path=tmp_path)])
    updater = IndexUpdater(
        roots.folders()[0], settings.state_dir, lambda path: roots.open(str(tmp_path / path))
    )
    assert updater.refresh(60, lambda *_: None, lambda: None)
    assert (updater.state.beyond, updater.index.counts().files) == (2, 3)
    updater.close()


async def test_of_a_sealed_root_come_paths_and_lines_and_no_text(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, open__a_dot_txt="zebra one\n", sealed__b_dot_txt="two\nzebra three\n")
    roots = (
        RootSpec(path=tmp_path / "open", level=PrivacyLevel.OPEN),
        RootSpec(path=tmp_path / "sealed", level=PrivacyLevel.SEALED),
    )
    service = Service(settings.model_copy(update={"roots": roots}), no_engine())
    both = (await service.call(ToolRequest("find_files", {"query": "zebra"}))).structured()
    texts = {Path(file["path"]).name: file.get("text") for file in both["files"]}
    assert texts == {"a.txt": "zebra one", "b.txt": None}
    assert both["dropped"]["sealed_texts"] == 1
    only = (await service.call(ToolRequest("find_files", {"query": "zebra", "path": "b.txt"}))).structured()
    await service.close()
    assert [(file["start"], file["end"]) for file in only["files"]] == [(2, 2)]
    assert "three" not in json.dumps(only)


async def test_a_root_inside_another_is_searched_once_at_its_own_level(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path, a_dot_txt="zebra one\n", inner__b_dot_txt="zebra two\n")
    roots = (
        RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),
        RootSpec(path=tmp_path / "inner", level=PrivacyLevel.SEALED),
    )
    service = Service(settings.model_copy(update={"roots": roots}), no_engine())
    answer = (await service.call(ToolRequest("find_files", {"query": "zebra"}))).structured()
    await service.close()
    assert len(answer["files"]) == 2
    assert "two" not in json.dumps(answer)


async def test_a_damaged_index_is_made_anew_and_the_answer_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path, a_dot_txt="zebra\n")
    database = index_of(settings, tmp_path)
    for damage in (b"this is no database", None):
        service = Service(settings, no_engine())
        await service.call(ToolRequest("find_files", {"query": "zebra"}))
        await service.close()
        data = bytearray(database.read_bytes())
        database.write_bytes(damage or bytes(data[:4096]) + b"\xff" * (len(data) - 4096))
        service = Service(settings, no_engine())
        answer = (await service.call(ToolRequest("find_files", {"query": "zebra"}))).structured()
        await service.close()
        assert paths_of(answer) == ["a.txt"]
        assert "The index was damaged and is being built again." in answer["note"]


async def test_where_no_index_can_be_written_it_is_kept_in_memory(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="zebra\n")
    settings.state_dir.mkdir(parents=True)
    (settings.state_dir / "indexes").write_text("a file is in the way", encoding="utf-8")
    service = Service(settings, no_engine())
    answer = (await service.call(ToolRequest("find_files", {"query": "zebra"}))).structured()
    await service.close()
    assert paths_of(answer) == ["a.txt"]
    assert "in memory" in answer["note"]


def test_a_process_that_dies_while_it_indexes_leaves_an_index_that_the_next_one_completes(
    settings: Settings, tmp_path: Path
) -> None:
    for number in range(300):
        write(tmp_path, **{f"f{number:03}.txt": f"zebra number{number}\n"})
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from mcp_smalltools.config import RootSpec\n"
        "from mcp_smalltools.files.roots import Roots\n"
        "from mcp_smalltools.tools.find_files import index_updates\n"
        "index_updates._STEP_S = 0\n"
        "root, state = map(Path, sys.argv[1:])\n"
        "roots = Roots([RootSpec(path=root)])\n"
        "progress = lambda done, total, message: os._exit(9) if done > 100 else None\n"
        "one = index_updates.IndexUpdater(roots.folders()[0], state, lambda p: roots.open(str(root / p)))\n"
        "one.refresh(60, progress, lambda: None)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), str(settings.state_dir)], check=False)
    assert done.returncode == 9
    index = open_index(index_of(settings, tmp_path))
    assert index.note is None
    assert 100 <= index.index.counts().files < 300
    index.index.close()
    service = Service(settings, no_engine())

    async def ask() -> dict[str, Any]:
        found = await service.call(ToolRequest("find_files", {"query": "number299"}))
        await service.close()
        return found.structured()

    assert paths_of(anyio.run(ask)) == ["f299.txt"]


async def test_two_servers_share_an_index(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="zebra\n")
    one, two = (Service(settings, no_engine()) for _ in range(2))
    found: list[list[str]] = []

    async def ask(service: Service, query: str) -> None:
        answer = await service.call(ToolRequest("find_files", {"query": query}))
        found.append(paths_of(answer.structured()))

    async with anyio.create_task_group() as group:
        for service in (one, two, one, two):
            group.start_soon(ask, service, "zebra")
    assert found == [["a.txt"]] * 4
    write(tmp_path, b_dot_txt="okapi\n")
    found.clear()
    for service in (one, two):
        await ask(service, "okapi")
        await service.close()
    assert found == [["b.txt"]] * 2


async def test_while_a_server_runs_changes_are_indexed_without_a_call(
    settings: Settings, tmp_path: Path
) -> None:
    from mcp_smalltools.tools.find_files import index_updates

    write(tmp_path, a_dot_txt="zebra\n")
    roots = Roots([RootSpec(path=tmp_path)])
    one = index_updates.IndexUpdater(
        roots.folders()[0], settings.state_dir, lambda path: roots.open(str(tmp_path / path))
    )
    one.watch()
    with anyio.fail_after(30):
        number = 0
        while not one.index.files_with_any(["okapi"]):
            number += 1  # a write before the watch has begun is seen by nobody: write until one is
            write(tmp_path, b_dot_txt="okapi\n" * number)
            await anyio.sleep(0.2)
    await anyio.to_thread.run_sync(one.close)


async def test_a_file_is_found_by_its_meaning_where_no_word_is_the_same(
    settings: Settings, engine: EngineClient, tmp_path: Path
) -> None:
    write(
        tmp_path,
        auth_dot_py='"""Sign users in with their password."""\n\n\ndef sign_in(user):\n    return user\n',
    )
    write(
        tmp_path,
        rain_dot_py='"""How much it rained in each month."""\n\n\ndef millimetres():\n    return 3\n',
    )
    service = Service(settings, engine)
    with anyio.fail_after(60):
        answer: dict[str, Any] = {"dropped": {"files_ranked_by_words_alone": 2}}
        while "files_ranked_by_words_alone" in answer["dropped"]:
            found = await service.call(ToolRequest("find_files", {"query": "login authentication"}))
            answer = found.structured()
        assert paths_of(answer)[0] == "auth.py"
        found = await service.call(ToolRequest("find_files", {"query": "precipitation statistics"}))
        assert paths_of(found.structured())[0] == "rain.py"
    await service.close()


NAMES = st.lists(
    st.sampled_from(["http", "Server", "max", "IO", "x2", "retry", "ÜBER", "日本"]), min_size=1, max_size=5
)


@given(NAMES, st.sampled_from(["_", "", "-", "."]))
@budget(max_examples=200, deadline=None)
def test_an_identifier_gives_its_parts_in_order_and_all_of_its_letters(parts: list[str], joint: str) -> None:
    text = joint.join(parts)
    found = code_words(text)
    assert found == [
        word for piece in text.replace("-", " ").replace(".", " ").split() for word in code_words(piece)
    ]
    assert all(word == word.lower() for word in found)
    assert set("".join(found)) == set("".join(parts).lower())


@given(st.text(max_size=60))
@budget(max_examples=300, deadline=None)
def test_counting_the_words_of_any_text_gives_what_listing_them_gives(text: str) -> None:
    listed = code_words(text)
    assert code_word_counts(text) == {word: listed.count(word) for word in listed}


@pytest.mark.parametrize(
    ("identifier", "parts"),
    [
        ("maxRetry_count", ("max", "retry", "count", "maxretrycount")),
        ("HTTPServer2", ("http", "server2", "httpserver2")),
        ("SQLiteDB", ("sq", "lite", "db", "sqlitedb")),
        ("word", ("word",)),
        ("__init__", ("init",)),
        ("SHA256", ("sha256",)),
    ],
)
def test_identifiers_are_taken_apart_where_people_read_a_joint(
    identifier: str, parts: tuple[str, ...]
) -> None:
    assert words_of_identifier(identifier.strip("_")) == parts


SCORES = st.dictionaries(st.integers(0, 20), st.floats(0, 50), max_size=12)
COSINES = st.dictionaries(st.integers(0, 20), st.floats(-1, 1), max_size=12)


@given(SCORES, COSINES, st.integers(0, 20))
@budget(max_examples=200, deadline=None)
def test_a_fused_score_never_falls_when_one_of_its_parts_rises(
    by_word: dict[int, float], similarity: dict[int, float], number: int
) -> None:
    best = max(by_word.values(), default=0.0)
    before = file_scores.fuse(by_word, similarity, {}, best)
    assert before.keys() == by_word.keys() | similarity.keys()
    assert all(before[i] >= score for i, score in by_word.items())
    after = file_scores.fuse(by_word, similarity | {number: 1.0}, {}, best)
    assert after[number] >= before.get(number, 0.0)
    assert {i: s for i, s in after.items() if i != number} == {i: s for i, s in before.items() if i != number}


BODIES = st.lists(st.lists(st.sampled_from(["ox", "cow", "bee", "the"]), max_size=12), min_size=1, max_size=6)


@given(BODIES)
@budget(max_examples=60, deadline=None)
def test_the_index_counts_what_the_texts_hold(bodies: list[list[str]]) -> None:
    from mcp_smalltools.files.tree import FileEntry

    index = FileIndex(None)
    files = [
        (
            FileEntry(f"f{i}.txt", 1, 1, i),
            FileWords(code_word_counts(f"f{i}.txt"), code_word_counts(" ".join(body))),
        )
        for i, body in enumerate(bodies)
    ]
    index.replace([], files)
    index.replace([seen.id for path, seen in index.known().items() if path == "f0.txt"], [])
    kept = bodies[1:]
    assert index.files_with_any(["ox"]) == sum("ox" in body for body in kept)
    held = {candidate.path: candidate.in_body["ox"] for candidate in index.candidates(["ox"], 10, None)}
    assert held == {f"f{i}.txt": body.count("ox") for i, body in enumerate(bodies) if i and "ox" in body}
    index.close()


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30), max_size=40))
@budget(max_examples=100, deadline=None)
def test_a_passage_is_lines_of_its_file(lines: list[str]) -> None:
    found = best_passage("a.txt", lines, {"a": 1.0, "b": 2.0}, {"a": "a", "b": "b"})
    if found is not None:
        assert 1 <= found.start <= found.end <= len(lines)
        assert any(line.strip() for line in lines[found.start - 1 : found.end])


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    FileIndex(path).set_fact("version", -1)
    opened = open_index(path)
    assert opened.index.counts().files == 0
    opened.index.close()


def test_a_full_disk_is_no_end(settings: Settings, tmp_path: Path) -> None:
    """SQLite's own answer to a full disk, by a limit on the pages of its file."""
    from mcp_smalltools.tools.find_files import index_updates

    write(tmp_path, **{f"f{i}.txt": " ".join(f"w{i}x{j}" for j in range(300)) for i in range(200)})
    roots = Roots([RootSpec(path=tmp_path)])
    one = index_updates.IndexUpdater(
        roots.folders()[0], settings.state_dir, lambda path: roots.open(str(tmp_path / path))
    )
    one.index._db.execute("PRAGMA max_page_count = 20")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        one.index.replace(
            [],
            [
                (e, FileWords(code_word_counts(e.path), {f"w{i}": 1 for i in range(5000)}))
                for e in Walk(one.folder)
            ],
        )
    assert one.refresh(60, lambda *_: None, lambda: None)
    assert one.index.counts().files == 200
    assert "in memory" in (one.state.note or "")
    one.close()


async def test_a_secret_is_masked_also_where_the_passage_holds_only_a_part_of_it(
    settings: Settings, tmp_path: Path
) -> None:
    body = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + str(i) for i in range(20))
    key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    write(tmp_path, a_dot_txt=f"{key}zebra\npassword = hunter2zebra\n")
    redacted = settings.model_copy(update={"roots": (RootSpec(path=tmp_path),)})
    service = Service(redacted, no_engine())
    for query in ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC77", "zebra", "password"):
        answer = await service.call(ToolRequest("find_files", {"query": query}))
        assert answer.structured()["files"]
        left = json.dumps([file["text"] for file in answer.structured()["files"]])
        assert "MIIEvQ" not in left
        assert "hunter2" not in left
    await service.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/pour.py", "code"),
        ("tests/test_pour.py", "test"),
        ("src/pour_test.go", "test"),
        ("app/src/test/java/org/PourTest.java", "test"),
        ("CHANGELOG.md", "news"),
        ("docs/releases/1.4.txt", "news"),
        ("doc/pour.1", "documentation"),
        ("README.rst", "documentation"),
        ("examples/pour/main.rs", "example"),
        ("dist/esm/pour.js", "built"),
        ("vendor/golang.org/x/pour.go", "built"),
        ("static/pour.min.js", "built"),
        ("packages/cup/build/pour.js", "built"),
        ("build/pour.go", "code"),
        ("src/build/pour.js", "code"),
        ("latest/contest.py", "code"),
        ("Makefile", "other"),
    ],
)
def test_what_a_file_is_there_for_is_seen_in_its_path(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_files_that_tell_of_code_count_less_than_code_unless_they_are_asked_for() -> None:
    usual = worths("a guest gets the same cup poured twice")
    assert usual["code"] == 1.0 > max(usual["test"], usual["news"], usual["documentation"])
    assert worths("the test of pouring twice fails")["test"] == 1.0
    assert worths("how do I pour two cups?")["documentation"] == 1.0


async def test_code_comes_before_its_tests_and_news_though_they_have_the_words_of_the_query(
    settings: Settings, engine: EngineClient, tmp_path: Path
) -> None:
    files = {
        "src/pour.py": "def pour(guest, cup):\n    if cup.poured:\n        guest.cups.append(cup)\n",
        "src/heat.py": "def heat(water):\n    water.boil()\n",
        "src/page.css": "h1 { color: red }\n",
        "tests/test_pour.py": "def test_a_guest_gets_no_cup_twice():\n    assert poured(cups) == 1\n",
        "CHANGELOG.md": "## 1.2\n\n- Fixed: a guest got the same cup poured twice.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    own = settings.model_copy(update={"roots": (RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),)})
    service = Service(own, engine)
    got = await service.call(ToolRequest("find_files", {"query": "a guest gets the same cup poured twice"}))
    await service.close()
    assert got.files[0].path.endswith("src/pour.py")


async def test_a_word_in_another_form_is_known(
    settings: Settings, engine: EngineClient, tmp_path: Path
) -> None:
    (tmp_path / "page.css").write_text("/* a heading wraps */\nh1 { line-height: 1.2 }\n")
    (tmp_path / "other.txt").write_text("nothing here\n")
    own = settings.model_copy(update={"roots": (RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),)})
    service = Service(own, engine)
    got = await service.call(ToolRequest("find_files", {"query": "headings overlap"}))
    await service.close()
    assert got.files[0].path.endswith("page.css")
    assert "headings" not in (got.note or "")
