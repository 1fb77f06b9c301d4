"""Python projects: pytest, unittest, tracebacks, mypy, ruff, pip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, noun, nouns, pascal
from runs import PYTHON, Fault, Form

TRACE = Form(
    report=r"^\s*Traceback \(most recent call last\)|^  File \"\S+\", line \d+$|^  File \"\S+\", line \d+\b(?!, in)|^\S+: error: ",
    goes_on=r"^ |^\s*$|^During handling|^The above exception|^Traceback",
    end=r"^(\w+\.)*\w*(Error|Exception|Exit|Interrupt|Warning|Timeout)\b.*|^\S+: .*",
    kept=r"^\S+: can't open file|^MemoryError|Segmentation fault|^Fatal Python error|^Killed",
)
PYTEST = Form(
    report=r"^E  |^>  |^_{3,} .* _{3,}$|^\S+\.py:\d+: \S|^ERROR collecting|^(FAILED|ERROR) \S+|^INTERNALERROR>|: error: unrecognized|^ERROR: |^ImportError|"
    r"^\S+: error: |^_+ ERROR|^Fatal Python error|^\+{3,} Timeout|^Traceback|^\w*(Error|Exception)\b",
    goes_on=r"^E  |^\s+File |^    \S",
    aftermath=r"^=+ (FAILURES|ERRORS|short test summary info) =+|^!{3,}|^=+ .*\b(failed|errors?)\b.* in .*=+$|FAILED +\[ *\d+%\]|"
    r"^\S+\.py [.FEsx]*[FE][.FEsx]*( +\[|$)|ERROR +\[ *\d+%\]|^-+ Captured",
    inside=r"^_{3,} .* _{3,}$",
)
UNITTEST = Form(
    report=r"^(FAIL|ERROR): |^Traceback|^\w*(Error|Exception)\b",
    goes_on=r"^ |^Traceback|^-{70}$|^$|^During handling|^The above",
    end=r"^(\w+\.)*\w*(Error|Exception|Exit|Failure)\b",
    aftermath=r"^FAILED \(|\.\.\. (FAIL|ERROR)$|^={70}$",
    inside=r"^-{70}$",
)
MYPY = Form(
    report=r"^\S+:\d+(:\d+)?: error: ", goes_on=r"^\S+:\d+(:\d+)?: note: |^ ", aftermath=r"^Found \d+ errors?"
)
RUFF = Form(
    report=r"^\S+:\d+:\d+: [A-Z]+\d+ |^[A-Z]+\d{3}\b|^error: |^invalid-syntax",
    goes_on=r"^\s*(-->|\||\d+ \||=)|^\s*$",
    aftermath=r"^Found \d+ error|fixable with",
)
PIP = Form(
    report=r"^\s*ERROR: |^\s*error: |^\s*(× |╰─>)|^\s*Traceback",
    goes_on=r"^\s+\S|^\s*$",
    end=r"^\s*(\w+\.)*\w*(Error|Exception)\b: ",
    aftermath=r"^\[end of output\]|note: This (error|is)|^hint: |^\s*\[end of output\]",
)
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    names = nouns(chance, chance.randint(4, 16))
    package = folder / f"{noun(chance)}_app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    tests = folder / "tests"
    tests.mkdir()
    for number, name in enumerate(names):
        (package / f"{name}.py").write_text(
            f'"""One part."""\n\nimport logging\n\nlog = logging.getLogger(__name__)\n\n\n'
            f"def limit_{name}() -> int:\n    return {number + 2}\n\n\n"
            f"def count_{name}(items: list[int]) -> int:\n    total = 0\n    for item in items:\n        total += item\n"
            f'    log.info("counted %d", total)\n    return total\n'
        )
        warn = (
            '    warnings.warn("count is deprecated", DeprecationWarning)\n'
            if noisy and number % 3 == 0
            else ""
        )
        shout = (
            '    try:\n        raise ConnectionError("store closed")\n    except ConnectionError:\n'
            '        logging.getLogger("test").exception("error is expected here")\n'
            if noisy and number % 4 == 1
            else ""
        )
        (tests / f"test_{name}.py").write_text(
            f"import logging\nimport warnings\n\nimport pytest\n\nfrom {package.name}.{name} import count_{name}, limit_{name}\n\n\n"
            f"@pytest.fixture\ndef items():\n    return [1, 2, {number}]\n\n\n"
            f"def test_limit_of_{name}_is_kept():\n{warn}{shout}    assert limit_{name}() == {number + 2}\n\n\n"
            f"def test_{name}_counts_all(items):\n    assert count_{name}(items) == {3 + number}\n\n\n"
            f'@pytest.mark.parametrize("size", range({chance.randint(2, 9)}))\n'
            f"def test_{name}_by_size(size):\n    assert count_{name}([1] * size) == size\n"
        )
        (tests / f"unit_{name}.py").write_text(
            f"import logging\nimport unittest\n\nfrom {package.name}.{name} import count_{name}, limit_{name}\n\n\n"
            f"class {pascal(name)}Case(unittest.TestCase):\n    def setUp(self):\n        self.items = [1, 2]\n\n"
            f"    def test_limit(self):\n    {shout.replace(chr(10), chr(10) + '    ').rstrip(' ') if shout else chr(10)}"
            f"        self.assertEqual(limit_{name}(), {number + 2})\n\n"
            f"    def test_count(self):\n        self.assertEqual(count_{name}(self.items), 3)\n\n\n"
            'if __name__ == "__main__":\n    unittest.main()\n'
        )
    imports = "".join(f"from {package.name}.{name} import count_{name}\n" for name in names)
    work = "".join(f'    log.info("step {name}: %d", count_{name}([1, 2]))\n' for name in names)
    (folder / "main.py").write_text(
        f"import logging\nimport sys\n{imports}\nlog = logging.getLogger('app')\n\n\ndef run():\n{work}\n\n"
        'if __name__ == "__main__":\n    logging.basicConfig(level=logging.INFO, stream=sys.stdout, '
        f"format={chance.choice(['%(asctime)s %(levelname)s %(name)s: %(message)s', '%(levelname)s:%(name)s:%(message)s', '[%(asctime)s] %(message)s'])!r})\n"
        "    run()\n"
    )
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n\n[project]\nname = "{package.name}"\nversion = "0.1"\n'
    )
    (folder / "requirements.txt").write_text("pip\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    python = PYTHON
    flags = chance.choice(["-q", "-v", "", "-ra", "-v --tb=short", "-q --tb=short", "--tb=long", "-x -v"])
    return [
        ("sh", "-c", f"{python} -m pytest -p no:cacheprovider {flags} -c pytest.ini tests"),
        ("sh", "-c", f"{python} -m unittest discover -s tests -p 'unit_*.py' {chance.choice(['', '-v'])}"),
        (python, "main.py"),
        (python, "-m", "mypy", "--no-incremental", "--cache-dir=/dev/null", package.name),
        (python, "-m", "ruff", "check", "--no-cache", package.name),
        (python, "-m", "pip", "install", "--dry-run", "-r", "requirements.txt"),
    ]


PYTEST_RUN, UNIT, MAIN, MYPY_RUN, RUFF_RUN, PIP_RUN = range(6)


def _module(folder: Path, chance: Random) -> Path:
    return chance.choice([path for path in sorted(folder.glob("*_app/*.py")) if path.stem != "__init__"])


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _wrong(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "total += item", "total -= item")
    return [f"count_{path.stem}", f"{path.stem}_counts", pascal(path.stem)]


def _all_wrong(folder: Path, chance: Random) -> list[str]:
    for path in folder.glob("*_app/*.py"):
        if path.stem != "__init__":
            _edit(path, "    return total", "    return total + 1")
    return ["count_"]


def _raises(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), noun(chance)
    _edit(path, "    total = 0", f'    total = 0\n    {{}}["{name}"]')
    return [f"KeyError: '{name}'"]


def _chained(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), f"{noun(chance)}.toml"
    _edit(
        path,
        "    total = 0",
        f'    total = 0\n    try:\n        open("{name}")\n    except OSError as error:\n'
        f'        raise RuntimeError("settings can\'t be read") from error',
    )
    return [name, "settings can't be read"]


def _fixture(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), noun(chance)
    _edit(
        folder / "tests" / f"test_{path.stem}.py",
        "    return [1, 2",
        f'    raise OSError("no {name} for tests")\n    return [1, 2',
    )
    return [f"no {name} for tests"]


def _set_up(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), noun(chance)
    _edit(
        folder / "tests" / f"unit_{path.stem}.py",
        "        self.items = [1, 2]",
        f'        self.items = [1, 2]\n        raise OSError("no {name} for tests")',
    )
    return [f"no {name} for tests"]


def _import(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), f"{noun(chance)}_{noun(chance)}"
    _edit(path, "import logging", f"import logging\nimport {name}")
    return [name]


def _import_name(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, f"def limit_{path.stem}", f"def top_{path.stem}")
    _edit(path, f"def count_{path.stem}", f"def {call(chance)}")
    return [f"count_{path.stem}", f"limit_{path.stem}"]


def _syntax(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(
        path,
        "for item in items:",
        chance.choice(["for item in items", "for item items:", "for (item in items:"]),
    )
    return [path.name, "SyntaxError"]


def _indent(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "    total = 0", "  total = 0")
    return [path.name, "IndentationError"]


def _marker(folder: Path, chance: Random) -> list[str]:
    name = f"--{noun(chance)}-{noun(chance)}"
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = {name}\n")
    return [name]


def _conftest(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}_{noun(chance)}"
    (folder / "tests" / "conftest.py").write_text(f"import {name}\n")
    return [name]


def _port(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(
        path,
        "    total = 0",
        '    total = 0\n    import urllib.request\n    urllib.request.urlopen("http://127.0.0.1:9/items")',
    )
    return ["refused"]


def _read_only(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "    total = 0", '    total = 0\n    open("/proc/version", "w")')
    return ["/proc/version"]


def _recursion(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "    total = 0", f"    total = count_{path.stem}(items)")
    return ["RecursionError"]


def _memory(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(
        path,
        "    total = 0",
        "    total = 0\n    import resource\n    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n    held = bytearray(1 << 33)",
    )
    return ["MemoryError"]


def _types(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "    return total", "    return str(total)")
    return [path.name]


def _all_types(folder: Path, chance: Random) -> list[str]:
    for path in folder.glob("*_app/*.py"):
        if path.stem != "__init__":
            _edit(path, "    return total", f"    {noun(chance)}: int = 'x'\n    return total + missing")
    return ["missing"]


def _unused(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), chance.choice(["os", "re", "json", "shutil"])
    _edit(path, "import logging", f"import logging\nimport {name}")
    return [name]


def _requirement(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}-not-there"
    (folder / "requirements.txt").write_text(f"pip\n./{name}\n")
    return [name]


def _backend(folder: Path, chance: Random) -> list[str]:
    name = noun(chance)
    (folder / "backend.py").write_text(
        f"def get_requires_for_build_wheel(config=None):\n    raise RuntimeError('{name} headers are needed to build')\n"
    )
    (folder / "requirements.txt").write_text("pip\n.\n")
    return [f"{name} headers", "Traceback", "metadata", "subprocess"]


def _exit(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), noun(chance)
    _edit(
        path,
        "    total = 0",
        f'    total = 0\n    import sys\n    sys.exit("error: the {name} is not configured")',
    )
    return [f"the {name} is not"]


_EXIT = Form(report=r"^error: ")
_CRASH = Form(
    report=r"^Fatal Python error|^Segmentation fault",
    goes_on=r"^\s*$|^Current thread|^  File|^Extension",
    inside=r"^  File .*site-packages|^Extension",
)


def _crash(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(
        path,
        "    total = 0",
        "    total = 0\n    import faulthandler, ctypes\n    faulthandler.enable()\n    ctypes.string_at(8)",
    )
    return ["Fatal Python error"]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    ("pytest", PYTEST_RUN, Fault("assertion", "test", PYTEST, _wrong)),
    ("pytest", PYTEST_RUN, Fault("every module wrong", "test", PYTEST, _all_wrong)),
    ("pytest", PYTEST_RUN, Fault("exception", "test", PYTEST, _raises)),
    ("pytest", PYTEST_RUN, Fault("exception with a cause", "test", PYTEST, _chained)),
    ("pytest", PYTEST_RUN, Fault("exception in a fixture", "test", PYTEST, _fixture)),
    ("pytest", PYTEST_RUN, Fault("missing package", "dependency", PYTEST, _import)),
    ("pytest", PYTEST_RUN, Fault("renamed function", "test", PYTEST, _import_name)),
    ("pytest", PYTEST_RUN, Fault("syntax", "compile", PYTEST, _syntax)),
    ("pytest", PYTEST_RUN, Fault("unknown option", "configuration", PYTEST, _marker)),
    ("pytest", PYTEST_RUN, Fault("broken conftest", "dependency", TRACE, _conftest)),
    ("pytest", PYTEST_RUN, Fault("refused connection", "network", PYTEST, _port)),
    ("unittest", UNIT, Fault("assertion", "test", UNITTEST, _wrong)),
    ("unittest", UNIT, Fault("every module wrong", "test", UNITTEST, _all_wrong)),
    ("unittest", UNIT, Fault("exception", "test", UNITTEST, _raises)),
    ("unittest", UNIT, Fault("exception with a cause", "test", UNITTEST, _chained)),
    ("unittest", UNIT, Fault("exception in set-up", "test", UNITTEST, _set_up)),
    ("unittest", UNIT, Fault("missing package", "dependency", UNITTEST, _import)),
    ("python", MAIN, Fault("exception", "crash", TRACE, _raises)),
    ("python", MAIN, Fault("exception with a cause", "crash", TRACE, _chained)),
    ("python", MAIN, Fault("missing package", "dependency", TRACE, _import)),
    ("python", MAIN, Fault("syntax", "compile", TRACE, _syntax)),
    ("python", MAIN, Fault("indentation", "compile", TRACE, _indent)),
    ("python", MAIN, Fault("refused connection", "network", TRACE, _port)),
    ("python", MAIN, Fault("no permission", "permission", TRACE, _read_only)),
    ("python", MAIN, Fault("recursion", "crash", TRACE, _recursion)),
    ("python", MAIN, Fault("no memory", "memory", TRACE, _memory)),
    ("python", MAIN, Fault("message and exit", "configuration", _EXIT, _exit)),
    ("python", MAIN, Fault("crash", "crash", _CRASH, _crash)),
    ("mypy", MYPY_RUN, Fault("wrong type", "compile", MYPY, _types)),
    ("mypy", MYPY_RUN, Fault("every module wrong", "compile", MYPY, _all_types)),
    ("ruff", RUFF_RUN, Fault("unused import", "compile", RUFF, _unused)),
    ("ruff", RUFF_RUN, Fault("syntax", "compile", RUFF, _syntax)),
    ("pip", PIP_RUN, Fault("missing requirement", "dependency", PIP, _requirement)),
    ("pip", PIP_RUN, Fault("broken backend", "dependency", PIP, _backend)),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in _TABLE:
        yield tool, chance.random() < 0.5, way, fault
