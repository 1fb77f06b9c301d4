"""Get the files of a manifest of real cases from their public addresses.

    python benchmarks/field/fetch.py benchmarks/field/failure.jsonl --to FOLDER [--split fit]

Writes each file where its row's `args.path` or the one of `args.paths` says, and FOLDER/truth.jsonl with
the rows whose file has the row's hash. Prints the other rows with the reason, and ends with 1 if there
are any.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

MOST_BYTES = 64_000_000
TIMEOUT_S = 60
_BLOB = re.compile(r"https://github\.com/([^/]+/[^/]+)/blob/(.+)")
_LINES = re.compile(r"lines (\d+)-(\d+)")


class NotFetchedError(Exception):
    """The message says why a row's file was not got."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument(
        "--to", type=Path, required=True, help="folder for the files; made if it is not there"
    )
    parser.add_argument("--split", choices=("fit", "held_out"), help="only this split")
    arguments = parser.parse_args()
    rows = [json.loads(line) for line in arguments.manifest.read_text(encoding="utf-8").splitlines()]
    got, missed = [], 0
    for row in rows:
        if arguments.split not in (None, row["split"]):
            continue
        try:
            write_case(row, arguments.to)
        except NotFetchedError as error:
            missed += 1
            print(f"{row['id']}: {error}")
        else:
            got.append(row)
    arguments.to.mkdir(parents=True, exist_ok=True)
    truth = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in got)
    (arguments.to / "truth.jsonl").write_text(truth, encoding="utf-8")
    print(f"{len(got)} files in {arguments.to}; {missed} not fetched", file=sys.stderr)
    return 1 if missed else 0


def write_case(row: Mapping[str, Any], folder: Path) -> None:
    """The row's file under `folder`; one that is there with the right hash is kept.

    Raises: NotFetchedError.
    """
    path = target(row, folder)
    if path.is_file() and digest(path.read_bytes()) == row["sha256"]:
        return
    data = right_cut(download(raw_address(row["address"])), row["cut"], row["sha256"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def target(row: Mapping[str, Any], folder: Path) -> Path:
    """Where the row's file goes. Raises: NotFetchedError if that is outside `folder`."""
    paths = row["args"].get("paths") or [row["args"].get("path")]
    if len(paths) != 1 or not paths[0]:
        raise NotFetchedError("a whole tree or items, get them by hand")
    relative = PurePosixPath(paths[0])
    if relative.is_absolute() or ".." in relative.parts:
        raise NotFetchedError(f"path {relative} leaves the folder")
    return folder / relative


def raw_address(address: str) -> str:
    """The address of a file's bytes. Raises: NotFetchedError if `address` is a page."""
    blob = _BLOB.fullmatch(address)
    if blob is not None:
        return f"https://raw.githubusercontent.com/{blob[1]}/{blob[2]}"
    if address.startswith("https://raw.githubusercontent.com/"):
        return address
    raise NotFetchedError(f"not a raw file, get it by hand: {address}")


def download(address: str) -> bytes:
    """The bytes at `address`. Raises: NotFetchedError."""
    quoted = urllib.parse.quote(address, safe=":/%")
    try:
        with urllib.request.urlopen(quoted, timeout=TIMEOUT_S) as answer:
            data: bytes = answer.read(MOST_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise NotFetchedError(f"{address}: {error}") from error
    if len(data) > MOST_BYTES:
        raise NotFetchedError(f"{address}: more than {MOST_BYTES} bytes")
    return data


def right_cut(data: bytes, cut: str, sha256: str) -> bytes:
    """The part of `data` that `cut` names and `sha256` confirms. Raises: NotFetchedError."""
    if cut == "whole file":
        part = data
    elif (lines := _LINES.fullmatch(cut)) is not None:
        kept = data.split(b"\n")[int(lines[1]) - 1 : int(lines[2])]
        part = b"\n".join(kept) + b"\n"
    else:
        raise NotFetchedError(f"to be cut by hand: {cut}")
    for candidate in (part, part.removesuffix(b"\n")):
        if digest(candidate) == sha256:
            return candidate
    raise NotFetchedError("the file has another hash today")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
