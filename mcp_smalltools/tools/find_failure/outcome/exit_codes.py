"""What an exit code says, and of which program: its kind of failure, and whether a pipe hides it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_SIGNALS = {
    1: "hung up",
    2: "interrupted",
    3: "quit",
    4: "illegal instruction",
    6: "aborted",
    7: "bus error",
    8: "arithmetic error",
    9: "killed",
    11: "segmentation fault",
    13: "its reader closed the pipe",
    15: "terminated",
}
_OF_ANY: dict[int, tuple[str | None, str]] = {
    124: ("timeout", "it ran past the limit of timeout(1)"),
    125: ("infrastructure", "the container or the command that should start it failed to start"),
    126: ("permission", "the command was found and could not be executed"),
    127: ("dependency", "a command was not found"),
    129: ("cancelled", "it was hung up (SIGHUP)"),
    130: ("cancelled", "it was interrupted (SIGINT, Ctrl-C)"),
    132: ("crash", "illegal instruction (SIGILL)"),
    134: ("crash", "it aborted (SIGABRT)"),
    135: ("crash", "bus error (SIGBUS)"),
    136: ("crash", "arithmetic error (SIGFPE)"),
    137: ("memory", "it was killed (SIGKILL): by the out-of-memory killer, or from outside"),
    139: ("crash", "segmentation fault (SIGSEGV)"),
    141: (None, "its reader closed the pipe (SIGPIPE); that is no failure of its own"),
    143: ("cancelled", "it was terminated (SIGTERM)"),
}
"""What codes mean for any program run by a shell: kind of failure, and words."""
_OF_ONE: dict[tuple[str, int], str] = {
    ("grep", 1): "no line matched",
    ("egrep", 1): "no line matched",
    ("fgrep", 1): "no line matched",
    ("rg", 1): "no line matched",
    ("ag", 1): "no line matched",
    ("ack", 1): "no line matched",
    ("diff", 1): "the files differ",
    ("cmp", 1): "the files differ",
    ("test", 1): "the condition is false",
    ("[", 1): "the condition is false",
    ("[[", 1): "the condition is false",
    ("false", 1): "it always gives 1",
    ("pgrep", 1): "no process matched",
    ("pkill", 1): "no process matched",
    ("which", 1): "the command was not found",
    ("command", 1): "the command was not found",
    ("expr", 1): "the expression is empty or zero",
    ("let", 1): "the expression is zero",
    ("pytest", 5): "no tests were collected",
    ("curl", 6): "the host could not be resolved",
    ("curl", 7): "the connection failed",
    ("curl", 22): "the server answered with an HTTP error",
    ("curl", 28): "the time ran out",
    ("rsync", 23): "some files could not be transferred",
    ("systemctl", 3): "the unit is not active",
    ("terraform", 2): "the plan has changes (with -detailed-exitcode)",
}
"""What a code of 1 and the like means for single programs that don't fail with it."""
_NO_FAILURE = frozenset(
    ("grep", "egrep", "fgrep", "rg", "ag", "ack", "diff", "cmp", "test", "[", "[[", "pgrep", "expr", "let")
)
_PREFIXES = frozenset(
    ("sudo", "env", "time", "nice", "nohup", "exec", "command", "builtin", "!", "stdbuf", "timeout")
)
_ALWAYS_ZERO = frozenset(("true", ":", "echo", "printf", "cat", "date", "sleep", "exit"))


@dataclass(frozen=True, slots=True)
class Command:
    """What a shell command's exit code is of."""

    last: str
    """The program whose code it is, by its name."""
    hides: str | None = None
    """Why a code of 0 says nothing of what came before, in words for a note."""
    cure: str = ""


def read_command(command: str) -> Command:
    """Which program's code the shell gives: of a pipe and of a list, the last one's."""
    parts = _parts(command)
    last = _program(parts[-1][1]) if parts else ""
    before = {joint for joint, _ in parts[1:]}
    strict = re.search(r"\bset -\w*e|\bset -o errexit|\bbash -\w*e", command) is not None
    if parts and parts[-1][0] in ("|", "|&") and "pipefail" not in command:
        return Command(
            last,
            f"The exit code is that of `{last}` at the end of the pipe",
            "put `set -o pipefail;` before it",
        )
    if "|" in before and "pipefail" not in command:
        return Command(last, "A pipe inside the command hides exit codes", "put `set -o pipefail;` before it")
    if parts and parts[-1][0] == "||" and last in _ALWAYS_ZERO:
        return Command(last, f"`|| {last}` makes every exit code 0", "leave it out")
    if parts and parts[-1][0] in (";", "\n", "&") and not strict and (last in _ALWAYS_ZERO or len(parts) > 1):
        return Command(
            last,
            f"The exit code is that of `{last}` alone, the last of several commands",
            "join them with `&&`",
        )
    if command.rstrip().endswith("&") and not command.rstrip().endswith("&&"):
        return Command(
            last, "The command runs in the background: the exit code is not its own", "wait for it"
        )
    return Command(last)


def _parts(command: str) -> list[tuple[str, list[str]]]:
    """The simple commands of a list, each with the operator before it. What can't be split is one command."""
    inner = re.fullmatch(
        r"\s*(?:/bin/|/usr/bin/)?(?:ba|z|da)?sh -\w*c\s+(['\"])(?P<inner>.*)\1\s*", command, re.DOTALL
    )
    text = inner["inner"] if inner else command
    try:
        lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        tokens = list(lexer)
    except ValueError:
        return [("", command.split())]
    parts: list[tuple[str, list[str]]] = [("", [])]
    for token in tokens:
        if token in (";", ";;", "|", "|&", "||", "&&", "&"):
            parts.append((token, []))
        elif not (token and set(token) <= set("()<>")):
            parts[-1][1].append(token)
    return [part for part in parts if part[1]]


def _program(tokens: list[str]) -> str:
    for number, token in enumerate(tokens):
        if "=" in token and re.match(r"[A-Za-z_]\w*=", token):
            continue
        name = token.rsplit("/", 1)[-1]
        if (name in _PREFIXES and number + 1 < len(tokens)) or re.fullmatch(r"-\S*|\d+[smh]?", token):
            continue
        if name == "git" and "grep" in tokens[number + 1 : number + 2]:
            return "grep"
        if name == "git" and "diff" in tokens[number + 1 : number + 2]:
            return "diff"
        return name
    return tokens[0] if tokens else ""


def kind_of_code(code: int) -> str | None:
    """The kind of failure that a code tells for any program."""
    return _OF_ANY.get(_as_of_shell(code), (None, ""))[0]


def meaning(code: int, program: str) -> str | None:
    """What a code other than 0 means, in words."""
    if (own := _OF_ONE.get((program, code))) is not None:
        return f"{program} exits with {code} if {own}" if program in _NO_FAILURE else own
    shell = _as_of_shell(code)
    if shell in _OF_ANY:
        return _OF_ANY[shell][1]
    if 128 < shell < 160 and shell - 128 in _SIGNALS:
        return _SIGNALS[shell - 128]
    return None


def says_no_match(code: int, program: str) -> bool:
    """The code is an answer (no match, a difference, false), not a failure with a cause."""
    return program in _NO_FAILURE and code == 1


def _as_of_shell(code: int) -> int:
    """A signal's code as a shell gives it: Python gives -9, Windows a 32-bit number."""
    if -64 < code < 0:
        return 128 - code
    return {0xC0000005: 139, 0xC00000FD: 139, 0xC000013A: 130, -1073741819: 139, -1073741510: 130}.get(
        code, code
    )
