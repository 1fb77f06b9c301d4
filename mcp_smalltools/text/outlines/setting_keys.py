"""The outline of settings and manifests: YAML, Kubernetes, TOML, INI, make, Dockerfile, plain settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import Final

from mcp_smalltools.text.outlines.heading import Heading
from mcp_smalltools.text.truncate import cut

_LANGUAGES: Final = {
    **{".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".mk": "make", ".mak": "make"},
    **dict.fromkeys(
        (".ini", ".cfg", ".conf", ".cnf", ".service", ".editorconfig", ".desktop", ".timer", ".socket"), "ini"
    ),
    **dict.fromkeys(
        (".properties", ".env", ".config", ".gitconfig", ".npmrc", ".pylintrc", ".flake8"), "ini"
    ),
    **{"makefile": "make", "gnumakefile": "make", "dockerfile": "dockerfile", "containerfile": "dockerfile"},
    **{".dockerfile": "dockerfile", "makefile.am": "make", "makefile.in": "make", ".makefile": "make"},
}
_YAML_KEY = re.compile(
    r"( *+)(?:- )?(\"[^\"\n]{1,200}+\"|'[^'\n]{1,200}+'|[\w./{}$<*@][^\s:#][^:#\n]{0,198}|"
    r"[\w/*.<]):(?:\s++(.*))?$"
)
_YAML_ITEM = re.compile(r"- (?:name|id|hosts|job_name|alert|record|repo):\s*+(.+)$")
_YAML_STEP = re.compile(r" {1,12}- name:\s+(\S.*)$")
_TABLE: Final = {
    "toml": re.compile(r"\s*+\[\[?([\w.\"' /:@*(),=-]++)\]\]?\s*+(?:#.*)?$"),
    "ini": re.compile(r"\s*+\[([^\]\n]++)\]\s*+(?:[#;].*)?$"),
}
_KEY = re.compile(r"(?:export\s++)?([\w.\"'/-]++)\s*+[=:]")
_DIRECTIVE = re.compile(
    r"([A-Za-z][\w.-]*+)(?:\s++[^\s{][^{\n]{0,200})?\s*+(?:\{|;|$)|([A-Za-z][\w.-]*+)\s++\S"
)
_COMMENTED = re.compile(
    r"[#;]{1,2} ?(?P<set>[A-Za-z][\w.-]*+)\s*+=\s*+\S?|[#;](?P<given>[A-Za-z_][\w.-]*+)"
    r"(?::\s++\S|\s++\S{1,80}\s*$)"
)
_BANNER_RULE = re.compile(r"[#;*/]{1,3}\s?[-=#*~_+]{4,}[#;*/\s]*$|[#;]{5,}\s*$")
_BANNER = re.compile(r"[#;]{1,10}\s?[-=#*~_+]{2,}+\s*+([^\s=#*~_+-][^\n]{0,100}?)\s*+[-=#*~_+]{2,}\s*$")
_REMARK_TEXT = re.compile(r"[#;]{1,3}\s*+(\S[^\n]{0,100}?)\s*+[#;]*\s*$")
_TARGET = re.compile(
    r"([\w.%/$(){}@+-]++(?:[ \t]++[\w.%/$(){}@+-]++){0,20})\s*+::?(?![=:])([^#\n]{0,2000})(?:##\s*(.*))?"
)
_VARIABLE = re.compile(
    r" {0,8}+(?:(?:export|override|private)[ \t]++)*+([\w.$(){}-]++)[ \t]*+(?:[:?+!]|::|:::)?="
)
_STAGE = re.compile(r"FROM\s++(?:--\S++\s++)*+(\S++)(?:\s++AS\s++(\S++))?", re.IGNORECASE)
_STEP = re.compile(
    r"(?:RUN|COPY|ADD|ENTRYPOINT|CMD|EXPOSE|ENV|ARG|WORKDIR|USER|VOLUME|LABEL|HEALTHCHECK|SHELL|ONBUILD|STOPSIGNAL)\s",
    re.IGNORECASE,
)
_STEP_CHARS: Final = 80
_HEAD_LINES: Final = 400
_FEWEST_LINES: Final = 6
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][\w. -]{0,80}?\s*+(?:=|:\s)")


def settings_language(path: str) -> str | None:
    """By the name of the file; None for what is no file of settings."""
    name = PurePath(path).name.lower()
    if name.startswith(("dockerfile.", "containerfile.")):
        return "dockerfile"
    if name.startswith((".env.", "makefile.")) and name not in _LANGUAGES:
        return "ini" if name.startswith(".env") else "make"
    return _LANGUAGES.get(name) or _LANGUAGES.get(PurePath(name).suffix or name)


def settings_by_content(lines: Sequence[str]) -> str | None:
    """`yaml` or `ini` for a file whose name says nothing and whose lines are nearly all keys; else None."""
    said = [line for line in lines[:_HEAD_LINES] if line.strip() and not line.lstrip().startswith(("#", ";"))]
    if len(said) < _FEWEST_LINES:
        return None
    titles = sum(bool(_TABLE["ini"].match(line)) for line in said)
    keys = sum(bool(_PLAIN_KEY.match(line)) for line in said)
    if (titles > 1 and titles + keys > 0.6 * len(said)) or keys > 0.8 * len(said):
        return "ini"
    nested = sum(above.rstrip().endswith(":") and below.startswith(" ") for above, below in pairwise(said))
    maps = sum(bool(_YAML_KEY.match(line.rstrip()) or line.lstrip().startswith("- ")) for line in said)
    return "yaml" if nested > 1 and maps > 0.8 * len(said) else None


def settings_outline(lines: Sequence[str], language: str) -> list[Heading]:
    """Keys, tables, targets, stages or resources, each with its lines."""
    readers = {"yaml": _yaml, "make": _make, "dockerfile": _dockerfile, "toml": _tables, "ini": _tables}
    if language in ("toml", "ini"):
        return list(_tables(lines, language))
    return list(readers[language](lines, language))


def _yaml(lines: Sequence[str], _language: str) -> Iterator[Heading]:
    documents = _documents(lines)
    resources = [found for first, last in documents if (found := _resource(lines, first, last))]
    if resources and 2 * len(resources) >= len(documents):
        yield from resources
        return
    for first, last in documents:
        yield from _keys(lines, first, last)


def _documents(lines: Sequence[str]) -> list[tuple[int, int]]:
    """The first line of each document, and the line after its last, 0-based."""
    cuts = [-1, *(n for n, line in enumerate(lines) if line.startswith("---")), len(lines)]
    spans = [(a + 1, b) for a, b in pairwise(cuts)]
    return [(a, b) for a, b in spans if any(x.strip() and not x.lstrip().startswith("#") for x in lines[a:b])]


def _resource(lines: Sequence[str], first: int, last: int) -> Heading | None:
    """A resource of Kubernetes: its kind and its name."""
    kind = name = space = ""
    version = in_metadata = False
    for line in lines[first:last]:
        if line.startswith("kind:"):
            kind = line[5:].split("#")[0].strip().strip("\"'")
        version = version or line.startswith("apiVersion:")
        if line[:1] not in (" ", "#", "") or line.startswith("metadata:"):
            in_metadata = line.startswith("metadata:")
        elif in_metadata and line.startswith(("  name:", "    name:", "  generateName:")) and not name:
            name = line.partition(":")[2].split(" #")[0].strip().strip("\"'")
        elif in_metadata and line.startswith(("  namespace:", "    namespace:")) and not space:
            space = line.partition(":")[2].split(" #")[0].strip()
    if not (kind and version):
        return None
    start = next(n for n in range(first, last) if lines[n].strip() and not lines[n].startswith("#"))
    end = next(n for n in range(last - 1, first - 1, -1) if lines[n].strip())
    about = f"namespace {space}" if space else ""
    return Heading(start + 1, end + 1, 0, f"{kind} {name}".strip(), about)


def _keys(lines: Sequence[str], first: int, last: int) -> Iterator[Heading]:
    """Keys at the top, the keys of their own maps, the names of top-level items and of the steps in them."""
    found: list[Heading] = []
    inner = -1
    opens = in_item = False
    for number in range(first, last):
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if item := _YAML_ITEM.match(line):
            found.append(Heading(number + 1, number + 1, 0, item[1].strip().strip("\"'")))
            opens, in_item = False, True
            continue
        match = _YAML_KEY.match(line)
        indent = len(line) - len(line.lstrip(" "))
        in_item &= bool(indent)
        if in_item and (step := _YAML_STEP.match(line)):
            found.append(Heading(number + 1, number + 1, 1, step[1].strip().strip("\"'")))
            continue
        if not indent:
            opens, inner = bool(match and not line.startswith("- ") and _is_empty(match[3])), -1
            if match and not line.startswith("- "):
                found.append(Heading(number + 1, number + 1, 0, match[2].strip().strip("\"'")))
        elif opens:
            inner = indent if inner < 0 else inner
            if indent == inner and (item := _YAML_ITEM.match(line.lstrip())):
                found.append(Heading(number + 1, number + 1, 1, item[1].strip().strip("\"'"), minor=True))
            if indent == inner and match and not line.lstrip().startswith("- "):
                found.append(Heading(number + 1, number + 1, 1, match[2].strip().strip("\"'")))
    yield from closed(found, last)


def _is_empty(value: str | None) -> bool:
    return not value or value.startswith(("#", "&", "!"))


def _tables(lines: Sequence[str], language: str) -> Iterator[Heading]:
    """Tables; keys where there are none; keys that are commented out, below their banners, where there are
    few that aren't.
    """
    found = [
        Heading(number, number, 0, m[1].strip())
        for number, line in enumerate(lines, 1)
        if (m := _TABLE[language].match(line))
    ]
    end = found[0].line - 1 if found else len(lines)
    heads = [] if found else list(_banners(lines))
    keys = list(_settings(lines[:end], toml=language == "toml"))
    depth = 1 if heads else 0
    minor = bool(found)
    entries = [Heading(n + 1, n + 1, depth, text, minor=minor) for n, text in keys]
    yield from closed(sorted([*found, *heads, *entries], key=lambda heading: heading.line), len(lines))


def _settings(lines: Sequence[str], *, toml: bool) -> Iterator[tuple[int, str]]:
    quoted = ""
    for number, line in enumerate(lines):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        quoted = next((q for q in ('"""', "'''") if line.count(q) == 1), "")
        if line[:1] in "#;" and line:
            if match := _COMMENTED.match(line):
                yield number, f"{line[0]}{match['set'] or match['given']}"
        elif match := _KEY.match(line):
            yield number, match[1].strip("\"'")
        elif not toml and (match := _DIRECTIVE.match(line)):
            yield number, cut(line.strip().rstrip("{; "), 60) if "{" in line else match[1] or match[2]


def _banners(lines: Sequence[str]) -> Iterator[Heading]:
    """Titles between two rules of a comment, or in one."""
    skip = -1
    for number, line in enumerate(lines):
        if number <= skip:
            continue
        if match := _BANNER.match(line):
            yield Heading(number + 1, number + 1, 0, match[1].strip())
        elif _BANNER_RULE.match(line) and number + 2 < len(lines):
            text = _REMARK_TEXT.match(lines[number + 1])
            if text and _BANNER_RULE.match(lines[number + 2]) and any(map(str.isalpha, text[1])):
                yield Heading(number + 2, number + 2, 0, text[1].strip())
                skip = number + 2


def _make(lines: Sequence[str], _language: str) -> Iterator[Heading]:
    found: list[Heading] = []
    known: set[str] = set()
    for number, line in enumerate(lines, 1):
        above = lines[number - 2] if number > 1 else ""
        if line.startswith("define "):
            found.append(Heading(number, number, 0, cut(line.strip(), _STEP_CHARS)))
        if (variable := _VARIABLE.match(line)) and not above.endswith("\\"):
            if variable[1] not in known:
                found.append(
                    Heading(number, number, 0, cut(line.strip(), _STEP_CHARS), name=variable[1], minor=True)
                )
            known.add(variable[1])
            continue
        rule = line.lstrip(" ")  # below a condition it is indented
        match = None if rule.startswith((".PHONY", ".SUFFIXES", ".SILENT")) else _TARGET.match(rule[:4000])
        if not match or "=" in match[2].split(";")[0].split("#")[0]:
            continue
        about = (match[3] or (above.lstrip("# ") if above.startswith("#") else "")).strip()
        found.append(Heading(number, number, 0, cut(match[1], _STEP_CHARS), cut(about, 120)))
    yield from closed(found, len(lines))


def _dockerfile(lines: Sequence[str], _language: str) -> Iterator[Heading]:
    found: list[Heading] = []
    continued = False
    for number, line in enumerate(lines, 1):
        was, continued = (
            continued,
            line.rstrip().endswith("\\") or (continued and line.lstrip().startswith("#")),
        )
        if was:
            continue
        if match := _STAGE.match(line):
            found.append(
                Heading(number, number, 0, " ".join(line.split()), "", match[2] or f"FROM {match[1]}")
            )
        elif _STEP.match(line):
            text = cut(" ".join(line.rstrip("\\ ").split()), _STEP_CHARS)
            found.append(
                Heading(number, number, 1 if any(not h.depth for h in found[:1]) else 0, text, minor=True)
            )
    yield from closed(found, len(lines))


def closed(found: Sequence[Heading], total: int) -> list[Heading]:
    """Each entry ends before the next of its depth or above begins."""
    out: list[Heading] = []
    ends: dict[int, int] = {}
    for heading in reversed(found):
        end = min((line for depth, line in ends.items() if depth <= heading.depth), default=total)
        out.append(
            Heading(
                heading.line,
                max(heading.line, end),
                heading.depth,
                heading.text,
                heading.about,
                heading.name,
                heading.minor,
            )
        )
        ends[heading.depth] = heading.line - 1
    return out[::-1]
