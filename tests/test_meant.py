"""Arguments that are not in the form that a tool asks for: taken as they are meant, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.errors import UsageError
from mcp_smalltools.tools.ask_file.answer import AskFileArguments
from mcp_smalltools.tools.base import Arguments, validate_arguments
from mcp_smalltools.tools.classify.answer import ClassifyArguments
from mcp_smalltools.tools.extract.tool import ExtractArguments
from mcp_smalltools.tools.find_failure.answer import FindFailureArguments

SCHEMA = {"type": "object", "properties": {"port": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("record", "sent", "meant"),
    [
        (AskFileArguments, {"path": "a.md"}, {"paths": ["a.md"]}),
        (AskFileArguments, {"paths": "a.md"}, {"paths": ["a.md"]}),
        (AskFileArguments, {"paths": '["a.md", "b.md"]'}, {"paths": ["a.md", "b.md"]}),
        (AskFileArguments, {"paths": "[draft].md"}, {"paths": ["[draft].md"]}),
        (
            ClassifyArguments,
            {"items": "it crashes", "labels": '["bug", "question"]'},
            {"items": ["it crashes"]},
        ),
        (ExtractArguments, {"schema": json.dumps(SCHEMA)}, {"schema": SCHEMA}),
        (FindFailureArguments, {"path": '["a.log"]'}, {"path": '["a.log"]'}),
    ],
)
def test_a_list_or_object_in_another_form_is_taken_as_it_is_meant(
    record: type[Arguments], sent: dict[str, Any], meant: dict[str, Any]
) -> None:
    others = {"question": "why?", "text": "port 3", "labels": ["bug", "question"]}
    filled = {name: value for name, value in others.items() if name in record.model_fields} | sent
    found = validate_arguments("tool", record, filled)
    assert {name: getattr(found, name) for name in meant} == meant


@pytest.mark.parametrize(
    ("record", "sent", "told"),
    [
        (
            ClassifyArguments,
            {"items": ["a"], "labels": "bug, question"},
            "labels: Input should be a valid list",
        ),
        (ExtractArguments, {"text": "a", "schema": '["port"]'}, "schema: Input should be a valid dictionary"),
        (AskFileArguments, {"path": "a", "paths": ["b"], "question": "why?"}, "takes no argument 'path'"),
        (FindFailureArguments, {"paths": ["a.log"]}, "takes no argument 'paths'"),
    ],
)
def test_what_is_in_doubt_is_refused_by_name(
    record: type[Arguments], sent: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        validate_arguments("tool", record, sent)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_list_and_its_json_are_the_same(paths: list[str]) -> None:
    whole = [path.encode("utf-8", "replace").decode() for path in paths]
    sent = validate_arguments("ask_file", AskFileArguments, {"paths": json.dumps(whole), "question": "why?"})
    assert sent == validate_arguments("ask_file", AskFileArguments, {"paths": whole, "question": "why?"})
