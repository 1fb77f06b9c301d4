"""HTTP requests and responses as clients show them: `curl -i`, `curl -v`, `wget -S`, or copied by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.data.json_text import read_json
from mcp_smalltools.tools.extract.structure.node import ALSO, Node, NotOfForm

_STATUS: Final = re.compile(
    r"\s*+[<*]?\s*+(?P<line>(?P<version>HTTP/\d(?:\.\d)?) (?P<status>[1-5]\d\d)"
    r"(?: (?P<reason>[A-Za-z][^\d\n]{0,60}?))?)"
    r"(?:\s(?P<took>\d{1,9}) ?ms)?\s*+"
)
_REQUEST: Final = re.compile(
    r"\s*+>?\s*+(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?P<path>/\S{0,2000}) HTTP/\d(?:\.\d)?\s*+"
)
_HEADER: Final = re.compile(
    r"\s*+[<>]?\s*+(?P<name>[A-Za-z][A-Za-z0-9-]{0,60}):(?:\s++(?P<value>\S.{0,4000}))?\s*+"
)
_EMPTY: Final = re.compile(r"\s*+[<>*]?\s*+")
_MOST_HEADERS: Final = 100
_MOST_BODY_LINES: Final = 400
_PHRASES: Final = (
    "OK|Created|Accepted|No Content|Moved Permanently|Found|Not Modified|Bad Request|Unauthorized|Forbidden|"
    "Not Found|Method Not Allowed|Conflict|Gone|Unprocessable Entity|Too Many Requests|Internal Server Error|"
    "Bad Gateway|Service Unavailable|Gateway Timeout"
)
_SAID: Final = re.compile(rf"(?<![\w.])([1-5]\d\d) ({_PHRASES})(?!\w)")
_STATUS_NAMES: Final = ALSO.join(
    ("status code", "status", "http status", "response status", "response code", "code")
)

_REASONS: Final = ALSO.join(("reason", "reason phrase", "status text"))


def read_exchange(lines: Sequence[str], at: int) -> tuple[Node, int] | None:
    """The request or response that begins at a line, with its headers and a JSON body, and the index after
    it; None if none begins there.
    """
    head = _head(lines[at], at + 1)
    if head is None:
        return None
    end = at + 1
    headers: dict[str, Node] = {}
    while (
        end < len(lines)
        and end - at <= _MOST_HEADERS
        and (match := _HEADER.fullmatch(lines[end])) is not None
    ):
        if match["value"] is not None:
            _add(headers, Node(match["name"], "value", end + 1, end + 1, match["value"].rstrip()))
        end += 1
    inner = [*head.inner, *headers.values()]
    body = _body(lines, end)
    if body is not None:
        inner.append(body)
        end = body.end
    return Node(head.name, "object", at + 1, max(at + 1, end), inner=inner), end


def status_said(lines: Sequence[str]) -> Node | None:
    """The status that a text speaks of with its phrase, as `401 Unauthorized`, where it is the only one."""
    found = {
        match[0]: (number, match)
        for number, line in enumerate(lines, 1)
        for match in _SAID.finditer(line[:4_000])
    }
    if len(found) != 1:
        return None
    number, match = next(iter(found.values()))
    inner = [Node(_STATUS_NAMES, "value", number, number, match[1])]
    inner.append(Node(_REASONS, "value", number, number, match[2]))
    return Node("response", "object", number, number, inner=inner)


def _head(line: str, number: int) -> Node | None:
    if (match := _STATUS.fullmatch(line)) is not None:
        parts = {
            _STATUS_NAMES: match["status"],
            _REASONS: match["reason"],
            "status line": match["line"].rstrip(),
            "http version": match["version"],
            "response time ms": match["took"],
        }
        name = "response"
    elif (match := _REQUEST.fullmatch(line)) is not None:
        parts = {
            ALSO.join(("method", "http method", "request method")): match["method"],
            ALSO.join(("path", "request path", "endpoint")): match["path"],
        }
        name = "request"
    else:
        return None
    inner = [Node(name, "value", number, number, text.strip()) for name, text in parts.items() if text]
    return Node(name, "object", number, number, inner=inner)


def _add(headers: dict[str, Node], node: Node) -> None:
    """A header that comes again is a list of its values."""
    held = headers.setdefault(node.name.lower(), node)
    if held is node:
        return
    if held.kind == "value":
        first = Node("", "value", held.start, held.end, held.value)
        held = headers[node.name.lower()] = Node(held.name, "list", held.start, held.end, inner=[first])
    held.inner.append(Node("", "value", node.start, node.end, node.value))
    held.end = node.end


def _body(lines: Sequence[str], at: int) -> Node | None:
    """A JSON object after the headers."""
    while at < len(lines) and _EMPTY.fullmatch(lines[at]):
        at += 1
    if at >= len(lines) or not lines[at].lstrip().startswith("{"):
        return None
    text = "\n".join(lines[at : at + _MOST_BODY_LINES])
    try:
        _, length = json.JSONDecoder().raw_decode(text.lstrip())
        node = read_json(text.lstrip()[:length])
    except (ValueError, NotOfForm, RecursionError):
        return None
    waiting = [node]
    while waiting:
        item = waiting.pop()
        item.start, item.end = item.start + at, item.end + at
        waiting += item.inner
    node.name = "body"
    return node
