"""What may leave of an answer, and how it is made to fit."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.answers import apply_privacy, as_json, shrink_to_fit
from mcp_smalltools.result import Answer, FileText, MaskedText, Record, Span, TextOfFile


class Item(Record):
    count: int
    template: MaskedText
    examples: list[FileText] = Field(default_factory=list)


class SomeAnswer(Answer):
    shrinkable: ClassVar[tuple[str, ...]] = ("spans", "items")

    title: FileText | None = None
    label: str = ""
    items: list[Item] = Field(default_factory=list)
    spans: list[Span] = Field(default_factory=list)
    data: Annotated[dict[str, Any], TextOfFile()] = Field(default_factory=dict)


def an_answer() -> SomeAnswer:
    return SomeAnswer(
        title="secret title",
        label="bug",
        items=[Item(count=2, template="secret <*>", examples=["secret a", "secret b"])],
        spans=[Span(start=1, end=2, text="secret line")],
        data={"name": "secret", "rows": [{"a": "secret", "n": 1}]},
    )


def hush(text: str) -> str:
    return text.replace("secret", "<SECRET>")


def test_under_redacted_every_marked_string_is_scrubbed_however_deep() -> None:
    answer = an_answer()
    apply_privacy(answer, PrivacyLevel.REDACTED, hush)
    assert "secret" not in json.dumps(answer.structured())
    assert answer.data["rows"] == [{"a": "<SECRET>", "n": 1}]
    assert answer.label == "bug"


def test_under_sealed_only_masked_templates_numbers_and_our_own_words_leave() -> None:
    answer = an_answer()
    apply_privacy(answer, PrivacyLevel.SEALED, hush)
    left = answer.structured()
    assert "secret" not in json.dumps(left)
    assert left["items"] == [{"count": 2, "template": "<SECRET> <*>", "examples": []}]
    assert left["spans"] == [{"start": 1, "end": 2, "text": ""}]
    assert left["label"] == "bug"
    assert left["dropped"]["sealed_texts"] == 4


def test_nulls_inside_free_form_data_stay_and_absent_fields_go() -> None:
    answer = SomeAnswer(data={"missing": None})
    assert answer.structured()["data"] == {"missing": None}
    assert "title" not in answer.structured()


@given(
    spans=st.lists(st.text(max_size=200), max_size=40),
    items=st.lists(st.text(max_size=200), max_size=40),
    cap=st.integers(600, 8000),
)
def test_a_fitted_answer_is_under_the_cap_and_says_exactly_what_it_dropped(
    spans: list[str], items: list[str], cap: int
) -> None:
    answer = SomeAnswer(
        items=[Item(count=1, template=text) for text in items],
        spans=[Span(start=1, end=1, text=text) for text in spans],
    )
    shrink_to_fit(answer, cap)
    assert len(as_json(answer)) <= cap
    assert len(answer.spans) + answer.dropped.get("spans", 0) == len(spans)
    assert len(answer.items) + answer.dropped.get("items", 0) == len(items)
    assert [span.text for span in answer.spans] == spans[: len(answer.spans)]


def test_an_answer_that_cannot_be_cut_is_refused_with_a_remedy() -> None:
    with pytest.raises(SmallToolsError, match="max_answer_chars"):
        shrink_to_fit(SomeAnswer(label="x" * 5000), 1000)
