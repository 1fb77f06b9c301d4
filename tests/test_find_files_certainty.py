"""find_files says how sure it is, and what to do where it isn't."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_find_files import no_engine, write

from mcp_smalltools.calibration.calibration import Calibration, Logistic, load_calibration
from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.files.roots import Roots
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.find_files.certainty import (
    FEATURES,
    AskedWords,
    RankedFile,
    certainty,
    ranking_features,
)
from mcp_smalltools.tools.find_files.index_updates import IndexUpdater

SHARE = st.floats(0, 1)
RANKED = st.builds(
    RankedFile,
    score=st.floats(0, 1e6),
    by_words=st.floats(0, 1e6),
    held=SHARE,
    in_path=SHARE,
    passage=SHARE,
    passage_score=st.floats(0, 1e3),
    similarity=st.floats(-1, 1),
    is_code=st.booleans(),
)


def made(limit_of_five: float) -> Calibration:
    """One that is surer the more of the query the first file holds."""
    model = Logistic({"held": 4.0}, -2.0)
    constants = {f"{name}_sure_from": limit_of_five for name in FEATURES}
    return Calibration(dict.fromkeys(FEATURES, model), constants, FEATURES)


@given(
    st.lists(RANKED, min_size=1, max_size=40).map(lambda files: sorted(files, key=lambda file: -file.score)),
    st.builds(AskedWords, st.integers(0, 300), SHARE, st.floats(0, 20)),
    st.lists(st.floats(-1, 1), max_size=5),
)
def test_every_ranking_has_all_features_and_a_probability(
    files: list[RankedFile], asked: AskedWords, nearest: list[float]
) -> None:
    features = ranking_features(files, asked, sorted(nearest, reverse=True))
    assert features.keys() == set(FEATURES["five"])
    assert all(math.isfinite(value) for value in features.values())
    shipped = load_calibration("find_files", FEATURES)
    for limit, by_words in ((10, False), (3, True)):
        told = certainty(features, shipped, limit=limit, by_words=by_words)
        assert 0 < told.probability < 1
        assert told.escalate == (told.reason is not None)


def features_of(**changed: Any) -> dict[str, float]:
    one = RankedFile(10.0, 10.0, 0.9, 0.5, 0.8, 3.0, 0.6, True)
    return ranking_features([one], AskedWords(4, 1.0, 5.0), [0.6]) | changed


def test_a_confidence_below_the_threshold_escalates_and_says_what_is_weak() -> None:
    assert not certainty(features_of(held=1.0), made(0.8), limit=10, by_words=False).escalate
    weak = certainty(features_of(held=0.4, known=0.5), made(0.8), limit=10, by_words=False)
    assert weak.escalate and "one of the first 5 files" in str(weak.reason)
    assert "in no file" in str(weak.reason)
    split = certainty(features_of(held=0.4, held_five=0.4), made(0.8), limit=10, by_words=False)
    assert "half of the query" in str(split.reason)
    rivals = certainty(features_of(held=0.4), made(0.8), limit=2, by_words=False)
    assert "the first file is" in str(rivals.reason) and "`glob`" in str(rivals.reason)


async def ask(folder: Path, settings: Settings, engine: FakeEngine, **arguments: Any) -> dict[str, Any]:
    own = settings.model_copy(update={"roots": (RootSpec(path=folder, level=PrivacyLevel.OPEN),)})
    service = Service(own, engine)
    try:
        return (await service.call(ToolRequest("find_files", arguments))).structured()
    finally:
        await service.close()


@pytest.mark.anyio
async def test_an_answer_has_a_confidence_and_asks_for_help_where_the_query_is_strange(
    settings: Settings, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    write(tree, **{f"src__part{n}_dot_py": f"def part{n}():\n    return {n}\n" for n in range(30)})
    write(tree, src__retry_delay_dot_py="def retry_delay(attempt):\n    # backoff doubles\n    return 2\n")
    good = await ask(tree, settings, no_engine(), query="retry_delay backoff attempt")
    strange = await ask(tree, settings, no_engine(), query="return the blockchain wallet of penguins")
    assert good["confidence"] > strange["confidence"]
    assert strange["escalate"] and "in no file" in strange["reason"]


@pytest.mark.anyio
async def test_without_a_known_word_there_is_no_confidence(settings: Settings, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree, a_dot_py="x = 1\n")
    answer = await ask(tree, settings, no_engine(), query="penguins")
    assert answer["escalate"] and "confidence" not in answer


def test_what_is_counted_of_a_folder_is_in_that_folder(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, src__a_dot_py="x = 1\n", src2__b_dot_py="y = 22222\n", src2__b_dot_png="\0\0")
    roots = Roots([RootSpec(path=tmp_path)])
    (whole,) = roots.folders()
    updater = IndexUpdater(whole, settings.state_dir, lambda path: roots.open(str(tmp_path / path)))
    updater.refresh(60.0, lambda *_: None, lambda: None)
    try:
        index = updater.index
        assert index.bytes_below("src") == 6
        assert index.bytes_below("src/a.py") == 6
        assert index.bytes_below("") == 18
        assert index.skipped_below("src") == {}
        assert sum(index.skipped_below("src2").values()) == 1
        paths = index.paths()
        assert {paths[number] for number in index.ids_without_vector()} == {"src/a.py", "src2/b.py"}
    finally:
        updater.close()
