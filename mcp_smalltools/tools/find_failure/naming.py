"""The kind of failure, the tool that reported it, and the place in the source that it names.

All by rules, so that each can be checked against the lines that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KINDS = {
    "memory": (
        r"(?i)out ?of ?memory"
        r"|MemoryError"  # Python
        r"|bad_alloc"  # C++
        r"|heap (?:limit|space)"  # Node, Java
        r"|virtual memory exhausted"  # GCC
        r"|\bOOM"
        r"|cannot allocate memory"  # errno ENOMEM
        r"|\bKilled\b(?!.*timeout)"  # the shell, after the OOM killer
        r"|exit code 137"  # containers: SIGKILL
    ),
    "disk": r"(?i)no space left|disk (?:is )?full|ENOSPC|quota exceeded|File too large",
    "timeout": (
        r"(?i)timed out\b"
        r"|\btimeout (?:after|of|reached|expired|exceeded|waiting)"
        r"|\*\*\*Timeout"  # CTest
        r"|deadline exceeded"  # Go, gRPC
        r"|TimeoutError"  # Python
        r"|exit code 124"  # timeout(1)
        r"|sending signal TERM"  # timeout(1)
    ),
    "permission": (
        r"(?i)permission denied"  # errno EACCES
        r"|EACCES"  # Node
        r"|EPERM"  # Node
        r"|PermissionError"  # Python
        r"|operation not permitted"
        r"|read-only file system"
        r"|access (?:is )?denied"
        r"|\b403\b.*forbidden"
    ),
    "network": (
        r"(?i)connection (?:refused|reset|aborted)"
        r"|couldn't connect"  # curl
        r"|could not resolve host"  # curl, git
        r"|name or service not known"  # glibc
        r"|\b(?:ECONN\w+|EADDR\w+|ENOTFOUND|EAI_AGAIN)\b"  # Node
        r"|network is unreachable"
        r"|no route to host"
        r"|unable to access '"  # git
        r"|\bTLS\b"
        r"|certificate"
        r"|not resolve host"  # curl, git
    ),
    "link": (
        r"undefined reference"  # GNU ld
        r"|multiple definition"
        r"|cannot find -l"  # GNU ld
        r"|\bld returned"  # GCC: collect2
        r"|unresolved external"  # MSVC
        r"|undefined symbol"
        r"|LNK\d+"  # MSVC
        r"|linker command failed"  # Clang
        r"|linking with"  # rustc
    ),
    "dependency": (
        r"(?i)No module named"  # Python
        r"|ModuleNotFoundError"  # Python
        r"|cannot find module"  # Node
        r"|could not resolve dependencies"  # Maven
        r"|could not find artifact"  # Maven
        r"|non-resolvable"  # Maven
        r"|no matching (?:distribution|package|version)"  # pip, cargo
        r"|unable to locate package"  # apt
        r"|no installation candidate"  # apt
        r"|unmet dependencies"  # apt
        r"|command not found"  # shells
        r"|: not found$"  # sh
        r"|MODULE_NOT_FOUND"  # Node
        r"|no required module"  # Go
        r"|cannot find module providing"  # Go
        r"|cannot load such file"  # Ruby
        r"|unresolveable"
        r"|ENOTCACHED"  # npm
        r"|ERESOLVE"  # npm
        r"|E404"  # npm
        r"|could not find a package"  # CMake
        r"|find_package"  # CMake
        r"|was not found in"  # Maven
        r"|has not been downloaded"  # Maven
        r"|plugin .* (?:not found|could not be resolved)"
        r"|unsatisfiable"
        r"|failed to (?:get|download|fetch)"
        r"|metadata-generation-failed"  # pip
        r"|Getting requirements to build"  # pip
    ),
    "crash": (
        r"(?i)segmentation"
        r"|SIGSEGV"
        r"|SIGABRT"
        r"|core dumped"
        r"|AddressSanitizer"  # LLVM sanitizers
        r"|UndefinedBehaviorSanitizer"  # LLVM sanitizers
        r"|\*\*\*Exception"  # CTest
        r"|double free"  # glibc
        r"|stack smashing"  # glibc
        r"|Fatal Python error"  # Python
        r"|forked VM"  # Maven Surefire
        r"|(?-i:\bAborted\b)"
        r"|Bus error"  # the shell
    ),
    "test": (
        r"<<< (?:FAILURE|ERROR)"  # Maven Surefire
        r"|\btests?::\w+' .*panicked"  # Rust
        r"|^E  "  # pytest
        r"|\bAssert"
        r"|\bassert"
        r"|--- FAIL"  # go test
        r"|✕"  # Jest
        r"|✖"  # node:test
        r"|not ok \d"  # TAP: node:test
        r"|\*\*\*Failed"  # CTest
        r"|^(?:FAIL|FAILED|ERROR):? "
        r"|\.\.\. FAILED"  # cargo test
        r"|Failure:"  # minitest
        r"|but was"  # JUnit
        r"|Tests run:.*(?:Failures|Errors): [1-9]"  # Maven Surefire
        r"|^\s*\d+\) "
        r"|tests? failed"
        r"|● .* ›"  # Jest
        r"|There are test failures"  # Maven Surefire
    ),
    "compile": (
        r"(?i)\.\w{1,5}(?::\d+|\(\d+|:\[\d+)[^\n]{0,40}\b(?:error|fatal)\b"
        r"|error(?:\[E\d+\]| TS\d+|: C\d+):"  # rustc, tsc, MSVC
        r"|^error.*\n\s+--> "  # rustc
        r"|SyntaxError(?!.*JSON)"
        r"|IndentationError"  # Python
        r"|syntax error"
        r"|COMPILATION ERROR"  # Maven
        r"|cannot find symbol"  # javac
        r"|undeclared"
        r"|\.go:\d+:\d+: "  # Go
        r"|mismatched types"  # rustc
        r"|could not compile"  # cargo
        r"|Parsing error"  # ESLint
        r"|error TS"  # tsc
        r"|-Werror"  # GCC, Clang
        r"|  error  "
        r"|[A-Z]+\d{3,} "
    ),
    "configuration": (
        r"(?i)CONFLICT \("  # git
        r"|could not apply"  # git
        r"|configuration"
        r"|configur"
        r"|unrecognized (?:argument|option)"
        r"|unknown (?:option|command|directive|property)"
        r"|missing separator"  # make
        r"|No rule to make"  # make
        r"|CMake Error"  # CMake
        r"|Malformed"
        r"|non-parseable"  # Maven
        r"|EJSONPARSE"  # npm
        r"|invalid (?:value|option|package)"
        r"|not set"
        r"|unbound variable"  # bash
        r"|parse error"
        r"|parsing"
        r"|\.(?:toml|ya?ml|json|ini|cfg|xml)\b"
        r"|no such file"
        r"|not a git repository"  # git
        r"|pathspec"  # git
        r"|does not exist"
    ),
}
# What is more special first; a word such as "error:" is in the reports of all kinds.
_COMPILED = {kind: re.compile(pattern, re.MULTILINE) for kind, pattern in KINDS.items()}
_CRASH = re.compile(
    r"Traceback \(most recent|^Exception in thread|panicked at|^panic: |Uncaught|Unhandled|^\s+at \S+ ?\(|terminate called"
    r"|^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b|\.rb:\d+:in |\(\w+(?:Error|Exception)\)$| at \S+\.p[lm] line \d+|Floating point exception",
    re.MULTILINE,
)

TOOLS = {
    "pytest": (
        r"^E  "
        r"|short test summary"
        r"|^_{3,} .* _{3,}$"
        r"|^(?:FAILED|ERROR) \S+\.py"
        r"|=+ (?:FAILURES|ERRORS) =+"
        r"|^ERROR: usage: .*pytest"
        r"|^ImportError while loading conftest"
    ),
    "unittest": r"^(?:FAIL|ERROR): \w+ \(|^FAILED \((?:failures|errors)=",
    "jest": r"^\s*● .*(?:›|Test suite failed)|^FAIL \S+\.(?:js|ts|jsx|tsx|mjs)",
    "minitest": r"^\s*\d+\) (?:Failure|Error):$",
    "node:test": r"^\s*not ok \d|^\s*✖ |^test at \S+js:|failureType:",
    "mocha": r"^\s+\d+ failing|^\s+\d+\) .*\n.*:$",
    "go test": r"--- FAIL|^FAIL\t|_test\.go:\d+",
    "go": r"\.go:\d+:\d+: |^go: |^goroutine \d+",
    "maven": (
        r"^\[ERROR\] .*(?:Failed to execute goal|\.java:\[|Tests run|COMPILATION|Non-resolvable|<<<)"
        r"|BUILD FAILURE"
        r"|maven"
    ),
    "gradle": r"^\* What went wrong|^Execution failed for task|^> Task .* FAILED|FAILURE: Build failed",
    "ant": r"^\s+\[javac\] |^BUILD FAILED|build\.xml:\d+",
    "cargo": (
        r"^error\[E\d+\]: "
        r"|^error: .*\n\s+--> "
        r"|^\s+--> \S+\.rs:"
        r"|^error: (?:aborting|test failed|no matching package)"
        r"|could not compile"
        r"|panicked at .*\.rs"
        r"|Cargo\.toml"
    ),
    "tsc": r"error TS\d+",
    "eslint": r"^\s+\d+:\d+\s+error\s|ESLint",
    "npm": r"^npm (?:ERR!|error)",
    "cmake": r"^CMake Error|CMakeLists\.txt",
    "ctest": (
        r"\*\*\*(?:Failed|Exception|Timeout|Not Run)"
        r"|The following tests FAILED"
        r"|Errors while running CTest"
    ),
    "linker": (
        r"undefined reference to"
        r"|multiple definition of"
        r"|ld: cannot find"
        r"|\bld returned"
        r"|unresolved external"
    ),
    "sanitizer": r"\w+Sanitizer|: runtime error: ",
    "mypy": r"^\S+\.pyi?:\d+(?::\d+)?: error: .*\[[\w-]+\]$",
    "ruff": r"^\S+\.py:\d+:\d+: [A-Z]+\d+ |^[A-Z]+\d{3} .*\n\s+-->",
    "pip": (
        r"^\s*(?:ERROR: |× )(?:.*requirement|.*distribution|.*subprocess|Failed building|.*metadata)"
        r"|\bpip\b.*(?:error|failed)"
    ),
    "compiler": (
        r"^\S+\.(?:c|cc|cpp|cxx|h|hpp|m|java|swift|kt|cs|f90)(?::\d+|\()(?:.*?)(?:error|fatal)"
        r"|cc1plus"
        r"|javac"
    ),
    "docker": (
        r"failed to solve"
        r"|^unable to prepare context"
        r"|^The command '/bin/sh"
        r"|executor failed running"
        r"|^ERROR: failed to build"
    ),
    "apt": r"^E: |^Err:\d+ |^dpkg: error",
    "git": (
        r"^fatal: .*(?:repository|remote|branch|revision|commit|pathspec|HEAD|\brefs?\b|git)"
        r"|pathspec"
        r"|CONFLICT \("
        r"|could not apply"
    ),
    "curl": r"^curl: \(",
    "make": r"^g?make(?:\[\d+\])?: |^Makefile:\d+: ",
    "node": r"node:internal|\(node:|^Node\.js v|at .*\.(?:js|mjs|ts):\d+:\d+|FATAL ERROR: .*heap",
    "python": r"Traceback \(most recent|^\s+File \".*\.py\", line|^\w+Error: |Fatal Python error",
    "java": r"^\s+at [\w.$]+\([\w.]+(?::\d+)?\)|^Exception in thread|^Caused by: ",
    "ruby": r"\.rb:\d+:in |rake aborted|^\s+\d+\) (?:Failure|Error):$",
    "rust": r"panicked at|RUST_BACKTRACE",
    "perl": r" at \S+\.p[lm] line \d+",
    "shell": (
        r": (?:line \d+: )?\S+: (?:command not found|not found|unbound variable|Permission denied|No such file)"
        r"|^(?:cp|mv|tar|rm|mkdir|cat|dd|gzip|timeout): "
    ),
}
_TOOLS = {tool: re.compile(pattern, re.MULTILINE) for tool, pattern in TOOLS.items()}

_PLACES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)',
        r"--> (?P<file>[^\s:]+):(?P<line>\d+)",
        r"(?P<file>[\w./\\@+-]+\.\w{1,5}):\[(?P<line>\d+),\d+\]",
        r"(?P<file>[\w./\\@+-]+\.[A-Za-z]\w{0,5})\((?P<line>\d+),\d+\)",
        r"CMake Error at (?P<file>[^\s:]+):(?P<line>\d+)",
        r"(?P<file>(?:[A-Za-z]:)?[\w./\\@+-]*[\w-]\.[A-Za-z]\w{0,5}):(?P<line>\d+)",
        r"(?P<file>\bMakefile|\bRakefile|\bDockerfile):(?P<line>\d+)",
        r"(?P<file>[\w./-]+\.(?:sh|bash)): line (?P<line>\d+)",
    )
)
_FOREIGN = re.compile(
    r"node_modules|node:|site-packages|dist-packages|/usr/(?:lib|include)|lib/python\d|<frozen|/rustc/|internal/|/gems/|^(?:Assert|Method|Native\w*|Thread|Arrays|Objects)\.java$"
)


def kind_of(texts: Sequence[str]) -> str | None:
    """The kind of failure that the first of these texts shows that shows one."""
    for text in texts:
        for kind, pattern in _COMPILED.items():
            if pattern.search(text):
                return kind
        if _CRASH.search(text):
            return "crash"
    return None


def tool_of(texts: Sequence[str], whole: str) -> str | None:
    """The tool that reported it: by the texts in their order, else by the whole log."""
    for text in (*texts, whole):
        for tool, pattern in _TOOLS.items():
            if pattern.search(text):
                return tool
    return None


def place_of(texts: Sequence[str]) -> tuple[str, int] | None:
    """File and line that the first of these texts points to: the last own file of a Python trace, else the
    first one that is not a library's.
    """
    for text in texts:
        found = [
            (match.start(), match["file"], int(match["line"]))
            for pattern in _PLACES
            for match in pattern.finditer(text)
        ]
        own = sorted(item for item in found if not _FOREIGN.search(item[1]))
        if not own:
            continue
        chosen = own[-1] if "Traceback (most recent" in text else own[0]
        return chosen[1], chosen[2]
    return None
