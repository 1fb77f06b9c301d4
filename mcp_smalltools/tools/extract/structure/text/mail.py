"""Mail: headers and bodies without their encodings, with the lines of the file that hold them."""

from __future__ import annotations

import email
import email.policy
import quopri
import re
from collections.abc import Sequence
from email.message import EmailMessage, MIMEPart
from typing import Final

from mcp_smalltools.tools.extract.structure.node import Node, NotOfForm

_HEADER: Final = re.compile(r"([A-Za-z][\w-]{0,70}):\s?(.*)")
_HEADERS: Final = (
    "from to subject date message-id received return-path mime-version delivered-to reply-to cc sender"
)
_OF_MAIL: Final = frozenset(_HEADERS.split())


def is_mail(lines: Sequence[str]) -> bool:
    """Whether the text begins with the headers of a mail: three known ones, From or Subject among them."""
    names = set()
    for number, line in enumerate(lines[:200]):
        if not line.strip():
            break
        if line.startswith("From ") and number == 0:
            continue
        if line[:1] in " \t":
            continue
        match = _HEADER.match(line)
        if match is None:
            return False
        names.add(match[1].lower())
    return len(names & _OF_MAIL) >= 3 and bool(names & {"from", "subject", "received"})


_LONGEST_HEADER: Final = 8_000
"""Characters of a line with a header: Python's parser of parameters takes the square of their number."""


def read_mail(lines: Sequence[str]) -> tuple[Node, list[str], list[tuple[int, int]]]:
    """The headers, the lines of the plain text (or HTML) body, and the lines of the file that each is on.
    Raises NotOfForm where there is no header.
    """
    if not any(map(_HEADER.match, lines[:200])):
        raise NotOfForm("no mail")
    text = "\n".join(line[:_LONGEST_HEADER] if _HEADER.match(line) else line for line in lines)
    try:
        message = email.message_from_string(text, policy=email.policy.default)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError) as error:  # of its many parsers
        raise NotOfForm("no mail") from error
    assert isinstance(message, EmailMessage)
    head = Node("", "object", 1, len(lines))
    starts = _header_lines(lines)
    for position, name in enumerate(message.keys()):
        start, end = starts[position] if position < len(starts) else (1, 1)
        try:
            value = str(message.values()[position])
        except Exception:
            value = lines[start - 1].partition(":")[2]
        head.inner.append(Node(name, "value", start, end, " ".join(value.split()), literal=True))
    body, places = _body(message, lines)
    return head, body, places


def _header_lines(lines: Sequence[str]) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            break
        if line[:1] in " \t" and places:
            places[-1] = (places[-1][0], number)
        elif _HEADER.match(line):
            places.append((number, number))
    return places


def _body(message: EmailMessage, lines: Sequence[str]) -> tuple[list[str], list[tuple[int, int]]]:
    try:
        part = message.get_body(("plain", "html"))
        text = part.get_content() if part is not None else ""
    except Exception:
        part, text = None, ""
    if not isinstance(text, str):
        text = ""
    body = text.replace("\r\n", "\n").split("\n")
    return body, _places(body, part, lines)


def _places(body: Sequence[str], part: MIMEPart | None, lines: Sequence[str]) -> list[tuple[int, int]]:
    """The lines of the file that each line of the body is on; where they can't be told, all of its part."""
    encoding = str(part.get("content-transfer-encoding", "")).lower() if part is not None else ""
    first = min(next((n for n, line in enumerate(lines) if not line.strip()), len(lines)), len(lines) - 1)
    if encoding == "base64":
        return [(first + 1, len(lines))] * len(body)
    places: list[tuple[int, int]] = []
    at = first
    for line in body:
        wanted = line.rstrip()
        found = None
        for start in range(at, min(len(lines), at + 400)):
            raw, end = lines[start], start
            while raw.endswith("=") and encoding == "quoted-printable" and end + 1 < len(lines):
                end += 1
                raw = raw[:-1] + lines[end]
            shown = _unquoted(raw) if encoding == "quoted-printable" else raw
            if shown.rstrip()[:60] == wanted[:60] or (
                not wanted.isascii() and _ascii(shown)[:40] == _ascii(wanted)[:40]
            ):
                found = (start + 1, end + 1)
                break
        places.append(found or (min(at + 1, len(lines)), min(at + 1, len(lines))))
        at = found[1] if found else at
    return places


def _ascii(text: str) -> str:
    return "".join(c for c in text if c.isascii()).strip()


def _unquoted(raw: str) -> str:
    return quopri.decodestring(raw.encode("utf-8", "replace")).decode("utf-8", "replace")
