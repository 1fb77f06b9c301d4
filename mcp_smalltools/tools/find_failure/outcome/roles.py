"""What each line of a log is, before anybody asks what it says.

Only what a program wrote can say why a run failed. A log holds more: scripts that a CI system shows before it
runs them, dumps of the environment, bars of progress, the cleanup after the end. Words such as `error` and
`exit 1` in those say nothing of this run.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from enum import IntEnum


class Role(IntEnum):
    """What a line is."""

    OUTPUT = 0
    """What a program wrote, or the CI system says of how a step went."""
    BLANK = 1
    COMMAND = 2
    """A command that is shown before it runs."""
    SCRIPT = 3
    """Text of a script, a function, a here-document or a Dockerfile that is shown, not run here."""
    ENVIRONMENT = 4
    """Variables and settings of the run."""
    PROGRESS = 5
    CLEANUP = 6
    """What is tidied up, stored or uploaded after the run, whatever came of it."""
    AFTER = 7
    """Output of a step that ran only after another had failed: reports, uploads, logs that are printed. What a tool
    says to try below its message, and the trace of what the message tells.
    """
    FRAME = 8
    """Marks of the CI system: groups, timers, sections."""


NEVER_EVIDENCE = frozenset(
    {Role.BLANK, Role.COMMAND, Role.SCRIPT, Role.ENVIRONMENT, Role.PROGRESS, Role.CLEANUP, Role.FRAME}
)
"""Roles of lines that cannot say why a run failed. An AFTER line can, where nothing before the failure does."""

_LONGEST = 300
_LONGEST_SHOWN = 400
"""Lines up to which a shown script, function or here-document is believed to go on."""
_LEAST_VARIABLES = 4
"""Lines of `NAME=value` in a row that are a dump of the environment."""
_TOOLS = (
    r"gcc|g\+\+|cc|c\+\+|clang|clang\+\+|ld|ar|javac|kotlinc|scalac|rustc|nvcc|ocamlfind|ocamlopt|ghc|python|python3|"
    r"node|npx|bash|sh|env|cmake|ninja|make|gmake|docker|podman|pip|pip3|git|curl|wget|sudo|cp|rm|mv|mkdir|install|tar|libtool"
)
_TROUBLE = re.compile(
    r"(?i)error|fail|cannot|can't|could not|unable|denied|refused|timed? ?out|abort|killed|no space|not found|fatal|panic|"
    r"exception|invalid|no such|corrupt|mismatch|reset|unexpected|missing|incomplete|interrupt|4\d\d |5\d\d "
)
"""A line with one of these is never only progress or cleanup."""

_FORMS: Sequence[tuple[Role, str]] = (
    (
        Role.FRAME,
        r"##\[(?:group|endgroup|section|debug)\]|::(?:group|endgroup|debug|add-mask|set-output|notice|save-state)\b|"
        r"travis_(?:time|fold):|section_(?:start|end):|\[Pipeline\]|##teamcity\[(?!testFailed|buildProblem|message.*ERROR)|"
        r"(?:---|\+\+\+|~~~|\^\^\^) (?::\w+:|\+\+\+)|\s*---> (?:Running in )?[0-9a-f]{12}\s*$|\s*---> Using cache|"
        r"Removing intermediate container |##\[(?:warning|notice)\]Node\.js \d+ actions are deprecated",
    ),
    (
        Role.COMMAND,
        r"\+{1,4} (?=[\w./~$'\"\[(:{!\\-])(?!\S{0,80}: |\d+ \||-{3})|\$ (?=\S)|#!/|"
        r"(?:\([\w.-]{1,40}\) )?[\w.-]{1,40}@[\w.-]{1,60}[: ][^\s$#%>]{0,80}[$#%>] ?(?=\S)|"
        r"\[[\w.-]{1,40}@[\w.-]{1,60} [^\]]{1,80}\][$#] |PS [A-Z]:\\[^>]{0,120}> ?(?=\S)|[A-Z]:\\[^>:]{0,120}>(?=\S)|"
        r"(?:~|/[\w./-]{1,80}) ?[$%#] (?=\S)|##\[command\]|\[command\]|Step \d+/\d+ : |"
        r"(?:#\d+ )?\[(?:[\w./-]+ )?(?:[\w.-]+ +)?\d+/\d+\] (?:RUN|COPY|ADD|FROM|WORKDIR|ENV|ARG|USER|EXPOSE|CMD|LABEL|ENTRYPOINT)\b|"
        r" > \[(?:[\w./-]+ )?\d+/\d+\] |> [\w@./-]{1,80}@\d\S* \S+|[\w.-]{1,40}(?: run-test)?: commands\[\d+\]|"
        rf"\s*(?:/\S{{1,80}}/)?(?:{_TOOLS})(?:-[\d.]+)? (?=.{{0,200}}?-\w)(?!.{{0,200}}?\b(?:error|failed|not found)(?: |:|$))|"
        r"(?:pip3?|npm|npx|yarn|pnpm|cargo|go|poetry|uv|bundle|composer|mvn|gradle|dotnet|docker|kubectl|helm|terraform|make|git) "
        r"(?:install|run|build|test|ci|sync|push|pull|apply|init|package|publish|add|get|compose|exec)(?: [\w./@=<>~^:\[\]-]+)*$",
    ),
    (
        Role.SCRIPT,
        r"\s*\d+ \| (?:>>> |    |\t)?\s*(?:RUN|COPY|ADD|FROM|WORKDIR|ENV|ARG|USER|EXPOSE|CMD|LABEL|ENTRYPOINT|HEALTHCHECK)\b|"
        r"\s*case .{1,80} in\s*$|\s*(?:fi|done|esac|;;)\s*(?:#.*)?$|\s*elif \[.{1,200}; then|\s*if \[.{1,200}; then|"
        r"\s*exit \$?\{?[\w?]+\}?;?\s*$|\s*echo [\"'].{0,200}[\"']\s*(?:>&2|1>&2)?;?\s*$",
    ),
    (
        Role.PROGRESS,
        r"\s*(?:\d{1,3}(?:\.\d+)?%(?!\s*(?:of )?tests? )|\d+/\d+ \[|\[ *\d+%\]|\[\d+/\d+\]|.{0,60}[█▓▒░━╸]{8,}|"
        r"\[[=#-]{2,}>|[#=]{6,}>? *\d+(?:\.\d+)?%|"
        r"Downloading |Downloaded |Fetching |Receiving objects|Resolving deltas|Counting objects|Compressing objects|"
        r"remote: (?:Counting|Compressing|Enumerating|Total)|Unpacking |Preparing to unpack|Selecting previously|Setting up |"
        r"Get:\d+ |Hit:\d+ |Ign:\d+ |Collecting |Requirement already|Using cached |Pulling |Pull complete|Extracting |"
        r"[0-9a-f]{12}: (?:Pulling|Waiting|Verifying|Download|Pull|Already|Extracting|Preparing|Layer)|"
        r"Progress \(\d+\)|\s*cargo:(?:rerun-if|rustc-)|Reading package lists|Building dependency tree|Compiling [\w-]+ v\d|Installing [\w:.-]+ \d|"
        r"inflating: |extracting: |creating: |x [\w./-]+$)",
    ),
    (
        Role.CLEANUP,
        r"(?:\W{0,6})(?:Post job cleanup|Cleaning up|Clean(?:ing|ed)? ?up\b|Removing |Deleting |Tearing down|Releasing |"
        r"Uploading |Uploaded |Archiving artifacts|Saving cache|Creating cache|Stopping |Shutting down|store build cache|"
        r"cache uploaded|changes detected, packing|nothing changed, not updating cache|uploading (?:master|PR|archive)|"
        r"Sending e-mails? to|\[WS-CLEANUP\]|Temporarily overriding HOME=|Recording test results|Cache (?:saved|not saved|hit)|"
        r"Evaluating (?:on_failure|after)|Running after_script|Closing |Disconnecting|Listen thread exiting)",
    ),
)
_ROLE_OF_LINE = re.compile("|".join(f"(?P<{role.name}>{form})" for role, form in _FORMS))
_DIFFERENCE = re.compile(r"-{1,3}(?: |$|[^-\s])|@@ |\+\+\+ |[-+] (?:Expected|Received|Actual)")
_VARIABLE = re.compile(r"\s{0,8}(?:declare -x |export |set |setenv )?[A-Z_][A-Z0-9_]{1,60}(?:%%)?=")
_HERE = re.compile(r"<<-?\s*\\?[\"']?([A-Za-z_]\w*)[\"']?")
_FUNCTION = re.compile(r"(?:function )?[A-Za-z_][\w.:-]*(?:%%=)? ?\(\) ?(?:\{.*)?$|BASH_FUNC_\w+%%=\(\) \{")
_ENDS_OPEN = re.compile(r"\\\s*$")
_STEP = re.compile(r"##\[group\]Run ")
_AFTER_FAILURE = re.compile(r"travis_fold:start:after_|Running after_script|Evaluating on_failure")
_POST = re.compile(
    r"Post job cleanup\.|Cleaning up orphan processes|Cleaning up project directory|travis_fold:start:cache\.2|"
    r"store build cache|Evaluate and set job outputs|##\[section\]Starting: (?:Post-job|Finalize)"
)
_ERROR_OF_STEP = re.compile(
    r"##\[error\](?:Process completed with exit code|The operation was canceled|.{0,80}exited with code|.{0,200}failed)"
)
_DOCKERFILE = re.compile(r"[\w./-]{0,200}(?:[Dd]ockerfile|[Cc]ontainerfile)[\w.-]{0,40}:\d{1,5}$")
_RULER = re.compile(r"-{10,}$")
_LONGEST_BOX = 40
_ADVICE = re.compile(r"\* (?:Try|Exception is):")
_ENDS_ADVICE = re.compile(
    r"\* What went wrong:|FAILURE: |BUILD [A-Z]|[=-]{10,}\s*$|\d+ actionable|Deprecated |> Task :|##\[|\d+: Task failed"
)
"""Gradle's boxes: what went wrong comes first, then what to try, then the trace of the same error."""
_OUTCOME_OF_CI = re.compile(
    r"##\[error\]|::error|(?:ERROR: )?Job (?:failed|succeeded)|(?:Done\. )?Your build exited|The command .*exited with|Finished: "
)


def roles_of(contents: Sequence[str]) -> list[Role]:
    """The role of each line, given without the prefix of a CI system or container (`LogLines.contents`)."""
    roles = [_role_of(content[:_LONGEST]) for content in contents]
    _see_differences(contents, roles)
    _see_environment(contents, roles)
    for place, content in enumerate(contents):
        if (role := roles[place]) is Role.FRAME:
            if content.startswith("##[group]"):
                _see_group(contents, roles, place)
        elif role is Role.COMMAND:
            _see_continued_command(contents, roles, place)
        elif content.endswith((")", "{", "() ")) and _FUNCTION.match(content):
            _see_function(contents, roles, place)
    _see_dockerfile(contents, roles)
    _see_aftermath(contents, roles)
    _see_advice(contents, roles)
    return roles


@functools.lru_cache(maxsize=1 << 14)
def _role_of(content: str) -> Role:
    """The role of a line by itself."""
    if not content or content.isspace():
        return Role.BLANK
    found = _ROLE_OF_LINE.match(content)
    if found is None:
        return Role.OUTPUT
    role = Role[str(found.lastgroup)]
    if role in (Role.PROGRESS, Role.CLEANUP) and _TROUBLE.search(content):
        return Role.OUTPUT
    return role


def _see_differences(contents: Sequence[str], roles: list[Role]) -> None:
    """`+ ` lines beside `- ` lines are what a test shows of expected and actual, not commands."""
    for place, content in enumerate(contents):
        if (
            roles[place] is Role.COMMAND
            and content.startswith("+")
            and any(_DIFFERENCE.match(near) for near in contents[max(place - 2, 0) : place + 3])
        ):
            roles[place] = Role.OUTPUT


def _see_environment(contents: Sequence[str], roles: list[Role]) -> None:
    run = 0
    for place in range(len(contents) + 1):
        if place < len(contents) and _VARIABLE.match(contents[place]):
            run += 1
            continue
        if run >= _LEAST_VARIABLES:
            roles[place - run : place] = [Role.ENVIRONMENT] * run
        run = 0


def _see_group(contents: Sequence[str], roles: list[Role], place: int) -> None:
    """What GitHub shows of a step before it runs: its script, its inputs, its environment."""
    if not _STEP.match(contents[place]):
        return
    roles[place] = Role.COMMAND
    shown = Role.SCRIPT
    for line in range(place + 1, min(place + _LONGEST_SHOWN, len(contents))):
        content = contents[line]
        if content.startswith("##[endgroup]"):
            return
        if content.startswith("##["):
            return
        if content.startswith(("env:", "shell:")):
            shown = Role.ENVIRONMENT
        roles[line] = shown


def _see_continued_command(contents: Sequence[str], roles: list[Role], place: int) -> None:
    """The further lines of a command that is shown: after a backslash, in open quotes, a here-document."""
    content = contents[place]
    line = place
    while (
        _ENDS_OPEN.search(contents[line][-4:]) and line + 1 < len(contents) and line - place < _LONGEST_SHOWN
    ):
        line += 1
        roles[line] = Role.SCRIPT
    if found := _HERE.search(content):
        word = found[1]
        _mark_until(contents, roles, place + 1, lambda text: text.strip() == word)
    elif content.startswith("+") and content.count("'") % 2:
        _mark_until(contents, roles, place + 1, lambda text: text.count("'") % 2 == 1)


def _mark_until(
    contents: Sequence[str],
    roles: list[Role],
    start: int,
    ends: Callable[[str], bool],
    role: Role = Role.SCRIPT,
) -> None:
    """Mark the lines up to the one that ends it; none if there is no such line near."""
    for line in range(start, min(start + _LONGEST_SHOWN, len(contents))):
        if ends(contents[line]):
            roles[start : line + 1] = [role] * (line + 1 - start)
            return


def _see_function(contents: Sequence[str], roles: list[Role], place: int) -> None:
    """A shell function that is printed, from its head to the brace that ends it at the start of a line."""
    opened = contents[place].rstrip().endswith("{")
    if not opened and not (place + 1 < len(contents) and contents[place + 1].strip() == "{"):
        return
    before = roles[place]
    _mark_until(contents, roles, place + 1, lambda text: text.startswith("}"))
    roles[place] = Role.SCRIPT if roles[place + 1 : place + 2] == [Role.SCRIPT] else before


def _see_dockerfile(contents: Sequence[str], roles: list[Role]) -> None:
    """The lines around the instruction that failed, which BuildKit shows between two rulers."""
    for place, content in enumerate(contents):
        if "erfile" not in content or not _DOCKERFILE.match(content):
            continue
        near = range(place + 1, min(place + _LONGEST_BOX, len(contents)))
        rulers = [line for line in near if _RULER.match(contents[line])]
        for line in range(*rulers[:2]) if len(rulers) > 1 else ():
            if roles[line] is Role.OUTPUT:
                roles[line] = Role.SCRIPT


def _see_advice(contents: Sequence[str], roles: list[Role]) -> None:
    """What Gradle says below the message of a failure, up to its next box or its end."""
    since: int | None = None
    for place, content in enumerate(contents):
        if _ADVICE.match(content):
            since = place
        elif since is not None and (_ENDS_ADVICE.match(content) or place - since > _LONGEST_SHOWN):
            since = None
        if since is not None and roles[place] is Role.OUTPUT:
            roles[place] = Role.AFTER


def _see_aftermath(contents: Sequence[str], roles: list[Role]) -> None:
    """What runs after the failure of a step, and what a CI system does at the end of every job."""
    failed = False
    now: Role | None = None
    for place, content in enumerate(contents):
        if _POST.match(content):
            now = Role.CLEANUP
        elif _AFTER_FAILURE.match(content):
            now = Role.AFTER
        elif _STEP.match(content):
            now = Role.AFTER if failed else None
        elif _ERROR_OF_STEP.match(content):
            failed = True
        if now and roles[place] is Role.OUTPUT and not _OUTCOME_OF_CI.match(content):
            roles[place] = now
