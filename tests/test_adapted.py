"""parse_log learns a program's own statements: exact, kept only if better, taken back on demand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_improve import outcome
from test_repositories import run_git

from mcp_smalltools.cli import main
from mcp_smalltools.evaluation.suites.logs import parse_with
from mcp_smalltools.learning.improve.retrain import CORRECTED
from mcp_smalltools.learning.logs.adapt import Shares, Trial, shares_of
from mcp_smalltools.learning.logs.systems import StatementSource, System
from mcp_smalltools.learning.repositories.git import head_of
from mcp_smalltools.logs.judge.adaptation import adapt_judge, current_version, judge_for, save_version
from mcp_smalltools.logs.judge.judge import shipped_judge
from mcp_smalltools.logs.judge.known_templates import StatementIndex
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.parameters import TemplateMatcher, normalise_spaces
from mcp_smalltools.logs.statements.pieces import Placeholder
from mcp_smalltools.logs.statements.source import statements_of
from mcp_smalltools.logs.templates.clustering import cluster_shapes
from mcp_smalltools.stores.outcomes import open_outcomes

SOURCE = """
log.info("order %s of customer %s shipped by %s", order, customer, carrier)
log.info("order %s of customer %s returned: %s", order, customer, reason)
log.warning("stock of %s is low, %d left", article, count)
log.error(f"payment {payment_id} refused by {bank}: {reason}")
log.debug("reindexing {} took {} ms".format(shard, elapsed))
log.info("nightly export finished")
log.info("mail to " + recipient + " queued")
log.warning("retry %d of %d for job %s", attempt, limit, job)
log.error("lost connection to warehouse %s after %s", host, elapsed)
log.info("worker %s picked up %s", worker, job)
log.info("cache warmed with %d entries from %s", count, path)
log.error("cannot parse invoice %s: %s", path, error)
"""


def texts(source: str, name: str) -> list[str]:
    found = statements_of(name, source)
    return ["".join(piece if isinstance(piece, str) else "<*>" for piece in item.pieces) for item in found]


@pytest.mark.parametrize(
    ("name", "source", "template"),
    [
        ("a.py", 'log.info("took %d ms for %r", n, who)', "took <*> ms for <*>"),
        ("a.py", 'logger.warning(f"no route to {host!r} in {seconds:.1f} s")', "no route to <*> in <*> s"),
        ("A.java", 'LOG.info("Closing {} of " + name + " now", count);', "Closing <*> of <*> now"),
        ("A.java", 'throw new IOException(String.format("Bad block %d", id));', "Bad block <*>"),
        ("a.go", 'log.Printf("listening on %s:%d", host, port)', "listening on <*>:<*>"),
        ("a.go", 'lg.Info("member gone", zap.String("peer", id))', "member gone peer=<*>"),
        ("a.rs", 'warn!("slow query: {query} ({:?})", elapsed);', "slow query: <*> (<*>)"),
        ("a.ts", "logger.info(`user ${user.name} left ${room}`)", "user <*> left <*>"),
        (
            "a.c",
            'log_error("cannot open " PRIu64 " files: %s", strerror(errno));',
            "cannot open <*> files: <*>",
        ),
    ],
)
def test_statements_are_read_in_every_language(name: str, source: str, template: str) -> None:
    if name == "a.c":
        source = source.replace('" PRIu64 "', '%" PRIu64 "')
    assert texts(source, name) == [template]


@given(st.text(max_size=300))
def test_any_text_is_read_as_source_without_an_error(source: str) -> None:
    for name in ("a.py", "A.java", "a.go", "a.rs", "a.ts", "a.c"):
        list(statements_of(name, 'log.info("' + source))


def parsed(lines: list[str]) -> list[str]:
    judge = adapt_judge([item.pieces for item in statements_of("shop.py", SOURCE)])
    table = LineTable()
    shapes = [table.shape_of_content(line) for line in lines]
    found = cluster_shapes(table.shapes, [shapes.count(number) for number in range(len(table.shapes))], judge)
    of_shape = {shape: item.text for item in found for shape in item.members}
    for line, shape in zip(lines, shapes, strict=True):
        assert TemplateMatcher(of_shape[shape]).values(normalise_spaces(line)) is not None
    return [of_shape[shape].replace(VAR, "<*>") for shape in shapes]


def test_lines_of_known_statements_get_just_their_template_though_nothing_varies() -> None:
    lines = [
        "order A17 of customer smith shipped by dhl",
        "order A17 of customer smith returned: wrong size",
        "mail to bob queued",
        "[web] worker w-3 picked up reindex",
        "payment 77 refused by bank of somewhere: card expired",
    ]
    assert parsed(lines) == [
        "order <*> of customer <*> shipped by <*>",
        "order <*> of customer <*> returned: <*>",
        "mail to <*> queued",
        "[web] worker <*> picked up <*>",
        "payment <*> refused by <*>: <*>",
    ]


def test_of_several_statements_the_one_with_most_constant_text_is_taken() -> None:
    known = StatementIndex(
        [f"lost {VAR}", f"lost connection to {VAR}", f"lost connection to warehouse {VAR}"]
    )
    found = known.find("lost connection to warehouse berlin")
    assert found is not None
    assert found.text == f"lost connection to warehouse {VAR}"
    assert known.find("found connection to warehouse berlin") is None


@given(
    st.lists(
        st.sampled_from(["order", "of", "customer", "x", "9", "mail to", "queued", "a-1", ":"]), min_size=1
    )
)
def test_what_is_known_still_describes_every_line(words: list[str]) -> None:
    parsed([" ".join(words)])


def by_statements(lines: list[str], *statements: str) -> list[str]:
    judge = replace(
        shipped_judge(), statements=StatementIndex([item.replace("<*>", VAR) for item in statements])
    )
    return parse_with(lines, judge)


def test_literal_statements_are_lines_of_the_one_that_has_a_variable_where_they_differ() -> None:
    statements = "connection is <*>", "connection is OPEN", "connection is CLOSED"
    both = ["connection is OPEN", "connection is CLOSED"]
    assert by_statements(both, *statements) == ["connection is <*>"] * 2
    assert by_statements(["connection is OPEN"] * 9, *statements) == ["connection is OPEN"] * 9


def test_of_statements_with_the_same_words_the_one_with_more_signs_is_taken() -> None:
    statements = "Error downloading <*>", "Error downloading <*>: <*>"
    assert by_statements(["Error downloading /a", "Error downloading /a: lost"], *statements) == list(
        statements
    )


def test_a_trial_counts_events_however_often_each_occurs() -> None:
    source = StatementSource("shop", "shop.py", ("ready",), raises=False)
    often, rare = "stock of <*> is low", "ready"
    lines = [*["stock of x is low"] * 98, "stock of y is low", "ready"]
    system = System("shop", lines, [0] * 99 + [1], [often] * 99 + [rare], [source] * 100)
    unsure = replace(shipped_judge(), slot=None, gap=None)
    shares = shares_of([system], {source.pieces}, unsure)
    assert shares == Shares(groups=0.5, templates=0.5, templates_held_out=0.5)


def test_literal_statements_that_say_more_than_one_word_stay() -> None:
    lines = ["worker failed: no memory left", "worker failed: the disk is full"]
    assert by_statements(lines, "worker failed: <*>", *lines) == lines


def test_a_variable_that_is_empty_in_every_line_is_left_out() -> None:
    lines = ["Crawled (404) /a (referer: None)", "Crawled (200) /b (referer: /c)"]
    statement = "Crawled (<*>) <*><*> (referer: <*>)<*>"
    assert set(by_statements(lines, statement)) == {"Crawled (<*>) <*> (referer: <*>)"}
    assert set(by_statements([*lines, "Crawled (200) /b (referer: /c) ['cached']"], statement)) == {
        "Crawled (<*>) <*> (referer: <*>)<*>"
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "src" / "shop"
    folder.mkdir(parents=True)
    (folder / "orders.py").write_text(SOURCE)
    return tmp_path / "src"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MCP_SMALLTOOLS_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_train_keeps_what_is_better_and_rollback_takes_it_back(
    tree: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "parse_log", "--from", str(tree), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["better"]
    assert report["after"]["templates"] > report["before"]["templates"]
    assert (report["version"], current_version(state)) == (1, 1)
    assert judge_for(state).statements is not None
    assert main(["train", "parse_log", "--rollback"]) == 0
    assert current_version(state) == 0
    assert judge_for(state) is shipped_judge()
    assert main(["train", "parse_log", "--rollback"]) == 1
    assert "nothing to go back to" in capsys.readouterr().err


def test_a_call_after_training_uses_what_was_learned(
    tree: Path, state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "a.log"
    log.parent.mkdir()
    log.write_text(
        "".join(f"2026-01-01 10:00:00 INFO mail to {who} queued\n" for who in ("bob", "bob", "ann"))
    )
    call = ["call", "parse_log", "--arg", "path=a.log", "--root", f"{log.parent}:open", "--json"]

    def template() -> str:
        assert main(call) == 0
        found: str = json.loads(capsys.readouterr().out)["templates"][0]["template"]
        return found

    before = template()
    save_version(state, [("mail to ", Placeholder("who", "%s"), " queued")], {})
    from mcp_smalltools.config import load_settings
    from mcp_smalltools.learning.improve.kept import forget_answers

    forget_answers(load_settings())
    assert template() == "mail to <*> queued"
    assert main(["train", "parse_log", "--rollback"]) == 0
    capsys.readouterr()
    assert template() == before


def test_improve_learns_the_statements_that_were_added_once_answers_were_wrong(
    tree: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The training is the real one, but for its measuring, which the tests around have."""
    better = Trial(13, Shares(0.5, 0.5, 0.5), Shares(0.5, 0.9, 0.5))
    monkeypatch.setattr("mcp_smalltools.learning.logs.adapt.try_out", lambda sources: better)

    def commit() -> None:
        run_git(tree, "add", "-A")
        run_git(tree, "commit", "-q", "-m", "Orders")

    run_git(tree, "init", "-q")
    commit()
    pieces = [item.pieces for item in statements_of("orders.py", SOURCE)]
    save_version(state, pieces, {"source": str(tree), "commit": head_of(tree)})
    (tree / "shop" / "returns.py").write_text('log.info("parcel %s of %s back on shelf", parcel, customer)\n')
    commit()
    assert main(["improve"]) == 0
    assert current_version(state) == 1  # nothing asked for another one
    store = open_outcomes(state)
    for number in range(CORRECTED):
        store.write(outcome([], number, tool="parse_log", at=9e9, paths=["/var/log/shop.log"]))
    store.close()
    capsys.readouterr()
    assert main(["improve"]) == 0
    shown = capsys.readouterr().out
    assert "Kept as version 2; take it back: mcp-smalltools train parse_log" in shown
    assert "parcel <*> of <*> back on shelf" in known_templates(state, 2)
    assert main(["train", "parse_log", "--from", str(tree), "--undo"]) == 0
    assert current_version(state) == 1
    assert "parcel <*> of <*> back on shelf" not in known_templates(state, 1)
    assert main(["improve"]) == 0
    assert current_version(state) == 1  # what was taken back stays so


def known_templates(state: Path, version: int) -> list[str]:
    file = state / "adapted" / "parse_log" / f"{version:04}" / "statements.json"
    return [text.replace(VAR, "<*>") for text in json.loads(file.read_text())]


def test_what_is_not_better_is_not_kept(
    tree: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mcp_smalltools.learning.logs.adapt.adapt_judge", lambda statements: shipped_judge())
    assert main(["train", "parse_log", "--from", str(tree)]) == 0
    assert "Not kept" in capsys.readouterr().out
    assert current_version(state) == 0


def test_a_tree_without_statements_is_named(
    tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "parse_log", "--from", str(tmp_path)]) == 1
    assert "logging statements" in capsys.readouterr().err


def test_a_damaged_version_is_no_version(state: Path) -> None:
    version = save_version(state, [("a known statement",)], {})
    (state / "adapted" / "parse_log" / f"{version:04}" / "statements.json").write_text("{")
    assert judge_for(state) is shipped_judge()
