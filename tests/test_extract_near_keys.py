"""What a text of named values seems not to have is doubtful where an unused key is near to it in meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from test_extract_mapping import read

from mcp_smalltools.errors import EngineError
from mcp_smalltools.tools.extract.near_keys import doubt_absent
from mcp_smalltools.tools.similarity import NoEncoder

pytestmark = pytest.mark.anyio


@dataclass
class Embedded:
    vectors: Any


@dataclass
class KnowsWords:
    """An encoder whose texts are alike if they share one of the groups of words."""

    groups: tuple[frozenset[str], ...] = (frozenset(("owner", "responsible")), frozenset(("speed", "rate")))
    asked: list[str] = field(default_factory=list)

    async def embed(self, texts: list[str], options: Any) -> Embedded:
        self.asked += texts
        rows = []
        for number, text in enumerate(texts):
            row = np.zeros(len(self.groups) + len(texts), np.float32)
            for place, group in enumerate(self.groups):
                row[place] = bool(group & set(text.split()))
            if not row.any():
                row[len(self.groups) + number] = 1
            rows.append(row / np.linalg.norm(row))
        return Embedded(np.array(rows))


class Fails:
    async def embed(self, texts: list[str], options: Any) -> Embedded:
        raise EngineError("The engine is gone.")


async def test_a_missing_field_is_doubtful_where_another_key_means_the_same() -> None:
    mapped = read('{"responsible": "ada", "size": 4}', {"size": "i", "owner": "s"}, "a.json")[1]
    assert mapped.doubts == []
    assert await doubt_absent(mapped, KnowsWords(), 9.0) is None  # type: ignore[arg-type]
    assert mapped.doubts == ["owner (may be on line 1)"]


async def test_keys_of_another_type_or_meaning_and_those_that_are_used_leave_no_doubt() -> None:
    text = '{"responsible": "ada", "rate": "fast", "size": 4}'
    mapped = read(text, {"owner": ("s", "responsible"), "speed": "i", "colour": "s"}, "a.json")[1]
    await doubt_absent(mapped, KnowsWords(), 9.0)  # type: ignore[arg-type]
    assert mapped.doubts == []


async def test_a_column_that_no_field_has_may_be_the_one_that_is_missing() -> None:
    text = "[" + ", ".join(f'{{"kind": "k", "a": {n}, "rate": {n}}}' for n in range(3)) + "]"
    mapped = read(text, {"rows": [{"kind": "s", "a": "i", "speed": "i"}]}, "a.json")[1]
    mapped.doubts.clear()
    await doubt_absent(mapped, KnowsWords(), 9.0)  # type: ignore[arg-type]
    assert mapped.doubts == ["rows[].speed (may be on line 1)"]


@pytest.mark.parametrize("schema", [{"size": "i"}, {"size": "i", "responsible": "s"}])
async def test_nothing_is_asked_where_no_field_is_missing(schema: Any) -> None:
    encoder = KnowsWords()
    mapped = read('{"responsible": "ada", "size": 4}', schema, "a.json")[1]
    assert await doubt_absent(mapped, encoder, 9.0) is None  # type: ignore[arg-type]
    assert encoder.asked == []


async def test_without_the_encoder_it_is_said_why() -> None:
    mapped = read('{"responsible": "ada"}', {"owner": "s"}, "a.json")[1]
    assert isinstance(await doubt_absent(mapped, Fails(), 9.0), NoEncoder)  # type: ignore[arg-type]
