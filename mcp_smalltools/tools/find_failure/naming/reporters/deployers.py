"""Forms of the output of what configures and deploys, and of services."""

from mcp_smalltools.tools.find_failure.naming.reporters.reporter import reporter

DEPLOYERS = (
    reporter("packer", "deploy", [r"^Build '.{1,200}' errored after ", r"^==> Some builds didn't complete "]),
    reporter(
        "alembic",
        "deploy",
        [
            r"^(?:FAILED|ERROR): (?:Can't locate revision|Multiple head revisions|Target database is not up to date|No config file|No such revision|Path doesn't exist)",
            r"^ERROR +\[alembic\.",
        ],
    ),
    reporter("cmake", "configuration", [r"^CMake Error"], [r"^-- Configuring incomplete, errors occurred"]),
    reporter("meson", "configuration", [r"^\S*meson\.build:\d+:\d+: ERROR: "]),
    reporter("configure", "configuration", [r"^configure: error: ", r"^configure\.ac:\d+: error"]),
    reporter(
        "terraform",
        "deploy",
        [
            r"^[│|] Error: ",
            r"^Error: .*\bprovider\b",
            r"\[ERROR\] (?:provider\.terraform-|vertex \")",
            r"^[│|]?  +on \S+\.tf line \d+",
        ],
        [r"^╷$"],
    ),
    reporter(
        "ansible",
        "deploy",
        [r"^fatal: \[[^\]]+\](?: ->.*)?: (?:FAILED|UNREACHABLE)!", r"^failed: \[[^\]]+\]", r"^ERROR! "],
        [r"^PLAY RECAP \*+", r"^TASK \[.*\] \*+"],
    ),
    reporter(
        "helm",
        "deploy",
        [
            r"^Error: (?:INSTALLATION FAILED|UPGRADE FAILED|UNINSTALL|template: |chart requires|parse error at)",
            r"^\[ERROR\] templates/",
        ],
    ),
    reporter(
        "kubectl",
        "deploy",
        [
            r"^(?:Error from server|error: (?:unable to recognize|error validating|the server|timed out waiting for|deployment))",
            r"^The \w+ \"\S+\" is invalid: ",
        ],
    ),
    reporter(
        "kubernetes",
        "deploy",
        [r"^ *Warning +(?:Failed|BackOff|Unhealthy|FailedScheduling|FailedMount|FailedCreate)\w* "],
    ),
    reporter(
        "docker compose",
        "deploy",
        [r"^(?:Error response from daemon|service \"\S+\" (?:didn't|depends)|dependency failed to start)"],
    ),
    reporter("pulumi", "deploy", [r"^ +error: .*(?:urn:pulumi|update failed)"], [r"^Diagnostics:$"]),
    reporter(
        "systemd",
        "deploy",
        [
            r"systemd\[\d+\]: .*(?:Failed|failed|Main process exited)",
            r"\.service: (?:Main process exited|Failed with result|Unable to locate executable|Failed at step)",
            r"^ +Active: failed \(",
        ],
    ),
    reporter("nginx", "configuration", [r"^(?:nginx: )?\[emerg\] "]),
    reporter(
        "kernel",
        "crash",
        [
            r"Kernel panic - not syncing",
            r"^BUG: ",
            r"^(?:\[ *\d+\.\d+\] )?Oops: ",
            r"general protection fault",
        ],
    ),
    reporter("postgres", "run", [r"^psql:\S+:\d+: ERROR: "]),
    reporter(
        "git",
        "git",
        [
            r"^CONFLICT \(",
            r"^fatal: .*(?:repository|remote|branch|revision|commit|pathspec|HEAD|\brefs?\b|git)",
            r"^error: pathspec ",
            r"^error: could not apply",
            r"^ ! \[(?:remote )?rejected\]",
            r"^Automatic merge failed",
        ],
    ),
    reporter("curl", "network", [r"^curl: \(\d+\) "]),
    reporter("wget", "network", [r"^wget: ", r"^Connecting to .* failed: "]),
    reporter(
        "packer",
        "deploy",
        [r"^Build '[\w.-]+' errored"],
        [r"^==> (?:Some builds didn't complete|Wait completed after)"],
    ),
    reporter(
        "vagrant", "deploy", [r"^(?:Vagrant|The SSH command responded with a non-zero)", r"^ *==> \w+: "]
    ),
    reporter("kubelet", "configuration", [r"\bkubelet\[\d+\]: "]),
    reporter(
        "github actions",
        "ci's own",
        [
            r"^##\[error\](?:Unable to (?:process|resolve|download|find)|Invalid format|The (?:template|workflow|job|runner|hosted)|Input required|Missing download|Unrecognized named-value|No files were found)"
        ],
    ),
)
