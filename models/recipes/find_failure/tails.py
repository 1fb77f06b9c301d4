"""Programs that print lines of their own and then end in an uncaught error, or in a message and a status.

No build tool is around them. Their own lines mention errors that were handled and checks that succeeded, as
programs do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import java
import node
import pythons
import rubies
import rust
from names import call, noun
from runs import PYTHON, Fault, Form

_MESSAGE = Form(report=r"^(error|fatal|job|Error|ERROR|FATAL|usage|cannot|could not|invalid)\b[^=]*[: ]")
_PERL = Form(report=r" at \S+\.pl line \d+|^Can't |^syntax error", aftermath=r"^Execution of|^BEGIN failed")
_SHELL = Form(report=r"^\S+: line \d+: |^(error|fatal): |^(cp|cat|rm|mkdir|grep): ")
_CRASH = Form(
    report=r"Assertion `|Segmentation fault|Aborted|Floating point|free\(\): |^job: |stack smashing"
)
ENVIRONMENT: dict[str, str] = {"NODE_NO_WARNINGS": "1"}

_BODIES: Mapping[str, tuple[str, str]] = {
    "python": (
        "job.py",
        "import sys\n\n\nclass WordError(Exception):\n    pass\n\n\ndef work(name, rows):\n    #FAULT\n    return len(rows)\n\n\n"
        "rows = open('lines.txt').read().splitlines()\nfor row in rows:\n    print(row)\nwork('NAME', rows)\nprint('LAST')\n",
    ),
    "node": (
        "job.js",
        "const fs = require('fs');\nfunction work(name, rows) {\n  //FAULT\n  return rows.length;\n}\n"
        "const rows = fs.readFileSync('lines.txt', 'utf8').trimEnd().split('\\n');\n"
        "rows.forEach((row) => console.log(row));\nwork('NAME', rows);\nconsole.log('LAST');\n",
    ),
    "ruby": (
        "job.rb",
        "def work(name, rows)\n  #FAULT\n  rows.size\nend\nrows = File.readlines('lines.txt')\n"
        "rows.each { |row| puts row }\n$stdout.flush\nwork('NAME', rows)\nputs 'LAST'\n",
    ),
    "perl": (
        "job.pl",
        "use strict; use warnings; $| = 1;\nsub work {\n  my ($name, @rows) = @_;\n  #FAULT\n  return scalar @rows;\n}\n"
        "open(my $in, '<', 'lines.txt') or die; my @rows = <$in>;\nprint @rows;\nwork('NAME', @rows);\nprint \"LAST\\n\";\n",
    ),
    "shell": ("job.sh", "set -eu\nNAME=1\ncat lines.txt\n#FAULT\necho 'LAST'\n"),
    "java": (
        "Job.java",
        "import java.nio.file.*;\nimport java.util.*;\npublic class Job {\n  static int work(String name, List<String> rows) {\n"
        "    if (name.isEmpty()) return 0;\n    //FAULT\n    return rows.size();\n  }\n"
        "  public static void main(String[] args) throws Exception {\n"
        '    List<String> rows = Files.readAllLines(Path.of("lines.txt"));\n    rows.forEach(System.out::println);\n'
        '    work("NAME", rows);\n    System.out.println("LAST");\n  }\n}\n',
    ),
    "program": (
        "job.c",
        "#include <assert.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <errno.h>\n"
        "static int work(const char *name, int rows) {\n  volatile int none = 0; (void)none;\n  //FAULT\n"
        '  return rows + name[0];\n}\nint main(void) {\n  char row[400]; int rows = 0; FILE *in = fopen("lines.txt", "r");\n'
        "  while (fgets(row, sizeof row, in)) { fputs(row, stdout); rows++; }\n  fflush(stdout);\n"
        '  work("NAME", rows);\n  puts("LAST");\n  return 0;\n}\n',
    ),
    "rust": (
        "job.rs",
        "use std::fs;\nfn work(name: &str, rows: &[&str]) -> usize {\n    //FAULT\n    rows.len() + name.len()\n}\n"
        'fn main() {\n    let text = fs::read_to_string("lines.txt").unwrap();\n'
        '    let rows: Vec<&str> = text.lines().collect();\n    for row in &rows { println!("{row}"); }\n'
        '    work("NAME", &rows);\n    println!("LAST");\n}\n',
    ),
}
_COMMANDS: Mapping[str, Sequence[str]] = {
    "python": (PYTHON, "-u", "job.py"),
    "node": ("node", "job.js"),
    "ruby": ("ruby", "job.rb"),
    "perl": ("perl", "job.pl"),
    "shell": ("bash", "job.sh"),
    "java": ("java", "Job.java"),
    "program": ("bash", "-c", "gcc -w -o job job.c && ./job; status=$?; exit $status"),
    "rust": ("bash", "-c", "rustc -A warnings -o job job.rs && ./job"),
}


def project(folder: Path, chance: Random, language: object) -> list[Sequence[str]]:
    folder.mkdir(parents=True)
    count = int(2 ** chance.uniform(2, 9.5))
    kinds = chance.sample(_SAYINGS, chance.choice([1, 1, 2, 3, 5]))
    rows = [_said(chance.choice(kinds), number, count, chance) for number in range(count)]
    (folder / "lines.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    name, body = _BODIES[str(language)]
    last = chance.choice(
        ["finished", "done", f"{count} rows, 0 errors", "ok", "bye", "all passed", "result: 17"]
    )
    (folder / name).write_text(body.replace("NAME", noun(chance)).replace("LAST", last), encoding="utf-8")
    return [_COMMANDS[str(language)]]


_SAYINGS = (
    "row {n}: 0 errors, ok", "{word} {n} done in {ms} ms", "[{n}/{all}] {call} {word}", "INFO {call}: {word} {n}",
    "12:{mm}:{ss} DEBUG {word} size={ms}", "wrote out/{word}-{n}.csv ({ms} bytes)", "{word}: passed", "checked {word} ... OK",
    "WARN {call} failed for {word} {n}, retry 1 of 3", "skipped {word} {n}: ValueError: no number in '{word}'",
    "{word} {n} not found in the cache, computing it", "epoch {n} loss 0.{ms} error 0.{ss}", "GET /{word}/{n} 200 {ms}ms",
    "ERROR rate of {word}: 0.{ss}%", "  {word:<12} {ms:>8} {ss}", "connection to {word} refused, trying the next one",
    "{n}", "{{\"id\": {n}, \"{word}\": {ms}, \"error\": null}}", "test {call} ... ok", "timeout of {call} set to {ms} s",
)  # fmt: skip


def _said(form: str, number: int, count: int, chance: Random) -> str:
    return form.format(
        n=number,
        all=count,
        word=noun(chance),
        call=call(chance),
        ms=chance.randrange(10_000),
        mm=f"{chance.randrange(60):02}",
        ss=f"{chance.randrange(60):02}",
    )


def _put(code: str, *words: str) -> Callable[[Path, Random], Sequence[str]]:
    def put_in(folder: Path, chance: Random) -> list[str]:
        (path,) = (folder / name for name, _ in _BODIES.values() if (folder / name).exists())
        word = noun(chance)
        text = path.read_text(encoding="utf-8").replace("//FAULT", code).replace("#FAULT", code)
        path.write_text(text.replace("WORD", word), encoding="utf-8")
        return [one.replace("WORD", word) for one in words]

    return put_in


_TABLE: Sequence[tuple[str, str, str, Form, str, tuple[str, ...]]] = [
    ("python", "key", "crash", pythons.TRACE, "{}['WORD']", ("KeyError",)),
    ("python", "number", "crash", pythons.TRACE, "int(name)", ("ValueError",)),
    ("python", "none", "crash", pythons.TRACE, "None.WORD", ("AttributeError",)),
    ("python", "own exception", "crash", pythons.TRACE, "raise WordError(f'no WORD for {name}')", ("WordError",)),
    ("python", "assertion", "crash", pythons.TRACE, "assert not rows, 'WORD left'", ("AssertionError",)),
    ("python", "missing file", "configuration", pythons.TRACE, "open('WORD.json')", ("FileNotFoundError",)),
    ("python", "json", "crash", pythons.TRACE, "import json; json.loads('{WORD')", ("JSONDecodeError",)),
    ("python", "message", "configuration", _MESSAGE, "sys.exit('error: no WORD in ' + name)", ("WORD",)),
    ("node", "own error", "crash", node.NODE, "throw new Error('no WORD for ' + name);", ("WORD",)),
    ("node", "undefined", "crash", node.NODE, "rows.WORD.size;", ("TypeError",)),
    ("node", "json", "crash", node.NODE, "JSON.parse('{WORD');", ("SyntaxError",)),
    ("node", "rejection", "crash", node.NODE, "Promise.reject(new RangeError('WORD')); rows.x();", ("Error",)),
    ("node", "message", "configuration", _MESSAGE, "console.error('fatal: no WORD'); process.exit(2);", ("WORD",)),
    ("ruby", "own error", "crash", rubies.RUBY, "raise ArgumentError, \"no WORD for #{name}\"", ("WORD",)),
    ("ruby", "nil", "crash", rubies.RUBY, "nil.WORD", ("undefined method",)),
    ("ruby", "missing file", "configuration", rubies.RUBY, "File.read('WORD.yml')", ("ENOENT",)),
    ("ruby", "message", "configuration", _MESSAGE, "abort('error: WORD is not set')", ("WORD",)),
    ("perl", "die", "crash", _PERL, "die \"no WORD for $name\";", ("WORD",)),
    ("perl", "missing routine", "crash", _PERL, "main->can('WORD')->();", ("undefined value",)),
    ("perl", "missing file", "configuration", _PERL, "open(my $f, '<', 'WORD.txt') or die \"open WORD.txt: $!\";", ("WORD",)),
    ("shell", "missing program", "dependency", _SHELL, "WORD-tool --all", ("not found",)),
    ("shell", "missing file", "configuration", _SHELL, "cp WORD.csv out.csv", ("WORD",)),
    ("shell", "message", "configuration", _SHELL, "echo 'error: WORD is not set' >&2; exit 3", ("WORD",)),
    ("java", "own exception", "crash", java.JAVA, "if (true) throw new IllegalStateException(\"no WORD\");", ("WORD",)),
    ("java", "index", "crash", java.JAVA, "rows.get(rows.size());", ("IndexOutOfBounds",)),
    ("java", "null", "crash", java.JAVA, "String WORD = null; WORD.length();", ("NullPointer",)),
    ("program", "null", "crash", _CRASH, "none = *(volatile int *)0;", ("Segmentation",)),
    ("program", "assertion", "crash", _CRASH, "assert(rows < 0 && \"WORD\");", ("WORD",)),
    ("program", "division", "crash", _CRASH, "rows = rows / none;", ("Floating",)),
    ("program", "message", "configuration", _CRASH, "if (!fopen(\"WORD.txt\", \"r\")) { fprintf(stderr, \"job: WORD.txt: %s\\n\", strerror(errno)); exit(1); }", ("WORD",)),
    ("rust", "panic", "crash", rust.PANIC, "if !rows.is_empty() { panic!(\"no WORD for {name}\"); }", ("panicked",)),
    ("rust", "none", "crash", rust.PANIC, "rows.iter().find(|row| row.starts_with(\"~WORD\")).unwrap();", ("panicked",)),
    ("rust", "message", "configuration", _MESSAGE, "eprintln!(\"error: no WORD\"); std::process::exit(1);", ("WORD",)),
]  # fmt: skip


def faults(chance: Random) -> Iterator[tuple[str, object, int, Fault]]:
    for language, name, kind, form, code, words in _TABLE:
        yield language, language, 0, Fault(f"{name} after own lines", kind, form, _put(code, *words))
