"""Forms of the output of linters, type checkers and formatters."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

CHECKERS = (
    reporter("phpstan", "check", [r"^ *\[ERROR\] Found \d+ errors?"], [r"^ *Line +\S+\.php\b"]),
    reporter("psalm", "check", [r"^ERROR: \w+ - \S+\.php:\d+:\d+ - "]),
    reporter(
        "phpcs", "check", [r"^ *\d+ \| (?:ERROR|WARNING) +\| ", r"^FOUND \d+ ERRORS? "], [r"^FILE: \S+\.php$"]
    ),
    reporter("rubocop", "check", [r"^\S+\.rb:\d+:\d+: [CWEFR]: ", r"^\d+ files? inspected, \d+ offenses?"]),
    reporter(
        "mypy",
        "check",
        [r"^\S+\.pyi?:\d+(?::\d+)?: error: .*\[[\w-]+\]$", r"^Found \d+ errors? in \d+ files? \(checked"],
    ),
    reporter("pyright", "check", [r"^ *\S+\.py:\d+:\d+ - error: "]),
    reporter(
        "ruff",
        "check",
        [r"^\S+\.(?:py|ipynb)\S*:\d+:\d+: [A-Z]{1,4}\d{3,4} ", r"^[A-Z]{1,4}\d{3,4} (?:\[\*\] )?[A-Z`'\"]"],
        [r"^Found \d+ errors?\.$"],
    ),
    reporter("pylint", "check", [r"^\S+\.py:\d+:\d+: [CRWEF]\d{4}: "]),
    reporter("black", "check", [r"^would reformat \S", r"^error: cannot format \S"]),
    reporter("stylelint", "check", [r"^ +\d+:\d+ +✖ +\S"]),
    reporter("eslint", "check", [r"^ +\d+:\d+ +error +\S", r"^✖ \d+ problems? \(\d+ errors?"], []),
    reporter(
        "oxlint", "check", [r"^ *[×x] [\w@-]+\([\w/-]+\): "], [r"^Found \d+ warnings? and \d+ errors?\."]
    ),
    reporter("biome", "check", [r"^\S+:\d+:\d+ (?:lint|parse|assist)/\S+ ━"]),
    reporter(
        "prettier",
        "check",
        [r"^\[(?:warn|error)\] \S+\.\w+$", r"^\[error\] \S+: SyntaxError"],
        [r"Code style issues (?:found|were)"],
    ),
    reporter("markdownlint", "check", [r"^\S+\.md: ?\d+(?::\d+)?:? (?:error )?MD\d{3}/"]),
    reporter(
        "shellcheck",
        "check",
        [r"^In \S+\.(?:ba|da|k|z)?sh line \d+:$", r"\bSC\d{4} ?\(error\)", r"\(SC\d{4}\)|\[SC\d{4}\]"],
    ),
    reporter("golangci-lint", "check", [r"^\S+\.go:\d+(?::\d+)?: .*\((?:\w+)\)$"]),
    reporter("checkstyle", "check", [r"^\[(?:ERROR|WARN)\] \S+\.java:\d+(?::\d+)?: .*\[\w+\]$"]),
    reporter("hadolint", "check", [r"^\S*Dockerfile\S*:\d+ DL\d{4}"]),
    reporter("swiftlint", "check", [r"^\S+\.swift:\d+:\d+: (?:warning|error): .* Violation: "]),
    reporter("flake8", "check", [r"^\S+\.py:\d+:\d+: [EWFCN]\d{3} "]),
    reporter("pre-commit", "check", [r"^- hook id: "], [r"^[\w .'-]+\.{5,}Failed$"]),
    reporter("cargo fmt", "check", [r"^Diff in \S+\.rs\b"]),
    reporter("pa11y", "check", [r"^ • \S"], [r"^Errors in https?://", r"^Running Pa11y on"]),
    reporter("gofmt", "check", [r"^diff (?:-u )?\S+\.go(?:\.orig)? "]),
    reporter("codespell", "check", [r"^\S+:\d+: \w+ ==> \w"]),
    reporter("commitlint", "check", [r"^[✖⧗] +(?:subject|type|body|input|found)"]),
)
