"""Rust projects: cargo build, cargo test, panics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, noun, nouns
from runs import Fault, Form

CARGO = Form(
    report=r"^error(\[E\d+\])?: (?!could not compile|aborting|test failed)",
    goes_on=r"^\s+(-->|\||=|\d+ |:::)|^\d+ +\||^\.\.\.|^\s*$|^Caused by:|^  \S|^\s+\|",
    aftermath=r"^error: (could not compile|aborting|test failed)|^For more information about|^warning: build failed|^Some errors have",
)
TEST = Form(
    report=r"^---- .* stdout ----|^thread '.*' (\(\d+\) )?panicked at|^test .* \.\.\. FAILED|^error: test failed",
    goes_on=r"^thread |^\s+(left|right): |^assertion|^[a-z][^:]*$|^called `|^\s*\d+: |^explicit",
    inside=r"^---- |^note: run with",
    kept=r"^    \S+::\S+$",
    aftermath=r"^test result: FAILED|^failures:$|^error: test failed",
)
PANIC = Form(
    report=r"^thread '.*' (\(\d+\) )?panicked at|^error: ",
    goes_on=r"^[^n\s].*|^\s+(left|right): ",
    aftermath=r"^note: run with|^error: process",
)
ENVIRONMENT = {"CARGO_TERM_COLOR": "never", "CARGO_NET_OFFLINE": "true"}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    names = nouns(chance, chance.randint(4, 15))
    (folder / "src").mkdir(parents=True)
    for number, name in enumerate(names):
        spare = f"    let spare_{number} = {number};\n" if noisy and number % 3 == 0 else ""
        (folder / "src" / f"{name}.rs").write_text(
            f"pub fn limit() -> usize {{\n{spare}    {number + 2}\n}}\n\npub fn count(items: &[i64]) -> i64 {{\n    let mut total = 0;\n"
            "    for item in items {\n        total += item;\n    }\n    total\n}\n\n"
            f"#[cfg(test)]\nmod tests {{\n    #[test]\n    fn limit_is_kept() {{\n        assert_eq!(super::limit(), {number + 2});\n    }}\n\n"
            "    #[test]\n    fn counts_all() {\n        assert_eq!(super::count(&[1, 2]), 3);\n    }\n}\n"
        )
    uses = "".join(
        f'    println!("{name} {{}}", {name}::count(&[1, 2]) + {name}::limit() as i64);\n' for name in names
    )
    (folder / "src" / "main.rs").write_text(
        "".join(f"mod {name};\n" for name in names) + f"\nfn main() {{\n{uses}}}\n"
    )
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{names[0]}"\nversion = "0.3.{len(names)}"\nedition = "2021"\n\n[dependencies]\n'
    )
    flag = chance.choice(["", " -v"])
    return [("sh", "-c", f"cargo build{flag}"), ("sh", "-c", f"cargo test{flag}"), ("sh", "-c", "cargo run")]


BUILD, TESTS, RUN = range(3)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _module(folder: Path, chance: Random) -> Path:
    return chance.choice([path for path in sorted((folder / "src").glob("*.rs")) if path.stem != "main"])


def _change(old: str, new: str, *words: str):  # noqa: ANN202 - one of the functions of this table
    def put_in(folder: Path, chance: Random) -> list[str]:
        path, name = _module(folder, chance), call(chance)
        _edit(path, old, new.replace("NAME", name))
        return [*words, name] if "NAME" in new else [*words, path.name, path.stem]

    return put_in


def _everywhere(folder: Path, chance: Random) -> list[str]:
    name = call(chance)
    for path in (folder / "src").glob("*.rs"):
        if path.stem != "main":
            _edit(path, "let mut total = 0;", f"let mut total = {name}(items);")
    return [name]


def _crate(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}-kit"
    _edit(folder / "Cargo.toml", "[dependencies]\n", f'[dependencies]\n{name} = "1.{chance.randint(0, 9)}"\n')
    return [name]


def _toml(folder: Path, chance: Random) -> list[str]:
    _edit(folder / "Cargo.toml", "[dependencies]", chance.choice(["[dependencies", "dependencies = ["]))
    return ["Cargo.toml"]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    (
        "cargo",
        BUILD,
        Fault(
            "missing function",
            "compile",
            CARGO,
            _change("let mut total = 0;", "let mut total = NAME(items);"),
        ),
    ),
    (
        "cargo",
        BUILD,
        Fault("wrong type", "compile", CARGO, _change("    total\n", '    "total"\n', "mismatched")),
    ),
    (
        "cargo",
        BUILD,
        Fault(
            "borrow",
            "compile",
            CARGO,
            _change(
                "    total\n",
                "    let text = String::new(); drop(text); total + text.len() as i64\n",
                "moved",
            ),
        ),
    ),
    (
        "cargo",
        BUILD,
        Fault(
            "missing brace",
            "compile",
            CARGO,
            _change("total += item;\n    }", "total += item;\n    ", "delimiter"),
        ),
    ),
    ("cargo", BUILD, Fault("missing function everywhere", "compile", CARGO, _everywhere)),
    ("cargo", BUILD, Fault("missing crate", "dependency", CARGO, _crate)),
    ("cargo", BUILD, Fault("broken manifest", "configuration", CARGO, _toml)),
    ("cargo test", TESTS, Fault("assertion", "test", TEST, _change("total += item", "total -= item"))),
    (
        "cargo test",
        TESTS,
        Fault(
            "panic",
            "test",
            TEST,
            _change("    let mut total = 0;", '    let mut total: i64 = "NAME".parse().unwrap();', "unwrap"),
        ),
    ),
    (
        "cargo test",
        TESTS,
        Fault("does not compile", "compile", CARGO, _change("super::limit()", "super::NAME()")),
    ),
    (
        "rust",
        RUN,
        Fault(
            "panic",
            "crash",
            PANIC,
            _change(
                "    let mut total = 0;",
                '    let mut total: i64 = std::env::var("NAME").expect("NAME must be set").len() as i64;',
            ),
        ),
    ),
    (
        "rust",
        RUN,
        Fault(
            "index",
            "crash",
            PANIC,
            _change(
                "    let mut total = 0;", "    let mut total = items[items.len() + 3];", "index out of bounds"
            ),
        ),
    ),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in _TABLE:
        yield tool, chance.random() < 0.6, way, fault
