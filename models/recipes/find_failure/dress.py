"""A bare run as it looks in practice: other steps around it, downloads, warnings, and the marks of a CI system.

The other steps come from the passing runs of other projects, so they are real output of real tools; lists of
downloads and the frames of CI systems follow their documented forms.
"""

from __future__ import annotations

import datetime
import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from names import noun, nouns
from runs import CONTEXT, NOTHING, Run

Line = tuple[str, int]


@dataclass(slots=True)
class Dressed:
    """A log with a label for each line; `cause` is -1 where nothing failed. `passing` may be empty."""

    tool: str
    kind: str
    lines: list[str]
    labels: list[int]
    cause: int
    passing: list[str]


GAP = 4
BARE = 0.3
"""Share of the runs with nothing around: one command, its output in a file."""
AMONG_ITS_LIKE = 0.15
"""Share of the runs that are one of many of the same command, which go on after it: package after package."""
LONG = 0.1
"""Share of the dressed runs among thousands of lines."""
_ANY_DIGITS = re.compile(r"\d+")
_DIGITS = re.compile(r"\d+(?=\.\d+ ?(?:s|ms|sec)\b)|(?<=\()\d+(?= k?B)|\b[0-9a-f]{8,}\b")


def dressed(run: Run, others: Sequence[list[str]], chance: Random, *, failed: bool = True) -> Dressed:
    """The run among other steps; with `failed` false, its passing run among them."""
    bare = chance.random() < BARE
    frame = "plain" if bare else chance.choices(list(FRAMES), weights=[7, 8, 3, 2, 2, 2, 2])[0]
    longest = chance.random() < LONG
    length = int(math.exp(chance.uniform(*((7.4, 9.0) if longest else (3.4, 7.4)))))
    before, after = _steps(others, length, chance), _steps(others, length // 8, chance)
    if chance.random() < 0.5:
        after = []
    if bare:
        before, after = [], []
    core: list[Line] = (
        list(zip(run.failing, run.labels, strict=True)) if failed else [(line, 0) for line in run.passing]
    )
    marked = [
        (line, label + (10 if failed and place == run.cause else 0))
        for place, (line, label) in enumerate(core)
    ]
    if failed and chance.random() < 0.2:
        marked = _repeated(marked, chance)
    alike = _alike(run, chance) if run.passing and chance.random() < AMONG_ITS_LIKE else None
    if alike:
        marked = _joined(alike, marked)
    log = _framed(
        frame, before, marked, after, chance, status=chance.choice([1, 1, 1, 2, 101]) if failed else 0
    )
    again = [_changed(step, chance) for step in before]
    more = [_changed(step, chance) for step in after]
    if not bare:
        more += _steps(others, length // 6, chance)
    passing = [(line, 0) for line in run.passing]
    if alike:
        passing = _joined([(head, part and _changed(part, chance)) for head, part in alike], passing)
    good = _framed(frame, again, passing, more, chance, status=0) if run.passing else []
    lines, labels = [line for line, _ in log], _filled([label % 10 for _, label in log])
    cause = next((place for place, (_, label) in enumerate(log) if label >= 10), -1)
    return Dressed(run.tool, run.kind if failed else "", lines, labels, cause, [line for line, _ in good])


def _alike(run: Run, chance: Random) -> list[tuple[str, list[str] | None]]:
    """Good runs of the same command, each under a heading; None is where the run itself stands."""
    count = max(1, min(int(math.exp(chance.uniform(0.7, 4))), 3000 // len(run.passing)))
    form = chance.choice(
        ["== testing {}", "--- {} ---", "$ cd {} && ./check.sh", "> {}", "[{}]", ">>> running {}", "{}:"]
    )
    parts: list[tuple[str, list[str] | None]] = [
        (form.format(noun(chance)), _changed(run.passing, chance)) for _ in range(count)
    ]
    parts.insert(chance.randrange(count + 1), (form.format(noun(chance)), None))
    return parts


def _joined(parts: Sequence[tuple[str, list[str] | None]], core: list[Line]) -> list[Line]:
    lines: list[Line] = []
    for head, part in parts:
        lines += [(head, NOTHING), *(core if part is None else _quiet([part]))]
    return lines


def _repeated(core: list[Line], chance: Random) -> list[Line]:
    """The same report many times, with other numbers: one broken header, hundreds of errors."""
    marked = [place for place, (_, label) in enumerate(core) if label]
    block = core[marked[0] : marked[-1] + 1]
    times = min(int(math.exp(chance.uniform(0.7, 5))), 1 + 800 // len(block))
    more = [
        (_ANY_DIGITS.sub(lambda found: _other(found[0], chance), line), label % 10)
        for _ in range(times)
        for line, label in block
    ]
    return core[: marked[-1] + 1] + more + core[marked[-1] + 1 :]


def _filled(labels: list[int]) -> list[int]:
    """A few lines between two of a report belong to it."""
    marked = [place for place, label in enumerate(labels) if label]
    for left, right in itertools.pairwise(marked):
        if right - left <= GAP + 1:
            labels[left + 1 : right] = [CONTEXT] * (right - left - 1)
    return labels


def _steps(others: Sequence[list[str]], length: int, chance: Random) -> list[list[str]]:
    steps: list[list[str]] = []
    while sum(map(len, steps)) < length and len(steps) < 40:
        step = _downloads(chance) if not others or chance.random() < 0.35 else list(chance.choice(others))
        steps.append(step[: max(length, 10)])
    chance.shuffle(steps)
    return steps if length > 12 else steps[:1]


def _downloads(chance: Random) -> list[str]:
    """What package managers say while they fetch."""
    kind, count = chance.randrange(5), int(math.exp(chance.uniform(1.5, 5)))
    lines = []
    for _ in range(count):
        first, second = nouns(chance, 2)
        version = f"{chance.randint(0, 9)}.{chance.randint(0, 20)}.{chance.randint(0, 9)}"
        size, speed = chance.randint(1, 900), chance.randint(1, 4000)
        base = f"https://repo.example.org/maven2/org/{first}/{second}/{version}/{second}-{version}"
        lines += {
            0: [
                f"[INFO] Downloading from central: {base}.pom",
                f"[INFO] Downloaded from central: {base}.pom ({size} kB at {speed} kB/s)",
            ],
            1: [
                f"Collecting {first}-{second}>={version[:3]}",
                f"  Downloading {first}_{second}-{version}-py3-none-any.whl ({size} kB)",
            ],
            2: [
                f"npm warn deprecated {first}-{second}@{version}: this version is no longer supported, it leaks memory"
            ],
            3: [
                f"Get:{len(lines)} http://deb.example.org/debian stable/main amd64 lib{first}-{second} amd64 {version} [{size} kB]"
            ],
            4: [f"  Downloaded {first}-{second} v{version}"],
        }[kind]
    lines.append(
        chance.choice(
            [
                f"added {count} packages in {chance.randint(1, 60)}s",
                "Fetched all in 3 s",
                f"Successfully installed {noun(chance)}-1.0",
                "0 upgraded, 4 newly installed, 0 to remove and 2 not upgraded.",
            ]
        )
    )
    return lines


def _changed(step: list[str], chance: Random) -> list[str]:
    """The same step in another run: other times and sizes, another order here and there, a line more or less."""
    lines = [_DIGITS.sub(lambda found: _other(found[0], chance), line) for line in step]
    for _ in range(len(lines) // 10):
        place = chance.randrange(len(lines))
        other = min(len(lines) - 1, place + chance.randint(1, 4))
        lines[place], lines[other] = lines[other], lines[place]
    return [line for line in lines if chance.random() > 0.02]


def _other(text: str, chance: Random) -> str:
    digits = "0123456789" if text.isdigit() else "0123456789abcdef"
    return "".join(chance.choice(digits) for _ in text)


def _framed(
    frame: str,
    before: list[list[str]],
    core: list[Line],
    after: list[list[str]],
    chance: Random,
    *,
    status: int,
) -> list[Line]:
    return FRAMES[frame](before, core, after, chance, status)


def _quiet(steps: list[list[str]]) -> list[Line]:
    return [(line, NOTHING) for step in steps for line in step]


def _plain(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    # A shell stops at the step that failed.
    return _quiet(before) + core + (_quiet(after) if not status or chance.random() < 0.2 else [])


def _stamped(lines: list[Line], chance: Random, form: Callable[[datetime.datetime], str]) -> list[Line]:
    now = datetime.datetime(2025, chance.randint(1, 12), chance.randint(1, 28), chance.randint(0, 23), 7)
    result = []
    for line, label in lines:
        now += datetime.timedelta(microseconds=int(chance.expovariate(1 / 40_000)))
        result.append((form(now) + line, label))
    return result


def _github(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    folder = f"/home/runner/work/{noun(chance)}/{noun(chance)}"

    def opened(name: str) -> list[Line]:
        shown = [
            f"##[group]Run {name}",
            name,
            "shell: /usr/bin/bash -e {0}",
            "env:",
            f"  JAVA_HOME: /opt/hostedtoolcache/Java/17.0.{chance.randint(1, 9)}/x64",
            "##[endgroup]",
        ]
        return [(line, NOTHING) for line in shown]

    lines: list[Line] = [
        (line, NOTHING)
        for line in (
            "Current runner version: '2.311.0'",
            "##[group]Operating System",
            "Ubuntu",
            "22.04.3",
            "LTS",
            "##[endgroup]",
            "##[group]GITHUB_TOKEN Permissions",
            "Contents: read",
            "##[endgroup]",
            "Prepare workflow directory",
            "Prepare all required actions",
            f"Download action repository 'actions/checkout@v{chance.randint(2, 4)}'",
            f"Syncing repository: {noun(chance)}/{noun(chance)}",
            "[command]/usr/bin/git version",
            "git version 2.42.0",
            f"[command]/usr/bin/git config --global --add safe.directory {folder}",
            "Deleting the contents of '" + folder + "'",
            "[command]/usr/bin/git log -1 --format='%H'",
        )
    ]
    for step in before:
        lines += opened(
            chance.choice(
                ["./install.sh", "make deps", "npm ci", "pip install -r requirements.txt", "mvn -B package"]
            )
        )
        lines += [(line, NOTHING) for line in step]
    lines += (
        opened(
            chance.choice(["make test", "./build.sh", "mvn -B verify", "npm test", "tox", "./gradlew build"])
        )
        + core
    )
    if status:
        lines.append((f"##[error]Process completed with exit code {status}.", CONTEXT))
    if not status or chance.random() < 0.3:
        lines += _quiet(after)
    lines += [
        (line, NOTHING)
        for line in (
            "Post job cleanup.",
            "[command]/usr/bin/git version",
            "git version 2.42.0",
            "Temporarily overriding HOME='/home/runner/work/_temp' before making global git config changes",
            "Adding repository directory to the temporary git global config as a safe directory",
            r"[command]/usr/bin/git config --local --name-only --get-regexp core\.sshCommand",
            "Cleaning up orphan processes",
        )
    ]
    shape = chance.random()
    if shape < 0.5:
        return _stamped(lines, chance, lambda now: f"{now:%Y-%m-%dT%H:%M:%S.%f}{chance.randint(0, 9)}Z ")
    if shape < 0.6:
        job = f"{noun(chance)} ({chance.randint(8, 21)})\tUNKNOWN STEP\t"
        return _stamped(lines, chance, lambda now: f"{job}{now:%Y-%m-%dT%H:%M:%S.%f}{chance.randint(0, 9)}Z ")
    return lines


def _travis(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    def folded(name: str, step: list[Line]) -> list[Line]:
        mark = f"{chance.getrandbits(32):08x}"
        head = [f"travis_fold:start:{name}", f"travis_time:start:{mark}"]
        tail = [
            f"travis_time:end:{mark}:start=16{chance.getrandbits(50)},finish=16{chance.getrandbits(50)},duration={chance.getrandbits(30)}",
            f"travis_fold:end:{name}",
        ]
        return [(line, NOTHING) for line in head] + step + [(line, NOTHING) for line in tail]

    command = chance.choice(["mvn test -B", "make check", "npm test", "./gradlew check", "pytest"])
    lines: list[Line] = folded(
        "worker_info",
        [
            (line, NOTHING)
            for line in (
                "Worker information",
                f"hostname: {noun(chance)}@1.i-{chance.getrandbits(32):08x}",
                "version: 6.2.22",
                f"instance: {chance.getrandbits(28):07x}",
                "startup: 7.1s",
            )
        ],
    )
    lines += folded(
        "git.checkout",
        [
            (line, NOTHING)
            for line in (
                "$ git clone --depth=50 https://git.example.org/a/b.git a/b",
                "Cloning into 'a/b'...",
                f"remote: Counting objects: {chance.randint(100, 9000)}, done.",
                f"HEAD is now at {chance.getrandbits(28):07x} Change it",
            )
        ],
    )
    for number, step in enumerate(before):
        lines += folded(f"install.{number}", [(line, NOTHING) for line in step])
    lines += [(f"$ {command}", NOTHING), *core, ("", NOTHING)]
    if status:
        lines += [(f'The command "{command}" exited with {status}.', CONTEXT)]
    else:
        lines += [(f'The command "{command}" exited with 0.', NOTHING)]
    for number, step in enumerate(after[:2]):
        lines += folded(f"cache.{number}", [(line, NOTHING) for line in step])
    return [
        *lines,
        ("", NOTHING),
        (f"Done. Your build exited with {min(status, 1)}.", CONTEXT if status else NOTHING),
    ]


def _gitlab(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    at = chance.randint(1_600_000_000, 1_700_000_000)
    lines: list[Line] = [
        (line, NOTHING)
        for line in (
            "Running with gitlab-runner 16.5.0 (853330f9)",
            f"  on runner-{noun(chance)} {chance.getrandbits(32):08x}",
            f"section_start:{at}:prepare_executor",
            'Preparing the "docker" executor',
            "Using Docker executor with image debian:12 ...",
            f"section_end:{at + 4}:prepare_executor",
            f"section_start:{at + 5}:step_script",
            'Executing "step_script" stage of the job script',
        )
    ]
    for step in before:
        lines += [(f"$ ./{noun(chance)}.sh", NOTHING), *[(line, NOTHING) for line in step]]
    lines += [("$ make test", NOTHING), *core]
    if status:
        lines += [
            (f"section_end:{at + 90}:step_script", NOTHING),
            ("Cleaning up project directory and file based variables", NOTHING),
            (f"ERROR: Job failed: exit code {status}", CONTEXT),
        ]
    else:
        lines += [*_quiet(after), ("Job succeeded", NOTHING)]
    return lines


def _jenkins(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    lines: list[Line] = [
        (line, NOTHING)
        for line in (
            "Started by an SCM change",
            "[Pipeline] Start of Pipeline",
            "[Pipeline] node",
            f"Running on agent-{chance.randint(1, 20)} in /var/jenkins/workspace/{noun(chance)}",
            "[Pipeline] {",
        )
    ]
    for step in before:
        lines += [
            ("[Pipeline] sh", NOTHING),
            (f"+ ./{noun(chance)}.sh", NOTHING),
            *[(line, NOTHING) for line in step],
        ]
    lines += [("[Pipeline] sh", NOTHING), ("+ make test", NOTHING), *core]
    lines += [
        ("[Pipeline] }", NOTHING),
        ("[Pipeline] // node", NOTHING),
        ("[Pipeline] End of Pipeline", NOTHING),
    ]
    if status:
        lines += [(f"ERROR: script returned exit code {status}", CONTEXT), ("Finished: FAILURE", CONTEXT)]
    else:
        lines += [*_quiet(after), ("Finished: SUCCESS", NOTHING)]
    if chance.random() < 0.4:
        return _stamped(lines, chance, lambda now: f"[{now:%Y-%m-%dT%H:%M:%S}.{chance.randint(0, 999):03}Z] ")
    return lines


def _docker(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    steps = [*[[(line, NOTHING) for line in step] for step in before], core]
    lines: list[Line] = [
        ("#1 [internal] load build definition from Dockerfile", NOTHING),
        ("#1 transferring dockerfile: 412B done", NOTHING),
        ("#1 DONE 0.0s", NOTHING),
    ]
    total = len(steps) + (len(after) if not status else 0)
    for number, step in enumerate(steps, 2):
        lines.append((f"#{number} [{number}/{total + 1}] RUN ./{noun(chance)}.sh", NOTHING))
        clock = 0.1
        for line, label in step:
            clock += chance.expovariate(20)
            lines.append((f"#{number} {clock:.3f} {line}", label))
        if not (status and step is core):
            lines.append((f"#{number} DONE {clock:.1f}s", NOTHING))
    if status:
        name, number = noun(chance), len(steps) + 1
        said = f'process "/bin/sh -c ./{name}.sh" did not complete successfully: exit code: {status}'
        lines += [
            (f"#{number} ERROR: {said}", CONTEXT),
            ("------", NOTHING),
            (f" > [{number}/{total + 1}] RUN ./{name}.sh:", NOTHING),
        ]
        lines += [(f"{chance.random() * 9:.3f} {line}", label % 10) for line, label in core[-10:]]
        lines += [("------", NOTHING), (f"ERROR: failed to solve: {said}", CONTEXT)]
    return lines


def _clocked(
    before: list[list[str]], core: list[Line], after: list[list[str]], chance: Random, status: int
) -> list[Line]:
    return _stamped(_plain(before, core, after, chance, status), chance, lambda now: f"[{now:%H:%M:%S}] ")


FRAMES: dict[str, Callable[[list[list[str]], list[Line], list[list[str]], Random, int], list[Line]]] = {
    "plain": _plain,
    "github": _github,
    "travis": _travis,
    "gitlab": _gitlab,
    "jenkins": _jenkins,
    "docker": _docker,
    "clocked": _clocked,
}
