"""`ask_file`: verbatim lines with their numbers, a short answer, or "not found"; in files of every kind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.config import RootSpec
from mcp_smalltools.errors import NotFound
from mcp_smalltools.evaluation.data.questions import questions
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.ask_file.features import FEATURES, candidate_features, log_odds_of, ranking_features
from mcp_smalltools.tools.ask_file.question import parse_question
from mcp_smalltools.tools.ask_file.rank import NO_READINGS
from mcp_smalltools.tools.ask_file.selection import MAX_PASSAGE_LINES, MAX_PASSAGES, select_passages
from mcp_smalltools.tools.ask_file.units.of_file import units_of
from mcp_smalltools.tools.ask_file.units.unit import Unit
from mcp_smalltools.tools.ask_file.word_index import FileUnit, Index
from mcp_smalltools.tools.ask_file.word_vectors import word_table

pytestmark = pytest.mark.anyio

CODE = '''"""A pool of connections."""

MAX_IDLE_SECONDS = 90


class Pool:
    """Keeps connections open between requests."""

    def acquire(self, host):
        """Take a free connection to a host, or open one."""
        if not host:
            raise ValueError("a host must be named")
        return self.free.pop()

    def evict_stale(self, now):
        """Close the connections that nobody has used for a while."""
        self.free = [c for c in self.free if now - c.used < MAX_IDLE_SECONDS]


def parse_header(line):
    """Split a header line into its name and its value."""
    return line.split(":", 1)
'''
SETTINGS = """# Where the server listens.
[server]
bind_address = 127.0.0.1
listen_port = 9443

[storage]
data_directory = /var/lib/shop
retention_days = 30
"""
DOCUMENT = """# Shop

Shop sells things.

## Installing on Debian

Add the repository, then install the package shop-server with apt.

## Backups

A backup is made every night and kept for 14 days.
It can be restored with the command shop restore.
"""
LOG = """2026-03-01 10:00:01 INFO worker started
2026-03-01 10:00:07 WARN queue is almost full
2026-03-01 10:02:33 ERROR lost connection to the database
2026-03-01 10:02:40 INFO connection restored
2026-03-01 10:05:00 INFO nightly cleanup finished
"""
TABLE = "product,price,stock\nred lamp,12.50,4\ngreen chair,80.00,0\nblue desk,230.00,2\n"
FILES = {
    "pool.py": CODE,
    "shop.conf": SETTINGS,
    "README.md": DOCUMENT,
    "shop.log": LOG,
    "products.csv": TABLE,
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
async def ask(settings, engine, folder):
    service = Service(settings, engine)

    async def call(question, *names, **arguments):
        paths = [str(folder / name) for name in names]
        request = ToolRequest("ask_file", {"paths": paths, "question": question, **arguments})
        return await service.call(request)

    yield call
    await service.close()


@pytest.mark.parametrize(
    ("name", "question", "line", "answer"),
    [
        ("pool.py", "Which function closes connections that were not used for some time?", 15, "evict_stale"),
        ("pool.py", "What does parse_header do?", 21, None),
        ("pool.py", "What is the maximum idle time in seconds?", 3, "90"),
        ("pool.py", "Which exception is raised if no host is named?", 12, "ValueError"),
        ("shop.conf", "Which port does the server listen on?", 4, "9443"),
        ("shop.conf", "What is the data directory set to?", 7, "/var/lib/shop"),
        ("README.md", "For how many days is a backup kept?", 11, "14"),
        ("shop.log", "When was the connection to the database lost?", 3, "2026-03-01"),
        ("products.csv", "What is the price of the green chair?", 3, None),
    ],
)
async def test_the_line_that_answers_comes_back_verbatim(ask, name, question, line, answer):
    got = await ask(question, name)
    assert got.found
    span = got.evidence[0]
    assert span.start <= line <= span.end
    assert span.text == "\n".join(FILES[name].split("\n")[span.start - 1 : span.end])
    assert span.path is None
    if answer:
        assert answer in (got.answer or got.evidence[0].text)


@pytest.mark.parametrize(
    "question",
    [
        "Which wines go with fish?",
        "Who won the chess tournament in Oslo?",
        "What is the melting point of tungsten?",
    ],
)
async def test_what_no_file_says_is_not_found(ask, question):
    got = await ask(question, *FILES)
    assert not got.found
    assert got.evidence == []
    assert got.answer is None
    assert got.reason


async def test_several_files_are_asked_at_once_and_the_right_one_is_named(ask, folder):
    got = await ask("What is the number of retention days set to?", *FILES)
    assert got.evidence[0].path == str(folder / "shop.conf")
    assert got.evidence[0].start == 8


async def test_of_two_files_that_could_answer_the_other_one_is_pointed_to(ask, folder):
    got = await ask("For how many days is data retained?", *FILES)
    places = [*got.evidence, *got.elsewhere]
    for path, line in (("shop.conf", 8), ("README.md", 11)):
        assert any(p.path == str(folder / path) and p.start <= line <= p.end for p in places)


async def test_a_file_that_cannot_be_read_is_said_and_the_others_are_asked(ask):
    got = await ask("Which port does the server listen on?", "shop.conf", "no-such.conf")
    assert got.found
    assert got.dropped["files_not_read"] == 1
    with pytest.raises(NotFound):
        await ask("Which port?", "no-such.conf")


async def test_a_word_alone_is_never_sure_of_what_is_asked_about_it(ask, folder):
    (folder / "terms.txt").write_text(
        "Rights.\n\nMoral rights are kept by the author.\n\nTea.\n", encoding="utf-8"
    )
    assert (await ask("must I name the authors?", "terms.txt")).escalate


async def test_no_more_lines_than_asked_for_come_back(ask):
    got = await ask("What does the section about installing on Debian say first?", "README.md", max_lines=2)
    assert got.evidence[0].end - got.evidence[0].start < 2


async def test_nothing_of_a_sealed_file_leaves_but_line_numbers(settings, engine, folder):
    sealed = settings.model_copy(update={"roots": (RootSpec(path=folder, level=PrivacyLevel.SEALED),)})
    service = Service(sealed, engine)
    arguments = {"paths": [str(folder / "shop.conf")], "question": "What is the data directory set to?"}
    got = await service.call(ToolRequest("ask_file", arguments))
    await service.close()
    assert got.evidence[0].start == 7
    assert "/var/lib" not in json.dumps(got.structured())


DOCUMENTED = '''import time

# How often a lost worker is started again.
RESTARTS = 3

GRACE_S = 5.0
"""Seconds that a tool gets after its deadline to hand in a partial answer."""


def wait(pool):
    """Wait for the pool."""
    time.sleep(GRACE_S)
    pool.wait()
'''


async def test_a_constant_is_found_by_the_docstring_below_it_and_the_comment_above_it(ask, folder):
    (folder / "service.py").write_text(DOCUMENTED)
    got = await ask(
        "How many seconds does a tool get after its deadline to hand in a partial answer?", "service.py"
    )
    assert (got.found, got.answer) == (True, "5.0")
    assert (got.evidence[0].start, got.evidence[0].end) == (6, 7)
    units = {unit.name: unit for unit in units_of("service.py", DOCUMENTED.split("\n"))}
    assert "lost worker" in units["RESTARTS"].context


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("shop.conf", "Which user may write to the directory of the server?"),
        ("README.md", "Which compression does a nightly backup have?"),
        ("pool.py", "How many connections may the pool have to one host?"),
        ("shop.log", "Which worker lost its database?"),
    ],
)
async def test_what_is_not_found_though_its_words_are_there_is_escalated_and_pointed_to(ask, name, question):
    got = await ask(question, name)
    assert got.escalate
    assert got.reason
    assert got.confidence < 0.95
    assert got.evidence or got.elsewhere


async def test_words_that_are_nowhere_are_not_found(ask):
    got = await ask("What is the melting point of tungsten?", *FILES)
    assert (got.found, got.evidence) == (False, [])


@pytest.mark.parametrize(("text", "escalate"), [("1\n2\n3\n", False), ("\n\n", True)])
async def test_there_is_no_confidence_where_no_word_matches(ask, folder, text, escalate):
    (folder / "numbers.txt").write_text(text)
    got = await ask("Qzxv?", "numbers.txt")
    assert (got.found, got.escalate, got.confidence) == (False, escalate, None)
    assert "confidence" not in got.structured()
    assert got.reason


def test_lines_of_a_log_that_say_the_same_are_one_candidate_and_a_rare_line_is_not_crowded_out():
    lines = [f"2026-03-01 10:00:{n % 60:02} INFO order {n:08x} stored in {n}.2 ms" for n in range(900)]
    lines.insert(600, "2026-03-01 10:00:00 INFO started, store at tcp://10.0.0.12:5432")
    index = Index([FileUnit(0, unit) for unit in units_of("a.log", lines)], word_table())
    question = parse_question("At which address is the store?")
    matches = index.matches(question)
    chosen = index.candidates(matches)
    assert 601 in [index.units[n].unit.start for n in chosen]
    assert len(chosen) < 10
    columns = candidate_features(index, question, matches, chosen, [0.3] * len(chosen))
    assert columns["addressed"].tolist().count(1.0) == 1
    assert tuple(columns) == FEATURES["unit"]
    log_odds = log_odds_of(load_calibration("ask_file", FEATURES).models["unit"](columns))
    found = select_passages([index.units[number] for number in chosen], log_odds)
    of_ranking = ranking_features(question, matches, columns, log_odds, found)
    assert (*of_ranking, *NO_READINGS) == FEATURES["first"]


def test_a_line_that_has_the_number_asked_for_stands_for_those_alike():
    lines = [f"2026-03-01 10:00:{n % 60:02} INFO order {7000 + n} stored" for n in range(300)]
    index = Index([FileUnit(0, unit) for unit in units_of("a.log", lines)], word_table())
    chosen = index.candidates(index.matches(parse_question("When was order 7123 stored?")))
    assert index.units[chosen[0]].unit.start == 124


@given(st.text(max_size=80), st.text(max_size=80))
def test_what_a_place_covers_of_a_question_is_a_share_and_more_with_words_that_mean_the_like(text, asked):
    index = Index([FileUnit(0, unit) for unit in units_of("a.txt", text.split("\n"))], word_table())
    matches = index.matches(parse_question(asked))
    assert ((matches.soft >= -1e-6) & (matches.soft <= 1 + 1e-6)).all()
    assert (matches.exact <= matches.soft + 1e-6).all()
    assert (matches.own <= matches.every).all()


@pytest.mark.parametrize(
    ("first", "near", "far"), [("delete", "remove", "colour"), ("folder", "directory", "minute")]
)
def test_words_that_mean_the_like_are_nearer_than_others_and_strange_ones_are_like_none(first, near, far):
    (scores,) = word_table().similarities([first], [near, far, "qzxv"])
    assert scores[0] > 0.3 > scores[1]
    assert scores[2] == 0


NAMES = """#define COPY_BUFSIZE 4096
#define LINE_MAX 120
FIRST_UID=1000
logfile = /var/log/shop
calibW = 2160
static int connCount = 0;
"""


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("copy buffer size", 1),
        ("maximum length of a line", 2),
        ("first user id", 3),
        ("file of the log", 4),
        ("calibration width", 5),
        ("number of connections", 6),
    ],
)
def test_words_of_a_question_match_the_short_forms_in_names(asked, line):
    lines = [FileUnit(0, Unit(n, n, text)) for n, text in enumerate(NAMES.splitlines(), 1)]
    soft = Index(lines, word_table()).matches(parse_question(asked)).soft
    assert int(soft.argmax()) + 1 == line


def test_a_word_that_is_there_in_short_alone_weighs_no_more_than_one_that_is_there():
    lines = [FileUnit(0, Unit(n, n, f"buf{n} = alloc(rare)" if n < 9 else "other")) for n in range(1, 12)]
    matches = Index(lines, word_table()).matches(parse_question("buffer other"))
    assert matches.weights[0] < matches.weights[1]  # eight lines have a buffer, three the other word


async def test_a_line_is_found_by_words_that_only_mean_the_like(ask):
    got = await ask("How long are copies for emergencies retained?", "README.md")
    assert any(place.start <= 11 <= place.end for place in [*got.evidence, *got.elsewhere])


def test_places_side_by_side_become_one_passage_and_the_shares_of_all_are_at_most_one():
    places = [FileUnit(0, Unit(n, n, f"line {n}")) for n in (1, 2, 9, 30, 31, 50)]
    found = select_passages(places, np.array([3.0, 2.5, 1.0, 2.0, -3.0, 0.0]))
    assert [(p.start, p.end) for p in found] == [(1, 2), (30, 30), (9, 9), (50, 50), (31, 31)]
    assert found[0].share > found[1].share > found[2].share
    assert sum(p.share for p in found) <= 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), st.floats(-6, 6)), min_size=1, max_size=30))
def test_passages_never_overlap_and_stay_short(drawn):
    places = [FileUnit(0, Unit(start, start + length, "x")) for start, length, _ in drawn]
    found = select_passages(places, np.array([odds for *_, odds in drawn]))
    assert 1 <= len(found) <= MAX_PASSAGES
    for passage in found:
        lines = set(range(passage.start, passage.end + 1))
        assert not any(lines & set(range(p.start, p.end + 1)) for p in found if p is not passage)
        assert passage.end - passage.start < MAX_PASSAGE_LINES
        assert passage.best in places


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Which function parses headers?", "definition"),
        ("What does `acquire` do?", "purpose"),
        ("When did it start?", "when"),
        ("How many rows are read at once?", "number"),
        ("Who wrote it?", "who"),
        ("What is retries set to?", "value"),
        ("Which exception is thrown for bad input?", "raise"),
    ],
)
def test_the_kind_of_answer_that_is_asked_for(question, kind):
    assert parse_question(question).kind == kind


@given(
    st.lists(st.text(alphabet="ab#=:|.,-\"' \t(){}", max_size=40), max_size=40),
    st.sampled_from(sorted(FILES)),
)
def test_no_text_breaks_the_units_and_no_line_with_words_is_left_out(lines, name):
    covered = set()
    for unit in units_of(name, lines):
        assert 1 <= unit.start <= unit.end <= max(1, len(lines))
        covered |= set(range(unit.start, unit.end + 1))
    missed = {n for n, line in enumerate(lines, 1) if any(c.isalnum() for c in line)} - covered
    assert not missed


def test_questions_are_the_same_for_the_same_seed_and_their_lines_exist(folder):
    for name in ("pool.py", "README.md"):
        (folder / name).write_text(FILES[name] + "\n" * 2000)
    first, again = questions(folder, 20, 4), questions(folder, 20, 4)
    assert first == again
    assert first
    for question in first:
        assert 0 <= question.start <= question.end <= len(question.path.read_text().split("\n"))


def test_questions_can_be_made_of_three_files(folder):
    for path in folder.iterdir():
        path.unlink()
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text(FILES["pool.py"] + "\n" * 2000)
    assert all(questions(folder, 20, seed) for seed in range(6))


async def test_with_another_encoder_there_is_no_confidence_and_the_answer_says_why(settings, engine, folder):
    service = Service(settings.model_copy(update={"embed_model": "bge-small"}), engine)
    arguments = {"paths": [str(folder / "shop.conf")], "question": "What is the listen port set to?"}
    got = (await service.call(ToolRequest("ask_file", arguments))).structured()
    await service.close()
    assert (got["evidence"] or got["elsewhere"])[0]["start"] == 4
    assert "confidence" not in got and got["escalate"]
    assert got["reason"].startswith("The configured encoder bge-small is not the one that confidences")


async def test_without_an_encoder_words_alone_are_used_and_it_is_said(settings, folder):
    service = Service(settings.model_copy(update={"embed_model": "none"}))
    arguments = {"paths": [str(folder / "shop.conf")], "question": "What is the listen port set to?"}
    got = await service.call(ToolRequest("ask_file", arguments))
    await service.close()
    places = got.evidence or got.elsewhere
    assert places[0].start == 4
    assert got.escalate and got.confidence is None
    assert got.note.startswith("The encoder is not available (")
    assert got.note.endswith("): these lines were found by their words alone.")
