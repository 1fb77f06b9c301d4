"""C and C++ projects: gcc, ld, make, cmake, ninja, ctest, crashes and sanitizers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, noun, nouns
from runs import Fault, Form

_QUOTED = r"^\s*(\d+ )?\s*\||^\S+:\d+(:\d+)?: note: |^\s+[~^]|^\s{4,}\S"
GCC = Form(
    report=r"^\S+:\d+(:\d+)?: (fatal )?error: |^\S+: (fatal )?error: (?!ld returned)|^cc1(plus)?: (all|error|out)|"
    r"undefined reference to|multiple definition of|ld: cannot find|virtual memory exhausted|"
    r"No space left on device|^/\S+/ld: |fatal error: ",
    goes_on=_QUOTED,
    before=r"^In file included from|^\s+from |: In (member |static )?(function|constructor)|: At global scope"
    r"|: In instantiation of|:   required from|: in function `|^FAILED: ",
    aftermath=r"^(make|gmake)(\[\d+\])?: \*\*\*|^collect2: error: ld returned|^compilation terminated|"
    r"^ninja: build stopped|not remade because of errors|^make(\[\d+\])?: Leaving|^cc1plus: all warnings",
)
MAKE = Form(
    report=r"^(make|gmake)(\[\d+\])?: (\*\*\*|\S+: )|Makefile:\d+: \*\*\*|: not found$|command not found|: Permission denied"
    r"|recipe for target",
    aftermath=r"^make(\[\d+\])?: Leaving",
)
CMAKE = Form(
    report=r"^CMake Error",
    goes_on=r"^\s*$|^  ",
    aftermath=r"^-- Configuring incomplete|^See also|^make",
)
CTEST = Form(
    report=r"\*\*\*(Failed|Exception|Timeout|Not Run)|^\s+\d+ - \S+ \((Failed|SEGFAULT|Timeout|Subprocess aborted|ILLEGAL|Not Run)"
    r"|: Assertion `.*' failed|^FAIL |^\S+:\d+: FAIL",
    goes_on=r"^  (expected|got|at) ",
    kept=r"^The following tests FAILED",
    aftermath=r"tests passed, \d+ tests? failed|^Errors while running CTest|^make(\[\d+\])?: \*\*\*|^Output from",
)
ABORT = Form(
    report=r": Assertion `.*' failed|Segmentation fault|Aborted|terminate called|Floating point exception|"
    r"^FAIL |stack smashing detected|Bus error|Killed|free\(\): |double free|Error 124|std::bad_alloc",
    goes_on=r"^  what\(\):|^  (expected|got|at) |^\s+#\d+ ",
    aftermath=r"^make(\[\d+\])?: \*\*\*",
)
SANITIZER = Form(
    report=r"^=+\d+=+ ?ERROR: \w+Sanitizer|: runtime error: ",
    goes_on=r"^\s+#\d+ |^(READ|WRITE) of size|^0x|^\S.* is located |^(freed|previously|allocated) by|^\s*$|^Direct leak|"
    r"^Indirect leak|^    \S",
    end=r"^SUMMARY: ",
    inside=r"^\s+#([6-9]|\d\d) ",
    aftermath=r"^==\d+==ABORTING|^make(\[\d+\])?: \*\*\*|^Shadow|^  0x|^=>0x|^  (Addressable|Partially|Heap|Freed)",
)

_WARNING = "  int spare_{n} = {n};\n"
_WARNED = (
    "  unsigned u = 3; if (start < u) total += 1;\n",
    "  if (start) ; { total += 2; }\n",
    "  char none[2]; total += none[0];\n",
    '  printf("%s\\n", (const char *)(long)total == 0 ? "failed to count: error" : 0);\n',
    "  if (total = start) total++;\n",
    "  static int error_count; const char *unused_error;\n",
)


def project(folder: Path, chance: Random, cpp: bool) -> list[Sequence[str]]:
    """A library of small modules, a program and a test of it. Gives the ways to build and test it."""
    names = nouns(chance, chance.randint(5, 28))
    if cpp:
        names = names[:7]
    end = "cpp" if cpp else "c"
    warned = chance.choice([0.2, 0.2, 0.5, 0.95])  # share of the modules that the compiler warns of
    (folder / "src").mkdir(parents=True)
    (folder / "tests").mkdir()
    for number, name in enumerate(names):
        (folder / "src" / f"{name}.h").write_text(
            f"#pragma once\nint {name}_count(int start);\nint {name}_limit(void);\n"
        )
        spare = _WARNING.format(n=number) if chance.random() < warned else ""
        head = (
            "#include <vector>\n#include <string>\n" if cpp else "#include <stdio.h>\n#include <string.h>\n"
        )
        compare = chance.choice(_WARNED) if chance.random() < warned * 0.75 else ""
        (folder / "src" / f"{name}.{end}").write_text(
            f'{head}#include "{name}.h"\n\n'
            f"int {name}_limit(void) {{\n  return {number + 3};\n}}\n\n"
            f"int {name}_count(int start) {{\n  int total = start;\n{spare}{compare}"
            f"  for (int i = 0; i < {name}_limit(); i++) {{\n    total += i;\n  }}\n  return total;\n}}\n"
        )
    includes = "".join(f'#include "{name}.h"\n' for name in names)
    sums = "".join(f"  sum += {name}_count({number});\n" for number, name in enumerate(names))
    (folder / "src" / f"main.{end}").write_text(
        f"#include <stdio.h>\n{includes}\nint main(void) {{\n  int sum = 0;\n{sums}"
        '  printf("%d\\n", sum);\n  return 0;\n}\n'
    )
    checks = "".join(
        f'  printf("test {name} ... "); assert({name}_limit() == {number + 3}); puts("ok");\n'
        for number, name in enumerate(names)
    )
    (folder / "tests" / f"test_all.{end}").write_text(
        f"#include <assert.h>\n#include <stdio.h>\n#include <stdlib.h>\n{includes}\n"
        f"int main(void) {{\n  setbuf(stdout, NULL);\n{checks}  return 0;\n}}\n"
    )
    for name in names[:6]:
        (folder / "tests" / f"test_{name}.{end}").write_text(
            f'#include <assert.h>\n#include <stdlib.h>\n#include "{name}.h"\n\nint main(void) {{\n'
            f"  assert({name}_count(1) > 0);\n  return 0;\n}}\n"
        )
    compiler = "$(CXX)" if cpp else "$(CC)"
    flags = chance.choice(
        [
            "-O0 -g",
            "-O1 -Wall",
            "-Wall -Wextra -O0",
            "-g -Wall -Wextra -fPIC",
            "-Wall",
            "-Wall -fno-diagnostics-show-caret",
        ]
    )
    silent = chance.random() < 0.4
    at, show = ("@", '\t@echo "  CC      $@"\n') if silent else ("", "")
    (folder / "Makefile").write_text(
        f"CFLAGS ?= {flags}\nSRC := $(filter-out src/main.{end},$(wildcard src/*.{end}))\n"
        f"OBJ := $(patsubst src/%.{end},build/%.o,$(SRC))\n"
        "all: build/app build/test_all\n"
        f"build/app: $(OBJ) build/main.o\n\t{at}{compiler} -o $@ $^ $(LDLIBS)\n"
        f"build/test_all: $(OBJ) tests/test_all.{end}\n\t{at}{compiler} $(CFLAGS) -Isrc -o $@ $^ $(LDLIBS)\n"
        f"build/%.o: src/%.{end} | build\n{show}\t{at}{compiler} $(CFLAGS) -Isrc -c $< -o $@\n"
        "build:\n\tmkdir -p build\n"
        "check: all\n\t./build/test_all\n"
        "package: all\n\ttar -cf build/app.tar -C build app\n\t@echo packaged\n"
        ".PHONY: all check package\n"
    )
    tests = "".join(
        f"add_executable(test_{name} tests/test_{name}.{end})\ntarget_link_libraries(test_{name} lib{names[0]})\n"
        f"add_test(NAME {name} COMMAND test_{name})\n"
        for name in names[:6]
    )
    sources = " ".join(f"src/{name}.{end}" for name in names)
    (folder / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.16)\nproject({names[0]}_project {'CXX' if cpp else 'C'})\n"
        f"include_directories(src)\nadd_library(lib{names[0]} STATIC {sources})\n"
        f"add_executable(app src/main.{end})\ntarget_link_libraries(app lib{names[0]})\nenable_testing()\n{tests}"
    )
    generator = chance.choice(["", "-G Ninja "])
    verbose = chance.choice(["", " -v"])
    jobs = chance.choice(["", " -j2", " -k", " -k -j2"])
    return [
        ("sh", "-c", f"make{jobs} check"),
        ("sh", "-c", f"make{jobs} V=1 package"),
        ("sh", "-c", f"cmake {generator}-S . -B out && cmake --build out{verbose} && ctest --test-dir out"),
        (
            "sh",
            "-c",
            f"cmake {generator}-S . -B out && cmake --build out && cd out && ctest --output-on-failure",
        ),
    ]


MAKE_CHECK, PACKAGE, CMAKE_BUILD, CMAKE_TEST = range(4)


def _source(folder: Path, chance: Random) -> Path:
    return chance.choice([path for path in (folder / "src").glob("*.c*") if path.stem != "main"])


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _undeclared(folder: Path, chance: Random) -> list[str]:
    name = call(chance)
    _edit(_source(folder, chance), "return total;", f"return total + {name};")
    return [name]


def _semicolon(folder: Path, chance: Random) -> list[str]:
    path = _source(folder, chance)
    _edit(path, "int total = start;", "int total = start")
    return [path.name]


def _brace(folder: Path, chance: Random) -> list[str]:
    path = _source(folder, chance)
    _edit(path, "total += i;\n  }", "total += i;\n")
    return [path.name]


def _header(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}_{noun(chance)}.h"
    path = _source(folder, chance)
    path.write_text(f"#include <{name}>\n" + path.read_text())
    return [name]


def _header_in_all(folder: Path, chance: Random) -> list[str]:
    """One broken header that every module includes: the same error many times."""
    name = f"{noun(chance)}_t"
    for path in (folder / "src").glob("*.h"):
        path.write_text(path.read_text() + f"{name} shared_{path.stem}(void);\n")
    return [name]


def _types(folder: Path, chance: Random) -> list[str]:
    path = _source(folder, chance)
    _edit(path, "int total = start;", "int total = start; struct part { int x; } one; total = one;")
    return [path.name]


def _werror(folder: Path, chance: Random) -> list[str]:
    name = f"left_{noun(chance)}"
    _edit(_source(folder, chance), "int total = start;", f"int total = start; int {name} = 3;")
    _edit(folder / "Makefile", "CFLAGS ?=", "CFLAGS ?= -Wall -Werror=unused-variable")
    return [name]


def _undefined(folder: Path, chance: Random) -> list[str]:
    name = call(chance)
    path = _source(folder, chance)
    path.write_text(
        f"int {name}(int);\n" + path.read_text().replace("return total;", f"return {name}(total);")
    )
    return [name]


def _library(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}{noun(chance)}"
    _edit(folder / "Makefile", "$(LDLIBS)", f"-l{name} $(LDLIBS)")
    return [name]


def _twice(folder: Path, chance: Random) -> list[str]:
    first, second = chance.sample([path for path in (folder / "src").glob("*.c*") if path.stem != "main"], 2)
    name = call(chance)
    for path in (first, second):
        path.write_text(path.read_text() + f"\nint {name}(void) {{ return 1; }}\n")
    return [name]


def _templates(folder: Path, chance: Random) -> list[str]:
    path = _source(folder, chance)
    name = f"{noun(chance)}_key"
    path.write_text(
        "#include <map>\n#include <algorithm>\n"
        + path.read_text()
        + f"\nstruct {name} {{ int a; }};\nint use_{name}() {{ std::map<{name}, int> m; m[{name}{{1}}] = 2; "
        f"std::vector<{name}> v(3); std::sort(v.begin(), v.end()); return m.size(); }}\n"
    )
    return [name]


def _target(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}_{noun(chance)}.o"
    _edit(folder / "Makefile", "build/app: $(OBJ)", f"build/app: $(OBJ) build/extra/{name}")
    return [name]


def _separator(folder: Path, chance: Random) -> list[str]:
    _edit(folder / "Makefile", "\tmkdir -p build", "        mkdir -p build")
    return ["missing separator"]


def _program(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}"
    _edit(folder / "Makefile", "\ttar -cf", f"\t{name} --stamp build/app\n\ttar -cf")
    return [name]


def _copy(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}.conf"
    _edit(folder / "Makefile", "\ttar -cf", f"\tcp etc/{name} build/\n\ttar -cf")
    return [name]


def _package(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance).capitalize()}{noun(chance).capitalize()}"
    _edit(
        folder / "CMakeLists.txt",
        "include_directories",
        f"find_package({name} REQUIRED)\ninclude_directories",
    )
    return [name]


def _cmake_source(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}_{noun(chance)}.c"
    _edit(folder / "CMakeLists.txt", "STATIC ", f"STATIC src/{name} ")
    return [name]


def _cmake_word(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}_configure"
    _edit(folder / "CMakeLists.txt", "enable_testing", f"{name}(app)\nenable_testing")
    return [name]


def _assertion(folder: Path, chance: Random) -> list[str]:
    path = _source(folder, chance)
    text = path.read_text()
    path.write_text(
        re.sub(r"(_limit\(void\) \{\n  return )(\d+)", lambda found: found[1] + str(int(found[2]) + 1), text)
    )
    return [f"{path.stem}_limit"]


def _negative(folder: Path, chance: Random) -> list[str]:
    path = chance.choice(list((folder / "tests").glob("test_*.c*")))
    while path.stem == "test_all":
        path = chance.choice(list((folder / "tests").glob("test_*.c*")))
    path.write_text(path.read_text().replace("(1) > 0", "(1) < 0"))
    return [path.stem.removeprefix("test_")]


def _crash_of(code: str, *words: str):  # noqa: ANN202 - one of the functions of this table
    def put_in(folder: Path, chance: Random) -> list[str]:
        for path in (folder / "tests").glob("test_*.c*"):
            text = path.read_text()
            if path.stem == "test_all":
                at = (
                    text.index("puts(", len(text) // 2)
                    if "puts(" in text[len(text) // 2 :]
                    else text.index("puts(")
                )
                path.write_text(text[:at] + code + text[at:])
            else:
                path.write_text(text.replace("  assert(", f"  {code}\n  assert("))
        return list(words)

    return put_in


_SEGV = "{ volatile int *p = (int *)8; *p = 1; }"
_HANG = "for (;;) { }"
_LEAK = "{ int *p = (int *)malloc(40); p[10] = 3; }"
_FREED = "{ int *p = (int *)malloc(40); free(p); p[2] = 3; }"
_DOUBLE = "{ int *p = (int *)malloc(4000); free(p); free(p); }"
_ADDRESS = (
    "sh",
    "-c",
    "make CFLAGS='-g -fsanitize=address,undefined' LDLIBS='-fsanitize=address,undefined' check",
)

FAULTS: Sequence[tuple[str, int, Fault]] = [
    (tool, way, fault)
    for tool, way, fault in [
        ("gcc", MAKE_CHECK, Fault("undeclared name", "compile", GCC, _undeclared)),
        ("gcc", PACKAGE, Fault("missing semicolon", "compile", GCC, _semicolon)),
        ("gcc", CMAKE_BUILD, Fault("missing brace", "compile", GCC, _brace)),
        ("gcc", CMAKE_BUILD, Fault("missing header", "compile", GCC, _header)),
        ("gcc", MAKE_CHECK, Fault("missing header", "compile", GCC, _header)),
        ("gcc", MAKE_CHECK, Fault("broken header everywhere", "compile", GCC, _header_in_all)),
        ("gcc", MAKE_CHECK, Fault("wrong types", "compile", GCC, _types)),
        ("gcc", CMAKE_BUILD, Fault("wrong types", "compile", GCC, _types)),
        ("gcc", MAKE_CHECK, Fault("warning as error", "compile", GCC, _werror)),
        ("ld", MAKE_CHECK, Fault("undefined function", "link", GCC, _undefined)),
        ("ld", CMAKE_BUILD, Fault("undefined function", "link", GCC, _undefined)),
        ("ld", PACKAGE, Fault("missing library", "link", GCC, _library)),
        ("ld", PACKAGE, Fault("defined twice", "link", GCC, _twice)),
        ("make", PACKAGE, Fault("no rule", "configuration", MAKE, _target)),
        ("make", PACKAGE, Fault("missing separator", "configuration", MAKE, _separator)),
        ("make", PACKAGE, Fault("missing program", "dependency", MAKE, _program)),
        ("cmake", CMAKE_BUILD, Fault("missing package", "dependency", CMAKE, _package)),
        ("cmake", CMAKE_BUILD, Fault("missing source", "configuration", CMAKE, _cmake_source)),
        ("cmake", CMAKE_BUILD, Fault("unknown command", "configuration", CMAKE, _cmake_word)),
        ("ctest", CMAKE_TEST, Fault("assertion", "test", CTEST, _negative)),
        ("ctest", CMAKE_BUILD, Fault("assertion", "test", CTEST, _negative)),
        ("ctest", CMAKE_TEST, Fault("crash", "crash", CTEST, _crash_of(_SEGV, "SEGFAULT", "Exception"))),
        (
            "ctest",
            CMAKE_TEST,
            Fault(
                "endless loop",
                "timeout",
                CTEST,
                _crash_of(_HANG, "Timeout"),
                ("sh", "-c", "cmake -S . -B out && cmake --build out && ctest --test-dir out --timeout 1"),
            ),
        ),
        ("program", MAKE_CHECK, Fault("assertion", "test", ABORT, _assertion)),
        ("program", MAKE_CHECK, Fault("crash", "crash", ABORT, _crash_of(_SEGV, "Segmentation"))),
        ("program", MAKE_CHECK, Fault("double free", "crash", ABORT, _crash_of(_DOUBLE, "free"))),
        (
            "sanitizer",
            MAKE_CHECK,
            Fault(
                "overflow of a buffer", "crash", SANITIZER, _crash_of(_LEAK, "heap-buffer-overflow"), _ADDRESS
            ),
        ),
        (
            "sanitizer",
            MAKE_CHECK,
            Fault("use after free", "crash", SANITIZER, _crash_of(_FREED, "heap-use-after-free"), _ADDRESS),
        ),
    ]
]
CPP_FAULTS: Sequence[tuple[str, int, Fault]] = [
    ("g++", MAKE_CHECK, Fault("template without operator", "compile", GCC, _templates)),
    ("g++", PACKAGE, Fault("undeclared name", "compile", GCC, _undeclared)),
    ("ld", MAKE_CHECK, Fault("undefined function", "link", GCC, _undefined)),
]


def faults(chance: Random) -> Iterator[tuple[str, bool, int, Fault]]:
    """Each fault with its tool, whether it needs C++, and the way to run it."""
    for tool, way, fault in FAULTS:
        yield tool, False, way, fault
    for tool, way, fault in CPP_FAULTS:
        yield tool, True, way, fault
