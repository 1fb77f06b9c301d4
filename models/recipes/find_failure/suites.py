"""Test suites of many tests, as in practice: hundreds that pass, among them one or a few that fail.

Their names mention errors and failures, some tests print and log errors that they expect, and where there are
several packages each is tested by itself, so that the run goes on after the one that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import node
import pythons
import rubies
import rust
from names import NOUNS, VERBS, call, noun, pascal
from runs import PYTHON, Fault

_THEMES = (
    "error", "failure", "fails", "no_failure", "without_errors", "exception", "missing", "not_found", "invalid", "rejects", "timeout",
    "denied", "broken", "expected", "fatal", "crash", "retry", "unknown", "panic", "abort", "traceback", "warning", "default",
    "empty", "large", "sorted", "twice", "once", "again", "first", "last", "all", "none", "many", "kept", "unicode", "null", "zero",
)  # fmt: skip
ENVIRONMENT = {
    **pythons.ENVIRONMENT,
    **node.ENVIRONMENT,
    **rust.ENVIRONMENT,
}
_PACKAGES = {"pytest": 5, "node:test": 5}
"""At most so many packages, where a start takes long."""
_TOOLS = ("pytest", "unittest", "minitest", "node:test", "cargo test")


def project(folder: Path, chance: Random, tool: object) -> list[Sequence[str]]:
    """Packages of modules of tests; one way to run them all."""
    count = int(2 ** chance.uniform(4, 10 if tool != "cargo test" else 8))
    packages = (
        1
        if tool == "cargo test" or chance.random() < 0.5
        else chance.randint(2, _PACKAGES.get(str(tool), 20))
    )
    modules = max(1, min(12, count // (20 * packages)))
    names = chance.sample(
        [f"{noun}_{verb}" for noun in NOUNS[:60] for verb in VERBS[:20]], packages * modules
    )
    each = max(2, count // len(names))
    noise = chance.choice([0, 0, 0.03, 0.2])
    if tool == "cargo test":
        _cargo(folder, names, each, chance, noise)
        return [("sh", "-c", chance.choice(["cargo test", "cargo test -- --test-threads=1"]))]
    parts = (
        [folder] if packages == 1 else [folder / f"{noun(chance)}_{number:02}" for number in range(packages)]
    )
    for number, name in enumerate(names):
        part = parts[number % packages]
        part.mkdir(parents=True, exist_ok=True)
        _WRITERS[str(tool)](part, name, [_title(chance) for _ in range(each)], chance, noise)
    command = _command(str(tool), chance)
    if packages == 1:
        return [("sh", "-c", command)]
    said = chance.choice(
        ["== testing $p", ">>> $p", "--- package $p ---", "make: Entering directory '/src/$p'", "[$p] test"]
    )
    paths = " ".join(part.name for part in parts)
    stop = chance.choice(["bad=1", "bad=1", "exit 1"])
    script = f'bad=0; for p in {paths}; do echo "{said}"; (cd $p && {command}) || {stop}; done; exit $bad'
    return [("sh", "-c", script)]


def _command(tool: str, chance: Random) -> str:
    if tool == "pytest":
        flags = chance.choice(
            [
                "-v",
                "-v",
                "-q",
                "",
                "-v --tb=short",
                "-q --tb=line",
                "-v --tb=native",
                "-ra -q",
                "-vv --color=yes",
            ]
        )
        return f"{PYTHON} -m pytest -p no:cacheprovider {flags} --rootdir . -c /dev/null ."
    if tool == "unittest":
        return f"{PYTHON} -m unittest {chance.choice(['-v', '-v', '', '-v -b'])}"
    if tool == "minitest":
        options = chance.choice(["--verbose", "--verbose", ""])
        return f"ruby -e 'Dir[\"./test_*.rb\"].sort.each {{ |one| require one }}' -- {options}"
    return f"node --test {chance.choice(['', '--test-reporter=tap', '--test-reporter=spec'])}"


def _title(chance: Random) -> str:
    return "_".join(
        [chance.choice(VERBS), noun(chance), *chance.sample(_THEMES, chance.choice([0, 1, 1, 2]))]
    )


def _python(folder: Path, name: str, titles: Sequence[str], chance: Random, noise: float) -> None:
    body = "".join(
        f"    def test_{title}_{number}(self):\n{_expected_in_python(chance, noise)}        self.assertEqual(total([{number}, 1]), {number + 1})\n\n"
        for number, title in enumerate(titles)
    )
    (folder / f"test_{name}.py").write_text(
        "import logging\nimport sys\nimport unittest\n\n\ndef total(items):\n    result = 0\n    for item in items:\n        result += item\n"
        f"    return result\n\n\nclass {pascal(name)}Tests(unittest.TestCase):\n    def setUp(self):\n        self.rows = []\n\n{body}"
    )


def _expected_in_python(chance: Random, noise: float) -> str:
    if chance.random() >= noise:
        return ""
    word = noun(chance)
    return chance.choice(
        [
            f"        print('error: no {word}, as expected')\n",
            f"        logging.getLogger('{word}').error('{word} failed, trying again')\n",
            f"        try:\n            {{}}['{word}']\n        except KeyError:\n            logging.getLogger('{word}').exception('refused as it should')\n",
            f"        print('reading {word} ...', file=sys.stderr)\n",
            f"        import warnings; warnings.warn('{word} is deprecated', DeprecationWarning)\n",
        ]
    )


def _pytest(folder: Path, name: str, titles: Sequence[str], chance: Random, noise: float) -> None:
    parts = [
        "import logging\nimport sys\n\nimport pytest\n\n\n@pytest.fixture\ndef rows():\n    return []\n\n\ndef total(items):\n"
        "    result = 0\n    for item in items:\n        result += item\n    return result\n"
    ]
    left = list(titles)
    while left:
        if chance.random() < 0.2:
            size = min(len(left), chance.randint(2, 150))
            title, left = left[0], left[size:]
            parts.append(
                f"@pytest.mark.parametrize('{chance.choice(_THEMES)}', range({size}))\ndef test_{title}({{0}}, rows):\n"
                "    assert total([{0}, 1]) == {0} + 1\n"
            )
            word = parts[-1].split("'")[1]
            parts[-1] = parts[-1].replace("{0}", word)
        else:
            title, left = left[0], left[1:]
            expected = (
                _expected_in_python(chance, noise)
                .replace("        ", "    ", 1)
                .replace("\n        ", "\n    ")
            )
            parts.append(
                f"def test_{title}_{len(left)}(rows):\n{expected}    assert total([{len(left)}, 1]) == {len(left) + 1}\n"
            )
    (folder / f"test_{name}.py").write_text("\n\n".join(parts))


def _ruby(folder: Path, name: str, titles: Sequence[str], chance: Random, noise: float) -> None:
    def said() -> str:
        return f"    warn 'error: no {noun(chance)}, as expected'\n" if chance.random() < noise else ""

    body = "".join(
        f"  def test_{title}_{number}\n{said()}    assert_equal {number + 1}, total([{number}, 1])\n  end\n\n"
        for number, title in enumerate(titles)
    )
    (folder / f"test_{name}.rb").write_text(
        f"require 'minitest/autorun'\n\nclass {pascal(name)}Test < Minitest::Test\n  def total(items)\n    result = 0\n"
        f"    items.each {{ |item| result += item }}\n    result\n  end\n\n{body}end\n"
    )


def _node(folder: Path, name: str, titles: Sequence[str], chance: Random, noise: float) -> None:
    def said() -> str:
        return (
            f"    console.error('error: no {noun(chance)}, as expected');\n"
            if chance.random() < noise
            else ""
        )

    body = "".join(
        f"  it('{title.replace('_', ' ')} {number}', () => {{\n{said()}    assert.strictEqual(total([{number}, 1]), {number + 1});\n  }});\n"
        for number, title in enumerate(titles)
    )
    (folder / f"{name}.test.js").write_text(
        "const { describe, it } = require('node:test');\nconst assert = require('assert');\n\nfunction total(items) {\n"
        "  let result = 0;\n  for (const item of items) {\n    result += item;\n  }\n  return result;\n}\n\n"
        f"describe('{name}', () => {{\n{body}}});\n"
    )


def _cargo(folder: Path, names: Sequence[str], each: int, chance: Random, noise: float) -> None:
    (folder / "src").mkdir(parents=True)
    for name in names:
        body = "".join(
            f"    #[test]\n    fn {_title(chance)}_{number}() {{\n"
            + ("        let spare = 1;\n" if chance.random() < noise else "")
            + f"        assert_eq!(super::total(&[{number}, 1]), {number + 1});\n    }}\n\n"
            for number in range(each)
        )
        (folder / "src" / f"{name}.rs").write_text(
            "pub fn total(items: &[i64]) -> i64 {\n    let mut result = 0;\n    for item in items {\n        result += item;\n    }\n"
            f"    result\n}}\n\n#[cfg(test)]\nmod tests {{\n{body}}}\n"
        )
    (folder / "src" / "lib.rs").write_text("".join(f"pub mod {name};\n" for name in names))
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{noun(chance)}"\nversion = "0.1.0"\nedition = "2021"\n'
    )


_WRITERS: dict[str, Callable[[Path, str, Sequence[str], Random, float], None]] = {
    "pytest": _pytest,
    "unittest": _python,
    "minitest": _ruby,
    "node:test": _node,
}
_FORMS = {
    "pytest": pythons.PYTEST,
    "unittest": pythons.UNITTEST,
    "minitest": rubies.MINITEST,
    "node:test": node.NODE_TEST,
    "cargo test": rust.TEST,
}
_CHECKS = {
    "pytest": ("    assert total(", "    assert NAME(rows) or total("),
    "unittest": (
        "        self.assertEqual(total(",
        "        NAME(self.rows)\n        self.assertEqual(total(",
    ),
    "minitest": ("    assert_equal ", "    NAME([])\n    assert_equal "),
    "node:test": ("    assert.strictEqual(", "    NAME([]);\n    assert.strictEqual("),
    "cargo test": ("        assert_eq!(", '        Option::<i64>::None.expect("NAME");\n        assert_eq!('),
}
_WRONG = {
    "pytest": ("    assert total([", "    assert total([3, "),
    "unittest": ("assertEqual(total([", "assertEqual(total([3, "),
    "minitest": (", total([", ", total([3, "),
    "node:test": ("strictEqual(total([", "strictEqual(total([3, "),
    "cargo test": ("super::total(&[", "super::total(&[3, "),
}


def _break(
    tool: str, table: dict[str, tuple[str, str]], most: int, *words: str
) -> Callable[[Path, Random], Sequence[str]]:
    """Change one check of a suite, or a few."""

    def put_in(folder: Path, chance: Random) -> list[str]:
        old, new = table[tool]
        name = call(chance)
        files = sorted(path for path in folder.glob("**/*") if path.is_file() and old in path.read_text())
        for path in chance.sample(files, min(len(files), chance.randint(1, most))):
            pieces = path.read_text().split(old)
            at = chance.randrange(1, len(pieces))
            path.write_text(old.join(pieces[:at]) + new.replace("NAME", name) + old.join(pieces[at:]))
        return [*words, name]

    return put_in


def _broken_start(folder: Path, chance: Random) -> list[str]:
    """A set-up, a fixture or a function that all tests of a module need fails."""
    name = noun(chance)
    starts = {
        "        self.rows = []": f"        raise OSError('no {name} for tests')",
        "def rows():\n": f"def rows():\n    raise OSError('no {name} for tests')\n",
        "  def total(items)\n": f"  def total(items)\n    raise 'no {name} for tests'\n",
        "function total(items) {\n": f"function total(items) {{\n  throw new Error('no {name} for tests');\n",
        "-> i64 {\n": f'-> i64 {{\n    if items.len() > 1 {{ panic!("no {name} for tests"); }}\n',
    }
    files = sorted(
        path
        for path in folder.glob("**/*")
        if path.is_file() and any(start in path.read_text() for start in starts)
    )
    path = chance.choice(files)
    text = path.read_text()
    for start, broken in starts.items():
        text = text.replace(start, broken, 1)
    path.write_text(text)
    return [f"no {name} for tests"]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool in _TOOLS:
        form = _FORMS[tool]
        wrong = ("[3, ", "AssertionError", "assert ", "Expected", " left: ", "assertion ")
        yield tool, tool, 0, Fault("one wrong in a suite", "test", form, _break(tool, _WRONG, 1, *wrong))
        yield tool, tool, 0, Fault("one wrong in a suite", "test", form, _break(tool, _WRONG, 1, *wrong))
        yield tool, tool, 0, Fault("a few wrong in a suite", "test", form, _break(tool, _WRONG, 4, *wrong))
        yield tool, tool, 0, Fault("exception in a suite", "test", form, _break(tool, _CHECKS, 2))
        yield tool, tool, 0, Fault("broken start in a suite", "test", form, _broken_start)
