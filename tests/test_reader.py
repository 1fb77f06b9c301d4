"""The reader: the same lines with the same numbers, however the file is encoded, compressed and ended."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec
from mcp_smalltools.errors import Unreadable
from mcp_smalltools.files.decode import HEAD
from mcp_smalltools.files.reader import UserFile
from mcp_smalltools.files.roots import Roots

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
LINE = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x00", exclude_categories=["Cc", "Cs"]), max_size=20
)


def opened(folder: str | Path, name: str, data: bytes) -> UserFile:
    (Path(folder) / name).write_bytes(data)
    return Roots([RootSpec(path=Path(folder))]).open(name)


@given(
    lines=st.lists(LINE, min_size=1, max_size=40),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    ended=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    compression=st.sampled_from(sorted(COMPRESSORS)),
    block=st.sampled_from([3, 64, 1 << 20]),
)
@budget(max_examples=250, deadline=None)
def test_lines_and_their_numbers_are_the_originals(  # noqa: PLR0917 - drawn by name
    lines: list[str], end: str, ended: bool, encoding: str, compression: str, block: int
) -> None:
    if encoding in ("utf-16-le", "utf-16-be"):  # without a mark, known by the zeros of its ASCII letters
        lines = ["plain words", *(line for line in lines if line.isascii())]
    text = end.join(lines) + (end if ended else "")
    if not ended and lines[-1] == "":
        lines = lines[:-1]
    assume(encoding == "utf-8" or not text.startswith("\ufeff"))
    with tempfile.TemporaryDirectory() as folder:
        data = COMPRESSORS[compression](text.encode(encoding))
        with opened(folder, f"a.log{compression}", data) as source:
            blocks = list(source.blocks(block_bytes=block))
            assert [line for part in blocks for line in part.lines] == lines
            assert source.line_count == len(lines)
            number = 1
            for part in blocks:
                assert part.first == number
                number += len(part.lines)


PRINTABLE = [byte for byte in range(256) if byte >= 32 and byte != 127]


@given(st.lists(st.lists(st.sampled_from(PRINTABLE), max_size=12).map(bytes), min_size=1, max_size=30))
@budget(max_examples=150, deadline=None)
def test_no_bytes_lose_a_line(parts: list[bytes]) -> None:
    """A line that is no UTF-8 is read as Windows-1252, a character for each byte."""
    data = b"first\n" + b"\n".join(parts) + b"\n"
    with tempfile.TemporaryDirectory() as folder, opened(folder, "a.log", data) as source:
        read = list(source.lines())
    assert len(read) == 1 + len(parts)
    for line, part in zip(read[1:], parts, strict=True):
        try:
            assert line == part.decode("utf-8")
        except UnicodeDecodeError:
            assert len(line) == len(part)
            assert [c for c in line if c.isascii()] == [chr(b) for b in part if b < 128]


def test_a_file_of_several_encodings_is_read_line_by_line_and_called_mixed(tmp_path: Path) -> None:
    data = b"plain\n" + "grün\n".encode() + "grün\n".encode("latin-1")
    with opened(tmp_path, "a.log", data) as source:
        assert list(source.lines()) == ["plain", "grün", "grün"]
        assert source.encoding == "mixed"


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_a_truncated_archive_is_called_damaged(tmp_path: Path, compression: str, kept: float) -> None:
    packed = COMPRESSORS[compression](os.urandom(50_000).hex().encode())
    source = opened(tmp_path, f"a{compression}", packed[: int(len(packed) * kept)])
    with source, pytest.raises(Unreadable, match="damaged") as caught:
        list(source.lines())
    assert caught.value.remedy


@pytest.mark.parametrize("compression", sorted(COMPRESSORS))
def test_what_unpacks_to_much_comes_in_blocks_as_short_as_was_asked_for(
    tmp_path: Path, compression: str
) -> None:
    """Between two blocks the reader looks at the clock: a million empty lines at once take seconds."""
    with opened(tmp_path, f"a{compression}", COMPRESSORS[compression](b"\n" * (3 << 20))) as source:
        sizes = [len(block.data) for block in source.byte_blocks(block_bytes=100_000)]
    assert sum(sizes) == 3 << 20
    assert max(sizes) <= 100_000 + HEAD


def test_archives_in_one_file_are_read_one_after_the_other(tmp_path: Path) -> None:
    with opened(tmp_path, "a.gz", gzip.compress(b"one\ntw") + gzip.compress(b"o\nthree\n")) as source:
        assert list(source.lines()) == ["one", "two", "three"]
        assert source.compression == "gz"


def test_compression_is_known_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    with opened(tmp_path, "a.log", gzip.compress(b"one\n")) as source:
        assert list(source.lines()) == ["one"]
    with opened(tmp_path, "a.gz", b"one\n") as source:
        assert list(source.lines()) == ["one"]


@pytest.mark.parametrize("data", [bytes(range(256)) * 8, b"\x7fELF" + bytes(1000), b"text\n" + bytes(5000)])
def test_a_binary_file_is_refused_with_a_word(tmp_path: Path, data: bytes) -> None:
    with (
        opened(tmp_path, "a.bin", data) as source,
        pytest.raises(Unreadable, match=r"binary|program") as caught,
    ):
        list(source.lines())
    assert caught.value.remedy


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    with opened(tmp_path, "a.log", b"") as source:
        assert list(source.lines()) == []
        assert source.line_count == 0
        assert source.text() == ""


def test_a_text_that_is_too_large_to_hold_is_refused_with_the_way_to_read_it(tmp_path: Path) -> None:
    with opened(tmp_path, "a.log", b"line\n" * 1000) as source, pytest.raises(Unreadable, match="more than"):
        source.text(max_bytes=1000)


def test_a_large_compressed_log_and_a_very_long_line_are_read_in_little_memory(tmp_path: Path) -> None:
    """300 MB each, in a process of its own; the long line is cut and counted, and the next has its number."""
    command = f"""
import gzip, resource, sys
from pathlib import Path
from mcp_smalltools.config import RootSpec
from mcp_smalltools.files.roots import Roots
folder = Path({str(tmp_path)!r})
with gzip.open(folder / "many.gz", "wb", compresslevel=1) as out:
    for _ in range(300):
        out.write(b"2026-03-01 a line of a log with some words\\n" * 24_000)
with open(folder / "long.log", "wb") as out:
    for _ in range(300):
        out.write(b"x" * 1_000_000)
    out.write(b"\\nlast\\n")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
roots = Roots([RootSpec(path=folder)])
with roots.open("many.gz") as source:
    assert sum(len(block.lines) for block in source.blocks()) == 7_200_000
with roots.open("long.log") as source:
    lines = list(source.lines())
    assert (len(lines), lines[1], source.cut_lines) == (2, "last", 1)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100


def test_a_file_that_was_replaced_since_it_was_opened_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path, "a.log", b"one\n") as source:
        assert not source.changed()
        (tmp_path / "a.log").write_bytes(b"one\ntwo\n")
        assert source.changed()
