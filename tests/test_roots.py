"""Which paths may be read: hundreds of ways out of a root, and none of them leads out."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from pathlib import Path

import pytest

from mcp_smalltools.config import RootSpec
from mcp_smalltools.errors import ConfigError, NotAllowed, NotFound, SmallToolsError, Unreadable
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel

CANARY = "canary: the text of a file outside"
INSIDE = "a line inside"
pytestmark = pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs POSIX links")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with links of every kind that lead out, beside folders whose names start alike."""
    folder = tmp_path / "root"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text(INSIDE, encoding="utf-8")
    (folder / "a.txt").write_text(INSIDE, encoding="utf-8")
    for name in ("outside", "root-sibling", "root2", "ROOT", "roo"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "secret.txt").write_text(CANARY, encoding="utf-8")
        (tmp_path / name / "sub" / "secret.txt").write_text(CANARY, encoding="utf-8")
    links = {
        "file": "../outside/secret.txt",
        "absolute": str(tmp_path / "outside" / "secret.txt"),
        "way": "../outside",
        "up": "..",
        "top": "/",
        "self": ".",
        "loop": "loop",
        "chain": "way/secret.txt",
        "sub/back": "../../outside",
        "sub/deep/far": "../../../outside/sub",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    return folder


def read(root: Path, path: str) -> str:
    with Roots([RootSpec(path=root)]).open(path) as source:
        return source.text()


def attacks(root: Path) -> list[str]:
    """Paths out: dots, siblings, links in every component, absolute ones, and each in odd spellings."""
    base = root.parent
    starts = [
        "",
        "./",
        "sub/../",
        "sub/deep/../../",
        "self/",
        "self/self/sub/../",
        f"{root}/",
        f"{root}/sub/../",
    ]
    starts += [f"{root}//", f"{root}/./", "nowhere/../", "a.txt/../", f"{base}/outside/../root/"]
    ways = ["../outside/", "..//outside/", ".././outside/", "way/", "up/outside/", f"top{base}/outside/"]
    ways += ["sub/back/", "sub/deep/far/../", "../root-sibling/", "../root2/", "../ROOT/", "../roo/"]
    ways += ["self/way/", "self/up/outside/", "way/../outside/", "up/root/up/outside/", "sub/deep/../back/"]
    files = ["secret.txt", "sub/secret.txt"]
    made = ["".join(parts) for parts in itertools.product(starts, ways, files)]
    made += [f"{start}{link}" for start in starts for link in ("file", "absolute", "chain", "loop")]
    made += [str(base / name / "secret.txt") for name in ("outside", "root-sibling", "root2", "ROOT", "roo")]
    made += [f"{root}{end}" for end in ("-sibling/secret.txt", "2/secret.txt", "/../outside/secret.txt")]
    made += ["~/../../../etc/passwd", "~root/.profile", "/etc/passwd", "//etc/passwd", "/proc/self/environ"]
    made += [
        "/proc/self/root/etc/passwd",
        f"/proc/{os.getpid()}/cwd/../etc/passwd",
        "/dev/stdin",
        "/dev/fd/0",
    ]
    made += ["..\\outside\\secret.txt", "%2e%2e/outside/secret.txt", "..%2foutside", "․․/outside/secret.txt"]
    made += [
        "../outside/secret.txt\0.txt",
        "a.txt\0",
        "file:///etc/passwd",
        "\N{FULLWIDTH FULL STOP}./outside",
    ]
    return made


def test_hundreds_of_ways_out_of_a_root_lead_nowhere(root: Path) -> None:
    tried = attacks(root)
    assert len(set(tried)) >= 300
    for path in tried:
        with pytest.raises(SmallToolsError) as caught:
            text = read(root, path)
            assert CANARY not in text, path
            pytest.fail(f"{path!r} was opened: {text[:40]!r}")
        assert CANARY not in str(caught.value)
        assert caught.value.remedy


def test_paths_inside_are_read_however_they_are_spelled(root: Path) -> None:
    (root / "inner").symlink_to("sub/a.txt")
    for path in [
        "a.txt",
        "./a.txt",
        "sub/../a.txt",
        "self/a.txt",
        str(root / "a.txt"),
        "inner",
        "up/root/a.txt",
    ]:
        assert read(root, path) == INSIDE


@pytest.mark.parametrize("what", ["the file", "a folder above it"])
def test_a_swap_while_a_file_is_opened_never_leads_out(root: Path, what: str) -> None:
    """A thread turns a file (or its folder) into a link that leads out, and back, as fast as it can."""
    victim = root / "sub" / "swapped"
    if what == "the file":
        good, bad, path = root / "good", root / "bad", "sub/swapped"
        good.write_text(INSIDE, encoding="utf-8")
        bad.symlink_to("../outside/secret.txt")
    else:
        good, bad, path = root / "good", root / "bad", "sub/swapped/secret.txt"
        good.mkdir()
        (good / "secret.txt").write_text(INSIDE, encoding="utf-8")
        bad.symlink_to("../../outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for other in (good, bad):
                other.rename(victim)
                victim.rename(other)

    thread = threading.Thread(target=swap)
    thread.start()
    outcomes = {"read": 0, "refused": 0}
    try:
        for _ in range(3000):
            try:
                assert read(root, path) == INSIDE
                outcomes["read"] += 1
            except SmallToolsError:
                outcomes["refused"] += 1
    finally:
        stop.set()
        thread.join()
    assert outcomes["refused"] > 0
    assert outcomes["read"] > 0


def test_what_is_no_file_is_refused_without_being_opened(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(root)  # a socket's path must be short
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)
        for name, kind, says in [
            ("fifo", NotAllowed, "a FIFO"),
            ("sock", NotAllowed, "a socket"),
            ("sub", Unreadable, "a folder"),
            (".", Unreadable, "a folder"),
            ("nothing", NotFound, "no file"),
        ]:
            with pytest.raises(kind, match=says):
                read(root, name)


def test_the_innermost_root_decides_the_level(root: Path) -> None:
    roots = Roots(
        [
            RootSpec(path=root, level=PrivacyLevel.OPEN),
            RootSpec(path=root / "sub", level=PrivacyLevel.SEALED),
            RootSpec(path=root / "sub" / "deep", level=PrivacyLevel.REDACTED),
        ]
    )
    levels = {path: roots.level_of(path) for path in ("a.txt", "sub/a.txt", "sub/deep/x", "self/sub/a.txt")}
    assert levels == {
        "a.txt": PrivacyLevel.OPEN,
        "sub/a.txt": PrivacyLevel.SEALED,
        "sub/deep/x": PrivacyLevel.REDACTED,
        "self/sub/a.txt": PrivacyLevel.SEALED,
    }
    with roots.open("self/sub/a.txt") as source:
        assert source.level is PrivacyLevel.SEALED


def test_a_relative_path_is_looked_for_in_each_root_in_turn(root: Path, tmp_path: Path) -> None:
    roots = Roots([RootSpec(path=tmp_path / "outside"), RootSpec(path=root)])
    with roots.open("sub/a.txt") as source:
        assert source.text() == INSIDE


def test_without_a_root_or_with_one_that_is_gone_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="No folder may be read"):
        Roots([]).open("a.txt")
    with pytest.raises(ConfigError, match="gone is not a folder"):
        Roots([RootSpec(path=tmp_path / "gone")]).open("a.txt")


def test_a_near_name_is_suggested(root: Path) -> None:
    with pytest.raises(NotFound, match=r"did you mean 'a\.txt'"):
        read(root, "a.tx")
