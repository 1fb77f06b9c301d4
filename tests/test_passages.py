"""Passages of a file: no line lost, titles of what they stand in, and the right one first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.errors import Cancelled, DeadlineExceeded, EngineBusy, SmallToolsError
from mcp_smalltools.text.bm25 import BM25, index_of_passages
from mcp_smalltools.text.passages import MAX_CHARS, MAX_LINES, evenly_spaced, split_passages
from mcp_smalltools.text.words import content_stems, stem, stems_of
from mcp_smalltools.tools.similarity import NoEncoder, embed, similarities

CODE = '''"""A cache."""

import time

LIMIT = 10


class Cache:
    """Keeps answers."""

    def get(self, key):
        """The answer, or None."""
        return self.entries.get(key)

    # Old entries go first.
    def evict_oldest(self):
        """Drop the entry that was used longest ago."""
        self.entries.pop(min(self.entries))


def clear_everything():
    """Forget all."""
'''


@given(st.lists(st.text(alphabet="ab #=\t", max_size=90), max_size=80))
def test_no_line_is_lost_and_none_is_in_two_passages(lines):
    passages = split_passages("notes.txt", lines)
    covered = [number for p in passages for number in range(p.start, p.end + 1)]
    assert len(covered) == len(set(covered))
    assert {n for n, line in enumerate(lines, 1) if line.strip()} <= set(covered)
    for p in passages:
        assert p.text == "\n".join(lines[p.start - 1 : p.end]).strip("\n")
        assert p.end - p.start < MAX_LINES
        assert len(p.text) <= MAX_CHARS + MAX_LINES or p.start == p.end


def test_code_is_cut_at_its_definitions_and_a_comment_above_belongs_to_them():
    passages = split_passages("cache.py", CODE.split("\n"))
    evict = next(p for p in passages if "evict_oldest" in p.title)
    assert evict.title.startswith("Cache: def evict_oldest")
    assert evict.text.startswith("    # Old entries go first.")


def test_documents_are_cut_at_headings():
    text = "# Setup\n\nRun it.\n\n## Ports\n\nIt listens on 8080.\n\nNotes\n=====\n\nNone."
    passages = split_passages("a.md", text.split("\n"))
    assert [(p.start, p.title) for p in passages] == [(1, "Setup"), (5, "Ports"), (9, "Notes")]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("maxRetryCount", "max retry counts"),
        ("parse_log_files", "parsing log file"),
        ("HTTPServer", "http servers"),
        ("connections", "connection"),
        ("configured", "configure"),
    ],
)
def test_words_of_identifiers_and_of_people_meet(text, same):
    assert stems_of(text) == stems_of(same)


@given(st.text(max_size=30))
def test_a_stem_is_never_empty_and_never_longer(word):
    assert len(stem(word)) <= len(word)
    assert bool(stem(word)) == bool(word)


def test_small_words_say_nothing_about_a_question():
    assert content_stems("What is the default timeout of the client?") == stems_of("default timeout client")


def test_rare_words_decide():
    scores = BM25([stems_of(t) for t in ("the log of the server", "the log of the queue", "the log")])
    assert scores.best(stems_of("queue log"), 3)[0] == 1
    assert scores.idf("nowhere") > scores.idf(stem("queue")) > scores.idf("log")


def test_the_index_has_all_passages_and_numbers_at_even_distances_are_in_it():
    passages = split_passages("cache.py", CODE.split("\n"))
    assert len(index_of_passages(passages)) == len(passages)
    assert evenly_spaced(10, 3) == [0, 4, 8]
    assert evenly_spaced(2, 3) == [0, 1]


@pytest.mark.anyio
async def test_the_passage_that_says_it_in_other_words_is_the_most_similar(engine):
    texts = [passage.with_title for passage in split_passages("cache.py", CODE.split("\n"))]
    similar = await similarities(engine, "which function removes the least recently used entry", texts, 30)
    assert "evict_oldest" in texts[similar.index(max(similar))]
    assert await similarities(engine, "nothing to compare with", [], 30) == []


class Failing:
    def __init__(self, error):
        self.error = error

    async def embed(self, texts, options):
        raise self.error


@pytest.mark.anyio
async def test_without_an_encoder_there_is_a_reason_and_the_call_still_ends_in_time():
    gone = await similarities(Failing(EngineBusy("Its queue is full.")), "a", ["b"], 30)
    assert gone.note("words decide") == "The encoder is not available (engine_busy): words decide."
    for fatal in (Cancelled("Stopped."), DeadlineExceeded("Too late.")):
        with pytest.raises(type(fatal)):
            await similarities(Failing(fatal), "a", ["b"], 30)
    late = await embed(Failing(DeadlineExceeded("Too late.")), ["a"], 30, tolerated=(SmallToolsError,))
    assert isinstance(late, NoEncoder)
    with pytest.raises(Cancelled):
        await embed(Failing(Cancelled("Stopped.")), ["a"], 30, tolerated=(SmallToolsError,))
