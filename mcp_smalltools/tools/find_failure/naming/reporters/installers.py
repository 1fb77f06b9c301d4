"""Forms of the output of package managers, where they fetch and resolve."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

INSTALLERS = (
    reporter("uv", "dependency", [r"^ *× No solution found when resolving", r"^ *[├╰]─▶ "], []),
    reporter(
        "poetry",
        "dependency",
        [
            r"^ *Because .* depends on .*version solving failed",
            r"^version solving failed",
            r"^ *SolverProblemError",
        ],
        [],
    ),
    reporter(
        "conda",
        "dependency",
        [
            r"^(?:LibMamba)?Unsatisfiable",
            r"^LibMambaUnsatisfiableError",
            r"^(?:conda\.exceptions\.)?PackagesNotFoundError",
            r"^(?:conda\.exceptions\.|CondaHTTP|Conda[A-Z]\w+)\w*Error: ",
            r"^ResolvePackageNotFound",
            r"^Could not solve for environment specs",
            r"^Solving environment: .*failed",
        ],
        [],
    ),
    reporter(
        "pip",
        "dependency",
        [
            r"^ *ERROR: (?:Could not find a version|No matching distribution|Could not install|Cannot install|ResolutionImpossible|Failed building wheel|Failed to build|Command errored|Package .* requires a different Python|Ignored the following|Invalid requirement|Could not build wheels|THESE PACKAGES)",
            r"^error: (?:subprocess-exited-with-error|metadata-generation-failed|externally-managed)",
            r"^ *× (?:python setup|Getting requirements|Building wheel|pip subprocess|Preparing metadata|Encountered error)",
            r"^note: This error originates from a subprocess, and is likely not a problem with pip",
        ],
    ),
    reporter(
        "bundler",
        "dependency",
        [
            r"^Could not find (?:gem '|\S+ in (?:any of the sources|rubygems|locally))",
            r"^Bundler (?:could not find|::)",
            r"^Bundler::\w+Error",
            r"^An error occurred while installing \S+ \(",
            r"^Your bundle (?:is locked|only supports)",
        ],
    ),
    reporter(
        "composer",
        "dependency",
        [
            r"^ *Problem \d+$",
            r"^ *Your requirements could not be resolved",
            r"^ *- The requested package",
            r"^ *- Root composer\.json requires",
        ],
    ),
    reporter("pnpm", "dependency", [r"ERR_PNPM_\w+", r"ELIFECYCLE.*Command failed"]),
    reporter(
        "yarn",
        "dependency",
        [
            r"^error Couldn't find (?:any versions|package)",
            r"^➤ YN\d{4}: .*(?:error|failed|couldn't)",
            r"^error An unexpected error occurred: \"https",
        ],
    ),
    reporter("apt", "dependency", [r"^E: ", r"^Err:\d+ ", r"^dpkg: error"]),
    reporter(
        "dnf",
        "dependency",
        [
            r"^Error: (?:Unable to find a match|Problem: |Failed to download metadata)",
            r"^No match for argument: ",
        ],
    ),
    reporter("apk", "dependency", [r"^ERROR: unable to select packages"]),
    reporter("brew", "dependency", [r"^Error: No (?:available|formulae)", r"^Error: \S+ has been disabled"]),
    reporter(
        "cocoapods", "dependency", [r"^\[!\] (?:CocoaPods|Unable to find a specification|Error installing)"]
    ),
    reporter("go", "dependency", [r"^go: ", r"no required module provides package"]),
    reporter(
        "cargo",
        "dependency",
        [
            r"^error: (?:no matching package|failed to (?:select a version|parse manifest|get `|load|download|read|resolve))"
        ],
    ),
    reporter(
        "unity", "dependency", [r"^\[Package Manager\]", r"^An error occurred while resolving packages"]
    ),
    reporter(
        "composer",
        "dependency",
        [r"^ +Failed to (?:extract|download) [\w-]+/[\w-]+"],
        [r"^Installing dependencies from lock file", r"^ {2}- (?:Installing|Downloading) [\w-]+/[\w-]+ \("],
    ),
)
