"""Go projects: go build, go vet, go test, panics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, camel, noun, nouns
from runs import Fault, Form

BUILD_FORM = Form(
    report=r"^(\./|\w)\S*\.go:\d+(:\d+)?: |^go: |^# \S+|^package \S+ is not|^vet: |^no required module|^can't load",
    goes_on=r"^\t",
    inside=r"^# \S+",
    aftermath=r"^FAIL\b.*\[(build|setup) failed\]|^FAIL$",
)
TEST = Form(
    report=r"^\s*--- FAIL|^panic: |^fatal error: |^\s+\S+_test\.go:\d+: (?!error: this)|^goroutine \d+ \[",
    goes_on=r"^\s+\S|^\S+\(.*\)$|^\s*$|^\[signal|^created by|^testing\.|^\w+/\S+\.",
    inside=r"^\s+/\S*/(go|src/(runtime|testing))/|^(testing|runtime)\.|^created by",
    aftermath=r"^FAIL\b|^exit status \d",
)
PANIC = Form(
    report=r"^panic: |^fatal error: |^\d{4}/\d\d/\d\d .*: ",
    goes_on=r"^\s+\S|^\S+\(.*\)$|^\s*$|^\[signal|^goroutine",
    inside=r"^(runtime)\.",
    aftermath=r"^exit status \d",
)
ENVIRONMENT = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GO111MODULE": "on"}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    names = nouns(chance, chance.randint(3, 12))
    folder.mkdir(parents=True)
    root = f"{chance.choice(['example.com', 'code.local'])}/{names[0]}"
    (folder / "go.mod").write_text(f"module {root}\n\ngo 1.19\n")
    for number, name in enumerate(names):
        part = folder / name
        part.mkdir()
        (part / f"{name}.go").write_text(
            f"package {name}\n\nfunc Limit() int {{\n\treturn {number + 2}\n}}\n\nfunc Count(items []int) int {{\n\ttotal := 0\n"
            "\tfor _, item := range items {\n\t\ttotal += item\n\t}\n\treturn total\n}\n"
        )
        log = '\tt.Log("error: this one is expected")\n' if noisy else ""
        (part / f"{name}_test.go").write_text(
            f'package {name}\n\nimport "testing"\n\nfunc TestLimit(t *testing.T) {{\n{log}\tif got := Limit(); got != {number + 2} {{\n'
            f'\t\tt.Errorf("Limit() = %d, want {number + 2}", got)\n\t}}\n}}\n\nfunc TestCount(t *testing.T) {{\n'
            '\tif got := Count([]int{1, 2}); got != 3 {\n\t\tt.Fatalf("Count() = %d, want 3", got)\n\t}\n}\n'
        )
    imports = "".join(f'\t"{root}/{name}"\n' for name in names)
    prints = "".join(f'\tlog.Println("{name}", {name}.Count([]int{{1, 2}}))\n' for name in names)
    (folder / "main.go").write_text(
        f'package main\n\nimport (\n\t"log"\n\n{imports})\n\nfunc main() {{\n{prints}}}\n'
    )
    flag = chance.choice(["", " -v"])
    return [
        ("sh", "-c", f"go build{flag} ./... && go vet ./..."),
        ("sh", "-c", f"go test{flag} ./..."),
        ("sh", "-c", "go run ."),
    ]


BUILD, TESTS, RUN = range(3)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _part(folder: Path, chance: Random) -> Path:
    return chance.choice([path for path in sorted(folder.glob("*/*.go")) if not path.stem.endswith("_test")])


def _change(old: str, new: str, *words: str):  # noqa: ANN202 - one of the functions of this table
    def put_in(folder: Path, chance: Random) -> list[str]:
        path, name = _part(folder, chance), camel(call(chance))
        _edit(path, old, new.replace("NAME", name))
        return [*words, name] if "NAME" in new else [*words, path.name]

    return put_in


def _everywhere(folder: Path, chance: Random) -> list[str]:
    for path in folder.glob("*/*.go"):
        if not path.stem.endswith("_test"):
            _edit(path, "return total", "return total + 1")
    return ["Count() ="]


def _module(folder: Path, chance: Random) -> list[str]:
    path, name = _part(folder, chance), f"example.com/{noun(chance)}/{noun(chance)}"
    text = path.read_text().split("\n", 1)
    path.write_text(f'{text[0]}\n\nimport _ "{name}"\n{text[1]}')
    return [name]


def _mod(folder: Path, chance: Random) -> list[str]:
    (folder / "go.mod").write_text((folder / "go.mod").read_text() + f"requires {noun(chance)} v1\n")
    return ["go.mod"]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    (
        "go build",
        BUILD,
        Fault("missing function", "compile", BUILD_FORM, _change("total := 0", "total := NAME(items)")),
    ),
    (
        "go build",
        BUILD,
        Fault("unused variable", "compile", BUILD_FORM, _change("total := 0", "total := 0\n\tNAME := 3")),
    ),
    (
        "go build",
        BUILD,
        Fault("wrong type", "compile", BUILD_FORM, _change("return total", 'return "total"', "cannot use")),
    ),
    (
        "go build",
        BUILD,
        Fault("syntax", "compile", BUILD_FORM, _change("range items {", "range items", "syntax error")),
    ),
    ("go build", BUILD, Fault("missing module", "dependency", BUILD_FORM, _module)),
    ("go build", BUILD, Fault("broken go.mod", "configuration", BUILD_FORM, _mod)),
    (
        "go test",
        TESTS,
        Fault("assertion", "test", TEST, _change("total += item", "total -= item", "Count()")),
    ),
    ("go test", TESTS, Fault("every package wrong", "test", TEST, _everywhere)),
    (
        "go test",
        TESTS,
        Fault(
            "panic",
            "test",
            TEST,
            _change("total := 0", 'total := 0\n\tvar NAME map[string]int\n\tNAME["x"] = 1', "nil map"),
        ),
    ),
    (
        "go test",
        TESTS,
        Fault("does not compile", "compile", BUILD_FORM, _change("func Limit", "func NAME", "undefined")),
    ),
    (
        "go",
        RUN,
        Fault(
            "index",
            "crash",
            PANIC,
            _change("total := 0", "total := items[len(items)+1]", "index out of range"),
        ),
    ),
    (
        "go",
        RUN,
        Fault(
            "panic", "crash", PANIC, _change("total := 0", 'total := 0\n\tpanic("NAME is not configured")')
        ),
    ),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in _TABLE:
        yield tool, chance.random() < 0.5, way, fault
