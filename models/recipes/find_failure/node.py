"""JavaScript and TypeScript projects: node, its test runner, jest, mocha, tsc, eslint, npm.

The last four are taken from the folder that NODE_PROJECT_MODULES names (`npm install jest mocha typescript
eslint` makes it); without it they are left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from names import call, camel, noun, nouns
from runs import Fault, Form

MODULES = os.environ.get("NODE_PROJECT_MODULES", "")
_NPM_TAIL = r"^npm (ERR!|error) (code|errno|path|A complete log|Lifecycle|Exit|command|workspace|location)|^npm (ERR!|error) *$"
NODE = Form(
    report=r"^\S*(\.js|\.mjs|\.cjs|node:\S+):\d+$|^(\w*Error|Error|AssertionError)\b.*: |^Uncaught|^node:internal|^FATAL ERROR|^<--- Last few GCs",
    goes_on=r"^ |^\s*$|^\w*Error\b|^  (code|errno|syscall):|^}|^\[|^throw |^\S.*[;{]$|^\s*\^",
    inside=r"^\s+at (.*node:|Module\.|Object\.<anonymous> \(node)|^\s+\d: 0x",
    aftermath=rf"^Node\.js v\d|{_NPM_TAIL}",
)
NODE_TEST = Form(
    report=r"^not ok |^\s*not ok |^\s*✖ .*\(|^✖ failing tests|^test at |^\s+(error|failureType|code|stack|location): |^\s+Error \[|^\s+\w*Error",
    goes_on=r"^\s+\S|^\s+$",
    inside=r"^\s+(duration_ms|type|---|\.\.\.)|node:internal|^\s+at (async )?(Test|Suite|startSubtest|process)",
    aftermath=r"^# fail [1-9]|^ℹ fail [1-9]",
)
JEST = Form(
    report=r"^\s*● (?!Console)",
    goes_on=r"^\s(?!\s*[●✓✕])|^$",
    inside=r"^\s+at .*node_modules|^\s+\d+ \|",
    kept=r"^\s+✕ |^FAIL ",
    aftermath=r"^Tests: +\d+ failed|^Test Suites: +\d+ failed",
)
MOCHA = Form(
    report=r"^\s+\d+\) |^Error: |^\w*Error\b",
    goes_on=r"^\s+\S|^\s*$",
    inside=r"^\s+at .*node",
    aftermath=r"^\s+\d+ failing",
)
TSC = Form(
    report=r"^\S+\(\d+,\d+\): error TS|^\S+:\d+:\d+ - error TS|^error TS",
    goes_on=r"^  |^\d+ |^\s+~",
    aftermath=rf"^Found \d+ error|{_NPM_TAIL}",
)
ESLINT = Form(
    report=r"^\s+\d+:\d+\s+error|^Oops!|^Error: |Parsing error",
    before=r"^/\S+\.\w+$",
    aftermath=r"^✖ \d+ problem",
)
NPM = Form(
    report=r"^npm (ERR!|error) (?!code|errno|path|A complete|command|workspace|location|Lifecycle|Exit)\S|^npm (ERR!|error) code|^sh: |^error: ",
    goes_on=r"^npm (ERR!|error)",
    aftermath=_NPM_TAIL,
    inside=r"A complete log|^npm (ERR!|error) *$",
)
ENVIRONMENT = {"NO_UPDATE_NOTIFIER": "1", "NODE_NO_WARNINGS": "1"}


def project(folder: Path, chance: Random, noisy: object) -> list[Sequence[str]]:
    names = nouns(chance, chance.randint(3, 12))
    for part in ("src", "test", "spec", "mocha"):
        (folder / part).mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / "src" / f"{name}.js").write_text(
            f"'use strict';\n\nfunction {name}Limit() {{\n  return {number + 2};\n}}\n\n"
            f"function {name}Count(items) {{\n  let total = 0;\n  for (const item of items) {{\n    total += item;\n  }}\n  return total;\n}}\n\n"
            f"module.exports = {{ {name}Limit, {name}Count }};\n"
        )
        (folder / "src" / f"{name}.ts").write_text(
            f"export function {name}Count(items: number[]): number {{\n  let total = 0;\n  for (const item of items) {{\n    total += item;\n  }}\n  return total;\n}}\n"
        )
        shout = "    console.error('error is expected here: refused');\n" if noisy and number % 2 else ""
        body = (
            f"  it('keeps its limit', () => {{\n{shout}    assert.strictEqual({name}Limit(), {number + 2});\n  }});\n"
            f"  it('counts all', () => {{\n    assert.strictEqual({name}Count([1, 2]), 3);\n  }});\n"
        )
        head = f"const assert = require('assert');\nconst {{ {name}Limit, {name}Count }} = require('../src/{name}');\n"
        (folder / "mocha" / f"{name}.js").write_text(f"{head}\ndescribe('{name}', () => {{\n{body}}});\n")
        (folder / "test" / f"{name}.test.js").write_text(
            f"const {{ describe, it }} = require('node:test');\n{head}\ndescribe('{name}', () => {{\n{body}}});\n"
        )
        (folder / "spec" / f"{name}.spec.js").write_text(
            f"const {{ {name}Limit, {name}Count }} = require('../src/{name}');\n\ndescribe('{name}', () => {{\n"
            f"  test('keeps its limit', () => {{\n{shout}    expect({name}Limit()).toBe({number + 2});\n  }});\n"
            f"  test('counts all', () => {{\n    expect({name}Count([1, 2])).toBe(3);\n  }});\n}});\n"
        )
    loads = "".join(
        f"const {{ {name}Count }} = require('./src/{name}');\nconsole.log('{name}', {name}Count([1, 2]));\n"
        for name in names
    )
    (folder / "main.js").write_text(loads)
    (folder / "package.json").write_text(
        json.dumps(
            {
                "name": f"{names[0]}-app",
                "version": "1.0.0",
                "scripts": {
                    "start": "node main.js",
                    "build": "node main.js && echo built",
                    "test": "node --test test",
                },
                "jest": {"testMatch": ["**/spec/*.spec.js"]},
            },
            indent=2,
        )
    )
    (folder / "eslint.config.js").write_text(
        "module.exports = [{ files: ['src/*.js'], rules: { 'no-undef': 'error', 'no-unused-vars': 'warn', 'prefer-const': 'error' }, "
        "languageOptions: { sourceType: 'commonjs', globals: { module: 'readonly', require: 'readonly', console: 'readonly' } } }];\n"
    )
    bins = f"{MODULES}/.bin"
    return [
        ("node", "main.js"),
        ("node", "--test", "test"),
        ("sh", "-c", f"{bins}/jest --ci {chance.choice(['', '--verbose'])} --colors=false"),
        ("sh", "-c", f"{bins}/mocha mocha"),
        ("sh", "-c", f"{bins}/tsc --noEmit --strict {chance.choice(['', '--pretty'])} src/*.ts"),
        ("sh", "-c", f"{bins}/eslint src"),
        ("npm", "run", "build"),
        ("npm", "install", "--offline", "--no-audit"),
        ("npm", "test"),
    ]


MAIN, TESTS, JEST_RUN, MOCHA_RUN, TSC_RUN, ESLINT_RUN, NPM_BUILD, NPM_INSTALL, NPM_TEST = range(9)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def _module(folder: Path, chance: Random, end: str = "js") -> Path:
    return chance.choice(sorted((folder / "src").glob(f"*.{end}")))


def _wrong(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "total += item", "total -= item")
    return [path.stem, "counts all"]


def _all_wrong(folder: Path, chance: Random) -> list[str]:
    for path in (folder / "src").glob("*.js"):
        _edit(path, "return total", "return undefinedTotal")
    return ["undefinedTotal"]


def _throws(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), noun(chance)
    _edit(
        path, "let total = 0;", f"let total = 0;\n  JSON.parse(process.env.{name.upper()} || '{{{name}}}');"
    )
    return ["JSON", name]


def _type_error(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), camel(call(chance))
    _edit(path, "let total = 0;", f"let total = 0;\n  items.{name}();")
    return [name]


def _require(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), f"{noun(chance)}-{noun(chance)}"
    _edit(path, "'use strict';", f"'use strict';\nrequire('{name}');")
    return [name]


def _syntax(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance)
    _edit(path, "let total = 0;", chance.choice(["let total = ;", "let total = (0;", "let 2total = 0;"]))
    return ["SyntaxError", "Parsing error", path.name]


def _port(folder: Path, chance: Random) -> list[str]:
    path = folder / "main.js"
    path.write_text("require('net').connect(9, '127.0.0.1');\n" + path.read_text())
    return ["ECONNREFUSED"]


def _in_use(folder: Path, chance: Random) -> list[str]:
    path = folder / "main.js"
    path.write_text(
        "const net = require('net');\nconst one = net.createServer().listen(0, () => net.createServer().listen(one.address().port));\n"
        + path.read_text()
    )
    return ["EADDRINUSE"]


def _file(folder: Path, chance: Random) -> list[str]:
    path, name = folder / "main.js", f"{noun(chance)}.json"
    path.write_text(f"require('fs').readFileSync('{name}');\n" + path.read_text())
    return [name]


def _memory(folder: Path, chance: Random) -> list[str]:
    path = folder / "main.js"
    path.write_text(
        "const all = [];\nfor (;;) all.push(new Array(100000).fill({ a: 1 }).map((x) => ({ ...x })));\n"
        + path.read_text()
    )
    return ["heap", "FATAL"]


def _types(folder: Path, chance: Random) -> list[str]:
    path = _module(folder, chance, "ts")
    _edit(path, "return total", "return 'total'")
    return [path.name]


def _all_types(folder: Path, chance: Random) -> list[str]:
    name = camel(call(chance))
    for path in (folder / "src").glob("*.ts"):
        _edit(path, "let total = 0", f"let total = {name}(items)")
    return [name]


def _undefined(folder: Path, chance: Random) -> list[str]:
    path, name = _module(folder, chance), camel(call(chance))
    _edit(path, "return total", f"return {name}(total)")
    return [name]


def _script(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}"
    _edit(folder / "package.json", "node main.js && echo built", f"{name} --minify main.js")
    return [name]


def _json(folder: Path, chance: Random) -> list[str]:
    _edit(folder / "package.json", '"scripts"', '"private" "scripts"')
    return ["JSON", "EJSONPARSE"]


def _package(folder: Path, chance: Random) -> list[str]:
    name = f"{noun(chance)}-{noun(chance)}-{noun(chance)}"
    _edit(
        folder / "package.json",
        '"scripts"',
        f'"dependencies": {{"{name}": "^{chance.randint(1, 5)}.0.0"}}, "scripts"',
    )
    return [name, "ENOTCACHED"]


_TABLE: Sequence[tuple[str, int, Fault]] = [
    ("node", MAIN, Fault("exception", "crash", NODE, _throws)),
    ("node", MAIN, Fault("type error", "crash", NODE, _type_error)),
    ("node", MAIN, Fault("missing module", "dependency", NODE, _require)),
    ("node", MAIN, Fault("syntax", "compile", NODE, _syntax)),
    ("node", MAIN, Fault("refused connection", "network", NODE, _port)),
    ("node", MAIN, Fault("port in use", "network", NODE, _in_use)),
    ("node", NPM_BUILD, Fault("missing file", "configuration", NODE, _file)),
    (
        "node",
        MAIN,
        Fault("no memory", "memory", NODE, _memory, environment={"NODE_OPTIONS": "--max-old-space-size=30"}),
    ),
    ("node:test", TESTS, Fault("assertion", "test", NODE_TEST, _wrong)),
    ("node:test", NPM_TEST, Fault("exception", "test", NODE_TEST, _type_error)),
    ("node:test", TESTS, Fault("every module wrong", "test", NODE_TEST, _all_wrong)),
    ("npm", NPM_BUILD, Fault("missing program", "dependency", NPM, _script)),
    ("npm", NPM_BUILD, Fault("broken package.json", "configuration", NPM, _json)),
    ("npm", NPM_INSTALL, Fault("missing package", "dependency", NPM, _package)),
]
_WITH_MODULES: Sequence[tuple[str, int, Fault]] = [
    ("jest", JEST_RUN, Fault("assertion", "test", JEST, _wrong)),
    ("jest", JEST_RUN, Fault("every module wrong", "test", JEST, _all_wrong)),
    ("jest", JEST_RUN, Fault("exception", "test", JEST, _type_error)),
    ("jest", JEST_RUN, Fault("missing module", "dependency", JEST, _require)),
    ("jest", JEST_RUN, Fault("syntax", "compile", JEST, _syntax)),
    ("mocha", MOCHA_RUN, Fault("assertion", "test", MOCHA, _wrong)),
    ("mocha", MOCHA_RUN, Fault("exception", "test", MOCHA, _type_error)),
    ("mocha", MOCHA_RUN, Fault("missing module", "dependency", NODE, _require)),
    ("tsc", TSC_RUN, Fault("wrong type", "compile", TSC, _types)),
    ("tsc", TSC_RUN, Fault("missing function everywhere", "compile", TSC, _all_types)),
    ("eslint", ESLINT_RUN, Fault("missing function", "compile", ESLINT, _undefined)),
    ("eslint", ESLINT_RUN, Fault("syntax", "compile", ESLINT, _syntax)),
]


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for tool, way, fault in (*_TABLE, *(_WITH_MODULES if MODULES else ())):
        yield tool, chance.random() < 0.5, way, fault
