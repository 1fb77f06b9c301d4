"""Forms of the output of build tools that run others."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

BUILD_TOOLS = (
    reporter(
        "bitbake",
        "build",
        [
            r"^ERROR: \S+ do_\w+: ",
            r"^ERROR: Task \(.*\.bb:do_\w+\) failed",
            r"^ERROR: Nothing (?:R?PROVIDES|RPROVIDES)",
        ],
        [r"^NOTE: Tasks Summary: "],
    ),
    reporter(
        "bazel",
        "build",
        [
            r"^ERROR: (?:/\S+|[\w/]+)(?:BUILD|BUILD\.bazel|\.bzl|WORKSPACE):\d+:\d+: ",
            r"^(?:ERROR|FAILED): (?:Build did NOT|Analysis of target|no such (?:package|target))",
            r"^//\S+ +(?:FAILED|TIMEOUT) in ",
            r"^INFO: Build completed, \d+ tests? FAILED",
        ],
        [r"^INFO: Elapsed time: "],
    ),
    reporter("gradle", "test", [r"^\w[\w.$]*(?: > .{1,200})? > .{1,200} FAILED$"]),
    reporter(
        "gradle",
        "build",
        [
            r"^FAILURE: Build (?:failed|completed)",
            r"^Execution failed for task",
            r"^> Task :\S+ FAILED$",
            r"^> (?:Could not resolve|A failure occurred while executing)",
        ],
        [r"^\* What went wrong:$", r"^\* (?:Try|Exception is):", r"^BUILD FAILED in "],
    ),
    reporter(
        "maven",
        "compile",
        [r"^\[ERROR\] COMPILATION ERROR", r"^\[ERROR\] \S+\.(?:java|kt|scala|groovy):\[\d+,\d+\]"],
    ),
    reporter(
        "maven",
        "test",
        [
            r"^(?:\[ERROR\] )?(?:Tests run: .*)?.*Time elapsed: .*<<< (?:FAILURE|ERROR)!",
            r"^(?:\[ERROR\] )?Tests run: \d+, .*(?:Failures|Errors): [1-9]",
            r"^\[ERROR\] {2,3}[\w$]+\.\w+:\d+",
            r"^(?:\[ERROR\] )?(?:Failures|Errors|Tests in error|Failed tests): ?$",
            r"^\[ERROR\] .*There are test failures",
        ],
    ),
    reporter(
        "maven",
        "build",
        [
            r"^\[ERROR\] .*(?:Failed to execute goal|Non-resolvable|Could not (?:resolve|find)|Non-parseable|Malformed|Plugin \S+ or one of)",
            r"^\[ERROR\] (?:The build could not read|Some problems were encountered|Re-run Maven|To see the full stack)",
        ],
        [r"^\[INFO\] BUILD FAILURE$", r"^\[ERROR\] BUILD (?:FAILURE|ERROR)"],
    ),
    reporter(
        "sbt", "build", [r"^\[error\] \(.*\) ", r"^\[error\] Failed tests:"], [r"^\[error\] Total time: "]
    ),
    reporter(
        "ant", "build", [r"^ *\[(?:javac|junit|exec|java)\] ", r"^\S+build\.xml:\d+: "], [r"^BUILD FAILED$"]
    ),
    reporter("leiningen", "dependency", [r"^Could not (?:transfer|find) artifact \S+ (?:from/to|in) "], []),
    reporter(
        "docker",
        "build",
        [
            r"^(?:#\d+ )?ERROR: (?:failed to (?:solve|build)|process \"/bin/sh)",
            r"^failed to solve",
            r"^unable to prepare context",
            r"^The command '/bin/sh .* returned a non-zero code",
            r"^executor failed running",
            r"^docker: Error response",
            r"^Dockerfile\S*:\d+$",
            r"^ *\d+ \| >>> ",
        ],
        [r"^ > \[.*\] [A-Z]+ "],
    ),
    reporter(
        "tox", "build", [r"^ERROR: InvocationError ", r"^  \S+: FAIL code \d+"], [r"^  evaluation failed :\("]
    ),
    reporter("rake", "build", [r"^rake aborted!$", r"^No Rakefile found "], []),
    reporter("npm", "build", [r"^npm (?:ERR!|error)(?: |$)"]),
    reporter("yarn", "build", [r"^error Command failed with exit code"]),
    reporter(
        "make",
        "build",
        [r"^g?make(?:\[\d+\])?: \*\*\* ", r"^(?:\S*/)?(?:GNU)?[Mm]akefile(?:\.\w+)?:\d+: \*\*\* "],
    ),
    reporter("cargo", "build", [], [r"^error: failed to run custom build command for `"]),
    reporter("snakemake", "build", [r"^Error in rule \w+:$", r"^\w+Exception in (?:rule|file|line) "]),
    reporter("hardhat", "build", [r"^(?:Hardhat)?Error:? HHE?\d+: "]),
    reporter("ninja", "build", [r"^ninja: (?:build stopped|error: |fatal: )", r"^FAILED: \S"]),
    reporter(
        "xcodebuild",
        "build",
        [
            r"^xcodebuild: error: ",
            r"^\*\* (?:BUILD|ARCHIVE|EXPORT) FAILED \*\*",
            r"^The following build commands failed:",
            r"^error: .*(?:Provisioning|Signing|scheme)",
        ],
    ),
    reporter(
        "dotnet",
        "build",
        [r"^(?:Unhandled exception\. )System\.", r"^It was not possible to find any compatible framework"],
    ),
)
