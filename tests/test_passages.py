"""Passages of a file: no line lost, titles of what they stand in, and the right one first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.text.bm25 import BM25
from mcp_smalltools.text.fusion import fused, index
from mcp_smalltools.text.passages import MAX_CHARS, MAX_LINES, split
from mcp_smalltools.text.words import content_words, stem, words
from mcp_smalltools.tools.similarity import ranked

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
    passages = split("notes.txt", lines)
    covered = [number for p in passages for number in range(p.start, p.end + 1)]
    assert len(covered) == len(set(covered))
    assert {n for n, line in enumerate(lines, 1) if line.strip()} <= set(covered)
    for p in passages:
        assert p.text == "\n".join(lines[p.start - 1 : p.end]).strip("\n")
        assert p.end - p.start < MAX_LINES
        assert len(p.text) <= MAX_CHARS + MAX_LINES or p.start == p.end


def test_code_is_cut_at_its_definitions_and_a_comment_above_belongs_to_them():
    passages = split("cache.py", CODE.split("\n"))
    evict = next(p for p in passages if "evict_oldest" in p.title)
    assert evict.title.startswith("Cache: def evict_oldest")
    assert evict.text.startswith("    # Old entries go first.")


def test_documents_are_cut_at_headings():
    text = "# Setup\n\nRun it.\n\n## Ports\n\nIt listens on 8080.\n\nNotes\n=====\n\nNone."
    passages = split("a.md", text.split("\n"))
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
    assert words(text) == words(same)


@given(st.text(max_size=30))
def test_a_stem_is_never_empty_and_never_longer(word):
    assert len(stem(word)) <= len(word)
    assert bool(stem(word)) == bool(word)


def test_small_words_say_nothing_about_a_question():
    assert content_words("What is the default timeout of the client?") == words("default timeout client")


def test_rare_words_decide():
    scores = BM25([words(t) for t in ("the log of the server", "the log of the queue", "the log")])
    assert scores.best(words("queue log"), 3)[0] == 1
    assert scores.rarity("nowhere") > scores.rarity(stem("queue")) > scores.rarity("log")


def test_fusion_prefers_what_both_rankings_have():
    assert fused([[3, 1, 2], [2, 1, 5]])[:2] == [2, 1] or fused([[3, 1, 2], [2, 1, 5]])[0] in (1, 2)
    assert fused([[4], []]) == [4]


@pytest.mark.anyio
async def test_the_passage_that_says_it_in_other_words_is_found(engine):
    passages = split("cache.py", CODE.split("\n"))
    best = await ranked(engine, "which function removes the least recently used entry", passages, 3)
    assert "evict_oldest" in passages[best[0]].title
    assert len(index(passages)) == len(passages)
