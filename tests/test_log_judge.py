"""The judge of slots and gaps: its features have names, and a file made for other ones is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mcp_smalltools.errors import ModelError
from mcp_smalltools.learning.logs.fit_network import Recipe, average_networks, fit_network
from mcp_smalltools.logs.judge.features import GAP_FEATURES, SLOT_FEATURES, gap_features, slot_features
from mcp_smalltools.logs.judge.judge import load_judge, save_judge, shipped_judge
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.models.shipped import shipped_file

KNOWN = Counter({"up": 3, "down": 1, "worker": 2})


def slot(*lines: str, place: int) -> dict[str, float]:
    sequences = [(tuple(line.split()), 2) for line in lines]
    return dict(
        zip(
            SLOT_FEATURES,
            slot_features(sequences, place, [place], KNOWN, shipped_judge().lexicon),
            strict=True,
        )
    )


def gap(head: str, tail: str, *values: str) -> dict[str, float]:
    weights = {tuple(value.split()): 2 for value in values}
    found = gap_features(tuple(head.split()), tuple(tail.split()), weights, KNOWN, shipped_judge().lexicon)
    return dict(zip(GAP_FEATURES, found, strict=True))


def test_every_feature_of_a_slot_has_one_name() -> None:
    assert len(set(SLOT_FEATURES)) == len(SLOT_FEATURES)
    found = slot("worker = up , level", "worker = down , level", "worker = Up , level", place=2)
    lexicon = shipped_judge().lexicon
    ones = {name for name, value in found.items() if value == 1}
    assert {"previous_is_equals", "next_is_assignment"} & ones == {"previous_is_equals"}
    assert found["variable_after_previous"] == lexicon.before("=")
    assert found["next_count"] == lexicon.word(",")
    assert found["previous_is_comma"] == found["next_is_end"] == found["previous_is_start"] == 0
    assert found["values_log"] == np.log2(3)
    assert found["top_share"] == pytest.approx(1 / 3)
    assert found["capitalised_share"] == pytest.approx(1 / 3)
    assert found["lower_share"] == pytest.approx(2 / 3)
    assert found["tokens_mean"] == found["tokens_least"] == 1
    assert found["elsewhere_least"] == 0
    assert found["word_mean_minimum"] == min(lexicon.word("up"), lexicon.word("down"))
    assert found["pairs_inside_maximum"] == 0
    assert found["slots_log"] == pytest.approx(np.log1p(1))
    assert found["frame_tokens_log"] == pytest.approx(np.log1p(5))
    assert found["sequences_log"] == pytest.approx(np.log1p(3))
    assert found["values_share"] == 1
    assert found["repeated_values_share"] == found["repeated_pairs_most"] == 0
    assert found["assignment_follows"] == 0
    assert slot("a b", "c b", place=0)["previous_is_start"] == 1
    assert slot(f"x = {VAR} a level = 1", f"x = {VAR} b level = 1", place=3)["continues_equals"] == 1
    assert slot(f"x = {VAR} a level = 1", f"x = {VAR} b level = 1", place=3)["assignment_follows"] == 1


def test_every_feature_of_a_gap_has_one_name() -> None:
    assert len(set(GAP_FEATURES)) == len(GAP_FEATURES)
    found = gap("read", "done", "a b", "a = 1", VAR, "( x")
    assert found["tokens_range"] == 2
    assert found["first_tokens_share"] == found["unmatched_share"] * 3 == 0.75
    assert found["last_tokens_share"] == 1
    assert found["lengths_share"] == 0.75
    assert found["variable_weight"] == 0.25
    assert found["has_assignment"] == found["has_variable"] == 1
    assert found["no_word_before"] == 0
    assert gap(f"state : {VAR}", "", "a", "b")["continues_colon"] == 1


def test_a_judge_is_what_was_saved(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, len(SLOT_FEATURES))).astype(np.float32)
    targets = (rows[:, 0] > 0).astype(np.float32)
    network = fit_network(rows, targets, np.ones(400, np.float32), seed=1, recipe=Recipe(epochs=300))
    assert ((network(rows) > 0) == (targets > 0.5)).mean() > 0.95
    save_judge(tmp_path / "weights.npz", {"words": np.arange(16)}, {"slot": network})
    read = load_judge(tmp_path / "weights.npz")
    assert read.slots(rows.tolist()) == pytest.approx(network(rows).tolist(), abs=1e-5)
    assert read.gap is None


def arrays() -> dict[str, np.ndarray]:
    with np.load(shipped_file("parse_log", "weights.npz"), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize("network", ["slot", "gap"])
@pytest.mark.parametrize("change", ["reordered", "shorter", "missing"])
def test_a_file_made_for_other_features_is_refused(network: str, change: str, tmp_path: Path) -> None:
    key = f"{network}.features"
    changed = arrays()
    names = changed.pop(key).tobytes().decode().split("\n")
    names = [*names[1:], names[0]] if change == "reordered" else names[:-1]
    if change != "missing":
        changed[key] = np.frombuffer("\n".join(names).encode(), np.uint8)
    path = tmp_path / "weights.npz"
    np.savez_compressed(path, allow_pickle=False, **changed)
    with pytest.raises(ModelError, match="other features") as raised:
        load_judge(path)
    assert str(path) in str(raised.value)
    assert "models/recipes/parse_log" in str(raised.value)


def test_a_network_with_another_number_of_inputs_is_refused(tmp_path: Path) -> None:
    rows = np.zeros((4, 5), np.float32)
    network = fit_network(
        rows, np.zeros(4, np.float32), np.ones(4, np.float32), seed=1, recipe=Recipe(epochs=1)
    )
    save_judge(tmp_path / "weights.npz", {"words": np.arange(16)}, {"slot": network})
    with pytest.raises(ModelError, match="other features"):
        load_judge(tmp_path / "weights.npz")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(shipped_file("parse_log", "weights.npz").read_bytes()[:5_000])
    with pytest.raises(ModelError, match="can't be used"):
        load_judge(path)


def test_the_lexicon_knows_where_variables_stand() -> None:
    lexicon = shipped_judge().lexicon
    assert lexicon.before("user") > lexicon.before("cannot")
    assert lexicon.word("failed") > lexicon.word("qwertyuiop")


def test_averaged_networks_answer_the_mean_of_each() -> None:
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(400, 5)).astype(np.float32)
    networks = [
        fit_network(
            inputs * scale,
            (inputs[:, :1].ravel() > 0).astype(np.float32),
            np.ones(400, np.float32),
            seed=1,
            recipe=Recipe(networks=count, epochs=2),
        )
        for scale, count in ((1, 2), (3, 2))
    ]
    expected = (networks[0](inputs) + networks[1](inputs)) / 2
    assert np.allclose(average_networks(networks)(inputs), expected, atol=1e-4)
