"""A skill as one file: the same bytes each time, checked as if an enemy had made it, and measured again."""

from __future__ import annotations

import functools
import json
import stat
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_skills import write

from mcp_smalltools.commands.skills import share as command
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import NotAllowed, SkillError
from mcp_smalltools.evaluation.suites.claimed_scores import missed_claims
from mcp_smalltools.skills.manifest import read_skill
from mcp_smalltools.skills.share.fetch_archive import check_address, fetch_archive
from mcp_smalltools.skills.share.read_archive import read_archive
from mcp_smalltools.skills.share.skill_archive import (
    PACK_NAME,
    PackedBase,
    PackManifest,
    archive_bytes,
    packed_file,
)

SKILL = """\
name = "tickets"
kind = "classify"
description = "Sort messages to the kitchen of a canteen."
labels = ["kitchen", "cellar"]
eval = "cases.jsonl"
licence = "CC0-1.0"

[[examples]]
text = "the oven is cold"
label = "kitchen"

[[examples]]
text = "a shelf with bottles fell over"
label = "cellar"
"""
CASES = [
    {"text": "the stove does not heat", "label": "kitchen"},
    {"text": "no more clean pans", "label": "kitchen"},
    {"text": "the wine is all gone", "label": "cellar"},
]


class Given:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


@pytest.fixture
def pack(settings: Settings) -> Path:
    cases = "".join(f"{json.dumps(case)}\n" for case in CASES)
    learned = '{"text": "a customer of ours", "label": "cellar"}\n'
    return write(settings.skills_dir, SKILL, cases_jsonl=cases, learned_jsonl=learned)


def packed(settings: Settings, target: Path, **options: Any) -> bytes:
    given = {"name": "tickets", "output": target, "with_learned": False} | options
    assert command._pack(Given(**given), settings) == 0  # type: ignore[arg-type]
    return target.read_bytes()


def install(settings: Settings, source: Path, **options: Any) -> Path:
    given = {"source": str(source), "replace": False, "force": False} | options
    other = settings.model_copy(update={"skills_dir": settings.skills_dir / "of another"})
    assert command._install(Given(**given), other) == 0  # type: ignore[arg-type]
    return other.skills_dir / "tickets"


def test_a_skill_is_packed_to_the_same_bytes_and_installed_elsewhere_with_what_agents_will_read(
    settings: Settings, pack: Path, tmp_path: Path, capsys: Any
) -> None:
    first = packed(settings, tmp_path / "a.zip")
    assert packed(settings, tmp_path / "b.zip") == first
    assert b"a customer of ours" not in first, "what was learned from corrections stays at home"
    assert b"a customer of ours" in packed(settings, tmp_path / "c.zip", with_learned=True)
    capsys.readouterr()
    folder = install(settings, tmp_path / "a.zip")
    assert read_skill(folder).file == read_skill(pack).file
    assert not (folder / PACK_NAME).exists()
    said = capsys.readouterr().out
    assert "licence CC0-1.0" in said and "Sort messages to the kitchen of a canteen." in said
    with pytest.raises(SkillError, match="already exists"):
        install(settings, tmp_path / "a.zip")


def test_without_a_licence_nothing_is_shared(settings: Settings, tmp_path: Path) -> None:
    write(settings.skills_dir, SKILL.replace('licence = "CC0-1.0"', ""), cases_jsonl="")
    with pytest.raises(SkillError, match="licence: it is missing"):
        packed(settings, tmp_path / "a.zip")


def test_a_skill_that_does_not_reach_what_it_claims_is_refused_unless_forced(
    settings: Settings, pack: Path, tmp_path: Path, capsys: Any
) -> None:
    packed(settings, tmp_path / "a.zip")
    archive = read_archive((tmp_path / "a.zip").read_bytes())
    files = archive.files | {"cases.jsonl": archive.files["cases.jsonl"].replace(b"kitchen", b"cellar")}
    named = {name: packed_file(content) for name, content in files.items()}
    wrong = archive.manifest.model_copy(update={"files": named})
    (tmp_path / "a.zip").write_bytes(archive_bytes(wrong, files))
    with pytest.raises(SkillError, match="does not reach the scores that it claims: right: "):
        install(settings, tmp_path / "a.zip")
    assert not (settings.skills_dir / "of another" / "tickets").exists()
    install(settings, tmp_path / "a.zip", force=True)
    assert "Installed nevertheless (--force): right: " in capsys.readouterr().out


def test_scores_may_miss_their_claim_by_what_processors_round() -> None:
    claimed = {"cases": 50.0, "right": 0.9, "wrong where not escalated": 1.0, "not escalated": 0.5}
    assert missed_claims(claimed, claimed | {"right": 0.885, "not escalated": 0.1}) == []
    assert missed_claims(claimed, claimed | {"right": 0.87}) == ["right: 0.9 claimed, 0.87 here"]
    worse = claimed | {"wrong where not escalated": 2.0}
    assert missed_claims(claimed, worse) == ["wrong where not escalated: 1.0 claimed, 2.0 here"]
    assert missed_claims(None, claimed) == ["no scores are claimed"]
    assert missed_claims(claimed, claimed | {"cases": 9.0}) == ["cases: 50.0 claimed, 9.0 here"]


# Archives that somebody else made

FILES = {"skill.toml": SKILL.encode(), "cases.jsonl": b"{}\n"}


def manifest_for(files: dict[str, bytes], **changes: Any) -> PackManifest:
    given = {
        "format": 1,
        "name": "tickets",
        "kind": "classify",
        "licence": "CC0-1.0",
        "base": PackedBase(id="all-minilm-l6-v2", sha256="0" * 64),
        "files": {name: packed_file(content) for name, content in files.items()},
        "scores": {"right": 1.0},
        "made_by": "a test",
    }
    return PackManifest.model_construct(**given | changes)


def archive(files: dict[str, bytes] = FILES, **changes: Any) -> bytes:
    return archive_bytes(manifest_for(files, **changes), files)


def raw(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An archive with these members, whatever they are, beside good ones."""
    out = BytesIO(archive())
    with zipfile.ZipFile(out, "a") as made:
        for name, content in members:
            made.writestr(name, content)
    return out.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.txt")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def bomb() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("cases.jsonl", bytes(64 << 20))
    return out.getvalue()


ENEMIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a name that leads out": (lambda: raw(("../other/skill.toml", b"")), "can't be the name"),
    "a name with a backslash": (lambda: raw(("..\\skill.toml", b"")), "can't be the name"),
    "a name from the root": (lambda: raw(("/etc/cron.d/x", b"")), "can't be the name"),
    "a hidden name": (lambda: raw((".git/config", b"")), "can't be the name"),
    "a link": (lambda: raw((link(), b"/etc/passwd")), "a folder or a link"),
    "a folder": (lambda: raw(("folder/", b"")), "can't be the name"),
    "a pickle": (lambda: archive(FILES | {"head.pkl": b"cos"}), "may hold code"),
    "a member too many": (lambda: raw(("more.txt", b"")), "not named in pack.json"),
    "a member twice": (lambda: raw(("skill.toml", b"")), "in it twice"),
    "what is no text": (lambda: archive(FILES | {"model.bin": b"\0\1"}), "is no text"),
    "an adapter that is none": (lambda: archive(FILES | {"adapter.gguf": b"MZ"}), "no GGUF"),
    "another file than named": (
        lambda: archive_bytes(manifest_for(FILES | {"cases.jsonl": b"[]\n"}), FILES),
        "sha256 differs",
    ),
    "a missing file": (lambda: archive_bytes(manifest_for(FILES | {"b.txt": b""}), FILES), "is missing"),
    "no skill.toml": (lambda: archive({"cases.jsonl": b""}), "has no skill.toml"),
    "no licence": (lambda: archive(licence=""), "licence"),
    "another format": (lambda: archive(format=2), "format"),
    "no manifest": (lambda: raw_zip("a.txt"), "has no pack.json"),
    "a bomb": (bomb, "larger than a skill may be"),
    "no archive": (lambda: b"PK\3\4 and no more", "no archive that can be read"),
}


def raw_zip(name: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(name, b"")
    return out.getvalue()


@pytest.mark.parametrize("kind", ENEMIES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_made_by_an_enemy_is_refused(kind: str) -> None:
    made, reason = ENEMIES[kind]
    with pytest.raises(SkillError, match="The archive is refused") as caught:
        read_archive(made())
    assert reason in str(caught.value)


def test_an_archive_for_another_base_is_refused(settings: Settings, pack: Path, tmp_path: Path) -> None:
    packed(settings, tmp_path / "a.zip")
    found = read_archive((tmp_path / "a.zip").read_bytes())
    other = found.manifest.model_copy(update={"base": PackedBase(id="all-minilm-l6-v2", sha256="0" * 64)})
    (tmp_path / "a.zip").write_bytes(archive_bytes(other, found.files))
    with pytest.raises(SkillError, match="scores are those of all-minilm-l6-v2"):
        install(settings, tmp_path / "a.zip", force=True)


@given(st.data())
def test_a_damaged_archive_is_refused_or_holds_what_it_should(data: st.DataObject) -> None:
    content = bytearray(archive())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_archive(bytes(content))
    except SkillError:
        return
    assert {name: packed_file(text) for name, text in found.files.items()} == dict(found.manifest.files)


# Addresses


@pytest.mark.parametrize(
    ("address", "changes", "reason"),
    [
        ("http://good.example/a.zip", {}, "over https only"),
        ("file:///etc/passwd", {}, "over https only"),
        ("https://me:word@good.example/a.zip", {}, "over https only"),
        ("https://bad.example/a.zip", {}, "may not be fetched from 'bad.example'"),
        ("https://good.example.bad.example/a.zip", {}, "may not be fetched"),
        ("https://good.example/a.zip", {"offline": True}, "offline"),
    ],
)
def test_an_address_that_the_user_did_not_allow_is_not_fetched(
    address: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotAllowed, match=reason):
        check_address(address, Settings(skill_hosts=("good.example",), **changes))


def served(monkeypatch: pytest.MonkeyPatch, handler: Callable[[httpx2.Request], httpx2.Response]) -> Settings:
    client = functools.partial(httpx2.AsyncClient, transport=httpx2.MockTransport(handler))
    monkeypatch.setattr(httpx2, "AsyncClient", client)
    return Settings(skill_hosts=("Good.example", "also.example"))


def test_redirects_are_followed_to_allowed_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        if request.url.path == "/here":
            return httpx2.Response(200, stream=httpx2.ByteStream(b"the archive"))
        to = "https://also.example/here" if request.url.path == "/good" else "https://bad.example/here"
        return httpx2.Response(302, headers={"location": to})

    settings = served(monkeypatch, answer)
    assert fetch_archive("https://good.example/good", settings) == b"the archive"
    with pytest.raises(NotAllowed, match=r"bad\.example"):
        fetch_archive("https://good.example/bad", settings)
    assert asked == ["good.example", "also.example", "good.example"]


def test_an_address_that_answers_with_an_error_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = served(monkeypatch, lambda request: httpx2.Response(404))
    with pytest.raises(SkillError, match=r"good\.example/gone can't be fetched: .*404"):
        fetch_archive("https://good.example/gone", settings)
