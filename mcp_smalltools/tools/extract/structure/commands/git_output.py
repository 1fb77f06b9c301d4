"""What `git log`, whole or one line each, and `git status` print: commits, and the state of a work tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mcp_smalltools.tools.extract.structure.commands.column_names import named_values, names_of
from mcp_smalltools.tools.extract.structure.node import Budget, Node, NotOfForm

_COMMIT: Final = re.compile(r"commit (?P<hash>[0-9a-f]{7,64})(?: \((?P<refs>[^()]*+)\))?")
_ONE_LINE: Final = re.compile(
    r"[*|\\/ ]{0,20}+(?P<hash>(?=[0-9a-f]*\d)[0-9a-f]{7,40}) "
    r"(?:\((?P<refs>[^()]{1,300})\) )?(?P<subject>\S.*+)"
)
_HEADER: Final = re.compile(
    r"(?P<name>Author|AuthorDate|Commit|CommitDate|Committer|Date|Merge|Reflog): {1,10}+(?P<value>\S.*+)"
)
_PERSON: Final = re.compile(r"(?P<name>[^<>]*+)<(?P<email>[^<>]*+)>")
_TOTALS: Final = re.compile(
    r" ?(?P<files_changed>\d++) files? changed(?:, (?P<insertions>\d++) insertions?\(\+\))?"
    r"(?:, (?P<deletions>\d++) deletions?\(-\))?"
)
_OF_STAT: Final = re.compile(
    r" ?(?P<path>\S(?:(?! \|).)*+) ++\| ++(?:(?P<changes>\d++)(?: [+-]*+)?|Bin.*+|Unmerged)"
)
_OF_NUMSTAT: Final = re.compile(r"(?P<insertions>\d++|-)\t(?P<deletions>\d++|-)\t(?P<path>\S.*+)")
_OF_NAMES: Final = re.compile(r"(?P<change>[ACDMRTU]\d{0,3})\t(?P<path>\S.*+)")
_STATE: Final = re.compile(r" (?:create|delete|rename|copy|mode change|rewrite) .*+")
_NAMES: Final = {"Date": "date", "AuthorDate": "date", "Merge": "merge", "CommitDate": "commit date"}

_BRANCH: Final = re.compile(r"On branch (?P<branch>\S++)|HEAD detached (?:at|from) (?P<detached>\S++)")
_DISTANCE: Final = re.compile(
    r"Your branch is (?P<what>ahead of|behind|up to date with) '(?P<upstream>[^']++)'"
    r"(?: by (?P<count>\d++) commits?)?.*+"
)
_DIVERGED: Final = re.compile(r"Your branch and '(?P<upstream>[^']++)' have diverged,")
_BOTH: Final = re.compile(
    r"and have (?P<ahead>\d++) and (?P<behind>\d++) different commits each, respectively\."
)
_SECTIONS: Final = {
    "Changes to be committed:": "staged",
    "Changes not staged for commit:": "unstaged",
    "Untracked files:": "untracked",
    "Unmerged paths:": "unmerged",
    "Ignored files:": "ignored",
}
_ENTRY: Final = re.compile(r"\t(?:(?P<change>[a-z][a-z ]{0,30}):[ ]++)?(?P<path>\S.*+)")
_HINT: Final = re.compile(
    r"\s*+(?:\(.*\)|nothing .*|no changes added .*|You have unmerged paths\.|All conflicts .*)?"
)

Numbered = Sequence[tuple[int, str]]


def read_git_log(lines: Numbered) -> Node:
    """A list of commits with their messages and, where they are shown, their files. Raises NotOfForm."""
    starts = [at for at, (_, line) in enumerate(lines) if _COMMIT.fullmatch(line)]
    if not starts or starts[0] != 0:
        raise NotOfForm("no log of commits")
    budget = Budget()
    commits = [
        _commit(lines[start:end], budget)
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    return Node("commits", "list", lines[0][0], lines[-1][0], inner=commits, is_table=True)


def read_git_oneline(lines: Numbered) -> Node:
    """A list of commits of one line each, with their sums or files under them. Raises NotOfForm."""
    starts = [at for at, (_, line) in enumerate(lines) if _ONE_LINE.fullmatch(line)]
    if not starts or starts[0] != 0:
        raise NotOfForm("no log of one line for each commit")
    if len(starts) == 1 and len(lines) == 1:
        raise NotOfForm("one line may be anything")
    budget = Budget()
    commits = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        number, first = lines[start]
        match = _ONE_LINE.fullmatch(first)
        assert match is not None
        inner = named_values(
            number, {"hash": match["hash"], "refs": match["refs"], "subject": match["subject"]}
        )
        inner += _changes(lines[start + 1 : end])
        budget.take(len(inner) + 1)
        commits.append(Node("", "object", number, lines[end - 1][0], inner=inner))
    return Node("commits", "list", lines[0][0], lines[-1][0], inner=commits, is_table=True)


def _commit(lines: Numbered, budget: Budget) -> Node:
    number, first = lines[0]
    match = _COMMIT.fullmatch(first)
    assert match is not None
    inner = [Node(names_of("hash"), "value", number, number, match["hash"])]
    if match["refs"]:
        inner.append(Node("refs", "value", number, number, match["refs"]))
    at = 1
    while at < len(lines) and (header := _HEADER.fullmatch(lines[at][1])):
        inner += _of_header(lines[at][0], header)
        at += 1
    if at == 1:
        raise NotOfForm("a commit without an author")
    message = []
    while at < len(lines) and (not lines[at][1].strip() or lines[at][1].startswith("    ")):
        if lines[at][1].strip():
            message.append((lines[at][0], lines[at][1][4:].rstrip()))
        at += 1
    if message:
        inner.append(Node(names_of("subject"), "value", message[0][0], message[0][0], message[0][1]))
        text = "\n".join(line for _, line in message)
        inner.append(Node(names_of("message"), "value", message[0][0], message[-1][0], text))
    inner += _changes(lines[at:])
    budget.take(len(inner) + 1)
    return Node("", "object", number, lines[-1][0], inner=inner)


def _of_header(number: int, header: re.Match[str]) -> list[Node]:
    name, value = header["name"], header["value"]
    if name not in ("Author", "Commit", "Committer"):
        return [Node(names_of(_NAMES.get(name, name.lower())), "value", number, number, value)]
    role = "author" if name == "Author" else "committer"
    nodes = [Node(role, "value", number, number, value)]
    if (person := _PERSON.fullmatch(value)) is not None:
        nodes.append(Node(f"{role} name", "value", number, number, person["name"].strip()))
        nodes.append(Node(names_of(f"{role} email"), "value", number, number, person["email"]))
    return nodes


def _changes(lines: Numbered) -> list[Node]:
    """The files of a commit and their sums. Raises NotOfForm at what is neither these nor a patch."""
    files: list[Node] = []
    sums: list[Node] = []
    for number, line in lines:
        if line.startswith(("diff --git ", "diff --cc ")):
            break
        if (totals := _TOTALS.fullmatch(line)) is not None:
            sums = named_values(number, totals.groupdict("0"))
            continue
        match = _OF_STAT.fullmatch(line) or _OF_NUMSTAT.fullmatch(line) or _OF_NAMES.fullmatch(line)
        if match is not None:
            inner = named_values(number, {n: v and v.strip() for n, v in match.groupdict().items()})
            files.append(Node("", "object", number, number, inner=inner))
        elif line.strip() and line != "---" and not _STATE.fullmatch(line):
            raise NotOfForm("more than a commit and its files")
    if files:
        sums.append(Node("files", "list", files[0].start, files[-1].end, inner=files, is_table=True))
    return sums


def read_git_status(lines: Numbered) -> Node:
    """Branch, distance from its upstream and the changed files by state. Raises NotOfForm."""
    if not lines or (branch := _BRANCH.fullmatch(lines[0][1])) is None:
        raise NotOfForm("no status of a work tree")
    number = lines[0][0]
    name = "branch" if branch["branch"] else "detached at"
    inner = [Node(name, "value", number, number, branch["branch"] or branch["detached"])]
    section: Node | None = None
    for number, line in lines[1:]:
        if line in _SECTIONS:
            section = Node(_SECTIONS[line], "list", number, number, is_table=True)
            inner.append(section)
        elif section is not None and (entry := _ENTRY.fullmatch(line)) is not None:
            section.inner.append(_entry(number, entry))
            section.end = number
        elif (nodes := _of_distance(number, line)) is not None:
            inner += nodes
        elif not _HINT.fullmatch(line):
            raise NotOfForm("more than the status of a work tree")
    return Node("", "object", lines[0][0], lines[-1][0], inner=inner)


def _entry(number: int, entry: re.Match[str]) -> Node:
    path = Node("path", "value", number, number, entry["path"])
    change = [Node("change", "value", number, number, entry["change"])] if entry["change"] else []
    return Node("", "object", number, number, inner=[*change, path])


def _of_distance(number: int, line: str) -> list[Node] | None:
    if (distance := _DISTANCE.fullmatch(line)) is not None:
        nodes = [Node("upstream", "value", number, number, distance["upstream"])]
        if distance["count"]:
            name = "ahead" if distance["what"] == "ahead of" else "behind"
            nodes.append(Node(name, "value", number, number, distance["count"]))
        return nodes
    if (apart := _DIVERGED.fullmatch(line)) is not None:
        return [Node("upstream", "value", number, number, apart["upstream"])]
    if (both := _BOTH.fullmatch(line)) is not None:
        return named_values(number, both.groupdict())
    return None
