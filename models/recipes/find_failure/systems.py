"""Shell scripts that fail for reasons outside their code: files, permissions, disks, memory, networks, time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import noun, nouns
from runs import PYTHON, Fault, Form

SHELL = Form(
    report=r"^(\S+: )?(line \d+: )?\S+: (cannot|can't|command not found|not found|No such|Permission denied|unbound variable|No space|"
    r"Is a directory|not a|unrecognized|invalid|error|write error|Connection refused|syntax error|open|failed|Unexpected)|: command not found|"
    r"^(cp|mv|tar|cat|rm|mkdir|ln|dd|gzip|sed|grep|curl|wget|git|ssh|fatal|error|sqlite3?|psql|python3?|bash|sh|unzip|install|chmod|touch|find|timeout)\S*: |"
    r"Killed|Terminated|^fatal: |^error: |^curl: |No space left|timed out|^ERROR|unbound variable|syntax error|^\S*Error\b|^Traceback|^  File|^Expecting|^Illegal",
    goes_on=r"^  \S|^hint: |^\S*Error: ",
    aftermath=r"^(tar|gzip): (Exiting|Error is not)|status [1-9]",
)
ENVIRONMENT: dict[str, str] = {}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    folder.mkdir(parents=True)
    names = nouns(chance, chance.randint(5, 25))
    (folder / "data").mkdir()
    for name in names:
        (folder / "data" / f"{name}.csv").write_text(
            "".join(f"{n},{n * n}\n" for n in range(chance.randint(3, 40)))
        )
    trace = "set -x\n" if chance.random() < 0.4 else ""
    lines = [
        f'#!/bin/bash\nset -euo pipefail\n{trace}cd "$(dirname "$0")"\nmkdir -p out\necho "deploying {names[0]}"'
    ]
    for number, name in enumerate(names):
        lines.append(
            chance.choice(
                [
                    f'echo "[{number + 1}/{len(names)}] packing {name}"\ncp -v data/{name}.csv out/',
                    f'echo "checking {name} ... ok"\nwc -l data/{name}.csv',
                    f'echo "$(date +%T) INFO {name}: $(wc -c < data/{name}.csv) bytes, 0 errors"',
                    f"gzip -kfv data/{name}.csv",
                    f'echo "WARN {name}: failed to find a cache, building it"\nsort -n data/{name}.csv > out/{name}.sorted',
                    f"tar -cvf out/{name}.tar data/{name}.csv",
                ]
            )
        )
        lines.append(f"# {number}")
    lines.append("ls -l out | tail -20\necho finished")
    (folder / "deploy.sh").write_text("\n".join(lines) + "\n")
    return [("bash", "deploy.sh")]


def _insert(code: str, *words: str):  # noqa: ANN202 - one of the functions of this table
    def put_in(folder: Path, chance: Random) -> list[str]:
        path, name = folder / "deploy.sh", f"{noun(chance)}-{noun(chance)}"
        marks = [line for line in path.read_text().split("\n") if line.startswith("# ")]
        mark = chance.choice(marks[len(marks) // 2 :])
        path.write_text(
            path.read_text().replace(
                mark + "\n", code.replace("NAME", name).replace("PYTHON", PYTHON) + "\n", 1
            )
        )
        return [*words, name] if "NAME" in code else list(words)

    return put_in


_DISK = (
    "mkdir -p /tmp/small-$$ && mount -t tmpfs -o size=64k tmpfs /tmp/small-$$\ntrap 'umount /tmp/small-$$' EXIT\n"
    "cp deploy.sh /tmp/small-$$/\ndd if=/dev/zero of=/tmp/small-$$/image bs=4k count=64"
)
_COPY_DISK = (
    "mkdir -p /tmp/small-$$ && mount -t tmpfs -o size=16k tmpfs /tmp/small-$$\ntrap 'umount /tmp/small-$$' EXIT\n"
    "head -c 100000 /dev/zero > out/big.bin\ntar -cf /tmp/small-$$/all.tar out"
)
_TABLE: Sequence[tuple[str, Fault]] = [
    ("shell", Fault("missing program", "dependency", SHELL, _insert("NAME --stamp out", "not found"))),
    (
        "shell",
        Fault("missing file", "configuration", SHELL, _insert("cp data/NAME.csv out/", "No such file")),
    ),
    (
        "shell",
        Fault(
            "missing variable",
            "configuration",
            SHELL,
            _insert('echo "to $NAME_TARGET"'.replace("NAME_TARGET", "RELEASE_TARGET"), "RELEASE_TARGET"),
        ),
    ),
    (
        "shell",
        Fault(
            "syntax", "configuration", SHELL, _insert("if [ -f out/x ]; then echo NAME; done", "syntax error")
        ),
    ),
    (
        "shell",
        Fault(
            "permission",
            "permission",
            SHELL,
            _insert("chattr -i out 2>/dev/null || true\necho x > /proc/NAME", "/proc/"),
        ),
    ),
    (
        "shell",
        Fault(
            "permission of a program",
            "permission",
            SHELL,
            _insert("echo 'echo hi' > out/NAME.sh\n./out/NAME.sh", "Permission denied"),
        ),
    ),
    ("disk", Fault("disk full", "disk", SHELL, _insert(_DISK, "No space left"))),
    ("disk", Fault("disk full", "disk", SHELL, _insert(_COPY_DISK, "No space left", "write error"))),
    (
        "network",
        Fault(
            "refused", "network", SHELL, _insert("curl -sSf http://127.0.0.1:9/NAME.tar.gz -o out/a", "curl")
        ),
    ),
    (
        "network",
        Fault(
            "unknown host",
            "network",
            SHELL,
            _insert("curl -sSf http://NAME.invalid/a.tar.gz -o out/a", "curl", "resolve"),
        ),
    ),
    (
        "git",
        Fault(
            "no repository",
            "configuration",
            SHELL,
            _insert("GIT_DIR=/nonexistent git describe --tags", "fatal: "),
        ),
    ),
    (
        "git",
        Fault(
            "conflict",
            "configuration",
            SHELL,
            _insert(
                "git init -q repo && cd repo && git config user.email a@b.c && git config user.name a\n"
                "echo 1 > NAME.txt && git add . && git commit -qm one && git branch side\n"
                "echo 2 > NAME.txt && git commit -qam two && git checkout -q side && echo 3 > NAME.txt && git commit -qam three\ngit rebase -q master || git rebase main",
                "conflict",
                "CONFLICT",
                "could not apply",
            ),
        ),
    ),
    (
        "git",
        Fault(
            "missing branch",
            "configuration",
            SHELL,
            _insert("git init -q repo && cd repo && git checkout NAME", "pathspec"),
        ),
    ),
    (
        "time",
        Fault(
            "timeout",
            "timeout",
            Form(report=r"^(Terminated|Killed|timeout: |ERROR: .*timed out)|Killed|Terminated|timed out"),
            _insert(
                "echo 'waiting for NAME'\ntimeout -v 0.2 sleep 5 || { echo 'ERROR: NAME timed out after 0.2 s'; exit 124; }",
                "timed out",
            ),
        ),
    ),
    (
        "memory",
        Fault(
            "killed",
            "memory",
            SHELL,
            _insert("(ulimit -v 200000; PYTHON -c 'x = bytearray(10**9)')", "MemoryError"),
        ),
    ),
    (
        "memory",
        Fault(
            "killed", "memory", Form(report=r"Killed"), _insert("bash -c 'sleep 0.05; kill -9 $$'", "Killed")
        ),
    ),
    (
        "archive",
        Fault(
            "broken archive",
            "configuration",
            SHELL,
            _insert("echo nonsense > out/NAME.tgz\ntar -xzf out/NAME.tgz", "not in gzip", "tar"),
        ),
    ),
    (
        "json",
        Fault(
            "broken json",
            "configuration",
            SHELL,
            _insert(
                "echo '{\"a\": 1,}' > out/NAME.json\nPYTHON -m json.tool out/NAME.json",
                "Expecting",
                "Illegal",
            ),
        ),
    ),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, fault in _TABLE:
        if "mount" in fault.name and os.geteuid() != 0:
            continue
        yield tool, None, 0, fault
