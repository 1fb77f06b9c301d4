"""Forms of the output of languages' runtimes and of shells."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

RUNTIMES = (
    reporter(
        "python",
        "run",
        [
            r"^ *Traceback \(most recent call last",
            r"^ *File \"[^\"]{1,300}\", line \d+, in ",
            r"^ModuleNotFoundError: ",
            r"^Fatal Python error",
        ],
    ),
    reporter(
        "node",
        "run",
        [
            r"^node:internal",
            r"^\(node:\d+\) ",
            r"^Node\.js v\d",
            r"^ +at .{1,200}(?:node_modules|node:internal|\.[cm]?[jt]sx?:\d+:\d+\)?$)",
            r"FATAL ERROR: .*(?:heap|Allocation)",
            r"^(?:internal/)?modules/cjs/loader",
            r"^ +throw (?:err|er|new)\b",
            r"^Require stack:",
        ],
    ),
    reporter(
        "java",
        "run",
        [
            r"^\s+at [\w.$/@]+\([\w$-]+\.(?:java|kt|scala|groovy):\d+\)",
            r"^Exception in thread ",
            r"^(?:Caused by: )?(?:java|javax|org|com|io|net|kotlin|scala|jdk)\.[\w.$]{1,200}(?:Error|Exception)\b",
            r"^Caused by: ",
            r"^Error occurred during initialization of (?:VM|boot)",
        ],
    ),
    reporter("ruby", "run", [r"\.rb:\d+:in [`']", r"^\S+: (?:cannot load such file|undefined method)"]),
    reporter("rust", "run", [r"^thread '.*' panicked at", r"RUST_BACKTRACE"]),
    reporter("go", "run", [r"^panic: ", r"^goroutine \d+ \[", r"^fatal error: all goroutines"]),
    reporter(
        "php",
        "run",
        [
            r"^(?:PHP )?(?:Fatal|Parse) error: ",
            r"^PHP (?:Warning|Notice): ",
            r"^#\d+ \S+\.php\(\d+\): ",
            r"^ {2,4}(?:[A-Z]\w*\\){1,8}\w+(?:Exception|Error)\s*$",
            r"^ +\+\d+ vendor frames",
        ],
    ),
    reporter("perl", "run", [r" at \S+\.(?:p[lm]|t) line \d+", r"^Can't locate \S+\.pm in @INC"]),
    reporter("R", "run", [r"^Error in .+ ?:", r"^Execution halted$", r"^Calls: "]),
    reporter(
        "julia",
        "run",
        [
            r"^ *@ \w+ \S+\.jl:\d+",
            r"^ERROR: (?:LoadError|MethodError|UndefVarError|ArgumentError|BoundsError)",
        ],
    ),
    reporter("lua", "run", [r"^lua\w*: ", r"^\t?\[C\]: in "]),
    reporter("elixir", "run", [r"^ *\*\* \(\w[\w.]*\)", r"^ +\([\w.]+(?: \d[\w.-]*)?\) \S+\.exs?:\d+: "]),
    reporter(
        "powershell",
        "shell",
        [
            r"^At (?:[A-Za-z]:|/|\.)\S+\.ps1:\d+ char:\d+",
            r"^At line:\d+ char:\d+",
            r"^ *\+ CategoryInfo +: ",
            r"^\+ FullyQualifiedErrorId",
            r"^ParserError: ",
            r"^Line \|\s*$",
        ],
    ),
    reporter(
        "shell",
        "shell",
        [
            r"^(?:\S+: )?(?:line \d+: |\d+: )?\S+: (?:command not found|not found|unbound variable|Permission denied|No such file or directory)$",
            r"^\S+\.(?:sh|bash): line \d+: ",
            r"^(?:/bin/)?(?:ba|da|z|k)?sh: ",
            r"^(?:cp|mv|tar|rm|mkdir|cat|dd|gzip|timeout|ln|ls|chmod|chown|sed|grep|find|install|unzip): ",
        ],
    ),
)
