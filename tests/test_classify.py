"""`classify`: what it refuses, what never changes an answer, and what it says when it doesn't know."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import load_calibration
from mcp_smalltools.errors import FileError, NotAllowed
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.stores import vector_cache
from mcp_smalltools.stores.vector_cache import VectorCache
from mcp_smalltools.text.words import spaced_name
from mcp_smalltools.tools.classify import vectors
from mcp_smalltools.tools.classify.chunks import CHUNK_CHARS, MAX_CHUNKS, chunks_of, clauses_of, is_cut
from mcp_smalltools.tools.classify.common_labels import texts_of_common_labels
from mcp_smalltools.tools.classify.decision import (
    FEATURES,
    LITTLE_TEXT,
    MAX_LABELS_PER_ITEM,
    NO_FIT,
    UNMEASURED,
    add_distributions,
    choose_labels,
    decide,
    features_of,
    label_candidates,
)
from mcp_smalltools.tools.classify.heads.arithmetic import unit
from mcp_smalltools.tools.classify.heads.mixture import USUAL_WEIGHTS, fit_weights
from mcp_smalltools.tools.classify.labels import MAX_LABELS, NONE_OF_THESE, parse_labels
from mcp_smalltools.tools.classify.scoring import Examples, Texts, score
from mcp_smalltools.tools.classify.yes_or_no import NEARNESS_ALONE

MESSAGES = {
    "The app crashes when I press save": "crash",
    "It takes two minutes to open a project since the update": "slow performance",
    "Please add a dark theme": "feature request",
    "The README doesn't explain the --lazy flag": "documentation",
    "Segmentation fault on startup": "crash",
    "Could you support drag and drop of folders?": "feature request",
}
LABELS = ["crash", "slow performance", "feature request", "documentation"]
EXAMPLES = [
    {"text": "the window freezes and is then gone", "label": "crash"},
    {"text": "dies with exit code 139", "label": "crash"},
    {"text": "scrolling lags badly", "label": "slow performance"},
    {"text": "search got ten times slower", "label": "slow performance"},
    {"text": "I'd love keyboard shortcuts", "label": "feature request"},
    {"text": "option to sort by date please", "label": "feature request"},
    {"text": "typo in the tutorial", "label": "documentation"},
    {"text": "page about webhooks has a dead link", "label": "documentation"},
]


@pytest.fixture
def classify(call_tool):
    return partial(call_tool, "classify")


@pytest.fixture
def refused(usage_error_of):
    """The message of the error that a call ends with."""

    async def call(**arguments):
        error = await usage_error_of("classify", **arguments)
        assert error.remedy
        return error.message

    return call


# Labels and texts


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_payment_failed", "card payment failed"),
        ("cardPaymentFailed", "card payment failed"),
        ("HTTPError", "http error"),
        ("how-to", "how to"),
        ("  Bug  ", "bug"),
        ("401k", "401k"),
        ("??", "??"),
    ],
)
def test_a_label_is_read_as_words(name, words):
    assert spaced_name(name) == words


def test_a_label_may_have_a_description_and_keeps_its_name():
    labels = parse_labels(["bug: something is broken", "question"]).labels
    assert [(label.name, label.text) for label in labels] == [
        ("bug", "bug: something is broken"),
        ("question", "question"),
    ]


def test_a_label_that_means_something_else_is_what_the_answer_says_when_nothing_fits():
    assert parse_labels(["bug", "question", "Other"]).none_name == "Other"
    assert parse_labels(["bug", "question", "Other"]).names == ["bug", "question"]
    assert parse_labels(["bug", "question"]).none_name == NONE_OF_THESE


@given(st.text(max_size=12_000))
def test_pieces_are_short_hold_the_start_of_the_text_and_say_when_something_is_cut(text):
    parts = chunks_of(text)
    assert len(parts) <= MAX_CHUNKS
    assert all(part and len(part) <= CHUNK_CHARS for part in parts)
    whole = "".join(text.split())
    kept_vectors = "".join("".join(parts).split())
    assert whole.startswith(kept_vectors)
    assert is_cut(text) == (kept_vectors != whole)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It crashes on save and please add a dark theme", ["It crashes on save", "please add a dark theme"]),
        ("The lift is stuck. Nobody answers!", ["The lift is stuck", "Nobody answers"]),
        ("search and replace", []),
        ("one thing only", []),
    ],
)
def test_a_text_falls_into_its_clauses(text, parts):
    assert clauses_of(text) == parts


# Vectors that are kept


def test_kept_vectors_come_back_for_the_same_text_and_model_alone(tmp_path):
    vector = np.arange(4, dtype=np.float32)
    with closing(VectorCache(tmp_path / "v.db", "one")) as store:
        store.put({"a": vector})
        found = store.get(["a", "b"])
        assert list(found) == ["a"]
        assert np.array_equal(found["a"], vector)
    with closing(VectorCache(tmp_path / "v.db", "two")) as store:
        assert store.get(["a"]) == {}


def test_of_too_many_kept_vectors_the_least_recently_used_leave(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_cache, "MAX_VECTORS", 3)
    with closing(VectorCache(tmp_path / "v.db", "one")) as store:
        for name in "abc":
            store.put({name: np.zeros(2, np.float32)})
        store.get(["a"])
        store.put({"d": np.zeros(2, np.float32)})
        assert sorted(store.get("abcd")) == ["a", "c", "d"]


# Scores, without an engine


def random_case(seed, items=12, labels=4, examples=0):
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(items + labels + examples, 16)).astype(np.float32))
    names = [f"label {index}" for index in range(labels)]
    known = None
    if examples:
        texts = [f"example {index} of it" for index in range(examples)]
        known = Examples(Texts(texts, vectors[items + labels :]), rng.integers(0, labels, examples))
    return (
        Texts([f"item number {index}" for index in range(items)], vectors[:items]),
        Texts(names, vectors[items : items + labels]),
        known,
    )


cases = st.builds(
    random_case,
    st.integers(0, 10_000),
    items=st.integers(1, 20),
    labels=st.integers(1, 8),
    examples=st.sampled_from([0, 1, 5, 20]),
)


@given(cases)
@hypothesis_settings(deadline=None, max_examples=15)
def test_scores_are_distributions_and_every_decision_is_a_bounded_confidence(case):
    items, names, examples = case
    scores = score(items, names, examples)
    assert scores.probabilities.shape == (len(items.texts), len(names.texts))
    assert np.allclose(scores.probabilities.sum(axis=1), 1, atol=1e-4)
    assert ((scores.agreement >= 0) & (scores.agreement <= 1)).all()
    for decision in decide(scores, items.texts, load_calibration("classify", FEATURES)):
        assert 0 < decision.confidence < 1
        assert decision.label != decision.runner_up
        assert decision.escalate == (decision.reason is not None)
        assert (decision.label is None) == (decision.reason == NO_FIT)


@given(cases, st.randoms(use_true_random=False))
@hypothesis_settings(deadline=None, max_examples=15)
def test_the_order_of_the_labels_only_permutes_the_scores(case, random):
    items, names, examples = case
    order = list(range(len(names.texts)))
    random.shuffle(order)
    moved = Texts([names.texts[i] for i in order], names.vectors[order])
    if examples is not None:
        place = np.argsort(order)
        examples_moved = replace(examples, label=place[examples.label])
    else:
        examples_moved = None
    before, after = score(items, names, examples), score(items, moved, examples_moved)
    assert np.allclose(before.probabilities[:, order], after.probabilities, atol=2e-3)


@given(cases)
@hypothesis_settings(deadline=None, max_examples=15)
def test_of_several_labels_the_best_of_the_whole_text_is_first_and_none_comes_twice(case):
    items, names, examples = case
    whole = score(items, names, examples)
    rows = [[index, (index + 1) % len(items.texts)] for index in range(len(items.texts))]
    found = label_candidates(whole, whole, rows)
    for row, labels in enumerate(choose_labels(found, whole.mode, load_calibration("classify", FEATURES))):
        assert labels[0] == whole.probabilities[row].argmax()
        assert 1 <= len(labels) == len(set(labels)) <= MAX_LABELS_PER_ITEM


@given(cases)
@hypothesis_settings(deadline=None, max_examples=15)
def test_the_models_of_confidence_are_given_the_features_that_they_were_fitted_on(case):
    items, names, examples = case
    scores = score(items, names, examples)
    for kind in ("fits", "right"):
        assert tuple(features_of(scores, items.texts)) == FEATURES[f"{kind}_{scores.mode}"]
    assert tuple(label_candidates(scores, None, []).features) == FEATURES[f"also_{scores.mode}"]


def worded_case(words, labels, seed=0):
    """A call in which vectors say nothing and one word of the text says the label."""
    rng = np.random.default_rng(seed)
    texts = [f"{words[i % labels]} number {i} of the day" for i in range(12 * labels)]
    vectors = unit(rng.normal(size=(len(texts), 32)).astype(np.float32))
    column = np.arange(len(texts)) % labels
    names = unit(rng.normal(size=(labels, 32)).astype(np.float32))
    half = len(texts) // 2
    return (
        Texts(texts[half:], vectors[half:]),
        Texts([f"name {i}" for i in range(labels)], names),
        Examples(Texts(texts[:half], vectors[:half]), column[:half]),
        column[half:],
    )


def test_where_words_tell_the_labels_and_meaning_does_not_the_words_decide():
    items, names, examples, truth = worded_case(["apple", "stone", "river"], 3)
    scores = score(items, names, examples)
    assert (scores.probabilities.argmax(axis=1) == truth).all()
    assert scores.validation.right.mean() > 0.9


def test_weights_move_to_the_head_that_the_examples_prove_right():
    rng = np.random.default_rng(0)
    column = rng.integers(0, 3, 90)
    good = np.log(np.where(np.eye(3)[column] > 0, 0.9, 0.05)).astype(np.float32)
    noise = {
        name: np.log(rng.dirichlet(np.ones(3), 90)).astype(np.float32)
        for name in USUAL_WEIGHTS
        if name != "words"
    }
    weights = fit_weights({"words": good, **noise}, column)
    assert weights["words"] > 2 * USUAL_WEIGHTS["words"]
    assert all(weights[name] < USUAL_WEIGHTS[name] for name in ("regression", "both"))
    assert all(weight >= 0 for weight in weights.values())


def test_examples_that_say_nothing_about_their_labels_make_nothing_sure():
    rng = np.random.default_rng(1)
    vectors = unit(rng.normal(size=(80, 32)).astype(np.float32))
    texts = [f"text {rng.integers(1_000_000)}" for _ in range(80)]
    names = Texts(["a", "b"], unit(rng.normal(size=(2, 32)).astype(np.float32)))
    known = Examples(Texts(texts[:40], vectors[:40]), np.arange(40) % 2)
    items = Texts(texts[40:], vectors[40:])
    decisions = decide(score(items, names, known), items.texts, load_calibration("classify", FEATURES))
    assert all(decision.escalate for decision in decisions)


def test_common_labels_are_known_only_if_all_of_a_call_are_of_one_kind():
    assert set(texts_of_common_labels(["feat", "fix", "docs"])) == {0, 1, 2}
    assert set(texts_of_common_labels(["positive", "negative"])) == {0, 1}
    assert texts_of_common_labels(["feat", "fix", "kitchen"]) == {}
    assert texts_of_common_labels(["feat", "negative"]) == {}


def test_languages_that_differ_by_a_sign_are_labels_of_their_own():
    labels = parse_labels(["C", "C++", "C#", "F#"])
    assert len({label.text for label in labels.labels}) == 4
    assert set(labels.names) == {"C", "C++", "C#", "F#"}


@given(cases)
@hypothesis_settings(deadline=None, max_examples=15)
def test_a_distribution_has_every_label_and_the_best_one_has_the_confidence(case):
    items, names, examples = case
    scores = score(items, names, examples)
    decisions = decide(scores, items.texts, load_calibration("classify", FEATURES))
    for one in add_distributions(decisions, scores):
        assert len(one.distribution) == len(names.texts)
        assert all(0 <= share <= 1 for share in one.distribution)
        assert sum(one.distribution) <= 1 + 1e-6
        if one.label is not None:
            assert one.distribution[one.label] == pytest.approx(one.confidence)


def test_an_item_far_from_every_label_is_none_of_these():
    rng = np.random.default_rng(0)
    directions = unit(rng.normal(size=(5, 64)).astype(np.float32))
    near = unit(np.repeat(directions[:4], 6, axis=0) + 0.02 * rng.normal(size=(24, 64)).astype(np.float32))
    known = Examples(Texts([f"known {i}" for i in range(24)], near), np.repeat(np.arange(4), 6))
    items = Texts(["it is like the first", "it is like nothing"], np.stack([directions[0], -directions[0]]))
    names = Texts(["a", "b", "c", "d"], directions[:4])
    fits, alien = decide(score(items, names, known), items.texts, load_calibration("classify", FEATURES))
    assert fits.label == 0
    assert not fits.escalate
    assert (alien.label, alien.reason) == (None, NO_FIT)


# Refusals: none of them starts an engine


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"items": ["x"], "labels": []}, "no labels"),
        ({"items": ["x"], "labels": ["bug"]}, "only one label"),
        ({"items": ["x"], "labels": ["bug", "Bug"]}, "more than once"),
        ({"items": ["x"], "labels": ["bug", " "]}, "labels is empty"),
        ({"items": ["x"], "labels": [f"label {i}" for i in range(MAX_LABELS + 1)]}, "too many"),
        ({"items": [], "labels": LABELS}, "nothing to classify"),
        ({"items": ["", "  "], "labels": LABELS}, "items are empty"),
        ({"items": ["x"] * 10_001, "labels": LABELS}, "10000 items"),
        ({"items": ["x"], "paths": ["y"], "labels": LABELS}, "Both items and paths"),
        ({"items": ["x"], "labels": LABELS, "question": "is it a crash?"}, "takes the place of labels"),
        ({"items": ["x"], "labels": LABELS, "lines": True}, "lines needs paths"),
        (
            {"items": ["x"], "question": "ok?", "examples": [{"text": "t", "label": "maybe"}]},
            "not one of the labels",
        ),
        (
            {"items": ["x"], "labels": LABELS, "examples": [{"text": "t", "label": "crahs"}]},
            "did you mean 'crash'",
        ),
        ({"items": ["x"], "labels": LABELS, "examples": [{"text": " ", "label": "crash"}]}, "no text"),
    ],
)
async def test_a_call_that_makes_no_sense_is_one_sentence_with_a_remedy(refused, arguments, message):
    assert message in await refused(**arguments)


# The whole tool, on the real encoder


@pytest.mark.anyio
async def test_messages_get_the_labels_that_a_person_would_give(classify):
    answer = await classify(items=list(MESSAGES), labels=LABELS, examples=EXAMPLES)
    assert [item.label for item in answer.results] == list(MESSAGES.values())
    assert all(item.runner_up in LABELS and item.runner_up != item.label for item in answer.results)
    assert answer.model == "all-minilm-l6-v2+classify"
    assert answer.confidence == pytest.approx(np.mean([item.confidence for item in answer.results]), abs=1e-3)


@pytest.mark.anyio
async def test_label_names_alone_are_enough_for_clear_messages(classify):
    answer = await classify(items=list(MESSAGES), labels=LABELS)
    wrong = [
        item for item, label in zip(answer.results, MESSAGES.values(), strict=True) if item.label != label
    ]
    assert len(wrong) <= 1
    assert all(item.escalate for item in wrong)


@pytest.mark.anyio
async def test_the_order_of_items_labels_and_examples_and_repeated_items_change_nothing(classify):
    items = list(MESSAGES)
    first = await classify(items=items, labels=LABELS, examples=EXAMPLES)
    second = await classify(
        items=[*items[::-1], items[0]], labels=LABELS[::-1], examples=[*EXAMPLES[::-1], EXAMPLES[0]]
    )
    assert second.results[: len(items)] == first.results[::-1]
    assert second.results[-1] == first.results[0]


@pytest.mark.anyio
async def test_a_text_of_two_labels_gets_both_where_several_are_asked_for(classify):
    both = "The app crashes when I press save, and please add a dark theme."
    one = "Segmentation fault on startup"
    items = [both, one, *MESSAGES]
    answer = await classify(items=items, labels=LABELS, examples=EXAMPLES, multiple=True)
    assert set(answer.results[0].labels) == {"crash", "feature request"}
    assert answer.results[1].labels == ["crash"]
    assert all(item.labels[0] == item.label for item in answer.results if item.labels)
    plain = await classify(items=items, labels=LABELS, examples=EXAMPLES)
    assert all(item.labels is None for item in plain.results)


class Watched:
    """The real engine, and what it was asked to embed, with which adapter."""

    def __init__(self, engine):
        self._engine = engine
        self.asked = set()
        self.adapters = set()

    def __getattr__(self, name):
        return getattr(self._engine, name)

    async def embed(self, texts, options):
        self.asked |= set(texts)
        self.adapters.add(options.adapter)
        return await self._engine.embed(texts, options)

    async def close(self):
        pass


class Unproven(Watched):
    """As a server whose vectors are not those of an encoder here."""

    async def proven_encoder(self, adapter=None):
        return None


@pytest.mark.anyio
async def test_labels_and_examples_are_embedded_once_and_items_in_each_call(settings, engine):
    watched = Watched(engine)
    service = Service(settings, watched)
    first = {"items": ["it crashed again"], "labels": LABELS, "examples": EXAMPLES}
    one = await service.call(ToolRequest("classify", first))
    known = {*LABELS, *(example["text"] for example in EXAMPLES)}
    assert watched.asked == known | {"it crashed again"}
    watched.asked.clear()
    second = first | {"items": ["it crashed again", "add a map"]}
    two = await service.call(ToolRequest("classify", second))
    await service.close()
    assert watched.asked == {"it crashed again", "add a map"}
    assert two.results[0].label == one.results[0].label == "crash"


@pytest.mark.anyio
async def test_vectors_of_an_older_adapter_are_not_used_again(settings, engine, monkeypatch):
    watched = Watched(engine)
    service = Service(settings, watched)
    labels = ["engine room", "harbour"]
    await service.call(ToolRequest("classify", {"items": ["it crashed"], "labels": labels}))
    watched.asked.clear()
    entry = vectors.adapter_entry("classify", settings)
    monkeypatch.setattr(vectors, "adapter_entry", lambda *_: entry | {"sha256": "0" * 64})
    await service.call(ToolRequest("classify", {"items": ["it hangs"], "labels": labels}))
    await service.close()
    assert watched.asked == {"it hangs", *labels}


@pytest.mark.anyio
async def test_a_remote_engine_embeds_with_its_bare_model_and_the_answer_says_so(settings, engine):
    watched = Unproven(engine)
    remote = settings.model_copy(update={"engine_urls": ("http://127.0.0.1:9",)})
    service = Service(remote, watched)
    answer = await service.call(ToolRequest("classify", {"items": ["it crashed"], "labels": LABELS}))
    await service.close()
    assert watched.adapters == {None}
    assert answer.model == "all-minilm-l6-v2"
    assert "(over HTTP) is not the one that confidences were measured with" in answer.reason


@pytest.mark.anyio
@pytest.mark.parametrize("multiple", [False, True])
async def test_with_another_encoder_there_is_no_confidence_and_the_answer_says_why(
    settings, engine, tmp_path, multiple
):
    other = settings.model_copy(update={"embed_model": "bge-small", "output_dir": tmp_path})
    service = Service(other, Watched(engine))
    arguments = {"items": [*MESSAGES, " "], "labels": LABELS, "multiple": multiple}
    request = ToolRequest("classify", {**arguments, "export_path": "all.jsonl"})
    answer = (await service.call(request)).structured()
    await service.close()
    assert "confidence" not in answer and answer["escalate"]
    assert answer["reason"] == (
        "The configured encoder bge-small is not the one that confidences were measured with "
        "(all-minilm-l6-v2): judge the answer yourself."
    )
    assert answer["results"][0]["label"] == "crash"
    reasons = {item["reason"] for item in answer["results"]}
    assert reasons == {UNMEASURED, "no text"}
    assert all(item["escalate"] and "confidence" not in item for item in answer["results"])
    assert '"confidence"' not in (tmp_path / "all.jsonl").read_text(encoding="utf-8")


@pytest.mark.anyio
async def test_what_fits_no_label_gets_the_callers_own_name_for_it(classify):
    answer = await classify(
        items=["when does the next train to the coast leave", "the editor crashed again"],
        labels=[*LABELS, "other"],
    )
    train, crash = answer.results
    assert (train.label, train.escalate, train.reason) == ("other", True, NO_FIT)
    assert crash.label == "crash"


@pytest.mark.anyio
@pytest.mark.parametrize("examples", [[], EXAMPLES], ids=["names", "examples"])
async def test_an_item_from_another_world_is_never_relied_on(classify, examples):
    alien = ["The recipe needs two eggs and a pinch of salt", "My cat is ill", "Spain won in extra time"]
    answer = await classify(items=[*alien, *MESSAGES], labels=LABELS, examples=examples)
    assert [item.escalate for item in answer.results[:3]] == [True] * 3


@pytest.mark.anyio
async def test_items_that_say_nothing_are_never_sure(classify):
    answer = await classify(items=["", "hm", "ok?", "the app crashes on save"], labels=LABELS)
    assert [item.escalate for item in answer.results[:3]] == [True] * 3
    assert answer.results[0].reason == "no text"
    assert answer.results[1].reason in (LITTLE_TEXT, NO_FIT)


@pytest.mark.anyio
async def test_files_are_classified_by_their_content_and_none_of_it_comes_back(classify, tmp_path):
    (tmp_path / "a.txt").write_text("Segmentation fault (core dumped)\nThe program crashed on startup.\n" * 3)
    (tmp_path / "b.txt").write_text(
        "# How to use it\nThis guide explains the options of the command.\n" * 900
    )
    (tmp_path / "c.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "d.txt").write_text("\n \n")
    paths = ["a.txt", "b.txt", "c.bin", "d.txt"]
    answer = await classify(paths=paths, labels=["crash report", "user documentation", "invoice"])
    crash, guide, binary, empty = answer.results
    assert [item.path for item in answer.results] == paths
    assert (crash.label, guide.label) == ("crash report", "user documentation")
    assert binary.escalate
    assert empty.reason == "no text in the file"
    assert "Segmentation" not in answer.model_dump_json()


@pytest.mark.anyio
async def test_an_empty_file_is_escalated_and_a_model_is_not_named_for_it(classify, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    answer = await classify(paths=["empty.txt"], labels=LABELS)
    (only,) = answer.results
    assert (only.label, only.escalate, only.reason) == (NONE_OF_THESE, True, "no text in the file")
    assert answer.escalate
    assert answer.model is None


@pytest.mark.anyio
async def test_instructions_colour_the_labels_and_overturn_no_clear_answer(classify):
    call = {"items": list(MESSAGES), "labels": LABELS, "examples": EXAMPLES}
    plain, told = await classify(**call), await classify(**call, instructions="messages about an editor")
    assert [item.label for item in told.results] == [item.label for item in plain.results]
    assert told.results != plain.results


@pytest.mark.anyio
async def test_if_no_file_can_be_read_the_call_fails_with_the_files_error(classify):
    with pytest.raises(FileError, match=r"nowhere\.txt"):
        await classify(paths=["nowhere.txt"], labels=LABELS)


@pytest.mark.anyio
async def test_a_long_item_is_judged_by_its_start_and_the_answer_says_so(classify):
    answer = await classify(items=["The app crashes when I press save. " * 400, "short crash"], labels=LABELS)
    assert answer.results[0].label == "crash"
    assert answer.dropped == {"texts_cut": 1}


@pytest.mark.anyio
async def test_many_items_are_counted_by_label_and_those_cut_from_the_answer_are_said(classify):
    items = [f"{text} ({number})" for number in range(120) for text in MESSAGES]
    answer = await classify(items=items, labels=LABELS, examples=EXAMPLES)
    assert sum(answer.counts.values()) == len(items)
    assert len(answer.results) + answer.dropped["results"] == len(items)
    assert "export_path" in answer.note


@pytest.mark.anyio
async def test_an_export_holds_every_item_though_the_answer_does_not(classify):
    items = [f"{text} ({number})" for number in range(80) for text in MESSAGES]
    answer = await classify(items=items, labels=LABELS, examples=EXAMPLES, export_path="sorted.jsonl")
    rows = [json.loads(line) for line in Path(answer.export.path).read_text("utf-8").splitlines()]
    assert [row["item"] for row in rows] == items
    assert answer.export.lines == len(items) > len(answer.results)
    for row, item in zip(rows, answer.results, strict=False):
        assert (row["label"], row["confidence"], row["escalate"]) == (
            item.label,
            item.confidence,
            item.escalate,
        )


@pytest.mark.anyio
async def test_an_export_of_files_holds_none_of_their_text(classify, tmp_path):
    (tmp_path / "a.txt").write_text("The program crashed on startup.")
    answer = await classify(paths=["a.txt"], labels=LABELS, export_path="files.jsonl")
    written = Path(answer.export.path).read_text("utf-8")
    assert json.loads(written)["path"] == "a.txt"
    assert "startup" not in written


@pytest.mark.anyio
async def test_an_export_outside_the_output_folder_is_refused_before_any_work(classify):
    with pytest.raises(NotAllowed):
        await classify(items=["x"], labels=LABELS, export_path="../out.jsonl")


@pytest.mark.anyio
async def test_when_the_time_is_over_the_answer_is_the_unbroken_start_and_says_so(
    settings, engine, monkeypatch
):
    monkeypatch.setattr(vectors, "TEXTS_PER_STEP", 2)
    service = Service(settings, engine)
    # Less than a second is left from the start: one step is done, the next is not begun.
    items = ["the app crashes", "please add a theme", "typo in the docs", "the app crashes"]
    await service.call(ToolRequest("classify", {"items": ["warm up"], "labels": LABELS}))
    request = ToolRequest("classify", {"items": items, "labels": LABELS}, deadline_s=0.99)
    answer = await service.call(request)
    await service.close()
    assert len(answer.results) == 2
    assert answer.dropped == {"items_not_reached": 2}
    assert "number 3" in answer.note


# A question in place of labels


@pytest.mark.anyio
async def test_a_question_ranks_the_items_and_says_that_nearness_is_no_answer(classify):
    answer = await classify(items=list(MESSAGES), question="Is it about a crash?")
    likely = {text: item.probability for text, item in zip(MESSAGES, answer.results, strict=True)}
    assert max(likely, key=likely.get) in {text for text, label in MESSAGES.items() if label == "crash"}
    assert {item.label for item in answer.results} <= {"yes", "no"}
    assert all(item.escalate and NEARNESS_ALONE in item.reason for item in answer.results)


@pytest.mark.anyio
async def test_examples_of_yes_and_no_answer_the_question(classify):
    examples = [
        {"text": example["text"], "label": "yes" if example["label"] == "crash" else "no"}
        for example in EXAMPLES
    ]
    answer = await classify(
        items=list(MESSAGES), question="Does the program end by itself?", examples=examples
    )
    found = {text: item.probability for text, item in zip(MESSAGES, answer.results, strict=True)}
    crashes = {text for text, label in MESSAGES.items() if label == "crash"}
    assert min(found[text] for text in crashes) > max(found[text] for text in found.keys() - crashes)
    assert all(item.reason != NEARNESS_ALONE for item in answer.results)


@pytest.mark.anyio
async def test_a_question_about_lines_gives_the_likeliest_with_numbers_and_text(classify, tmp_path):
    lines = [f"{number} boxes of pears were counted in the cellar" for number in range(80)]
    lines[41] = "the database refused the connection: password expired"
    (tmp_path / "notes.txt").write_text("\n".join([*lines, "", " "]), encoding="utf-8")
    answer = await classify(
        paths=[str(tmp_path / "notes.txt")], lines=True, question="Is there a problem with the database?"
    )
    first = answer.results[0]
    assert (first.line, first.text) == (42, lines[41])
    assert len(answer.results) + answer.dropped["less_likely_lines"] == 80
    likely = [item.probability for item in answer.results]
    assert likely == sorted(likely, reverse=True)


@pytest.mark.anyio
async def test_lines_of_a_file_get_labels_in_their_order(classify, tmp_path):
    (tmp_path / "log.txt").write_text("it crashed\n\ntypo in the manual\n", encoding="utf-8")
    answer = await classify(paths=[str(tmp_path / "log.txt")], lines=True, labels=LABELS, distribution=True)
    assert [item.line for item in answer.results] == [1, 3]
    assert all(item.text is None and set(item.probabilities) == set(LABELS) for item in answer.results)
