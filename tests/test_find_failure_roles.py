"""What each line of a log is: output of a program, or a script, variables, progress, cleanup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.outcome.roles import NEVER_EVIDENCE, Role, roles_of


def roles(log: str) -> list[str]:
    return [role.name for role in roles_of(log.splitlines())]


def test_the_script_that_github_shows_of_a_step_is_no_output() -> None:
    log = (
        "##[group]Run acme/retry@v2\nwith:\n  command: |\n  echo 'ERROR: no installer'\n  exit 1\n"
        "env:\n  CI: 1\n##[endgroup]\nfatal: not a repository\n##[error]Process completed with exit code 128."
    )
    assert roles(log) == [
        "COMMAND", *["SCRIPT"] * 4, *["ENVIRONMENT"] * 2, "FRAME", "OUTPUT", "OUTPUT"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "+ ./configure --prefix=/usr",
        "$ make check",
        "ann@box:~/shop$ npm test",
        "[root@box shop]# make",
        r"PS C:\shop> dotnet build",
        "Step 3/9 : RUN exit 1",
        "#7 [4/6] RUN adduser boat",
        "> shop@1.0.0 build",
        "py311: commands[0]> pytest -x",
        "/usr/bin/gcc -O2 -c error.c -o error.o",
        "##[command]/usr/bin/git log",
    ],
)
def test_a_command_that_is_shown_before_it_runs_is_no_output(line: str) -> None:
    assert roles(line) == ["COMMAND"]


def test_what_a_test_shows_of_expected_and_actual_is_output() -> None:
    assert roles("- Expected\n+ Received\n\n-   total: 3\n+ total: 4") == [
        "OUTPUT", "OUTPUT", "BLANK", "OUTPUT", "OUTPUT"
    ]  # fmt: skip


def test_a_here_document_a_function_and_a_continued_command_are_scripts() -> None:
    log = (
        "$ cat > run.sh << 'EOF'\necho failed\nEOF\nfinish () \n{ \n    exit 1\n}\n"
        "$ docker run \\\n  --rm \\\n  box\nstarted"
    )
    assert roles(log) == [
        "COMMAND", "SCRIPT", "SCRIPT", *["SCRIPT"] * 4, "COMMAND", "SCRIPT", "SCRIPT", "OUTPUT"
    ]  # fmt: skip


def test_many_variables_in_a_row_are_a_dump_of_the_environment() -> None:
    assert roles("HOME=/root\nLANG=C\nERROR_LOG=/tmp/e\nPATH=/bin")[0] == "ENVIRONMENT"
    assert roles("HOME=/root\nstarted")[0] == "OUTPUT"


def test_progress_and_cleanup_that_tell_of_trouble_are_output() -> None:
    assert roles("Downloading junit-4.13.jar") == ["PROGRESS"]
    assert roles("Downloading junit-4.13.jar failed: 404") == ["OUTPUT"]
    assert roles("Uploading the log") == ["CLEANUP"]
    assert roles("Uploading the log: connection refused") == ["OUTPUT"]


def test_steps_after_the_failed_one_speak_for_themselves_only() -> None:
    log = (
        "##[group]Run ./check\n##[endgroup]\n1 of 4 failed\n##[error]Process completed with exit code 1.\n"
        "##[group]Run cat out/*.log\n##[endgroup]\ncat: out/*.log: No such file\n"
        "Post job cleanup.\nerror: could not lock config"
    )
    assert roles(log)[-3:] == ["AFTER", "CLEANUP", "CLEANUP"]
    assert roles(log)[2:4] == ["OUTPUT", "OUTPUT"]
    assert Role.AFTER not in NEVER_EVIDENCE


@given(
    st.lists(
        st.text(max_size=60)
        | st.sampled_from(["+ a 'b", "f () {", "}", "$ cat << E", "E", "##[group]Run x", "##[endgroup]"])
    )
)
def test_every_line_has_a_role_and_only_blank_ones_are_blank(lines: list[str]) -> None:
    found = roles_of(lines)
    assert len(found) == len(lines)
    for line, role in zip(lines, found, strict=True):
        assert role is not Role.BLANK or not line.strip()


def test_what_gradle_says_to_try_and_the_trace_below_come_after_what_went_wrong() -> None:
    log = (
        "* What went wrong:\nCould not resolve all dependencies.\n> Could not find shop:till:1.3.\n\n* Try:\n"
        "> Run with --info to get more log output.\n* Exception is:\ncom.shop.Unresolved: Not resolved.\n"
        "\tat com.shop.Till.open(Till.java:70)\n\nBUILD FAILED in 3s"
    )
    assert roles(log) == [
        *["OUTPUT"] * 3, "BLANK", *["AFTER"] * 5, "BLANK", "OUTPUT"
    ]  # fmt: skip
