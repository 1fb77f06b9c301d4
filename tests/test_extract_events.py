"""Requests, exceptions and errors are read wherever they stand; tables of SQL, releases, labels of rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extract_mapping import read

from mcp_smalltools.tools.extract.structure.data.sql_text import read_sql
from mcp_smalltools.tools.extract.structure.events.marked_lines import events_in
from mcp_smalltools.tools.extract.structure.node import NotOfForm


def values(text: str, schema: dict[str, Any], path: str = "a.md") -> dict[str, Any]:
    return {found.field: found.value for found in read(text, schema, path)[1].found}


JAVA = """Some words before.

```
java.lang.IllegalStateException: Already building!
	at net.example.WorldRenderer.begin(WorldRenderer.java:183)
	at net.example.Main.main(Main.java:11)
Caused by: java.lang.NullPointerException
	at net.example.Other.run(Other.java:7)
```
"""
DOTNET = """Exception Info: System.NotSupportedException: Cannot do it.
   at System.Windows.Helper.Set(State s)
   at App.Views.Main.Click(Object o) in D:\\src\\Main.cs:line 156
"""
PYTHON = """Traceback (most recent call last):
  File "/app/run.py", line 3, in <module>
    main()
  File "/app/work.py", line 41, in load
    raise ValueError("no rows")
ValueError: no rows
"""
SCRIPT = """TypeError: x is not iterable
    at load (/srv/app/index.js:10:5)
    at node:internal/main:1:1
"""


@pytest.mark.parametrize(
    ("text", "kind", "message", "file", "line"),
    [
        (JAVA, "java.lang.IllegalStateException", "Already building!", "WorldRenderer.java", 183),
        (DOTNET, "System.NotSupportedException", "Cannot do it.", "D:\\src\\Main.cs", 156),
        (PYTHON, "ValueError", "no rows", "/app/work.py", 41),
        (SCRIPT, "TypeError", "x is not iterable", "/srv/app/index.js", 10),
    ],
)
def test_an_exception_gives_its_type_message_and_the_place_that_raised_it(
    text: str, kind: str, message: str, file: str, line: int
) -> None:
    found = values(text, {"exception_type": "s", "error_message": "s", "file": "s", "line": "i"})
    assert found == {"exception_type": kind, "error_message": message, "file": file, "line": line}


@pytest.mark.parametrize(
    "text", ["It raises a ValueError: sometimes.", "TypeError: x\n", "see NullPointerException"]
)
def test_a_name_of_an_exception_in_a_text_is_no_exception(text: str) -> None:
    assert events_in(text.split("\n")) == []


CURL = """$ curl -v http://localhost/x
> GET /x?y=1 HTTP/1.1
> Host: localhost
> Accept: */*
>
< HTTP/1.1 401 Unauthorized
< Content-Type: application/json
< WWW-Authenticate: Negotiate
< WWW-Authenticate: NTLM
< Content-Length: 29
<
{"error": {"code": 7}}
"""


def test_an_exchange_gives_request_status_headers_and_body() -> None:
    schema = {
        "method": "s",
        "status_code": "i",
        "content_type": "s",
        "content_length": "i",
        "www_authenticate": ["s"],
        "error_code": "i",
    }
    assert values(CURL, schema, "a.txt") == {
        "method": "GET",
        "status_code": 401,
        "content_type": "application/json",
        "content_length": 29,
        "www_authenticate": ["Negotiate", "NTLM"],
        "error_code": 7,
    }


def test_two_responses_leave_the_status_in_doubt() -> None:
    text = "HTTP/1.1 301 Moved Permanently\nLocation: /a\n\nHTTP/1.1 200 OK\nServer: x\n"
    mapped = read(text, {"status_code": "i"}, "a.txt")[1]
    assert any("status_code" in doubt for doubt in mapped.doubts)


def test_a_message_of_a_compiler_has_the_file_that_a_line_before_names() -> None:
    text = "at namespace main:\nin src/a.kyl:\n3:12: error: Expected '[' but found '{'\n  | enum State {\n"
    found = values(text, {"file": "s", "line": "i", "column": "i", "error": "s"}, "a.log")
    assert found == {"file": "src/a.kyl", "line": 3, "column": 12, "error": "Expected '[' but found '{'"}


@given(
    st.lists(st.sampled_from([*CURL.split("\n"), *JAVA.split("\n"), *PYTHON.split("\n"), "a:1:2: error: b"]))
)
def test_events_are_read_of_any_lines(lines: list[str]) -> None:
    for event in events_in(lines):
        assert 1 <= event.start <= event.end <= len(lines)


SQL = """-- tables
CREATE DATABASE IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS `orders` (
  id INT AUTO_INCREMENT PRIMARY KEY, -- number, of the order
  total NUMERIC(10,2) NOT NULL DEFAULT 0.00,
  state ENUM('open', 'paid') NOT NULL DEFAULT 'open',
  customer INT REFERENCES customers(id),
  note VARCHAR(20) DEFAULT 'a;b',
  INDEX i (state)
) ENGINE=InnoDB;
"""


def test_a_table_of_sql_gives_its_columns_with_types_defaults_and_values() -> None:
    schema = {
        "database": "s",
        "table": "s",
        "primary_key": "s",
        "engine": "s",
        "states": ["s"],
        "default_state": "s",
        "columns": [{"name": "s", "type": "s"}],
    }
    mapped = read(SQL, schema, "a.sql")[1]
    assert values(SQL, schema, "a.sql") == {
        "database": "shop",
        "table": "orders",
        "primary_key": "id",
        "engine": "InnoDB",
        "states": ["open", "paid"],
        "default_state": "open",
    }
    rows = mapped.tables[0].rows
    assert [(row["name"], row["type"]) for row in rows] == [
        ("id", "INT"),
        ("total", "NUMERIC(10,2)"),
        ("state", "ENUM('open','paid')"),
        ("customer", "INT"),
        ("note", "VARCHAR(20)"),
    ]


@given(st.text("CREATE TABLE create table a(),;'\"`-/*\n", max_size=60))
def test_any_text_is_sql_or_refused(text: str) -> None:
    try:
        root = read_sql(text)
    except NotOfForm:
        return
    assert root.inner


CHANGES = """# Changelog

## [Unreleased]

## [0.3.0] - 2024-05-01
### Added
- One

## [0.2.0] - 2024-01-01
- Two
"""


def test_the_latest_version_and_its_date_are_those_of_the_latest_release() -> None:
    found = values(CHANGES, {"latest_version": "s", "release_date": "s"}, "CHANGELOG.md")
    assert found == {"latest_version": "0.3.0", "release_date": "2024-05-01"}


def test_a_version_that_is_not_asked_for_as_the_latest_is_doubtful() -> None:
    mapped = read(CHANGES, {"version": "s"}, "CHANGELOG.md")[1]
    assert [found.value for found in mapped.found] == ["0.3.0"]
    assert mapped.doubts == ["version (line 5, of the latest release)"]


def test_entries_that_begin_with_date_and_version_are_releases() -> None:
    text = "- 24 September 2024 - Version 1.7.2\n    - Fix\n- 4 September 2023 - Version 1.7.1\n    - Add\n"
    mapped = read(text, {"releases": [{"version": "s", "date": "s"}]}, "notes.md")[1]
    assert [row["version"] for row in mapped.tables[0].rows] == ["1.7.2", "1.7.1"]


def test_a_field_may_name_the_row_of_a_table_and_its_column() -> None:
    text = "Package    Version\n---------- -------\nnumpy      2.2.0\npip        24.3.1\n"
    assert values(text, {"pip_version": "s"}, "a.txt") == {"pip_version": "24.3.1"}
    text = "cat,name,unit,result\ncpu,Threads,,4\nos,Kernel,,6.1\n"
    assert values(text, {"threads": "i"}, "a.csv") == {"threads": 4}


def test_what_one_entry_of_a_list_alone_has_is_given_with_a_doubt() -> None:
    text = "steps:\n  - uses: a\n  - uses: b\n    with:\n      python-version: '3.12'\n"
    mapped = read(text, {"python_version": "s"}, "ci.yml")[1]
    assert [found.value for found in mapped.found] == ["3.12"]
    assert mapped.doubts == ["python_version (line 5, in one entry of a list)"]


def test_persons_and_variables_give_their_parts() -> None:
    text = "[Service]\nEnvironment=LOBBY_PORT=3000\nMaintainer=Ada <ada@example.org>\n"
    found = values(text, {"lobby_port": "i", "maintainer_email": "s"}, "a.service")
    assert found == {"lobby_port": 3000, "maintainer_email": "ada@example.org"}


DEBIAN = """tool (1.2-1) unstable; urgency=low

  * One thing
    that goes on
  * Another

 -- Ada Byron <ada@example.org>  Wed, 22 Dec 2010 22:55:02 +0200

tool (1.1-1) stable; urgency=high

  * First

 -- Ada Byron <ada@example.org>  Tue, 21 Dec 2010 22:55:02 +0200
"""


def test_a_changelog_of_debian_gives_its_latest_entry_and_all() -> None:
    schema = {
        "package": "s",
        "version": "s",
        "maintainer": "s",
        "entries": [{"version": "s", "distribution": "s"}],
    }
    assert values(DEBIAN, schema, "changelog") == {
        "package": "tool",
        "version": "1.2-1",
        "maintainer": "Ada Byron",
    }
    rows = read(DEBIAN, schema, "changelog")[1].tables[0].rows
    assert rows == [
        {"version": "1.2-1", "distribution": "unstable"},
        {"version": "1.1-1", "distribution": "stable"},
    ]


def test_a_log_of_one_line_for_each_commit_has_their_sums() -> None:
    text = (
        "cddb49e Add tags\n 2 files changed, 75 insertions(+), 37 deletions(-)\n"
        "170e8d7 Search\n 1 file changed, 2 insertions(+)\n"
    )
    schema = {"commits": [{"hash": "s", "subject": "s", "insertions": "i", "deletions": "i"}]}
    assert read(text, schema, "a.txt")[1].tables[0].rows == [
        {"hash": "cddb49e", "subject": "Add tags", "insertions": 75, "deletions": 37},
        {"hash": "170e8d7", "subject": "Search", "insertions": 2, "deletions": 0},
    ]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("a-server version a-server 0.12.1 compiled with go1.20.5 on linux", "0.12.1"),
        ("1.8.0_201, Oracle Corporation", "1.8.0_201, Oracle Corporation"),
    ],
)
def test_of_a_longer_text_for_a_version_the_version_is_given(text: str, version: str) -> None:
    assert values(f"A Server Version: {text}\nOther: 1\n", {"a_server_version": "s"}) == {
        "a_server_version": version
    }


def test_a_column_that_comes_again_does_not_surely_name_the_rows() -> None:
    text = "TEAM,PLAYER,POINTS\nreds,ada,3\nreds,bob,4\n"
    mapped = read(text, {"teams": [{"name": "s", "points": "i"}]}, "a.csv")[1]
    assert mapped.doubts == ["teams[].name (values of its column come again)"]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("motd=Welcome\nsize=3\nport=4\n", "message_of_the_day", "Welcome"),
        ("gamemode=survival\nforce-gamemode=false\nport=4\n", "game_mode", "survival"),
        (".NET Version: 8.0.14\nCoreCLR Version: 9.1\nSize: 4\n", "net_version", "8.0.14"),
    ],
)
def test_a_name_may_be_written_as_one_word_or_by_its_initials(text: str, field: str, value: str) -> None:
    assert values(text, {field: "s"}, "a.properties" if "=" in text else "a.txt")[field] == value


def test_names_beside_each_other_are_a_list_with_a_doubt_and_a_sentence_is_not() -> None:
    mapped = read("Network: bridge host overlay\nSize: 4\nPort: 5\n", {"network": ["s"]}, "a.txt")[1]
    assert [found.value for found in mapped.found] == [["bridge", "host", "overlay"]]
    assert mapped.doubts == ["network (parted at its spaces)"]
    text = "Note: this is the first of them\nSize: 4\nPort: 5\n"
    assert values(text, {"note": ["s"]}, "a.txt") == {"note": ["this is the first of them"]}


def test_the_only_change_of_the_latest_release_is_its_change() -> None:
    assert values(CHANGES, {"latest_change": "s"}, "CHANGELOG.md") == {"latest_change": "One"}
