"""What names alone leave open is settled by what they mean: absences, other names, keys that nearly fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from test_extract_mapping import read

from mcp_smalltools.errors import EngineError
from mcp_smalltools.tools.extract.by_meaning import judge_by_meaning
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


async def judged(mapped: Any, encoder: Any, path: str = "a.json") -> NoEncoder | None:
    return await judge_by_meaning(mapped, path, encoder, lambda: 9.0)


def values(mapped: Any) -> dict[str, Any]:
    return {found.field: found.value for found in mapped.found}


async def test_a_missing_field_is_doubtful_where_another_key_means_the_same() -> None:
    mapped = read('{"responsible": "ada", "size": 4}', {"size": "i", "owner": "s"}, "a.json")[1]
    assert mapped.doubts == []
    assert await judged(mapped, KnowsWords()) is None
    assert mapped.doubts == ["owner (may be on line 1)"]


async def test_keys_of_another_type_or_meaning_and_those_that_are_used_leave_no_doubt() -> None:
    text = '{"responsible": "ada", "rate": "fast", "size": 4}'
    mapped = read(text, {"owner": ("s", "responsible"), "speed": "i", "colour": "s"}, "a.json")[1]
    await judged(mapped, KnowsWords())
    assert mapped.doubts == []


async def test_a_column_that_no_field_has_may_be_the_one_that_is_missing() -> None:
    text = "[" + ", ".join(f'{{"kind": "k", "a": {n}, "rate": {n}}}' for n in range(3)) + "]"
    mapped = read(text, {"rows": [{"kind": "s", "a": "i", "speed": "i"}]}, "a.json")[1]
    mapped.doubts.clear()
    await judged(mapped, KnowsWords())
    assert mapped.doubts == ["rows[].speed (may be on line 1)"]


@pytest.mark.parametrize("schema", [{"size": "i"}, {"size": "i", "responsible": "s"}])
async def test_nothing_is_asked_where_no_field_is_missing(schema: Any) -> None:
    encoder = KnowsWords()
    mapped = read('{"responsible": "ada", "size": 4}', schema, "a.json")[1]
    assert await judged(mapped, encoder) is None
    assert encoder.asked == []


async def test_without_the_encoder_it_is_said_why() -> None:
    mapped = read('{"responsible": "ada"}', {"owner": "s"}, "a.json")[1]
    assert isinstance(await judged(mapped, Fails()), NoEncoder)


async def test_a_key_that_says_all_but_the_last_word_of_a_name_gives_its_value_with_a_doubt() -> None:
    encoder = KnowsWords((frozenset(("restart", "policy")),))
    mapped = read('{"restart": "always", "size": 4}', {"restart_policy": "s"}, "a.json")[1]
    assert await judged(mapped, encoder) is None
    assert values(mapped) == {"restart_policy": "always"}
    assert mapped.doubts == ["restart_policy (line 1, under another name)"]
    assert mapped.names == {"restart_policy": "restart"}
    assert mapped.absent == []


@pytest.mark.parametrize(
    ("field", "key"), [("smtp_host", "host"), ("max_size", "size"), ("german_comment", "comment")]
)
async def test_a_key_that_lacks_the_word_which_tells_which_is_only_pointed_at(field: str, key: str) -> None:
    encoder = KnowsWords((frozenset(field.split("_")),))
    mapped = read(f'{{"{key}": "x", "other": "y"}}', {field: "s"}, "a.json")[1]
    await judged(mapped, encoder)
    assert values(mapped) == {}
    assert mapped.doubts == [f"{field} (may be on line 1)"]


async def test_the_name_of_the_file_explains_a_word_of_the_field() -> None:
    encoder = KnowsWords((frozenset(("compose", "version")),))
    text = "version: '3.8'\nservices:\n  a:\n    image: b\n"
    for path, given in (("docker-compose.yml", {"compose_version": "3.8"}), ("other.yml", {})):
        mapped = read(text, {"compose_version": "s"}, path)[1]
        await judged(mapped, encoder, path)
        assert values(mapped) == given
        assert mapped.doubts


async def test_another_name_that_means_the_same_leaves_no_doubt_if_its_value_stands_for_itself() -> None:
    for value, doubts in (("0.4", 0), ("is a.B from c, d=e", 1)):
        text = f'{{"driver": "{value}", "size": 4}}'
        mapped = read(text, {"driver_version": "s"}, "a.json")[1]
        assert len(mapped.doubts) == 1
        await judged(mapped, KnowsWords((frozenset(("driver", "version")),)))
        assert len(mapped.doubts) == doubts


async def test_another_name_that_means_something_else_stays_doubtful() -> None:
    mapped = read('{"driver": "0.4"}', {"driver_version": "s"}, "a.json")[1]
    await judged(mapped, KnowsWords(()))
    assert mapped.doubts == ["driver_version (line 1, under another name)"]
