"""Kind of failure, the tool that tells of it, and the place in the source that it names. By rules: each can be
checked against the lines that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KINDS = {
    "memory": r"(?i)out ?of ?memory|MemoryError|bad_alloc|heap (?:limit|space)|virtual memory exhausted|\bOOM|cannot allocate memory|\bKilled\b(?!.*timeout)|exit code 137",
    "disk": r"(?i)no space left|disk (?:is )?full|ENOSPC|quota exceeded|File too large",
    "timeout": r"(?i)timed out\b|\btimeout (?:after|of|reached|expired|exceeded|waiting)|\*\*\*Timeout|deadline exceeded|TimeoutError|exit code 124|sending signal TERM",
    "permission": r"(?i)permission denied|EACCES|EPERM|PermissionError|operation not permitted|read-only file system|access (?:is )?denied|\b403\b.*forbidden",
    "network": r"(?i)connection (?:refused|reset|aborted)|couldn't connect|could not resolve host|name or service not known|\b(?:ECONN\w+|EADDR\w+|ENOTFOUND|EAI_AGAIN)\b|network is unreachable|no route to host|unable to access '|\bTLS\b|certificate|not resolve host",
    "link": r"undefined reference|multiple definition|cannot find -l|\bld returned|unresolved external|undefined symbol|LNK\d+|linker command failed|linking with",
    "dependency": r"(?i)No module named|ModuleNotFoundError|cannot find module|could not resolve dependencies|could not find artifact|non-resolvable|no matching (?:distribution|package|version)|unable to locate package|no installation candidate|unmet dependencies|command not found|: not found$|MODULE_NOT_FOUND|no required module|cannot find module providing|cannot load such file|unresolveable|ENOTCACHED|ERESOLVE|E404|could not find a package|find_package|was not found in|has not been downloaded|plugin .* (?:not found|could not be resolved)|unsatisfiable|failed to (?:get|download|fetch)|metadata-generation-failed|Getting requirements to build",
    "crash": r"(?i)segmentation|SIGSEGV|SIGABRT|core dumped|AddressSanitizer|UndefinedBehaviorSanitizer|\*\*\*Exception|double free|stack smashing|Fatal Python error|forked VM|(?-i:\bAborted\b)|Bus error",
    "test": r"<<< (?:FAILURE|ERROR)|\btests?::\w+' .*panicked|^E  |\bAssert|\bassert|--- FAIL|✕|✖|not ok \d|\*\*\*Failed|^(?:FAIL|FAILED|ERROR):? |\.\.\. FAILED|Failure:|but was|Tests run:.*(?:Failures|Errors): [1-9]|^\s*\d+\) |tests? failed|● .* ›|There are test failures",
    "compile": r"(?i)\.\w{1,5}(?::\d+|\(\d+|:\[\d+)[^\n]{0,40}\b(?:error|fatal)\b|error(?:\[E\d+\]| TS\d+|: C\d+):|^error.*\n\s+--> |SyntaxError(?!.*JSON)|IndentationError|syntax error|COMPILATION ERROR|cannot find symbol|undeclared|\.go:\d+:\d+: |mismatched types|could not compile|Parsing error|error TS|-Werror|  error  |[A-Z]+\d{3,} ",
    "configuration": r"(?i)CONFLICT \(|could not apply|configuration|configur|unrecognized (?:argument|option)|unknown (?:option|command|directive|property)|missing separator|No rule to make|CMake Error|Malformed|non-parseable|EJSONPARSE|invalid (?:value|option|package)|not set|unbound variable|parse error|parsing|\.(?:toml|ya?ml|json|ini|cfg|xml)\b|no such file|not a git repository|pathspec|does not exist",
}  # fmt: skip
# What is more special first; a word such as "error:" is in the reports of all kinds.
_COMPILED = {kind: re.compile(pattern, re.MULTILINE) for kind, pattern in KINDS.items()}
_CRASH = re.compile(
    r"Traceback \(most recent|^Exception in thread|panicked at|^panic: |Uncaught|Unhandled|^\s+at \S+ ?\(|terminate called"
    r"|^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b|\.rb:\d+:in |\(\w+(?:Error|Exception)\)$| at \S+\.p[lm] line \d+|Floating point exception",
    re.MULTILINE,
)

TOOLS = {
    "pytest": r"^E  |short test summary|^_{3,} .* _{3,}$|^(?:FAILED|ERROR) \S+\.py|=+ (?:FAILURES|ERRORS) =+|^ERROR: usage: .*pytest|^ImportError while loading conftest",
    "unittest": r"^(?:FAIL|ERROR): \w+ \(|^FAILED \((?:failures|errors)=",
    "jest": r"^\s*● .*(?:›|Test suite failed)|^FAIL \S+\.(?:js|ts|jsx|tsx|mjs)",
    "minitest": r"^\s*\d+\) (?:Failure|Error):$",
    "node:test": r"^\s*not ok \d|^\s*✖ |^test at \S+js:|failureType:",
    "mocha": r"^\s+\d+ failing|^\s+\d+\) .*\n.*:$",
    "go test": r"--- FAIL|^FAIL\t|_test\.go:\d+",
    "go": r"\.go:\d+:\d+: |^go: |^goroutine \d+",
    "maven": r"^\[ERROR\] .*(?:Failed to execute goal|\.java:\[|Tests run|COMPILATION|Non-resolvable|<<<)|BUILD FAILURE|maven",
    "gradle": r"^\* What went wrong|^Execution failed for task|^> Task .* FAILED|FAILURE: Build failed",
    "ant": r"^\s+\[javac\] |^BUILD FAILED|build\.xml:\d+",
    "cargo": r"^error\[E\d+\]: |^error: .*\n\s+--> |^\s+--> \S+\.rs:|^error: (?:aborting|test failed|no matching package)|could not compile|panicked at .*\.rs|Cargo\.toml",
    "tsc": r"error TS\d+",
    "eslint": r"^\s+\d+:\d+\s+error\s|ESLint",
    "npm": r"^npm (?:ERR!|error)",
    "cmake": r"^CMake Error|CMakeLists\.txt",
    "ctest": r"\*\*\*(?:Failed|Exception|Timeout|Not Run)|The following tests FAILED|Errors while running CTest",
    "linker": r"undefined reference to|multiple definition of|ld: cannot find|\bld returned|unresolved external",
    "sanitizer": r"\w+Sanitizer|: runtime error: ",
    "mypy": r"^\S+\.pyi?:\d+(?::\d+)?: error: .*\[[\w-]+\]$",
    "ruff": r"^\S+\.py:\d+:\d+: [A-Z]+\d+ |^[A-Z]+\d{3} .*\n\s+-->",
    "pip": r"^\s*(?:ERROR: |× )(?:.*requirement|.*distribution|.*subprocess|Failed building|.*metadata)|\bpip\b.*(?:error|failed)",
    "compiler": r"^\S+\.(?:c|cc|cpp|cxx|h|hpp|m|java|swift|kt|cs|f90)(?::\d+|\()(?:.*?)(?:error|fatal)|cc1plus|javac",
    "docker": r"failed to solve|^unable to prepare context|^The command '/bin/sh|executor failed running|^ERROR: failed to build",
    "apt": r"^E: |^Err:\d+ |^dpkg: error",
    "git": r"^fatal: .*(?:repository|remote|branch|revision|commit|pathspec|HEAD|\brefs?\b|git)|pathspec|CONFLICT \(|could not apply",
    "curl": r"^curl: \(",
    "make": r"^g?make(?:\[\d+\])?: |^Makefile:\d+: ",
    "node": r"node:internal|\(node:|^Node\.js v|at .*\.(?:js|mjs|ts):\d+:\d+|FATAL ERROR: .*heap",
    "python": r"Traceback \(most recent|^\s+File \".*\.py\", line|^\w+Error: |Fatal Python error",
    "java": r"^\s+at [\w.$]+\([\w.]+(?::\d+)?\)|^Exception in thread|^Caused by: ",
    "ruby": r"\.rb:\d+:in |rake aborted|^\s+\d+\) (?:Failure|Error):$",
    "rust": r"panicked at|RUST_BACKTRACE",
    "perl": r" at \S+\.p[lm] line \d+",
    "shell": r": (?:line \d+: )?\S+: (?:command not found|not found|unbound variable|Permission denied|No such file)|^(?:cp|mv|tar|rm|mkdir|cat|dd|gzip|timeout): ",
}  # fmt: skip
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
    """The kind of the failure that the first of these texts tells; a later one decides if it doesn't say."""
    for text in texts:
        for kind, pattern in _COMPILED.items():
            if pattern.search(text):
                return kind
        if _CRASH.search(text):
            return "crash"
    return None


def tool_of(texts: Sequence[str], whole: str) -> str | None:
    """The tool that tells of it: by the first texts, else by what else stands around."""
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
