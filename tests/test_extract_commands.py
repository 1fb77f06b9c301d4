"""What commands print without naming their columns: each form is read whole, and nothing else is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.extract.mapping.map_plan import map_plan
from mcp_smalltools.tools.extract.schema import plan_of
from mcp_smalltools.tools.extract.structure.commands.command_output import read_output
from mcp_smalltools.tools.extract.structure.node import ALSO, Node, NotOfForm
from mcp_smalltools.tools.extract.structure.text_forms import read_structure


def values(node: Node) -> dict[str, Any]:
    return {item.name.split(ALSO)[0]: item.value for item in node.inner if item.kind == "value"}


def rows(text: str) -> list[dict[str, Any]]:
    return [values(row) for row in read_output(text.split("\n")).inner]


LISTING = """\
total 24
drwxr-xr-x  2 ada  staff   4096 May  9  2026 old notes
-rw-r--r--+ 1 ada  staff   1.2K Nov 30 08:52 a -> b.txt
lrwxrwxrwx  1 root root       7 2026-11-30 08:55 bin -> usr/bin
brw-rw----  1 root disk  254, 0 2026-11-30 08:55:32.275035468 +0000 vda
"""


def test_a_listing_of_files_has_each_kind_of_size_time_and_file() -> None:
    found = rows(LISTING)
    assert [row["name"] for row in found] == ["old notes", "a -> b.txt", "bin", "vda"]
    assert [row["size"] for row in found] == ["4096", "1.2K", "7", "254, 0"]
    assert [row["modified"] for row in found] == [
        "May  9  2026",
        "Nov 30 08:52",
        "2026-11-30 08:55",
        "2026-11-30 08:55:32.275035468 +0000",
    ]
    assert [row["type"] for row in found] == ["directory", "file", "link", "block device"]
    assert [row["is directory"] for row in found] == [True, False, False, False]
    assert found[2]["target"] == "usr/bin"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin",
            {"name": "root", "uid": "0", "gid": "0", "home": "/root", "shell": "/bin/bash"},
        ),
        ("adm:x:4:ada,bob\nsudo:x:27:", {"name": "adm", "gid": "4", "members": "ada,bob"}),
        (
            "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibz.so.1 => not found\n",
            {"name": "linux-vdso.so.1", "address": "0x00007ffd"},
        ),
        (
            "Desired=Unknown/Install\n| Status=Not\n|/ Err?=(none)\n||/ Name  Version Architecture\n"
            "+++-======-=====-====-=====\nii  zlib1g:amd64  1:1.2.13.dfsg-1 amd64 compression library",
            {"status": "ii", "name": "zlib1g:amd64", "version": "1:1.2.13.dfsg-1", "architecture": "amd64"},
        ),
        (
            "proc on /proc type proc (rw,relatime)\n",
            {"device": "proc", "mount point": "/proc", "type": "proc", "options": "rw,relatime"},
        ),
        (
            "# <file system> <mount point>\nUUID=0a-1 / ext4 errors=remount-ro 0 1\n",
            {"device": "UUID=0a-1", "mount point": "/", "type": "ext4", "pass": "1"},
        ),
        (
            "MAILTO=ada\n# nightly\n30 2 * * mon-fri /usr/bin/backup --all\n@reboot /bin/start",
            {"minute": "30", "hour": "2", "day of week": "mon-fri", "command": "/usr/bin/backup --all"},
        ),
        (
            "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost ip6-loopback # loop\n",
            {"address": "127.0.0.1", "name": "localhost"},
        ),
        ("d41d8cd98f00b204e9800998ecf8427e  empty file", {"md5": "d41d8cd98f00b204e9800998ecf8427e"}),
        ("8.0K\t./docs\n404K\t.", {"size": "8.0K", "path": "./docs"}),
        (
            "e842477 (HEAD -> main) Say how fast\n73f615c Seed it",
            {"hash": "e842477", "refs": "HEAD -> main", "subject": "Say how fast"},
        ),
        ("origin\tgit@host:a/b.git (fetch)\n", {"name": "origin", "url": "git@host:a/b.git"}),
    ],
)
def test_a_row_of_each_form_has_its_columns(text: str, first: dict[str, str]) -> None:
    assert rows(text)[0].items() >= first.items()


HASH = "0123456789abcdef0123456789abcdef01234567"
LOG = """\
$ git log --stat
commit 0123456789abcdef0123456789abcdef01234567 (HEAD -> main, tag: v1)
Author: Ada Lovelace <ada@example.org>
Date:   Mon Nov 30 16:17:34 2026 +0000

    Count what is left out

    It was shown as nothing.

 docs/a b.md   |  2 +-
 logo.png      | Bin 0 -> 10 bytes
 2 files changed, 1 insertion(+), 1 deletion(-)
 create mode 100644 logo.png

commit 89abcdef0123456789abcdef0123456789abcdef
Merge: 1234567 89abcde
Author: Bob <bob@example.org>
Date:   Sun Nov 29 10:00:00 2026 +0000

    Merge branch 'x'
"""


def test_a_log_of_commits_has_messages_people_and_files() -> None:
    node = read_output(LOG.split("\n"))
    first, second = (values(commit) for commit in node.inner)
    assert first["hash"] == "0123456789abcdef0123456789abcdef01234567"
    assert first["subject"] == "Count what is left out"
    assert first["full message"] == "Count what is left out\nIt was shown as nothing."
    assert first["author name"] == "Ada Lovelace" and first["author email"] == "ada@example.org"
    assert (first["files changed"], first["insertions"], first["deletions"]) == ("2", "1", "1")
    files = next(item for item in node.inner[0].inner if item.name == "files")
    assert [values(file)["path"] for file in files.inner] == ["docs/a b.md", "logo.png"]
    assert second["merge"] == "1234567 89abcde" and "insertions" not in second
    assert node.inner[0].start == 2 and node.inner[1].start == 15


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_what_git_itself_prints_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("one\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First: add a\n\nWith a reason.")
    (tmp_path / "a.txt").write_text("two\n")
    (tmp_path / "b.txt").write_text("new\n")
    git(tmp_path, "add", "a.txt")
    for options in (["--stat"], ["--numstat"], ["--name-status"], ["-p"], ["--format=fuller"]):
        (commit,) = (values(row) for row in read_output(git(tmp_path, "log", *options).split("\n")).inner)
        assert commit["subject"] == "First: add a" and commit["author email"] == "ada@example.org", options
    status = read_output(git(tmp_path, "status").split("\n"))
    assert values(status) == {"branch": "main"}
    by_state = {item.name: [values(row)["path"] for row in item.inner] for item in status.inner[1:]}
    assert by_state == {"staged": ["a.txt"], "untracked": ["b.txt"]}


def test_a_status_says_how_far_a_branch_is_from_its_upstream() -> None:
    ahead = "On branch x\nYour branch is ahead of 'origin/x' by 2 commits.\n\nnothing to commit"
    assert values(read_output(ahead.split("\n"))) == {"branch": "x", "upstream": "origin/x", "ahead": "2"}
    apart = (
        "On branch x\nYour branch and 'origin/x' have diverged,\n"
        "and have 1 and 3 different commits each, respectively.\n"
    )
    found = values(read_output(apart.split("\n")))
    assert (found["ahead"], found["behind"]) == ("1", "3")


def test_sums_of_ping_and_uptime_are_read() -> None:
    up = " 16:21:54 up 17 days,  3:53,  2 users,  load average: 9.29, 6.23, 3.77"
    found = values(read_output([up]))
    assert (found["uptime"], found["users"], found["load average 15 min"]) == ("17 days,  3:53", "2", "3.77")
    ping = """\
PING host (10.0.0.1) 56(84) bytes of data.
64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.3 ms

--- host ping statistics ---
3 packets transmitted, 1 received, 66.6667% packet loss, time 2031ms
rtt min/avg/max/mdev = 0.300/0.310/0.320/0.010 ms"""
    found = values(read_output(ping.split("\n")))
    assert (found["host"], found["packet loss"], found["avg round trip ms"]) == ("host", "66.6667%", "0.310")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "total 3\n",
        "drwxr-xr-x 2 ada staff 4096 May  9  2026 a\nls: cannot access 'b': No such file or directory",
        "commit 0123456789 breaks the build\nAuthor: me",
        "commit 0123456789abcdef\n\n    no author",
        "root:x:0:0\n",
        "8.0K\tdocs",
        "deadbeef is no commit\n",
        "On branch main we found a fault",
        "PING host (10.0.0.1) 56(84) bytes of data.\n",
    ],
)
def test_a_text_that_is_only_like_an_output_is_none(text: str) -> None:
    with pytest.raises(NotOfForm):
        read_output(text.split("\n"))


@given(
    st.lists(
        st.sampled_from([*LISTING.split("\n"), *LOG.split("\n"), "x", "a:x:1:1::/:/bin/sh"]), max_size=12
    )
)
def test_any_mixture_of_lines_is_read_whole_or_not_at_all(lines: list[str]) -> None:
    try:
        node = read_output(lines)
    except NotOfForm:
        return
    assert 1 <= node.start <= node.end <= len(lines)
    assert all(node.start <= item.start <= item.end <= len(lines) for item in node.inner)


@pytest.mark.parametrize(
    ("text", "names", "first"),
    [
        (LISTING, ["filename", "size", "mode", "mtime"], ["old notes", "4096", "drwxr-xr-x", "May  9  2026"]),
        (LISTING, ["name", "kind", "user"], ["old notes", "directory", "ada"]),
        (LOG, ["sha", "title", "email"], [HASH, "Count what is left out", "ada@example.org"]),
        (LOG, ["commit_id", "additions"], [HASH, 1]),
        ("a:x:1:2:Ada:/home/a:/bin/sh", ["username", "user_id", "home_directory"], ["a", 1, "/home/a"]),
        ("a1b2c3d Add x\nb1b2c3d Fix y", ["hash", "message"], ["a1b2c3d", "Add x"]),
    ],
)
def test_fields_find_their_columns_by_the_names_that_people_use(
    text: str, names: list[str], first: list[object]
) -> None:
    kinds = {str: "string", int: "integer"}
    fields = {name: {"type": kinds[type(value)]} for name, value in zip(names, first, strict=True)}
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"type": "object", "properties": fields}}},
    }
    structure = read_structure("output.txt", text.split("\n"))
    assert structure.form == "output"
    mapped = map_plan(plan_of(schema), structure, lambda: None)
    assert mapped.tables[0].rows[0] == dict(zip(names, first, strict=True))
    assert mapped.doubts == []
