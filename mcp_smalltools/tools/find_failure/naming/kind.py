"""The kind of a failure: by what its lines state, and by what the tool does that reports it.

A kind that isn't stated is absent: a word that merely occurs states nothing. The findings of linters, formatters
and type checkers have none; a conflict of merged branches and a refused deployment have none either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import Reporter

KINDS = (
    *("compile", "link", "test", "dependency", "timeout", "memory", "disk", "network", "permission", "crash"),
    *("configuration", "cancelled", "infrastructure"),
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_STOPPED = (
    # What ended the run from outside: whatever was running then is not the cause.
    (
        "memory",
        _any(
            r"\b[Oo]ut of memory: Killed process|\boom-kill(?:er)?\b|\bOOM(?:Killed|-killed| [Kk]ill)|invoked oom-killer",
            r"(?i:java heap space|GC overhead limit|heap out of memory|virtual memory exhausted)",
            r"\bOutOfMemory(?:Error|Exception)\b|^MemoryError\b|^E +MemoryError|std::bad_alloc|(?i:\bout of memory\b)|\bOOM when allocating\b",
            r"(?i:cannot allocate memory|could not allocate memory|memory allocation of \d+ bytes failed|failed to allocate memory)",
            r"^(?:\S+: line \d+: +\d+ )?Killed(?: {2,}|$)|\bexit(?:ed with)? (?:code|status):? 137\b|\bcode 137\b|signal: 9, SIGKILL",
            r"g\+\+: fatal error: Killed signal terminated|fatal error: Killed signal|CUDA out of memory|(?i:memory limit exceeded|allowed memory size of)",
        ),
    ),
    (
        "disk",
        _any(
            r"(?i:no space left on device|\bENOSPC\b|disk (?:is )?full|not enough (?:free )?(?:disk )?space|disk quota exceeded|there is not enough space on the disk|out of disk space|You don't have enough free space)"
        ),
    ),
    (
        "timeout",
        _any(
            r"(?i:job|build|step|stage|action|workflow|container|script|pipeline)\b.{0,80}\b(?:exceeded the (?:maximum|time)|timed out after|timed out\.?$|has timed out|time ?limit)",
            r"execution took longer than|because the timeout was exceeded|maximum (?:execution )?time limit for jobs|DUE TO TIME LIMIT",
            r"No output has been received in the last|Too long with no output|Timeout has been exceeded|sending signal TERM to command",
            r"Cancelling nested steps due to timeout|##\[error\]The (?:operation|job|action) .{0,80}(?:timed out|exceeded)",
            r"^panic: test timed out after|\*\*\*Timeout\b|\bexit(?:ed with)? (?:code|status):? 124\b|Job's time limit|^make: \*\*\* .* Terminated$",
        ),
    ),
    (
        "cancelled",
        _any(
            r"##\[error\]The operation was cancell?ed|\bThe (?:job|run|build|operation|workflow) was cancell?ed\b|^\W{0,3}(?:Canceling|Cancelling) since a higher priority",
            r"^(?:#\d+ )?CANCELED$|code = Canceled\b|^(?:#\d+ )?ERROR: .*context canceled$|^ERROR: Job failed: cancell?ed|Aborted by \S+$|^Build was aborted|Received SIG(?:INT|TERM), shutting down|^\^C$",
            r"\bSIGTERM\b|^(?:.{0,80}: line \d+: +\d+ )?Terminated(?:$| {2,})|\bexit(?:ed with)? (?:code|status):? 143\b|^ERROR: script returned exit code 143|^Build cancell?ed",
        ),
    ),
    (
        "infrastructure",
        _any(
            r"(?i:runner (?:has received a shutdown signal|system failure)|lost communication with the server|the hosted runner|agent (?:went offline|was removed|disconnected))",
            r"(?i:no runners? (?:online|available|matching)|preempted|spot instance|the self-hosted runner|node .{0,60} is (?:offline|not ready)|Backing channel .{0,80} is disconnected)",
            r"An internal error has occurred\.|Our systems are|instance (?:was )?terminated",
        ),
    ),
)
_CRASHED = _any(
    r"\b[Ss]egmentation fault\b|\bSIG(?:SEGV|ABRT|BUS|ILL|FPE|TRAP)\b|\(core dumped\)|^Aborted\b|\bBus error\b|\bIllegal instruction\b",
    r"ERROR: (?:Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|: runtime error: |^SUMMARY: \w+Sanitizer",
    r"\*\*\*Exception\b|double free or corruption|stack smashing detected|Fatal Python error|The forked VM terminated|Floating point exception",
    r"Kernel panic - not syncing|general protection fault|^(?:\[ *[\d.]+\] )?BUG: |internal compiler error|\bAccess violation\b|0xC0000005|-1073741819",
    r"\bexit(?:ed with)? (?:code|status):? 13[469]\b|Unhandled exception at 0x|terminate called (?:after|without)|malloc\(\): |corrupted size vs|EXC_BAD_ACCESS",
)
_MISSING_MODULE = _any(
    r"\bModuleNotFoundError\b|\bNo module named\b|(?i:cannot find (?:module|package) ['\"`])|\bMODULE_NOT_FOUND\b|cannot load such file",
    r"\bCan't locate \S+\.pm in @INC|there is no package called|\bFailed to resolve import\b|Could not locate the bindings file|Can't resolve '",
    r"\b[Nn]o required module provides\b|Unable to resolve (?:path to )?module",
)
_NOT_COLLECTED = _any(
    r"Test suite failed to run",
    r"ERROR collecting",
    r"ImportError while (?:loading|importing)",
    r"^_+ ERROR collecting",
    r"^Failed Suites",
    r"An error occurred while loading",
)
_RESTORED = _any(r"\berror NU1[13]\d\d\b", r"\bno required module provides package\b")
"""What MSBuild and go print as a compiler's error: a package that is not there."""
_NO_BROWSER = _any(r"No binary for \w+ browser|Cannot start \w+|Executable doesn't exist at ")
_LINKED = _any(
    r"undefined reference to|multiple definition of|\bcannot find -l|\bld returned \d+|unresolved external symbol|\bLNK[12]\d{3}\b|undefined symbol(?:s| ?:)|Undefined symbols for",
    r"linker command failed|^error: linking with|unable to find library -l|library not found for -l|ld: framework not found|collect2: error|duplicate symbol|\bsymbol\(s\) not found|^ERROR: modpost: .{1,200} undefined!",
)
_REFUSED = _any(
    r"(?i:permission denied)|\bE(?:ACCES|PERM)\b|\bPermissionError\b|(?i:operation not permitted|read-only file system)|(?i:access (?:is|to .{1,80} is) denied|access denied)",
    r"(?i:\b403\b.{0,20}\bforbidden\b|status code: 403|requested access to the resource is denied|AccessDenied(?:Exception)?\b|\bPERMISSION_DENIED\b|Permission to \S+ denied to |\(Forbidden\): |is not authorized to perform)",
    r"(?i:\b401\b.{0,20}\bunauthori[sz]ed\b|authentication (?:failed|required)|could not read (?:Username|Password)|invalid credentials|bad credentials|resource not accessible by integration|insufficient (?:permissions|privileges))",
)
_UNREACHABLE = _any(
    r"(?i:connection (?:was )?(?:refused|reset|aborted|timed out)|couldn't connect|could ?n[o']t (?:connect|resolve)(?: to)? (?:host|server|proxy)|name or service not known|temporary failure (?:in name resolution|resolving))",
    r"\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRINUSE|EPROTO)\b|(?i:network is unreachable|no route to host|address already in use|nodename nor servname)",
    r"\bunable to access 'http|(?i:certificate (?:verify failed|has expired|is not trusted|signed by unknown)|SSL(?:_ERROR|Error|: CERTIFICATE)|TLS handshake (?:timeout|failed)|certificate subject alternative name)",
    r"^curl: \((?:5|6|7|18|22|28|35|52|55|56|60|92)\)|\bUnknownHostException\b|\bConnectException\b|\bdial tcp\b|(?i:i/o timeout)|Received fatal alert|(?i:read timed out|connect(?:ion)? timeout|\bmax retries exceeded)|\.ConnectionError\b|\bno such host\b",
    r"(?i:\b(?:502 bad gateway|503 service unavailable|504 gateway time-?out)\b|early EOF|remote end hung up unexpectedly|RPC failed; (?:curl|HTTP))|\bUNREACHABLE!",
)
_LATE = _any(
    r"(?i:\btimed out\b|\btimeout (?:of|after|reached|expired|exceeded|waiting)\b|deadline exceeded|\bTimeout(?:Error|Exception|Expired)\b|exceeded timeout of)",
)
_UNRESOLVED = _any(
    r"Could not find [\w.-]+:[\w.-]+:[\w.-]+|ModuleVersionNotFoundException|ModuleVersionResolveException|(?i:dependency .{1,80} is required but not found)",
    r"(?i:could not resolve (?:all )?(?:dependencies|artifacts|files for)|could not (?:find|transfer) artifact|non-resolvable (?:parent|import)|no matching (?:distribution|package|version)|unable to locate package)",
    r"(?i:no installation candidate|unmet dependencies|dependency (?:resolution|conflict)|conflicting (?:peer )?dependenc|version solving failed|could not find a version that satisfies|no solution found when resolving)",
    r"command not found$|: command not found|^(?:/bin/)?(?:sh|\S+\.sh): (?:line )?\d*:? ?\S+: not found$|is not recognized as (?:an internal|the name of)|\b(?:ERESOLVE|ENOTCACHED|E404|ETARGET|EUSAGE|EBADENGINE)\b",
    r"Could NOT find \w+|Could not find a package configuration file|\bmetadata-generation-failed\b|Getting requirements to build|\bDependency \"?\S+\"? not found|(?i:package \S+ (?:was )?not found)|pkg-config",
    r"(?i:manifest (?:unknown|for \S+ not found)|failed to pull image|ErrImagePull|ImagePullBackOff|pull access denied)|\bPackagesNotFoundError|UnsatisfiableError|ResolvePackageNotFound|\bUnable to find a match\b|ResolutionImpossible",
    r"(?i:could not find gem|in any of the sources|requires (?:a different )?(?:python|ruby|node|php)\b)|lockfile is not up to date|cannot install with \"frozen-lockfile\"|lock file .{0,60}(?:out of (?:date|sync)|needs to be updated)|(?i:failed to (?:get|fetch|download) [`'\"])",
    r"No candidate version found for|No package '[^']{1,200}' found|\b404 Not Found - GET |nothing provides \S+ (?:needed|required) by|is not available for this version of R\b",
    r"package `[^`]+` is unavailable|(?i:the (?:\w+ )?module needs to be installed|is not installed\b|is required .{0,40}to be installed|plugin .{1,80} (?:not found|could not be resolved))",
)
_MISCONFIGURED = _any(
    r"^##\[error\](?:Unable to process file command|Invalid format '|The (?:template|workflow) is not valid|Input required and not supplied|Unrecognized named-value)",
    r"error: the following arguments are required: |(?i:unrecognized (?:arguments?|options?|command[- ]line option)|unknown (?:option|command|directive|property|argument|field|flag|key)\b|no such (?:option|command)\b|invalid (?:configuration|config|option|argument)\b)",
    r"missing separator|No rule to make target|CMake Error|Malformed POM|Non-parseable|\bEJSONPARSE\b|unbound variable|No Rakefile found|no such file or directory: .*\.(?:toml|ya?ml|json|ini|cfg)$",
    r"(?i:mapping values are not allowed|(?:yaml|toml|json|xml|ini|hcl)(?:\.\w+)*[: ].{0,80}(?:parse|syntax|decode|unmarshal|scanner|did not find|mapping values)|error (?:parsing|converting) (?:yaml|toml|json|config))|\bJSONDecodeError\b|yaml\.(?:scanner|parser)\.",
    r"(?i:environment variable .{1,80} (?:is )?(?:not set|required|missing|undefined)|missing (?:required )?(?:environment variable|configuration|config|option|argument|parameter|secret|input))|(?i:could not (?:load|read|parse) (?:the )?(?:config|settings))",
    r"(?i:Unable to locate executable|status=203/EXEC|Unsupported (?:argument|block type|class file major version)|invalid (?:source|target) release)|Could not determine java version|^\[emerg\]|(?i:requires (?:java|jdk|jre) \d|requires? .{0,40}JRE)",
    r"(?i:the 'pathspec'|error: pathspec '|not a git repository)|(?i:no such (?:scheme|task|target)\b|task '[^']+' not found|missing script:)|does not contain a scheme|\b(?:SystemCheckError|ImproperlyConfigured)\b",
)
_UNCAUGHT = _any(
    r"Traceback \(most recent call last|^Exception in thread|panicked at|^panic: |^Uncaught |[Uu]nhandled (?:exception|rejection|promise)|^Unhandled ",
    r"^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)\b(?::|$)|\.rb:\d+:in [`']|PHP Fatal error|^Fatal error: Uncaught| at \S+\.p[lm] line \d+|^rake aborted!|^Execution halted$|^ERROR: LoadError: ",
)
_TASKS = (
    (
        "compile",
        _any(
            r"\bdo_compile\b",
            r":compile\w*(?:Java|Kotlin|Scala|Groovy|Swift|Debug|Release|JavaWithJavac)\w*\b",
            r"\b(?:maven-compiler|kotlin-maven|scala-maven)-plugin:",
            r"\(\w+ / (?:Test / )?compileIncremental\)|\((?:Test / |Compile / )compile",
            r"Error code 1, .{0,40}compil",
        ),
    ),
    (
        "test",
        _any(
            r"\bmaven-(?:surefire|failsafe)-plugin:",
            r"There (?:are|were) (?:test failures|failing tests)",
            r"\bdo_(?:test|check|install_ptest)\b",
            r"^//\S+ +(?:FAILED|TIMEOUT) in |^INFO: Build completed, \d+ tests? FAILED",
        ),
    ),
)
_BEFORE_TASKS = _any(r"Could not determine the dependencies of task")
_GRADLE = _any(r"^\* What went wrong:")
_TASK_OF_GRADLE = _any(
    r"Execution failed for task|^> Task :\S+ FAILED|Could not determine the dependencies of task"
)
_BY_ROLE = {
    "compile": "compile",
    "link": "link",
    "test": "test",
    "dependency": "dependency",
    "configuration": "configuration",
    "network": "network",
    "crash": "crash",
    "run-check": "crash",
}
_SURFACE = 40
"""Lines of a span that are looked at."""


def kind_of(lines: Sequence[str], around: Sequence[str], reporter: Reporter | None) -> str | None:
    """The kind that the lines of one span state, `around` being the lines near it; None if they don't."""
    text = lines[:_SURFACE] if len(lines) <= _SURFACE else [*lines[: _SURFACE // 2], *lines[-_SURFACE // 2 :]]
    for kind, pattern in _STOPPED:
        if _stated(pattern, text):
            return kind
    does = reporter.does if reporter else ""
    if does.startswith("test"):
        return _kind_in_a_test(text)
    if _stated(_CRASHED, text):
        return "crash"
    if does == "link" or _stated(_LINKED, text):
        return "link"
    if does == "compile":
        return "dependency" if _stated(_RESTORED, text) else "compile"
    if does == "check":
        return None
    stated = _kind_stated(text, does)
    if stated in (None, "configuration"):
        stated = _kind_of_a_task(text, does) or stated
    if stated is None and _stated(_GRADLE, around) and not _stated(_TASK_OF_GRADLE, around):
        return "configuration"  # Gradle failed before it ran any task
    return stated


def _kind_of_a_task(text: Sequence[str], does: str) -> str | None:
    """What the step does that a build tool names in its report."""
    if does == "build" and not _stated(_BEFORE_TASKS, text):
        for kind, pattern in _TASKS:
            if _stated(pattern, text):
                return kind
    return None


def _kind_in_a_test(text: Sequence[str]) -> str:
    """A test fails as a test whatever its assertion says, unless it couldn't begin or took the process down."""
    if _stated(_NO_BROWSER, text) or (_stated(_NOT_COLLECTED, text) and _stated(_MISSING_MODULE, text)):
        return "dependency"
    if any(
        re.search(
            r"Fatal Python error|\(core dumped\)|^Segmentation fault|\*\*\*Exception|ERROR: \w+Sanitizer",
            line,
        )
        for line in text
    ):
        return "crash"
    return "test"


def _kind_stated(text: Sequence[str], does: str) -> str | None:
    for kind, pattern in (
        ("dependency", _MISSING_MODULE),
        ("permission", _REFUSED),
        ("network", _UNREACHABLE),
        ("timeout", _LATE),
        ("dependency", _UNRESOLVED),
        ("configuration", _MISCONFIGURED),
    ):
        if _stated(pattern, text):
            return kind
    if does in _BY_ROLE:
        return _BY_ROLE[does]
    # A build tool shows the traces of whatever failed in it.
    return "crash" if does in ("", "run", "shell") and _stated(_UNCAUGHT, text) else None


def _stated(pattern: re.Pattern[str], lines: Sequence[str]) -> bool:
    return any(pattern.search(line) for line in lines)
