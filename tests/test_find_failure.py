"""find_failure: real failing runs, spans against the file, what may leave, long and odd logs."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.evaluation.suites.failure import Pair, ReturnedLines, anchors, read_pairs, score
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.models.shipped import shipped_file
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.text.visible import clean_text
from mcp_smalltools.tools.find_failure.answer import FindFailureAnswer, FindFailureArguments
from mcp_smalltools.tools.find_failure.compose import compose_answer
from mcp_smalltools.tools.find_failure.features import feature_names, features_of
from mcp_smalltools.tools.find_failure.lines import (
    HEAD_LINES,
    content_of,
    letters_of,
    pattern_of,
    read_baseline,
    read_log,
)
from mcp_smalltools.tools.find_failure.rank import RankedLog, rank
from mcp_smalltools.tools.find_failure.showing.plan import plan_of
from mcp_smalltools.tools.find_failure.showing.shown_failure import show
from mcp_smalltools.tools.find_failure.spans import EvidenceSpan, context_of, evidence_spans
from mcp_smalltools.tools.find_failure.trees import Forest, LineProbabilities, load_ranker, read_ranker
from mcp_smalltools.tools.find_failure.verdict import FEATURES, cause_features, failure_features

Find = Callable[..., FindFailureAnswer]


@pytest.fixture
def find(settings: Settings, tmp_path: Path) -> Find:
    """Call the tool as an agent does, on logs that it writes into the root."""

    def call(
        log: str | bytes,
        baseline: str | None = None,
        *,
        name: str = "fail.log",
        level: PrivacyLevel = PrivacyLevel.OPEN,
        **arguments: object,
    ) -> FindFailureAnswer:
        (tmp_path / name).write_bytes(log.encode() if isinstance(log, str) else log)
        if baseline is not None:
            (tmp_path / "pass.log").write_text(baseline)
            arguments["baseline_path"] = "pass.log"
        own = settings.model_copy(update={"roots": (RootSpec(path=tmp_path, level=level),), "cache": False})

        async def run() -> FindFailureAnswer:
            service = Service(own)
            try:
                answer = await service.call(ToolRequest("find_failure", {"path": name, **arguments}))
                assert isinstance(answer, FindFailureAnswer)
                return answer
            finally:
                await service.close()

        return anyio.run(run)

    return call


def output_of(*command: str, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def shown(answer: FindFailureAnswer) -> str:
    return "\n".join(span.text for span in answer.evidence)


def busy(lines: int, seed: int = 1) -> str:
    """Lines of a build in which nothing fails."""
    chance = random.Random(seed)
    return "".join(
        f"[{number}/{lines}] Building C object part_{chance.randrange(10**6)}.o in {chance.random():.2f} s\n"
        for number in range(lines)
    )


# Real runs


def test_a_failing_assertion_of_pytest_is_found_with_its_place(find: Find, tmp_path: Path) -> None:
    (tmp_path / "test_prices.py").write_text(
        "import pytest\n\n@pytest.mark.parametrize('n', range(120))\ndef test_many(n):\n    assert n >= 0\n\n"
        "def test_total():\n    total = 3\n    assert total * 2 == 7\n"
    )
    log = output_of(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-c", "/dev/null",
                    "--rootdir", ".", "test_prices.py", folder=tmp_path)  # fmt: skip
    answer = find(log)
    assert answer.failed
    assert "assert (3 * 2) == 7" in answer.evidence[0].text
    assert (answer.kind, answer.tool) == ("test", "pytest")
    assert answer.place is not None
    assert (answer.place.file, answer.place.line) == ("test_prices.py", 9)


def test_a_traceback_among_many_lines_is_found_with_its_own_file(find: Find, tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(
        "import json\nfor n in range(300):\n    print(f'row {n}: 0 errors, ok')\n\n"
        "def load(text):\n    return json.loads(text)\n\nload('{broken')\n"
    )
    answer = find(output_of(sys.executable, "job.py", folder=tmp_path))
    assert answer.failed
    assert "JSONDecodeError" in shown(answer)
    assert answer.tool in (None, "python")  # a sure answer names no language by frames alone
    assert answer.place is not None
    assert answer.place.file.endswith("job.py")
    assert answer.place.line == 6


@pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("make"), reason="needs gcc and make")
def test_the_one_error_in_a_long_make_run_is_found_and_warnings_are_not(find: Find, tmp_path: Path) -> None:
    names = [f"part_{number}" for number in range(12)]
    for name in names:
        (tmp_path / f"{name}.c").write_text(f"int {name}(void) {{ int spare = 1; return 0; }}\n")
    (tmp_path / "part_7.c").write_text("int part_7(void) { return missing_total; }\n")
    (tmp_path / "Makefile").write_text(
        "all: " + " ".join(f"{name}.o" for name in names) + "\n%.o: %.c\n\tcc -Wall -c $< -o $@\n"
    )
    answer = find(output_of("make", "-k", folder=tmp_path))
    assert answer.failed
    assert "'missing_total' undeclared" in shown(answer).replace("‘", "'").replace("’", "'")
    assert "spare" not in answer.evidence[0].text
    assert answer.kind == "compile"
    assert answer.place is not None
    assert (answer.place.file, answer.place.line) == ("part_7.c", 1)


def test_a_test_run_that_passes_has_no_failure(find: Find, tmp_path: Path) -> None:
    (tmp_path / "test_ok.py").write_text(
        "import pytest\n\n@pytest.mark.parametrize('error', range(150))\n"
        "def test_no_failure_on(error):\n    pass\n"
    )
    log = output_of(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-c", "/dev/null",
                    "--rootdir", ".", "test_ok.py", folder=tmp_path)  # fmt: skip
    answer = find(log)
    assert not answer.failed
    assert answer.evidence == []


def unit_tests(folder: Path, packages: int, guilty: int) -> str:
    """Verbose unittest runs of packages, one after the other; one test of one of them ends in an error."""
    said = []
    for number in range(packages):
        package = folder / f"package_{number:02}"
        package.mkdir()
        tests = "".join(
            f"    def test_weight_{n:03}(self):\n        self.assertGreater(weight({n + 1}), 0)\n"
            for n in range(90)
        )
        if number == guilty:
            tests = tests.replace("weight(41)", "weight(None)")
        (package / "test_weights.py").write_text(
            "import unittest\n\n\ndef weight(n):\n    if n is None:\n"
            "        raise LookupError('no weight of parcel 41')\n"
            f"    return n\n\n\nclass Weights(unittest.TestCase):\n{tests}"
        )
        said.append(f"== testing package_{number:02}\n")
        said.append(output_of(sys.executable, "-m", "unittest", "-v", folder=package))
    return "".join(said)


def test_the_one_error_among_many_packages_of_unittest_is_found_though_the_rest_passes(
    find: Find, tmp_path: Path
) -> None:
    log = unit_tests(tmp_path, 12, guilty=5)
    answer = find(log)
    assert answer.failed
    assert "LookupError: no weight of parcel 41" in answer.evidence[0].text
    assert answer.tool == "unittest"
    # Without it nothing failed.
    good = log.replace("... ERROR", "... ok")
    start, end = good.index("======"), good.index("FAILED (errors=1)")
    answer = find(good[:start] + "OK" + good[end + len("FAILED (errors=1)") :])
    assert not answer.failed


def test_errors_that_a_passing_run_handles_are_no_failure(find: Find, tmp_path: Path) -> None:
    (tmp_path / "test_store.py").write_text(
        "import logging\nimport unittest\n\n\nclass Store(unittest.TestCase):\n"
        + "".join(
            f"    def test_error_{n}_is_handled(self):\n        try:\n            {{}}['shelf {n}']\n"
            "        except KeyError:\n            logging.exception('refused, as it should be')\n"
            for n in range(30)
        )
    )
    log = output_of(sys.executable, "-m", "unittest", "-v", folder=tmp_path)
    assert log.count("Traceback") == 30
    answer = find(log)
    assert not answer.failed


def test_a_passing_log_helps_where_the_failure_has_no_word_of_error(find: Find) -> None:
    lines = [f"12:00:{number % 60:02} task {number} handed to worker {number % 7}" for number in range(200)]
    passing = "\n".join(lines) + "\nall tasks finished\n"
    odd = ["worker 3 gave up waiting for the license server", "exit code 1"]
    answer = find("\n".join(lines + odd) + "\n", passing)
    assert answer.failed
    assert "gave up waiting" in shown(answer)


# What is promised of every answer

LINES = st.lists(
    st.one_of(
        st.text(
            st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="\ufeff"),
            max_size=60,
        ),
        st.sampled_from(
            [
                "error: cannot open file x.c:3",
                "src/a.c:12:3: error: 'total' undeclared",
                "    12 |   return total;",
                "Traceback (most recent call last):",
                '  File "a.py", line 3, in run',
                "ValueError: no value",
                "BUILD FAILURE",
                "FAILED tests/test_a.py::test_b - assert 1 == 2",
                "make: *** [a.o] Error 1",
                "ok 12 passed",
                "",
            ]
        ),
    ),
    max_size=60,
)


@given(lines=LINES, most=st.integers(1, 40), crlf=st.booleans(), packed=st.sampled_from(["", ".gz", ".bz2"]))
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_spans_are_verbatim_in_the_limit_and_the_same_however_the_file_is_kept(
    find: Find, lines: list[str], most: int, crlf: bool, packed: str
) -> None:
    text = "".join(line + "\n" for line in lines)
    answer = find(text, max_lines=most)
    spans = [*answer.evidence, *answer.context]
    assert sum(span.end - span.start + 1 for span in spans) <= most
    seen = [number for span in spans for number in range(span.start, span.end + 1)]
    assert len(seen) == len(set(seen))
    for span in spans:
        assert span.text == clean_text(
            "\n".join(lines[span.start - 1 : span.end])
        )  # invisible ones never leave
    data = text.replace("\n", "\r\n").encode() if crlf else text.encode()
    data = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[packed](data)
    again = find(data, name=f"other.log{packed}", max_lines=most)
    same = {"call_id", "source"}
    assert again.model_dump(exclude=same) == answer.model_dump(exclude=same)


def test_under_sealed_no_text_leaves_and_no_line_number_of_another_file(find: Find) -> None:
    log = (
        busy(80) + "src/secretname.c:41:3: error: 'secretword' undeclared\nmake: *** [secretname.o] Error 1\n"
    )
    answer = find(log, level=PrivacyLevel.SEALED)
    left = str(answer.structured())
    assert answer.failed
    assert "secret" not in left
    assert answer.place is None
    assert answer.evidence[0].start == 81


def test_under_redacted_a_secret_in_the_evidence_is_masked(find: Find) -> None:
    log = (
        busy(80)
        + "ERROR: login failed: password=hunter2hunter2 for admin@example.com was refused\nexit code 1\n"
    )
    answer = find(log, level=PrivacyLevel.REDACTED)
    assert "hunter2" not in str(answer.structured())


def test_short_and_empty_logs_ask_to_be_read_by_the_agent(find: Find) -> None:
    for log in ("", "hello\nworld\n"):
        answer = find(log)
        assert not answer.failed
        assert answer.escalate


def test_between_failed_and_passed_it_cant_tell_and_shows_what_looks_like_a_failure() -> None:
    log = read_log([[*busy(60).splitlines(), "error: cannot open shelf.h", *busy(10).splitlines()]])
    ranked = rank(log, None)
    for chance, failed in ((0.02, None), (0.2, None), (0.99, True)):
        answer = compose_answer(
            log, dataclasses.replace(ranked, failed=chance), FindFailureArguments(path="a"), {}
        )
        assert answer.failed is failed
        assert answer.evidence
        if failed is None:
            assert answer.escalate
            assert "Can't tell" in str(answer.reason)
            assert "failed" not in answer.structured()


TAILS = {
    "python": "open('rows.json')",
    "a message": "import sys; sys.exit('error: no rows in the basket')",
    "a crash": "import sys, os; sys.stdout.flush(); os.kill(os.getpid(), 11)",
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("count", [3, 40, 400])
def test_a_program_that_ends_in_an_error_after_good_lines_is_never_called_passing(
    find: Find, tmp_path: Path, tail: str, count: int
) -> None:
    code = f"for n in range({count}):\n    print(f'row {{n}}: 0 errors, ok', flush=True)\n{TAILS[tail]}\n"
    (tmp_path / "job.py").write_text(code)
    log = output_of("bash", "-c", f"{sys.executable} job.py; exit $?", folder=tmp_path)
    answer = find(log)
    assert answer.failed is not False
    assert answer.evidence[0].end >= count


def test_what_repeats_is_counted_and_the_first_cause_comes_first(find: Find) -> None:
    error = (
        "src/part_{0}.c:3:10: fatal error: shelf.h: No such file or directory\n"
        "    3 | #include <shelf.h>\ncompilation terminated.\n"
    )
    log = busy(50) + "".join(error.format(number) + busy(5, number) for number in range(9))
    answer = find(log + "make: *** [all] Error 2\n", max_lines=20)
    assert "part_0.c" in answer.evidence[0].text
    assert answer.evidence[0].count == 9


# Reading


def test_a_long_log_is_held_in_part_and_keeps_its_first_error(find: Find) -> None:
    error = "core/engine.c:77:9: error: 'spindle' undeclared (first use in this function)\n"
    log = busy(30_000, 2) + error + busy(60_000, 3) + "make: *** [core/engine.o] Error 1\n"
    read = read_log([log.splitlines()])
    assert read.total == 90_002
    assert len(read.numbers) < 45_000
    assert read.numbers == sorted(set(read.numbers))
    assert 30_001 in read.numbers
    answer = find(log)
    assert answer.evidence[0].start == 30_001


@given(
    st.lists(st.sampled_from(["error: a 1", "step 2", "", "x y z", "fatal: b"]), max_size=400),
    st.integers(1, 90),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_lines_that_are_held_are_lines_of_the_log_and_counts_are_exact(lines: list[str], size: int) -> None:
    blocks = [lines[start : start + size] for start in range(0, len(lines), size)]
    log = read_log(blocks, most=HEAD_LINES // 10)
    assert log.total == len(lines)
    assert [lines[number - 1] for number in log.numbers] == log.texts
    assert log.counts == {
        pattern: sum(pattern_of(line) == pattern for line in lines) for pattern in map(pattern_of, lines)
    }
    assert len(log.numbers) <= max(2 * (HEAD_LINES // 10), 1)


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ("2024-05-01T10:00:00.1234567Z error: x", "error: x"),
        ("build\tstep 1\t2024-05-01T10:00:00.1234567Z   indented", "  indented"),
        ("web-1  | listening", "listening"),
        ("#12 3.456 gcc -c a.c", "gcc -c a.c"),
        ("[2024-05-01T10:00:00.123Z] + make", "+ make"),
        ("12:30:11 text", "text"),
        ("src/a.c:12:3: error: y", "src/a.c:12:3: error: y"),
    ],
)
def test_what_carries_a_line_is_taken_off(line: str, content: str) -> None:
    assert content_of(line) == content


def test_patterns_survive_times_hashes_ports_and_temporary_paths() -> None:
    first = "wrote /tmp/build-x81/out.o at 12:01:44 (3f9a01bc77) to port 43121"
    second = "wrote /tmp/build-zz9/out.o at 08:14:02 (77aa90b1c2) to port 9"
    assert pattern_of(first) == pattern_of(second)
    assert letters_of(pattern_of("Downloaded a-1.2.jar (3 kB)")) == letters_of("Downloaded a-9.jar: 3 kB")


def test_with_a_passing_log_the_new_lines_around_the_evidence_are_its_context() -> None:
    chances = LineProbabilities(*(np.array([0, 0, 0, 0.9, 0, 0, 0, 0, 0.0]) for _ in range(3)))
    new = np.array([True, False, False, True, True, True, False, False, False])
    piece = EvidenceSpan(3, 4, 3, 0.9)
    assert context_of(chances, [piece], range(1, 10), 0.5, 20) == []
    # Two known lines between are no gap; three are.
    assert context_of(chances, [piece], range(1, 10), 0.5, 20, new=new) == [(0, 3), (4, 6)]


# Ranking and choosing


def test_features_have_a_name_each_and_stand_an_empty_log() -> None:
    log = read_log([["error: x", "", "ok"]])
    assert features_of(log, None).shape == (3, len(feature_names()))
    assert features_of(log, read_baseline([["ok"]])).shape == (3, len(feature_names()))
    assert features_of(read_log([]), None).shape == (0, len(feature_names()))
    chances = load_ranker(tuple(feature_names()))(features_of(read_log([]), None))
    assert len(chances.evidence) == len(chances.cause) == len(chances.report) == 0


def test_a_tree_is_followed_as_it_is_written() -> None:
    tree = {
        "feature": [1, 0, 0],
        "threshold": [0.5, 0.0, 0.0],
        "left": [1, 1, 2],
        "right": [2, 1, 2],
        "value": [0.0, -2.0, 3.0],
    }
    forest = Forest.from_json({"bias": 0.0, "depth": 1, "trees": [tree]})
    chances = forest(np.array([[9, 0.5], [9, 0.6]], np.float32))
    assert chances == pytest.approx([1 / (1 + np.exp(2)), 1 / (1 + np.exp(-3))])


def test_a_ranker_for_other_features_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ranker.json"
    path.write_text('{"features": ["other"]}')
    with pytest.raises(ModelError, match="KeyError"):
        read_ranker(path, ("a",))
    shipped = json.loads(shipped_file("find_failure", "ranker.json").read_text(encoding="utf-8"))
    names = tuple(shipped.pop("features"))
    assert names == tuple(feature_names())
    for features in ({}, {"features": names[::-1]}, {"features": names[1:]}):
        path.write_text(json.dumps(shipped | features))
        with pytest.raises(ModelError, match="was made for other features"):
            read_ranker(path, names)


def test_the_models_of_the_verdict_are_given_the_features_that_they_were_fitted_on() -> None:
    log = read_log([["make: *** [all] Error 1", "", "done"]])
    table = features_of(log, None)
    assert table.shape[1] == len(feature_names())
    probabilities = load_ranker(tuple(feature_names()))(table)
    assert tuple(failure_features(table, probabilities)) == FEATURES["failed"]
    pieces = evidence_spans(probabilities, table, log.numbers, 0.0)
    found = cause_features(pieces, probabilities, compared=False, total=log.total)
    assert tuple(found) == FEATURES["cause"]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=50),
    st.integers(1, 30),
    st.floats(0.05, 0.95),
)
def test_pieces_are_disjoint_runs_and_their_context_fits_the_limit(
    chances: list[tuple[float, float]], most: int, cut: float
) -> None:
    evidence, cause = (np.array(column) for column in zip(*chances, strict=True))
    table = np.zeros((len(chances), len(feature_names())), np.float32)
    numbers = range(1, len(chances) + 1)
    all_chances = LineProbabilities(evidence, evidence, cause)
    pieces = evidence_spans(all_chances, table, numbers, cut)
    places = [place for piece in pieces for place in range(piece.start, piece.stop)]
    assert len(places) == len(set(places))
    assert {int(place) for place in np.flatnonzero(evidence >= cut)} <= set(places)
    assert all(piece.start <= piece.peak < piece.stop for piece in pieces)
    taken = set(places)
    around = {
        place
        for start, stop in context_of(all_chances, pieces, numbers, cut, most)
        for place in range(start, stop)
    }
    assert len(around) <= most
    assert not around & taken


def told(lines: list[str], evidence: dict[int, float]) -> list[tuple[int, int]]:
    """Start and end (from 0, included) of the pieces of these lines, where the ranker gives these chances."""
    log = read_log([lines])
    chance = np.array([evidence.get(number, 0.0) for number in range(len(lines))])
    pieces = evidence_spans(
        LineProbabilities(chance, chance, chance), features_of(log, None), log.numbers, 0.5
    )
    return [(piece.start, piece.stop - 1) for piece in pieces]


def test_beside_a_line_that_only_says_how_the_run_ended_the_best_other_one_is_shown_first() -> None:
    lines = ["a.c:3:1: error: x undeclared", *["cc -c b.c"] * 9, "make: *** [a.o] Error 1"]
    assert told(lines, {0: 0.2, 10: 0.6}) == [(0, 0), (10, 10)]
    assert told(lines, {0: 0.05, 10: 0.6}) == [(10, 10)]


def test_of_a_trace_not_only_a_frame_is_shown() -> None:
    python = [
        "step 1",
        "Traceback (most recent call last):",
        '  File "a.py", line 3, in run',
        "    load(path)",
        "ValueError: no price",
        "step 2",
    ]
    assert told(python, {2: 0.6}) == [(1, 4)]
    java = [
        "step 1",
        "java.lang.IllegalStateException: closed",
        "\tat a.B.c(B.java:3)",
        "\tat a.B.d(B.java:9)",
        "x",
    ]
    assert told(java, {3: 0.6})[0][0] == 1


def test_quoted_source_comes_with_what_is_wrong_with_it_and_steps_need_more_to_be_shown() -> None:
    ruff = [
        "checking",
        "F401 [*] `os` imported but unused",
        "  --> a.py:9:21",
        "   |",
        " 9 | import os",
        "done",
    ]
    assert told(ruff, {2: 0.6}) == [(1, 4)]
    make = ["gcc -c a.c", "gcc -c b.c", "b.c:3:1: error: x undeclared", "gcc -c c.c"]
    assert told(make, {0: 0.55, 1: 0.55, 2: 0.9}) == [(2, 2)]


def test_a_span_without_any_message_comes_after_one_with() -> None:
    lines = [
        "a.py:3: in run",
        "    return call()",
        *["step"] * 4,
        "ValueError: no price",
        "step",
    ]
    assert told(lines, {0: 0.8, 1: 0.8, 6: 0.6})[0] == (6, 6)


def test_of_a_trace_that_is_too_long_the_part_with_the_message_is_shown() -> None:
    frames = [line for n in range(30) for line in (f'  File "a.py", line {n}, in run', f"    call_{n}()")]
    lines = ["start", "Traceback (most recent call last):", *frames, "ValueError: no price", "end"]
    log = read_log([lines])
    chance = np.array([0.0, *[0.9] * 62, 0.0])
    chances = LineProbabilities(chance, chance, np.where(np.arange(64) == 1, 0.9, 0.0))
    (piece,) = evidence_spans(chances, features_of(log, None), log.numbers, 0.5)
    shown = show(log, RankedLog(chances, [piece], None, 1.0, 1.0), 12, 0, 1.0)
    assert sum(span.end + 1 - span.start for span in shown.evidence) <= 12
    assert "ValueError: no price" in shown.evidence[0].text


# The evaluation


def test_the_evaluation_counts_lines_of_error_and_context_for_each_pair(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "fail.log").write_bytes(b"same 1\nprogress\rmore\nbad thing\r\nend\n")
    (folder / "pass.log").write_text("same 2\nend\n")
    (folder / "groundtruth").write_text("DEFAULT\nE 4\nC 2-3\n")
    (pair,) = read_pairs(tmp_path)
    assert pair.failing == ["same 1", "progress", "more", "bad thing", "end"]
    assert pair.error == {4}
    assert anchors(pair)["set difference"] == {2, 3, 4}
    scores = score(
        [pair, Pair("two", ["x"], [], frozenset({1}))],
        [ReturnedLines({4, 5}, {4}), ReturnedLines(set(), set())],
    )
    assert (scores.precision, scores.recall) == (0.25, round(1 / 6, 4))
    assert scores.f1_only_e == 0.5
    assert scores.f1 == round((2 * 0.5 * (1 / 3) / (0.5 + 1 / 3)) / 2, 4)


def test_a_failed_test_and_an_error_in_source_in_one_span_are_both_shown() -> None:
    log = read_log([["not ok 1 - parses", "src/parse.c:3:4: error: unknown type name 'foo'", "done"]])
    chances = np.array([0.9, 0.9, 0.0])
    ranked = RankedLog(
        LineProbabilities(chances, chances, chances), [EvidenceSpan(0, 2, 0, 0.9)], None, 1.0, 1.0
    )
    shown = plan_of(log, ranked, 50, 1_500, lambda _: True).evidence
    assert {place for span in shown for place in range(span.start, span.stop)} >= {0, 1}
