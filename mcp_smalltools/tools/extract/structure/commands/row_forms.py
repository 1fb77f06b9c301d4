"""Rows without a header, of commands and system files whose columns have a fixed meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.tools.extract.structure.commands.column_names import named_values, names_of
from mcp_smalltools.tools.extract.structure.node import MAX_ROWS, Node, NotOfForm

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_NO_ROW: Final = re.compile(r"(?!)")
_CHECKSUMS: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""Name of a checksum by its hexadecimal digits."""
_COMMENT: Final = re.compile(r"\s*+(?:#.*)?")
_TYPES: Final = {
    "d": "directory",
    "l": "link",
    "b": "block device",
    "c": "character device",
    "p": "pipe",
    "s": "socket",
}


def _row(number: int, match: re.Match[str]) -> Node:
    values = match.groupdict()
    if digits := values.pop("checksum", None):
        values = {_CHECKSUMS[len(digits)]: digits, **values}
    return Node("", "object", number, number, inner=named_values(number, values))


def _file(number: int, match: re.Match[str]) -> Node:
    """A row of `ls -l`, with what its first letter says; only a link has a target."""
    row = _row(number, match)
    kind = match["permissions"][0]
    if kind != "l":
        row.inner = [item for item in row.inner if item.name not in (names_of("name"), names_of("target"))]
        row.inner.append(Node(names_of("name"), "value", number, number, match[0][match.start("name") :]))
    row.inner.append(Node(names_of("type"), "value", number, number, _TYPES.get(kind, "file")))
    row.inner.append(Node("is directory", "value", number, number, kind == "d"))
    return row


@dataclass(frozen=True, slots=True)
class RowForm:
    """Every line is a row or says nothing of its own. A column's name is that of its group.

    `least`: rows that a text has to have for this form; those that much else could be ask for more.
    """

    name: str
    row: re.Pattern[str]
    beside: re.Pattern[str] = _NO_ROW
    least: int = 1
    read: Callable[[int, re.Match[str]], Node] = _row


ROW_FORMS: Final = (
    RowForm(  # ls -l, with -h, -i, -n, --full-time; POSIX's and GNU's form of times
        "entries",
        re.compile(
            r"(?:(?P<inode>\d++) ++)?(?P<permissions>[-dlbcpsD][-rwxsStTl]{9}[.+@]?) ++(?P<links>\d++) ++"
            r"(?P<owner>\S++) ++(?P<group>\S++) ++(?P<size>[\d.]++[KMGTPE]?|\d++, ++\d++) ++"
            rf"(?P<modified>{_MONTH} ++\d\d? ++(?:\d\d:\d\d|\d{{4}})|\d\d? {_MONTH} ++(?:\d\d:\d\d|\d{{4}})|"
            r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d\.\d++ [+-]\d{4})?) "
            r"(?P<name>(?:(?! -> ).)++)(?: -> (?P<target>.+))?"
        ),
        re.compile(r"(?:total|insgesamt|итого) [\d.,]++[KMGTPE]?"),
        read=_file,
    ),
    RowForm(
        "users",
        re.compile(
            r"(?P<name>[\w.$-]++):(?P<password>[^:]*+):(?P<uid>\d++):(?P<gid>\d++):(?P<comment>[^:]*+):"
            r"(?P<home>[^:]*+):(?P<shell>[^:]*+)"
        ),
        _COMMENT,
    ),
    RowForm(
        "groups",
        re.compile(r"(?P<name>[\w.$-]++):(?P<password>[x*!]?):(?P<gid>\d++):(?P<members>[\w.$,-]*+)"),
        _COMMENT,
        least=2,
    ),
    RowForm(  # ldd
        "libraries",
        re.compile(
            r"(?=.*(?: => | \(0x))\s++(?P<name>\S++)(?: => (?P<path>not found|[^\s()]++))?"
            r"(?: \((?P<address>0x[0-9a-f]++)\))?"
        ),
        least=2,
    ),
    RowForm(  # dpkg -l
        "packages",
        re.compile(
            r"(?P<status>[uihrp][ncHUFWti]R?) ++(?P<name>[a-z0-9][\w.+-]*+(?::\w++)?) ++"
            r"(?P<version>[\w.+:~-]++) ++(?P<architecture>all|[a-z][\w-]*+)(?: ++(?P<description>\S.*+))?"
        ),
        re.compile(r"(?:Desired=|\|).*+|\+\+\+-[=-]++"),
    ),
    RowForm(  # mount
        "mounts",
        re.compile(
            r"(?P<device>\S++) on (?P<mount_point>/(?:(?! type ).)*+) type (?P<type>\S++) "
            r"\((?P<options>[^()]*+)\)"
        ),
    ),
    RowForm(
        "filesystems",  # /etc/fstab
        re.compile(
            r"(?P<device>(?:/|UUID=|LABEL=|PARTUUID=|[\w.-]++:/|//)\S*+|none|tmpfs|proc|sysfs|swap)\s++"
            r"(?P<mount_point>/\S*+|none|swap)\s++(?P<type>[\w.,-]++)\s++(?P<options>\S++)"
            r"(?:\s++(?P<dump>\d)(?:\s++(?P<pass>\d))?)?\s*+"
        ),
        _COMMENT,
    ),
    RowForm(  # a user's crontab; the system's has a user before the command
        "jobs",
        re.compile(
            r"(?:(?P<minute>[\d*/,-]++)\s++(?P<hour>[\d*/,-]++)\s++(?P<day_of_month>[\d*/,L-]++)\s++"
            r"(?P<month>[\d*/,-]++|[a-zA-Z]{3})\s++"
            r"(?P<day_of_week>[\d*/,-]++|[a-zA-Z]{3}(?:[-,][a-zA-Z]{3})*+)"
            r"|(?P<schedule>@(?:reboot|hourly|daily|midnight|weekly|monthly|yearly|annually)))"
            r"\s++(?P<command>\S.*+)"
        ),
        re.compile(r"\s*+(?:#.*+|[A-Z_]++\s*+=.*+)?"),
    ),
    RowForm(
        "hosts",
        re.compile(
            r"(?P<address>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*+(?:%\w++)?)\s++"
            r"(?P<name>[\w.-]++)"
            r"(?:[ \t]++(?P<aliases>[\w.-]++(?:[ \t]++[\w.-]++)*+))?\s*+(?:#.*+)?"
        ),
        _COMMENT,
        least=2,
    ),
    RowForm(  # md5sum, sha256sum and the like
        "files",
        re.compile(r"(?P<checksum>(?:[0-9a-f]{32}){1,4}|[0-9a-f]{40}|[0-9a-f]{56}) [ *](?P<path>\S.*+)"),
    ),
    RowForm(  # du
        "files",
        re.compile(r"(?P<size>\d++(?:[.,]\d)?[KMGTPE]?)\t(?P<path>[^\t]++)"),
        least=2,
    ),
    RowForm(  # git log --oneline
        "commits",
        re.compile(r"(?:\* )?(?P<hash>[0-9a-f]{7,40})(?: \((?P<refs>[^()]++)\))? (?P<subject>\S.*+)"),
        least=2,
    ),
    RowForm(  # git remote -v
        "remotes",
        re.compile(r"(?P<name>[\w./-]++)\t(?P<url>\S++) \((?P<direction>fetch|push)\)(?: \[.*\])?"),
    ),
)


def read_rows(lines: Sequence[tuple[int, str]]) -> Node:
    """Numbered lines as a list of objects by the first form that all of them have. Raises NotOfForm."""
    for form in ROW_FORMS:
        rows = _rows_of(form, lines)
        if rows is not None:
            return Node(form.name, "list", rows[0].start, rows[-1].end, inner=rows, is_table=True)
    raise NotOfForm("no rows of a known command")


def _rows_of(form: RowForm, lines: Sequence[tuple[int, str]]) -> list[Node] | None:
    rows: list[Node] = []
    for number, line in lines:
        if not line:
            continue
        if len(rows) >= MAX_ROWS:
            return None
        match = form.row.fullmatch(line)
        if match is not None:
            rows.append(form.read(number, match))
        elif not form.beside.fullmatch(line):
            return None
    return rows if len(rows) >= form.least else None
