"""Header columns that nothing names: no part of a message, and nothing of a message is taken for them."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.templates.columns import message_of, skip_columns
from mcp_smalltools.logs.templates.parsed_log import ParsedLog, derive_templates

MESSAGES: tuple[tuple[str, str, Callable[[random.Random], str]], ...] = (
    ("INFO", "cache", lambda c: f"hit for item {c.randrange(10**5)}"),
    ("INFO", "auth", lambda c: f"user u{c.randrange(99)} logged in from 10.0.0.{c.randrange(256)}"),
    ("ERROR", "store", lambda c: "connection refused"),
    ("DEBUG", "jobs", lambda c: f"took {c.randrange(999)} ms for batch {c.randrange(9)} of 9"),
    ("WARNING", "store", lambda c: f"retry {c.randrange(3)} after timeout"),
    ("INFO", "jobs", lambda c: "all workers are idle"),
)
TEMPLATES = {
    "hit for item <*>",
    "user <*> logged in from <*>",
    "connection refused",
    "took <*> for batch <*> of <*>",
    "retry <*> after timeout",
    "all workers are idle",
}
HEADERS: dict[str, Callable[[random.Random, str, str], str]] = {
    "host, component, level": lambda c, level, word: f"n{c.randrange(64):02}-a SYS {word.upper()} {level}",
    "request": lambda c, level, word: f"{level} shop.{word}.api [req-{c.getrandbits(64):016x} ada - -]",
    "request or none": lambda c, level, word: (
        f"{level} {word} " + c.choice(("[-]", f"[{c.getrandbits(32):08x} bob]"))
    ),
    "process, thread, letter": lambda c, level, word: (
        f"{c.randrange(9**4):5} {c.randrange(9**4):5} {level[0]}"
    ),
    "user, session, level": lambda c, level, word: (
        f"{c.choice(['ada', 'bob', '-'])} {c.getrandbits(32):08x} {level}"
    ),
    "brackets in brackets": lambda c, level, word: f"{level} [Peer[id={c.randrange(9)}]/10.0.0.1:{word}] -",
}


def lines_with(header: Callable[[random.Random, str, str], str], seed: int, count: int = 240) -> list[str]:
    chance = random.Random(seed)
    lines = []
    for number in range(count):
        level, word, message = chance.choice(MESSAGES)
        stamp = f"2026-03-01 10:{number // 60:02}:{number % 60:02}.{chance.randrange(1000):03}"
        lines.append(f"{stamp} {header(chance, level, word)} {message(chance)}")
    return lines


def parsed(lines: list[str]) -> tuple[LogParser, ParsedLog]:
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    return parser, derive_templates(parser)


def templates(log: ParsedLog) -> set[str]:
    return {template.text.replace("\ue0ff", "<*>") for template in log.templates}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_columns_without_names_are_no_part_of_the_message(header) -> None:
    lines = lines_with(header, seed=1)
    parser, log = parsed(lines)
    assert templates(log) == TEMPLATES
    assert sum(template.records for template in log.templates) == len(lines)
    for line, layout in zip(lines, parser.table.layouts_of(lines), strict=True):
        slots = TemplateMatcher(log.template_of_shape[layout.line_type.shape].text)
        assert slots.values(message_of(read_line(line).content, layout.line_type.columns)) is not None


def test_a_level_among_the_columns_is_the_record_s_level() -> None:
    lines = lines_with(HEADERS["process, thread, letter"], seed=2)
    _, log = parsed(lines)
    wanted = [line.split()[4] for line in lines]
    assert log.levels == {LEVELS[letter]: wanted.count(letter) for letter in LEVELS}


LEVELS = {"I": "info", "E": "error", "D": "debug", "W": "warning"}


@pytest.mark.parametrize(
    "messages",
    [
        [
            "Worker {} started",
            "Worker {} stopped",
            "Worker {} crashed",
            "Worker {} is idle",
            "Worker {} waits",
        ],
        ["{} items stored", "disk full", "{} users found", "cache cleared", "no answer"],
        [
            "Module [{}] loaded",
            "Module [{}] failed",
            "Module [{}] is old",
            "Module [{}] left",
            "Module [{}] new",
        ],
        ["level set to INFO by {}", "ready", "level set to DEBUG by {}", "stopped", "level kept by {}"],
    ],
    ids=["a word and a number", "some numbers", "a word and brackets", "a level in some"],
)
def test_the_start_of_a_message_stays_in_its_template(messages: list[str]) -> None:
    chance = random.Random(3)
    lines = [
        f"2026-03-01 10:00:{number % 60:02} INFO {chance.choice(messages).format(chance.randrange(999))}"
        for number in range(200)
    ]
    _, log = parsed(lines)
    words = {text.split()[0] for text in templates(log)}
    assert words == {text.format("<*>").split()[0] for text in messages}


def test_few_lines_tell_no_columns() -> None:
    _, log = parsed(lines_with(HEADERS["host, component, level"], seed=4, count=20))
    assert all("SYS" in text for text in templates(log))


@given(st.lists(st.text(st.sampled_from("ab[]()<>{} -:1"), max_size=12), max_size=8))
@hypothesis_settings(max_examples=200)
def test_what_is_behind_columns_is_the_end_of_the_text(words: list[str]) -> None:
    text = " ".join(" ".join(words).split())
    rests = [skip_columns(text, columns) for columns in range(6)]
    assert rests[0] == text
    assert all(text.endswith(rest) for rest in rests)
