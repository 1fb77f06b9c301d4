"""Ruby projects: rake with minitest, plain programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, noun, nouns, pascal
from runs import Fault, Form

MINITEST = Form(
    report=r"^\s*\d+\) (Failure|Error):|^ *(Failure|Error):$|^rake aborted!|^\S+\.rb:\d+:in |^\S+: \S+\.rb:\d+: syntax",
    goes_on=r"^\s*\S.*",
    end=r"^\s*$",
    inside=r"^\s+.*/(gems|ruby/\d)",
    aftermath=r"^\d+ (runs|tests), .* [1-9]\d* (failures|errors)|^Tasks: TOP|^\(See full trace|^Command failed",
)
RUBY = Form(
    report=r"^\S+\.rb:\d+:(in )?.*|^<internal:.*(LoadError|cannot load)|^\S+: \S+\.rb:\d+: ",
    goes_on=r"^\s+(from )?\S|^\s*\^|^\s*>",
)
ENVIRONMENT: dict[str, str] = {}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    names = nouns(chance, chance.randint(3, 12))
    (folder / "lib").mkdir(parents=True)
    (folder / "test").mkdir()
    for number, name in enumerate(names):
        (folder / "lib" / f"{name}.rb").write_text(
            f"module {pascal(name)}\n  def self.limit\n    {number + 2}\n  end\n\n  def self.count(items)\n    total = 0\n    items.each do |item|\n      total += item\n    end\n    total\n  end\nend\n"
        )
        (folder / "test" / f"{name}_test.rb").write_text(
            f"require 'minitest/autorun'\nrequire_relative '../lib/{name}'\n\nclass {pascal(name)}Test < Minitest::Test\n  def test_limit\n"
            f"    assert_equal {number + 2}, {pascal(name)}.limit\n  end\n\n  def test_count\n    assert_equal 3, {pascal(name)}.count([1, 2])\n  end\nend\n"
        )
    (folder / "main.rb").write_text(
        "".join(
            f"require_relative 'lib/{name}'\nputs \"{name} #{{{pascal(name)}.count([1, 2])}}\"\n"
            for name in names
        )
    )
    (folder / "Rakefile").write_text(
        "require 'rake/testtask'\nRake::TestTask.new do |t|\n  t.pattern = 'test/*_test.rb'\n"
        f"  t.verbose = {'true' if noisy else 'false'}\nend\ntask default: :test\n"
    )
    return [("rake",), ("ruby", "main.rb")]


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _change(old: str, new: str, *words: str):  # noqa: ANN202 - one of the functions of this table
    def put_in(folder: Path, chance: Random) -> list[str]:
        path, name = chance.choice(sorted((folder / "lib").glob("*.rb"))), call(chance)
        _edit(path, old, new.replace("NAME", name))
        return [*words, name] if "NAME" in new else [*words, path.name, pascal(path.stem)]

    return put_in


def _library(folder: Path, chance: Random) -> list[str]:
    path, name = chance.choice(sorted((folder / "lib").glob("*.rb"))), f"{noun(chance)}_{noun(chance)}"
    path.write_text(f"require '{name}'\n" + path.read_text())
    return [name]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    ("minitest", 0, Fault("assertion", "test", MINITEST, _change("total += item", "total -= item"))),
    ("minitest", 0, Fault("exception", "test", MINITEST, _change("total = 0", "total = NAME(items)"))),
    ("minitest", 0, Fault("missing library", "dependency", RUBY, _library)),
    ("ruby", 1, Fault("exception", "crash", RUBY, _change("total = 0", "total = NAME(items)"))),
    ("ruby", 1, Fault("nil", "crash", RUBY, _change("total = 0", "total = nil", "nil"))),
    ("ruby", 1, Fault("syntax", "compile", RUBY, _change("    end\n", "", "syntax error", "unexpected"))),
    ("ruby", 1, Fault("missing library", "dependency", RUBY, _library)),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in _TABLE:
        yield tool, chance.random() < 0.5, way, fault
