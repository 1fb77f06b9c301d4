"""Commands of every shape that agents run, to be run with hooks and without: nothing may differ."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """A command; `given` are further arguments of the client's Bash tool."""

    command: str
    given: dict[str, Any] = field(default_factory=dict)
    lists: bool = True
    """Whether it can stand behind `cd FOLDER &&`."""


def prepare(folder: Path) -> None:
    """The files that the commands read."""
    folder.mkdir(parents=True)
    (folder / "words").write_text("".join(f"word {number}\n" for number in range(200)))
    (folder / "script.sh").write_text("echo script $1 >&2\nexit ${2:-0}\n")
    (folder / "sub").mkdir()


_BODIES = (
    "echo one",
    "printf 'no newline'",
    "printf 'a\\tb\\0c\\377d'",
    "true",
    "false",
    "cat words",
    "cat words >&2",
    "{ cat words; cat words >&2; }",
    "seq 1 3000",
    "seq 1 9000",
    "head -c 5000 /dev/zero",
    "ls nowhere",
    "sh script.sh 1 3",
    "python3 -c 'print(\"py\")'",
    "cat <<'END'\nhere $x\nEND",
    "cat <<-END\n\t$HOME\n\tEND",
    "printf '\\033[31mred\\033[0m\\n'",
    "printf 'progress 1\\rprogress 2\\r\\ndone\\n'",
    "cd sub && pwd | sed 's,.*/,,'",
    "echo $0 | sed 's,.*/,,'; echo ${#BASH_VERSION}",
)
_WRAPPERS = (
    "{}",
    "set -e; {}; echo after",
    "set -o pipefail; {} | cat",
    "( {} )",
    "( {} ) && echo and || echo or",
    "if {}; then echo yes; else echo no; fi",
    "{} > out.txt 2>&1",
    "{} 2>err.txt",
    "{} | tee copy.txt",
    "{} | head -n 2",
    "! {}",
    "bash -c {quoted}",
    "trap 'echo bye' EXIT; {}",
    'x=$( {} ); echo "${{#x}}"',
    "( {} ) & wait",
    "( {} ) & wait $!; echo $?",
    "for i in 1 2; do {}; done",
    "f() {{ {}; }}; f; echo $?",
    "exec 3>&1; ( {} ) >&3",
    "exec bash -c {quoted}",
    "time -p true 2>/dev/null; {}",
    "( {} ); exit 7",
    "while true; do {}; break; done",
    "echo first; {} || true",
    "( {} ) 2>&1 | sort | uniq | tail -n 5",
    "cd sub && ( cd .. && {} )",
)
_OWN = (
    Shape("kill -9 $$", lists=False),
    Shape("kill -TERM $$", lists=False),
    Shape("exit 42", lists=False),
    Shape("exec false"),
    Shape("exec true"),
    Shape("read x; echo got $x"),
    Shape("python3 -c 'input()'"),
    Shape("sleep 30", {"timeout": 1000}),
    Shape("echo begun; sleep 30", {"timeout": 1000}),
    Shape("sleep 20 & echo $! > pid; disown; echo started; kill $(cat pid); rm pid"),
    Shape("nohup sh -c 'echo late > late.txt' >/dev/null 2>&1 & wait"),
    Shape("yes | head -n 20000"),
    Shape("head -c 200000000 /dev/zero | tr '\\0' x"),
    Shape("head -c 200000000 /dev/zero | tr '\\0' x | fold -w 100; exit 3"),
    Shape("head -c 400000 /dev/urandom > random; wc -c < random; rm random"),
    Shape("ls -l /proc/$$/fd | wc -l"),
    Shape('jobs; echo "[$!]"'),
    Shape("wait; echo waited"),
    Shape("ulimit -f 100; head -c 1000000 /dev/zero > big || echo too large; rm -f big"),
    Shape("umask; umask 077; touch mine; stat -c %a mine"),
    Shape("echo $SHLVL | tr -d 0-9; shopt | wc -l"),
    Shape("set -u; echo ${nothing}"),
    Shape("set -x; echo traced"),
    Shape("printf '%s\\n' \"$@\" a"),
    Shape("echo '; exit 3' | bash"),
    Shape("(sleep 0.2; echo child) & echo parent; wait"),
    Shape("mkfifo p; (echo through > p) & cat p; rm p"),
    Shape("diff words script.sh"),
    Shape("grep nothing words"),
    Shape("test -f nowhere"),
    Shape("bash -c 'kill -SEGV $$'"),
    Shape("timeout 0.2 sleep 5"),
    Shape("env -i sh -c 'echo bare'"),
    Shape("cat words | while read -r a b; do echo $b; done | tail -n 3"),
    Shape("sh -c 'echo $PPID' >/dev/null; echo done"),
    Shape("echo unicode äöü 日本語 🙂"),
    Shape("ssh -o BatchMode=yes -o ConnectTimeout=1 nobody@127.0.0.1 true 2>&1 | wc -l"),
    Shape("sudo -n true 2>&1 | wc -l"),
    Shape("stty size < /dev/tty"),
    Shape("tty"),
)


def _made() -> list[Shape]:
    made = [_wrapped(wrapper, body) for wrapper, body in itertools.product(_WRAPPERS, _BODIES)]
    return list({shape.command: shape for shape in (*made, *_OWN)}.values())


def _wrapped(wrapper: str, body: str) -> Shape:
    """A here-document must end its line: it stands alone, or before the next line."""
    if "<<" in body:
        return Shape(body if wrapper == "{}" else f"{body}\necho {wrapper.count('{')}; exit 5")
    quoted = "'" + body.replace("'", "'\"'\"'") + "'"
    return Shape(wrapper.format(body, quoted=quoted))


SHAPES = _made()
