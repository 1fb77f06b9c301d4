"""Forms of the output of compilers, linkers and bundlers."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import C_SOURCE, reporter

COMPILERS = (
    reporter(
        "nvcc",
        "compile",
        [
            r"^nvcc (?:fatal|error) *: ",
            r"\S+\.cuh?\(\d+\): (?:catastrophic )?error",
            r"^ptxas (?:fatal|error) *: ",
        ],
    ),
    reporter(
        "sanitizer",
        "run-check",
        [
            r"^=*\d*=*ERROR: (?:Address|Leak|Memory)Sanitizer",
            r"WARNING: ThreadSanitizer",
            r"^SUMMARY: \w+Sanitizer",
            r"^\S+:\d+:\d+: runtime error: ",
        ],
    ),
    reporter(
        "linker",
        "link",
        [
            r"undefined reference to",
            r"multiple definition of",
            r"\bld(?:\.\w+|\.exe)?: (?:cannot find|error: |undefined |symbol)",
            r"\bld returned \d+ exit status",
            r"unresolved external symbol",
            r"^LINK : fatal error",
            r"(?:error|fatal error) LNK\d+",
            r"^Undefined symbols for architecture",
            r"^ld: ",
            r"linker command failed",
            r"^error: linking with ",
            r"\blld?: error: ",
        ],
    ),
    reporter("tsc", "compile", [r"error TS\d+: "]),
    reporter("clang-tidy", "check", [r"(?:error|warning): .*\[[\w.-]+,-warnings-as-errors\]$"]),
    reporter(
        "cargo",
        "compile",
        [
            r"^error\[E\d+\]: ",
            r"^ *--> \S+\.rs:\d+:\d+",
            r"^error: could not compile `",
            r"^error: aborting due to",
        ],
    ),
    reporter(
        "cargo test",
        "test",
        [
            r"^ {0,4}test \S+ \.\.\. FAILED$",
            r"^error: test failed, to rerun pass",
        ],
        [r"^test result: FAILED", r"^---- \S.* stdout ----$"],
    ),
    reporter(
        "groovy",
        "compile",
        [r"^(?:\[ERROR\] )?org\.codehaus\.groovy\.control\.MultipleCompilationErrorsException\b"],
    ),
    reporter(
        "kotlin",
        "compile",
        [
            r"^(?:\S{1,40} : )?e: (?:file://|/|[A-Za-z]:[\\/]|\w)\S*\.kts?\b",
            r"^error: .*\(\S+\.kt:\d+:\d+\)$",
        ],
    ),
    reporter(
        "swift",
        "compile",
        [
            r"^\S+\.swift:\d+:\d+: (?:fatal )?error: ",
            r"^SwiftCompile .*failed",
            r"^error: emit-module command failed",
        ],
    ),
    reporter("dart", "compile", [r"^\S+\.dart:\d+:\d+: Error: ", r"^ *error [•-] .* [•-] \S+\.dart:\d+:\d+"]),
    reporter(
        "scalac",
        "compile",
        [
            r"^\[error\] \S+\.scala:\d+(?::\d+)?: ",
            r"^\[error\] -- .*Error: \S+\.scala:\d+",
            r"^\S+\.scala:\d+: error: ",
        ],
    ),
    reporter("ghc", "compile", [r"^\S+\.l?hs:(?:\d+:\d+|\(\d+,\d+\))(?:-\S+)?: (?:error|fatal)"]),
    reporter("ocaml", "compile", [r"^File \"\S+\.(?:mli?|mly|mll)\", lines? \d+"]),
    reporter("elm", "compile", [r"^-- [A-Z ]+ -+ \S+\.elm$"]),
    reporter("javac", "compile", [r"^\S+\.java:\d+: error: ", r"^ *\[javac\] \S+\.java:\d+: "]),
    reporter(
        "msbuild",
        "compile",
        [
            r"^ *(?:[^\s(]+\(\d+(?:,\d+){0,3}\)|MSBUILD|CSC) ?: (?:fatal )?error (?:CS|FS|BC|MSB|NU|NETSDK|CA|IDE|SA|AD)\w*\d+",
            r"\berror (?:MSB|NETSDK|NU)\d{4}: ",
        ],
        [r"^Build FAILED\.$"],
    ),
    reporter("cl", "compile", [r"^\S.*\(\d+(?:,\d+)?\) ?: (?:fatal )?error C\d{4}: "]),
    reporter("go", "compile", [r"^(?:vet: )?\S+\.go:\d+:\d+: ", r"^package \S+ is not in (?:GOROOT|std)"]),
    reporter(
        "elixir",
        "compile",
        [r"^\*\* \((?:CompileError|SyntaxError|TokenMissingError)\)", r"^== Compilation error in file "],
    ),
    reporter(
        "latex",
        "compile",
        [
            r"^! (?:LaTeX|Package|Undefined|Missing|Emergency|TeX|File|Extra|Misplaced)",
            r"^(?:LaTeX|Package \S+) Error: ",
            r"^\S+\.(?:tex|sty|cls|bib):\d+: ",
        ],
    ),
    reporter(
        "latex",
        "check",
        [r"^LaTeX Warning: ", r"^Overfull \\[hv]box"],
        [r"^Latexmk: ", r"^Output written on \S+\.pdf"],
    ),
    reporter("verilator", "compile", [r"^%Error(?:-\w+)?: "]),
    reporter("unity", "compile", [r"^Assets[\\/]\S+\.cs\(\d+,\d+\): error CS\d+"]),
    reporter("nix", "build", [r"^error: builder for '/nix/store", r"^error: .*/nix/store/\S+\.drv"]),
    reporter("esbuild", "compile", [r"^✘ \[ERROR\] "]),
    reporter(
        "webpack",
        "compile",
        [r"^ERROR in \S", r"^Module (?:not found|build failed)", r"^ *@ \./\S+ \d+:\d+"],
        [r"^webpack \d+\.\d+.*compiled with \d+ error"],
    ),
    reporter(
        "vite",
        "compile",
        [r"^\[vite(?::[\w-]+)?\] ", r"^error during build:$", r"^\[commonjs--resolver\]"],
        [],
    ),
    reporter("rollup", "compile", [r"^\[!\] (?:\(|Error:|RollupError)", r"^RollupError: "]),
    reporter("next", "compile", [r"^Failed to compile\.$", r"^> Build error occurred"], []),
    reporter(
        "compiler",
        "compile",
        [
            rf"^(?:\[.{{0,40}}\] )?[^\s:]+\.{C_SOURCE}:\d+(?::\d+)?: (?:fatal )?error\b",
            r"^cc1\w*: (?:fatal )?error",
            r"^compilation terminated\.$",
            r"^(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?)(?:-\d+)?: (?:fatal )?error: ",
            r"^(?:f951|gfortran): ",
            r"^\S+: error: .*\[-W(?:error)?[\w=-]*\]$",
        ],
    ),
)
